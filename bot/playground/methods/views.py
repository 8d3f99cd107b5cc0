"""views.*: a trigger opens one modal, within three seconds."""

from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.tickets import SlackError
from bot.playground.workspace import Json


def _view(call: Call) -> object:
    if call.args.get("view") is None:
        raise SlackError(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]}
        )
    return call.args["view"]


@method("views.open", Tier.FOUR)
def open_view(call: Call) -> Json:
    user = call.office.tickets.exchange(call.text("trigger_id", required=True))
    return {"view": call.office.views.open(user, _view(call))}


@method("views.push", Tier.FOUR)
def push(call: Call) -> Json:
    user = call.office.tickets.exchange(call.text("trigger_id", required=True))
    return {"view": call.office.views.push(user, _view(call))}


@method("views.update", Tier.FOUR)
def update(call: Call) -> Json:
    external, view_id = call.text("external_id"), call.text("view_id")
    by = "id" if view_id else "external_id"
    return {
        "view": call.office.views.update(view_id or external, _view(call), by=by, view_hash=call.text("hash"))
    }


@method("views.publish", Tier.FOUR)
def publish(call: Call) -> Json:
    user = call.text("user_id", required=True)
    if not call.workspace.app.has_home:
        raise SlackError("not_enabled")
    if user not in call.workspace.people:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid `user_id`"]})
    return {"view": call.office.views.publish(user, _view(call), view_hash=call.text("hash"))}
