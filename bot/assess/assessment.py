"""Everything a person approves, as one record and one digest."""

from __future__ import annotations

import hashlib
from typing import Literal

import rfc8785
from pydantic import ConfigDict, Field, JsonValue

from bot.ask.invocation import Invocation
from bot.ask.manifest import Check
from bot.assess.decision import Decision
from bot.terms import Digest, Environment, Micros, Principal, Record


class Change(Record):
    what: str
    before: str = Field(default="", alias="from", serialization_alias="from")
    after: str = Field(default="", alias="to", serialization_alias="to")

    model_config = ConfigDict(populate_by_name=True)


class Target(Record):
    """What is acted upon; `revision` changes whenever what is there changes."""

    identity: str
    revision: str


class Plan(Record):
    """What the skill says it would change, before it does: the output of its read-only plan steps."""

    summary: str
    changes: tuple[Change, ...] = ()
    details: str = ""
    target: Target
    resolved: dict[str, JsonValue] = Field(default_factory=dict)
    undo: str = ""
    nothing_to_do: bool = False
    labels: dict[str, str] = Field(default_factory=dict)
    """Machine-made facts of the skill's own, for policies: `bump: major`."""
    authors: tuple[str, ...] = ()
    last_committer: str = ""
    beneficiary: str = ""
    """Addresses or names in the directory of those whose own work or gain this is, as far as it knows."""


class Line(Record):
    """One priced part of an estimate; `unpriced` is never zero, it holds its share of the ceiling."""

    unit: str
    p50: float
    p95: float
    p50_cost: Micros | None = None
    p95_cost: Micros | None = None


class Estimate(Record):
    """Expected cost as an interval. `basis` says what it rests on: "41 runs", "no history: as declared"."""

    p50: Micros
    p95: Micros
    ceiling: Micros
    basis: str
    runs: int
    lines: tuple[Line, ...] = ()
    unpriced: tuple[str, ...] = ()
    prices: str
    """Version of the price card that priced it."""


class BudgetLine(Record):
    """One budget the run draws on, as it stood when it was judged. `key` names the ledger's account."""

    scope: str
    key: str
    limit: Micros
    left: Micros


class Binding(Record):
    """What an approval is for. Changing any part of it voids the approval, with the part named."""

    skill: str
    version: str
    skill_digest: Digest
    inputs: dict[str, JsonValue]
    environment: Environment
    target: Target
    plan: Digest
    requester: Principal
    ceiling: Micros
    prices: str
    policy_digest: Digest
    requirements: Digest
    card_revision: int
    reason: str = ""
    incident: str = ""
    break_glass: bool = False
    connectors: Digest | Literal[""] = ""
    """Of what `policies/connectors.yaml` says of those that the skill asks; empty when it asks none."""
    models: Digest | Literal[""] = ""
    """Of what `policies/models.yaml` says of those that the skill asks; empty when it asks none."""
    mcp: Digest | Literal[""] = ""
    """Of what `policies/mcp.yaml` says of the servers and tools that the skill uses; empty when of none."""

    def digest(self) -> Digest:
        """Of a skill that asks none of a kind it is what it was before there were any."""
        unsaid = {part for part in ("connectors", "models", "mcp") if not getattr(self, part)} or None
        return digest_of(self.model_dump(mode="json", exclude=unsaid))


class Assessment(Record):
    """An invocation, judged. Frozen and stored with the verdict; a re-assessment makes a new one."""

    invocation: Invocation
    requester: Principal
    plan: Plan
    decision: Decision
    estimate: Estimate
    budgets: tuple[BudgetLine, ...] = ()
    risk: int
    risk_why: tuple[str, ...] = ()
    facts: dict[str, JsonValue]
    policy: str
    """`name version`, as people say it."""
    policy_digest: Digest
    files: dict[str, Digest] = Field(default_factory=dict)
    """The skill's files as judged, so that drift can name the one that changed."""
    done: tuple[Check, ...] = ()
    """What the policies want measured besides the skill's own definition of done."""
    asks: tuple[str, ...] = ()
    """The connectors, models and MCP servers it asks, and where each leads, as they are bound."""
    may: tuple[tuple[str, str], ...] = ()
    """What the skill was permitted, part by part: what a later version is compared with."""
    new_since: str = ""
    newly_permitted: tuple[str, ...] = ()
    """What it may that the version which ran here last might not; that one is `new_since`."""
    binding: Binding
    digest: Digest

    def renewed(self, *, card_revision: int) -> Assessment:
        """The same, for another card."""
        binding = self.binding.model_copy(update={"card_revision": card_revision})
        return self.model_copy(update={"binding": binding, "digest": binding.digest()})


def confirmation(assessment: Assessment) -> str:
    """What somebody types who must show that they know what they say yes to."""
    call = assessment.invocation
    return " ".join([call.skill, *map(str, list(call.inputs.values())[:2]), call.environment.value])


def digest_of(value: JsonValue) -> Digest:
    """SHA-256 over RFC 8785 canonical JSON: the same for the same content, whatever the order of keys."""
    return Digest("sha256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest())


def drift(then: Binding, now: Binding) -> tuple[str, ...]:
    """Each part of the binding that is not what it was, as `part: then → now`, for the card and the audit."""
    before, after = then.model_dump(mode="json"), now.model_dump(mode="json")
    return tuple(
        f"{part}: {_short(before[part])} → {_short(after[part])}"
        for part in before
        if before[part] != after[part]
    )


def _short(value: object) -> str:
    text = str(value)
    return text[:19] if text.startswith("sha256:") else text


Effect = Literal["allow", "require", "deny"]
