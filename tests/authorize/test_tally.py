"""What votes add up to: named cases, and what no set of votes may ever do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assess.decision import Because, RequireApproval, Requirement, Seat
from bot.authorize.approval import Answer, Tally, Vote, tally
from bot.authorize.seating import Members
from bot.terms import Digest, Group, Principal

THIS, OTHER = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
REQUESTER = Principal("alice")
GROUPS: Mapping[str, set[str]] = {
    "owners": {"bob", "erin", "alice"},
    "release": {"carol", "bob"},
    "sre": {"dave", "erin", "frank"},
}
MEMBERS: Members = {Group(g): frozenset(map(Principal, who)) for g, who in GROUPS.items()}


def group(name: str, count: int = 1) -> Seat:
    return Seat(group=Group(name), count=count)


def require(*requirements: Requirement, denials: int = 1, veto: tuple[Group, ...] = ()) -> RequireApproval:
    because = (Because(rule="town/two", why="Two people look."),)
    return RequireApproval(because=because, requirements=requirements, denials=denials, veto=veto)


def asks(*all_of: Seat, any_of: Sequence[Seat] = (), **more: object) -> Requirement:
    return Requirement.model_validate({"rule": "town/two", "all_of": all_of, "any_of": tuple(any_of), **more})


def votes(text: str) -> tuple[Vote, ...]:
    """`bob+ carol- bob~ dave+@second erin+!`: yes, no, withdrawn, for a stage, for another digest."""
    found = []
    for word in text.split():
        who, _, stage = word.partition("@")
        digest = OTHER if who.endswith("!") else THIS
        who = who.rstrip("!")
        answer: Answer = {"+": "approve", "-": "deny", "~": "withdraw"}[who[-1]]  # type: ignore[assignment]
        found.append(
            Vote(
                principal=Principal(who[:-1]),
                slack_user="U0" + who[:-1].upper(),
                answer=answer,
                at=datetime(2026, 1, 1, tzinfo=UTC),
                digest=digest,
                stage=stage or "review",
            )
        )
    return tuple(found)


def count(
    decision: RequireApproval,
    said: str | Sequence[Vote],
    members: Members = MEMBERS,
    requester: str = REQUESTER,
) -> Tally:
    given = votes(said) if isinstance(said, str) else said
    return tally(decision, given, digest=THIS, members=members, requester=Principal(requester))


def word(found: Tally) -> str:
    assert not (found.granted and found.denied)
    return "granted" if found.granted else "denied" if found.denied else "pending"


BOTH = require(asks(group("owners"), group("release")))
EITHER = require(asks(any_of=(group("owners"), group("sre", 2))))
TWO_SRE = require(asks(group("sre", 2)))
STAGED = require(asks(group("owners"), stage="first"), asks(group("release"), stage="second", after="first"))
TWO_GATES = require(asks(group("owners")), asks(group("release")))
SAME_MAY = require(asks(group("owners")), asks(group("release"), distinct=False))
NAMED = require(asks(Seat(person=Principal("carol")), group("owners")))
LOUD = require(asks(group("owners"), exclude=()))
MIXED = require(asks(group("owners"), exclude=()), asks(group("owners")))
CAREFUL = require(asks(group("owners"), group("release")), asks(group("owners"), stage="typed", typed=True))
TWO_NOES = require(asks(group("owners"), group("release")), denials=2)
THREE = require(
    asks(group("owners"), stage="first"),
    asks(group("owners"), stage="second", after="first", distinct=False),
    asks(group("owners"), stage="third", after="second", distinct=False),
)

TABLE: list[tuple[str, RequireApproval, str, str]] = [
    ("nobody answered", BOTH, "", "pending"),
    ("all_of needs every group", BOTH, "carol+", "pending"),
    ("all_of with two people", BOTH, "erin+ carol+", "granted"),
    ("who is in both groups sits once", BOTH, "bob+", "pending"),
    ("who sat first makes room for the other", BOTH, "bob+ carol+", "granted"),
    ("the same in the other order", BOTH, "carol+ bob+", "granted"),
    ("the requester does not count", BOTH, "alice+ carol+", "pending"),
    ("somebody who was not asked does not count", BOTH, "frank+ carol+", "pending"),
    ("any_of needs one of them", EITHER, "bob+", "granted"),
    ("any_of is not a half of one and a half of another", EITHER, "dave+", "pending"),
    ("any_of by its second choice", EITHER, "dave+ frank+", "granted"),
    ("a count means different people", TWO_SRE, "dave+ dave+", "pending"),
    ("a count is met", TWO_SRE, "dave+ erin+", "granted"),
    ("two gates are two people", TWO_GATES, "bob+", "pending"),
    ("two gates, two people", TWO_GATES, "bob+ carol+", "granted"),
    ("a gate may let the same person answer", SAME_MAY, "bob+", "granted"),
    ("but not somebody else for the first", SAME_MAY, "carol+", "pending"),
    ("a named person and a group", NAMED, "carol+ bob+", "granted"),
    ("a named person is not replaced", NAMED, "erin+ bob+", "pending"),
    ("the requester counts where a policy says so", LOUD, "alice+", "granted"),
    ("and only in that gate", MIXED, "alice+", "pending"),
    ("in the other gate sits somebody else", MIXED, "alice+ bob+", "granted"),
    ("the requester sits once", MIXED, "alice+ alice+", "pending"),
    ("stages in order", STAGED, "erin+@first carol+@second", "granted"),
    ("an early answer is not one for a later stage", STAGED, "bob+@first carol+@first", "pending"),
    ("one person does not carry two stages", STAGED, "bob+@first bob+@second", "pending"),
    ("the first stage must still be met", STAGED, "carol+@second", "pending"),
    ("where stages share people, each is answered", THREE, "bob+@first", "pending"),
    ("and every answer is remembered", THREE, "bob+@first bob+@second bob+@third", "granted"),
    ("also when one is missing", THREE, "bob+@first bob+@third", "pending"),
    ("taking it back takes all of it back", THREE, "bob+@first bob+@second bob+@third bob~", "pending"),
    ("a bare press is not the typing that a stage beside takes", CAREFUL, "bob+ erin+ carol+", "pending"),
    ("typing is", CAREFUL, "bob+ carol+ erin+@typed", "granted"),
    (
        "typed besides, by who is not needed for the other",
        CAREFUL,
        "bob+ erin+ carol+ erin+@typed",
        "granted",
    ),
    ("withdrawn", BOTH, "erin+ carol+ carol~", "pending"),
    ("withdrawn and given again", BOTH, "erin+ carol+ carol~ carol+", "granted"),
    ("a no is a no", BOTH, "carol-", "denied"),
    ("a no after enough yeses", BOTH, "erin+ carol+ bob-", "denied"),
    ("a no of somebody who was not asked", BOTH, "frank- erin+ carol+", "granted"),
    ("a no of the requester", BOTH, "alice- erin+ carol+", "granted"),
    ("who said no and then yes", BOTH, "bob- bob+ carol+", "granted"),
    ("who said yes and then no", BOTH, "bob+ carol+ bob-", "denied"),
    ("a no taken back", BOTH, "bob- bob~ erin+ carol+", "granted"),
    ("one no of two", TWO_NOES, "bob-", "pending"),
    ("the same no twice is one", TWO_NOES, "bob- bob-", "pending"),
    ("two noes of two", TWO_NOES, "bob- carol-", "denied"),
    ("an answer to something else", BOTH, "erin+! carol+", "pending"),
    ("a no to something else", BOTH, "bob-! erin+ carol+", "granted"),
    ("a withdrawal of something else", BOTH, "erin+ carol+ carol~!", "granted"),
    ("a gate that asks nobody is never met", require(asks()), "bob+", "pending"),
    ("nor beside one that is", require(asks(), asks(group("owners"))), "bob+", "pending"),
    ("no gate at all is never met", require(), "bob+", "pending"),
]


@pytest.mark.parametrize(
    ("decision", "said", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TABLE]
)
def test_tally(decision: RequireApproval, said: str, expected: str) -> None:
    assert word(count(decision, said)) == expected


def test_who_left_the_group_does_not_count_any_more() -> None:
    left = {**MEMBERS, Group("release"): frozenset({Principal("bob")})}
    assert word(count(BOTH, "erin+ carol+")) == "granted"
    assert word(count(BOTH, "erin+ carol+", left)) == "pending"
    assert count(BOTH, "erin+ carol+", left).missing == ("@release",)


def test_a_group_nobody_could_be_asked_about_is_empty() -> None:
    assert word(count(BOTH, "erin+ carol+", {})) == "pending"


def test_it_says_who_is_missing_now_and_who_later() -> None:
    found = count(STAGED, "")
    assert (found.stages, found.missing, found.later) == (("first",), ("@owners",), ("@release",))
    found = count(STAGED, "erin+@first")
    assert (found.stages, found.missing, found.later) == (("second",), ("@release",), ())
    assert found.counted == {"erin"}
    assert count(TWO_SRE, "").missing == ("2 × @sre",)
    assert count(EITHER, "").missing == ("@owners or 2 × @sre",)


# Properties, against somebody who tries every seating there is.

PEOPLE = ("alice", "bob", "carol", "dave")
seats = st.builds(group, st.sampled_from(("g1", "g2")), st.integers(1, 2)) | st.builds(
    lambda who: Seat(person=Principal(who)), st.sampled_from(PEOPLE)
)


@st.composite
def decisions(draw: st.DrawFn) -> RequireApproval:
    found: list[Requirement] = []
    for number in range(draw(st.integers(1, 2))):
        all_of = tuple(draw(st.lists(seats, max_size=2)))
        any_of = tuple(draw(st.lists(seats, min_size=0 if all_of else 1, max_size=2)))
        ordered = bool(found) and draw(st.booleans())
        found.append(
            Requirement(
                rule=f"town/{number}",
                stage="second" if ordered else "first",
                after="first" if ordered else None,
                all_of=all_of,
                any_of=any_of,
                distinct=draw(st.booleans()),
                exclude=draw(st.sampled_from((("requester",), ()))),
                barred=draw(st.sampled_from(((), (Principal("dave"),)))),
            )
        )
    veto = draw(st.sampled_from(((), (Group("g2"),))))
    return require(*found, denials=draw(st.integers(1, 2)), veto=veto)


memberships: st.SearchStrategy[Members] = st.fixed_dictionaries(
    {Group(name): st.frozensets(st.sampled_from([Principal(who) for who in PEOPLE])) for name in ("g1", "g2")}
)
ballots = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from("+++-~"), st.sampled_from(("first", "second"))),
    max_size=6,
).map(lambda rows: votes(" ".join(f"{who}{answer}@{stage}" for who, answer, stage in rows)))


@given(decisions(), memberships, ballots)
@settings(deadline=None)
def test_it_counts_as_somebody_who_tries_every_seating(
    decision: RequireApproval, members: Members, said: tuple[Vote, ...]
) -> None:
    found = count(decision, said, members)
    noes = naive_noes(decision, said, members)
    assert found.denied == (noes >= decision.denials or naive_veto(decision, said, members))
    assert found.granted == (not found.denied and naive_seating(decision, said, members))


@given(decisions(), memberships, ballots, st.sampled_from(PEOPLE))
@settings(max_examples=50, deadline=None)
def test_one_more_no_never_grants(
    decision: RequireApproval, members: Members, said: tuple[Vote, ...], who: str
) -> None:
    if not count(decision, said, members).granted:
        assert not count(decision, (*said, *votes(f"{who}-@first")), members).granted


@given(decisions(), memberships, ballots, st.sampled_from(PEOPLE))
@settings(max_examples=50, deadline=None)
def test_one_voter_less_never_grants_what_was_pending(
    decision: RequireApproval, members: Members, said: tuple[Vote, ...], who: str
) -> None:
    if word(count(decision, said, members)) == "pending":
        without = tuple(vote for vote in said if vote.principal != who)
        assert not count(decision, without, members).granted


@given(decisions(), memberships, ballots, st.sampled_from(PEOPLE), st.sampled_from(("g1", "g2")))
@settings(max_examples=50, deadline=None)
def test_one_membership_less_never_grants_what_was_pending(
    decision: RequireApproval, members: Members, said: tuple[Vote, ...], who: str, where: str
) -> None:
    if word(count(decision, said, members)) == "pending":
        left = {**members, Group(where): members[Group(where)] - {Principal(who)}}
        assert not count(decision, said, left).granted


@given(decisions(), memberships, ballots, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_in_which_different_people_answer_does_not_matter(
    decision: RequireApproval, members: Members, said: tuple[Vote, ...], random: object
) -> None:
    people = list(dict.fromkeys(vote.principal for vote in said))
    random.shuffle(people)  # type: ignore[attr-defined]
    shuffled = tuple(vote for who in people for vote in said if vote.principal == who)
    assert word(count(decision, shuffled, members)) == word(count(decision, said, members))


def naive_noes(decision: RequireApproval, said: Sequence[Vote], members: Members) -> int:
    last = {vote.principal: vote.answer for vote in said}
    return sum(
        answer == "deny"
        and any(may_sit(seat, r, who, members) for r in decision.requirements for seat in all_seats(r))
        for who, answer in last.items()
    )


def naive_veto(decision: RequireApproval, said: Sequence[Vote], members: Members) -> bool:
    last = {vote.principal: vote.answer for vote in said}
    return any(
        answer == "deny" and who != REQUESTER and any(who in members[group] for group in decision.veto)
        for who, answer in last.items()
    )


def naive_seating(decision: RequireApproval, said: Sequence[Vote], members: Members) -> bool:
    """Try every way to put people on chairs."""
    stages: dict[Principal, set[str]] = {}
    for vote in said:
        if vote.answer == "approve":
            stages.setdefault(vote.principal, set()).add(vote.stage)
        else:
            stages.pop(vote.principal, None)
    if not decision.requirements:
        return False
    return any(
        all(fits(chairs, stages, members)) and apart(chairs) for chairs in every_seating(decision, stages)
    )


Chairs = list[tuple[Requirement, Seat, Principal]]


def every_seating(decision: RequireApproval, stages: Mapping[Principal, set[str]]) -> Iterator[Chairs]:
    for choice in product(*[r.any_of or (None,) for r in decision.requirements]):
        empty = [
            (r, seat)
            for r, one in zip(decision.requirements, choice, strict=True)
            for seat in (*r.all_of, *((one,) if one else ()))
            for _ in range(seat.count)
        ]
        for people in product(stages, repeat=len(empty)):
            yield [(r, seat, who) for (r, seat), who in zip(empty, people, strict=True)]


def fits(chairs: Chairs, stages: Mapping[Principal, set[str]], members: Members) -> Iterator[bool]:
    for r, seat, who in chairs:
        yield may_sit(seat, r, who, members) and (r.after is None or r.stage in stages[who])


def apart(chairs: Chairs) -> bool:
    """Nobody sits twice, except once more in each requirement that says so."""
    sat: set[tuple[str, Principal]] = set()
    for r, _, who in chairs:
        place = ("" if r.distinct else r.rule, who)
        if place in sat:
            return False
        sat.add(place)
    return True


def may_sit(seat: Seat, requirement: Requirement, who: Principal, members: Members) -> bool:
    inside = who == seat.person if seat.group is None else who in members[seat.group]
    left_out = who in requirement.barred or ("requester" in requirement.exclude and who == REQUESTER)
    return inside and not left_out


def all_seats(requirement: Requirement) -> tuple[Seat, ...]:
    return (*requirement.all_of, *requirement.any_of)


def test_every_order_of_three_people_is_the_same() -> None:
    for order in permutations(("bob+", "carol+", "erin+")):
        assert word(count(BOTH, " ".join(order))) == "granted"
