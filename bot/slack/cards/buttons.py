"""Which buttons a card has in which state."""

from __future__ import annotations

from bot.flow.request import Request
from bot.lifecycle import State
from bot.slack.buttons import Buttons
from bot.slack.cards.blocks import Block, button, confirm, overflow
from bot.slack.confirming import confirming

_STOP = confirm(
    "Stop this run?",
    "The step under way is ended. What has finished stays finished or is undone, as the skill says.",
    yes="Stop it",
    no="Let it run",
)
_CANCEL = confirm("Cancel this request?", "Nothing will run.", yes="Cancel it", no="Keep it")
_UNDO = confirm(
    "Undo what was done?", "The finished steps are undone in reverse order.", yes="Undo", no="Not now"
)
_SKIP = confirm(
    "Go on without this step?",
    "You say that it has happened: it is not run again.",
    yes="It happened",
    no="Not now",
)

_LABELS = {
    "approve": "Approve",
    "deny": "Deny…",
    "details": "Details",
    "stop": "Stop",
    "cancel": "Cancel",
    "retry_step": "Retry step",
    "skip_step": "Skip step",
    "undo": "Undo",
    "ask_again": "Ask again",
    "review": "Review…",
}
_STYLES = {"approve": "primary", "stop": "danger", "review": "primary"}
_CONFIRMS = {"stop": _STOP, "cancel": _CANCEL, "undo": _UNDO, "skip_step": _SKIP}

ASKING = "approve:ask"
"""Approve where more than a press is asked for: it opens a form, and its value is that of `approve`."""

MORE = "more"
"""The `⋯` menu; each option's value is `<action>:<value>`."""


def offered(state: State) -> tuple[str, ...]:
    match state:
        case State.PLANNING:
            return ("cancel",)
        case State.WAITING:
            return ("approve", "deny", "details", MORE)
        case State.APPROVED:
            return ("cancel", "details")
        case State.RUNNING | State.ASKING:
            return ("stop", "details")
        case State.INTERRUPTED:
            return ("retry_step", "skip_step", "undo", "details")
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
            return ("details", "ask_again")


def drawn(request: Request, buttons: Buttons, *, whole: bool) -> list[Block]:
    """The buttons of a card; when the card does not show the whole plan, approving is behind Details."""
    names = [name for name in offered(request.state) if whole or name != "approve"]
    if request.review is not None and request.review.closed_by is None:
        names.insert(0, "review")
    return [one(name, request, buttons, lead=not whole and name == "details") for name in names]


def one(name: str, request: Request, buttons: Buttons, *, lead: bool = False) -> Block:
    if name == MORE:
        choices = [("Withdraw my approval", "withdraw"), ("Cancel the request", "cancel")]
        return overflow(
            MORE, [(label, f"{each}:{_value(each, request, buttons)}") for label, each in choices]
        )
    if name == "approve" and confirming(request):
        return button("Approve…", action=ASKING, value=_value(name, request, buttons), style="primary")
    return button(
        "Read the whole plan" if lead and request.state is State.WAITING else _LABELS[name],
        action=name,
        value=_value(name, request, buttons),
        style="primary" if lead and request.state is State.WAITING else _STYLES.get(name, ""),
        confirm=_CONFIRMS.get(name),
    )


def _value(name: str, request: Request, buttons: Buttons) -> str:
    return buttons.value(name, request.id, request.card_revision)
