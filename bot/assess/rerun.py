"""What a recorded invocation would come to under another version of its skill, as far as records can tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.ask.catalog import Skill
from bot.ask.inputs import FieldErrors, invocation, place
from bot.ask.lattice import Grant, beyond, grants
from bot.assess.assessment import Assessment, Effect
from bot.assess.facts import Facts, usd
from bot.assess.gate import decide
from bot.assess.policy import Policies
from bot.assess.replay import added, with_risk
from bot.assess.risk import declared
from bot.assess.strictness import Direction, direction
from bot.terms import Micros, Refused, dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """`refused` says why it could not be asked for any more. `wider` is what it may and might not then, None
    when that was not recorded. `stopped` are the limits of now that it went beyond then. `decision` compares
    what policies say of both, by the facts of then; None where they cannot be known."""

    refused: str = ""
    wider: tuple[str, ...] | None = None
    stopped: tuple[str, ...] = ()
    decision: Direction | None = None
    effect: Effect | None = None

    @property
    def good(self) -> bool:
        """It could be asked for, would come to its end, and nobody less would be asked."""
        return (
            not self.refused and not self.stopped and self.decision not in (Direction.LOOSER, Direction.BOTH)
        )


def rerun(
    then: Assessment,
    skill: Skill,
    *,
    facts: Facts | None,
    policies: Policies,
    cost: Micros | None,
    ran_s: float,
) -> Rerun:
    """`facts` are those of then, under `policies`; `cost` and `ran_s` what it took, as far as it ran."""
    if why := _refused(then, skill):
        return Rerun(refused=why)
    before = tuple(Grant(part, what) for part, what in then.may)
    new = beyond(grants(skill.manifest.permissions), before) if before else None
    found = Rerun(
        wider=None if new is None else tuple(grant.said for grant in new),
        stopped=_stopped(then, skill, cost, ran_s),
    )
    if facts is None:
        return found
    now = decide(policies, _under(facts, skill, then, policies))
    return replace(found, decision=direction(decide(policies, facts), now), effect=now.effect)


def _refused(then: Assessment, skill: Skill) -> str:
    call = then.invocation
    strange = [name for name in call.inputs if name not in skill.manifest.inputs.properties]
    if strange:
        return f"{skill.name} has no input {strange[0]} any more."
    try:
        place(skill, call.environment)
        invocation(skill, call.inputs, call.environment)
    except FieldErrors as errors:
        return " ".join(errors.errors.values())
    except Refused as refused:
        return str(refused)
    return ""


def _stopped(then: Assessment, skill: Skill, cost: Micros | None, ran_s: float) -> tuple[str, ...]:
    found = []
    ceiling = skill.manifest.cost.ceiling[then.invocation.environment]
    if cost is not None and cost > ceiling:
        found.append(f"it cost {dollars(cost)}, and the ceiling is {dollars(ceiling)}")
    if ran_s > skill.manifest.limits.wall:
        found.append(f"it ran {ran_s:.0f} s, and the limit is {skill.manifest.limits.wall:g} s")
    return tuple(found)


def _under(facts: Facts, skill: Skill, then: Assessment, policies: Policies) -> Facts:
    """The same facts with what the new manifest says of itself, and the risk that comes of it."""
    manifest, where = skill.manifest, then.invocation.environment
    effects = manifest.effects
    request = facts.request.model_copy(
        update={
            "version": manifest.version,
            "mode": "read_only" if effects.read_only else "mutate",
            "destructive": effects.destructive,
            "ceiling_usd": usd(manifest.cost.ceiling[where]),
        }
    )
    said = {
        "lifecycle": manifest.lifecycle,
        "owners": manifest.owners,
        "open_world": effects.open_world,
        "idempotent": effects.idempotent,
    }
    found = facts.model_copy(update={"request": request, "skill": facts.skill.model_copy(update=said)})
    return with_risk(found, declared(effects, where) + added(found, policies))
