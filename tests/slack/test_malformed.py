"""What Slack would never send, signed all the same: turned away or taken, and never our own fault."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.store.embedded import EmbeddedRedis
from tests.slack.house import JSON, TEAM, House, living

Payload = dict[str, Any]
Way = tuple[str | int, ...]

WHO = {"team": {"id": TEAM, "domain": "acme"}, "user": {"id": "U0BOB", "team_id": TEAM}, "api_app_id": "A0"}
FORM = {"reason": {"reason": {"type": "plain_text_input", "value": "no"}}}
BLOCKS = [{"type": "input", "block_id": "reason"}]
SENT: dict[str, Payload] = {
    "a press": {
        **WHO,
        "type": "block_actions",
        "channel": {"id": "C0DEPLOYS"},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C0DEPLOYS"},
        "actions": [{"type": "button", "action_id": "details", "value": "r-1.1.x", "action_ts": "1.1"}],
    },
    "a choice of the menu": {
        **WHO,
        "type": "block_actions",
        "channel": {"id": "C0DEPLOYS"},
        "actions": [
            {"type": "overflow", "action_id": "more", "selected_option": {"value": "cancel:r-1.1.x"}}
        ],
    },
    "a form": {
        **WHO,
        "type": "view_submission",
        "view": {
            "type": "modal",
            "id": "V1",
            "callback_id": "ask",
            "private_metadata": '{"skill": "deploy"}',
            "blocks": BLOCKS,
            "state": {"values": FORM},
        },
    },
    "a closed form": {**WHO, "type": "view_closed", "view": {"type": "modal", "callback_id": "ask"}},
    "an old button": {**WHO, "type": "interactive_message", "callback_id": "x", "actions": [{"name": "x"}]},
    "an event": {
        "type": "event_callback",
        "team_id": TEAM,
        "authorizations": [{"team_id": TEAM, "user_id": "U0ASSENTBOT", "is_bot": True}],
        "event": {"type": "member_joined_channel", "user": "U0BOB", "channel": "C0DEPLOYS"},
    },
}
ODD = (None, 7, "", "x", "\x00", "\ud800", True, [], [7], {}, {"id": 7})


def ways(part: object, so_far: Way = ()) -> Iterator[Way]:
    """Every place in a payload, by the names and numbers that lead there."""
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, found in inside:
        yield (*so_far, name)
        yield from ways(found, (*so_far, name))


def bent(payload: Payload, way: Way) -> Iterator[Payload]:
    """The payload with that place missing, and with everything odd in it."""
    for odd in (*ODD, ways):
        changed: Any = copy.deepcopy(payload)
        part = changed
        for name in way[:-1]:
            part = part[name]
        if odd is ways:
            del part[way[-1]]
        else:
            part[way[-1]] = odd
        yield changed


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with EmbeddedRedis(tmp_path / "redis") as redis, living(redis, tmp_path / "home") as made:
        yield made


async def send(house: House, payload: Payload) -> int:
    said = json.dumps(payload)
    if payload.get("type") == "event_callback" or "event" in payload:
        return (await house.post(said, content_type=JSON))[0]
    return (await house.post(urlencode({"payload": said})))[0]


@pytest.mark.parametrize("kind", SENT)
async def test_nothing_odd_in_any_place_is_our_own_fault(
    house: House, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    payload = SENT[kind]
    assert await send(house, payload) == 200
    for way in ways(payload):
        for changed in bent(payload, way):
            assert await send(house, changed) in (200, 400), (way, changed)
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
    assert await house.request() is None


@pytest.mark.parametrize(
    ("kind", "way", "odd"),
    [
        pytest.param("a press", ("actions",), [], id="a press of nothing"),
        pytest.param("a press", ("actions", 0), {}, id="a button without a name"),
        pytest.param("a form", ("view",), None, id="a form without its view"),
        pytest.param("a form", ("view", "callback_id"), 7, id="a number for a form's name"),
        pytest.param("a form", ("view", "blocks"), [7], id="a number for a field"),
        pytest.param("a closed form", ("view", "type"), None, id="a view of no type"),
        pytest.param("an old button", ("actions", 0), {}, id="an old button without a name"),
        pytest.param("an event", ("authorizations",), "x", id="a word for authorizations"),
        pytest.param("an event", ("event", "user"), "\ud800", id="half a character"),
    ],
)
async def test_what_is_not_as_slack_makes_it_is_400(house: House, kind: str, way: Way, odd: object) -> None:
    changed = copy.deepcopy(SENT[kind])
    part: Any = changed
    for name in way[:-1]:
        part = part[name]
    part[way[-1]] = odd
    assert await send(house, changed) == 400
