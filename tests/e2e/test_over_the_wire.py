"""The same house driven from outside, over HTTP and over Socket Mode."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.local import Local
from bot.playground.client import SlackClient

PATIENCE_S = 60.0


def _is(message: dict[str, Any], *states: str) -> bool:
    payload = message.get("metadata", {}).get("event_payload", {})
    return payload.get("state") in states


@pytest.mark.parametrize("local", ["http", "socket mode"], indirect=True)
async def test_a_command_a_mention_and_a_form_all_become_the_same_card(local: Local) -> None:
    async with SlackClient(local.url) as slack:
        await slack.command("alice", "deploys", "/assent service-status checkout in staging")
        await slack.wait_for("alice", "deploys", lambda m: _is(m, "done"), PATIENCE_S)

        await slack.say("erin", "deploys", "<@U0ASSENTBOT> deploy payments 2.1.1 to production")
        card = await slack.wait_for("erin", "deploys", lambda m: _is(m, "waiting"), PATIENCE_S)
        await slack.click("carol", card, "approve")
        await slack.wait_for(
            "carol", "deploys", lambda m: "Still needed: @service-owners" in m["text"], PATIENCE_S
        )

        await slack.command("alice", "deploys", "/assent deploy checkout")
        form = await slack.until("alice", lambda state: (state["views"] or [None])[-1], PATIENCE_S)
        answer = await slack.submit("alice", form, {"version": "1.4.2", "environment": "staging"})
        assert answer["ok"], answer
        await slack.wait_for(
            "alice", "deploys", lambda m: _is(m, "done") and "deploy checkout" in m["text"], PATIENCE_S
        )


async def test_a_guest_asks_in_vain_and_a_slip_is_answered_at_once(local: Local) -> None:
    async with SlackClient(local.url) as slack:
        await slack.command("alice", "deploys", "/assent deplyo checkout 1.4.2 to staging")
        slip = await slack.wait_for("alice", "deploys", lambda m: bool(m.get("ephemeral")), PATIENCE_S)
        assert "Did you mean deploy?" in slip["text"]
        await slack.command("gus", "deploys", "/assent deploy checkout 1.4.2 to staging")
        told = await slack.wait_for("gus", "deploys", lambda m: bool(m.get("ephemeral")), PATIENCE_S)
        assert "Guests cannot ask" in told["text"]
        assert not [m for m in await slack.messages("deploys", "alice") if m.get("metadata")]
