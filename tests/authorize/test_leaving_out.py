"""Vetoes, noes that are counted, people who are left out and their delegates, people who are added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assess.decision import Escalation, RequireApproval, Requirement, Seat
from bot.assess.policy_table import least_people
from bot.authorize.approval import Answer, Tally, Vote, tally
from bot.authorize.delegation import Seats
from bot.authorize.escalation import escalated
from bot.authorize.seating import Members, eligible, groups_of, may_veto, sits_for
from bot.terms import Digest, Group, Principal

THIS, REQUESTER = Digest("sha256:" + "1" * 64), Principal("alice")
NOON = datetime(2026, 1, 1, tzinfo=UTC)
GROUPS = {"owners": "bob erin alice", "sre": "dave erin frank", "leads": "mia", "release": "carol bob"}
MEMBERS: Members = {Group(name): frozenset(map(Principal, who.split())) for name, who in GROUPS.items()}


def asks(*groups: str, also: Sequence[str] = (), **more: Any) -> Requirement:
    seats = [{"group": group, "also": list(also)} for group in groups]
    return Requirement.model_validate({"rule": "p/g", "all_of": seats, **more})


def decision(*requirements: Requirement, **more: Any) -> RequireApproval:
    return RequireApproval(because=(), requirements=requirements, **more)


def votes(text: str) -> tuple[Vote, ...]:
    """`bob+ carol- bob~ dave+@late`: yes, no, withdrawn, for a stage."""
    answers: dict[str, Answer] = {"+": "approve", "-": "deny", "~": "withdraw"}
    return tuple(
        Vote(
            principal=Principal(who[:-1]),
            slack_user="U",
            answer=answers[who[-1]],
            at=NOON,
            digest=THIS,
            stage=stage or "review",
        )
        for who, _, stage in (word.partition("@") for word in text.split())
    )


def word(found: Tally) -> str:
    assert not (found.granted and found.denied)
    return "granted" if found.granted else "denied" if found.denied else "pending"


def count(asked: RequireApproval, said: str, members: Members = MEMBERS) -> str:
    return word(tally(asked, votes(said), digest=THIS, members=members, requester=REQUESTER))


ONE = decision(asks("owners"))
TWO_NOES = decision(asks("owners"), denials=2)
VETO = decision(asks("owners"), denials=2, veto=("sre",))
BARRED = decision(asks("owners", barred=["bob"]))
LEFT_OUT_OF_ONE = decision(asks("owners", barred=["bob"]), asks("release"))
ADDED = decision(asks("owners", also=["leads"]))
NAMED = decision(Requirement(rule="p/g", all_of=(Seat(person=Principal("carol"), also=(Group("leads"),)),)))

TABLE = [
    ("one no of two waits", TWO_NOES, "bob-", "pending"),
    ("and may be outvoted", TWO_NOES, "bob- erin+", "granted"),
    ("two noes end it", TWO_NOES, "bob- erin-", "denied"),
    ("a no taken back is none", TWO_NOES, "bob- erin- bob~", "pending"),
    ("a no of whoever asked is none", TWO_NOES, "alice- bob-", "pending"),
    ("one veto ends it, however many noes it takes", VETO, "dave-", "denied"),
    ("a veto after enough yeses", VETO, "bob+ dave-", "denied"),
    ("a veto taken back", VETO, "bob+ dave- dave~", "granted"),
    ("who has a veto alone says yes in vain", VETO, "dave+", "pending"),
    ("who has a veto and a seat says yes for the seat", VETO, "erin+", "granted"),
    ("a no of somebody without a veto counts as one", VETO, "bob-", "pending"),
    ("who has neither seat nor veto ends nothing", VETO, "mia- carol-", "pending"),
    ("who is left out says yes in vain", BARRED, "bob+", "pending"),
    ("and no in vain", BARRED, "bob- erin+", "granted"),
    ("others are not left out", BARRED, "erin+", "granted"),
    ("who is left out of one seat may take another", LEFT_OUT_OF_ONE, "bob+ erin+", "granted"),
    ("but not the first", LEFT_OUT_OF_ONE, "bob+ carol+", "pending"),
    ("who is added may take the seat", ADDED, "mia+", "granted"),
    ("who was asked first still may", ADDED, "bob+", "granted"),
    ("who is added may say no as well", ADDED, "mia- bob+", "denied"),
    ("who is nobody may not", ADDED, "dave+", "pending"),
    ("a named person's seat may be taken by who is added", NAMED, "mia+", "granted"),
    ("and by the named person", NAMED, "carol+", "granted"),
]


@pytest.mark.parametrize(("asked", "said", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_it_adds_up_to(asked: RequireApproval, said: str, expected: str) -> None:
    assert count(asked, said) == expected


def test_whoever_asked_has_no_veto() -> None:
    own = decision(asks("owners"), denials=2, veto=("owners",))
    assert may_veto(own, MEMBERS, requester=REQUESTER) == {"bob", "erin"}
    assert count(own, "alice- bob+") == "granted"


def test_every_group_that_matters_is_asked_for() -> None:
    assert groups_of(decision(asks("owners", also=["leads"]), veto=("sre",))) == {"owners", "leads", "sre"}


AWAY: Members = {
    Group("release"): Seats.of(
        {Principal("carol"), Principal("dave")}, {Principal("carol"): Principal("bob")}
    )
}


class TestAway:
    """Carol is away and Bob sits for her."""

    def asked(self, **more: Any) -> RequireApproval:
        return decision(asks("release", **more))

    def test_the_delegate_may(self) -> None:
        assert count(self.asked(), "bob+", AWAY) == "granted"

    def test_the_delegate_of_whom_is_left_out_may_not(self) -> None:
        assert count(self.asked(barred=["carol"]), "bob+", AWAY) == "pending"
        assert count(self.asked(barred=["carol"]), "dave+", AWAY) == "granted"

    def test_a_delegate_who_is_left_out_may_not(self) -> None:
        assert count(self.asked(barred=["bob"]), "bob+", AWAY) == "pending"
        assert count(self.asked(barred=["bob"]), "carol+", AWAY) == "granted"

    def test_nor_where_carol_is_left_out_of_another_seat(self) -> None:
        """Who wrote it cannot have it looked at through somebody who sits for them, anywhere."""
        members = {**AWAY, Group("owners"): frozenset({Principal("erin")})}
        both = decision(asks("owners", barred=["carol"]), asks("release"))
        assert count(both, "erin+ bob+", members) == "pending"
        assert count(both, "erin+ dave+", members) == "granted"

    def test_nobody_has_a_veto_for_somebody_who_is_away(self) -> None:
        own = decision(asks("release"), denials=2, veto=("release",))
        assert may_veto(own, AWAY, requester=REQUESTER) == {"carol", "dave"}
        assert count(own, "bob-", AWAY) == "pending"
        assert count(own, "carol-", AWAY) == "denied"

    def test_who_is_added_with_a_delegate_sits_for_them(self) -> None:
        added = decision(asks("owners", also=["release"]))
        members = {**AWAY, Group("owners"): frozenset({Principal("erin")})}
        assert count(added, "bob+", members) == "granted"
        whom = sits_for(added, members, Principal("bob"), stage="review", requester=REQUESTER)
        assert whom == ("carol",)


class TestEscalated:
    STEPS = (
        Escalation(after_s=60, remind=True),
        Escalation(after_s=120, add=(Group("leads"),), stage="late"),
        Escalation(after_s=180, add=(Group("sre"),)),
    )
    ASKED = decision(asks("owners"), asks("release", stage="late", after="review"), escalation=STEPS)

    def also(self, steps: int) -> list[tuple[str, ...]]:
        return [seat.also for one in escalated(self.ASKED, steps).requirements for seat in one.seats]

    def test_a_reminder_adds_nobody(self) -> None:
        assert escalated(self.ASKED, 1) == self.ASKED

    def test_people_are_added_for_their_stage(self) -> None:
        assert self.also(2) == [(), ("leads",)]

    def test_or_for_every_one(self) -> None:
        assert self.also(3) == [("sre",), ("leads", "sre")]

    def test_a_group_is_not_added_to_its_own_seat(self) -> None:
        own = decision(asks("sre"), escalation=self.STEPS)
        assert [seat.also for seat in escalated(own, 3).requirements[0].seats] == [()]

    def test_more_steps_than_there_are_add_no_more(self) -> None:
        assert escalated(self.ASKED, 9) == escalated(self.ASKED, 3)


# Properties, against somebody who tries every seating there is.

PEOPLE = tuple(map(Principal, ("alice", "bob", "carol", "dave")))
names = st.sampled_from([Group("g1"), Group("g2")])
seats = st.builds(Seat, group=names, count=st.integers(1, 2), also=st.lists(names, max_size=1).map(tuple))
named = st.builds(Seat, person=st.sampled_from(PEOPLE), also=st.lists(names, max_size=1).map(tuple))


@st.composite
def decisions(draw: st.DrawFn) -> RequireApproval:
    found = [
        Requirement(
            rule=f"p/{number}",
            all_of=tuple(draw(st.lists(seats | named, min_size=1, max_size=2))),
            exclude=draw(st.sampled_from((("requester",), ("requester", "author"), ()))),
            barred=tuple(sorted(draw(st.sets(st.sampled_from(PEOPLE), max_size=2)))),
            distinct=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 2)))
    ]
    steps = st.builds(
        Escalation,
        after_s=st.just(60),
        add=st.lists(names, min_size=1, max_size=2, unique=True).map(tuple),
        stage=st.sampled_from((None, "review", "elsewhere")),
    )
    return decision(
        *found,
        denials=draw(st.integers(1, 3)),
        veto=tuple(draw(st.sets(names, max_size=1))),
        escalation=tuple(draw(st.lists(steps, max_size=2))),
    )


memberships: st.SearchStrategy[Members] = st.fixed_dictionaries(
    {Group(name): st.frozensets(st.sampled_from(PEOPLE)) for name in ("g1", "g2")}
)
ballots = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from("+++-~")), max_size=6).map(
    lambda rows: " ".join(f"{who}{answer}" for who, answer in rows)
)


@given(decisions(), memberships, ballots)
@settings(max_examples=100, deadline=None)
def test_it_counts_as_somebody_who_tries_every_seating(
    asked: RequireApproval, members: Members, said: str
) -> None:
    last = {vote.principal: vote.answer for vote in votes(said)}
    no = {who for who, answer in last.items() if answer == "deny"}
    ended = {who for who in no if any(may_sit(one, seat, who, members) for one, seat in all_seats(asked))}
    vetoed = any(who != REQUESTER and who in members[group] for who in no for group in asked.veto)
    denied = vetoed or len(ended) >= asked.denials
    yes = [who for who, answer in last.items() if answer == "approve"]
    assert count(asked, said, members) == (
        "denied" if denied else "granted" if any(seatings(asked, yes, members)) else "pending"
    )


@given(decisions(), memberships, ballots, st.sampled_from(PEOPLE))
@settings(max_examples=50, deadline=None)
def test_one_more_no_never_grants(
    asked: RequireApproval, members: Members, said: str, who: Principal
) -> None:
    if count(asked, said, members) != "granted":
        assert count(asked, f"{said} {who}-", members) != "granted"


@given(decisions(), memberships, ballots, st.sampled_from(PEOPLE), names)
@settings(max_examples=50, deadline=None)
def test_one_voter_or_member_less_never_grants_what_was_pending(
    asked: RequireApproval, members: Members, said: str, who: Principal, where: Group
) -> None:
    if count(asked, said, members) == "pending":
        without = " ".join(one for one in said.split() if not one.startswith(who))
        assert count(asked, without, members) != "granted"
        assert count(asked, said, {**members, where: members[where] - {who}}) != "granted"


@given(decisions(), memberships, ballots, st.sampled_from(PEOPLE))
@settings(max_examples=50, deadline=None)
def test_one_person_more_left_out_never_grants_what_was_pending(
    asked: RequireApproval, members: Members, said: str, who: Principal
) -> None:
    stricter = asked.model_copy(
        update={
            "requirements": tuple(
                one.model_copy(update={"barred": tuple({*one.barred, who})}) for one in asked.requirements
            )
        }
    )
    if count(asked, said, members) == "pending":
        assert count(stricter, said, members) != "granted"


@given(decisions(), memberships, st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_escalation_adds_people_and_never_asks_for_fewer(
    asked: RequireApproval, members: Members, steps: int
) -> None:
    after = escalated(asked, steps)
    assert least_people(after.requirements) == least_people(asked.requirements)
    assert (after.denials, after.veto) == (asked.denials, asked.veto)
    for one, wider in zip(asked.requirements, after.requirements, strict=True):
        assert [seat.count for seat in one.seats] == [seat.count for seat in wider.seats]
        assert (one.exclude, one.barred, one.distinct) == (wider.exclude, wider.barred, wider.distinct)
        might = eligible(one, members, requester=REQUESTER)
        assert might <= eligible(wider, members, requester=REQUESTER)
        assert not eligible(wider, members, requester=REQUESTER) & set(one.barred)


def all_seats(asked: RequireApproval) -> list[tuple[Requirement, Seat]]:
    return [(one, seat) for one in asked.requirements for seat in one.seats]


def may_sit(
    one: Requirement, seat: Seat, who: Principal, members: Mapping[Group, frozenset[Principal]]
) -> bool:
    left_out = who in one.barred or (who == REQUESTER and "requester" in one.exclude)
    return not left_out and (who == seat.person or any(who in members[group] for group in seat.groups))


def seatings(asked: RequireApproval, yes: Sequence[Principal], members: Members) -> Iterator[bool]:
    """Every way to put those who said yes on all chairs, and whether it is a right one."""
    chairs = [(one, seat) for one, seat in all_seats(asked) for _ in range(seat.count)]
    for people in product(yes, repeat=len(chairs)):
        places = [
            ("" if one.distinct else one.rule, who) for (one, _), who in zip(chairs, people, strict=True)
        ]
        yield len(set(places)) == len(places) and all(
            may_sit(one, seat, who, members) for (one, seat), who in zip(chairs, people, strict=True)
        )
