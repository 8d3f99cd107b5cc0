"""Socket Mode: one socket an envelope, one use a ticket, and what a refresh does."""

import asyncio
import json
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from tests.playground.local import APP_TOKEN, bolt, manifest, over_sockets, running


async def opened(slack: LocalSlack) -> str:
    api = AsyncWebClient(token=APP_TOKEN, base_url=slack.api_url)
    return str((await api.apps_connections_open(app_token=APP_TOKEN))["url"])


async def test_each_envelope_goes_to_exactly_one_socket() -> None:
    async with (
        running(manifest=manifest(socket_mode=True)) as slack,
        SlackClient(slack.url) as people,
        aiohttp.ClientSession() as session,
        session.ws_connect(await opened(slack)) as one,
        session.ws_connect(await opened(slack)) as two,
    ):
        assert (await one.receive_json())["type"] == "hello"
        assert (await two.receive_json())["num_connections"] == 2
        got: list[dict[str, Any]] = []

        async def serve(socket: aiohttp.ClientWebSocketResponse) -> None:
            async for message in socket:
                envelope = json.loads(message.data)
                got.append(envelope)
                answer = {"envelope_id": envelope["envelope_id"], "payload": {"text": f"{len(got)}"}}
                await socket.send_json(answer)

        servers = [asyncio.create_task(serve(each)) for each in (one, two)]
        for number in range(12):
            assert (await people.command("alice", "deploys", f"/assent {number}"))["acknowledged"]
        for each in servers:
            each.cancel()
        await asyncio.gather(*servers, return_exceptions=True)
    assert [each["payload"]["text"] for each in got] == [str(number) for number in range(12)]
    assert {each["type"] for each in got} == {"slash_commands"}
    assert all(each["accepts_response_payload"] for each in got)


async def test_an_event_nobody_acknowledges_comes_again() -> None:
    async with (
        running(manifest=manifest(socket_mode=True), deadline_s=0.1, retry_delays=(0.0,)) as slack,
        SlackClient(slack.url) as people,
        aiohttp.ClientSession() as session,
        session.ws_connect(await opened(slack)) as socket,
    ):
        await socket.receive_json()
        await people.say("alice", "@app", "hello")
        first, second = await socket.receive_json(), await socket.receive_json()
    assert (first["retry_attempt"], second["retry_attempt"], second["retry_reason"]) == (0, 1, "http_timeout")
    assert first["payload"]["event_id"] == second["payload"]["event_id"]
    assert first["envelope_id"] != second["envelope_id"]


async def test_a_ticket_opens_one_socket() -> None:
    async with running(manifest=manifest(socket_mode=True)) as slack, aiohttp.ClientSession() as session:
        url = await opened(slack)
        async with session.ws_connect(url):
            again = await session.get(url.replace("ws://", "http://"))
            assert again.status == 403


async def test_without_a_socket_the_person_is_told() -> None:
    async with running(manifest=manifest(socket_mode=True)) as slack, SlackClient(slack.url) as people:
        assert not (await people.command("alice", "deploys", "/assent help"))["acknowledged"]
        state = await people.state("alice")
    assert state["log"][-1]["text"] == "/assent failed because the app is not running."
    assert state["app"]["connected"] is False


async def test_a_refresh_makes_the_app_connect_again() -> None:
    async with running(manifest=manifest(socket_mode=True)) as slack, SlackClient(slack.url) as people:
        app = bolt(slack)

        @app.command("/assent")
        async def command(ack: Any) -> None:
            await ack("here")

        async with over_sockets(slack, app):
            await slack.refresh_sockets()
            async with asyncio.timeout(20):  # Bolt may change sockets twice, and lose what comes in between
                while not (await people.command("alice", "deploys", "/assent help"))["acknowledged"]:
                    await people.until("alice", lambda state: state if state["app"]["connected"] else None)
