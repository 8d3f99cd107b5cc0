"""conversations.*: what the app may know of channels and do to them."""

import re

from bot.playground import faces
from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.tickets import SlackError
from bot.playground.workspace import Channel, Json

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
MANAGE = ("channels:manage", "groups:write")
NAME = re.compile(r"[a-z0-9_\-]{1,80}")


def _kind(one: Channel) -> str:
    return "im" if one.is_im else "private_channel" if one.is_private else "public_channel"


def free_name(call: Call, name: str = "name") -> str:
    """A name Slack would take: lower case, no spaces or full stops, at most 80 characters, not taken."""
    wanted = call.text(name).removeprefix("#")
    if not wanted:
        raise SlackError("invalid_name_required")
    if len(wanted) > 80:
        raise SlackError("invalid_name_maxlength")
    if not NAME.fullmatch(wanted):
        raise SlackError("invalid_name_specials")
    if call.workspace.named(wanted):
        raise SlackError("name_taken")
    return wanted


def _mine(call: Call, *, open_only: bool = True) -> Channel:
    """A channel the app is in and may change."""
    one = call.channel()
    if one.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    call.require("groups:write" if one.is_private else "channels:manage")
    if call.workspace.app.user_id not in one.members:
        raise SlackError("not_in_channel")
    if open_only and one.is_archived:
        raise SlackError("is_archived")
    return one


@method("conversations.info", Tier.THREE, *READ)
def info(call: Call) -> Json:
    one = call.channel(scope="read")
    return {"channel": faces.channel(one, call.workspace, counted=call.flag("include_num_members"))}


@method("conversations.list", Tier.TWO, *READ)
def list_channels(call: Call) -> Json:
    kinds = call.text("types", "public_channel").split(",")
    for kind, scope in (("public_channel", "channels"), ("private_channel", "groups"), ("im", "im")):
        if kind in kinds:
            call.require(f"{scope}:read")
    found = [
        faces.channel(one, call.workspace, counted=True)
        for one in call.workspace.channels.values()
        if _kind(one) in kinds
        and (not one.is_private or call.workspace.app.user_id in one.members)
        and not (call.flag("exclude_archived") and one.is_archived)
    ]
    page, cursor = call.page(found)
    return {"channels": page, "response_metadata": cursor}


@method("conversations.members", Tier.FOUR, *READ)
def members(call: Call) -> Json:
    page, cursor = call.page(call.channel(scope="read").members)
    return {"members": page, "response_metadata": cursor}


@method("conversations.open", Tier.THREE, "im:write", "mpim:write")
def open_conversation(call: Call) -> Json:
    users = call.strings("users")
    if not users and call.text("channel"):
        one = call.channel()
    elif len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "method_not_supported_for_channel_type")
    else:
        person = call.workspace.people.get(users[0])
        if person is None:
            raise SlackError("user_not_found")
        if person.kind == "deleted":
            raise SlackError("user_disabled")
        if person.is_bot:
            raise SlackError("cannot_dm_bot")
        one = call.workspace.direct(person.id)
    full = call.flag("return_im")
    return {"channel": faces.channel(one, call.workspace) if full else {"id": one.id}}


def _between(call: Call, messages: list[Json]) -> list[Json]:
    oldest, latest, inclusive = (
        call.text("oldest", "0"),
        call.text("latest", "9999999999.999999"),
        call.flag("inclusive"),
    )
    try:
        low, high = float(oldest), float(latest)
    except ValueError:
        raise SlackError("invalid_ts_oldest") from None
    return [
        one
        for one in messages
        if low < float(one["ts"]) < high or (inclusive and one["ts"] in (oldest, latest))
    ]


def _readable(call: Call) -> Channel:
    one = call.channel(scope="history")
    if call.workspace.app.user_id not in one.members:
        raise SlackError("not_in_channel")
    return one


@method("conversations.history", Tier.THREE, *HISTORY)
def history(call: Call) -> Json:
    one = _readable(call)
    top = [
        each
        for each in one.messages
        if not each.get("only_to") and each.get("thread_ts", each["ts"]) == each["ts"]
    ]
    newest = sorted(_between(call, top), key=lambda each: float(each["ts"]), reverse=True)
    page, cursor = call.page(newest, most=999)
    with_metadata = call.flag("include_all_metadata")
    return {
        "messages": [faces.for_app(each, with_metadata=with_metadata) for each in page],
        "has_more": bool(cursor["next_cursor"]),
        "pin_count": len(one.pins),
        "response_metadata": cursor,
    }


@method("conversations.replies", Tier.THREE, *HISTORY)
def replies(call: Call) -> Json:
    one = _readable(call)
    root = one.find(call.text("ts", required=True))
    if root is None or root.get("only_to"):
        raise SlackError("thread_not_found")
    page, cursor = call.page([root, *_between(call, one.replies(root["ts"]))], default=1000)
    with_metadata = call.flag("include_all_metadata")
    return {
        "messages": [faces.for_app(each, with_metadata=with_metadata) for each in page],
        "has_more": bool(cursor["next_cursor"]),
        "response_metadata": cursor,
    }


@method("conversations.create", Tier.TWO, *MANAGE)
def create(call: Call) -> Json:
    private = call.flag("is_private")
    call.require("groups:write" if private else "channels:manage")
    one = call.workspace.create(free_name(call), call.workspace.app.user_id, is_private=private)
    return {"channel": faces.channel(one, call.workspace)}


@method("conversations.join", Tier.THREE, "channels:join")
def join(call: Call) -> Json:
    one = call.channel()
    if one.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if one.is_archived:
        raise SlackError("is_archived")
    already = call.workspace.app.user_id in one.members
    call.workspace.join(one, call.workspace.app.user_id)
    more: Json = {"warning": "already_in_channel"} if already else {}
    return {"channel": faces.channel(one, call.workspace), **more}


@method("conversations.rename", Tier.TWO, *MANAGE)
def rename(call: Call) -> Json:
    one = _mine(call)
    if one.creator != call.workspace.app.user_id:
        raise SlackError("not_authorized")
    call.workspace.rename(one, free_name(call))
    return {"channel": faces.channel(one, call.workspace)}


@method("conversations.invite", Tier.THREE, *MANAGE, "channels:write.invites", "groups:write.invites")
def invite(call: Call) -> Json:
    one = call.channel()
    if call.workspace.app.user_id not in one.members:
        raise SlackError("not_in_channel")
    if one.is_archived:
        raise SlackError("is_archived")
    users = call.strings("users")
    if not users:
        raise SlackError("no_user")
    for user in users:
        if user not in call.workspace.people:
            raise SlackError("user_not_found")
        if user == call.workspace.app.user_id:
            raise SlackError("cant_invite_self")
        if user in one.members:
            raise SlackError("already_in_channel")
    for user in users:
        call.workspace.join(one, user, call.workspace.app.user_id)
    return {"channel": faces.channel(one, call.workspace)}


@method("conversations.archive", Tier.TWO, *MANAGE)
def archive(call: Call) -> Json:
    one = _mine(call, open_only=False)
    if one.is_archived:
        raise SlackError("already_archived")
    if one.is_general:
        raise SlackError("cant_archive_general")
    call.workspace.archive(one, call.workspace.app.user_id)
    return {}


@method("conversations.setTopic", Tier.TWO, *MANAGE, "channels:write.topic", "groups:write.topic")
def set_topic(call: Call) -> Json:
    one = call.channel()
    if call.workspace.app.user_id not in one.members:
        raise SlackError("not_in_channel")
    if one.is_archived:
        raise SlackError("is_archived")
    topic = call.text("topic")
    if len(topic) > 250:
        raise SlackError("too_long")
    call.workspace.retopic(one, topic)
    return {"channel": faces.channel(one, call.workspace)}
