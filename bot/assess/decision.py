"""What the gate says: one of three, each with the rules that decided and why."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bot.terms import Group, Principal, Record


class Because(Record):
    """`policy/gate` completes the sentence "because …"; `why` is the gate's own explanation."""

    rule: str
    why: str


class Seat(Record):
    """`count` different people of one group, or one named person."""

    group: Group | None = None
    person: Principal | None = None
    count: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _somebody(self) -> Seat:
        if (self.group is None) == (self.person is None):
            raise ValueError("a seat is one group (with a count), or one person")
        if self.person is not None and self.count > 1:
            raise ValueError("one person cannot answer more than once: leave count out")
        return self

    def label(self) -> str:
        who = f"@{self.group}" if self.group else str(self.person)
        return who if self.count == 1 else f"{self.count} × {who}"


class Requirement(Record):
    """Who must say yes in one stage: every seat of `all_of`, and one of `any_of` when there are any.

    `exclude` names relations, not people: they are resolved for each request (`requester`, …). `stage` is the
    stage's name; requirements with the same stage are answered side by side, `after` names the stage before.
    """

    rule: str
    stage: str = "review"
    after: str | None = None
    all_of: tuple[Seat, ...] = ()
    any_of: tuple[Seat, ...] = ()
    distinct: bool = True
    exclude: tuple[Literal["requester"], ...] = ("requester",)


class Allow(Record):
    effect: Literal["allow"] = "allow"
    because: tuple[Because, ...]
    grant_expires_after_s: int = Field(default=3600, gt=0)
    """How long the permission waits for its run to begin."""


class RequireApproval(Record):
    effect: Literal["require"] = "require"
    because: tuple[Because, ...]
    requirements: tuple[Requirement, ...]
    denials: int = Field(default=1, ge=1)
    """How many eligible people must say no to end it."""
    expires_after_s: int = Field(default=4 * 3600, gt=0)
    """How long it waits for answers; silence then denies."""
    grant_expires_after_s: int = Field(default=3600, gt=0)
    """How long the permission, once given, waits for its run to begin."""


class Deny(Record):
    effect: Literal["deny"] = "deny"
    because: tuple[Because, ...]


Decision = Annotated[Allow | RequireApproval | Deny, Field(discriminator="effect")]
