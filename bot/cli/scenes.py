"""What the demo plays. A scene does what people do and raises NotSeen when they would not have seen it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.cli.local import Local
from bot.cli.transcript import Transcript
from bot.playground.client import SlackClient, button

CHANNEL = "deploys"
PATIENCE_S = 60.0
"""For anything a person would wait for. The machine may be slow; nothing here is timed."""
Card = dict[str, Any]


class NotSeen(Exception):
    """Something the scene promises did not happen."""


@dataclass(slots=True)
class Stage:
    """The people, what they type and press, and what they see of it."""

    local: Local
    slack: SlackClient
    transcript: Transcript

    async def ask(self, who: str, text: str) -> str:
        """Type the command; the id of the request whose card appears."""
        before = {_request(message) for message in await self.slack.messages(CHANNEL, who)}
        self.transcript.says(who, f"/assent {text}")
        await self.slack.command(who, CHANNEL, f"/assent {text}")
        card = await self.slack.wait_for(
            who, CHANNEL, lambda message: _request(message) not in (before | {None}), PATIENCE_S
        )
        return str(_request(card))

    async def sees(self, request: str, *states: str, who: str = "alice", show: bool = True) -> Card:
        """Wait until the card is in one of these states, and print it."""
        card: Card = await self.slack.wait_for(
            who,
            CHANNEL,
            lambda message: _request(message) == request and _state(message) in states,
            PATIENCE_S,
        )
        if show:
            self.transcript.card(card)
        return card

    async def press(self, who: str, card: Card, action: str) -> str:
        """Press a button; the private words that come back."""
        heard = len(await self.slack.ephemerals(CHANNEL, who))
        self.transcript.presses(who, button(card, action)[1]["text"]["text"])
        await self.slack.click(who, card, action)
        whisper = await self.slack.until(who, lambda state: _nth_whisper(state, heard), PATIENCE_S)
        self.transcript.whisper(who, whisper["text"])
        return str(whisper["text"])

    async def record(self, request: str) -> dict[str, Any]:
        """`assent requests show ID --json`, as another program would read it."""
        found: dict[str, Any] = json.loads(await self.cli("requests", "show", request, "--json"))
        return found

    async def audit(self) -> list[dict[str, Any]]:
        """`assent audit export --json`."""
        return [json.loads(line) for line in (await self.cli("audit", "export", "--json")).splitlines()]

    async def cli(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *words,
            env=self.local.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        if process.returncode != 0:
            raise NotSeen(f"assent {' '.join(words)} ended with {process.returncode}: {err.decode()}")
        return out.decode()

    async def live(self, service: str, environment: str) -> str:
        """The version that really answers there, asked of the host and not of the bot."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.local.target_url}/targets/{environment}/{service}") as answer,
        ):
            return str((await answer.json())["live"]["version"])

    def expect(self, true: bool, what: str) -> None:
        if not true:
            raise NotSeen(what)
        self.transcript.good(what)


async def an_unknown_version(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "A version that does not exist is refused before anybody is asked")
    request = await stage.ask("alice", "deploy checkout 9.9.9 to staging")
    card = await stage.sees(request, "refused")
    stage.expect("9.9.9" in str(card["blocks"]), "the card says which version does not exist")


async def looking_is_free(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "Looking is free: a read-only skill needs nobody")
    request = await stage.ask("alice", "service-status checkout in production")
    await stage.sees(request, "done")
    stage.expect(
        (await stage.record(request))["decision"]["effect"] == "allow", "policy allowed it by itself"
    )


async def staging_is_for_trying(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "Policy allows staging: planned, run, measured, done")
    before = await stage.live("checkout", "staging")
    request = await stage.ask("alice", "deploy checkout 1.4.2 to staging")
    await stage.sees(request, "done")
    now = await stage.live("checkout", "staging")
    stage.expect(now == "1.4.2", f"staging answers {now}, before it was {before}")


async def two_people_for_production(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "Production needs two people, and not just anybody")
    request = await stage.ask("alice", "deploy checkout 1.4.2 to production")
    card = await stage.sees(request, "waiting")
    before = await stage.live("checkout", "production")
    await stage.press("alice", card, "approve")
    await stage.press("gus", card, "approve")
    await stage.press("dave", card, "approve")
    refused = [
        e["reason"] for e in await stage.audit() if e["kind"] == "refused_click" and e["request"] == request
    ]
    stage.expect(
        refused == ["self_approval", "not_a_member", "not_eligible"],
        "three wrong people were refused, each for their own reason, and it is in the audit",
    )
    stage.expect(await stage.live("checkout", "production") == before, "nothing has run yet")
    await stage.press("bob", card, "approve")
    card = await stage.sees(request, "waiting", who="carol")
    await stage.press("carol", card, "approve")
    await stage.sees(request, "running")
    await stage.sees(request, "done")
    record = await stage.record(request)
    voters = sorted(vote["principal"] for vote in record["votes"])
    stage.expect(voters == ["bob", "carol"], "bob and carol approved exactly this")
    stage.expect(await stage.live("checkout", "production") == "1.4.2", "production answers 1.4.2")


async def a_bad_version(stage: Stage, number: int) -> None:
    stage.transcript.scene(
        number, "A bad version passes its health check, fails the measurement, is rolled back"
    )
    before = await stage.live("checkout", "staging")
    request = await stage.ask("alice", "deploy checkout 1.5.0 to staging")
    await stage.sees(request, "rolled_back")
    now = await stage.live("checkout", "staging")
    stage.expect(now == before, f"staging answers {now} again")


async def a_vulnerable_package(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "A vulnerable package: the upgrade is tried, approved, tested, offered")
    request = await stage.ask("alice", "dependency-upgrade storefront")
    card = await stage.sees(request, "waiting")
    stage.expect("GHSA-demo-demo-demo" in str(card["blocks"]), "the card says what it clears")
    await stage.press("bob", card, "approve")
    await stage.sees(request, "done")
    steps = {step["step"]: step for step in (await stage.record(request))["steps"]}
    offered = steps["pull_request"]["result"]["pull_requests"]
    stage.expect(len(offered) == 1, f"its tests passed, and it is offered as {offered[0]['url']}")


async def a_killed_worker(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "The worker is killed in the middle of a run, and nothing runs twice")
    request = await stage.ask("alice", "deploy payments 2.1.1 to staging")
    await stage.sees(request, "running", show=False)
    stage.transcript.does(f"kill -9 {stage.local.worker.pid}, the worker")
    stage.local.worker.kill()
    await stage.sees(request, "done")
    ended = [step["step"] for step in (await stage.record(request))["steps"] if step["ok"]]
    claims = [e for e in await stage.audit() if e["kind"] == "claimed" and e["request"] == request]
    stage.expect(len({claim["principal"] for claim in claims}) >= 2, "another worker took over")
    stage.expect(len(ended) == len(set(ended)), f"each step finished once: {', '.join(ended)}")
    stage.expect(await stage.live("payments", "staging") == "2.1.1", "staging answers 2.1.1")


async def an_edited_skill(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "A skill edited after the first approval voids it")
    request = await stage.ask("alice", "deploy payments 2.1.1 to production")
    card = await stage.sees(request, "waiting")
    await stage.press("bob", card, "approve")
    runbook = stage.local.skills_dir / "deploy" / "scripts" / "switch.py"
    stage.transcript.does(f"somebody edits {runbook.name} of the skill")
    with runbook.open("a") as out:
        out.write("\n# an innocent line\n")
    card = await stage.sees(request, "voided")
    stage.expect("deploy/scripts/switch.py" in str(card["blocks"]), "the card names the file that changed")
    stage.expect(await stage.live("payments", "production") != "2.1.1", "production was not touched")


async def the_record_holds(stage: Stage, number: int) -> None:
    stage.transcript.scene(number, "A year later: who approved what, and was the record edited?")
    await asyncio.sleep(1.0)  # the seals follow within a second
    stage.transcript.does("assent audit verify")
    stage.transcript.does((await stage.cli("audit", "verify")).strip())
    stage.transcript.does("assent costs")
    stage.transcript.does((await stage.cli("costs")).strip())
    stage.expect(True, "every entry is where it was written")


SCENES: tuple[Callable[[Stage, int], Awaitable[None]], ...] = (
    an_unknown_version,
    looking_is_free,
    staging_is_for_trying,
    two_people_for_production,
    a_bad_version,
    a_vulnerable_package,
    a_killed_worker,
    an_edited_skill,
    the_record_holds,
)


def _request(message: Card) -> str | None:
    found = message.get("metadata", {}).get("event_payload", {}).get("request_id")
    return None if found is None else str(found)


def _state(message: Card) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("state", ""))


def _nth_whisper(state: Card, heard: int) -> Card | None:
    channel = next(c["id"] for c in state["channels"] if c["name"] == CHANNEL)
    whispers = [message for message in state["messages"].get(channel, []) if message.get("ephemeral")]
    found: Card | None = whispers[heard] if len(whispers) > heard else None
    return found
