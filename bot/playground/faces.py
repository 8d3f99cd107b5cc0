"""How Slack shows its objects, in the shape of its samples: users, channels, bots, groups."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.playground.app import App
from bot.playground.people import OTHER_TEAM_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Group, Person
from bot.playground.workspace import Channel, Json, Workspace

AVATAR = "https://a.slack-edge.com/80588/img/avatars/ava_0001"


def _offset(zone: str) -> int:
    """Seconds east of Greenwich; a machine without time zone data counts as Greenwich."""
    try:
        offset = datetime.now(ZoneInfo(zone)).utcoffset()
    except ZoneInfoNotFoundError:
        return 0
    return int(offset.total_seconds()) if offset else 0


def user(person: Person, *, with_email: bool, since: int) -> Json:
    """A user as users.info gives it; a stranger comes with `is_stranger` and little else."""
    images = {f"image_{size}": f"{AVATAR}-{size}.png" for size in (24, 32, 48, 72, 192, 512)}
    profile: Json = {
        "title": person.title,
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": person.real_name.split(" ")[0],
        "last_name": person.real_name.partition(" ")[2],
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "",
        "team": person.team_id,
        **images,
    }
    if with_email and not person.is_bot and person.kind != "stranger":
        profile["email"] = person.email
    if person.is_bot:
        profile |= {"api_app_id": person.app_id, "bot_id": person.bot_id, "always_active": True}
    shown: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.kind == "deleted",
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": since,
    }
    if person.kind == "deleted":
        return shown
    shown |= {
        "color": person.color,
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": person.tz.partition("/")[2].replace("_", " "),
        "tz_offset": _offset(person.tz),
    }
    if person.kind == "stranger":
        return shown | {"is_stranger": True}
    return shown | {
        "is_admin": person.kind == "manager",
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.kind == "guest",
        "is_ultra_restricted": person.kind == "guest",
        "is_email_confirmed": not person.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }


def channel(one: Channel, workspace: Workspace, *, counted: bool = False) -> Json:
    """A conversation as the app sees it."""
    common: Json = {
        "id": one.id,
        "created": one.created,
        "is_archived": one.is_archived,
        "is_org_shared": False,
    }
    if one.is_im:
        gone = workspace.people[one.user].kind == "deleted"
        return common | {"is_im": True, "user": one.user, "is_user_deleted": gone, "priority": 0}
    said: Json = {"creator": one.creator, "last_set": one.created}
    shown = common | {
        "name": one.name,
        "name_normalized": one.name,
        "is_channel": not one.is_private,
        "is_group": one.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": one.is_private,
        "is_general": one.is_general,
        "is_shared": one.is_ext_shared,
        "is_ext_shared": one.is_ext_shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [TEAM_ID, OTHER_TEAM_ID] if one.is_ext_shared else [TEAM_ID],
        "unlinked": 0,
        "creator": one.creator,
        "is_member": workspace.app.user_id in one.members,
        "topic": {"value": one.topic, **said},
        "purpose": {"value": one.purpose, **said},
        "previous_names": list(one.previous_names),
        "context_team_id": TEAM_ID,
        "updated": one.created * 1000,
    }
    return shown | ({"num_members": len(one.members)} if counted else {})


def created_channel(one: Channel, workspace: Workspace) -> Json:
    """A channel as the channel_created event tells of it: before anybody is counted in."""
    hidden = ("is_member", "num_members")
    return {name: value for name, value in channel(one, workspace).items() if name not in hidden}


def renamed_channel(one: Channel) -> Json:
    return {
        "id": one.id,
        "is_channel": not one.is_private,
        "is_mpim": False,
        "name": one.name,
        "name_normalized": one.name,
        "created": one.created,
    }


def group(one: Group, *, with_users: bool, since: int) -> Json:
    shown: Json = {
        "id": one.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": one.name,
        "description": "",
        "handle": one.handle,
        "is_external": False,
        "date_create": since,
        "date_update": since,
        "date_delete": 0,
        "created_by": "U0MIA",
        "updated_by": "U0MIA",
        "prefs": {"channels": [], "groups": []},
        "user_count": len(one.users),
    }
    return shown | ({"users": list(one.users)} if with_users else {})


def bot(person: Person, *, since: int) -> Json:
    return {
        "id": person.bot_id,
        "deleted": False,
        "name": person.real_name,
        "updated": since,
        "app_id": person.app_id,
        "user_id": person.id,
        "icons": {f"image_{size}": f"{AVATAR}-{size}.png" for size in (36, 48, 72)},
    }


def bot_profile(person: Person, *, since: int) -> Json:
    shown = bot(person, since=since)
    shown.pop("user_id")
    return shown | {"team_id": person.team_id}


def team(url: str) -> Json:
    return {
        "id": TEAM_ID,
        "name": TEAM_NAME,
        "url": url,
        "domain": TEAM_DOMAIN,
        "email_domain": "acme.example",
        "icon": {f"image_{size}": f"{AVATAR}-{size}.png" for size in (34, 44, 68, 88, 102, 132)}
        | {"image_default": True},
        "avatar_base_url": "https://ca.slack-edge.com/",
        "is_verified": False,
    }


def authored(workspace: Workspace, person: Person) -> dict[str, Any]:
    """The author's fields of a message; a bot's carry bot_id, app_id and its profile."""
    fields: Json = {"user": person.id, "team": person.team_id}
    if person.kind == "stranger":
        fields |= {"user_team": person.team_id, "source_team": person.team_id}
    if person.is_bot:
        fields |= {"bot_id": person.bot_id, "app_id": person.app_id}
        fields["bot_profile"] = bot_profile(person, since=workspace.born)
    return fields


def for_app(message: Json, *, with_metadata: bool = False) -> Json:
    """A stored message as the Web API returns it: without the local Slack's own marks."""
    hidden = {"ephemeral", "only_to"} | (set() if with_metadata else {"metadata"})
    return {name: value for name, value in message.items() if name not in hidden}


def app(one: App, *, connected: bool) -> Json:
    """The app as the page shows it."""
    commands = [
        {name: each.get(name, "") for name in ("command", "description", "usage_hint")}
        for each in one.commands
    ]
    return {
        "name": one.name,
        "app_id": one.app_id,
        "bot_user_id": one.user_id,
        "user_color": "2b6cb0",
        "commands": commands,
        "shortcuts": [
            {name: each.get(name, "") for name in ("name", "type", "callback_id")} for each in one.shortcuts
        ],
        "connected": connected,
        "mode": "socket" if one.socket_mode else "http",
    }
