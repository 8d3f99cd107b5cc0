"""A request, drawn. The same skeleton in every state, so that people learn where to look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot.flow.request import Request
from bot.lifecycle import ENDED, State
from bot.slack.buttons import Buttons
from bot.slack.cards import asked, parts, progress, question, table
from bot.slack.cards.blocks import (
    FIELD,
    HEADER,
    Block,
    actions,
    context,
    fields,
    header,
    preformatted,
    section,
)
from bot.slack.cards.buttons import drawn
from bot.slack.cards.status import WORDS, consequence, word
from bot.slack.escape import account, plain, words

_MESSAGE = 12_000
"""Characters of all blocks as JSON. Slack refuses somewhere above 13,200 (measured, not documented)."""

_ROOMS = (1.0, 0.6, 0.35, 0.2, 0.1)

_UNREAD = "⚠️ *The plan is longer than a card.* Read all of it behind the button; it can be approved there."


@dataclass(frozen=True, slots=True)
class Card:
    """What chat.postMessage and chat.update get. `whole` is False when part of the plan is behind Details."""

    text: str
    blocks: list[Block]
    metadata: dict[str, Any]
    whole: bool


def card(request: Request, *, buttons: Buttons, command: str = "/assent") -> Card:
    """Five to nine blocks that Slack accepts whatever the record holds: longer texts are cut, aloud."""
    for room in _ROOMS:
        blocks, whole = _blocks(request, buttons, command, room)
        if len(json.dumps(blocks, ensure_ascii=False)) <= _MESSAGE:
            break
    payload = {"request_id": request.id, "state": request.state.value}
    metadata = {"event_type": "assent_request", "event_payload": payload}
    return Card(sentence(request), blocks, metadata, whole)


def sentence(request: Request) -> str:
    """For notifications and screen readers: the state, and what is asked of the reader."""
    about = f"{words(parts.headline(request), 200)}, asked by {account(request.asked_by)}"
    asks = f" “{words(request.question[1].question, 300)}”" if request.question else ""
    return f"{word(request)}: {about}.{asks} {consequence(request, 300)} ({words(request.id, 40)})"


def _blocks(request: Request, buttons: Buttons, command: str, scale: float) -> tuple[list[Block], bool]:
    def room(characters: int) -> int:
        return int(characters * scale)

    plan = parts.plan(request, room=room(2800), command=command)
    facts = parts.facts(request, room=min(room(400), FIELD // 6))
    blocks = [
        header(plain(parts.title(request), HEADER)),
        section("status", _status(request, room(1200))),
        fields("facts", facts),
        section(
            "plan",
            plan.text if plan.whole or request.state is not State.WAITING else f"{plan.text}\n{_UNREAD}",
        ),
    ]
    if happened := _happened(request, room(2400)):
        blocks.append(section("progress", happened))
    if request.state in ENDED and request.outcome and request.outcome.result:
        blocks.append(preformatted("result", table.written(request.outcome.result, room=room(2400))))
    blocks += question.question(request, buttons)
    blocks.append(actions("actions", *drawn(request, buttons, whole=plan.whole)))
    said = [parts.votes(request, room=room(1200))] if request.votes else []
    blocks.append(context("foot", *said, parts.footer(request)))
    return blocks, plan.whole


def _status(request: Request, room: int) -> str:
    lines = [f"{WORDS[request.state][0]} *{word(request)}.* {consequence(request, room // 2)}"]
    if request.state not in ENDED and asked.broken(request):
        lines.append(f"🚨 *The glass is broken.* {asked.overridden(request, room // 2)}")
    if request.state is State.WAITING and (added := asked.added(request)):
        lines.append(f"➕ {added}")
    if review := asked.reviewed(request, room // 2):
        lines.append(f"🔎 {review}")
    told = request.outcome.sentence if request.outcome else ""
    said = (*request.notes, *request.unsent, *((request.stopped,) if request.stopped else ()))
    notes = [words(note, 300) for note in said if note not in told]
    return "\n".join([*lines, parts.fitting(notes, room=room // 2)] if notes else lines)


def _happened(request: Request, room: int) -> str:
    """What was done and what was measured. Checks first when the card is a receipt."""
    done = parts.fitting(progress.lines(request), room=room // 2)
    met = parts.checks(request.outcome.checks, room=120) if request.outcome else []
    measured = f"*Definition of done*\n{parts.fitting(met, room=room // 2 - 30)}" if met else ""
    return "\n".join(each for each in (measured, f"*Steps*\n{done}" if done else "") if each)
