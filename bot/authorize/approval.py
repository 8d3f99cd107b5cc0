"""Votes, and what they add up to."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from bot.terms import Digest, Principal, Record


class Vote(Record):
    """One answer of one person. Append-only: a withdrawal is another vote."""

    principal: Principal
    slack_user: str
    answer: Literal["approve", "deny", "withdraw"]
    at: AwareDatetime
    digest: Digest
    stage: str
    reason: str = ""
