"""Steps that send a request, and secrets that are handed to one step and seen nowhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.town import Town

SECRET = "s3cr3t/with+odd=signs"

SKILL = """
name: touch
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Tell a service something.
examples: ["touch word=hello to staging"]
inputs:
  type: object
  additionalProperties: false
  required: [word]
  properties:
    word: {type: string, maxLength: 200, description: The word to tell}
environments: [staging]
effects: {read_only: false, destructive: false, idempotent: false, open_world: false,
          risk: {staging: 20}, blast_radius: one service, lock: "${environment}"}
permissions:
  exec: [python3]
  env: [TOWN, BELL]
  hosts: ["${env.BELL}"]
  secrets: {bell_token: {from: %(from)s, steps: %(steps)s}}
cost: {ceiling_usd: {staging: "0.10"}}
plan:
  - {id: plan, run: [python3, %(plan)s, "${inputs.word}"], timeout: 20s}
steps:
  - id: tell
    title: Tell it
    timeout: %(timeout)s
    repeat: %(repeat)s
    http:
      method: POST
      url: "${env.BELL}/tell/${inputs.word}?word=${inputs.word}"
      headers: {Authorization: "Bearer ${secrets.bell_token}"}
      body: {word: "${inputs.word}", token: "${secrets.bell_token}"}
    %(probe)s
    undo: {http: {method: DELETE, url: "${env.BELL}/tell/${inputs.word}"}}
  - {id: listen, title: Listen, timeout: 20s, repeat: pure, run: [python3, listen.py]}
  - {id: after, title: After, timeout: 20s, repeat: pure, run: [python3, after.py]}
done_when:
  measure: {run: [python3, step.py, measure, "${inputs.word}"], timeout: 20s}
  checks: [{name: it is there, observed: lines, at_least: 0}]
on_fail: undo
limits: {wall: 1m, output_kb: 16}
"""

LISTEN = """
import json, os
from pathlib import Path
folder = Path(os.environ["ASSENT_SECRETS"])
found = (folder / "bell_token").read_text()
mode = oct((folder / "bell_token").stat().st_mode)
(Path(os.environ["TOWN"]) / "seen.json").write_text(json.dumps([found, mode]))
print("the token is", found)
print(json.dumps({"token": found}))
"""

PLAN_WITH = """
import json, os
from pathlib import Path
found = (Path(os.environ["ASSENT_SECRETS"]) / "bell_token").read_text()
print(json.dumps({"summary": f"with {found}", "target": {"identity": "bell", "revision": "1"},
                  "changes": [{"what": "bell", "from": "", "to": "hello"}], "undo": found}))
"""

PLAN_WITHOUT = """
import json, os
from pathlib import Path
left = [str(path) for path in Path(os.environ["HOME"]).rglob("*")] + [os.environ.get("ASSENT_SECRETS", "")]
print(json.dumps({"summary": "no secrets" if left == [""] else str(left), "undo": "",
                  "target": {"identity": "bell", "revision": "1"},
                  "changes": [{"what": "bell", "from": "", "to": "hello"}]}))
"""

AFTER = """
import os, sys
from pathlib import Path
home = Path(os.environ["HOME"])
left = [str(path) for path in home.rglob("*") if path.is_file()]
sys.exit(1 if left or "ASSENT_SECRETS" in os.environ else 0)
"""


@dataclass
class Bell:
    """A service of the test's own: what it was told, and how it answers."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    told: set[str] = field(default_factory=set)
    deaf_for_s: float = 0.0
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def tell(self, asked: web.Request) -> web.Response:
        body = await asked.text()
        self.heard.append({"path": asked.raw_path, "headers": dict(asked.headers), "body": body})
        self.rung.set()
        if asked.method == "DELETE":
            self.told.discard(asked.match_info["word"])
            return web.Response()
        if self.status < 300:
            self.told.add(asked.match_info["word"])
        await asyncio.sleep(self.deaf_for_s)
        if self.status == 302:
            raise web.HTTPFound("http://127.0.0.1:9/elsewhere")
        answer = {"told": asked.match_info["word"], "with": asked.headers.get("Authorization", "")}
        return web.json_response(answer, status=self.status)

    async def look(self, asked: web.Request) -> web.Response:
        if self.status >= 500:
            return web.Response(status=self.status)
        return web.Response(status=200 if asked.match_info["word"] in self.told else 404)


@pytest.fixture
async def bell() -> AsyncIterator[Bell]:
    ringing = Bell()
    app = web.Application()
    app.router.add_get("/tell/{word}", ringing.look)
    app.router.add_route("*", "/tell/{word}", ringing.tell)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ringing.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield ringing
    await runner.cleanup()


PROBE = 'probe: {http: {method: GET, url: "${env.BELL}/tell/${inputs.word}"}}'


def equip(
    town: Town,
    bell: Bell,
    *,
    source: str = "env:BELL_TOKEN",
    repeat: str = "idempotent",
    timeout: str = "20s",
    steps: str = "[tell, listen]",
    planning: str = "",
) -> None:
    folder = town.root / "skills" / "touch"
    probe = PROBE if repeat == "reconcilable" else ""
    said = {"from": source, "repeat": repeat, "timeout": timeout, "probe": probe, "steps": steps}
    said["plan"] = "plan.py" if planning else "step.py, plan"
    (folder / "plan.py").write_text(planning)
    (folder / "skill.yaml").write_text(SKILL % said)
    (folder / "listen.py").write_text(LISTEN)
    (folder / "after.py").write_text(AFTER)
    town.workshop.environment = {**town.workshop.environment, "BELL": bell.url, "BELL_TOKEN": SECRET}
    town.review()


def rewrite(town: Town, *pairs: str) -> None:
    """Other words in the manifest, reviewed anew."""
    manifest = town.root / "skills" / "touch" / "skill.yaml"
    text = manifest.read_text()
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    manifest.write_text(text)
    town.review()


async def told(town: Town, word: str = "hello") -> Request:
    request = await town.ask(f'touch word="{word}" to staging')
    return await town.run(request)


def planned(request: Request) -> str:
    assert request.assessment is not None
    return request.assessment.plan.summary


def outputs(request: Request) -> str:
    return "\n".join(
        f"{entry.step} {entry.phase}: {entry.output} {entry.result}" for entry in request.journal
    )


async def everything(town: Town) -> str:
    """All that Redis keeps, as one text."""
    redis: Any = town.store.redis
    kept = []
    async for key in redis.scan_iter():
        match await redis.type(key):
            case "hash":
                kept.append(str(await redis.hgetall(key)))
            case "list":
                kept.append(str(await redis.lrange(key, 0, -1)))
            case "stream":
                kept.append(str(await redis.xrange(key)))
            case "string":
                kept.append(str(await redis.get(key)))
    return "\n".join(kept)


async def test_a_request_is_sent_with_every_value_where_it_belongs(town: Town, bell: Bell) -> None:
    equip(town, bell)
    found = await told(town, "a/b?c&d=e")
    assert found.state is State.DONE, outputs(found)
    [heard] = bell.heard
    assert heard["path"] == "/tell/a%2Fb%3Fc%26d%3De?word=a%2Fb%3Fc%26d%3De"
    assert heard["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert json.loads(heard["body"]) == {"word": "a/b?c&d=e", "token": SECRET}
    assert len(heard["headers"]["Idempotency-Key"]) == 32


async def test_a_secret_is_handed_to_its_steps_and_is_nowhere_else(town: Town, bell: Bell) -> None:
    """The host sends it back, and the program prints it: neither journal nor audit nor anything has it."""
    equip(town, bell)
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert json.loads((town.folder / "seen.json").read_text()) == [SECRET, "0o100600"]
    kept = await everything(town)
    assert SECRET not in kept
    assert "s3cr3t%2Fwith" not in kept
    assert "the token is" in outputs(found)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("env:NOT_THERE", "NOT_THERE is not set for the worker"),
        ("file:/nowhere/token", "there is no file /nowhere/token"),
        ("file:/proc", "cannot be read from /proc"),
        ("{command: [no-such-vault, read]}", "comes from no-such-vault, which is not on this machine"),
        ("{command: ['false']}", "did not come: false ended with 1"),
    ],
)
async def test_without_its_secret_a_step_does_not_begin(
    town: Town, bell: Bell, source: str, words: str
) -> None:
    equip(town, bell, source=source)
    found = await told(town)
    assert found.state is State.FAILED
    assert found.outcome is not None
    assert words in found.outcome.sentence
    assert (bell.heard, found.journal) == ([], ())


async def test_what_one_step_was_handed_no_later_step_may_say(town: Town, bell: Bell) -> None:
    """A program leaves it in its folder, or a service that got it tells it to the next who asks."""
    equip(town, bell)
    folder = town.root / "skills" / "touch"
    with (folder / "listen.py").open("a") as more:
        more.write('(Path(os.environ["HOME"]) / "kept").write_text(found)\n')
    (folder / "after.py").write_text(
        'import os, json\nfound = open(os.environ["HOME"] + "/kept").read()\nprint("kept:", found)\n'
        'print(json.dumps({"is": found}))\n'
    )
    town.review()
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert "kept: [redacted:" in outputs(found)
    assert SECRET not in await everything(town)


@pytest.mark.parametrize("source", ["env:NOT_THERE", "file:/nowhere/token"])
async def test_without_a_secret_that_is_optional_it_begins_and_has_no_file(
    town: Town, bell: Bell, source: str
) -> None:
    equip(town, bell, source=source, steps="[plan, listen], optional: true", planning=PLAN_WITHOUT)
    rewrite(town, "Bearer ${secrets.bell_token}", "Bearer none", '"${secrets.bell_token}"', "none")
    found = await told(town)
    assert found.state is State.ROLLED_BACK, outputs(found)
    assert "KeyError: 'ASSENT_SECRETS'" in outputs(found)
    assert planned(found) == "no secrets"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("file:/proc", "cannot be read from /proc"),
        ("{command: ['false']}", "did not come: false ended with 1"),
    ],
)
async def test_optional_is_no_excuse_for_one_that_is_there_and_cannot_be_had(
    town: Town, bell: Bell, source: str, words: str
) -> None:
    """Else a vault that is down would make a step do with less what it was to do with a token."""
    equip(town, bell, source=source, steps="[listen], optional: true")
    rewrite(town, "Bearer ${secrets.bell_token}", "Bearer none", '"${secrets.bell_token}"', "none")
    found = await told(town)
    assert found.outcome is not None
    assert words in found.outcome.sentence


async def test_a_plan_has_the_secrets_that_name_it_and_shows_none(town: Town, bell: Bell) -> None:
    equip(town, bell, steps="[plan, tell, listen]", planning=PLAN_WITH)
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert planned(found).startswith("with [redacted:")
    assert SECRET not in await everything(town)


async def test_a_plan_has_no_secret_that_is_meant_for_steps(town: Town, bell: Bell) -> None:
    """It runs before anybody approves."""
    equip(town, bell, planning=PLAN_WITHOUT)
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert planned(found) == "no secrets"


async def test_without_its_secret_nothing_is_planned_and_it_says_why(town: Town, bell: Bell) -> None:
    equip(town, bell, source="env:NOT_THERE", steps="[plan, tell, listen]", planning=PLAN_WITH)
    refused = await town.get(await town.ask("touch word=hello to staging"))
    assert refused.state is State.REFUSED
    assert refused.outcome is not None
    assert "NOT_THERE is not set for the worker" in refused.outcome.sentence
    assert bell.heard == []


async def test_a_secret_may_come_from_a_file_or_from_a_vaults_client(town: Town, bell: Bell) -> None:
    kept = town.folder / "token"
    kept.write_text(f"{SECRET}\n")
    for source in (f"file:{kept}", f"{{command: [cat, {kept}]}}"):
        equip(town, bell, source=source)
        assert (await told(town)).state is State.DONE
        assert bell.heard[-1]["headers"]["Authorization"] == f"Bearer {SECRET}"


async def test_an_undo_is_another_thing_than_its_step(town: Town, bell: Bell) -> None:
    """A host that knows keys would give it the answer of the step, and do nothing."""
    equip(town, bell)
    bell.status = 400
    assert (await told(town)).state is State.ROLLED_BACK
    told_it, took_back = (heard["headers"]["Idempotency-Key"] for heard in bell.heard)
    assert told_it != took_back


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_what_is_not_expected_fails_and_is_taken_back(town: Town, bell: Bell, status: int) -> None:
    equip(town, bell)
    bell.status = status
    found = await told(town)
    assert found.state is State.ROLLED_BACK, outputs(found)
    assert [heard["path"].partition("?")[0] for heard in bell.heard] == ["/tell/hello", "/tell/hello"]


async def test_a_host_that_is_not_granted_is_not_asked(town: Town, bell: Bell) -> None:
    equip(town, bell)
    text = (town.root / "skills/touch/skill.yaml").read_text()
    granted = 'hosts: ["${env.BELL}"]'
    (town.root / "skills/touch/skill.yaml").write_text(text.replace(granted, "hosts: [bell.acme.test]"))
    assert "not in permissions.hosts" in str(town.artifacts.skills().broken)


async def test_what_was_not_answered_is_asked_about_and_not_sent_again(town: Town, bell: Bell) -> None:
    """It was heard and never answered: the probe knows."""
    equip(town, bell, repeat="reconcilable", timeout="1s")
    bell.deaf_for_s = 3.0
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert len(bell.heard) == 1


async def test_a_probe_that_is_answered_with_nonsense_cannot_tell(town: Town, bell: Bell) -> None:
    equip(town, bell, repeat="reconcilable", timeout="1s")
    bell.deaf_for_s, bell.status = 3.0, 503
    found = await told(town)
    assert found.state is State.INTERRUPTED
    assert len(bell.heard) == 1


async def test_what_must_never_run_twice_is_left_to_a_person(town: Town, bell: Bell) -> None:
    equip(town, bell, repeat="at_most_once", timeout="1s")
    bell.deaf_for_s = 3.0
    found = await told(town)
    assert found.state is State.INTERRUPTED
    assert len(bell.heard) == 1


async def test_every_attempt_has_the_same_key(town: Town, bell: Bell) -> None:
    equip(town, bell, timeout="1s")
    bell.deaf_for_s = 1.5
    found = await told(town)
    assert found.state is State.INTERRUPTED, "three times, and then a person"
    assert len(bell.heard) == 3
    assert len({heard["headers"]["Idempotency-Key"] for heard in bell.heard}) == 1


async def test_a_stop_ends_it(town: Town, bell: Bell) -> None:
    equip(town, bell)
    bell.deaf_for_s = 10.0
    request: RequestId = await town.ask("touch word=hello to staging")
    running = asyncio.create_task(town.run(request))
    await bell.rung.wait()
    await town.click(request, "stop", by="U0ALICE")
    found = await running
    assert found.state is State.ROLLED_BACK, outputs(found)
    assert bell.told == set()


async def test_nothing_begins_where_what_must_hold_does_not(town: Town, bell: Bell) -> None:
    """And where it does, it is looked at once, before anything else."""
    equip(town, bell)
    path = town.root / "skills/touch/skill.yaml"
    first = """preconditions:
  - {id: quiet, title: It is quiet, timeout: 5s, http: {method: GET, url: "${env.BELL}/tell/${inputs.word}"}}
steps:"""
    path.write_text(path.read_text().replace("steps:\n", first + "\n", 1))
    town.review()
    found = await told(town)
    assert (found.state, bell.heard) == (State.FAILED, [])
    assert found.outcome is not None
    assert "quiet does not hold, so nothing began." in found.outcome.sentence
    bell.told.add("hello")
    assert (await told(town)).state is State.DONE


async def test_what_is_safe_to_repeat_is_tried_again(town: Town, bell: Bell) -> None:
    equip(town, bell)
    path = town.root / "skills/touch/skill.yaml"
    again = "repeat: idempotent\n    retry: {attempts: 3, wait: 250ms}"
    path.write_text(path.read_text().replace("repeat: idempotent", again, 1))
    town.review()
    bell.status = 503
    found = await told(town)
    assert found.state is State.ROLLED_BACK
    posts = [heard for heard in bell.heard if heard["body"]]
    assert len(posts) == 3
    assert len({heard["headers"]["Idempotency-Key"] for heard in posts}) == 1
