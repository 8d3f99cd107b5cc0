"""What `assent doctor` says of MCP servers: what skills lack of them, and whether each is as reviewed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal

from bot.terms import Refused

if TYPE_CHECKING:
    from bot.config import Config

Said = tuple[Literal["good", "wrong", "warning"], str]


async def examine(config: Config) -> AsyncIterator[Said]:
    """Nothing while the policies do not load: that has been said."""
    from bot.artifacts import Artifacts
    from bot.cli.mcp import look
    from bot.connectors.walls.choosing import choose
    from bot.execute.steps.mcp import lacking

    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    policies = artifacts.policies()
    for skill in artifacts.skills().values():
        if not policies.problems and (lacks := lacking(skill.manifest, policies.servers)):
            yield "wrong", lacks
    if not policies.servers.servers:
        return
    held_by = await choose("any")
    for name, server in policies.servers.servers.items():
        try:
            seen = await look(config, name, server, wall=held_by.wall)
        except Refused as refusal:
            yield "wrong", str(refusal)
            continue
        off = [
            f"{tool} {state}" for tool, state in seen.states.items() if state not in ("pinned", "not pinned")
        ]
        if off:
            yield "wrong", f"{name}: {'; '.join(off)}. `assent mcp pin {name}` prints what is there now."
        else:
            pinned = sum(state == "pinned" for state in seen.states.values())
            yield "good", f"{name} answers, and its {pinned} pinned tools are what was reviewed"
