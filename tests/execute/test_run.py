"""What a run does next, told by its journal alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.ask.manifest import Manifest, Precondition, Repeat, Retry
from bot.execute.journal import Entry
from bot.execute.moves import AskPerson, Finish, LookFirst, Measure, Move, ProbeStep, RunStep, UndoStep
from bot.execute.run import TRIES, asked_about, cut_off, next_move

AT = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(*repeats: Repeat, on_fail: str = "undo", no_data: str = "fail", undo: bool = True) -> Manifest:
    """Steps `a`, `b`, … which may be repeated so."""
    steps = [
        {
            "id": chr(ord("a") + number),
            "title": "Do it",
            "run": ("do",),
            "timeout": "1s",
            "repeat": repeat,
            "probe": ("probe",) if repeat == "reconcilable" else None,
            "undo": ("undo",) if undo else None,
        }
        for number, repeat in enumerate(repeats)
    ]
    check = {"name": "it is there", "observed": "there", "equals": True}
    return Manifest.model_validate(
        {
            "name": "dig",
            "version": "1.0.0",
            "owners": ("@platform",),
            "lifecycle": "stable",
            "summary": "Dig.",
            "examples": ("dig",),
            "inputs": {"additionalProperties": False},
            "environments": ("staging",),
            "effects": {},
            "cost": {"ceiling_usd": {"staging": "1"}},
            "plan": ({"id": "plan", "run": ("plan",), "timeout": "1s"},),
            "steps": steps,
            "done_when": {
                "measure": {"run": ("measure",), "timeout": "1s"},
                "no_data": no_data,
                "checks": (check,),
            },
            "on_fail": on_fail,
            "limits": {"wall": "1m"},
        }
    )


def entry(word: str, fence: int = 1) -> Entry:
    """One word of `a> a. a! probe:a? undo:b. measure. a=skip_step stop`: began, ended well, badly, open."""
    if word == "stop":
        return Entry(event="stop_asked", step="", fence=fence, at=AT, by="alice")
    if "=" in word:
        step, answer = word.split("=")
        return Entry.model_validate(
            {"event": "resolved", "step": step, "fence": fence, "at": AT, "answer": answer, "by": "bob"}
        )
    name, mark = word[:-1], word[-1]
    phase, _, step = name.rpartition(":")
    if name == "measure":
        phase = step = "measure"
    more: dict[str, Any] = {"event": "began"} if mark == ">" else {"event": "ended", "ok": ENDS[mark]}
    return Entry.model_validate(
        {"step": step, "phase": phase or "step", "fence": fence, "at": AT, "wall_ms": 1, **more}
    )


ENDS = {".": True, "!": False, "?": None}


def journal(text: str) -> tuple[Entry, ...]:
    return tuple(entry(word) for word in text.split())


def word(move: Move) -> str:
    match move:
        case LookFirst(first):
            return f"look {first.id}"
        case RunStep(step, wait_s):
            return f"run {step.id}" + (f" in {wait_s:g}" if wait_s else "")
        case ProbeStep(step):
            return f"probe {step.id}"
        case AskPerson(step):
            return f"ask {step.id}"
        case UndoStep(step):
            return f"undo {step.id}"
        case Measure():
            return "measure"
        case Finish(ending):
            return ending


TWO = manifest("reconcilable", "idempotent")
ONCE = manifest("at_most_once", "idempotent")
STOPS = manifest("reconcilable", "idempotent", on_fail="stop")
KEEPS = TWO.model_copy(update={"on_cancel": "stop"})
YIELDS = STOPS.model_copy(update={"on_cancel": "undo"})
NO_UNDO = manifest("at_most_once", "idempotent", undo=False)
OPEN = manifest("pure", no_data="unknown", undo=False)


def careful() -> Manifest:
    """Two things must hold first, and `b` is tried three times, two seconds apart."""
    plain = manifest("reconcilable", "idempotent")
    again = plain.steps[1].model_copy(update={"retry": Retry(attempts=3, wait=2.0)})
    first = tuple(
        Precondition.model_validate({"id": name, "title": "Look", "run": ("look",), "timeout": "1s"})
        for name in ("x", "y")
    )
    return plain.model_copy(update={"steps": (plain.steps[0], again), "preconditions": first})


CAREFUL = careful()
HOLDS = "precondition:x> precondition:x. precondition:y> precondition:y."

TABLE: list[tuple[str, Manifest, str, str]] = [
    ("the first step", TWO, "", "run a"),
    ("then the next", TWO, "a> a.", "run b"),
    ("then it is measured", TWO, "a> a. b> b.", "measure"),
    ("and done", TWO, "a> a. b> b. measure> measure.", "done"),
    ("a reconcilable step in flight is asked of the target", TWO, "a>", "probe a"),
    ("so is a probe in flight", TWO, "a> probe:a>", "probe a"),
    ("it had happened", TWO, "a> probe:a> probe:a.", "run b"),
    ("it had not happened", TWO, "a> probe:a> probe:a!", "run a"),
    ("it had not, and now it has", TWO, "a> probe:a> probe:a! a> a.", "run b"),
    ("the target cannot tell", TWO, "a> probe:a> probe:a?", "ask a"),
    ("an idempotent step in flight runs again", TWO, "a> a. b>", "run b"),
    ("a pure step in flight runs again", OPEN, "a>", "run a"),
    ("what must never run twice is asked of a person", ONCE, "a>", "ask a"),
    ("who says it did not happen", ONCE, "a> a=retry_step", "run a"),
    ("who says it happened", ONCE, "a> a=skip_step", "run b"),
    ("who wants it undone", ONCE, "a> a=undo", "undo a"),
    ("once undone it is over", ONCE, "a> a=undo undo:a> undo:a.", "rolled_back"),
    ("asked again after it died again", ONCE, "a> a=retry_step a>", "ask a"),
    ("an answer lasts", ONCE, "a> a=skip_step b> b.", "measure"),
    ("a failed step is undone", TWO, "a> a!", "undo a"),
    ("last first", TWO, "a> a. b> b!", "undo b"),
    ("then the one before", TWO, "a> a. b> b! undo:b> undo:b.", "undo a"),
    ("then it is over", TWO, "a> a. b> b! undo:b> undo:b. undo:a> undo:a.", "rolled_back"),
    ("an undo in flight runs again", TWO, "a> a! undo:a>", "undo a"),
    ("an undo that failed needs a person", TWO, "a> a. b> b! undo:b> undo:b!", "failed"),
    ("where nothing is undone, a failure ends it", STOPS, "a> a!", "failed"),
    ("not done is undone", TWO, "a> a. b> b. measure> measure!", "undo b"),
    ("not done, and left", STOPS, "a> a. b> b. measure> measure!", "not_done"),
    ("no data is not done", TWO, "a> a. b> b. measure> measure?", "undo b"),
    ("or unknown, where the skill says so", OPEN, "a> a. measure> measure?", "unknown"),
    ("a measurement in flight is made again", TWO, "a> a. b> b. measure>", "measure"),
    ("stopped before anything began", TWO, "stop", "cancelled"),
    ("stopped in between", TWO, "a> a. stop", "undo a"),
    ("stopped and not undone", STOPS, "a> a. stop", "cancelled"),
    ("stopped where only failures are undone", KEEPS, "a> a. stop", "cancelled"),
    ("failed where only failures are undone", KEEPS, "a> a!", "undo a"),
    ("stopped where only a Stop is undone", YIELDS, "a> a. stop", "undo a"),
    ("failed where only a Stop is undone", YIELDS, "a> a!", "failed"),
    ("a person who chose to undo is taken at their word", KEEPS, "a> probe:a> probe:a? a=undo", "undo a"),
    ("stopped while in flight, and it can be undone", ONCE, "a> stop", "undo a"),
    ("stopped while in flight, and nobody knows", NO_UNDO, "a> stop", "unknown"),
    ("three beginnings without an end", TWO, "a> a. b> b> b>", "ask b"),
    ("three probes without an end", TWO, "a> probe:a> probe:a>", "ask a"),
    ("a person lets it try again", TWO, "a> a. b> b> b> b=retry_step", "run b"),
    ("three undos without an end", TWO, "a> a! undo:a> undo:a> undo:a>", "failed"),
    ("before anything begins it is looked", CAREFUL, "", "look x"),
    ("at everything that must hold", CAREFUL, "precondition:x> precondition:x.", "look y"),
    ("a look in flight is looked again", CAREFUL, "precondition:x>", "look x"),
    ("it holds", CAREFUL, HOLDS, "run a"),
    ("what does not hold ends it", CAREFUL, "precondition:x> precondition:x!", "failed"),
    ("three looks without an end", CAREFUL, "precondition:x> precondition:x> precondition:x>", "failed"),
    ("stopped while looking", CAREFUL, "precondition:x> stop", "cancelled"),
    ("what failed is tried again", CAREFUL, f"{HOLDS} a> a. b> b!", "run b in 2"),
    ("and again", CAREFUL, f"{HOLDS} a> a. b> b! b> b!", "run b in 2"),
    ("it went well at last", CAREFUL, f"{HOLDS} a> a. b> b! b> b.", "measure"),
    ("the last try failed too", CAREFUL, f"{HOLDS} a> a. b> b! b> b! b> b!", "undo b"),
    ("a stop between two tries", CAREFUL, f"{HOLDS} a> a. b> b! stop", "undo b"),
    ("a try in flight is repeated as it may be", CAREFUL, f"{HOLDS} a> a. b> b! b>", "run b"),
    ("what may not be tried again is not", CAREFUL, f"{HOLDS} a> a!", "undo a"),
    ("three measurements without an end", OPEN, "a> a. measure> measure> measure>", "unknown"),
]


@pytest.mark.parametrize(("skill", "text", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_next_move(skill: Manifest, text: str, expected: str) -> None:
    assert word(next_move(skill, journal(text))) == expected


def test_the_ending_says_why_and_what_was_undone() -> None:
    def said(skill: Manifest, text: str) -> str:
        move = next_move(skill, journal(text))
        assert isinstance(move, Finish)
        return move.sentence

    assert said(TWO, "stop") == "Stopped by alice. No step had begun."
    assert said(STOPS, "a> a!") == "Step a failed. Nothing was undone."
    assert (
        said(NO_UNDO, "a> stop") == "Stopped by alice. Nobody knows whether a happened: a person must look."
    )
    half = TWO.model_copy(update={"steps": (TWO.steps[0].model_copy(update={"undo": None}), TWO.steps[1])})
    undone = said(half, "a> a. b> b! undo:b> undo:b.")
    assert undone == "Step b failed. What had begun was undone. a cannot be undone."


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("", ""),
        ("a>", "a"),
        ("a> stop", "a"),
        ("a> a.", ""),
        ("a> probe:a> probe:a?", "a"),
        ("a> undo:a>", ""),
    ],
)
def test_a_person_is_asked_about_what_nobody_knows(text: str, step: str) -> None:
    assert asked_about(journal(text)) == step


# Properties: a run played with any outcomes

Outcome = st.sampled_from(["ok", "ok", "fail", "open", "crash", "stop and crash"])
Answers = st.sampled_from(["retry_step", "skip_step", "undo"])
manifests = st.builds(
    lambda repeats, on_fail, no_data, undo: manifest(*repeats, on_fail=on_fail, no_data=no_data, undo=undo),
    st.lists(st.sampled_from(["pure", "idempotent", "reconcilable", "at_most_once"]), min_size=1, max_size=3),
    st.sampled_from(["undo", "stop"]),
    st.sampled_from(["fail", "unknown"]),
    st.booleans(),
)


class Play:
    """One run, by outcomes; when they are used up, everything goes well and every person says "go on"."""

    def __init__(self, skill: Manifest, outcomes: Sequence[str], answers: Sequence[str]) -> None:
        self.skill, self.outcomes, self.answers = skill, list(outcomes), list(answers)
        self.journal: list[Entry] = []
        self.fence = 1
        self.moves: list[Move] = []

    def to_its_end(self) -> Finish:
        for _ in range(200):
            move = next_move(self.skill, self.journal)
            self.look(move)
            self.moves.append(move)
            if isinstance(move, Finish):
                return move
            self.carry_out(move)
        raise AssertionError("the run did not end")

    def carry_out(self, move: Move) -> None:
        match move:
            case RunStep(step):
                self.effect(step.id)
            case ProbeStep(step):
                self.effect(f"probe:{step.id}")
            case UndoStep(step):
                self.effect(f"undo:{step.id}")
            case Measure():
                self.effect("measure")
            case AskPerson():
                answer = self.answers.pop() if self.answers else "skip_step"
                self.write(f"{asked_about(self.journal)}={answer}")

    def effect(self, name: str) -> None:
        self.write(f"{name}>")
        outcome = self.outcomes.pop() if self.outcomes else "ok"
        if outcome.endswith("crash"):
            if outcome.startswith("stop"):
                self.write("stop")
            self.fence += 1
            return
        may_be_open = name == "measure" or name.startswith("probe:")
        mark = {"ok": ".", "fail": "!", "open": "?" if may_be_open else "!"}[outcome]
        self.write(f"{name}{mark}")

    def write(self, text: str) -> None:
        self.journal.append(entry(text, self.fence))

    def look(self, move: Move) -> None:
        """What must hold of every move."""
        assert next_move(self.skill, tuple(self.journal)) == move
        if isinstance(move, RunStep | ProbeStep):
            assert not any(isinstance(one, UndoStep) for one in self.moves), "it went on after undoing"
            assert not any(one.event == "stop_asked" for one in self.journal)
        if isinstance(move, RunStep):
            mine = [e for e in self.journal if e.step == move.step.id and e.phase in ("step", "probe")]
            last = mine[-1] if mine else None
            assert last is None or not (last.event == "ended" and last.phase == "step"), "it had ended"
            if last is not None and move.step.repeat == "at_most_once":
                assert last.answer == "retry_step", "nobody said that it had not happened"
            assert not any(e.phase == "step" and e.ok and e.step == move.step.id for e in self.journal)
        if isinstance(move, Finish) and move.ending == "done":
            assert all(self.happened(step.id) for step in self.skill.steps)
            assert self.journal[-1].phase == "measure"
            assert self.journal[-1].ok is True

    def happened(self, step: str) -> bool:
        mine = [e for e in self.journal if e.step == step and e.phase in ("step", "probe")]
        return bool(mine) and (mine[-1].ok is True or mine[-1].answer == "skip_step")


plays = st.builds(Play, manifests, st.lists(Outcome, max_size=10), st.lists(Answers, max_size=3))


@given(plays)
@settings(deadline=None)
def test_every_run_ends(play: Play) -> None:
    assert play.to_its_end().ending in {
        "done", "not_done", "failed", "rolled_back", "unknown", "cancelled",
    }  # fmt: skip


@given(plays)
@settings(deadline=None)
def test_replaying_a_journal_gives_the_same_run(play: Play) -> None:
    """Each prefix, read back from its own JSON, gives the move that was made then."""
    play.to_its_end()
    stored = TypeAdapter(tuple[Entry, ...])
    made = iter(play.moves)
    seen: list[Move] = []
    for length in range(len(play.journal) + 1):
        read = stored.validate_json(stored.dump_json(tuple(play.journal[:length])))
        seen.append(next_move(play.skill, read))
    for move in made:
        assert move in seen


@given(plays)
@settings(deadline=None)
def test_what_never_ends_does_not_begin_for_ever(play: Play) -> None:
    play.outcomes = ["crash"] * 100
    play.answers = []
    play.to_its_end()
    for step in play.skill.steps:
        for phase in ("step", "probe", "undo"):
            began = [e for e in play.journal if (e.step, e.phase, e.event) == (step.id, phase, "began")]
            assert len(began) <= TRIES


def _long(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same journal, each thing that ended having taken longer than the whole run may."""
    return tuple(one.model_copy(update={"wall_ms": 10_000_000}) for one in entries)


@pytest.mark.parametrize(
    ("told", "ending", "said"),
    [
        ("", "cancelled", "No step that changes anything had begun."),
        ("a> a.", "failed", "What it did (a) was not undone: a person must look."),
        ("a> a. b> b!", "failed", "What it did (a, b) was not undone: a person must look."),
        ("a>", "unknown", "Nobody knows whether a happened: a person must look."),
        ("a> probe:a> probe:a?", "unknown", "Nobody knows whether a happened: a person must look."),
    ],
)
def test_a_run_that_is_cut_off_says_what_it_leaves(told: str, ending: str, said: str) -> None:
    assert cut_off(TWO, journal(told), "It was revoked.") == Finish(ending, f"It was revoked. {said}")


def test_beyond_its_wall_limit_nothing_more_begins_and_what_began_is_undone() -> None:
    move = next_move(manifest("pure", "pure"), _long(journal("a> a.")))
    assert isinstance(move, UndoStep)


def test_beyond_its_ceiling_nothing_more_begins_and_what_began_is_undone() -> None:
    move = next_move(manifest("pure", "pure"), journal("a> a."), overspent=True)
    assert isinstance(move, UndoStep)


def test_what_was_measured_to_be_done_is_done_however_long_it_took_and_cost() -> None:
    whole = _long(journal("a> a. measure> measure."))
    assert next_move(manifest("pure"), whole, overspent=True) == next_move(
        manifest("pure"), journal("a> a. measure> measure.")
    )
