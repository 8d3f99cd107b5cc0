"""The app's Home: what waits for me, what I asked for, what is running now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.authorize.approval import standing
from bot.authorize.people import Person, Standing
from bot.flow.request import Request, Review
from bot.lifecycle import State
from bot.slack.answers import listed
from bot.slack.cards.blocks import Block, actions, button, context, divider, plain_text, section

ASK = "ask"
LISTED = 10
_RUNNING = (State.APPROVED, State.RUNNING, State.ASKING, State.INTERRUPTED)


def home(person: Person, requests: Sequence[Request], *, command: str) -> dict[str, Any]:
    """`requests` are the open ones and the newest others, the newest first."""
    if person.standing is not Standing.MEMBER:
        return _view([section("who", "Assent works for full members of this workspace.")])
    mine = [each for each in requests if each.asked_by == person.slack_user]
    waiting = [each for each in requests if waits_for(each, person)]
    running = [each for each in requests if each.state in _RUNNING]
    return _view(
        [
            actions("new", button("Ask for a run", action=ASK, value=ASK, style="primary")),
            *_list("waiting", "Waiting for me", waiting, "Nothing waits for you."),
            *_list("mine", "My requests", mine, f"You have asked for nothing yet. Try `{command} help`."),
            *_list("running", "Running now", running, "Nothing is running."),
        ]
    )


def waits_for(request: Request, person: Person) -> bool:
    """Whether this person is among those who are asked, and has not answered. A hint: the click decides."""
    judged = request.assessment
    if request.review is not None:
        return request.review.closed_by is None and _may_review(request, request.review, person)
    if request.question is not None:
        _, asks = request.question
        mine = person.groups | person.sits_in
        return not ("requester" in asks.exclude and person.principal == request.requester) and any(
            seat.person == person.principal or mine.intersection(seat.groups) for seat in asks.who
        )
    if request.state is not State.WAITING or judged is None or request.asked is None:
        return False
    if person.principal in standing(request.votes, judged.digest):
        return False
    return any(
        seat.person == person.principal or (person.groups | person.sits_in).intersection(seat.groups)
        for one in request.asked.requirements
        if not ("requester" in one.exclude and person.principal == judged.requester)
        and person.principal not in one.barred
        for seat in one.seats
    )


def _may_review(request: Request, review: Review, person: Person) -> bool:
    said_yes = any(vote.principal == person.principal and vote.answer == "approve" for vote in request.votes)
    return bool(person.groups & {*review.by}) and person.principal != request.requester and not said_yes


def _list(name: str, title: str, requests: Sequence[Request], nothing: str) -> list[Block]:
    blocks = [divider(), section(f"{name} title", f"*{title}*")]
    if not requests:
        return [*blocks, context(f"{name} none", nothing)]
    blocks += [section(f"{name} {each.id}"[:255], listed(each)) for each in requests[:LISTED]]
    if len(requests) > LISTED:
        blocks.append(context(f"{name} more", f"and {len(requests) - LISTED} more"))
    return blocks


def _view(blocks: list[Block]) -> dict[str, Any]:
    return {"type": "home", "title": plain_text("Assent"), "blocks": blocks}
