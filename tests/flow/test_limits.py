"""What a skill says it uses at most is held, and a run that ends for it says so."""

from __future__ import annotations

import pytest

from bot.flow.request import Request
from bot.lifecycle import State
from bot.slack.cards.progress import lines
from tests.flow.snapshot import audited
from tests.flow.town import Town

ASK = "touch hello to staging"
GREEDY = """
if what == "{what}":
    held = []
    for _ in range(400):
        held.append(b"x" * (1 << 20))
        time.sleep(0.002)
"""
MANY = """
if what == "{what}":
    for _ in range(30):
        if os.fork() == 0: break
    time.sleep(600)
"""


def greedy(town: Town, what: str, limit: str, code: str = GREEDY) -> None:
    town.edit("skills/touch/skill.yaml", "limits: {wall: 1m,", f"limits: {{wall: 1m, {limit},")
    town.edit(
        "skills/touch/step.py",
        "town = Path(os.environ",
        f"{code.format(what=what).strip()}\ntown = Path(os.environ",
    )
    town.review()


async def ended(town: Town, request: Request) -> list[dict[str, object]]:
    lines = await audited(town.store.redis, town.store.keys)
    return [line for line in lines if line["kind"] == "step_ended" and line["request"] == request.id]


@pytest.mark.parametrize(
    ("limit", "code", "why"),
    [
        ("memory_mb: 96", GREEDY, "used more than 96 MB of memory"),
        ("processes: 8", MANY, "had more than 8 processes at once"),
    ],
)
async def test_a_step_beyond_its_limit_fails_with_that_reason(
    town: Town, limit: str, code: str, why: str
) -> None:
    greedy(town, "second", limit, code)
    failed = await town.run(await town.ask(ASK))

    assert failed.state is State.ROLLED_BACK
    assert failed.outcome is not None
    assert failed.outcome.sentence.startswith(f"Step second failed: it {why}. What had begun was undone.")
    assert any(line.startswith("✗ Write it again") and why in line for line in lines(failed))
    assert town.log == ["first hello", "undo-second hello", "undo-first hello"]
    [second] = [
        line for line in await ended(town, failed) if (line["step"], line["phase"]) == ("second", "step")
    ]
    assert (second["ok"], second["reason"]) == (False, f"It {why}.")


async def test_a_plan_beyond_its_limit_is_refused_in_these_words(town: Town) -> None:
    greedy(town, "plan", "memory_mb: 96")
    refused = await town.get(await town.ask(ASK))

    assert refused.state is State.REFUSED
    assert refused.outcome is not None
    assert refused.outcome.sentence == (
        "The plan of touch used more than 96 MB of memory (step plan). Nothing was changed."
    )
    assert town.log == []


async def test_within_its_limits_it_runs(town: Town) -> None:
    greedy(town, "nobody", "memory_mb: 96, processes: 2")
    assert (await town.run(await town.ask(ASK))).state is State.DONE
