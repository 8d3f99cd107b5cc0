"""Everything that can happen to the lifecycle, in any order, with crashes at any moment."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.authorize.click import Action, Answered
from tests.model.auditor import HOUR
from tests.model.crashing import Death
from tests.model.ground import ASKS, BROKEN, MEMBERS
from tests.model.play import Bed, Play

MOST_REQUESTS = 3

PEOPLE = st.sampled_from(["bob", "carol", "dave", "erin", "erin", "carol", "alice", "gus"])
APPROVERS = st.permutations(["erin", "carol", "dave", "bob"])
ANSWERS = st.sampled_from(["approve", "approve", "approve", "approve", "deny", "withdraw"])
STEERING = st.sampled_from(["retry_step", "skip_step", "undo", "cancel"])
DEATHS = st.none() | st.builds(
    Death,
    st.sampled_from(["call", "call", "method", "effect"]),
    st.integers(1, 5) | st.integers(1, 30),
    st.sampled_from(["before", "after"]),
    st.sampled_from([False, False, True]),
)
CHOICES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1, 2, 2, 3, 3, 4, 8])), max_size=10).map(
    lambda runs: [who for who, turns in runs for _ in range(turns)]
)
"""Few changes of turn find more than many: somebody goes on for a while as if there were nobody else."""
SELDOM = st.sampled_from([False, False, False, False, False, True])
LATER_S = st.sampled_from([20.0, 20.0, 20.0, 25 * 60.0, 25 * 60.0, 2 * HOUR, 4 * HOUR + 60])
POLICIES = st.sampled_from(["two", "two", "one", "one", "three", "choice", "stubborn", "free", "no", BROKEN])
NUMBER = st.integers(0, MOST_REQUESTS - 1)

asked = precondition(lambda self: self.play.requests)


class Lifecycle(RuleBasedStateMachine):
    """People, workers, editors and the clock; after each of their doings the auditor reads the audit."""

    bed: ClassVar[Bed]
    to_the_end: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.play = Play(self.bed)

    def teardown(self) -> None:
        try:
            if self.to_the_end and sys.exc_info()[0] is None:  # else what went wrong is said already
                self.play.comes_to_an_end()
        finally:
            self.play.close()

    @initialize(policy=POLICIES)
    def the_first_request(self, policy: str) -> None:
        self.play.shelf.policy = "two" if policy in ("no", "free", BROKEN) else policy
        self.play.asks("alice", "production", "hello")

    @precondition(lambda self: len(self.play.requests) < MOST_REQUESTS)
    @rule(
        by=st.sampled_from(["alice", "alice", "bob"]),
        environment=st.sampled_from(["production", "production", "production", "staging"]),
        word=st.sampled_from(["hello", "hello", "other", ASKS]),
        death=DEATHS,
    )
    def somebody_asks(self, by: str, environment: str, word: str, death: Death | None) -> None:
        self.play.asks(by, environment, word, death)

    @asked
    @rule(number=NUMBER, person=PEOPLE, answer=ANSWERS, death=DEATHS, old=SELDOM, away=SELDOM)
    def somebody_answers(
        self, number: int, person: str, answer: Action, death: Death | None, old: bool, away: bool
    ) -> None:
        """Delivered again after a crash, it is the same press. Refused, it has changed nothing."""
        play = self.play
        press = play.pressing(person, answer, number=number, card=0 if old else None)
        play.directory.away = away
        if death is not None:
            play.does(press, death)
        before = play.kept()
        answered, _ = play.does(press)
        play.directory.away = False
        edited = play.case(number).skill != play.shelf.skill  # then whoever presses finds out that it is void
        if isinstance(answered, Answered) and not answered.counted and not edited:
            assert play.kept() == before, answered

    @asked
    @rule(number=NUMBER, people=APPROVERS, most=st.integers(2, 4))
    def those_who_are_asked_say_yes(self, number: int, people: list[str], most: int) -> None:
        self.those_who_say_yes(number, people[:most])

    @asked
    @rule(number=NUMBER, answer=ANSWERS, by=st.sampled_from(["alice", "bob"]))
    def whoever_asked_answers(self, number: int, answer: Action, by: str) -> None:
        self.play.answers(by, answer, number=number)

    @asked
    @rule(number=NUMBER, people=APPROVERS)
    def the_last_yes_comes_too_late(self, number: int, people: list[str]) -> None:
        """And before any worker has noticed that it is late."""
        *early, late = people
        for person in early[:1]:
            self.play.answers(person, "approve", number=number)
        self.play.later(4 * HOUR + 60)
        for person in (*early[1:], late):
            self.play.answers(person, "approve", number=number)

    @asked
    @rule(number=NUMBER, people=APPROVERS, what=st.sampled_from(["policy", "policy", "leaves", "late"]))
    def something_changes_between_the_last_yes_and_the_run(
        self, number: int, people: list[str], what: str
    ) -> None:
        self.those_who_say_yes(number, people)
        self.play.shift(self._meanwhile(what))
        self.play.does(self.play.looking(number))

    @asked
    @rule(number=NUMBER, people=APPROVERS, mind=st.sampled_from(["withdraw", "deny"]), choices=CHOICES)
    def somebody_changes_their_mind(
        self, number: int, people: list[str], mind: Action, choices: list[int]
    ) -> None:
        """While the next one says yes, whose yes would be the last that is needed."""
        play, (first, second, *_) = self.play, people
        play.answers(first, "approve", number=number)
        both = [play.pressing(first, mind, number=number), play.pressing(second, "approve", number=number)]
        play.at_once(both, choices)

    @asked
    @rule(number=NUMBER, death=DEATHS, away=SELDOM)
    def a_worker_looks(self, number: int, death: Death | None, away: bool) -> None:
        self.play.directory.away = away
        self.play.does(self.play.looking(number), death)
        self.play.directory.away = False

    @asked
    @rule(death=DEATHS)
    def a_worker_sweeps(self, death: Death | None) -> None:
        self.play.does(lambda process: process.sweep(), death)

    @asked
    @rule(number=NUMBER, person=PEOPLE, action=STEERING)
    def somebody_steers(self, number: int, person: str, action: Action) -> None:
        self.play.answers(person, action, number=number)

    @asked
    @rule(number=NUMBER, person=PEOPLE, choice=st.sampled_from([0, 0, 1]), death=DEATHS)
    def somebody_replies(self, number: int, person: str, choice: int, death: Death | None) -> None:
        """To what its run asks, if it does; refused, it has changed nothing."""
        play = self.play
        press = play.pressing(person, "answer", number=number, choice=choice)
        if death is not None:
            play.does(press, death)
        before = play.kept()
        answered, _ = play.does(press)
        if isinstance(answered, Answered) and not answered.counted:
            assert play.kept() == before, answered

    @asked
    @rule(number=NUMBER, people=APPROVERS, choice=st.sampled_from([0, 0, 1]))
    def it_runs_to_its_question_and_is_answered(self, number: int, people: list[str], choice: int) -> None:
        self.those_who_say_yes(number, people)
        self.play.does(self.play.looking(number))
        self.play.does(self.play.pressing("alice", "answer", number=number, choice=choice))
        self.play.does(self.play.looking(number))

    @rule(seconds=LATER_S)
    def time_passes(self, seconds: float) -> None:
        self.play.later(seconds)

    @rule(policy=POLICIES)
    def policies_are_edited(self, policy: str) -> None:
        self.play.shelf.policy = policy

    @rule(edited=SELDOM, moved=SELDOM, person=PEOPLE, group=st.sampled_from(sorted(MEMBERS)))
    def something_else_changes(self, edited: bool, moved: bool, person: str, group: str) -> None:
        """Somebody joins or leaves a group, and seldom the skill is edited or the target moves."""
        self.play.shelf.skill ^= edited
        self.play.world.revision += moved
        self.play.directory.groups[group] ^= {person}

    @asked
    @rule(
        number=NUMBER,
        people=st.lists(st.tuples(PEOPLE, ANSWERS), min_size=1, max_size=3),
        workers=st.integers(0, 2),
        sweeps=st.booleans(),
        choices=CHOICES,
        at=st.integers(0, 30),
        meanwhile=st.sampled_from(["nothing", "lease", "late", "policy", "leaves"]),
        death=DEATHS,
    )
    def all_at_once(
        self,
        number: int,
        people: list[tuple[str, Action]],
        workers: int,
        sweeps: bool,
        choices: list[int],
        at: int,
        meanwhile: str,
        death: Death | None,
    ) -> None:
        """Several processes take turns at every call to Redis, in an order of their own."""
        operations = [self.play.pressing(person, answer, number=number) for person, answer in people]
        operations += [self.play.looking(number)] * workers
        operations += [lambda process: process.sweep()] * sweeps
        self.play.at_once(operations, choices, at=at, meanwhile=self._meanwhile(meanwhile), death=death)

    @invariant()
    def everything_holds(self) -> None:
        self.play.holds()

    def those_who_say_yes(self, number: int, people: list[str]) -> None:
        for person in people:
            self.play.answers(person, "approve", number=number)

    def _meanwhile(self, what: str) -> Callable[[], Awaitable[None]]:
        async def happens() -> None:
            play = self.play
            match what:
                case "lease":
                    await play.pass_by(20.0)
                case "late":
                    await play.pass_by(4 * HOUR + 60)
                case "policy":
                    play.shelf.policy = "three" if play.shelf.policy == "two" else "two"
                case "leaves":
                    for people in play.directory.groups.values():
                        people.discard("bob")

        return happens


def only(*rules: str) -> type[Lifecycle]:
    """The machine with these rules alone, for a quick look at one thing."""
    known = [
        name for name in vars(Lifecycle) if hasattr(getattr(Lifecycle, name), "hypothesis_stateful_rule")
    ]
    assert set(rules) <= set(known), known
    without: dict[str, object] = {name: None for name in known if name not in rules}
    return type("Lifecycle", (Lifecycle,), {"to_the_end": False, **without})
