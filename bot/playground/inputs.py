"""What a person filled in: the state of a surface's inputs, and what Slack's client would not let through."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.blocks import elements_of
from bot.playground.workspace import Json

# element type: (the field of its state, the field of the element that holds the first value)
STATEFUL = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", ""),
    "checkboxes": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def offered(element: Json) -> dict[str, Json]:
    """The options of a menu by their value; empty for one that is filled from elsewhere."""
    groups = element.get("option_groups") or []
    options = [*(element.get("options") or []), *(one for group in groups for one in group["options"])]
    return {each["value"]: each for each in options}


def chosen(element: Json, given: Mapping[str, Any]) -> Any:
    """What a person picked or typed. An option is the menu's own: what it does not offer cannot be picked."""
    name = "selected_option" if element["type"] == "overflow" else STATEFUL[element["type"]][0]
    value, options = given.get(name), offered(element)
    if not options:
        return value
    if isinstance(value, list):
        return [options[each.get("value")] for each in value if each.get("value") in options]
    return options.get(value.get("value", "")) if isinstance(value, dict) else None


def _stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        for element in elements_of(block):
            if element.get("type") in STATEFUL:
                yield block, element


def state_values(blocks: list[Json], given: Mapping[str, Any] | None) -> Json:
    """`state.values` of a surface: each input there is, with its first value where none was given."""
    values: Json = {}
    for block, element in _stateful(blocks):
        name, first = STATEFUL[element["type"]]
        entry = ((given or {}).get(block["block_id"]) or {}).get(element["action_id"])
        value = chosen(element, entry) if isinstance(entry, dict) else element.get(first)
        if value is None and name.startswith("selected_") and name.endswith("s"):
            value = []
        elif value == "" and name == "value":
            value = None
        values.setdefault(block["block_id"], {})[element["action_id"]] = {
            "type": element["type"],
            name: value,
        }
    return values


def unfinished(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's client stops before the app hears of it: block_id to the sentence under the input."""
    errors: dict[str, str] = {}
    for block, element in _stateful(blocks):
        if block["type"] != "input":
            continue
        name, _ = STATEFUL[element["type"]]
        value = values[block["block_id"]][element["action_id"]][name]
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif element["type"] == "plain_text_input":
            low, high = element.get("min_length", 0), element.get("max_length", 3000)
            if len(value) < low:
                errors[block["block_id"]] = f"Please enter at least {low} characters."
            elif len(value) > high:
                errors[block["block_id"]] = f"Please enter at most {high} characters."
        elif element["type"] == "number_input" and (wrong := _not_a_number(element, value)):
            errors[block["block_id"]] = wrong
    return errors


def _not_a_number(element: Json, value: str) -> str:
    try:
        number = float(value) if element.get("is_decimal_allowed") else int(value)
    except ValueError:
        return "Please enter a number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""
