"""Forms: the state an app gets, and what is stopped before the app hears of it."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.inputs import state_values, unfinished
from bot.playground.server import LocalSlack
from tests.playground.local import bolt, over_http

Json = dict[str, Any]


def label(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": label(value), "value": value}


def asks(element: Json, **more: Any) -> list[Json]:
    return [
        {
            "type": "input",
            "block_id": "b",
            "label": label("x"),
            "element": {"action_id": "a", **element},
            **more,
        }
    ]


def said(blocks: list[Json], given: Json | None) -> Json:
    state = state_values(blocks, {"b": {"a": given}} if given is not None else None)
    return dict(state["b"]["a"])


MENU = {"type": "static_select", "options": [option("dev"), option("prod")]}


@pytest.mark.parametrize(
    ("element", "given", "state"),
    [
        ({"type": "plain_text_input"}, None, {"type": "plain_text_input", "value": None}),
        ({"type": "plain_text_input"}, {"value": ""}, {"type": "plain_text_input", "value": None}),
        (
            {"type": "plain_text_input", "initial_value": "1.4"},
            None,
            {"type": "plain_text_input", "value": "1.4"},
        ),
        (MENU, None, {"type": "static_select", "selected_option": None}),
        (
            MENU,
            {"selected_option": {"value": "prod"}},
            {"type": "static_select", "selected_option": option("prod")},
        ),
        (MENU, {"selected_option": {"value": "moon"}}, {"type": "static_select", "selected_option": None}),
        ({"type": "multi_users_select"}, None, {"type": "multi_users_select", "selected_users": []}),
    ],
)
def test_the_state_is_what_was_filled_in(element: Json, given: Json | None, state: Json) -> None:
    assert said(asks(element), given) == state


def test_what_is_not_on_the_form_is_not_in_its_state() -> None:
    state = state_values(
        asks({"type": "plain_text_input"}), {"forged": {"a": {"value": "x"}}, "b": {"z": {}}}
    )
    assert state == {"b": {"a": {"type": "plain_text_input", "value": None}}}


@pytest.mark.parametrize(
    ("element", "value", "error"),
    [
        ({"type": "plain_text_input"}, None, "Please complete this required field."),
        ({"type": "plain_text_input", "min_length": 3}, "no", "Please enter at least 3 characters."),
        ({"type": "plain_text_input", "max_length": 3}, "long", "Please enter at most 3 characters."),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Please enter a number."),
        (
            {"type": "number_input", "is_decimal_allowed": True, "max_value": "2"},
            "2.5",
            "Please enter a number of at most 2.",
        ),
        ({"type": "number_input", "is_decimal_allowed": True}, "2.5", None),
        ({"type": "plain_text_input"}, "fine", None),
    ],
)
def test_an_unfinished_form_is_not_sent(element: Json, value: str | None, error: str | None) -> None:
    blocks = asks(element)
    assert unfinished(blocks, state_values(blocks, {"b": {"a": {"value": value}}})) == (
        {"b": error} if error else {}
    )


def test_an_optional_input_may_stay_empty() -> None:
    blocks = asks({"type": "plain_text_input"}, optional=True)
    assert unfinished(blocks, state_values(blocks, None)) == {}


async def test_a_menu_in_a_message_says_what_was_picked_and_asks_for_options(
    slack: LocalSlack, people: SlackClient, api: AsyncWebClient
) -> None:
    app, picked = bolt(slack), list[Json]()

    @app.action("pick")
    async def pick(ack: Any, action: Json) -> None:
        await ack()
        picked.append(action)

    @app.options("find")
    async def find(ack: Any, payload: Json) -> None:
        await ack(options=[option(payload["value"] + "-1")])

    menus = [{**MENU, "action_id": "pick"}, {"type": "external_select", "action_id": "find"}]
    blocks = [{"type": "actions", "block_id": "b", "elements": menus}]
    async with over_http(slack, app):
        sent = await api.chat_postMessage(channel="C0DEPLOYS", text="menus", blocks=blocks)
        container = {"type": "message", "channel": "C0DEPLOYS", "message_ts": sent["ts"]}
        action = {"block_id": "b", "action_id": "pick", "selected_option": {"value": "prod"}}
        assert (await people.post("action", "bob", container=container, action=action))["ok"]
        asked = {"container": container, "block_id": "b", "action_id": "find", "value": "check"}
        assert (await people.post("suggest", "bob", **asked))["options"] == [option("check-1")]
    assert picked[0]["selected_option"]["value"] == "prod"
    assert picked[0]["selected_option"]["text"]["text"] == "prod"
