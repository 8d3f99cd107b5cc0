"""The web process on the local Slack and a real Redis: what people see of it, also when something is away."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.artifacts import Artifacts
from bot.artifacts.lately import MOMENT_S
from bot.ask.catalog import Catalog
from bot.playground.server import LocalSlack
from bot.slack.manifest import manifest
from bot.store.embedded import EmbeddedRedis
from tests.slack.house import JSON, ROOT, SECRET, TEAM, House, command_of, config, is_card, living, pressed

COMMAND = "/assent deploy checkout 1.4.2 to staging"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with EmbeddedRedis(tmp_path / "redis") as redis, living(redis, tmp_path / "home") as made:
        yield made


async def test_a_command_is_kept_when_it_is_acknowledged_and_its_card_appears(house: House) -> None:
    body = urlencode(command_of("deploy checkout 1.4.2 to staging"))
    assert await house.post(body) == (200, "")
    kept = await house.request()
    assert kept is not None
    assert kept.invocation.inputs["version"] == "1.4.2"
    card = await house.card()
    assert card["metadata"]["event_payload"] == {"request_id": "r-1", "state": "planning"}


async def test_what_a_flood_of_commands_costs_does_not_grow_with_the_skills(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = Artifacts.skills, 0

    def counted(self: Artifacts) -> Catalog:
        nonlocal looks
        looks += 1
        return look(self)

    monkeypatch.setattr(Artifacts, "skills", counted)
    began = time.monotonic()
    for number in range(60):
        body = urlencode({**command_of("deploy checkout 1.4.2 to staging"), "trigger_id": f"1.2.{number}"})
        assert await house.post(body) == (200, "")
    took = time.monotonic() - began
    assert looks <= 1 + took / MOMENT_S
    assert await house.request("r-60") is not None


async def test_the_same_command_delivered_again_is_the_same_request(house: House) -> None:
    body = urlencode(command_of("deploy checkout 1.4.2 to staging"))
    await house.post(body)
    status, text = await house.post(body)
    assert (status, json.loads(text)["text"]) == (200, "That is r-1 already.")
    assert await house.request("r-2") is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("depoy checkout", "There is no skill depoy. Did you mean deploy?"),
        ("deploy checkout 1.4.2 to prd", "prd is no environment."),
        ("status r-x", "r-x is no request."),
        ('deploy "checkout', "is never closed"),
    ],
)
async def test_a_slip_is_answered_in_words_and_nothing_is_kept(house: House, text: str, answer: str) -> None:
    status, body = await house.post(urlencode(command_of(text)))
    assert status == 200
    assert answer in json.loads(body)["text"]
    assert json.loads(body)["response_type"] == "ephemeral"
    assert await house.request() is None


async def test_what_is_not_slacks_now_or_readable_changes_nothing(house: House) -> None:
    body = urlencode(command_of("deploy checkout 1.4.2 to staging"))
    answers = [
        await house.post(body, secret="other"),
        await house.post(body, at=int(time.time()) - 400),
        await house.post(body, at=int(time.time()) + 400),
        await house.post("{", content_type=JSON),
        await house.post("payload=%7B"),
        await house.post(body, content_type="text/plain"),
        await house.post("x" * 1_100_000),
    ]
    assert [status for status, _ in answers] == [401, 401, 401, 400, 400, 400, 413]
    assert await house.request() is None


async def test_another_workspace_is_told_so(house: House) -> None:
    status, body = await house.post(urlencode({**command_of("status"), "team_id": "T0OTHER"}))
    assert (status, json.loads(body)["text"]) == (200, "I do not work for this workspace.")


async def test_slack_may_verify_the_address(house: House) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c7"})
    status, text = await house.post(body, content_type=JSON)
    assert status == 200
    assert "c7" in text


@pytest.mark.parametrize(
    "kind", ["view_closed", "shortcut", "message_action", "block_suggestion", "unheard_of"]
)
async def test_what_nobody_listens_to_is_taken_all_the_same(house: House, kind: str) -> None:
    payload = {
        "type": kind,
        "team": {"id": TEAM},
        "user": {"id": "U0ALICE"},
        "callback_id": "x",
        "action_id": "x",
        **({"view": {"type": "modal", "callback_id": "x"}} if kind == "view_closed" else {}),
    }
    status, _ = await house.post(urlencode({"payload": json.dumps(payload)}))
    assert status == 200


async def test_a_channel_without_the_bot_refuses_the_request_to_the_requester(house: House) -> None:
    await house.people.command("alice", "random", COMMAND)
    assert "I am not in this channel" in await house.whisper("alice", "random", "could not post")
    kept = await house.request()
    assert kept is not None
    assert kept.state == "refused"


async def test_production_is_not_shown_to_another_organisation(house: House) -> None:
    await house.people.command("alice", "partners", "/assent deploy checkout 1.4.2 to production")
    assert "shared with another organisation" in await house.whisper("alice", "partners", "could not post")
    assert not [m for m in await house.people.messages("partners", "sam") if is_card(m)]


async def test_a_guest_is_refused_privately(house: House) -> None:
    await house.people.command("gus", "deploys", COMMAND)
    assert "Guests cannot ask" in await house.whisper("gus", "deploys", "Guests")
    assert not [m for m in await house.people.messages("deploys", "bob") if is_card(m)]


@pytest.mark.parametrize(
    "fault",
    [{"status": 429, "retry_after": 1}, {"status": 500}, {"error": "internal_error"}],
    ids=["429 with Retry-After", "500", "an internal error"],
)
async def test_a_card_that_slack_does_not_take_now_is_posted_once_later(
    house: House, fault: dict[str, Any]
) -> None:
    await house.fails(method="chat.postMessage", times=1, **fault)
    await house.people.command("alice", "deploys", COMMAND)
    await house.card()
    calls = await house.calls("chat.postMessage")
    assert [each["ok"] for each in calls] == [False, True]


async def test_a_forged_button_is_refused_privately_and_changes_nothing(house: House) -> None:
    await house.people.command("alice", "deploys", COMMAND)
    card = await house.card("bob")
    before = await house.request()
    value = card["blocks"][-2]["elements"][0]["value"]
    for forged in (value[:-2] + "xx", value.replace("r-1.", "r-2."), "", "r-1.0."):
        await house.post(urlencode({"payload": json.dumps(pressed(card, "cancel", forged))}))
    assert "not made by me" in await house.whisper("bob", "deploys", "not made by me")
    assert await house.request() == before


async def test_the_same_press_delivered_twice_is_answered_once(house: House) -> None:
    await house.people.command("alice", "deploys", COMMAND)
    card = await house.card()
    value = card["blocks"][-2]["elements"][0]["value"]
    body = urlencode({"payload": json.dumps(pressed(card, "cancel", value, user="U0ALICE"))})
    await house.post(body)
    await house.post(body)
    await house.whisper("alice", "deploys", "r-1 is cancelled")
    await house.people.wait_for("alice", "deploys", lambda m: is_card(m) and "Cancelled" in m["text"])
    said = [m for m in await house.people.ephemerals("deploys", "alice") if "cancelled" in m["text"]]
    assert len(said) == 1


async def test_somebody_slack_does_not_tell_of_is_asked_once_to_try_again(house: House) -> None:
    await house.people.command("alice", "deploys", COMMAND)
    card = await house.card("bob")
    before = await house.request()
    await house.fails(method="users.info", times=4, status=500)
    value = card["blocks"][-2]["elements"][0]["value"]
    await house.post(urlencode({"payload": json.dumps(pressed(card, "cancel", value))}))
    said = await house.whisper("bob", "deploys", "I cannot ask Slack who you are")
    assert said.count("try again") == 1
    assert "was not counted" in said
    assert await house.request() == before


async def test_a_mention_in_the_exact_form_is_a_request(house: House) -> None:
    await house.people.say("alice", "deploys", "<@U0ASSENTBOT> deploy checkout 1.4.2 to staging")
    await house.card()
    kept = await house.request()
    assert kept is not None
    assert kept.invocation.skill == "deploy"


async def test_other_words_get_help_with_examples(house: House) -> None:
    await house.people.say("alice", "@app", "please make it faster")
    answer = await house.people.wait_for("alice", "@app", lambda m: "exact form" in m["text"])
    assert "deploy checkout" in answer["text"]
    assert await house.request() is None


async def test_no_words_open_a_form_that_says_what_is_wrong_where_it_is(house: House) -> None:
    await house.people.command("alice", "deploys", "/assent")
    [chooser] = (await house.people.until("alice", _opened))["views"]
    await house.people.submit("alice", chooser, {"skill": "deploy"})
    [form] = (
        await house.people.until("alice", lambda s: _opened(s) if "service" in str(s["views"]) else None)
    )["views"]
    wrong = await house.people.submit(
        "alice", form, {"service": "checkout", "version": "newest", "environment": "staging"}
    )
    assert "version" in wrong["errors"]
    assert await house.request() is None
    right = {"service": "checkout", "version": "1.4.2", "environment": "staging"}
    assert (await house.people.submit("alice", form, right))["ok"]
    await house.card()


async def test_home_lists_what_i_asked_for(house: House) -> None:
    await house.people.command("alice", "deploys", COMMAND)
    await house.card()
    await house.people.open_home("alice")
    state = await house.people.until("alice", lambda s: s if s["home"] else None)
    assert "*r-1* deploy checkout 1.4.2 to staging: planning" in json.dumps(state["home"], ensure_ascii=False)


async def test_guests_are_not_told_what_runs(house: House) -> None:
    await house.people.command("gus", "deploys", "/assent status")
    assert "full members" in await house.whisper("gus", "deploys", "full members")


async def test_with_redis_away_people_are_told_and_nothing_starts(tmp_path: Path) -> None:
    redis = EmbeddedRedis(tmp_path / "redis")
    url = redis.__enter__()
    async with living(url, tmp_path / "home") as house:
        redis.__exit__(None, None, None)
        status, body = await house.post(urlencode(command_of("deploy checkout 1.4.2 to staging")))
        assert status == 200
        assert "I cannot reach my store. Nothing was started" in json.loads(body)["text"]
        async with house.http.get(f"{house.url}/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["checks"]["redis"].startswith("away")


async def test_a_store_that_hangs_is_said_before_slack_gives_up(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path / "redis") as redis, living(redis, tmp_path / "home") as house:
        await house.people.command("alice", "deploys", COMMAND)
        card = await house.card("bob")
        value = card["blocks"][-2]["elements"][0]["value"]
        press = urlencode({"payload": json.dumps(pressed(card, "cancel", value, user="U0ALICE"))})
        again = urlencode({**command_of("deploy checkout 1.4.2 to development"), "trigger_id": "hung"})
        server = (await house.store.redis.info("server"))["process_id"]
        os.kill(server, signal.SIGSTOP)
        try:
            began = time.monotonic()
            answers = await asyncio.gather(house.post(again), house.post(press), _ready(house))
            assert time.monotonic() - began < 3.0
        finally:
            os.kill(server, signal.SIGCONT)
        assert "see whether a card comes" in json.loads(answers[0][1])["text"]
        assert answers[1:] == [(503, ""), 503]
        # Both were sent: the store takes them when it wakes, each once, also when they are said again.
        await house.people.wait_for("alice", "deploys", lambda m: is_card(m) and "Cancelled" in m["text"])
        await house.people.wait_for("alice", "deploys", lambda m: is_card(m) and "development" in m["text"])
        assert json.loads((await house.post(again))[1])["text"] == "That is r-2 already."


async def _ready(house: House) -> int:
    async with house.http.get(f"{house.url}/readyz") as answer:
        return answer.status


async def test_help_does_not_call_policies_that_broke_nothing_you_may_ask_for(tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", policies)
    async with (
        EmbeddedRedis(tmp_path / "redis") as redis,
        living(redis, tmp_path / "home", ASSENT_POLICIES=str(policies)) as house,
    ):
        await house.people.command("alice", "deploys", "/assent help")
        await house.whisper("alice", "deploys", "What you can ask for")
        (policies / "broken.yaml").write_text("name: broken\nname: twice\n")
        await house.people.command("alice", "deploys", "/assent help")
        assert "broken.yaml:2" in await house.whisper("alice", "deploys", "The policies do not load")


async def test_policies_that_do_not_load_arm_nothing_and_say_where(tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "broken.yaml").write_text("name: broken\nname: twice\n")
    async with (
        EmbeddedRedis(tmp_path / "redis") as redis,
        living(redis, tmp_path / "home", ASSENT_POLICIES=str(policies)) as house,
    ):
        _, body = await house.post(urlencode(command_of("deploy checkout 1.4.2 to staging")))
        assert "The policies do not load, so nothing may run" in json.loads(body)["text"]
        assert "broken.yaml" in json.loads(body)["text"]
        assert await house.request() is None


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        pytest.param("", {"alerts": []}, 401, id="no secret"),
        pytest.param("wrong", {"alerts": []}, 401, id="a wrong secret"),
        pytest.param("alarm", {"alarms": []}, 400, id="not Alertmanager's"),
        pytest.param("alarm", {"alerts": [{"status": "firing", "labels": {"a": "b"}}]}, 200, id="an alert"),
    ],
)
async def test_alerts_need_the_secret_and_nobody_listens_yet(
    house: House, secret: str, body: dict[str, Any], status: int
) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    async with house.http.post(f"{house.url}/alerts", json=body, headers=headers) as answer:
        assert answer.status == status
        if status == 200:
            assert (await answer.json())["accepted"] == 0


async def test_health_readiness_and_metrics(house: House) -> None:
    async with house.http.get(f"{house.url}/healthz") as alive:
        assert alive.status == 200
    async with house.http.get(f"{house.url}/readyz") as ready:
        assert ready.status == 200
        assert set((await ready.json())["checks"]) == {"redis", "artifacts", "memory", "slack"}
    async with house.http.get(f"{house.url}/metrics") as metrics:
        assert "assent_slack_answers_total" in await metrics.text()


async def test_over_sockets_it_is_the_same(tmp_path: Path) -> None:
    async with (
        EmbeddedRedis(tmp_path / "redis") as redis,
        living(redis, tmp_path / "home", SLACK_APP_TOKEN="xapp-local") as house,
    ):
        await house.people.command("alice", "deploys", COMMAND)
        await house.card()
        await house.slack.refresh_sockets(one_only=True)
        await house.people.command("bob", "deploys", COMMAND)
        await house.people.wait_for("bob", "deploys", lambda m: is_card(m) and "U0BOB" in m["text"])


async def test_the_process_ends_with_zero_on_sigterm_and_knows_no_litellm(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path / "redis") as redis:
        settings = config(redis, tmp_path / "home")
        slack = LocalSlack(manifest=manifest(settings), signing_secret=SECRET, bot_token="xoxb-local")
        await slack.start()
        code = "import sys, bot.web; bot.web.main(); print('litellm' in sys.modules)"
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "REDIS_URL": redis, "SLACK_BOT_TOKEN": "xoxb-local", "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": slack.api_url, "HOST": "127.0.0.1", "PORT": "0",
            "ASSENT_HOME": str(tmp_path / "home"),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        async with asyncio.timeout(120):  # a hang is what this is about, and not how busy the machine is
            while b"ready: http" not in await process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            out, _ = await process.communicate()
        assert (process.returncode, out.decode().strip()) == (0, "False")
        await slack.close()


def _opened(state: dict[str, Any]) -> dict[str, Any] | None:
    return state if state["views"] else None
