"""`assent requests`: the record that outside programs rely on, from the store and from nowhere else."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from bot.ask.invocation import Invocation
from bot.assess.assessment import digest_of
from bot.cli.requests import record, steps
from bot.execute.journal import Entry
from bot.flow.request import Place, Request
from bot.lifecycle import State
from bot.store.connection import connect
from bot.store.embedded import EmbeddedRedis
from bot.store.keys import Keys
from bot.store.store import Store
from bot.terms import Digest, Environment, Principal, RequestId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL = Invocation(
    skill="deploy",
    version="1.0.0",
    digest=Digest("sha256:" + "5" * 64),
    inputs={"service": "checkout", "version": "1.4.2"},
    environment=Environment.STAGING,
)


def ask(redis_url: str, *teams: str) -> list[str]:
    """Somebody asks in each workspace, through the store itself."""

    async def accept() -> list[str]:
        async with connect(redis_url) as client:
            await client.flushall()
            asked = []
            for team in teams:
                store = Store(client, team)
                await store.introduce()
                place = Place(team=team, channel="C1")
                request, _ = await store.accept(
                    invocation=CALL, slack_user="U1", place=place, identity=f"{team}: the first"
                )
                asked.append(str(request))
            return asked

    return asyncio.run(accept())


def request(**changes: Any) -> Request:
    made: dict[str, Any] = {
        "id": RequestId("r-1"),
        "state": State.RUNNING,
        "revision": 3,
        "asked_at": NOON,
        "updated_at": NOON,
        "asked_by": "U1",
        "requester": Principal("alice"),
        "place": Place(team="T1", channel="C1"),
        "invocation": CALL,
    }
    return Request(**(made | changes))


def test_list_and_show_read_what_was_asked_for(assent, redis_url: str) -> None:
    [asked] = ask(redis_url, "T1")
    env = {"REDIS_URL": redis_url}
    listed = assent("requests", "list", "--json", env=env)
    assert listed.code == 0
    [found] = json.loads(listed.out)
    shown = json.loads(assent("requests", "show", asked, "--json", env=env).out)
    assert shown == found
    assert (shown["id"], shown["state"], shown["skill"]) == (asked, "planning", "deploy")
    assert shown["inputs"] == {"service": "checkout", "version": "1.4.2"}
    assert "deploy service=checkout version=1.4.2 to staging" in assent("requests", "list", env=env).said
    assert (
        "deploy service=checkout version=1.4.2 to staging" in assent("requests", "show", asked, env=env).said
    )


def test_evidence_is_shown_and_one_that_was_changed_is_found(assent, redis_url: str) -> None:
    [asked] = ask(redis_url, "T1")
    env = {"REDIS_URL": redis_url}
    assert json.loads(assent("requests", "evidence", asked, "--json", env=env).out) == []
    assert "no evidence" in assent("requests", "evidence", asked, env=env).said
    keys, at, result = Keys("T1"), int(NOON.timestamp() * 1000), {"p99": 0.2}
    ended = Entry(event="ended", step="measure", phase="measure", fence=1, at=NOON, ok=True, result=result)
    line = {"seq": 2, "at": at, "kind": "step_ended", "request": asked, "step": "measure", "phase": "measure"}
    with Redis.from_url(redis_url) as redis:
        kept = ended.model_dump(mode="json") | {"at": at}
        redis.rpush(f"{keys.requests}{asked}:journal", json.dumps(kept))
        redis.rpush(keys.audit, json.dumps({**line, "evidence": digest_of(result)}))
    shown = assent("requests", "evidence", asked, "--json", env=env)
    assert shown.code == 0
    [one] = json.loads(shown.out)
    assert (one["step"], one["result"], one["holds"]) == ("measure", result, "as written")
    with Redis.from_url(redis_url) as redis:
        kept["result"] = {"p99": 0.1}
        redis.lset(f"{keys.requests}{asked}:journal", 0, json.dumps(kept))
    changed = assent("requests", "evidence", asked, env=env)
    assert changed.code == 1
    assert "changed" in changed.said


def test_a_list_can_be_of_some_states_only(assent, redis_url: str) -> None:
    ask(redis_url, "T1")
    env = {"REDIS_URL": redis_url}
    assert json.loads(assent("requests", "list", "--state", "done", "--json", env=env).out) == []
    assert len(json.loads(assent("requests", "list", "--state", "planning", "--json", env=env).out)) == 1


def test_a_request_that_is_not_there_is_said_in_words(assent, redis_url: str) -> None:
    ask(redis_url, "T1")
    ran = assent("requests", "show", "r-99", env={"REDIS_URL": redis_url})
    assert ran.code == 2
    assert "There is no request r-99" in ran.err


def test_with_several_workspaces_one_must_be_said(assent, redis_url: str) -> None:
    ask(redis_url, "T1", "T2")
    env = {"REDIS_URL": redis_url}
    ran = assent("requests", "list", env=env)
    assert ran.code == 2
    assert "Say which one with --team: T1, T2" in ran.err
    assert assent("requests", "list", "--team", "T2", env=env).code == 0
    assert assent("requests", "list", "--team", "T3", env=env).code == 2


def test_an_empty_store_says_that_nobody_asked(assent, redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.flushall()
    ran = assent("requests", "list", env={"REDIS_URL": redis_url})
    assert ran.code == 2
    assert "Nobody has asked for anything yet" in ran.err


def test_without_any_redis_it_says_what_to_do(assent) -> None:
    ran = assent("requests", "list")
    assert ran.code == 2
    assert "Set REDIS_URL" in ran.err


def test_the_data_of_a_local_run_is_found_without_any_setting(assent, tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / ".assent" / "redis") as url:
        [asked] = ask(url, "T1")
        assert assent("requests", "show", asked).code == 0, "while it runs"
    assert assent("requests", "show", asked).code == 0, "and after it ended"


def test_the_record_has_every_promised_key() -> None:
    promised = {
        "id", "state", "skill", "version", "digest", "inputs", "environment", "requester", "decision",
        "estimate", "votes", "steps", "outcome", "cost",
    }  # fmt: skip
    assert promised <= record(request()).keys()


def entry(event: str, step: str, *, fence: int = 1, **more: Any) -> Entry:
    return Entry(event=event, step=step, fence=fence, at=NOON, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("journal", "told"),
    [
        pytest.param(
            [entry("began", "apply"), entry("ended", "apply", ok=True, wall_ms=5)],
            [("apply", 1, True)],
            id="a step that ended",
        ),
        pytest.param([entry("began", "apply")], [("apply", 1, None)], id="a step in flight"),
        pytest.param(
            [
                entry("began", "apply"),
                entry("began", "apply", fence=2),
                entry("ended", "apply", fence=2, ok=True),
            ],
            [("apply", 1, None), ("apply", 2, True)],
            id="a step whose worker died and was run again",
        ),
    ],
)
def test_steps_are_told_once_for_each_time_they_began(
    journal: list[Entry], told: list[tuple[str, int, bool | None]]
) -> None:
    rows = steps(request(journal=tuple(journal)))
    assert [(row["step"], row["fence"], row["ok"]) for row in rows] == told
