"""Output that is longer than a card is a file in its thread: once, whole, and never in the run's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.flow.commit import Commit, Output
from bot.flow.notice import Notice
from bot.lifecycle import Event
from bot.slack.manifest import SCOPES
from bot.store.embedded import EmbeddedRedis
from bot.terms import Principal, RequestId
from tests.slack.house import House, killable, living

R1 = RequestId("r-1")
COMMAND = "/assent deploy checkout 1.4.2 to production"
SAID = "".join(f"line {n} of what it said\n" for n in range(2000))
TITLE = "All that Switch <traffic> said"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with EmbeddedRedis(tmp_path / "redis") as redis, living(redis, tmp_path / "home") as made:
        yield made


async def waits(house: House, an_assessment: Any) -> dict[str, Any]:
    await house.people.command("alice", "deploys", COMMAND)
    card = await house.card()
    judged = Commit(
        op="judged",
        request=R1,
        event=Event.DECIDED_REQUIRE,
        set={"assessment": an_assessment(), "card_revision": 1, "requester": Principal("alice")},
    )
    await house.store.commit(judged)
    return card


async def says(house: House, name: str = "1-0-switch", text: str = SAID) -> None:
    """What a step's end brings with it, by any commit: here by one that changes nothing else."""
    notice = Notice(request=R1, kind="output", text=TITLE, output=name)
    await house.store.commit(
        Commit(
            op=name,
            request=R1,
            event=Event.REASSESSED,
            output=Output(name=name, text=text),
            tell=(notice,),
        )
    )


async def finished(house: House) -> None:
    async with asyncio.timeout(60):
        while await house.store.redis.xlen(house.store.keys.notices):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def files(house: House) -> list[tuple[dict[str, Any], str]]:
    """Each message with a file, and what is in the file as a browser gets it."""
    found = []
    for message in await house.people.messages("deploys", "alice"):
        for file in message.get("files", []):
            async with house.http.get(file["url_private"]) as answer:
                found.append((message, await answer.text()))
    return found


async def kept(house: House) -> list[str]:
    return [key async for key in house.store.redis.scan_iter("*:output:*")]


async def test_it_is_a_file_in_the_thread_of_the_card(house: House, an_assessment: Any) -> None:
    card = await waits(house, an_assessment)
    await says(house)
    await finished(house)

    [(message, content)] = await files(house)
    assert content == SAID
    assert message["thread_ts"] == card["ts"]
    assert message["text"] == "📄 All that Switch &lt;traffic&gt; said"
    assert message["files"][0]["title"] == TITLE
    assert message["files"][0]["name"] == "r-1-1-0-switch.txt"
    assert await kept(house) == [], "it is kept only until it is there"


async def test_a_megabyte_goes_too(house: House, an_assessment: Any) -> None:
    await waits(house, an_assessment)
    await says(house, text="ä" * (1 << 20))
    await finished(house)
    [(message, content)] = await files(house)
    assert (content, message["files"][0]["size"]) == ("ä" * (1 << 20), 2 << 20)


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "files.getUploadURLExternal", "status": 429, "retry_after": 1, "times": 2},
        {"method": "files.getUploadURLExternal", "status": 503, "times": 2},
        {"method": "files.completeUploadExternal", "status": 429, "retry_after": 1, "times": 2},
        {"method": "files.completeUploadExternal", "error": "internal_error", "times": 2},
    ],
)
async def test_what_slack_does_not_take_at_once_is_sent_again_and_comes_once(
    house: House, an_assessment: Any, fault: dict[str, Any]
) -> None:
    await waits(house, an_assessment)
    await house.fails(**fault)
    await says(house)
    await finished(house)
    assert len(await files(house)) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("file_uploads_disabled", "this workspace lets nobody upload files"),
        ("missing_scope", "the app lacks the scope files:write"),
        ("something_new", "Slack says something_new"),
    ],
)
@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_what_cannot_be_sent_is_a_note_on_the_card(
    house: House, an_assessment: Any, method: str, error: str, words: str
) -> None:
    await waits(house, an_assessment)
    before = await house.request()
    await house.fails(method=method, error=error)
    await says(house)
    await finished(house)
    card = await house.people.wait_for("alice", "deploys", lambda m: words in str(m.get("blocks")), 40)

    assert "could not be sent as a file" in str(card["blocks"])
    assert await files(house) == []
    after = await house.request()
    assert before is not None
    assert after is not None
    assert (after.state, after.assessment) == (before.state, before.assessment)
    assert await kept(house) == []


async def test_an_app_without_the_scope_says_so(tmp_path: Path, an_assessment: Any) -> None:
    """As when it was installed before there was that scope: everything else works."""
    async with EmbeddedRedis(tmp_path / "redis") as redis, living(redis, tmp_path / "home") as house:
        house.slack.app.manifest["oauth_config"]["scopes"]["bot"].remove("files:write")  # type: ignore[index]
        await waits(house, an_assessment)
        await says(house)
        await house.people.wait_for("alice", "deploys", lambda m: "files:write" in str(m.get("blocks")), 40)
    assert "files:write" in SCOPES


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_killed_in_the_middle_it_comes_once(tmp_path: Path, an_assessment: Any, method: str) -> None:
    """The process dies while Slack thinks; the next one goes on, whether Slack had heard the first or not."""
    async with (
        EmbeddedRedis(tmp_path / "redis") as redis,
        killable(redis, tmp_path / "home") as (house, replace),
    ):
        await waits(house, an_assessment)
        await house.fails(method=method, delay_s=2.0)
        await says(house)
        async with asyncio.timeout(60):
            while not await house.calls(method):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await replace()
        await finished(house)
        await asyncio.sleep(2.5)
        assert [content for _, content in await files(house)] == [SAID]


async def test_what_was_said_to_be_there_already_is_not_sent_again(house: House, an_assessment: Any) -> None:
    """Killed after Slack showed it and before that was written down: Slack finds no such upload."""
    await waits(house, an_assessment)
    await says(house)
    await finished(house)
    [(message, _)] = await files(house)
    notice = Notice(request=R1, kind="output", text=TITLE, output="1-0-switch")
    entry = "99999999999999-0"
    await house.store.redis.sadd(house.store.keys.heard(entry), f"file {message['files'][0]['id']}")
    await house.store.redis.xadd(house.store.keys.notices, {"notice": notice.model_dump_json()}, id=entry)
    await finished(house)
    assert len(await files(house)) == 1
    found = await house.request()
    assert found is not None
    assert found.unsent == ()


async def test_the_local_slack_wants_exactly_what_was_announced(house: House, an_assessment: Any) -> None:
    await waits(house, an_assessment)

    async def announced(**arguments: object) -> dict[str, Any]:
        async with house.http.get(
            f"{house.slack.api_url}files.getUploadURLExternal",
            params={name: str(value) for name, value in arguments.items()},
            headers={"Authorization": "Bearer xoxb-local"},
        ) as answer:
            return dict(await answer.json())

    assert (await announced(filename="a.txt"))["error"] == "invalid_arguments"
    assert (await announced(filename="a.txt", length=2 << 30))["error"] == "file_upload_size_restricted"
    good = await announced(filename="a.txt", length=3)
    for body, status in ((b"four", 400), (b"abc", 200), (b"abc", 400)):
        async with house.http.post(good["upload_url"], data=body) as answer:
            assert answer.status == status
