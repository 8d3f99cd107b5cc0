"""`assent doctor` looks at everything, says what to do, and ends with 1 only when something is wrong."""

# ruff: noqa: E501 — what is written into files is text

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from redis import Redis

from bot.config import Config
from bot.playground.server import LocalSlack
from bot.slack.manifest import manifest


@contextmanager
def slack(without: str = "") -> Iterator[str]:
    """The local Slack on a loop of its own, since commands have theirs. Gives the URL of its Web API."""
    made = manifest(Config(public_url="http://127.0.0.1:1"))
    made["oauth_config"]["scopes"]["bot"].remove(without) if without else None
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    async def start() -> LocalSlack:
        local = LocalSlack(manifest=made, signing_secret="secret", bot_token="xoxb-right")
        await local.start()
        return local

    local = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield local.api_url
    finally:
        asyncio.run_coroutine_threadsafe(local.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_everything_that_is_missing_is_said_at_once(assent) -> None:
    ran = assent("doctor")
    assert ran.code == 1
    for name in ("REDIS_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        assert f"{name} is not set: assent web needs" in ran.said
    assert "Set ASSENT_POLICIES" in ran.said


def test_a_program_can_read_every_line(assent) -> None:
    ran = assent("doctor", "--json")
    assert ran.code == 1
    lines = json.loads(ran.out)
    assert all(line.keys() == {"about", "verdict", "said"} for line in lines)
    assert any(line["verdict"] == "wrong" and "REDIS_URL is not set" in line["said"] for line in lines)


def test_a_healthy_house_is_good(assent, artifacts, redis_url: str) -> None:
    with slack() as api:
        ran = assent("doctor", env={**artifacts, **house(redis_url, api)})
    assert ran.code == 0, ran.said
    assert "wrong" not in ran.said
    assert "assent in Acme" in ran.said
    skills = len(list(Path(artifacts["ASSENT_SKILLS"]).glob("*/skill.yaml")))
    assert f"{skills} skills, 1 policies" in ran.said


def test_a_forgetful_redis_is_wrong_in_production_and_a_warning_in_development(
    assent, artifacts, redis_url: str
) -> None:
    with Redis.from_url(redis_url) as client, slack() as api:
        client.config_set("appendfsync", "everysec")
        try:
            refused = assent("doctor", env={**artifacts, **house(redis_url, api)})
            warned = assent(
                "doctor", env={**artifacts, **house(redis_url, api), "ASSENT_REDIS_CHECK": "warn"}
            )
        finally:
            client.config_set("appendfsync", "always")
    assert refused.code == 1
    assert warned.code == 0
    assert "CONFIG SET appendfsync always" in refused.said
    assert "CONFIG SET appendfsync always" in warned.said


def test_a_missing_scope_is_named_with_what_would_not_work(assent, artifacts, redis_url: str) -> None:
    with slack(without="usergroups:read") as api:
        ran = assent("doctor", env={**artifacts, **house(redis_url, api)})
    assert ran.code == 1
    assert "the scope usergroups:read is missing (who may approve)" in ran.said


def test_a_wrong_token_is_said_and_not_shown(assent, artifacts, redis_url: str) -> None:
    with slack() as api:
        env = {**artifacts, **house(redis_url, api), "SLACK_BOT_TOKEN": "xoxb-hunter2"}
        ran = assent("doctor", env=env)
    assert ran.code == 1
    assert "auth.test says invalid_auth: copy SLACK_BOT_TOKEN again" in ran.said
    assert "hunter2" not in ran.said


def test_what_cannot_be_reached_is_named_without_its_password(assent, artifacts) -> None:
    env = {
        **artifacts,
        **house("redis://:hunter2@127.0.0.1:1/0", "http://127.0.0.1:1/api/"),
    }
    ran = assent("doctor", env=env)
    assert ran.code == 1
    assert "Redis at redis://:***@127.0.0.1:1/0 cannot be reached" in ran.said
    assert "http://127.0.0.1:1/api/ cannot be reached" in ran.said
    assert "hunter2" not in ran.said


def test_a_variable_nobody_reads_is_pointed_out(assent) -> None:
    assert "Did you mean ASSENT_SKILLS?" in assent("doctor", env={"ASSENT_SKILL": "x"}).said


def house(redis_url: str, api: str) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "SLACK_API_URL": api,
        "SLACK_BOT_TOKEN": "xoxb-right",
        "SLACK_SIGNING_SECRET": "secret",
    }


MODELS = 'version: "1"\ntiers: {large: {model: openai/big, api_base: "https://m.acme.test/v1", credential: {from: "env:BIG"}}}\n'


def test_models_are_looked_at_without_asking_one(assent, artifacts) -> None:
    """A skill whose model is not there, a key that is not set, a price that is not on the card."""
    skills, policies = Path(artifacts["ASSENT_SKILLS"]), Path(artifacts["ASSENT_POLICIES"])
    (policies / "models.yaml").write_text(MODELS)
    manifest = skills / "service-status" / "skill.yaml"
    step = (
        "steps:\n  - {id: think, title: Think, timeout: 5s, repeat: pure, model: {prompt: Why?, "
        "schema: {type: object, additionalProperties: false}, ceilings: {calls: 1}}}\n"
    )
    manifest.write_text(manifest.read_text().replace("steps:\n", step, 1))
    assert assent("skills", "lock", "--reviewed-by", "alice", env=artifacts).code == 0
    missing = assent("doctor", env=artifacts)
    assert (
        "service-status asks the small model (step think), and there is none here. Add tiers:" in missing.said
    )
    assert "The secret of the large model is not here: BIG is not set" in missing.said
    found = assent("doctor", env={**artifacts, "BIG": "sk-hunter2"})
    assert "large: openai/big at https://m.acme.test/v1" in found.said
    assert "large_output_tokens, model_calls without a price" in found.said
    assert "hunter2" not in found.said
