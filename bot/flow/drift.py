"""An approval is for exact bytes. When they change, it is void, and the card says what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.ask.manifest import Manifest
from bot.assess import connected, mcp_servers, models
from bot.assess.assessment import Assessment, Binding
from bot.assess.policy import Policies
from bot.flow.commit import Commit
from bot.flow.ports import Artifacts, Store
from bot.flow.request import Request
from bot.lifecycle import Event
from bot.settle.outcome import Outcome
from bot.terms import Micros

Standing = Literal["same", "changed", "broken"]


def changed(artifacts: Artifacts, then: Assessment) -> str:
    """What a run began with and cannot go on with, the skill or what it asks; empty when all is as it was."""
    skill = artifacts.skills().get(then.invocation.skill)
    if skill is None or skill.digest != then.binding.skill_digest:
        return then.invocation.skill
    return elsewhere(artifacts.policies(), skill.manifest, then.binding)


def elsewhere(policies: Policies, manifest: Manifest, bound: Binding) -> str:
    """What the policies say otherwise of whom a skill asks than when it was judged; empty when nothing."""
    if policies.connectors.digest_for(manifest) != bound.connectors:
        return f"what {connected.FILE} says of its connectors"
    if policies.models.digest_for(manifest) != bound.models:
        return f"what {models.FILE} says of its models"
    if policies.servers.digest_for(manifest) != bound.mcp:
        return f"what {mcp_servers.FILE} says of its MCP servers"
    return ""


def overtaken(artifacts: Artifacts, then: Assessment) -> bool:
    """Whether a run that waits can only be ended: what it began with is revoked, or not there any more.

    While the policies do not load nobody knows whom it would ask, and it goes on waiting.
    """
    catalog = artifacts.skills()
    skill = catalog.get(then.invocation.skill)
    if skill is None or skill.digest != then.binding.skill_digest:
        return True
    revoked = catalog.revocations.why(skill.digest, skill.signer)
    return bool(revoked) or (not artifacts.policies().problems and bool(changed(artifacts, then)))


@dataclass(frozen=True, slots=True)
class Drift:
    store: Store
    artifacts: Artifacts

    def of(self, request: Request) -> tuple[str, ...]:
        """What of the skill, and of whom it asks, is no longer what was assessed: it is asked for anew."""
        then = request.assessment
        return () if then is None else (*self._of_skill(then), *self._of_asked(then))

    def policies(self, request: Request) -> Standing:
        """Whether the policies are those that judged it. Changed ones judge anew; broken ones stop it."""
        then = request.assessment
        if self.artifacts.policies().problems:
            return "broken"
        if then is None:
            return "same"
        now = self.artifacts.policies().digest_for(then.binding.skill, then.binding.version)
        return "same" if now == then.policy_digest else "changed"

    def broken(self) -> str:
        """What stands against everything while the policies do not load."""
        for problem in self.artifacts.policies().problems:
            return f"The policies do not load, so nothing is counted and nothing runs: {problem}"
        return ""

    def _of_skill(self, then: Assessment) -> tuple[str, ...]:
        skill = self.artifacts.skills().get(then.invocation.skill)
        if skill is None:
            return (f"the skill {then.invocation.skill} is gone or no longer loads",)
        if skill.digest == then.binding.skill_digest:
            return (f"{skill.name} may not run any more: {skill.unarmed}",) if skill.unarmed else ()
        paths = sorted({*then.files, *skill.files})
        changed = [path for path in paths if then.files.get(path) != skill.files.get(path)]
        named = ", ".join(f"{skill.name}/{path}" for path in changed) or skill.name
        versions = (
            "" if skill.version == then.binding.version else f" ({then.binding.version} → {skill.version})"
        )
        return (f"{named} changed since it was approved{versions}",)

    def _of_asked(self, then: Assessment) -> tuple[str, ...]:
        """While the policies do not load nobody knows; that stops everything anyway."""
        policies, skill = self.artifacts.policies(), self.artifacts.skills().get(then.invocation.skill)
        if skill is None or policies.problems or skill.digest != then.binding.skill_digest:
            return ()
        manifest, bound, said = skill.manifest, then.binding, []
        if policies.connectors.digest_for(manifest) != bound.connectors:
            said.append((connected.FILE, ", ".join(connected.asked_by(manifest.permissions.verbs))))
        if policies.models.digest_for(manifest) != bound.models:
            said.append((models.FILE, ", ".join(models.asked_by(manifest))))
        if policies.servers.digest_for(manifest) != bound.mcp:
            said.append((mcp_servers.FILE, ", ".join(mcp_servers.used_by(manifest.permissions.verbs))))
        return tuple(f"what {file} says of {asked} changed since it was approved" for file, asked in said)

    async def void(self, request: Request, differences: tuple[str, ...]) -> None:
        """End it visibly; nothing of the old approvals is kept for the next time."""
        named = "; ".join(one.rstrip(".") for one in differences)
        sentence = f"{named}. What was approved is not what would run now. Ask again."
        await self.store.commit(
            Commit(
                op=f"void:{request.revision}",
                request=request.id,
                event=Event.VOIDED,
                revision=request.revision,
                set={
                    "notes": differences,
                    "outcome": Outcome(kind="refused", sentence=sentence),
                    "missing": (),
                },
                audit={
                    "reason": sentence,
                    "digest": request.assessment.digest if request.assessment else "",
                    "principal": "assent",
                },
                clear=("expire", "grant", "lease"),
                settle=Micros(0),
                unlock=True,
            )
        )
