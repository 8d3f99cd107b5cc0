"""What a step says beyond its record goes on as a file: all that was kept, once, already redacted."""

from __future__ import annotations

import asyncio

import pytest

from bot.flow.notice import Notice
from bot.flow.performing import OUTPUT_KEPT
from bot.lifecycle import State
from bot.store.outputs import Outputs
from bot.terms import RequestId
from tests.flow.town import Town

ASK = "touch hello to staging"
LONG = """
if what == "{what}":
    for number in range(400):
        print(f"line {{number}} of many, said with token=hunter22222", flush=True)
    print("and an error", file=sys.stderr, flush=True)
"""


def talkative(town: Town, what: str, code: str = LONG, kb: int = 64) -> None:
    town.workshop.environment = {**town.workshop.environment, "A_TOKEN": "hunter22222"}
    town.edit("skills/touch/skill.yaml", "env: [TOWN]", "env: [TOWN, A_TOKEN]")
    town.edit("skills/touch/skill.yaml", "output_kb: 16", f"output_kb: {kb}")
    town.edit("skills/touch/step.py", "town = Path(os", f"{code.format(what=what).strip()}\ntown = Path(os")
    town.review()


async def told(town: Town, request: RequestId) -> list[tuple[str, str]]:
    """Each title and text that goes on, in order."""
    found = []
    for _, fields in await town.store.redis.xrange(town.store.keys.notices):
        notice = Notice.model_validate_json(fields["notice"])
        if notice.kind == "output":
            text = await Outputs(town.store).output(request, notice.output)
            found.append((notice.text, text or ""))
    return found


@pytest.mark.parametrize("what", ["second", "measure"])
async def test_all_that_was_said_goes_on_and_the_record_keeps_the_end(town: Town, what: str) -> None:
    talkative(town, what)
    done = await town.run(await town.ask(ASK))

    assert done.state is State.DONE
    [(title, text)] = await told(town, done.id)
    assert title == f"All that {'Write it again' if what == 'second' else 'Measure whether it is done'} said"
    assert text.startswith("line 0 of many, said with token=[redacted:")
    assert "line 399 of many" in text
    assert "--- standard error\nand an error" in text
    assert "hunter22222" not in text
    [entry] = [one for one in done.journal if one.step == what and one.event == "ended"]
    assert len(entry.output) <= OUTPUT_KEPT


async def test_more_than_is_kept_has_its_beginning_and_end_and_says_what_is_missing(town: Town) -> None:
    talkative(town, "second", kb=8)
    done = await town.run(await town.ask(ASK))

    [(_, text)] = await told(town, done.id)
    assert text.startswith("line 0 of many")
    assert "line 399 of many" in text
    assert "bytes not kept" in text
    assert len(text) < 9 * 1024


async def test_what_fits_its_record_stays_there(town: Town) -> None:
    done = await town.run(await town.ask(ASK))
    assert await told(town, done.id) == []


async def test_a_step_that_is_undone_says_its_part_as_well(town: Town) -> None:
    talkative(town, "undo-first")
    town.faults('{"fail": "second"}')
    done = await town.run(await town.ask(ASK))
    assert done.state is State.ROLLED_BACK
    assert [title for title, _ in await told(town, done.id)] == ["All that Write hello said"]


async def test_after_a_crash_a_finished_step_does_not_say_it_again(town: Town) -> None:
    talkative(town, "first")
    town.faults('{"sleep": "second"}')
    request = await town.ask(ASK)
    running = asyncio.create_task(town.run(request))
    await town.until("asleep")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    town.faults("{}")
    again = town.restart()
    again.workshop.environment = town.workshop.environment
    assert (await again.run(request, worker="w2")).state is State.DONE
    assert len(await told(town, request)) == 1
