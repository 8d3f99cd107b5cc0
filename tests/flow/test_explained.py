"""What an explanation says of somebody's yes is what happens when they press Approve, whoever they are."""

from __future__ import annotations

import pytest

from bot.assess.decision import RequireApproval
from bot.authorize.click import ClickRefused
from bot.authorize.explanation import explain
from bot.authorize.reach import Reach
from bot.authorize.seating import groups_of
from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import Group, Principal
from tests.flow.test_objections import authored
from tests.flow.town import Town

PEOPLE = ("alice", "bob", "carol", "erin", "dave")
WHEN = 'why: Look., when: request.environment == "production"'
TWO = f"{{id: two, {WHEN}, require: {{all_of: [{{group: owners}}, {{group: release}}]}}}}"
LATE = f"{{id: late, {WHEN}, require: {{stage: late, after: review, all_of: [{{group: security}}]}}}}"
LEFT_OUT = "all_of: [{group: owners}], exclude: [requester, author], veto: [security]"
AUTHOR = f"{{id: who, {WHEN}, require: {{{LEFT_OUT}}}}}"
OWN = f"{{id: own, {WHEN}, require: {{any_of: [{{person: alice}}, {{group: security}}], exclude: []}}}}"


async def said(town: Town, request: Request, person: str) -> Reach | ClickRefused | None:
    assert request.assessment is not None
    asked = request.asked
    assert isinstance(asked, RequireApproval)
    members = {group: await town.directory.members(Group(group)) for group in groups_of(asked)}
    found = explain(
        request.assessment,
        town.artifacts.policies(),
        members=members,
        now=request.updated_at,
        votes=request.votes,
        steps=request.escalated,
        person=Principal(person),
    )
    return found.person


@pytest.mark.parametrize(
    ("gates", "first"),
    [((TWO,), ""), ((TWO,), "bob"), ((TWO, LATE), ""), ((AUTHOR,), ""), ((OWN, TWO), "alice")],
    ids=["two people", "after one of them", "a later stage", "without the author", "whoever asks too"],
)
async def test_it_says_what_a_click_then_does(town: Town, gates: tuple[str, ...], first: str) -> None:
    town.govern(*gates)
    authored(town, authors=["bob"])
    outcomes = set()
    for person in PEOPLE:
        request = await town.ask("touch hello to production")
        if first:
            assert (await town.click(request, "approve", by=f"U0{first.upper()}")).counted
        told = await said(town, await town.get(request), person)
        clicked = await town.click(request, "approve", by=f"U0{person.upper()}")
        after = await town.get(request)
        if isinstance(told, Reach):
            assert clicked.counted, (person, clicked)
            assert (told.grants, told.missing) == (after.state is State.APPROVED, after.missing)
        else:
            assert told is not None
            assert (clicked.counted, clicked.reason) == (False, told.reason), (person, clicked)
        outcomes.add(clicked.reason)
    assert len(outcomes) > 1, "somebody may and somebody may not"
