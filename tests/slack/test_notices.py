"""Who hears of a request besides its card: at least once, and only people who are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.flow.commit import Commit
from bot.flow.notice import Kind, Notice
from bot.lifecycle import Event, State
from bot.playground.people import Group as UserGroup
from bot.slack.notices import MENTIONED, still, written
from bot.store.embedded import EmbeddedRedis
from bot.terms import Group, Principal, RequestId
from tests.slack.house import ROOT, House, killable, living

R1 = RequestId("r-1")
COMMAND = "/assent deploy checkout 1.4.2 to production"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with EmbeddedRedis(tmp_path / "redis") as redis, living(redis, tmp_path / "home") as made:
        yield made


async def waits(house: House, an_assessment: Any) -> dict[str, Any]:
    """Alice's request, with its card, as it is once it was judged."""
    await house.people.command("alice", "deploys", COMMAND)
    await house.card()
    judged = Commit(
        op="judged",
        request=R1,
        event=Event.DECIDED_REQUIRE,
        set={"assessment": an_assessment(), "card_revision": 1, "requester": Principal("alice")},
    )
    await house.store.commit(judged)
    return await house.people.wait_for("alice", "deploys", lambda m: "Waiting for approval" in m["text"])


async def tell(
    house: House, kind: Kind, *groups: str, people: tuple[str, ...] = (), text: str = "r-1 waits."
) -> None:
    notice = Notice(
        request=R1,
        kind=kind,
        groups=tuple(map(Group, groups)),
        people=tuple(map(Principal, people)),
        text=text,
    )
    await house.store.redis.xadd(house.store.keys.notices, {"notice": notice.model_dump_json()})


async def said(house: House, words: str, *, who: str = "alice", channel: str = "deploys") -> dict[str, Any]:
    return await house.people.wait_for(who, channel, lambda m: words in m["text"], 40)


async def finished(house: House) -> None:
    await until(lambda: house.store.redis.xlen(house.store.keys.notices), 0)


async def asked(house: House, method: str) -> int:
    return len(await house.calls(method))


async def until(look: Callable[[], Awaitable[int]], wanted: int) -> None:
    for _ in range(2000):
        if await look() == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it never was {wanted}")


async def direct(house: House, who: str) -> list[str]:
    return [m["text"] for m in await house.people.messages("@app", who)]


async def test_a_reminder_is_in_the_thread_and_mentions_who_could_answer(
    house: House, an_assessment: Any
) -> None:
    card = await waits(house, an_assessment)
    await tell(house, "remind", people=("carol", "alice", "mia"), text="r-1 waits for <!channel> & @release.")
    shown = await said(house, "waits for")
    assert shown["thread_ts"] == card["ts"]
    assert shown["text"] == "⏳ <@U0CAROL> <@U0MIA> r-1 waits for &lt;!channel&gt; &amp; @release."
    await finished(house)
    assert await direct(house, "carol") == []


async def test_a_page_is_also_said_to_each_directly_with_the_way_to_the_card(
    house: House, an_assessment: Any
) -> None:
    await waits(house, an_assessment)
    await tell(house, "page", "sre", "release")
    await said(house, "📟 <@U0CAROL> <@U0DAVE> <@U0MIA> r-1 waits.")
    await finished(house)
    for who in ("carol", "dave", "mia"):
        [words] = await direct(house, who)
        assert words.startswith("📟 r-1 waits.\n<http")
    assert await direct(house, "bob") == []


async def test_guests_bots_the_gone_and_whoever_is_away_hear_nothing(
    tmp_path: Path, an_assessment: Any
) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    for file in (ROOT / "policies").glob("*.yaml"):
        text = file.read_text()
        if file.name == "people.yaml":
            away = "{from: 2020-01-01T00:00, to: 2099-01-01T00:00, tz: UTC, delegate: bob}"
            text += f"\nout_of_office:\n  mia: [{away}]\n"
        (policies / file.name).write_text(text)
    async with (
        EmbeddedRedis(tmp_path / "redis") as redis,
        living(redis, tmp_path / "home", ASSENT_POLICIES=str(policies)) as house,
    ):
        everybody = ("U0GUS", "U0RITA", "U0DAN", "U0SAM", "U0MIA", "U0DAVE", "U0ALICE")
        odd = UserGroup(id="S0ODD", handle="odd", name="odd", users=everybody)
        house.slack.workspace.groups = (*house.slack.workspace.groups, odd)
        await waits(house, an_assessment)
        await tell(house, "review", "odd")
        assert (await said(house, "🔎"))["text"] == "🔎 <@U0DAVE> r-1 waits."
        await finished(house)
        assert [len(await direct(house, who)) for who in ("gus", "mia", "alice", "dave")] == [0, 0, 0, 1]


async def test_nobody_to_tell_is_said_aloud(house: House, an_assessment: Any) -> None:
    await waits(house, an_assessment)
    await tell(house, "glass", "nobody-is-in-it")
    assert (await said(house, "🚨"))["text"].endswith("I could not find anybody to tell.")


async def test_what_has_been_answered_meanwhile_is_not_asked_for(house: House, an_assessment: Any) -> None:
    await waits(house, an_assessment)
    await house.store.commit(Commit(op="gone", request=R1, event=Event.CANCELLED))
    await tell(house, "page", "sre")
    await finished(house)
    assert await direct(house, "dave") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "chat.postMessage", "status": 429, "retry_after": 1, "times": 2},
        {"method": "conversations.open", "status": 503, "times": 1},
        {"method": "usergroups.list", "status": 500, "times": 1},
    ],
    ids=["silence asked for", "no direct messages now", "groups not known now"],
)
async def test_slack_away_loses_nothing_and_says_nothing_twice(
    house: House, an_assessment: Any, fault: dict[str, Any]
) -> None:
    await waits(house, an_assessment)
    await house.fails(**fault)
    await tell(house, "page", "release")
    await finished(house)
    thread = [m for m in await house.people.messages("deploys", "alice") if "📟" in m["text"]]
    assert [m["text"] for m in thread] == ["📟 <@U0CAROL> <@U0MIA> r-1 waits."]
    assert [len(await direct(house, who)) for who in ("carol", "mia")] == [1, 1]


async def test_a_notice_that_cannot_be_read_stops_no_other(house: House, an_assessment: Any) -> None:
    await waits(house, an_assessment)
    await house.store.redis.xadd(house.store.keys.notices, {"notice": '{"request": "r-1", "kind": "sung"}'})
    await tell(house, "remind", people=("carol",))
    await said(house, "⏳ <@U0CAROL> r-1 waits.")
    await until(lambda: house.store.redis.xlen(house.store.keys.notices), 1)


async def test_a_thread_that_cannot_be_written_to_is_told_to_each(house: House, an_assessment: Any) -> None:
    await waits(house, an_assessment)
    await house.fails(method="chat.postMessage", error="is_archived", times=1)
    await tell(house, "added", "release")
    await finished(house)
    assert [len(await direct(house, who)) for who in ("carol", "mia")] == [1, 1]


async def test_a_process_that_is_killed_in_between_leaves_the_rest_to_the_next(
    tmp_path: Path, an_assessment: Any
) -> None:
    async with (
        EmbeddedRedis(tmp_path / "redis") as redis,
        killable(redis, tmp_path / "home") as (house, replace),
    ):
        await waits(house, an_assessment)
        await house.fails(method="conversations.open", delay_s=4, times=1)
        await tell(house, "page", "release")
        await said(house, "📟")
        await until(lambda: asked(house, "conversations.open"), 1)
        assert await direct(house, "carol") == []
        await replace()
        await finished(house)
        thread = [m for m in await house.people.messages("deploys", "alice") if "📟" in m["text"]]
        assert len(thread) == 1
        assert [len(await direct(house, who)) for who in ("carol", "mia")] == [1, 1]


def test_twenty_are_mentioned_and_the_rest_counted() -> None:
    notice = Notice(request=R1, kind="glass", text="The glass is broken.")
    text = written(notice, [f"U{number}" for number in range(25)])
    assert text.count("<@U") == MENTIONED
    assert "<@U19> and 5 more The glass" in text


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        ("remind", State.WAITING, True),
        ("page", State.APPROVED, False),
        ("added", State.EXPIRED, False),
        ("glass", State.DONE, True),
        ("reassessed", State.WAITING, True),
    ],
)
def test_what_is_still_true(kind: Kind, state: State, expected: bool, a_request: Any) -> None:
    assert still(a_request(state), Notice(request=R1, kind=kind, text="t")) is expected
