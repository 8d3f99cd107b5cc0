"""What is armed, and since when, is part of the record."""

from __future__ import annotations

import asyncio
import json

from bot.flow.loading import Loading
from bot.store.audit import Audit
from tests.flow.town import Town


async def _kinds(town: Town) -> list[tuple[str, str]]:
    return [(line["kind"], line.get("name", "")) for line in await Audit(town.store).export()]


async def test_what_is_loaded_is_written_down_once_however_many_processes_load_it(town: Town) -> None:
    loading = Loading(town.store, town.artifacts)
    await asyncio.gather(*(loading.note() for _ in range(5)))
    assert sorted(await _kinds(town)) == [
        ("policies_armed", "policies"),
        ("policy_loaded", "town"),
        ("skill_loaded", "touch"),
    ]


async def test_a_changed_policy_and_a_broken_one_are_each_news(town: Town) -> None:
    loading = Loading(town.store, town.artifacts)
    await loading.note()
    policy = town.root / "policies" / "town.yaml"
    whole = policy.read_text()
    policy.write_text(whole.replace("version: 1", "version: 2"))
    await loading.note()
    assert (await _kinds(town))[3:] == [("policy_loaded", "town"), ("policies_armed", "policies")]
    policy.write_text(whole.replace("gates:", "gatez:"))
    await loading.note()
    last = (await Audit(town.store).export())[-1]
    assert last["kind"] == "policy_broken"
    assert "town.yaml" in json.dumps(last)


async def test_the_first_card_is_news_and_a_redrawn_one_is_not(town: Town) -> None:
    request = await town.ask("touch hello to production")
    await town.showing.shown(request, channel="C0DEPLOYS", ts="1700000000.000100", revision=2)
    posted = [line for line in await Audit(town.store).export() if line["kind"] == "posted"]
    assert [(line["request"], line["message_ts"]) for line in posted] == [(request, "1700000000.000100")]


async def test_what_connectors_lead_to_is_news_whenever_it_changes(town: Town) -> None:
    loading = Loading(town.store, town.artifacts)
    path = town.root / "policies" / "connectors.yaml"
    for number, url in enumerate(("http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:2")):
        path.write_text(f"# {number}\nconnectors: {{prometheus: {{kind: prometheus, url: '{url}'}}}}\n")
        await loading.note()
    lines = [line for line in await Audit(town.store).export() if line.get("name") == "connectors"]
    assert [line["detail"] for line in lines] == ["connectors: prometheus"] * 2
    assert len({line["digest"] for line in lines}) == 2


async def test_which_models_are_asked_is_news_whenever_it_changes(town: Town) -> None:
    loading = Loading(town.store, town.artifacts)
    path = town.root / "policies" / "models.yaml"
    for name in ("tiny-1", "tiny-1", "tiny-2"):
        tier = f"{{model: openai/{name}, api_base: 'http://127.0.0.1:1/v1'}}"
        path.write_text(f"version: '1'\ntiers: {{small: {tier}}}\n")
        await loading.note()
    lines = [line for line in await Audit(town.store).export() if line.get("name") == "models"]
    assert [line["detail"] for line in lines] == ["models 1: small"] * 2
