"""The floor of a skill: whatever policies say, no fewer people are asked than it asks for itself."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ask.manifest import Approval
from bot.assess.decision import Allow, Because, Decision, Deny, Relation, RequireApproval, Requirement, Seat
from bot.assess.floor import floored
from bot.assess.strictness import Direction, direction
from bot.terms import Group, Principal

WHY = (Because(rule="p/g", why="Because."),)
KNOWN = ("owners", "release", "security")


def require(*requirements: Requirement) -> RequireApproval:
    return RequireApproval(because=WHY, requirements=requirements)


def requirement(
    *labels: str, any_of: tuple[str, ...] = (), distinct: bool = True, own: bool = False
) -> Requirement:
    """`2 owners` is a seat for two of owners; `own` lets the requester answer."""

    def seat(label: str) -> Seat:
        count, _, group = label.rpartition(" ")
        return Seat(group=Group(group), count=int(count or 1))

    exclude: tuple[Relation, ...] = () if own else ("requester",)
    seats = {"all_of": tuple(map(seat, labels)), "any_of": tuple(map(seat, any_of))}
    return Requirement(rule="p/g", distinct=distinct, exclude=exclude, **seats)


def floor(people: int, *groups: str) -> Approval:
    return Approval(people=people, groups=tuple(map(Group, groups)))


def kept(decision: Decision, wanted: Approval | None) -> Decision:
    return floored(decision, wanted, skill="deploy", known=KNOWN)


@pytest.mark.parametrize(
    ("decision", "wanted", "added"),
    [
        pytest.param(Allow(because=WHY), floor(1, "owners"), ["@owners"], id="what policy allows is asked for"),
        pytest.param(Allow(because=WHY), floor(3, "owners"), ["3 × @owners"], id="the first group makes up the number"),
        pytest.param(Allow(because=WHY), floor(3, "owners", "security"), ["2 × @owners", "@security"], id="one of each group"),
        pytest.param(require(requirement("owners")), floor(2), ["@owners"], id="one more of the group that is asked"),
        pytest.param(require(requirement("owners")), floor(2, "security"), ["@security"], id="the group that is missing"),
        pytest.param(require(requirement("owners")), floor(1), [], id="enough people"),
        pytest.param(require(requirement("owners", "release")), floor(2), [], id="enough people of two groups"),
        pytest.param(require(requirement("2 owners")), floor(2, "owners"), [], id="enough of the group"),
        pytest.param(require(requirement("owners"), requirement("release")), floor(2), [], id="two stages are two people"),
        pytest.param(require(requirement("owners", any_of=("release", "security"))), floor(2), [], id="one of some counts as one"),
        pytest.param(require(requirement(any_of=("owners", "release"))), floor(1, "owners"), ["@owners"], id="maybe of the group is not of it"),
        pytest.param(require(requirement("owners", "release", distinct=False)), floor(2), ["2 × @owners"], id="people who may be one do not count"),
        pytest.param(require(requirement("2 owners", own=True)), floor(2), ["2 × @owners"], id="nor who asked"),
        pytest.param(require(requirement("owners")), None, [], id="no floor"),
    ],
)  # fmt: skip
def test_what_is_missing_is_asked_beside_what_policies_ask(
    decision: Allow | RequireApproval, wanted: Approval | None, added: list[str]
) -> None:
    found = kept(decision, wanted)
    if not added:
        assert found == decision
        return
    assert isinstance(found, RequireApproval)
    before = decision.requirements if isinstance(decision, RequireApproval) else ()
    *same, new = found.requirements
    assert tuple(same) == before
    assert [seat.label() for seat in new.seats] == added
    assert (new.rule, new.exclude, new.distinct) == ("skills/deploy", ("requester",), True)
    assert found.because[-1].rule == "skills/deploy"


@pytest.mark.parametrize(
    ("decision", "wanted", "why"),
    [
        (
            Allow(because=WHY),
            floor(2),
            "It asks for 2 people, and neither it nor a policy says of which group.",
        ),
        (
            require(Requirement(rule="p/g", all_of=(Seat(person=Principal("bob")),))),
            floor(2),
            "neither it nor a policy",
        ),
        (Allow(because=WHY), floor(1, "owner"), "It asks for @owner, whom people.yaml does not know."),
    ],
)
def test_a_floor_that_cannot_be_kept_denies(decision: Decision, wanted: Approval, why: str) -> None:
    found = kept(decision, wanted)
    assert isinstance(found, Deny)
    assert why in found.because[0].why


def test_a_deny_stays_what_it_is() -> None:
    assert kept(Deny(because=WHY), floor(3, "owners")) == Deny(because=WHY)


LABELS = st.sampled_from(["owners", "2 owners", "release", "security"])
DECISIONS = st.one_of(
    st.just(Allow(because=WHY)),
    st.builds(
        lambda labels, distinct, own: require(requirement(*labels, distinct=distinct, own=own)),
        st.lists(LABELS, min_size=1, max_size=3, unique=True),
        st.booleans(),
        st.booleans(),
    ),
)
FLOORS = st.builds(
    lambda people, groups: floor(people, *groups),
    st.integers(1, 4),
    st.lists(st.sampled_from(KNOWN), unique=True),
)


@given(DECISIONS, FLOORS)
def test_a_floor_never_asks_for_less_and_is_kept_once_it_is_there(
    decision: Decision, wanted: Approval
) -> None:
    found = kept(decision, wanted)
    assert direction(decision, found) in (Direction.SAME, Direction.STRICTER)
    assert kept(found, wanted) == found
