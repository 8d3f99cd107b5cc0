"""chat.*: posting, updating, deleting, whispering."""

from bot.playground import faces
from bot.playground.content import content
from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.tickets import SlackError
from bot.playground.workspace import Channel, Json


def _postable(call: Call) -> Channel:
    """Where the app may post: direct messages, its channels, any public one with chat:write.public."""
    wanted = call.text("channel")
    person = call.workspace.people.get(wanted)
    if person is not None:
        if person.is_bot or person.kind == "deleted":
            raise SlackError("channel_not_found")
        return call.workspace.direct(person.id)
    named = call.workspace.named(wanted.removeprefix("#"))
    if named is not None and not named.is_private:
        call.args["channel"] = named.id
    one = call.channel()
    if one.is_archived:
        raise SlackError("is_archived")
    if call.workspace.app.user_id not in one.members and "chat:write.public" not in call.workspace.app.scopes:
        raise SlackError("not_in_channel")
    return one


def _own(call: Call, refusal: str) -> tuple[Channel, Json]:
    """A message of the app's own, by channel and ts. Ephemeral messages cannot be found, as in Slack."""
    one = call.channel()
    message = one.find(call.text("ts", required=True))
    if message is None or message.get("only_to"):
        raise SlackError("message_not_found")
    if message.get("bot_id") != call.workspace.app.bot_id:
        raise SlackError(refusal)
    return one, message


def _thread(call: Call, one: Channel) -> Json:
    """A reply to a reply goes to the thread's first message."""
    wanted = call.text("thread_ts")
    if not wanted:
        return {}
    root = one.find(wanted)
    if root is None:
        raise SlackError("thread_not_found")
    return {"thread_ts": root.get("thread_ts", root["ts"])}


@method("chat.postMessage", Tier.POSTING, "chat:write")
def post_message(call: Call) -> Json:
    one = _postable(call)
    workspace = call.workspace
    said = content(call.args)
    author = faces.authored(workspace, workspace.people[workspace.app.user_id])
    if call.text("username") and "chat:write.customize" in workspace.app.scopes:
        author["username"] = call.text("username")
    message = workspace.post(one, {**author, **said, **_thread(call, one)})
    return {"channel": one.id, "ts": message["ts"], "message": faces.for_app(message, with_metadata=True)}


@method("chat.update", Tier.THREE, "chat:write")
def update(call: Call) -> Json:
    one, message = _own(call, "cant_update_message")
    if one.is_archived:
        raise SlackError("is_archived")
    said = content(call.args, updating=True)
    call.workspace.edit(one, message, said, editor=call.workspace.app.user_id)
    shown = faces.for_app(message, with_metadata=True)
    return {"channel": one.id, "ts": message["ts"], "text": message["text"], "message": shown}


@method("chat.delete", Tier.THREE, "chat:write")
def delete(call: Call) -> Json:
    one, message = _own(call, "cant_delete_message")
    call.workspace.delete(one, message)
    return {"channel": one.id, "ts": message["ts"]}


@method("chat.postEphemeral", Tier.FOUR, "chat:write")
def post_ephemeral(call: Call) -> Json:
    one = _postable(call)
    user = call.text("user", required=True)
    if user not in call.workspace.people:
        raise SlackError("user_not_found")
    if user not in one.members:
        raise SlackError("user_not_in_channel")
    author = faces.authored(call.workspace, call.workspace.people[call.workspace.app.user_id])
    message = call.workspace.whisper(one, user, {**author, **content(call.args), **_thread(call, one)})
    return {"message_ts": message["ts"]}


@method("chat.getPermalink", Tier.SPECIAL)
def permalink(call: Call) -> Json:
    one = call.channel()
    ts = call.text("message_ts", required=True)
    message = one.find(ts)
    if message is None or message.get("only_to"):
        raise SlackError("message_not_found")
    thread = message.get("thread_ts", ts)
    link = f"{call.office.url}/archives/{one.id}/p{ts.replace('.', '')}"
    return {
        "channel": one.id,
        "permalink": link if thread == ts else f"{link}?thread_ts={thread}&cid={one.id}",
    }
