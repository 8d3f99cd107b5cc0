"""Marks on messages: pins and reactions."""

from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.tickets import SlackError
from bot.playground.workspace import Channel, Json


def _marked(call: Call) -> tuple[Channel, Json]:
    one = call.channel()
    if call.workspace.app.user_id not in one.members:
        raise SlackError("not_in_channel" if call.method.startswith("pins") else "channel_not_found")
    message = one.find(call.text("timestamp", required=True))
    if message is None or message.get("only_to"):
        raise SlackError("message_not_found")
    return one, message


@method("pins.add", Tier.TWO, "pins:write")
def pin(call: Call) -> Json:
    one, message = _marked(call)
    if one.is_archived:
        raise SlackError("is_archived")
    if message["ts"] in one.pins:
        raise SlackError("already_pinned")
    call.workspace.pin(one, message["ts"], pinned=True)
    return {}


@method("pins.remove", Tier.TWO, "pins:write")
def unpin(call: Call) -> Json:
    one, message = _marked(call)
    if message["ts"] not in one.pins:
        raise SlackError("no_pin")
    call.workspace.pin(one, message["ts"], pinned=False)
    return {}


@method("pins.list", Tier.TWO, "pins:read")
def pins(call: Call) -> Json:
    one = call.channel()
    found = [message for ts in one.pins if (message := one.find(ts))]
    return {
        "items": [
            {"type": "message", "channel": one.id, "created": one.created, "message": each} for each in found
        ]
    }


@method("reactions.add", Tier.THREE, "reactions:write")
def react(call: Call) -> Json:
    one, message = _marked(call)
    if one.is_archived:
        raise SlackError("is_archived")
    name, me = call.text("name", required=True).strip(":"), call.workspace.app.user_id
    reactions = [dict(each) for each in message.get("reactions", [])]
    found = next((each for each in reactions if each["name"] == name), None)
    if found is None:
        reactions.append({"name": name, "users": [me], "count": 1})
    elif me in found["users"]:
        raise SlackError("already_reacted")
    else:
        found |= {"users": [*found["users"], me], "count": found["count"] + 1}
    call.workspace.react(one, message, reactions)
    return {}
