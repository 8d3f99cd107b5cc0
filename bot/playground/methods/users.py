"""users.* and usergroups.*: the directory as the app's scopes let it be seen."""

from bot.playground import faces
from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.people import TEAM_ID, Person
from bot.playground.tickets import SlackError
from bot.playground.workspace import Json


def _shown(call: Call, person: Person) -> Json:
    return faces.user(
        person, with_email="users:read.email" in call.workspace.app.scopes, since=call.workspace.born
    )


@method("users.info", Tier.FOUR, "users:read")
def info(call: Call) -> Json:
    person = call.workspace.people.get(call.text("user", required=True))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": _shown(call, person)}


@method("users.list", Tier.TWO, "users:read")
def list_users(call: Call) -> Json:
    everybody = [each for each in call.workspace.people.values() if each.team_id == TEAM_ID]
    page, cursor = call.page(everybody, default=200)
    return {
        "members": [_shown(call, each) for each in page],
        "cache_ts": int(call.workspace.clock()),
        "response_metadata": cursor,
    }


@method("users.lookupByEmail", Tier.THREE, "users:read.email")
def lookup_by_email(call: Call) -> Json:
    email = call.text("email", required=True).lower()
    for person in call.workspace.people.values():
        if person.email == email and not person.is_bot and person.kind not in ("deleted", "stranger"):
            return {"user": _shown(call, person)}
    raise SlackError("users_not_found")


@method("users.conversations", Tier.THREE, "channels:read", "groups:read", "im:read", "mpim:read")
def conversations(call: Call) -> Json:
    who = call.text("user", call.workspace.app.user_id)
    if who not in call.workspace.people:
        raise SlackError("user_not_found")
    kinds = call.text("types", "public_channel").split(",")
    found = []
    for one in call.workspace.channels.values():
        kind = "im" if one.is_im else "private_channel" if one.is_private else "public_channel"
        known = not one.is_private or call.workspace.app.user_id in one.members
        if (
            kind in kinds
            and known
            and who in one.members
            and not (call.flag("exclude_archived") and one.is_archived)
        ):
            found.append(faces.channel(one, call.workspace))
    page, cursor = call.page(found)
    for one in page:
        one.pop("is_member", None)
    return {"channels": page, "response_metadata": cursor}


@method("usergroups.list", Tier.TWO, "usergroups:read")
def groups(call: Call) -> Json:
    with_users = call.flag("include_users")
    return {
        "usergroups": [
            faces.group(each, with_users=with_users, since=call.workspace.born)
            for each in call.workspace.groups
        ]
    }


@method("usergroups.users.list", Tier.TWO, "usergroups:read")
def group_users(call: Call) -> Json:
    wanted = call.text("usergroup", required=True)
    for each in call.workspace.groups:
        if each.id == wanted:
            return {"users": list(each.users)}
    raise SlackError("no_such_subteam")
