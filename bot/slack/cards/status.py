"""The status line: a word for the state, and what it means for the reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.authorize.approval import Vote, standing
from bot.execute.journal import Entry
from bot.flow.request import Request
from bot.lifecycle import State
from bot.slack.cards.asked import broken
from bot.slack.cards.dates import at
from bot.slack.escape import words

WORDS: dict[State, tuple[str, str]] = {
    State.PLANNING: ("🔎", "Planning"),
    State.WAITING: ("🟡", "Waiting for approval"),
    State.APPROVED: ("🟢", "Approved"),
    State.RUNNING: ("▶️", "Running"),
    State.ASKING: ("💬", "Waiting for an answer"),
    State.INTERRUPTED: ("✋", "Interrupted, a person must decide"),
    State.DONE: ("✅", "Done"),
    State.NOT_DONE: ("❌", "Not done"),
    State.FAILED: ("❌", "Failed"),
    State.ROLLED_BACK: ("↩️", "Rolled back"),
    State.UNKNOWN: ("❓", "Unknown"),
    State.DENIED: ("⛔", "Denied"),
    State.REFUSED: ("⛔", "Refused"),
    State.EXPIRED: ("⌛", "Expired"),
    State.CANCELLED: ("⏹️", "Cancelled"),
    State.VOIDED: ("⚠️", "Voided"),
}


def word(request: Request) -> str:
    """A request that breaks the glass says so in every state, also where only this line is seen."""
    return f"Break-glass · {_word(request)}" if broken(request) else _word(request)


def _word(request: Request) -> str:
    if request.outcome and request.outcome.kind == "nothing_to_do":
        return "Nothing to do"
    if request.state is State.WAITING and any(vote.answer == "approve" for vote in _counted(request)):
        return "Partly approved"
    if (
        request.state is State.APPROVED
        and request.assessment
        and request.assessment.decision.effect == "allow"
    ):
        return "Allowed"
    if request.state is State.RUNNING and stopping(request):
        return "Stopping"
    return WORDS[request.state][1]


def _counted(request: Request) -> Iterable[Vote]:
    """The answers to what is judged now: those from before it was judged anew count no more."""
    return standing(request.votes, request.assessment.digest).values() if request.assessment else ()


def consequence(request: Request, room: int = 600) -> str:
    """What follows from the state, escaped, without the word."""
    match request.state:
        case State.PLANNING:
            return "Working out what would change. Nothing has been changed."
        case State.WAITING:
            until = f", until {at(request.expires_at)}" if request.expires_at else ""
            return f"Nothing runs before {needed(request.missing)} said yes{until}."
        case State.APPROVED:
            return "It runs as soon as a worker is free and its target is not in use."
        case State.RUNNING if stopping(request):
            return "The step under way is being ended; then what is known is written here."
        case State.RUNNING:
            return "A worker is carrying it out; every finished step is written down."
        case State.ASKING:
            until = f", until {at(request.expires_at)}" if request.expires_at else ""
            return f"Nothing runs before {needed(request.missing)} answers its question{until}."
        case State.INTERRUPTED:
            if (step := in_flight(request)) is None:
                return "It stopped between two steps. See why, then choose: go on with a retry, or undo."
            return (
                f"It stopped during {words(step, 120)}, and nobody can know "
                "whether that happened. Look at the target, then choose: run it again, go on or undo."
            )
        case (
            State.DONE
            | State.NOT_DONE
            | State.FAILED
            | State.ROLLED_BACK
            | State.UNKNOWN
            | State.DENIED
            | State.REFUSED
            | State.EXPIRED
            | State.CANCELLED
            | State.VOIDED
        ):
            return words(request.outcome.sentence, room) if request.outcome else "Nothing runs any more."


def needed(missing: Sequence[str]) -> str:
    """`2 × @sre and @release`, escaped."""
    parts = [words(each, 80) for each in missing[:8]]
    if len(missing) > 8:
        parts.append(f"{len(missing) - 8} more")
    if not parts:
        return "nobody else"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def stopping(request: Request) -> bool:
    return any(entry.event == "stop_asked" for entry in request.journal)


def in_flight(request: Request) -> str | None:
    """The step that began and never ended, as the last entry about it says."""
    last: dict[tuple[str, str], Entry] = {}
    for entry in request.journal:
        if entry.event in ("began", "ended") and entry.posed is None:
            last[entry.phase, entry.step] = entry
    began = [entry for entry in last.values() if entry.event == "began"]
    return (began[-1].title or began[-1].step) if began else None
