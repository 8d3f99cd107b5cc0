"""The words every stage shares, and the one exception that is meant for people."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from pydantic import BaseModel, ConfigDict

RequestId = NewType("RequestId", str)
"""`r-42`: short enough to say aloud; counted per workspace by the store."""

Principal = NewType("Principal", str)
"""One human in the directory's terms (`alice`, or an e-mail address), never a bare Slack id."""

Group = NewType("Group", str)
"""A set of principals by its handle, without the `@`."""

Digest = NewType("Digest", str)
"""`sha256:` and 64 hexadecimal digits."""

Micros = NewType("Micros", int)
"""Money in whole micro-dollars: sums are exact and no float is ever compared with a budget."""


class Environment(StrEnum):
    """Where a skill acts. The order is the order of care."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"

    @classmethod
    def of(cls, word: str) -> Environment | None:
        """Read what people type (`prod`, `stage`); None when it is no environment."""
        return _ENVIRONMENT_WORDS.get(word.lower())


_ENVIRONMENT_WORDS = {
    "dev": Environment.DEVELOPMENT,
    "development": Environment.DEVELOPMENT,
    "stage": Environment.STAGING,
    "staging": Environment.STAGING,
    "prod": Environment.PRODUCTION,
    "production": Environment.PRODUCTION,
}


class Record(BaseModel):
    """What is stored or comes from outside: frozen, closed, and readable back from its own JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Refused(Exception):
    """We decline. The message is for the person and says what would be right."""


def dollars(amount: int) -> str:
    """Write micro-dollars for people: cents, or as many digits as a small amount needs to be seen."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    if amount == 0 or amount >= 10_000:
        cents = (amount + 5_000) // 10_000
        return f"{sign}${cents // 100:,}.{cents % 100:02d}"
    return f"{sign}${amount / 1_000_000:.4f}"
