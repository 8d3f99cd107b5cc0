"""All that a judgement may look at: a closed vocabulary, frozen and stored with the verdict.

Every fact that could fail to be obtained has a default, and the default is the worst it could be. A new fact
is one field here; policies know it by its dotted name from then on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from bot.terms import Micros

Kind = Literal["string", "int", "double", "bool", "list", "map"]

MOST_USD = 1e9
"""More than any budget: what an unknown price counts as."""
MOST_CHANGES = 10_000


def _plain(text: str) -> str:
    """Control characters and half characters are refused: the CEL library stops comparing at a NUL."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("control characters are not allowed here")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_plain)]
Usd = Annotated[float, Field(ge=-MOST_USD, le=MOST_USD, allow_inf_nan=False)]
Texts = Annotated[tuple[Text, ...], Field(max_length=1000, strict=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RequestFacts(_Part):
    """What is asked for; `cost_usd` is the p95 of the estimate, `ceiling_usd` the hard stop."""

    skill: Text
    version: Text = ""
    environment: Literal["development", "staging", "production"] = "production"
    mode: Literal["read_only", "mutate"] = "mutate"
    destructive: bool = True
    risk: int = Field(default=100, ge=0, le=100)
    cost_usd: Usd = MOST_USD
    ceiling_usd: Usd = MOST_USD
    inputs: dict[Text, Text] = Field(default_factory=dict, max_length=64)
    reason: Text = ""
    incident: Text = ""
    break_glass: bool = False


class ActorFacts(_Part):
    """Who asks, and how many of their requests wait. A directory that does not answer refuses the request
    before it is judged."""

    principal: Text
    groups: Texts = ()
    waiting: int = Field(default=MOST_CHANGES, ge=0, le=MOST_CHANGES)


class PlanFacts(_Part):
    """What the plan says it would change; `target` is the identity of what is acted upon.

    `labels` are the skill's own machine-made facts. Of the people, only those are here whom the directory
    knows: an empty list or text is "not known", never "nobody".
    """

    changes: int = Field(default=MOST_CHANGES, ge=0, le=MOST_CHANGES)
    targets: Texts = ()
    target: Text = ""
    nothing_to_do: bool = False
    labels: dict[Text, Text] = Field(default_factory=dict, max_length=64)
    authors: Texts = ()
    last_committer: Text = ""
    beneficiary: Text = ""


class SkillFacts(_Part):
    lifecycle: Literal["draft", "stable", "deprecated"] = "draft"
    owners: Texts = ()
    open_world: bool = True
    idempotent: bool = False


class FreezeFacts(_Part):
    """Ids of the freeze windows that are open, computed outside CEL from the policies' own windows."""

    active: Texts = ("undetermined",)


class BudgetFacts(_Part):
    """The least that is left of any budget the run draws on; an unreadable ledger has nothing left."""

    left_usd: Usd = 0.0


class EvidenceFacts(_Part):
    """The record of this skill's major version here, in the risk band of the request.

    `success_lb` is the 95 % Wilson lower bound; `digest_runs` are verified runs of these very bytes; `draw`
    is a number of the request's own, the same whenever it is judged, by which some are picked for review.
    """

    runs: int = Field(default=0, ge=0, le=1_000_000)
    verified: int = Field(default=0, ge=0, le=1_000_000)
    success_lb: float = Field(default=0.0, ge=0.0, le=1.0)
    digest_runs: int = Field(default=0, ge=0, le=1_000_000)
    failures_30d: int = Field(default=1_000_000, ge=0, le=1_000_000)
    days_since_failure: int = Field(default=0, ge=0, le=3650)
    draw: float = Field(default=0.0, ge=0.0, le=1.0)


class Facts(_Part):
    request: RequestFacts
    actor: ActorFacts
    plan: PlanFacts = PlanFacts()
    skill: SkillFacts = SkillFacts()
    freeze: FreezeFacts = FreezeFacts()
    budget: BudgetFacts = BudgetFacts()
    evidence: EvidenceFacts = EvidenceFacts()

    @classmethod
    def of(cls, named: Mapping[str, JsonValue]) -> Facts:
        """Facts by their dotted names; what is not named is the worst it could be.

        Raises pydantic's ValidationError for an unknown name or a value outside its type.
        """
        parts: dict[str, dict[str, JsonValue]] = {}
        for name, value in named.items():
            part, _, fact = name.partition(".")
            parts.setdefault(part, {})[fact] = value
        return cls.model_validate(parts)

    def rated(self, risk: int, record: Mapping[str, JsonValue]) -> Facts:
        """The same with the risk as it was summed up, and the record of runs as risky as that."""
        request = self.request.model_copy(update={"risk": risk})
        return self.model_copy(update={"request": request, "evidence": EvidenceFacts.model_validate(record)})

    def named(self) -> dict[str, Any]:
        """Every fact by its dotted name, as conditions see it."""
        parts = self.__dict__
        return {
            name: list(value) if isinstance(value := parts[part].__dict__[fact], tuple) else value
            for name, part, fact in _names()
        }


@dataclass(frozen=True, slots=True)
class Fact:
    """One word of the vocabulary: its type, and what it can be at all."""

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@cache
def vocabulary() -> Mapping[str, Fact]:
    """Every fact a condition may name, read from the fields above."""
    return MappingProxyType(
        {
            fact.name: fact
            for part, field in Facts.model_fields.items()
            for fact in _facts_of(part, field.annotation)
        }
    )


@cache
def _names() -> tuple[tuple[str, str, str], ...]:
    return tuple((name, *name.split(".")) for name in vocabulary())  # type: ignore[misc]


def _facts_of(part: str, model: Any) -> list[Fact]:
    found = []
    for name, field in model.model_fields.items():
        bounds = {
            key: getattr(one, key) for one in field.metadata for key in ("ge", "le") if hasattr(one, key)
        }
        origin = get_origin(field.annotation)
        values = get_args(field.annotation) if origin is Literal else ()
        kind = "string" if values else _KINDS[origin or field.annotation]
        found.append(Fact(f"{part}.{name}", kind, values, bounds.get("ge"), bounds.get("le")))
    return found


_KINDS: Mapping[Any, Kind] = {
    str: "string", int: "int", float: "double", bool: "bool", tuple: "list", dict: "map",
}  # fmt: skip


def usd(amount: Micros) -> float:
    """Money as conditions compare it; never past what the vocabulary holds."""
    return max(-MOST_USD, min(MOST_USD, amount / 1_000_000))
