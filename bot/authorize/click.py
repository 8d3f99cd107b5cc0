"""A click on a card, and everything it must pass before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.terms import Record, Refused, RequestId

Action = Literal[
    "approve", "deny", "withdraw", "stop", "retry_step", "skip_step", "undo", "cancel", "review", "answer"
]  # fmt: skip


class Click(Record):
    """One press of one button by one account, as Slack told it. Nothing in it is trusted yet.

    `id` is the same for a repeated delivery of the same press, so that it is answered with the first answer.
    """

    id: str
    team: str
    app: str | None = None
    channel: str
    message_ts: str
    slack_user: str
    action: Action
    request: RequestId
    card_revision: int
    choice: str = ""
    """Of an answer: the place of its question in the journal and which of the choices, `7.0`."""
    genuine: bool
    """The button's value carried our own MAC."""
    reason: str = ""
    typed: str = ""
    """What was typed where typing is asked for."""
    read: bool = False
    """It was pressed under the whole plan, not on the card."""


class RefusedBecause(StrEnum):
    """Why a click did not count; the order is the order of the checks."""

    WRONG_WORKSPACE = "wrong_workspace"
    FORGED = "forged"
    STALE_CARD = "stale_card"
    WRONG_MESSAGE = "wrong_message"
    NOT_A_MEMBER = "not_a_member"
    UNKNOWN_PERSON = "unknown_person"
    UNKNOWN_CHOICE = "unknown_choice"
    SELF_APPROVAL = "self_approval"
    EXCLUDED = "excluded"
    NOT_ELIGIBLE = "not_eligible"
    UNDETERMINED = "undetermined"
    WRONG_STAGE = "wrong_stage"
    ALREADY_COUNTED = "already_counted"
    UNCONFIRMED = "unconfirmed"
    EXPIRED = "expired"
    ALREADY_DECIDED = "already_decided"


class ClickRefused(Refused):
    """The click did not count, and nothing changed. The message is for the person, `detail` for the audit."""

    def __init__(self, reason: RefusedBecause, words: str, detail: str = "") -> None:
        super().__init__(words)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Answered:
    """What the person is told, privately. `reason` is set when the click did not count."""

    counted: bool
    text: str
    reason: RefusedBecause | None = None
