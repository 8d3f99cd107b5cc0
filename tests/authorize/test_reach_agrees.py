"""Who is said to be able to approve can, what they would complete is completed, and nobody is forgotten.

Random demands, people and answers, each of them given as a click would give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from bot.assess.decision import RequireApproval, Requirement, Seat
from bot.authorize.approval import Tally, Vote
from bot.authorize.asked import Asked
from bot.authorize.click import ClickRefused
from bot.authorize.reach import Reach, reach_of, reaches
from bot.authorize.seating import Members, eligible
from bot.terms import Digest, Group, Principal

DIGEST = Digest("sha256:" + "1" * 64)
PEOPLE = [Principal(name) for name in "abcdef"]
GROUPS = [Group(name) for name in ("g", "h", "k")]
REQUESTER = PEOPLE[0]


def seat(random: Random) -> Seat:
    if random.random() < 0.15:
        return Seat(person=random.choice(PEOPLE))
    return Seat(group=random.choice(GROUPS), count=random.choice((1, 1, 2)))


def demand(random: Random) -> RequireApproval:
    """One to three requirements, side by side or one after another."""
    found: list[Requirement] = []
    for number in range(random.choice((1, 2, 2, 3))):
        stage = f"s{number}" if random.random() < 0.7 else f"s{random.randrange(number + 1)}"
        before = [one.stage for one in found if one.stage < stage]
        fixed = [seat(random) for _ in range(random.choice((0, 1, 1, 2)))]
        choice = [seat(random) for _ in range(random.choice((0, 0, 2)))]
        found.append(
            Requirement(
                rule=f"p/g{number}",
                stage=stage,
                after=random.choice((None, *before)),
                all_of=tuple(fixed) if fixed or choice else (seat(random),),
                any_of=tuple(choice),
                distinct=random.random() < 0.85,
                exclude=random.choice((("requester",), (), ("requester", "author"))),
                barred=(random.choice(PEOPLE),) if random.random() < 0.2 else (),
                reason=random.random() < 0.2,
                typed=random.random() < 0.2,
            )
        )
    return RequireApproval(because=(), requirements=tuple(found), denials=random.choice((1, 2)))


def moments(random: Random, most: int = 8) -> Iterator[tuple[Asked, Tally]]:
    """The same request, one answer after another, until it is granted or nobody may answer."""
    decision = demand(random)
    members: Members = {one: frozenset(random.sample(PEOPLE, random.randrange(1, 5))) for one in GROUPS}
    votes: list[Vote] = []
    for _ in range(most):
        asked = Asked(decision, tuple(votes), DIGEST, members, REQUESTER)
        now = asked.tally()
        if now.granted or now.denied:
            return
        yield asked, now
        could = [(who, stage) for who in PEOPLE if isinstance(stage := asked.stage_of_yes(who), str)]
        if not could:
            return
        votes.append(yes(*random.choice(could)))


def yes(who: Principal, stage: str) -> Vote:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Vote(principal=who, slack_user="", answer="approve", at=at, digest=DIGEST, stage=stage)


def said(asked: Asked) -> dict[Principal, Reach]:
    votes: Sequence[Vote] = asked.votes
    found = reaches(
        asked.decision, votes, digest=DIGEST, members=asked.members, requester=asked.requester
    )  # fmt: skip
    return {one.principal: one for one in found}


@pytest.mark.parametrize("seed", range(4))
def test_whoever_is_said_to_be_able_can_and_what_is_said_to_follow_follows(seed: int) -> None:
    looked = 0
    for number in range(120):
        for asked, now in moments(Random(1000 * seed + number)):
            could = said(asked)
            for who in PEOPLE:
                judged = asked.stage_of_yes(who)
                if who in could:
                    looked += 1
                    assert judged == could[who].stage
                    after = asked.tally(yes(who, could[who].stage))
                    assert after.granted == could[who].grants
                    assert could[who].missing == (*after.missing, *after.later)
                elif isinstance(judged, str):
                    assert not now.nearer(asked.tally(yes(who, judged)))
    assert looked > 200


@pytest.mark.parametrize("seed", range(4))
def test_where_one_yes_would_be_enough_somebody_is_said_to_be_able(seed: int) -> None:
    for number in range(120):
        for asked, _ in moments(Random(5000 + 1000 * seed + number)):
            enough = [
                who
                for one in asked.decision.requirements
                for who in eligible(one, asked.members, requester=REQUESTER)
                if asked.tally(yes(who, one.stage)).granted
            ]
            assert not enough or said(asked), (asked, enough)


@pytest.mark.parametrize("seed", range(2))
def test_what_one_person_is_told_is_what_a_click_would_be_told(seed: int) -> None:
    for number in range(120):
        for asked, _ in moments(Random(9000 + 1000 * seed + number)):
            for who in PEOPLE:
                told = reach_of(
                    who, asked.decision, asked.votes, digest=DIGEST, members=asked.members,
                    requester=REQUESTER, facts={},
                )  # fmt: skip
                judged = asked.stage_of_yes(who)
                assert isinstance(told, ClickRefused) or told.stage == judged
                assert isinstance(judged, str) or isinstance(told, ClickRefused)
