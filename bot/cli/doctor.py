"""`assent doctor`: what is set, what is wrong, what to do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.config import Config


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. A warning is not a finding: things work, and could be better."""

    about: str
    verdict: Literal["good", "wrong", "warning", "not looked at"]
    said: str


def doctor(
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Look at configuration, Redis, Slack, skills and policies; exit 1 with what to do."""

    async def look() -> list[Line]:
        config = opened.config()
        return [line async for line in examine(config)]

    lines = asyncio.run(look())
    if json:
        terminal.as_json([asdict(line) for line in lines])
    else:
        terminal.table(("", "", ""), [(line.about, line.verdict, line.said) for line in lines], empty="")
    if any(line.verdict == "wrong" for line in lines):
        raise typer.Exit(1)


async def examine(config: Config) -> AsyncIterator[Line]:
    """Every line, each as soon as it is known."""
    for part in (_configuration, _redis, _slack, _artifacts, _connectors, _mcp, _models, _sandbox):
        async for line in part(config):
            yield line


async def _configuration(config: Config) -> AsyncIterator[Line]:
    from bot.config import misspelt, variables

    names = [name for name in variables() if os.environ.get(name, "").strip()]
    yield Line("configuration", "good", f"set: {', '.join(names) or 'nothing, all defaults'}")
    for problem in misspelt(os.environ):
        yield Line("configuration", "warning", problem)
    for missing in config.needs("web"):
        yield Line("configuration", "wrong", missing)


async def _redis(config: Config) -> AsyncIterator[Line]:
    from bot.store.check import check
    from bot.store.connection import shown

    try:
        async with opened.redis(config) as client:
            info = await client.info("server")
            where = shown(config.redis_url) if config.redis_url else f"embedded in {config.embedded_data}"
            name = "Valkey" if "valkey_version" in info else "Redis"
            version = info.get("valkey_version") or info["redis_version"]
            yield Line("Redis", "good", f"{name} {version}, {where}")
            for finding in await check(client):
                refused = finding.severity == "refuse" and config.redis_check == "refuse"
                yield Line("Redis", "wrong" if refused else "warning", str(finding))
    except Refused as refusal:
        # Without REDIS_URL the configuration has said what to do; an address that does not answer is news.
        yield Line("Redis", "wrong" if config.redis_url else "not looked at", str(refusal))


async def _slack(config: Config) -> AsyncIterator[Line]:
    from aiohttp import ClientError, ClientSession, ClientTimeout
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.slack.manifest import SCOPES

    if config.slack_bot_token is None:
        yield Line("Slack", "not looked at", "there is no SLACK_BOT_TOKEN to ask with")
        return
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        client = AsyncWebClient(
            token=config.slack_bot_token.get_secret_value(), base_url=config.slack_api_url, session=session
        )
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            why = error.response["error"]
            yield Line("Slack", "wrong", f"auth.test says {why}: {REASONS.get(why, 'see docs.slack.dev')}")
            return
        except (ClientError, TimeoutError) as error:
            yield Line("Slack", "wrong", f"{config.slack_api_url} cannot be reached: {error}")
            return
    yield Line("Slack", "good", f"{answer['user']} in {answer['team']} ({answer['team_id']})")
    granted = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes")
    if granted is None:
        yield Line("Slack", "warning", "the granted scopes could not be read")
        return
    for scope in SCOPES.keys() - {one.strip() for one in granted.split(",")}:
        yield Line(
            "Slack",
            "wrong",
            f"the scope {scope} is missing ({SCOPES[scope]}). "
            "Update the app with `assent manifest`, then reinstall it.",
        )


REASONS = {
    "invalid_auth": "copy SLACK_BOT_TOKEN again from OAuth & Permissions.",
    "not_authed": "copy SLACK_BOT_TOKEN again from OAuth & Permissions.",
    "account_inactive": "the app was removed from the workspace. Install it again.",
    "token_revoked": "the token was revoked. Install the app again.",
    "token_expired": "the token ran out. Turn token rotation off, or install the app again.",
    "ratelimited": "Slack is busy with us. Try again in a minute.",
}


async def _artifacts(config: Config) -> AsyncIterator[Line]:
    from datetime import UTC, datetime

    from bot.artifacts import Artifacts
    from bot.assess.policy_warnings import warnings

    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    problems = artifacts.problems
    if not problems:
        armed = artifacts.policies().armed
        yield Line("skills and policies", "good", f"{len(artifacts.skills())} skills, {len(armed)} policies")
        for doubt in warnings(artifacts.policies(), today=datetime.now(UTC).date()):
            yield Line("skills and policies", "warning", str(doubt))
    for problem in problems:
        yield Line("skills and policies", "wrong", str(problem))


async def _connectors(config: Config) -> AsyncIterator[Line]:
    from bot.cli import doctor_connectors

    async for verdict, said in doctor_connectors.examine(config):
        yield Line("connectors", verdict, said)


async def _models(config: Config) -> AsyncIterator[Line]:
    from bot.cli import doctor_models

    async for verdict, said in doctor_models.examine(config):
        yield Line("models", verdict, said)


async def _mcp(config: Config) -> AsyncIterator[Line]:
    from bot.cli import doctor_mcp

    async for verdict, said in doctor_mcp.examine(config):
        yield Line("MCP servers", verdict, said)


async def _sandbox(config: Config) -> AsyncIterator[Line]:
    """What steps would be held by, if a worker started on this machine: tried, as a worker tries it."""
    from bot.connectors.walls.choosing import choose
    from bot.execute.sandbox.walls import WORDS

    try:
        held_by = await choose(config.sandbox)
    except Refused as refusal:
        yield Line("sandbox", "wrong", str(refusal))
        return
    if held_by.wall is None:
        yield Line("sandbox", "warning" if held_by.trusted else "wrong", f"{held_by.warning}{TO_DO}")
        return
    yield Line("sandbox", "good", f"{held_by.tier}: {WORDS[held_by.tier]}")
    if held_by.why_not_better:
        yield Line("sandbox", "warning", f"{held_by.why_not_better}. Better walls would be there with it.")


TO_DO = (
    " Install bubblewrap and let the worker make user namespaces, or run it on Linux 6.12 or newer; "
    "ASSENT_SANDBOX=any runs everything all the same."
)
