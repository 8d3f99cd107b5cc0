"""What an app wants to say, checked, in the form Slack stores it: text, blocks, attachments, metadata."""

import json
import secrets
from copy import deepcopy
from typing import Any

from bot.playground.blocks import elements_of, message_faults, metadata_faults, too_long
from bot.playground.tickets import SlackError
from bot.playground.workspace import Json

POST_CHARACTERS, UPDATE_CHARACTERS = 40_000, 4_000
UNSHOWN = "This content can't be displayed."
METADATA_BYTES = 8_000


def parsed(value: Any, error: str) -> Any:
    """Forms carry objects as JSON text; JSON bodies carry them as they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error) from None


def refused(error: str, faults: list[str]) -> SlackError:
    messages = [f"[ERROR] {each}" for each in faults]
    more: Json = {"errors": faults} if error == "invalid_blocks" else {}
    return SlackError(error, **more, response_metadata={"messages": messages})


def stored_blocks(blocks: list[Json]) -> list[Json]:
    """Blocks as Slack gives them back: ids where none were given, text objects with their defaults."""
    blocks = deepcopy(blocks)
    for block in blocks:
        if not block.get("block_id"):
            block["block_id"] = secrets.token_urlsafe(4)[:5]
        for element in elements_of(block):
            if element.get("type") not in (None, "image") and not element.get("action_id"):
                element["action_id"] = secrets.token_urlsafe(4)[:5]
        _dress(block)
    return blocks


def _dress(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _dress(each)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for each in value.values():
            _dress(each)


def blocks_of(given: Any) -> list[Json]:
    blocks = parsed(given, "invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if faults := message_faults(blocks):
        raise refused("invalid_blocks", faults)
    if too_long(blocks):
        raise SlackError("msg_blocks_too_long")
    return stored_blocks(blocks)


def _attachments_of(given: Any) -> list[Json]:
    attachments = parsed(given, "invalid_attachments")
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > 100:
        raise SlackError("too_many_attachments")
    return [
        {**each, "id": number, **({"blocks": blocks_of(each["blocks"])} if each.get("blocks") else {})}
        for number, each in enumerate(attachments, 1)
    ]


def _metadata_of(given: Any) -> Json:
    metadata = parsed(given, "invalid_metadata_format")
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if metadata and (faults := metadata_faults(metadata)):
        raise refused("invalid_metadata_schema", faults)
    if len(json.dumps(metadata)) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def content(args: Json, *, updating: bool = False) -> Json:
    """The fields of a message; when updating only what was given: Slack keeps the rest."""
    said: Json = {}
    text = args.get("text")
    if text is not None and not isinstance(text, str):
        raise SlackError("invalid_arguments")
    if updating and len(text or "") > UPDATE_CHARACTERS:
        raise SlackError("msg_too_long")
    if args.get("blocks") is not None:
        said["blocks"] = blocks_of(args["blocks"])
    if args.get("attachments") is not None:
        said["attachments"] = _attachments_of(args["attachments"])
    if args.get("metadata") is not None:
        said["metadata"] = _metadata_of(args["metadata"])
    shown = bool(said.get("blocks") or said.get("attachments"))
    if not (text or "").strip() and not shown:
        raise SlackError("no_text")
    if text is not None or not updating:
        said["text"] = (text or UNSHOWN)[:POST_CHARACTERS]
    empty = {name: None for name in ("blocks", "attachments", "metadata") if said.get(name) in ([], {})}
    return {**said, **empty} if updating else {name: each for name, each in said.items() if name not in empty}
