"""files.*: the two-step upload. The bytes arrive at the upload URL in between."""

from bot.playground import faces
from bot.playground.content import parsed
from bot.playground.limits import Tier
from bot.playground.methods.call import Call, method
from bot.playground.tickets import SlackError
from bot.playground.workspace import Json

MOST_BYTES = 1 << 30
"""Slack takes files of up to 1 GB."""


@method("files.getUploadURLExternal", Tier.FOUR, "files:write")
def get_upload_url(call: Call) -> Json:
    name = call.text("filename", required=True)
    call.text("length", required=True)
    length = call.number("length", 0, 2**62)
    if length > MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    file_id = call.workspace.next_id("F")
    call.workspace.files[file_id] = {"id": file_id, "name": name, "length": length, "bytes": None}
    return {"upload_url": f"{call.office.url}/upload/v1/{file_id}", "file_id": file_id}


@method("files.completeUploadExternal", Tier.FOUR, "files:write")
def complete_upload(call: Call) -> Json:
    wanted = parsed(call.args.get("files"), "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    if call.text("channel_id"):
        one = call.channel(name="channel_id")
        if call.workspace.app.user_id not in one.members:
            raise SlackError("not_in_channel")
        if one.is_archived:
            raise SlackError("is_archived")
    done = [_finished(call, each) for each in wanted]
    if call.text("channel_id"):
        author = faces.authored(call.workspace, call.workspace.people[call.workspace.app.user_id])
        thread: Json = {"thread_ts": call.text("thread_ts")} if call.text("thread_ts") else {}
        call.workspace.post(
            one, {**author, "text": call.text("initial_comment"), "files": done, "upload": True, **thread}
        )
    return {"files": done}


def _finished(call: Call, wanted: object) -> Json:
    found = call.workspace.files.get(str(wanted.get("id"))) if isinstance(wanted, dict) else None
    if found is None or found["bytes"] is None or "shown" in found or not isinstance(wanted, dict):
        # A second time for one file: what Slack does is not written down, so here it is the worse of both.
        raise SlackError("file_not_found")
    url = f"{call.office.url}/files/{found['id']}/{found['name']}"
    found["shown"] = {
        "id": found["id"],
        "created": int(call.workspace.clock()),
        "name": found["name"],
        "title": str(wanted.get("title") or found["name"]),
        "mimetype": "text/plain",
        "filetype": found["name"].rpartition(".")[2],
        "user": call.workspace.app.user_id,
        "size": len(found["bytes"]),
        "url_private": url,
        "url_private_download": url,
        "permalink": url,
    }
    return dict(found["shown"])
