"""Response URLs: an app's later answer to a command or a click, five times within thirty minutes."""

from aiohttp import web

from bot.playground import faces
from bot.playground.content import content
from bot.playground.methods.call import Office
from bot.playground.tickets import ResponseUrl, SlackError
from bot.playground.web_api import arguments
from bot.playground.workspace import Channel, Json


class ResponseUrls:
    def __init__(self, office: Office) -> None:
        self._office, self._workspace = office, office.workspace

    async def handle(self, request: web.Request) -> web.Response:
        """Answers "ok" as text, or 404 with Slack's error. A refused body still counts as a use."""
        try:
            ticket = self._office.tickets.use(request.path)
        except SlackError as refusal:
            return web.json_response({"ok": False, "error": refusal.error}, status=404)
        try:
            args = await arguments(request)
            self._answer(ticket, args)
        except SlackError as refusal:
            return web.json_response({"ok": False, "error": refusal.error, **refusal.fields}, status=400)
        return web.Response(text="ok")

    def _answer(self, ticket: ResponseUrl, args: Json) -> None:
        channel = self._workspace.channels[ticket.channel]
        original = channel.find(ticket.message_ts) if ticket.message_ts else None
        if args.get("delete_original"):
            if original is None:
                raise SlackError("message_not_found")
            self._workspace.delete(channel, original)
            return
        said = content(args)
        if args.get("replace_original") and original is not None:
            self._workspace.edit(channel, original, {"blocks": None, "attachments": None, **said})
            return
        self._new(channel, ticket, args, said)

    def _new(self, channel: Channel, ticket: ResponseUrl, args: Json, said: Json) -> None:
        app = self._workspace.app
        author = faces.authored(self._workspace, self._workspace.people[app.user_id])
        thread: Json = {"thread_ts": str(args["thread_ts"])} if args.get("thread_ts") else {}
        if args.get("response_type") == "in_channel":
            if channel.is_archived:
                raise SlackError("is_archived")
            self._workspace.post(channel, {**author, **said, **thread})
        else:
            self._workspace.whisper(channel, ticket.user, {**author, **said, **thread})
