"""The one table of states and events. The store enforces it; the diagram in the docs is drawn from it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    PLANNING = "planning"
    WAITING = "waiting"
    APPROVED = "approved"
    RUNNING = "running"
    ASKING = "asking"
    INTERRUPTED = "interrupted"
    DONE = "done"
    NOT_DONE = "not_done"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    DENIED = "denied"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    VOIDED = "voided"


class Event(StrEnum):
    """What happened to a request; each is also the `kind` of an audit entry."""

    PLANNED = "planned"
    DECIDED_REQUIRE = "decided_require"
    DECIDED_ALLOW = "decided_allow"
    REFUSE = "refuse"
    VOTED = "voted"
    GRANTED = "granted"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    VOIDED = "voided"
    REASSESSED = "reassessed"
    ESCALATED = "escalated"
    CLAIMED = "claimed"
    STEP_BEGAN = "step_began"
    STEP_ENDED = "step_ended"
    STOP_ASKED = "stop_asked"
    ASKED = "asked"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    INTERRUPTED = "interrupted"
    RESOLVED = "resolved"
    DONE = "done"
    NOT_DONE = "not_done"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    REVIEW_DUE = "review_due"
    REVIEWED = "reviewed"


_S, _E = State, Event

TRANSITIONS: dict[State, dict[Event, State]] = {
    State.PLANNING: {
        _E.CLAIMED: _S.PLANNING,
        _E.PLANNED: _S.PLANNING,
        _E.DECIDED_REQUIRE: _S.WAITING,
        _E.DECIDED_ALLOW: _S.APPROVED,
        _E.REFUSE: _S.REFUSED,
        _E.FAILED: _S.FAILED,
        _E.EXPIRED: _S.EXPIRED,
        _E.CANCELLED: _S.CANCELLED,
    },
    State.WAITING: {
        _E.VOTED: _S.WAITING,
        _E.ESCALATED: _S.WAITING,
        _E.REASSESSED: _S.WAITING,
        _E.GRANTED: _S.APPROVED,
        _E.DENIED: _S.DENIED,
        _E.EXPIRED: _S.EXPIRED,
        _E.CANCELLED: _S.CANCELLED,
        _E.VOIDED: _S.VOIDED,
        _E.REFUSE: _S.REFUSED,
    },
    State.APPROVED: {
        _E.CLAIMED: _S.RUNNING,
        _E.REASSESSED: _S.WAITING,
        _E.EXPIRED: _S.EXPIRED,
        _E.CANCELLED: _S.CANCELLED,
        _E.VOIDED: _S.VOIDED,
        _E.REFUSE: _S.REFUSED,
    },
    State.RUNNING: {
        _E.CLAIMED: _S.RUNNING,
        _E.STEP_BEGAN: _S.RUNNING,
        _E.STEP_ENDED: _S.RUNNING,
        _E.STOP_ASKED: _S.RUNNING,
        _E.ASKED: _S.ASKING,
        _E.INTERRUPTED: _S.INTERRUPTED,
        _E.DONE: _S.DONE,
        _E.NOT_DONE: _S.NOT_DONE,
        _E.FAILED: _S.FAILED,
        _E.ROLLED_BACK: _S.ROLLED_BACK,
        _E.UNKNOWN: _S.UNKNOWN,
        _E.CANCELLED: _S.CANCELLED,
    },
    State.ASKING: {
        _E.CLAIMED: _S.RUNNING,
        _E.ANSWERED: _S.RUNNING,
        _E.UNANSWERED: _S.RUNNING,
        _E.STOP_ASKED: _S.RUNNING,
    },
    State.INTERRUPTED: {
        _E.RESOLVED: _S.RUNNING,
        _E.UNKNOWN: _S.UNKNOWN,
    },
    **{
        end: {}
        for end in (
            State.DONE,
            State.NOT_DONE,
            State.FAILED,
            State.ROLLED_BACK,
            State.UNKNOWN,
            State.DENIED,
            State.REFUSED,
            State.EXPIRED,
            State.CANCELLED,
            State.VOIDED,
        )
    },
}

AFTERWARDS: dict[State, dict[Event, State]] = {
    end: {Event.REVIEW_DUE: end, Event.REVIEWED: end}
    for end in (_S.DONE, _S.NOT_DONE, _S.FAILED, _S.ROLLED_BACK, _S.UNKNOWN, _S.CANCELLED)
}
"""What may still be written about a run that has ended. It changes no state, and nothing runs by it."""

OPEN = frozenset(state for state, events in TRANSITIONS.items() if events)
ENDED = frozenset(State) - OPEN


class NoSuchTransition(Exception):
    """A bug: a chapter of the flow asked for a move the table does not have."""


def after(state: State, event: Event) -> State:
    """The state that `event` leads to from `state`.

    Raises NoSuchTransition: the callers look before they ask, so this is never a person's mistake.
    """
    try:
        return (TRANSITIONS[state] | AFTERWARDS.get(state, {}))[event]
    except KeyError:
        raise NoSuchTransition(f"{event.value} in state {state.value}") from None


def mermaid() -> str:
    """The state diagram of the docs, drawn from the table and from nothing else."""
    lines = ["stateDiagram-v2", "    [*] --> planning: requested"]
    for state, events in TRANSITIONS.items():
        moves: dict[State, list[str]] = {}
        for event, target in events.items():
            moves.setdefault(target, []).append(event.value)
        lines += [
            f"    {state.value} --> {target.value}: {', '.join(names)}" for target, names in moves.items()
        ]
    lines += [f"    {state.value} --> [*]" for state in State if not TRANSITIONS[state]]
    return "\n".join(lines)
