"""What counts as stricter is so for every set of votes, and the stricter of two asks no less than either."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assess.decision import Allow, Because, Decision, Deny, Escalation, RequireApproval, Requirement, Seat
from bot.assess.strictness import Direction, direction, stricter_of
from bot.authorize.approval import Vote, tally
from bot.authorize.escalation import escalated
from bot.authorize.seating import Members, eligible
from bot.terms import Digest, Group, Principal

THIS, REQUESTER = Digest("sha256:" + "1" * 64), Principal("alice")
PEOPLE = tuple(map(Principal, ("alice", "bob", "carol", "dave")))
NO_LESS = (Direction.SAME, Direction.STRICTER)


def asks(*groups: str, **more: object) -> RequireApproval:
    seats = [{"group": group} for group in groups]
    made = Requirement.model_validate({"rule": "p/g", "all_of": seats, **more})
    return RequireApproval(because=(Because(rule="p/g", why="Why."),), requirements=(made,))


def changed(decision: RequireApproval, **fields: object) -> RequireApproval:
    return decision.model_copy(update=fields)


ALLOW, DENY, LATER_DENY = Allow(because=()), Deny(because=()), Deny(because=(Because(rule="p/n", why="No."),))
ONE, TWO, OTHER = asks("owners"), asks("owners", "release"), asks("release")

TABLE = {
    "denied before is denied": (DENY, ALLOW, DENY),
    "denied now is denied": (TWO, DENY, DENY),
    "denied both times is denied for the reason of now": (DENY, LATER_DENY, LATER_DENY),
    "allowed before and asked now is asked": (ALLOW, ONE, ONE),
    "asked before and allowed now is asked": (ONE, ALLOW, ONE),
    "fewer are asked now": (TWO, ONE, TWO),
    "more are asked now": (ONE, TWO, TWO),
    "a permission lasts no longer than either": (
        changed(ONE, grant_expires_after_s=9),
        TWO,
        changed(TWO, grant_expires_after_s=9, because=(*ONE.because,)),
    ),
    "allowed for less long than what is asked now": (
        Allow(because=(), grant_expires_after_s=5),
        ONE,
        changed(ONE, grant_expires_after_s=5),
    ),
}


@pytest.mark.parametrize(("then", "now", "kept"), TABLE.values(), ids=TABLE.keys())
def test_the_stricter_holds(then: Decision, now: Decision, kept: Decision) -> None:
    assert stricter_of(then, now) == kept


def both(then: RequireApproval, now: RequireApproval) -> RequireApproval:
    assert direction(then, now) is Direction.BOTH
    found = stricter_of(then, now)
    assert isinstance(found, RequireApproval)
    return found


def test_where_each_asks_for_somebody_else_both_are_asked() -> None:
    found = both(changed(ONE, denials=2, veto=(Group("a"),)), changed(OTHER, veto=(Group("b"),)))
    assert [one.all_of[0].group for one in found.requirements] == ["owners", "release"]
    assert (found.denials, found.veto) == (1, ("a", "b"))


def test_who_is_left_out_by_either_is_left_out_of_the_same_seat() -> None:
    [one] = both(asks("owners", barred=["bob"]), asks("owners", barred=["carol"], reason=True)).requirements
    assert (one.barred, one.reason) == (("bob", "carol"), True)


def test_two_seats_are_not_taken_for_one() -> None:
    two = changed(ONE, requirements=(*ONE.requirements, *asks("owners", exclude=()).requirements))
    found = both(changed(ONE, denials=1), changed(two, denials=2))
    assert len(found.requirements) == 2


def test_people_are_added_where_both_add_them_and_as_late_as_the_later() -> None:
    def adding(after_s: int, *groups: str) -> Escalation:
        return Escalation(after_s=after_s, add=tuple(map(Group, groups)), page=(Group("sre"),))

    first = changed(ONE, escalation=(adding(60, "leads", "heads"),), expires_after_s=500)
    second = changed(ONE, escalation=(adding(90, "leads"),), expires_after_s=600, denials=1, veto=("sre",))
    found = both(second, changed(first, denials=2))
    assert [(one.after_s, one.add, one.page) for one in found.escalation] == [
        (60, (), ("sre",)),
        (90, (), ("sre",)),
        (90, ("leads",), ()),
    ]


def test_a_stage_waits_for_all_that_either_lets_it_wait_for() -> None:
    late = Requirement(rule="p/end", stage="end", all_of=(Seat(group=Group("heads")),))
    middle = Requirement(rule="p/mid", stage="mid", after="review", all_of=(Seat(group=Group("sre")),))
    then = changed(
        ONE, requirements=(*ONE.requirements, middle, late.model_copy(update={"after": "mid"})), denials=2
    )
    now = changed(ONE, requirements=(*ONE.requirements, late.model_copy(update={"after": "review"})))
    found = both(then, now)
    assert [(one.stage, one.after) for one in found.requirements] == [
        ("review", None),
        ("mid", "review"),
        ("end", "mid"),
    ]


def test_stages_that_came_to_wait_for_each_other_are_denied_and_not_waited_for() -> None:
    first = Requirement(rule="p/a", stage="a", all_of=(Seat(group=Group("owners")),))
    second = Requirement(rule="p/b", stage="b", all_of=(Seat(group=Group("sre")),))
    then = changed(ONE, requirements=(first, second.model_copy(update={"after": "a"})))
    now = changed(ONE, requirements=(first.model_copy(update={"after": "b"}), second))
    found = stricter_of(then, now)
    assert isinstance(found, Deny)
    assert found.because[0].rule == "policies/order"
    assert "Ask for it again." in found.because[0].why


# Properties, over votes that are really counted.

groups = st.sampled_from([Group("g1"), Group("g2"), Group("g3")])
seats = st.builds(Seat, group=groups, count=st.integers(1, 2), also=st.lists(groups, max_size=1).map(tuple))
named = st.builds(Seat, person=st.sampled_from(PEOPLE))


@st.composite
def requirements(draw: st.DrawFn, number: int) -> Requirement:
    all_of = tuple(draw(st.lists(seats | named, max_size=2)))
    any_of = tuple(draw(st.lists(seats, min_size=0 if all_of else 1, max_size=2)))
    stage = draw(st.sampled_from(("first", "second")))
    return Requirement(
        rule=f"p/{number}",
        stage=stage,
        after="first" if stage == "second" and draw(st.booleans()) else None,
        all_of=all_of,
        any_of=any_of,
        distinct=draw(st.sampled_from((True, True, False))),
        exclude=draw(st.sampled_from((("requester",), (), ("requester", "author")))),
        barred=tuple(sorted(draw(st.sets(st.sampled_from(PEOPLE[1:]), max_size=1)))),
        reason=draw(st.booleans()),
    )


steps = st.builds(
    Escalation,
    after_s=st.sampled_from((10, 20)),
    add=st.lists(groups, min_size=1, max_size=1).map(tuple),
    stage=st.sampled_from((None, "first")),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[RequireApproval, RequireApproval]:
    """Two decisions that have much in common, as two judgements of one request do."""
    pool = [draw(requirements(number)) for number in range(3)]

    def one() -> RequireApproval:
        some = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True))
        return RequireApproval(
            because=(),
            requirements=tuple(
                one.model_copy(update={"barred": ()}) if draw(st.integers(0, 3)) == 0 else one for one in some
            ),
            denials=draw(st.integers(1, 2)),
            veto=tuple(draw(st.sets(groups, max_size=1))),
            burst=draw(st.sampled_from((None, 3, 5))),
            burst_within_s=draw(st.sampled_from((60, 600))),
            expires_after_s=draw(st.sampled_from((15, 30))),
            escalation=tuple(sorted(draw(st.lists(steps, max_size=2)), key=lambda one: one.after_s)),
        )

    return one(), one()


memberships: st.SearchStrategy[Members] = st.fixed_dictionaries(
    {Group(name): st.frozensets(st.sampled_from(PEOPLE), min_size=1) for name in ("g1", "g2", "g3")}
)
ballots = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(("first", "second")), st.integers(0, 5)), max_size=8
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def votes(rows: list[tuple[Principal, str, int]]) -> tuple[Vote, ...]:
    return tuple(
        Vote(
            principal=who,
            slack_user="U",
            answer="approve" if odds else "deny",
            at=NOW,
            digest=THIS,
            stage=stage,
        )
        for who, stage, odds in rows
    )


def granted(decision: RequireApproval, said: tuple[Vote, ...], members: Members, waited_s: int) -> bool:
    now = escalated(decision, sum(step.after_s <= waited_s for step in decision.escalation))
    return tally(now, said, digest=THIS, members=members, requester=REQUESTER).granted


def heard(decision: RequireApproval, said: tuple[Vote, ...], members: Members) -> tuple[Vote, ...]:
    """Without the noes of whom this decision asks nothing: others may be asked by the looser one."""
    asked = frozenset[Principal]().union(
        *(eligible(one, members, requester=REQUESTER) for one in decision.requirements)
    )
    return tuple(vote for vote in said if vote.answer == "approve" or vote.principal in asked)


@given(pairs(), memberships, ballots, st.sampled_from((0, 10, 20)))
@settings(max_examples=120, deadline=None)
def test_what_grants_the_stricter_grants_the_looser(
    pair: tuple[RequireApproval, RequireApproval],
    members: Members,
    rows: list[tuple[Principal, str, int]],
    waited_s: int,
) -> None:
    then, now = pair
    how = direction(then, now)
    for strict, loose, holds in ((now, then, how in NO_LESS), (then, now, how in (how.SAME, how.LOOSER))):
        said = heard(strict, votes(rows), members)
        if holds and granted(strict, said, members, waited_s):
            assert granted(loose, said, members, waited_s)


@given(pairs(), memberships, ballots, st.sampled_from((0, 10, 20)))
@settings(max_examples=120, deadline=None)
def test_the_stricter_of_two_asks_no_less_than_either(
    pair: tuple[RequireApproval, RequireApproval],
    members: Members,
    rows: list[tuple[Principal, str, int]],
    waited_s: int,
) -> None:
    found = stricter_of(*pair)
    assert isinstance(found, RequireApproval)
    for one in pair:
        assert direction(one, found) in NO_LESS
        assert found.expires_after_s <= one.expires_after_s
        assert found.grant_expires_after_s <= one.grant_expires_after_s
        said = heard(found, votes(rows), members)
        if granted(found, said, members, waited_s):
            assert granted(one, said, members, waited_s)


@given(pairs())
@settings(max_examples=40, deadline=None)
def test_looking_from_the_other_side_turns_it_around(pair: tuple[RequireApproval, RequireApproval]) -> None:
    then, now = pair
    there, back = direction(then, now), direction(now, then)
    assert {there, back} in ({there}, {Direction.STRICTER, Direction.LOOSER})
    assert direction(then, then) is Direction.SAME
