"""Planted secrets through every kind of step: no usual way to write one is kept, shown, logged or asked.

`OPEN` goes every way that they go, and is no secret: where it is not found, nothing was looked at.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from bot.artifacts import Artifacts, lock
from bot.cli.local import Local
from bot.playground import web_api
from bot.playground.client import SlackClient, button
from bot.store.connection import connect
from tests.e2e.leaking.skill.ways import needles

HERE, ROOT = Path(__file__).with_name("leaking"), Path(__file__).parents[2]
OPEN = 'op3n/wörd"for+everybody & <all>'
SECRETS = {
    "a variable": 'pl4nted/säcret"in+the & <env>',
    "a file of a step, from a variable": "pl4nted-wörd=of/a?file-that-is-handed-to-a-step",
    "a file of a step, from a file": "-----fil3d secret: over-lines/and+more",
    "a file of a step, from a command": "sp0ken\\by'a\"vaults+client/for=steps",
    "the credential of a connector": "c0nnected/tö+a=service-of-ours",
    "the key of a model": "m0del/key+that=opens-a-purse",
}
VARIABLES = ("LEAK_TOKEN", "LEAK_ELSEWHERE", "FILED", "SPOKEN", "LEAK_CONNECTED_KEY", "LEAK_MODEL_KEY")
ENDS = {"well": "Done", "breaks": "Rolled back", "declines": "Rolled back", "stumbles": "Rolled back",
        "refuses": "Refused", "crashes": "Refused"}  # fmt: skip


@dataclass
class Echo:
    """An http host, a Prometheus and a model at once: each says what any was told, and its own key."""

    heard: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def told(self) -> list[str]:
        """What the skill has told: not the keys, each of which is known where it opens something."""
        return [OPEN, *self.heard[-3:], *list(SECRETS.values())[:4]]

    async def echo(self, asked: web.Request) -> web.Response:
        body = await asked.text()
        self.heard.append(f"{asked.path_qs} {asked.headers.get('X-Handed', '')} {body}")
        escaped = ["".join(f"\\u{ord(one):04X}" for one in each) for each in self.told]
        text = json.dumps({"heard": self.told, "query": dict(asked.query)})
        status = 500 if (asked.method, asked.match_info["how"]) == ("POST", "stumbles") else 200
        return web.Response(text=f'{text[:-1]}, "escaped": "{" ".join(escaped)}"}}', status=status)

    async def prometheus(self, asked: web.Request) -> web.Response:
        said = " | ".join([asked.headers["Authorization"], *self.told])
        if "declines" in str(asked.query):
            return web.json_response({"status": "error", "errorType": "x", "error": said}, status=422)
        found = {"metric": {"said": said, "who": asked.headers["Authorization"]}, "value": [1, "1"]}
        data = {"resultType": "vector", "result": [found]}
        return web.json_response({"status": "success", "data": data, "warnings": [said]})

    async def model(self, asked: web.Request) -> web.Response:
        self.prompts.append(await asked.text())
        said = " | ".join([asked.headers["Authorization"], *self.told])
        message = {"role": "assistant", "content": json.dumps({"said": said})}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        return web.json_response(
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            | {"usage": usage}
        )


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    found, app = Echo(), web.Application()
    app.router.add_route("*", "/echo/{how}", found.echo)
    app.router.add_route("*", "/api/v1/query", found.prometheus)
    app.router.add_post("/v1/chat/completions", found.model)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every call of the app to the local Slack, as it came: what a later call replaces too."""
    calls: list[str] = []
    read = web_api.arguments

    async def listening(request: web.Request) -> dict[str, Any]:
        args = await read(request)
        calls.append(json.dumps(args, ensure_ascii=False))
        return args

    monkeypatch.setattr(web_api, "arguments", listening)
    return calls


@pytest.fixture
async def local(tmp_path: Path, echo: Echo, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Local]:
    skills, policies, vault = tmp_path / "skills", tmp_path / "policies", tmp_path / "vault"
    vault.mkdir()
    where = dict(zip(VARIABLES, SECRETS.values(), strict=True))
    for name in ("FILED", "SPOKEN"):
        (vault / name).write_text(where.pop(name) + "\n")
    for name, value in {**where, "LEAK_OPEN": OPEN, "ECHO": echo.url}.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(HERE / "skill", skills / "leak", ignore=shutil.ignore_patterns("__pycache__"))
    manifest = (skills / "leak/skill.yaml").read_text()
    for name in ("FILED", "SPOKEN"):
        manifest = manifest.replace(name, str(vault / name))
    (skills / "leak/skill.yaml").write_text(manifest)
    shutil.copytree(HERE / "policies", policies)
    for name in ("prices.yaml", "people.yaml"):
        shutil.copy(ROOT / "policies" / name, policies)
    (policies / "connectors.yaml").write_text(
        f"connectors:\n  prometheus: {{kind: prometheus, url: {echo.url}, "
        'credential: {from: "env:LEAK_CONNECTED_KEY"}}\n'
    )
    (policies / "models.yaml").write_text(
        f"version: test\ntiers:\n  small: {{model: openai/m, api_base: {echo.url}/v1, "
        'credential: {from: "env:LEAK_MODEL_KEY"}, max_answer_tokens: 1024}\n'
    )
    (skills / "skills.lock").write_text(lock(Artifacts(skills, policies).skills().values()))
    async with Local(tmp_path / "home", port=0, skills_dir=skills, policies_dir=policies) as house:
        yield house


async def test_no_planted_secret_is_anywhere(local: Local, echo: Echo, told: list[str]) -> None:
    async with SlackClient(local.url) as slack:
        for number, (how, word) in enumerate(ENDS.items(), start=1):
            await slack.command("alice", "deploys", f"/assent leak {how} to staging")
            card = await ended(slack, f"r-{number}", word)
            await slack.click("alice", card, button(card, "details")[1]["action_id"])
        places = {
            "what the local Slack shows": json.dumps(await slack.state("alice"), ensure_ascii=False),
            "calls of Slack's API": "\n".join(told),
            "uploaded files": "\n".join(await files(slack)),
        }
    async with connect(local.environment["REDIS_URL"]) as redis:
        await redis.config_set("rdbcompression", "no")
        await redis.save()
    for name in ("redis", "logs", "runs"):
        places[f"home/{name}"] = "\n".join(contents(local.home / name))
    places["the rest of the home"] = "\n".join(
        contents(local.home, without=("redis", "logs", "runs", "host"))
    )
    for words in ("audit export", "requests list --json"):
        places[words] = await assent(local, *words.split())
    for number in range(1, len(ENDS) + 1):
        for words in (f"requests show r-{number} --json", f"requests show r-{number}"):
            places[words] = await assent(local, *words.split())
    places["requests evidence"] = await assent(local, "requests", "evidence", "r-1", "--json")
    places["prompts of models"] = "\n".join(echo.prompts)

    found = {place: [*hits(text)] for place, text in places.items()}
    assert {place: said for place, said in found.items() if said} == {}
    blind = {place for place, text in places.items() if not seen(OPEN, text)}
    assert blind == {"home/logs", "home/runs"}  # what steps say is in no log, and nothing of a run is left
    assert places["uploaded files"].count("[redacted:") > 500
    assert places["home/logs"].count("ready:") == 2


def hits(text: str) -> Iterator[str]:
    for name, secret in SECRETS.items():
        if way := seen(secret, text):
            at = max(0, text.find(way) - 100)
            yield f"{name}: {way} in {text[at : at + 300]}"


def seen(secret: str, text: str) -> str:
    """The way it is written in there, also over lines; empty when it is not."""
    flat = "".join(text.replace("\\n", "").split())
    return next((one for one in needles(secret) if one in text or "".join(one.split()) in flat), "")


async def ended(slack: SlackClient, request: str, word: str) -> dict[str, Any]:
    return await slack.wait_for(
        "alice", "deploys", lambda m: request in json.dumps(m.get("blocks", [])) and word in m["text"], 120
    )


async def files(slack: SlackClient) -> list[str]:
    found = []
    async with ClientSession() as http:
        for message in await slack.messages("deploys", "alice"):
            for file in message.get("files", []):
                async with http.get(file["url_private"]) as answer:
                    found.append(await answer.text())
    return found


def contents(folder: Path, *, without: tuple[str, ...] = ()) -> list[str]:
    """Names and bytes of all that is kept; Redis has written every command it got into its log."""
    return [
        f"{path}\n{path.read_bytes().decode(errors='replace')}"
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in without
    ]


async def assent(local: Local, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", *words),
        env=local.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    return said.decode()
