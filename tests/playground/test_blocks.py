"""Block Kit's rules: each refusal names the place by JSON pointer, and what is right passes."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.blocks import message_faults, too_long, view_faults

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "a", **more}


def options(count: int) -> list[Json]:
    return [{"text": plain(), "value": str(number)} for number in range(count)]


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": options(2), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(text: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def asks(element: Json) -> Json:
    return {"type": "input", "block_id": "i", "label": plain(), "element": element}


CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}

GOOD: dict[str, list[Json]] = {
    "a card": [
        {"type": "header", "text": plain("x" * 150)},
        section("x" * 3000),
        {"type": "section", "fields": [mrkdwn("x" * 700)] * 10},
        {
            "type": "context",
            "elements": [mrkdwn(), {"type": "image", "image_url": "https://x/y.png", "alt_text": "y"}],
        },
        {"type": "divider"},
        actions(button(style="primary", value="x" * 2000, confirm=CONFIRM), select()),
    ],
    "rich text": [
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "+ replicas: 12"}]},
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0ALICE"}]}
                    ],
                },
            ],
        }
    ],
    "fifty blocks": [{"type": "divider"}] * 50,
    "an input": [asks({"type": "plain_text_input", "action_id": "t"})],
}


@pytest.mark.parametrize("blocks", GOOD.values(), ids=GOOD.keys())
def test_what_slack_takes_is_taken(blocks: list[Json]) -> None:
    assert message_faults(blocks) == []


BAD: dict[str, tuple[list[Json], str]] = {
    "an unknown block": ([{"type": "sparkles"}], "unsupported type: sparkles [json-pointer:/blocks/0/type]"),
    "no type": ([{}], "missing required field: type [json-pointer:/blocks/0]"),
    "fifty-one blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "a long section": (
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "an empty text": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "an empty section": (
        [{"type": "section"}],
        "must define at least one of: text, fields [json-pointer:/blocks/0]",
    ),
    "a long header": (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "formatting in a header": (
        [{"type": "header", "text": mrkdwn()}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    "a long field": (
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "eleven fields": (
        [{"type": "section", "fields": [mrkdwn()] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "eleven in a context": (
        [{"type": "context", "elements": [mrkdwn()] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "a button in a context": (
        [{"type": "context", "elements": [button()]}],
        "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
    ),
    "twenty-six buttons": (
        [actions(*(button(action_id=str(number)) for number in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "a wordy button": (
        [actions(button(text=plain("x" * 76)))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "formatting on a button": (
        [actions(button(text=mrkdwn()))],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    "a heavy button": (
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "an unknown style": (
        [actions(button(style="green"))],
        "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    "half a confirmation": (
        [actions(button(confirm={"title": plain(), "text": mrkdwn(), "confirm": plain()}))],
        "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    "a property Slack does not know": (
        [section(colour="red")],
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "a block_id twice": (
        [{"type": "divider", "block_id": "b"}, section(block_id="b")],
        "block_id already exists: b [json-pointer:/blocks]",
    ),
    "a long block_id": (
        [{"type": "divider", "block_id": "b" * 256}],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    "an action_id twice in a block": (
        [actions(button(), button())],
        "action_id `a` already exists in the block [json-pointer:/blocks/0]",
    ),
    "a hundred and one options": (
        [actions(select(options=options(101)))],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    "no options": (
        [actions(select(options=[]))],
        "no fewer than 1 items required [json-pointer:/blocks/0/elements/0/options]",
    ),
    "a first option that is not offered": (
        [actions(select(initial_option={"text": plain(), "value": "9"}))],
        "initial option(s) must match one of the options provided [json-pointer:/blocks/0/elements/0]",
    ),
    "six in an overflow menu": (
        [actions({"type": "overflow", "action_id": "o", "options": options(6)})],
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    "a text input outside an input block": (
        [actions({"type": "plain_text_input", "action_id": "t"})],
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    "an address that is none": (
        [actions(button(url="javascript:alert(1)"))],
        "must be a valid URL [json-pointer:/blocks/0/elements/0/url]",
    ),
}


@pytest.mark.parametrize(("blocks", "fault"), BAD.values(), ids=BAD.keys())
def test_what_slack_refuses_is_refused(blocks: list[Json], fault: str) -> None:
    assert fault in message_faults(blocks)


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(), "blocks": [section()], **more}


BAD_VIEWS: dict[str, tuple[Json, str]] = {
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
    "a long title": (
        modal(title=plain("x" * 25)),
        "must be less than 25 characters [json-pointer:/view/title/text]",
    ),
    "much to remember": (
        modal(private_metadata="x" * 3001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
    ),
    "a hundred and one blocks": (
        modal(blocks=[{"type": "divider"}] * 101),
        "no more than 100 items allowed [json-pointer:/view/blocks]",
    ),
    "inputs without a button to send": (
        modal(blocks=[asks({"type": "plain_text_input", "action_id": "t"})]),
        "missing required field: submit [json-pointer:/view]",
    ),
    "a table": (
        modal(blocks=[{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}]),
        "unsupported type: table [json-pointer:/view/blocks/0/type]",
    ),
    "a home where a modal is wanted": (
        {"type": "home", "blocks": []},
        "unsupported type: home [json-pointer:/view/type]",
    ),
}


@pytest.mark.parametrize(("view", "fault"), BAD_VIEWS.values(), ids=BAD_VIEWS.keys())
def test_what_slack_refuses_as_a_modal_is_refused(view: Json, fault: str) -> None:
    assert view_faults(modal(), "modal") == []
    assert fault in view_faults(view, "modal")


def test_a_whole_message_has_a_limit_too() -> None:
    assert not too_long([section("x" * 3000)] * 4)
    assert too_long([section("x" * 3000)] * 5)


async def test_the_refusal_says_where(api: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await api.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[section("x" * 3001)])
    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    place = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {place}"]
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await api.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[section("x" * 3000)] * 5)


async def test_blocks_come_back_with_ids_and_defaults(api: AsyncWebClient) -> None:
    blocks = [actions({"type": "button", "text": plain()})]
    sent = await api.api_call("chat.postMessage", json={"channel": "C0DEPLOYS", "blocks": blocks})
    block = sent["message"]["blocks"][0]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert block["elements"][0]["text"]["emoji"] is True
    assert sent["message"]["text"] == "This content can't be displayed."
