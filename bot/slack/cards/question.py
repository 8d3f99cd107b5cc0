"""The question of a run as its card shows it: whole, with one button a choice."""

from __future__ import annotations

from bot.flow.request import Request
from bot.slack.buttons import Buttons
from bot.slack.cards.blocks import BUTTON, Block, actions, button, section
from bot.slack.escape import account, cut, plain, visible, words

ANSWER = "answer"
"""The action of a choice's button; after a colon follow question and choice, which are signed with it."""
_ROOM, _WHOM = 2400, 400


def question(request: Request, buttons: Buttons) -> list[Block]:
    """Nothing while nobody is asked."""
    found = request.question
    if found is None:
        return []
    place, posed = found
    made = [
        _choice(f"{ANSWER}:{place}.{number}", choice, request, buttons, stops=choice in posed.stop_on)
        for number, choice in enumerate(posed.choices)
    ]
    whom = words(posed.label(), _WHOM)
    if "requester" in posed.exclude:
        whom += f", not {account(request.asked_by)}"
    # Lines of its own are the skill's: what was filled in has none. Only escaping can make it too long.
    text = cut(visible(posed.question).strip(), _ROOM).text
    return [section("question", f"*Question to {whom}*\n{text}"), actions("answers", *made)]


def _choice(action: str, choice: str, request: Request, buttons: Buttons, *, stops: bool) -> Block:
    value = buttons.value(action, request.id, request.card_revision)
    return button(plain(choice, BUTTON), action=action, value=value, style="danger" if stops else "")
