"""Block Kit's elements and composition objects, with the lengths Slack's reference gives for each field."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.schema import (
    AnyObject,
    Bool,
    Int,
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

ID = Str(max=255)
URL = Str(max=3000, starts=("http://", "https://", "slack://", "mailto:", "tel:"))
IMAGE_URL = Str(max=3000, starts=("http://", "https://"))
SLACK_FILE = Obj(optional={"id": Str(max=255), "url": URL}, rules=(one_of_fields("id", "url"),))


def plain(max_length: int) -> Typed:
    """A text object that may not hold formatting."""
    return Typed({"plain_text": Obj({"text": Str(max=max_length)}, {"emoji": Bool()})})


def text(max_length: int = 3000) -> Typed:
    """A text object, plain or mrkdwn."""
    mrkdwn = Obj({"text": Str(max=max_length)}, {"verbatim": Bool()})
    return Typed({**plain(max_length).kinds, "mrkdwn": mrkdwn})


CONFIRM = Obj(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": Str(one_of=("primary", "danger"))},
)


def option(label: Schema, *, with_url: bool = False) -> Obj:
    more: dict[str, Schema] = {"description": text(75)}
    return Obj({"text": label, "value": Str(max=150)}, more | ({"url": URL} if with_url else {}))


OPTION, RICH_OPTION = option(plain(75)), option(text(75))
GROUP = Obj({"label": plain(75), "options": Many(OPTION, 100)})


def _values(offered: list[Any]) -> list[str]:
    return [str(each.get("value")) for each in offered if isinstance(each, dict)]


def options_agree(value: Mapping[str, Any], at: str) -> Iterator[str]:
    """Values are offered once, and what is chosen at first is among them."""
    groups = [each for each in value.get("option_groups") or [] if isinstance(each, dict)]
    offered = _values(
        (value.get("options") or []) + [one for group in groups for one in group.get("options") or []]
    )
    if len(set(offered)) != len(offered):
        yield fault("options must have unique values", f"{at}/options")
    first = value.get("initial_options") or [value.get("initial_option")]
    if any(chosen not in offered for chosen in _values(first)):
        yield fault("initial option(s) must match one of the options provided", at)


def bounds_agree(value: Mapping[str, Any], at: str) -> Iterator[str]:
    low, high = value.get("min_length"), value.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield fault("min_length must not be greater than max_length", at)


def action(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *rules: Rule, **more: Schema
) -> Obj:
    """An interactive element: all of them may carry an action_id."""
    return Obj(required, {"action_id": ID, **(optional or {}), **more}, rules)


PLACED: dict[str, Schema] = {"placeholder": plain(150), "focus_on_load": Bool()}
ASKED: dict[str, Schema] = {**PLACED, "confirm": CONFIRM}
FILTER = Obj(
    optional={
        "include": Many(Str(one_of=("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": Bool(),
        "exclude_bot_users": Bool(),
    },
    rules=(any_of_fields("include", "exclude_external_shared_channels", "exclude_bot_users"),),
)
STATIC: dict[str, Schema] = {"options": Many(OPTION, 100), "option_groups": Many(GROUP, 100)}
MOST: dict[str, Schema] = {"max_selected_items": Int(min=1)}
PEOPLE = Many(Str(max=255), 100, min=0)
CONVERSATION: dict[str, Schema] = {"filter": FILTER, "default_to_current_conversation": Bool()}
BUTTON: dict[str, Schema] = {
    "url": URL,
    "value": Str(max=2000),
    "style": Str(one_of=("primary", "danger")),
    "confirm": CONFIRM,
    "accessibility_label": Str(max=75),
}
TRIGGER = Obj({"url": URL}, {"customizable_input_parameters": Many(AnyObject(), 100)})
DISPATCH = Obj(
    optional={"trigger_actions_on": Many(Str(one_of=("on_enter_pressed", "on_character_entered")), 2)},
)
TYPED_IN: dict[str, Schema] = {**PLACED, "dispatch_action_config": DISPATCH}
FEEDBACK = Obj({"text": plain(75), "value": Str(max=2000)}, {"accessibility_label": Str(max=75)})

ELEMENTS = Typed(
    {
        "button": action({"text": plain(75)}, BUTTON),
        "workflow_button": action(
            {"text": plain(75), "workflow": Obj({"trigger": TRIGGER})},
            {"style": BUTTON["style"], "accessibility_label": BUTTON["accessibility_label"]},
        ),
        "image": Obj(
            {"alt_text": Str(max=2000)},
            {"image_url": IMAGE_URL, "slack_file": SLACK_FILE},
            (one_of_fields("image_url", "slack_file"),),
        ),
        "overflow": action(
            {"options": Many(option(plain(75), with_url=True), 5)}, {"confirm": CONFIRM}, options_agree
        ),
        "checkboxes": action(
            {"options": Many(RICH_OPTION, 10)},
            {"initial_options": Many(RICH_OPTION, 10), "confirm": CONFIRM, "focus_on_load": Bool()},
            options_agree,
        ),
        "radio_buttons": action(
            {"options": Many(RICH_OPTION, 10)},
            {"initial_option": RICH_OPTION, "confirm": CONFIRM, "focus_on_load": Bool()},
            options_agree,
        ),
        "static_select": action(
            {},
            {**ASKED, **STATIC, "initial_option": OPTION},
            one_of_fields("options", "option_groups"),
            options_agree,
        ),
        "multi_static_select": action(
            {},
            {**ASKED, **STATIC, **MOST, "initial_options": Many(OPTION, 100)},
            one_of_fields("options", "option_groups"),
            options_agree,
        ),
        "external_select": action({}, {**ASKED, "initial_option": OPTION, "min_query_length": Int()}),
        "multi_external_select": action(
            {}, {**ASKED, **MOST, "initial_options": Many(OPTION, 100), "min_query_length": Int()}
        ),
        "users_select": action({}, {**ASKED, "initial_user": Str(max=255)}),
        "multi_users_select": action({}, {**ASKED, **MOST, "initial_users": PEOPLE}),
        "conversations_select": action(
            {},
            {**ASKED, **CONVERSATION, "initial_conversation": Str(max=255), "response_url_enabled": Bool()},
        ),
        "multi_conversations_select": action(
            {}, {**ASKED, **CONVERSATION, **MOST, "initial_conversations": PEOPLE}
        ),
        "channels_select": action(
            {}, {**ASKED, "initial_channel": Str(max=255), "response_url_enabled": Bool()}
        ),
        "multi_channels_select": action({}, {**ASKED, **MOST, "initial_channels": PEOPLE}),
        "datepicker": action({}, {**ASKED, "initial_date": Str(min=10, max=10)}),
        "timepicker": action({}, {**ASKED, "initial_time": Str(min=5, max=5), "timezone": Str(max=255)}),
        "datetimepicker": action(
            {}, {"confirm": CONFIRM, "focus_on_load": Bool(), "initial_date_time": Int()}
        ),
        "plain_text_input": action(
            {},
            {
                **TYPED_IN,
                "initial_value": Str(min=0, max=3000),
                "multiline": Bool(),
                "min_length": Int(max=3000),
                "max_length": Int(min=1, max=3000),
            },
            bounds_agree,
        ),
        "email_text_input": action({}, {**TYPED_IN, "initial_value": Str(min=0)}),
        "url_text_input": action({}, {**TYPED_IN, "initial_value": Str(min=0)}),
        "number_input": action(
            {"is_decimal_allowed": Bool()},
            {**TYPED_IN, "initial_value": Str(), "min_value": Str(), "max_value": Str()},
        ),
        "rich_text_input": action({}, {**TYPED_IN, "initial_value": AnyObject()}),
        "file_input": action({}, {"filetypes": Many(Str(max=255), 100), "max_files": Int(min=1, max=10)}),
        "feedback_buttons": action({"positive_button": FEEDBACK, "negative_button": FEEDBACK}),
        "icon_button": action(
            {"icon": Str(one_of=("trash",)), "text": plain(75)},
            {
                "value": Str(max=2000),
                "confirm": CONFIRM,
                "accessibility_label": Str(max=75),
                "visible_to_user_ids": PEOPLE,
            },
        ),
    }
)

SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
CHOICES = (
    *SELECTS,
    *(f"multi_{name}" for name in SELECTS),
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
)
IN_SECTION = ELEMENTS.only("button", "workflow_button", "image", "overflow", *CHOICES)
IN_ACTIONS = ELEMENTS.only(
    "button", "workflow_button", "overflow", "datetimepicker", "rich_text_input", *CHOICES
)
IN_INPUT = ELEMENTS.only(
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
    "datetimepicker",
    *CHOICES,
)
