"""What to do next of a run, told by its journal alone: after a crash the successor asks the same question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.ask.manifest import AskStep, Manifest, Step
from bot.execute.journal import Entry
from bot.execute.moves import (
    AskPerson,
    Ending,
    Finish,
    LookFirst,
    Measure,
    Move,
    ProbeStep,
    PutQuestion,
    RunStep,
    UndoStep,
)

TRIES = 3
"""How often one thing may begin without ever ending before a person is asked."""


def next_move(manifest: Manifest, journal: Sequence[Entry], *, overspent: bool = False) -> Move:
    """The one next thing to do. Pure: the same journal always gives the same answer.

    `overspent` says that what ran has cost more than the ceiling people approved: nothing more begins.
    A finished step is never begun again. One that began and did not end is treated as its `repeat` allows,
    and what began three times and never ended is left to a person: it may be what its workers die of.
    """
    move = _move(manifest, journal, overspent)
    if _in_vain(journal) < TRIES:
        return move
    match move:
        case RunStep(step) | ProbeStep(step):
            return AskPerson(step, f"it began {TRIES} times and never ended")
        case UndoStep(step):
            why = f"Undoing {step.id} began {TRIES} times and never ended: a person must look."
            return Finish("failed", why)
        case Measure():
            return Finish("unknown", f"Measuring began {TRIES} times and never ended.")
        case LookFirst(first):
            return Finish("failed", f"Looking whether {first.id} holds began {TRIES} times and never ended.")
        case AskPerson() | PutQuestion() | Finish():
            return move


def _in_vain(journal: Sequence[Entry]) -> int:
    """How often something began since anything ended or a person answered."""
    count = 0
    for entry in reversed(journal):
        if entry.event in ("ended", "resolved"):
            break
        count += entry.event == "began"
    return count


def asked_about(journal: Sequence[Entry]) -> str:
    """The step that nobody knows about, by its id; empty when everything that began has ended."""
    last = next((entry for entry in reversed(journal) if entry.event != "stop_asked"), None)
    if last is None or last.phase not in ("step", "probe") or last.posed is not None:
        return ""
    unknown = last.event == "began" or (last.phase == "probe" and last.event == "ended" and last.ok is None)
    return last.step if unknown else ""


def _move(manifest: Manifest, journal: Sequence[Entry], overspent: bool) -> Move:
    trouble = _trouble(manifest, journal, overspent)
    if trouble is not None:
        return _taking_back(manifest, journal, trouble)
    for first in manifest.preconditions:
        if _last(journal, first.id, "precondition", "ended") is None:
            return LookFirst(first)
    for step in manifest.steps:
        move = _of_step(step, journal)
        if move is not None:
            return move
    measured = _last(journal, "measure", "measure", "ended")
    if measured is None:
        return Measure()
    if measured.ok:
        return Finish("done", "Every check of the definition of done is met.")
    return Finish("unknown", "Nobody could measure whether it is done, so it is not called done.")


def cut_off(manifest: Manifest | None, journal: Sequence[Entry], why: str) -> Finish:
    """How a run ends whose skill must do nothing more; its undo is no more to be trusted than its steps.

    Where its manifest is not there to say which steps are pure, every one may have changed something.
    """
    pure = {step.id for step in manifest.steps if step.repeat == "pure"} if manifest is not None else ()
    begun = (e.step for e in journal if e.event == "began" and e.phase == "step" and e.posed is None)
    touched = [step for step in dict.fromkeys(begun) if step not in pure]
    if not touched:
        return Finish("cancelled", f"{why} No step that changes anything had begun.")
    if (doubted := next((step for step in touched if _in_doubt(step, journal)), None)) is not None:
        return Finish("unknown", f"{why} Nobody knows whether {doubted} happened: a person must look.")
    did = ", ".join(touched)
    return Finish("failed", f"{why} What it did ({did}) was not undone: a person must look.")


@dataclass(frozen=True, slots=True)
class _Trouble:
    ending: Ending
    why: str


def _trouble(manifest: Manifest, journal: Sequence[Entry], overspent: bool) -> _Trouble | None:
    """Why the run must not go on, if it must not. What is measured to be done is done, late or dear."""
    measured = _last(journal, "measure", "measure", "ended")
    if measured is not None and measured.ok:
        return None
    if any(entry.event == "resolved" and entry.answer == "undo" for entry in journal):
        return _Trouble("cancelled", "A person chose to stop and undo.")
    stopped = next((entry for entry in journal if entry.event == "stop_asked"), None)
    if stopped is not None:
        return _Trouble("cancelled", f"Stopped by {stopped.by}.")
    for first in manifest.preconditions:
        looked = _last(journal, first.id, "precondition", "ended")
        if looked is not None and looked.ok is not True:
            why = f"Looking whether {first.id} holds {looked.reason}" if looked.reason else ""
            return _Trouble("failed", f"{why or f'{first.id} does not hold'}, so nothing began.")
    for step in manifest.steps:
        ended = _last(journal, step.id, "step", "ended")
        failed = ended is not None and ended.ok is False and not _overruled(step, journal)
        if isinstance(step, AskStep):
            if ended is not None and (trouble := _answered(ended)):
                return trouble
        elif failed and not _tried_again(step, journal):
            why = f": it {ended.reason}" if ended is not None and ended.reason else ""
            return _Trouble("failed", f"Step {step.id} failed{why}.")
    if measured is not None and (measured.ok is False or manifest.done_when.no_data == "fail"):
        return _Trouble("not_done", "The definition of done is not met.")
    if measured is None and _ran_s(journal) > manifest.limits.wall:
        return _Trouble("failed", f"It ran longer than its limit of {manifest.limits.wall:g} seconds.")
    if measured is None and overspent:
        return _Trouble("failed", "It has cost more than the ceiling that was approved.")
    return None


def _answered(ended: Entry) -> _Trouble | None:
    """How a question stops the run, if it does: nobody answered it, or the answer says so."""
    if ended.ok is False:
        return _Trouble("failed", ended.output)
    stops = ended.posed.stop_on if ended.posed is not None else ()
    if ended.result is not None and ended.result.get("answer") in stops:
        return _Trouble("cancelled", ended.output)
    return None


def _ran_s(journal: Sequence[Entry]) -> float:
    """How long its processes ran, undoing apart: waiting for a worker or a person is not running."""
    return sum(entry.wall_ms for entry in journal if entry.event == "ended" and entry.phase != "undo") / 1000


def _taking_back(manifest: Manifest, journal: Sequence[Entry], trouble: _Trouble) -> Move:
    """Undo what began, last first, when the skill says so; then end with the reason."""
    touched = [step for step in manifest.steps if _began(step, journal) and not isinstance(step, AskStep)]
    undoable = [step for step in touched if step.undo] if _undoes(manifest, journal, trouble) else []
    for step in reversed(undoable):
        undone = _last(journal, step.id, "undo", "ended")
        if undone is None:
            return UndoStep(step)
        if undone.ok is False:
            return Finish("failed", f"{trouble.why} Undoing {step.id} failed too: a person must look.")
    left = [step for step in touched if step not in undoable and step.repeat != "pure"]
    if (doubted := next((step for step in left if _in_doubt(step.id, journal)), None)) is not None:
        return Finish(
            "unknown", f"{trouble.why} Nobody knows whether {doubted.id} happened: a person must look."
        )
    if undoable:
        but = f" {', '.join(step.id for step in left)} cannot be undone." if left else ""
        return Finish("rolled_back", f"{trouble.why} What had begun was undone.{but}")
    if trouble.ending == "cancelled" and not touched:
        return Finish("cancelled", f"{trouble.why} No step had begun.")
    return Finish(trouble.ending, f"{trouble.why} Nothing was undone.")


def _undoes(manifest: Manifest, journal: Sequence[Entry], trouble: _Trouble) -> bool:
    """A person who chose to undo is not asked again; a Stop is `on_cancel`'s, everything else `on_fail`'s."""
    if any(entry.event == "resolved" and entry.answer == "undo" for entry in journal):
        return True
    stopped = trouble.ending == "cancelled" and manifest.on_cancel is not None
    return (manifest.on_cancel if stopped else manifest.on_fail) == "undo"


def _of_step(step: Step, journal: Sequence[Entry]) -> Move | None:
    """What this step still needs; None when it is behind us."""
    mine = [entry for entry in journal if entry.step == step.id and entry.phase in ("step", "probe")]
    if not mine:
        return PutQuestion(step) if isinstance(step, AskStep) else RunStep(step)
    last = mine[-1]
    if isinstance(step, AskStep):
        return None if last.event == "ended" else PutQuestion(step)
    if last.event == "resolved":
        return None if last.answer == "skip_step" else RunStep(step)
    if last.phase == "probe" and last.event == "ended":
        if last.ok is None:
            return AskPerson(step, "its probe could not tell whether it happened")
        return None if last.ok else RunStep(step)
    if last.phase == "step" and last.event == "ended":
        again = last.ok is False and step.retry is not None and _tried_again(step, journal)
        return RunStep(step, step.retry.wait) if again and step.retry is not None else None
    match step.repeat:
        case "pure" | "idempotent":
            return RunStep(step)
        case "reconcilable":
            return ProbeStep(step)
        case "at_most_once":
            return AskPerson(step, "it began, its worker died, and it must never run twice")


def _tried_again(step: Step, journal: Sequence[Entry]) -> bool:
    """Whether the step, which failed, has a try left; only what is safe to repeat has any."""
    if step.retry is None:
        return False
    mine = (entry for entry in journal if entry.step == step.id and entry.phase == "step")
    return sum(entry.event == "ended" for entry in mine) < step.retry.attempts


def _began(step: Step, journal: Sequence[Entry]) -> bool:
    return any(
        entry.step == step.id and entry.event == "began" and entry.phase == "step" for entry in journal
    )


def _in_doubt(step: str, journal: Sequence[Entry]) -> bool:
    """It began, and neither its end, nor its probe, nor a person has told what became of it."""
    mine = [entry for entry in journal if entry.step == step and entry.phase in ("step", "probe")]
    return bool(mine) and (mine[-1].event == "began" or (mine[-1].event == "ended" and mine[-1].ok is None))


def _overruled(step: Step, journal: Sequence[Entry]) -> bool:
    """A person answered about this step after it ended."""
    mine = [entry for entry in journal if entry.step == step.id and entry.phase == "step"]
    return bool(mine) and mine[-1].event == "resolved"


def _last(journal: Sequence[Entry], step: str, phase: str, event: str) -> Entry | None:
    return next((e for e in reversed(journal) if (e.step, e.phase, e.event) == (step, phase, event)), None)
