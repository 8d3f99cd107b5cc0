"""A verb asked of a real service, as a step asks it: made ready, then carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.ask.manifest import ConnectorCall
from bot.ask.reading import read_as
from bot.assess.connected import Connectors
from bot.connectors import secrets
from bot.connectors.http_line import over_http
from bot.connectors.lines import Opens
from bot.execute.connectors import BY_HTTP, VERBS
from bot.execute.sandbox import Finished
from bot.execute.steps.connector import ready

ENVIRONMENT: dict[str, str] = {}
"""The worker's, where a test does not say another."""
KEY = "0123456789abcdef0123456789abcdef"
LINES: dict[str, Opens] = {kind: over_http(connector) for kind, connector in BY_HTTP.items()}


async def ask(
    settings: Mapping[str, Any],
    verb: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    key: str = KEY,
    timeout_s: float = 10.0,
    environment: Mapping[str, str] | None = None,
    limit: int = 1 << 16,
    stop: asyncio.Event | None = None,
    expect: Mapping[str, Any] | None = None,
    **more: Any,
) -> Finished:
    """Of the one connector `it`. Raises Refused for what must not be asked."""
    call = read_as(
        ConnectorCall,
        {"name": "it", "verb": verb, "with": {**(arguments or {})}, "expect": {**(expect or {})}},
    )
    calling = ready(
        call,
        lambda text: text,
        permitted=[f"it:{one}" for one in VERBS[settings["kind"]]],
        connectors=read_as(Connectors, {"connectors": {"it": {**settings}}}),
        key=key,
        timeout_s=timeout_s,
        output_limit=limit,
        **more,
    )

    async def secret(name: str, source: Any) -> str:
        return await secrets.value(name, source, ENVIRONMENT if environment is None else environment)

    carried = await LINES[settings["kind"]](calling, secret)
    return await carried(stop or asyncio.Event())


async def found(settings: Mapping[str, Any], verb: str, /, **arguments: Any) -> dict[str, Any]:
    """Its result; it must be a good one."""
    finished = await ask(settings, verb, arguments)
    assert finished.exit_code == 0, finished.stdout
    assert finished.result is not None
    return dict(finished.result)
