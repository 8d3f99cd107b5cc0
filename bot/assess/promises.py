"""What a policy promises of itself: its table of examples, and invariants for every request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from bot.assess.scalars import Condition, Id, Text
from bot.terms import Record


class Table(Record):
    """The policy's own decision table: each row is `base` with some facts changed, and what must come out."""

    base: dict[str, JsonValue]
    columns: tuple[
        Literal["name"], Literal["given"], Literal["decision"], Literal["gates"], Literal["people"]
    ] = ("name", "given", "decision", "gates", "people")
    rows: tuple[
        tuple[
            Text,
            dict[str, JsonValue],
            Literal["allow", "require", "deny"],
            tuple[str, ...],
            int | None,
        ],
        ...,
    ] = ()


NO_DEAD_GATES = "no-dead-gates"
Effect = Literal["allow", "require", "deny"]
Effects = Annotated[
    tuple[Effect, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda said: (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else said,
        json_schema_input_type=Effect | Annotated[tuple[Effect, ...], Field(min_length=1)],
    ),
]


class Invariant(Record):
    """What must hold for every request that `given` is true of; the id `no-dead-gates` claims itself.

    `min_people` is how many different people must say yes at least, and nobody at all where it is denied.
    """

    id: Id
    why: Text | None = None
    given: Condition | None = None
    never: Effects | None = None
    only: Effects | None = None
    min_people: int | None = Field(default=None, ge=1, le=1000)

    @model_validator(mode="after")
    def _claims(self) -> Invariant:
        claims = [self.never, self.only, self.min_people]
        said = any(claim is not None for claim in claims)
        if self.id == NO_DEAD_GATES:
            if said or self.given is not None:
                raise ValueError("no-dead-gates stands alone: leave out given, never, only and min_people")
        elif self.given is None:
            raise ValueError('an invariant has given: a condition ("true" for every request)')
        elif not said:
            raise ValueError("an invariant has at least one of never: allow, only: deny, min_people: 2")
        elif not self.may_be:
            raise ValueError("never and only leave no decision that would be right")
        return self

    @property
    def may_be(self) -> frozenset[Effect]:
        """The decisions that keep it, people aside."""
        every: tuple[Effect, ...] = ("allow", "require", "deny")
        return frozenset(self.only or every) - frozenset(self.never or ())
