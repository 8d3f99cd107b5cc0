"""The strict Block Kit validator: what Slack would refuse is refused here, in Slack's words."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.elements import (
    ELEMENTS,
    ID,
    IMAGE_URL,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    SLACK_FILE,
    URL,
    plain,
    text,
)
from bot.playground.rich_text import RICH_TEXT, TABLE_CELL
from bot.playground.schema import (
    AnyObject,
    Bool,
    Many,
    Obj,
    Rule,
    Schema,
    Str,
    Typed,
    any_of_fields,
    fault,
    one_of_fields,
)

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_CHARACTERS = 13_200  # measured by others, not documented: github.com/slackapi/bolt-js/issues/2509
MARKDOWN_CHARACTERS = 12_000
VIEW_BYTES = 250_000


def block(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *rules: Rule) -> Obj:
    return Obj(required, {"block_id": ID, **(optional or {})}, rules)


EVERYWHERE: dict[str, Schema] = {
    "section": block(
        {},
        {
            "text": text(3000),
            "fields": Many(text(2000), 10),
            "accessory": IN_SECTION,
            "expand": Bool(),
        },
        any_of_fields("text", "fields"),
    ),
    "header": block({"text": plain(150)}),
    "divider": block({}),
    "context": block({"elements": Many(Typed({"image": ELEMENTS.kinds["image"], **text(2000).kinds}), 10)}),
    "actions": block({"elements": Many(IN_ACTIONS, 25)}),
    "image": block(
        {"alt_text": Str(max=2000)},
        {"image_url": IMAGE_URL, "slack_file": SLACK_FILE, "title": plain(2000)},
        one_of_fields("image_url", "slack_file"),
    ),
    "input": block(
        {"label": plain(2000), "element": IN_INPUT},
        {"hint": plain(2000), "optional": Bool(), "dispatch_action": Bool()},
    ),
    "rich_text": block({"elements": RICH_TEXT}),
    "video": block(
        {"alt_text": Str(max=2000), "title": plain(200), "thumbnail_url": IMAGE_URL, "video_url": IMAGE_URL},
        {
            "author_name": Str(max=50),
            "description": plain(200),
            "provider_icon_url": IMAGE_URL,
            "provider_name": Str(max=50),
            "title_url": URL,
        },
    ),
}
IN_MESSAGES: dict[str, Schema] = {
    "markdown": block({"text": Str(max=MARKDOWN_CHARACTERS)}),
    "context_actions": block({"elements": Many(ELEMENTS.only("feedback_buttons", "icon_button"), 5)}),
    "table": block(
        {"rows": Many(Many(TABLE_CELL, 20), 100)},
        {"column_settings": Many(AnyObject(), 20)},
    ),
}
BLOCK, MESSAGE_BLOCK = Typed(EVERYWHERE), Typed({**EVERYWHERE, **IN_MESSAGES})

VIEW: dict[str, Schema] = {
    "private_metadata": Str(min=0, max=3000),
    "callback_id": Str(min=0, max=255),
    "external_id": Str(min=0, max=255),
}
VIEWS = Typed(
    {
        "modal": Obj(
            {"title": plain(24), "blocks": Many(BLOCK, VIEW_BLOCKS)},
            {
                **VIEW,
                "submit": plain(24),
                "close": plain(24),
                "clear_on_close": Bool(),
                "notify_on_close": Bool(),
                "submit_disabled": Bool(),
            },
        ),
        "home": Obj({"blocks": Many(BLOCK, VIEW_BLOCKS)}, {**VIEW, "title": plain(24)}),
    }
)
METADATA = Obj(
    {"event_type": Str(max=255), "event_payload": AnyObject()}, {"entities": Many(AnyObject(), 100)}
)


def elements_of(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The interactive elements of a block, wherever the block keeps them."""
    if one.get("type") in ("rich_text", "context"):
        return []
    found = [*(one.get("elements") or []), one.get("accessory"), one.get("element")]
    return [each for each in found if isinstance(each, dict)]


def _ids_agree(blocks: list[Any], at: str) -> Iterator[str]:
    """block_id once in a surface, action_id once in a block, at most one element that takes the focus."""
    good = [one for one in blocks if isinstance(one, dict)]
    for twice in _twice(one.get("block_id") for one in good):
        yield fault(f"block_id already exists: {twice}", at)
    for index, one in enumerate(good):
        for twice in _twice(each.get("action_id") for each in elements_of(one)):
            yield fault(f"action_id `{twice}` already exists in the block", f"{at}/{index}")
    if sum(1 for one in good for each in elements_of(one) if each.get("focus_on_load")) > 1:
        yield fault("only one element can have focus_on_load set to true", at)


def _twice(ids: Iterator[Any]) -> list[str]:
    return [each for each, times in Counter(one for one in ids if isinstance(one, str)).items() if times > 1]


def message_faults(blocks: list[Any]) -> list[str]:
    """Why these blocks cannot be a message; empty when they can."""
    faults = list(Many(MESSAGE_BLOCK, MESSAGE_BLOCKS, min=0).faults(blocks, "/blocks"))
    faults += _ids_agree(blocks, "/blocks")
    good = [one for one in blocks if isinstance(one, dict)]
    if sum(1 for one in good if one.get("type") == "table") > 1:
        faults.append(fault("only one table allowed", "/blocks"))
    markdown = sum(len(str(one.get("text"))) for one in good if one.get("type") == "markdown")
    if markdown > MARKDOWN_CHARACTERS:
        faults.append(fault(f"markdown must be less than {MARKDOWN_CHARACTERS + 1} characters", "/blocks"))
    return faults


def too_long(blocks: list[Any]) -> bool:
    """Slack's limit for a whole message counts text and containers, by a rule it does not publish.

    We take the strictest reading that agrees with what was measured: the length of the compact JSON.
    """
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MESSAGE_CHARACTERS


def view_faults(view: Any, kind: str | None = None) -> list[str]:
    """Why this cannot be a view (of `kind`, modal or home); empty when it can."""
    faults = list((VIEWS.only(kind) if kind else VIEWS).faults(view, "/view"))
    if not isinstance(view, dict) or not isinstance(view.get("blocks"), list):
        return faults
    faults += _ids_agree(view["blocks"], "/view/blocks")
    asks = any(isinstance(one, dict) and one.get("type") == "input" for one in view["blocks"])
    if view.get("type") == "modal" and asks and not view.get("submit"):
        faults.append(fault("missing required field: submit", "/view"))
    return faults


def metadata_faults(metadata: Any) -> list[str]:
    return list(METADATA.faults(metadata, "/metadata"))
