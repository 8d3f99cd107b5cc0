"""What is armed is part of the record: every skill and policy that was loaded, and what would not load."""

from __future__ import annotations

from dataclasses import dataclass

from bot.assess.assessment import digest_of
from bot.flow.ports import Artifacts, Store


@dataclass(frozen=True, slots=True)
class Loading:
    store: Store
    artifacts: Artifacts

    async def note(self) -> None:
        """Write down what is loaded now and was not before; however many processes do, it is one entry."""
        for skill in self.artifacts.skills().values():
            detail = f"{skill.name} {skill.version}" + (
                f", not armed: {skill.unarmed}" if skill.unarmed else ""
            )
            await self.store.loaded("skill_loaded", skill.name, digest=skill.digest, detail=detail)
        policies = self.artifacts.policies()
        for name, policy in policies.armed.items():
            detail = f"{name} {policy.runbook.version}"
            await self.store.loaded("policy_loaded", name, digest=policy.digest, detail=detail)
        if connected := policies.connectors.connectors:
            digest = digest_of(policies.connectors.model_dump(mode="json", by_alias=True))
            detail = f"connectors: {', '.join(connected)}"
            await self.store.loaded("policy_loaded", "connectors", digest=digest, detail=detail)
        if tiers := policies.models.tiers:
            digest = digest_of(policies.models.model_dump(mode="json", by_alias=True))
            detail = f"models {policies.models.version}: {', '.join(tiers)}"
            await self.store.loaded("policy_loaded", "models", digest=digest, detail=detail)
        if servers := policies.servers.servers:
            digest = digest_of(policies.servers.model_dump(mode="json", by_alias=True))
            detail = f"MCP servers: {', '.join(servers)}"
            await self.store.loaded("policy_loaded", "mcp", digest=digest, detail=detail)
        if policies.problems:
            words = "; ".join(str(problem) for problem in policies.problems)[:2000]
            await self.store.loaded("policy_broken", "policies", digest=digest_of(words), detail=words)
        else:
            await self.store.loaded(
                "policies_armed", "policies", digest=policies.digest, detail="all of them load"
            )
