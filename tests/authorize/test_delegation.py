"""Seats of people who are away: one hop, one seat, one human, and nothing around an exclusion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assess.decision import Because, RequireApproval, Requirement, Seat
from bot.assess.roster import Roster
from bot.authorize.approval import Answer, Tally, Vote, tally
from bot.authorize.delegation import Seats, absent, in_words
from bot.authorize.directory import Directory
from bot.authorize.seating import eligible, sits_for
from bot.terms import Digest, Group, Principal

PEOPLE = ("alice", "bob", "carol", "dave", "erin")
ALICE, BOB, CAROL, DAVE, ERIN = (Principal(name) for name in PEOPLE)
RELEASE, THIS = Group("release"), Digest("sha256:" + "1" * 64)
AUGUST = datetime(2026, 8, 10, tzinfo=UTC)


def roster(**more: object) -> Roster:
    away = {"from": "2026-08-01T00:00", "to": "2026-08-15T00:00"}
    return Roster.model_validate(
        {
            "people": {name: {"email": f"{name}@acme.example"} for name in PEOPLE},
            "groups": {
                "release": {"members": ["carol", "dave"], "delegation": "allowed"},
                "owners": ["carol", "dave"],
                "finops": {"members": ["carol"]},
            },
            "out_of_office": {"carol": [{**away, "delegate": "bob"}]},
            **more,
        }
    )


def seats(kept: Roster, group: str = "release", now: datetime = AUGUST) -> frozenset[Principal]:
    directory = Directory(kept)
    return directory.seats(Group(group), directory.members(Group(group)) or (), now=now)


def test_the_delegate_may_answer_while_somebody_is_away() -> None:
    assert seats(roster()) == {CAROL, DAVE, BOB}
    assert seats(roster(), now=datetime(2026, 7, 31, 23, 59, tzinfo=UTC)) == {CAROL, DAVE}
    assert seats(roster(), now=datetime(2026, 8, 15, tzinfo=UTC)) == {CAROL, DAVE}


def test_only_a_group_that_allows_it_has_delegates() -> None:
    assert seats(roster(), "owners") == {CAROL, DAVE}
    assert seats(roster(), "finops") == {CAROL}


def test_an_absence_is_in_the_clock_of_its_zone() -> None:
    away = {"from": "2026-08-01T00:00", "to": "2026-08-15T00:00", "tz": "Europe/Berlin", "delegate": "bob"}
    kept = roster(out_of_office={"carol": [away]})
    assert BOB in seats(kept, now=datetime(2026, 7, 31, 22, tzinfo=UTC))
    assert BOB not in seats(kept, now=datetime(2026, 8, 14, 22, tzinfo=UTC))


def test_who_names_nobody_is_stood_for_by_their_usual_delegate() -> None:
    away = {"from": "2026-08-01T00:00", "to": "2026-08-15T00:00"}
    kept = roster(out_of_office={"carol": [away]}, delegates={"carol": "erin"})
    assert absent(kept, AUGUST) == {CAROL: ERIN}


def test_it_is_one_hop_a_delegate_who_is_away_sits_for_nobody() -> None:
    assert Seats.of({CAROL}, {CAROL: BOB, BOB: ERIN}) == {CAROL}
    assert Seats.of({CAROL}, {CAROL: BOB, BOB: CAROL}) == {CAROL}


def test_a_member_sits_for_themselves_alone() -> None:
    both = Seats.of({CAROL, BOB}, {CAROL: BOB})
    assert both == {CAROL, BOB}
    assert not both.sits_for


def require(*all_of: Seat, denials: int = 1, exclude: tuple[str, ...] = ("requester",)) -> RequireApproval:
    asked = Requirement.model_validate({"rule": "town/two", "all_of": all_of, "exclude": exclude})
    because = (Because(rule="town/two", why="Two people look."),)
    return RequireApproval(because=because, requirements=(asked,), denials=denials)


def votes(text: str) -> tuple[Vote, ...]:
    answers: dict[str, Answer] = {"+": "approve", "-": "deny", "~": "withdraw"}
    return tuple(
        Vote(
            principal=Principal(word[:-1]),
            slack_user="U0" + word[:-1].upper(),
            answer=answers[word[-1]],
            at=AUGUST,
            digest=THIS,
            stage="review",
        )
        for word in text.split()
    )


def count(
    text: str,
    members: Mapping[Group, frozenset[Principal]],
    *,
    seats: int = 1,
    requester: Principal = ALICE,
    denials: int = 1,
    exclude: tuple[str, ...] = ("requester",),
) -> Tally:
    decision = require(Seat(group=RELEASE, count=seats), denials=denials, exclude=exclude)
    return tally(decision, votes(text), digest=THIS, members=members, requester=requester)


AWAY = {RELEASE: Seats.of({CAROL, DAVE}, {CAROL: BOB})}


@pytest.mark.parametrize(
    ("text", "seats", "granted"),
    [
        ("bob+", 1, True),
        ("erin+", 1, False),
        ("bob+ dave+", 2, True),
        ("carol+ dave+", 2, True),
        ("bob+ carol+", 2, False),
        ("carol+ bob+", 2, False),
        ("bob+ carol+ carol~ dave+", 2, True),
        ("bob+ bob~", 1, False),
    ],
    ids=[
        "the delegate's yes",
        "somebody else's",
        "with another member",
        "who is away may answer themselves",
        "two people on one seat are one",
        "in either order",
        "their own answer taken back",
        "the delegate's taken back",
    ],
)
def test_a_seat_counts_once(text: str, seats: int, granted: bool) -> None:
    assert count(text, AWAY, seats=seats).granted is granted


def test_one_human_who_sits_for_two_counts_once() -> None:
    members = {RELEASE: Seats.of({CAROL, DAVE}, {CAROL: BOB, DAVE: BOB})}
    assert not count("bob+", members, seats=2).granted
    assert count("bob+ dave+", members, seats=2).granted


@pytest.mark.parametrize("exclude", [("requester",), ()], ids=["as usual", "where the requester may count"])
def test_the_requester_sits_for_nobody_and_nobody_for_them(exclude: tuple[str, ...]) -> None:
    assert not count("bob+", AWAY, requester=BOB, exclude=exclude).granted
    assert not count("bob+", AWAY, requester=CAROL, exclude=exclude).granted
    asked = require(Seat(group=RELEASE), exclude=exclude).requirements[0]
    assert BOB not in eligible(asked, AWAY, requester=BOB)
    assert BOB not in eligible(asked, AWAY, requester=CAROL)


def test_a_no_counts_whoever_gave_it_for_the_seat() -> None:
    assert count("bob-", AWAY).denied
    assert count("bob- carol-", AWAY, denials=2).denied
    assert not count("bob- carol+", AWAY, denials=2).denied


def test_it_is_said_for_whom() -> None:
    decision = require(Seat(group=RELEASE))
    assert sits_for(decision, AWAY, BOB, stage="review", requester=ALICE) == (CAROL,)
    assert sits_for(decision, AWAY, DAVE, stage="review", requester=ALICE) == ()
    own = require(Seat(group=RELEASE), Seat(person=BOB))
    assert sits_for(own, AWAY, BOB, stage="review", requester=ALICE) == ()
    assert in_words(BOB, (CAROL,)) == "bob, for carol"
    assert in_words(BOB, ()) == "bob"


def test_a_vote_is_written_as_before_where_nobody_sits_for_anybody() -> None:
    (plain,) = votes("bob+")
    assert "sits_for" not in plain.model_dump_json()
    told = plain.model_copy(update={"sits_for": (CAROL,)})
    assert Vote.model_validate_json(told.model_dump_json()) == told


people = st.sampled_from([ALICE, BOB, CAROL, DAVE, ERIN])


@given(
    st.frozensets(people, max_size=4),
    st.dictionaries(people, people).map(lambda away: {who: by for who, by in away.items() if who != by}),
    st.lists(st.tuples(people, st.sampled_from("+-~")), max_size=8),
    st.integers(min_value=1, max_value=4),
)
def test_delegation_never_lets_fewer_than_the_seats_of_the_group_decide(
    members: frozenset[Principal],
    away: dict[Principal, Principal],
    said: list[tuple[Principal, str]],
    seats: int,
) -> None:
    """Whoever counts sits on a member's seat, one each, and neither is the requester's."""
    text = " ".join(f"{who}{answer}" for who, answer in said)
    found = count(text, {RELEASE: Seats.of(members, away)}, seats=seats)
    assert ALICE not in found.counted
    assert len(found.counted) <= len(members - {ALICE})
    if found.granted:
        assert len(found.counted) == seats
        assert count(f"{text} erin-", {RELEASE: Seats.of(members | {ERIN}, away)}, seats=seats).denied


@given(
    st.frozensets(people, max_size=4),
    st.dictionaries(people, people).map(lambda away: {who: by for who, by in away.items() if who != by}),
    st.lists(st.tuples(people, st.sampled_from("+-~")), max_size=6),
    people,
    st.integers(min_value=1, max_value=3),
)
def test_one_more_no_never_helps(
    members: frozenset[Principal],
    away: dict[Principal, Principal],
    said: list[tuple[Principal, str]],
    no: Principal,
    seats: int,
) -> None:
    text = " ".join(f"{who}{answer}" for who, answer in said)
    kept = {RELEASE: Seats.of(members, away)}
    before, after = (count(each, kept, seats=seats, denials=2) for each in (text, f"{text} {no}-"))
    assert before.granted or not after.granted
