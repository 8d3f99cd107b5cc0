"""Who am I, where am I: auth, team, bots, and the door to Socket Mode."""

from bot.playground import faces
from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.people import TEAM_NAME
from bot.playground.tickets import SlackError
from bot.playground.workspace import Json


@method("auth.test", Tier.SPECIAL)
def auth_test(call: Call) -> Json:
    app = call.workspace.app
    return {
        "url": call.office.url + "/",
        "team": TEAM_NAME,
        "user": call.workspace.people[app.user_id].name,
        "team_id": app.team_id,
        "user_id": app.user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


@method("api.test", Tier.FOUR)
def api_test(call: Call) -> Json:
    return {"args": call.args}


@method("apps.connections.open", Tier.ONE, app_level=True)
def connections_open(call: Call) -> Json:
    if not call.workspace.app.socket_mode:
        raise SlackError("socket_mode_not_enabled")
    return {"url": call.office.socket_url()}


@method("team.info", Tier.THREE, "team:read")
def team_info(call: Call) -> Json:
    return {"team": faces.team(call.office.url + "/")}


@method("bots.info", Tier.THREE, "users:read")
def bots_info(call: Call) -> Json:
    wanted = call.text("bot", call.workspace.app.bot_id)
    for person in call.workspace.people.values():
        if person.bot_id == wanted and wanted:
            return {"bot": faces.bot(person, since=call.workspace.born)}
    raise SlackError("bot_not_found")
