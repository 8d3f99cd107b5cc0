"""Steps that ask a connector: in the worker, where its credential stays, and only what was permitted."""

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
from tests.flow.test_deeds import everything, outputs
from tests.flow.town import Town

SECRET = "s3cr3t/with+odd=signs"

SKILL = """
name: touch
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Silence a service.
examples: ["touch word=hello to staging"]
inputs:
  type: object
  additionalProperties: false
  required: [word]
  properties:
    word: {type: string, maxLength: 200, description: The service}
environments: [staging]
effects: {read_only: false, destructive: false, idempotent: false, open_world: false,
          risk: {staging: 20}, blast_radius: one service, lock: "${environment}"}
permissions:
  exec: [python3]
  env: [TOWN]
  verbs: ["alertmanager:silences:create", "alertmanager:silences:delete", "alertmanager:silences:list",
          "prometheus:query"]
cost: {ceiling_usd: {staging: "0.10"}}
plan:
  - {id: plan, run: [python3, step.py, plan, "${inputs.word}"], timeout: 20s}
%(first)s
steps:
  - id: quiet
    title: Silence it
    timeout: %(timeout)s
    repeat: %(repeat)s
    connector:
      name: alertmanager
      verb: silences:create
      with: {labels: {service: "${inputs.word}"}, for: 30m, comment: "For ${inputs.word}"}
    %(probe)s
    undo:
      connector: {name: alertmanager, verb: "silences:delete", with: {operation: "${idempotency_key}"}}
  - id: look
    title: Look
    timeout: 5s
    repeat: pure
    connector:
      name: prometheus
      verb: query
      with: {query: "up{job=$job}", values: {job: "${inputs.word}"}}
      expect: %(expect)s
done_when:
  measure: {run: [python3, step.py, measure, "${inputs.word}"], timeout: 20s}
  checks: [{name: it is there, observed: lines, at_least: 0}]
on_fail: undo
limits: {wall: 1m, output_kb: 16}
"""
PROBE = """probe:
      connector: {name: alertmanager, verb: "silences:list", with: {operation: "${idempotency_key}"}}"""
FIRST = """preconditions:
  - {id: up, title: It is up, timeout: 5s,
     connector: {name: prometheus, verb: query, with: {query: "up == 1"}}}"""
CONNECTORS = """
connectors:
  alertmanager: {kind: alertmanager, url: "%(url)s/am", credential: {from: %(from)s}}
  prometheus: {kind: prometheus, url: "%(url)s/prom/"}
"""


@dataclass
class Desk:
    """The part of Alertmanager's and Prometheus' API that is asked here, and how it can go wrong."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    silences: list[dict[str, Any]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    says: str = ""
    breaks: tuple[str, ...] = ("POST",)
    deaf_for_s: float = 0.0
    tells: str = ""
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def any(self, asked: web.Request) -> web.StreamResponse:
        body = await asked.text()
        self.heard.append(
            {"method": asked.method, "path": asked.raw_path, "headers": dict(asked.headers), "body": body}
        )
        failing = self.status >= 300 and asked.method in self.breaks
        if asked.method == "POST" and not failing:
            self.silences.append(
                {"id": f"{len(self.silences)}{self.tells}", "status": {"state": "active"}, **json.loads(body)}
            )
        if asked.method == "DELETE":
            for one in self.silences:
                one["status"] = {"state": "expired"}
            return web.Response()
        if asked.method == "POST":
            self.rung.set()
            await asyncio.sleep(self.deaf_for_s)
        if failing:
            headers = {"Location": f"{self.url}/elsewhere?{SECRET}"} if self.status < 400 else {}
            return web.Response(status=self.status, headers=headers, text=self.says)
        if asked.method == "POST":
            return web.json_response({"silenceID": self.silences[-1]["id"], "seen": SECRET})
        if asked.path.startswith("/prom"):
            data = {"resultType": "vector", "result": self.found}
            return web.json_response({"status": "success", "data": data})
        return web.json_response(self.silences)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    sitting = Desk()
    app = web.Application()
    app.router.add_route("*", "/{way:.*}", sitting.any)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sitting.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield sitting
    await runner.cleanup()


def equip(
    town: Town,
    desk: Desk,
    *,
    source: str = "env:AM_TOKEN",
    repeat: str = "idempotent",
    timeout: str = "20s",
    expect: str = "{}",
    first: str = "",
) -> None:
    probe = PROBE if repeat == "reconcilable" else ""
    said = {"repeat": repeat, "timeout": timeout, "probe": probe, "expect": expect, "first": first}
    (town.root / "skills/touch/skill.yaml").write_text(SKILL % said)
    (town.root / "policies/connectors.yaml").write_text(CONNECTORS % {"url": desk.url, "from": source})
    town.workshop.environment = {**town.workshop.environment, "AM_TOKEN": SECRET}
    assert not town.artifacts.skills().broken, town.artifacts.skills().broken
    assert not town.artifacts.policies().problems, town.artifacts.policies().problems
    town.review()


async def told(town: Town, word: str = "hello") -> Request:
    request = await town.ask(f"touch word='{word}' to staging")
    return await town.run(request)


def posts(desk: Desk) -> list[dict[str, Any]]:
    return [one for one in desk.heard if one["method"] == "POST"]


async def test_a_verb_is_asked_by_the_worker_with_its_credential_and_every_value_where_it_belongs(
    town: Town, desk: Desk
) -> None:
    equip(town, desk)
    found = await told(town, 'a"} or up{x="1')
    assert found.state is State.DONE, outputs(found)
    [post] = posts(desk)
    assert post["path"] == "/am/api/v2/silences"
    assert post["headers"]["Authorization"] == f"Bearer {SECRET}"
    body = json.loads(post["body"])
    assert body["matchers"] == [
        {"name": "service", "value": 'a"} or up{x="1', "isRegex": False, "isEqual": True}
    ]
    key = post["headers"]["Idempotency-Key"]
    assert body["comment"].endswith(f"[assent {key}]")
    [asked] = [one for one in desk.heard if one["path"].startswith("/prom")]
    assert "Authorization" not in asked["headers"], "another service gets no credential of this one"
    assert "query=up%7Bjob%3D%22a%5C%22%7D+or+up%7Bx%3D%5C%221%22%7D" in asked["path"]
    [made] = [entry for entry in found.journal if (entry.step, entry.event) == ("quiet", "ended")]
    assert made.result == {"id": "0", "made_before": False}


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 500])
async def test_the_credential_is_nowhere_whatever_is_answered(town: Town, desk: Desk, status: int) -> None:
    """In an error's body, in a redirect, in a good answer: no journal, card or audit has it."""
    equip(town, desk)
    desk.status = status
    desk.says = json.dumps({"message": f"Bearer {SECRET} {'x' * 380} {SECRET}", "error": SECRET})
    desk.tells = SECRET
    found = await told(town)
    assert found.state is (State.DONE if status == 200 else State.ROLLED_BACK), outputs(found)
    kept = await everything(town)
    assert status != 200 or "[redacted:" in outputs(found)
    for shape in (SECRET, "s3cr3t", "s3cr3t%2Fwith", "czNjcjN0L3dpdGgrb2RkPXNpZ25z"):
        assert shape not in kept
    if 300 <= status < 400:
        assert not any("elsewhere" in one["path"] for one in desk.heard)
        assert "not followed" in outputs(found)
    if status in (401, 403):
        assert "env:AM_TOKEN" in outputs(found)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("env:NOT_THERE", "NOT_THERE is not set for the worker"),
        ("file:/nowhere/token", "there is no file /nowhere/token"),
        ("{command: ['false']}", "did not come: false ended with 1"),
    ],
)
async def test_without_its_credential_a_step_does_not_begin(
    town: Town, desk: Desk, source: str, words: str
) -> None:
    equip(town, desk, source=source)
    found = await told(town)
    assert found.state is State.FAILED
    assert found.outcome is not None
    assert words in found.outcome.sentence
    assert "alertmanager (policies/connectors.yaml)" in found.outcome.sentence
    assert (desk.heard, found.journal) == ([], ())


async def test_a_skill_whose_connector_is_not_configured_does_not_start(town: Town, desk: Desk) -> None:
    equip(town, desk)
    (town.root / "policies/connectors.yaml").unlink()
    request = await town.accept("touch word=hello to staging")
    await town.flow.admit(request)
    await town.labour.judging.plan(request, worker="w1")
    found = await town.get(request)
    assert found.state is State.REFUSED
    assert found.outcome is not None
    assert found.outcome.sentence == (
        "touch asks the connector alertmanager, and policies/connectors.yaml has none of that name. "
        "Add there: alertmanager: {kind: alertmanager, url: …, credential: …}."
    )


async def test_a_connector_that_leads_elsewhere_now_is_not_what_was_approved(town: Town, desk: Desk) -> None:
    equip(town, desk)
    request = await town.ask("touch word=hello to staging")
    path = town.root / "policies/connectors.yaml"
    path.write_text(path.read_text().replace("/am", "/other"))
    found = await town.run(request)
    assert found.state is State.VOIDED
    assert "what policies/connectors.yaml says of alertmanager, prometheus changed" in " ".join(found.notes)
    assert desk.heard == []


async def test_a_connector_that_it_does_not_ask_may_change(town: Town, desk: Desk) -> None:
    equip(town, desk)
    request = await town.ask("touch word=hello to staging")
    path = town.root / "policies/connectors.yaml"
    path.write_text(path.read_text() + "  loki: {kind: loki, url: 'http://127.0.0.1:9'}\n")
    assert (await town.run(request)).state is State.DONE


async def test_a_connector_that_changes_under_a_run_stops_its_successor(town: Town, desk: Desk) -> None:
    equip(town, desk, timeout="1s")
    desk.deaf_for_s = 1.5
    request = await town.ask("touch word=hello to staging")
    running = asyncio.create_task(hasty(town).run(request))
    await desk.rung.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    path = town.root / "policies/connectors.yaml"
    path.write_text(path.read_text().replace("/am", "/other"))
    found = await _taken_over(town, request)
    assert found.state is State.INTERRUPTED
    assert "what policies/connectors.yaml says of its connectors changed while this ran" in " ".join(
        found.notes
    )
    assert len(posts(desk)) == 1


@pytest.mark.parametrize(
    ("repeat", "state"),
    [
        ("idempotent", State.DONE),
        ("reconcilable", State.DONE),
        ("at_most_once", State.INTERRUPTED),
    ],
)
async def test_a_worker_that_dies_in_the_middle_leaves_one_silence(
    town: Town, desk: Desk, repeat: str, state: State
) -> None:
    """It was heard, and nobody heard the answer: the successor looks by its key, or a person is asked."""
    equip(town, desk, repeat=repeat)
    desk.deaf_for_s = 60.0
    request = await town.ask("touch word=hello to staging")
    running = asyncio.create_task(hasty(town).run(request))
    await desk.rung.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    desk.deaf_for_s = 0.0
    assert await town.state(request) is State.RUNNING
    found = await _taken_over(town, request)
    assert found.state is state, outputs(found)
    assert (len(posts(desk)), len(desk.silences)) == (1, 1)


def hasty(town: Town) -> Town:
    """The same town with workers that are given up soon."""
    again = Town(town.store.redis, town.streams.reader, town.root, lease_s=1.5, directory=town.directory)
    again.workshop.environment = town.workshop.environment
    return again


async def _taken_over(town: Town, request: RequestId) -> Request:
    """By another worker, once the lease of the first has run out."""
    again = hasty(town)
    for _ in range(200):
        await again.labour.sweeping.timers()
        found = await again.run(request, worker="w2")
        if found.state is not State.RUNNING:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("nobody took it over")


async def test_what_was_made_is_taken_back_by_its_key(town: Town, desk: Desk) -> None:
    equip(town, desk, expect="{count: 1}")
    found = await told(town)
    assert found.state is State.ROLLED_BACK, outputs(found)
    assert "count is 0, and 1 is expected." in outputs(found)
    assert [one["status"] for one in desk.silences] == [{"state": "expired"}]


async def test_what_was_not_answered_is_asked_about_and_not_sent_again(town: Town, desk: Desk) -> None:
    equip(town, desk, repeat="reconcilable", timeout="1s")
    desk.deaf_for_s = 1.5
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert len(posts(desk)) == 1


@pytest.mark.parametrize("status", [302, 401, 403, 429, 500, 503])
async def test_a_probe_whose_answer_says_nothing_cannot_tell(town: Town, desk: Desk, status: int) -> None:
    equip(town, desk, repeat="reconcilable", timeout="1s")
    desk.deaf_for_s = 1.5
    request = await town.ask("touch word=hello to staging")
    running = asyncio.create_task(town.run(request))
    await desk.rung.wait()
    desk.status, desk.breaks = status, ("GET",)
    found = await running
    assert found.state is State.INTERRUPTED, outputs(found)
    assert len(posts(desk)) == 1


async def test_what_must_never_run_twice_is_left_to_a_person(town: Town, desk: Desk) -> None:
    equip(town, desk, repeat="at_most_once", timeout="1s")
    desk.deaf_for_s = 1.5
    found = await told(town)
    assert found.state is State.INTERRUPTED
    assert len(posts(desk)) == 1


async def test_a_second_attempt_finds_what_the_first_made(town: Town, desk: Desk) -> None:
    """It was made and not answered: the attempt after it looks first, by the step's key."""
    equip(town, desk, timeout="1s")
    desk.deaf_for_s = 1.5
    found = await told(town)
    assert found.state is State.DONE, outputs(found)
    assert (len(posts(desk)), len(desk.silences)) == (1, 1)
    assert '"made_before": true' in outputs(found)


async def test_a_stop_ends_it(town: Town, desk: Desk) -> None:
    equip(town, desk)
    desk.deaf_for_s = 10.0
    request: RequestId = await town.ask("touch word=hello to staging")
    running = asyncio.create_task(town.run(request))
    await desk.rung.wait()
    await town.click(request, "stop", by="U0ALICE")
    found = await running
    assert found.state is State.ROLLED_BACK, outputs(found)
    assert [one["status"] for one in desk.silences] == [{"state": "expired"}]


async def test_nothing_begins_where_what_must_hold_does_not(town: Town, desk: Desk) -> None:
    equip(town, desk, first=FIRST)
    found = await told(town)
    assert (found.state, posts(desk)) == (State.FAILED, [])
    assert found.outcome is not None
    assert "up does not hold, so nothing began." in found.outcome.sentence
    desk.found = [{"metric": {}, "value": [1, "1"]}]
    assert (await told(town)).state is State.DONE


async def test_more_than_may_be_kept_is_cut_and_says_so(town: Town, desk: Desk) -> None:
    equip(town, desk)
    desk.found = [{"metric": {"pod": "x" * 100}, "value": [1, "1"]} for _ in range(1000)]
    found = await told(town)
    [looked] = [entry for entry in found.journal if (entry.step, entry.event) == ("look", "ended")]
    assert looked.result is not None
    assert looked.result["count"] == 1000
    kept, left = looked.result["series"], looked.result["left_out"]
    assert isinstance(kept, list)
    assert isinstance(left, int)
    assert len(kept) + left == 1000
    assert len(json.dumps(looked.result)) <= 16 * 1024


async def test_an_undo_is_another_thing_than_its_step(town: Town, desk: Desk) -> None:
    """It silences too: were its key the step's, it would find what the step made and do nothing."""
    equip(town, desk, expect="{count: 1}")
    undo = '{operation: "${idempotency_key}"}'
    town.edit("skills/touch/skill.yaml", "silences:delete", "silences:create")
    town.edit(
        "skills/touch/skill.yaml", f"with: {undo}", "with: {labels: {undo: x}, for: 1m, comment: Undone}"
    )
    town.edit("skills/touch/skill.yaml", '"alertmanager:silences:create", "alertmanager:silences:create",',
              '"alertmanager:silences:create",')  # fmt: skip
    town.review()
    found = await told(town)
    assert found.state is State.ROLLED_BACK, outputs(found)
    step, undone = posts(desk)
    assert step["headers"]["Idempotency-Key"] != undone["headers"]["Idempotency-Key"]
    assert json.loads(undone["body"])["matchers"][0]["name"] == "undo"


async def test_what_is_stopped_before_it_begins_is_never_sent(town: Town, desk: Desk) -> None:
    from tests.connectors.asking import ask

    stop = asyncio.Event()
    stop.set()
    settings = {"kind": "alertmanager", "url": desk.url}
    arguments = {"labels": {"a": "b"}, "for": "1m", "comment": "x"}
    finished = await ask(settings, "silences:create", arguments, stop=stop)
    assert (finished.stopped, finished.cut, finished.exit_code, desk.heard) == (True, False, 2, [])


async def test_who_approves_can_read_where_a_verb_leads(town: Town, desk: Desk) -> None:
    """It is a part of what was judged, so a card that is drawn later still tells what was approved."""
    equip(town, desk)
    request = await town.get(await town.ask("touch word=hello to staging"))
    assert request.assessment is not None
    assert request.assessment.asks == (f"alertmanager: {desk.url}/am", f"prometheus: {desk.url}/prom")
