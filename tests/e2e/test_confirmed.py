"""Approvals that take a reason and typing, as people give them and as somebody would try to do without."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.cli.local import Local
from bot.playground.client import SlackClient, button
from bot.playground.wire import signature
from bot.store.connection import connect
from bot.store.keys import Keys
from tests.flow.snapshot import audited, snapshot

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
KEYS = Keys("T0ASSENT")
ONE_OWNER = """require:
      {stage: review, all_of: [{group: service-owners, count: 1}], reason: required, confirm: typed}
"""
CLOSED = """  - id: closed
    why: Payments is closed for the audit.
    when: production && request.inputs.service == "payments"
    deny: Payments is closed this week.
    override: {all_of: [{group: sre, count: 1}], notify: [engineers], review_by: [release], review_within: 2d}
  - id: draft
"""


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    policies = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", policies)
    file = policies / "deployments.yaml"
    head, two, rest = file.read_text().partition(
        "    require: {stage: review, all_of: [{group: service-owners, count: 1}, {"
    )
    line, _, rest = rest.partition("\n")
    assert two, line
    text = f"{head}    {ONE_OWNER}{rest}".replace("  - id: draft\n", CLOSED, 1)
    file.write_text(text)
    house = Local(tmp_path / "home", port=0, skills_dir=ROOT / "skills", policies_dir=policies)
    async with house:
        yield house


async def test_more_than_a_press_is_asked_on_the_card_and_in_details(local: Local) -> None:
    async with SlackClient(local.url) as slack, connect(local.environment["REDIS_URL"]) as redis:
        await _on_the_card(slack, local, redis)
        await _in_details(slack, redis)
        await _and_it_is_reviewed(slack)
        await _measured(local)


async def _on_the_card(slack: SlackClient, local: Local, redis: Redis) -> None:
    await slack.command("alice", "deploys", '/assent deploy checkout 1.4.2 to production reason="vouchers"')
    card = await _card(slack, "bob", "waiting")
    assert "vouchers" in json.dumps(card["blocks"])
    await _a_bare_press_changes_nothing(slack, local, redis, card)
    await _why(slack, "alice", "You cannot approve this now. You asked for this")
    await _why(
        slack, "carol", "An answer to this must come from @service-owners, and you are not among them."
    )
    told = await _why(slack, "erin", "You may approve this now, for review; then it is granted.")
    assert "• bob, for review; then it is granted" in told
    assert "`deployments/freeze` would deny, but this is not so: `frozen: size(freeze.active)" in told

    await slack.click("bob", card, "approve")
    form = await _view(slack, "bob", "approve")
    slip = await slack.submit("bob", form, {"typed": "deploy checkout 1.4.1 production", "reason": "fine"})
    assert "Type exactly: deploy checkout 1.4.2 production" in slip["errors"]["typed"]
    assert await slack.views("bob"), "a slip keeps the form open"
    filled = {"typed": "deploy checkout 1.4.2 production", "reason": "read the diff"}
    assert await slack.submit("bob", form, filled) == {"ok": True}
    done = await _card(slack, "bob", "done")
    assert "read the diff" in json.dumps(done["blocks"])


async def _in_details(slack: SlackClient, redis: Redis) -> None:
    await slack.command(
        "alice", "deploys",
        '/assent deploy payments 2.1.1 to production break_glass=yes incident=INC-42 reason="cannot pay"',
    )  # fmt: skip
    card = await _card(slack, "dave", "waiting")
    text = json.dumps(card["blocks"], ensure_ascii=False)
    assert "🚨 Break-glass: deploy payments 2.1.1 to production" in text
    assert "INC-42" in text
    await slack.click("dave", card, "details")
    opened = await _view(slack, "dave", "details")
    assert "You may approve this now, for override" in json.dumps(opened)
    await slack.click("dave", opened, "approve:ask")
    form = await _view(slack, "dave", "approve")
    assert [block["block_id"] for block in form["blocks"] if block["type"] == "input"] == ["reason"]
    assert await slack.submit("dave", form, {"reason": "customers wait"}) == {"ok": True}
    told = await slack.until("dave", _counted, PATIENCE_S)
    assert "Still needed: @service-owners" in json.dumps(told)
    vote = [one for one in await audited(redis, KEYS) if one["kind"] == "voted"][-1]
    assert (vote["principal"], vote["reason"]) == ("dave", "customers wait")


async def _and_it_is_reviewed(slack: SlackClient) -> None:
    card = await _card(slack, "erin", "waiting")
    await slack.click("erin", card, "approve")
    form = await _view(slack, "erin", "approve")
    filled = {"typed": "deploy payments 2.1.1 production", "reason": "mine, and ready"}
    assert await slack.submit("erin", form, filled) == {"ok": True}
    told = await slack.wait_for("alice", "deploys", lambda m: m["text"].startswith("🚨"), PATIENCE_S)
    assert "<@U0ALICE>" in told["text"]
    card = await slack.wait_for("carol", "deploys", lambda m: "Needs review" in json.dumps(m), PATIENCE_S)
    await slack.command("carol", "deploys", "/assent status")
    listed = await slack.wait_for(
        "carol", "deploys", lambda m: bool(m.get("ephemeral")) and "Needs review" in m["text"], PATIENCE_S
    )
    assert "Needs review by @release" in listed["text"]

    await slack.click("dave", card, "review")
    assert await slack.submit("dave", await _view(slack, "dave", "review"), {"reason": "I was right."}) == {
        "ok": True
    }
    await slack.wait_for("dave", "deploys", lambda m: "somebody else must look" in m["text"], PATIENCE_S)
    await slack.click("carol", card, "review")
    form = await _view(slack, "carol", "review")
    assert await slack.submit("carol", form, {"reason": "It was right; automate it."}) == {"ok": True}
    await slack.wait_for(
        "carol", "deploys", lambda m: "It was right; automate it." in json.dumps(m), PATIENCE_S
    )


async def _why(slack: SlackClient, who: str, words: str) -> str:
    await slack.command(who, "deploys", "/assent why r-1")
    told = await slack.wait_for(
        who, "deploys", lambda m: bool(m.get("ephemeral")) and words in m["text"], PATIENCE_S
    )
    return str(told["text"])


async def _a_bare_press_changes_nothing(
    slack: SlackClient, local: Local, redis: Redis, card: dict[str, Any]
) -> None:
    """Somebody sends Slack's own request for a button that the card does not have, with the card's value."""
    before = await _requests(redis)
    _, asking = button(card, "approve")
    assert asking["action_id"] == "approve:ask"
    await _pressed(local, card, asking["value"])
    told = await slack.wait_for(
        "bob", "deploys", lambda m: bool(m.get("ephemeral")) and "write a reason" in m["text"], PATIENCE_S
    )
    assert told
    refused = (await audited(redis, KEYS))[-1]
    assert (refused["kind"], refused["reason"], refused["detail"]) == (
        "refused_click",
        "unconfirmed",
        "reason",
    )
    assert await _requests(redis) == before


async def _requests(redis: Redis) -> dict[str, object]:
    """What is kept of all requests, votes and journals included."""
    return {key: kept for key, kept in (await snapshot(redis, KEYS)).items() if KEYS.requests in key}


async def _pressed(local: Local, card: dict[str, Any], value: str) -> None:
    payload = {
        "type": "block_actions",
        "team": {"id": "T0ASSENT"},
        "user": {"id": "U0BOB", "team_id": "T0ASSENT"},
        "channel": {"id": "C0DEPLOYS"},
        "container": {"type": "message", "channel_id": "C0DEPLOYS", "message_ts": card["ts"]},
        "actions": [{"type": "button", "action_id": "approve", "value": value, "action_ts": "7.7"}],
    }
    body, now = urlencode({"payload": json.dumps(payload)}), str(int(time.time()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": signature(local.environment["SLACK_SIGNING_SECRET"], now, body),
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{local.web_url}/slack/events", data=body, headers=headers) as answer,
    ):
        assert answer.status == 200


async def _measured(local: Local) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{local.web_url}/metrics") as answer:
        told = await answer.text()
    assert 'assent_clicks_total{action="approve",outcome="unconfirmed"} 1.0' in told
    assert 'assent_approvals_read_total{read="yes"} 1.0' in told


async def _card(slack: SlackClient, who: str, state: str) -> dict[str, Any]:
    return await slack.wait_for(
        who,
        "deploys",
        lambda m: m.get("metadata", {}).get("event_payload", {}).get("state") == state,
        PATIENCE_S,
    )


async def _view(slack: SlackClient, who: str, callback: str) -> dict[str, Any]:
    def top(state: dict[str, Any]) -> dict[str, Any] | None:
        views = state["views"]
        return views[-1] if views and views[-1]["callback_id"] == callback else None

    return await slack.until(who, top, PATIENCE_S)


def _counted(state: dict[str, Any]) -> dict[str, Any] | None:
    """The details, once they say how it went."""
    views = state["views"]
    return views[-1] if len(views) == 1 and views[-1]["title"]["text"] == "Counted" else None
