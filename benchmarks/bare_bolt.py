"""The baseline: the least that a Bolt app on aiohttp can be.

Run as a process of its own, `python -m benchmarks.bare_bolt`. One listener that acknowledges; with
`BARE_CARDS=1` the least that shows a card too: it posts a message at the command and edits it at the click.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

YES = {"type": "plain_text", "text": "Yes"}
BUTTON = {"type": "button", "action_id": "approve", "value": "yes", "text": YES}
BLOCKS = [{"type": "actions", "block_id": "actions", "elements": [BUTTON]}]


async def acknowledge(ack: AsyncAck) -> None:
    await ack()


async def post(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    await client.chat_postMessage(channel=body["channel_id"], text=body["text"], blocks=BLOCKS)


async def edit(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    place = body["container"]
    channel, ts = place["channel_id"], place["message_ts"]
    await client.chat_update(channel=channel, ts=ts, text="counted", blocks=BLOCKS)


async def main() -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"], session=session
        )
        app = AsyncApp(
            client=client,
            signing_secret=os.environ["SLACK_SIGNING_SECRET"],
            process_before_response=True,
        )
        if os.environ.get("BARE_CARDS"):
            app.command("/assent")(post)
            app.action("approve")(edit)
        else:
            app.command("/assent")(acknowledge)

        async def events(request: web.Request) -> web.StreamResponse:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        async def readyz(_request: web.Request) -> web.Response:
            return web.Response(text="ready")

        server = web.Application()
        server.add_routes([web.post("/slack/events", events), web.get("/readyz", readyz)])
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
