"""The journal as lines: one a step, its latest try, in the order in which steps first began."""

from __future__ import annotations

from dataclasses import dataclass

from bot.execute.journal import Entry
from bot.flow.request import Request
from bot.lifecycle import State
from bot.slack.cards.dates import lasted
from bot.slack.escape import words

_PHASES = {
    "precondition": "first: ",
    "step": "",
    "undo": "undo: ",
    "measure": "measure: ",
    "probe": "asked the target: ",
}
_ANSWERS = {
    "retry_step": "it did not happen, run it",
    "skip_step": "it happened, go on",
    "undo": "stop and undo",
}


@dataclass(slots=True)
class _Step:
    entry: Entry
    title: str
    tries: int = 0


def lines(request: Request, *, room: int = 200) -> list[str]:
    steps: dict[tuple[str, str], _Step] = {}
    order: list[str | tuple[str, str]] = []
    for entry in request.journal:
        key = (entry.phase, entry.step)
        if entry.event in ("began", "ended"):
            if key not in steps:
                steps[key] = _Step(entry, entry.title)
                order.append(key)
            step = steps[key]
            step.entry, step.title = entry, entry.title or step.title
            step.tries += entry.event == "began"
        elif entry.event == "resolved":
            order.append(f"☝ {words(entry.by or 'somebody', 60)}{_resolved(entry)}")
        else:
            order.append(f"⏹ {words(entry.by or 'somebody', 60)} asked to stop")
    return [each if isinstance(each, str) else _line(*each, steps[each], request, room) for each in order]


def _line(phase: str, name: str, step: _Step, request: Request, room: int) -> str:
    entry = step.entry
    if entry.posed is not None:
        return _question(entry, words(step.title or name, room), request.state, room)
    title = f"{_PHASES[phase]}{words(step.title or name, room)}"
    again = f", try {step.tries}" if step.tries > 1 else ""
    if entry.event == "began":
        said = words(request.progress, room)
        return (
            f"… {title}{again}{': ' + said if said else ''}"
            if request.state is State.RUNNING
            else f"❔ {title}: begun, end not known{again}"
        )
    took = f" ({lasted(entry.wall_ms)}{again})" if entry.wall_ms else again
    if entry.ok:
        return f"✓ {title}{took}"
    said = entry.output.strip().rpartition("\n")[2]
    code = f", exit {entry.exit_code}" if entry.exit_code is not None else ""
    return f"✗ {title}{took}{code}{': ' + words(said, room) if said else ''}"


def _resolved(entry: Entry) -> str:
    """What somebody said of a step that nobody knew about; between two steps, how it goes on."""
    if not entry.step:
        return ": stop and undo" if entry.answer == "undo" else ": go on"
    return f" about {words(entry.step, 60)}: {_ANSWERS.get(entry.answer or '', 'an answer')}"


def _question(entry: Entry, title: str, state: State, room: int) -> str:
    """What was asked in a few words, and what became of it."""
    if entry.event == "began":
        return f"💬 {title}" if state is State.ASKING else f"– {title}: not answered"
    mark = "✓" if entry.ok else "✗"
    return f"{mark} {title}: {words(entry.output, room)}"
