"""What `assent doctor` says of connectors: those that skills lack, and whether each one answers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from bot.terms import Refused

if TYPE_CHECKING:
    from bot.assess.connected import Connected
    from bot.config import Config

Said = tuple[Literal["good", "wrong", "warning"], str]
_HERE = ("localhost", "127.0.0.1", "::1")


async def examine(config: Config) -> AsyncIterator[Said]:
    """Nothing while the policies do not load: that has been said."""
    from bot.artifacts import Artifacts
    from bot.execute.steps.connector import lacking

    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    connectors = artifacts.policies().connectors
    for skill in artifacts.skills().values():
        if not artifacts.policies().problems and (lacks := lacking(skill.manifest, connectors)):
            yield "wrong", lacks
    for name, settings in connectors.connectors.items():
        async for said in _of(name, settings):
            yield said


async def _of(name: str, settings: Connected) -> AsyncIterator[Said]:
    from bot.assess.connected import Served
    from bot.connectors import secrets
    from bot.connectors.http_line import greeted

    if not isinstance(settings, Served):
        yield "good", f"{name} is configured ({settings.kind})"
        return
    where = urlsplit(settings.url)
    if settings.credential is not None and where.scheme == "http" and where.hostname not in _HERE:
        yield "warning", f"{name}: its credential goes to {settings.url} unencrypted. Use https:// there."
    try:
        answer = await greeted(name, settings, lambda what, source: secrets.value(what, source, os.environ))
    except Refused as refusal:
        yield "wrong", str(refusal)
        return
    yield ("wrong", f"{name}: {answer}") if answer else ("good", f"{name} answers at {settings.url}")
