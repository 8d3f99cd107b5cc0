"""What the gate says: one of three, each with the rules that decided and why."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bot.terms import Group, Principal, Record

Relation = Literal["requester", "author", "last_committer", "beneficiary"]
"""What somebody may be to a request, so that their yes to it does not count."""


class Because(Record):
    """`policy/gate` completes the sentence "because …"; `why` is the gate's own explanation."""

    rule: str
    why: str


class Seat(Record):
    """`count` different people of one group, or one named person.

    `also` are groups whose people may take it too, since an escalation has added them.
    """

    group: Group | None = None
    person: Principal | None = None
    count: int = Field(default=1, ge=1)
    also: tuple[Group, ...] = ()

    @model_validator(mode="after")
    def _somebody(self) -> Seat:
        if (self.group is None) == (self.person is None):
            raise ValueError("a seat is one group (with a count), or one person")
        if self.person is not None and self.count > 1:
            raise ValueError("one person cannot answer more than once: leave count out")
        return self

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every group whose people may take it."""
        return ((self.group,) if self.group is not None else ()) + self.also

    def label(self) -> str:
        who = " or ".join(
            [f"@{self.group}" if self.group else str(self.person), *map("@{}".format, self.also)]
        )
        return who if self.count == 1 else f"{self.count} × {who}"


class Requirement(Record):
    """Who must say yes in one stage: every seat of `all_of`, and one of `any_of` when there are any.

    `exclude` names relations, and `barred` the people who are that to this request, whoever asked aside.
    `stage` is the stage's name; requirements with the same stage are answered side by side, `after` names the
    stage before. `reason` and `typed`: whoever says yes says why, or types what it is about.
    """

    rule: str
    stage: str = "review"
    after: str | None = None
    all_of: tuple[Seat, ...] = ()
    any_of: tuple[Seat, ...] = ()
    distinct: bool = True
    exclude: tuple[Relation, ...] = ("requester",)
    barred: tuple[Principal, ...] = ()
    reason: bool = False
    typed: bool = False

    @property
    def seats(self) -> tuple[Seat, ...]:
        return (*self.all_of, *self.any_of)


class Escalation(Record):
    """What silence leads to after a while: people are reminded, added or paged. It never asks for fewer."""

    after_s: int = Field(gt=0)
    remind: bool = False
    add: tuple[Group, ...] = ()
    stage: str | None = None
    """The stage whose seats the added may take; None for every one."""
    page: tuple[Group, ...] = ()


class BrokenGlass(Record):
    """A deny that was overridden: who is told at the grant, and who looks at it afterwards."""

    rule: str
    notify: tuple[Group, ...]
    review_by: tuple[Group, ...]
    review_within_s: int = Field(gt=0)


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
    veto: tuple[Group, ...] = ()
    """One no of anybody in these groups ends it, however many others it takes."""
    expires_after_s: int = Field(default=4 * 3600, gt=0)
    """How long it waits for answers; silence then denies."""
    grant_expires_after_s: int = Field(default=3600, gt=0)
    """How long the permission, once given, waits for its run to begin."""
    escalation: tuple[Escalation, ...] = ()
    """In the order of `after_s`, all of them before it expires."""
    broken_glass: tuple[BrokenGlass, ...] = ()
    burst: int | None = None
    """Who has approved so many within `burst_within_s` must read the next one first."""
    burst_within_s: int = Field(default=600, gt=0)
    coalesce: bool = False
    """The same asked again by the same person, while this waits, is this."""


class Deny(Record):
    effect: Literal["deny"] = "deny"
    because: tuple[Because, ...]


Decision = Annotated[Allow | RequireApproval | Deny, Field(discriminator="effect")]
