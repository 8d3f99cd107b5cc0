"""The live push to open pages: each person's sockets get what that person may see."""

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from bot.playground.seen import Seen
from bot.playground.workspace import Change, Json, Workspace

CHANNEL_CHANGES = ("channel_created", "channel_rename", "channel_archive", "channel_topic", "member_joined")
AS_CHANGED = ("message_changed", "thread", "reaction")


class Live:
    def __init__(self, workspace: Workspace, seen: Seen) -> None:
        self._workspace, self._seen = workspace, seen
        self._queues: dict[asyncio.Queue[Json | None], str] = {}
        workspace.listen(self.on_change)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One page. The queue keeps the order of what happened, whatever the network does."""
        user = request.query.get("as", "")
        if user not in self._workspace.people:
            return web.json_response({"ok": False, "error": "There is no such person."}, status=400)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._queues[queue] = user
        writer = asyncio.create_task(self._write(socket, queue))
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            del self._queues[queue]
            queue.put_nowait(None)
            await writer
        return socket

    async def _write(self, socket: web.WebSocketResponse, queue: asyncio.Queue[Json | None]) -> None:
        with contextlib.suppress(ConnectionError):
            while (said := await queue.get()) is not None:
                await socket.send_json(said)
        await socket.close()

    def on_change(self, change: Change) -> None:
        for queue, user in self._queues.items():
            if said := self._said(change, user):
                queue.put_nowait(said)

    def close(self) -> None:
        for queue in self._queues:
            queue.put_nowait(None)

    def _said(self, change: Change, user: str) -> Json | None:
        channel = self._workspace.channels.get(change.channel)
        if change.only is not None and user not in change.only:
            return None
        if channel is not None and change.only is None and not self._workspace.sees(user, channel):
            return None
        if channel is not None and change.kind in CHANNEL_CHANGES:
            return {"type": "channel", "channel": self._seen.channel(channel, user)}
        match change.kind:
            case "message" | "ephemeral" | "message_deleted":
                return {"type": change.kind, "channel": change.channel, "message": change.data}
            case kind if kind in AS_CHANGED:
                return {"type": "message_changed", "channel": change.channel, "message": change.data}
            case "view_opened" | "view_updated" | "view_pushed" | "home":
                return {"type": change.kind, "view": change.data}
            case "pins" | "notice":
                return {"type": change.kind, "channel": change.channel, **change.data}
            case _:
                return {"type": change.kind, **change.data}
