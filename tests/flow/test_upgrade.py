"""The first cards after an upgrade say what the new version may that the one before might not."""

from __future__ import annotations

from bot.assess.rerun import rerun
from bot.lifecycle import State
from bot.slack.buttons import Buttons
from bot.slack.cards.card import card
from bot.terms import RequestId
from tests.flow.town import Town

MANIFEST = "skills/touch/skill.yaml"


def upgrade(town: Town, version: str, permissions: str) -> None:
    text = (town.root / MANIFEST).read_text().splitlines()
    for number, line in enumerate(text):
        if line.startswith("version:"):
            text[number] = f"version: {version}"
        if line.startswith("permissions:"):
            text[number] = f"permissions: {permissions}"
    (town.root / MANIFEST).write_text("\n".join(text) + "\n")
    town.review()


async def new(town: Town, request: RequestId) -> tuple[str, tuple[str, ...]]:
    judged = (await town.get(request)).assessment
    assert judged is not None
    return judged.new_since, judged.newly_permitted


async def test_a_wider_version_says_so_until_it_has_run(town: Town) -> None:
    before = await town.ask("touch hello to staging")
    assert await new(town, before) == ("", ()), "there is nothing to compare the first run with"
    assert (await town.run(before)).state is State.DONE
    upgrade(town, "2.0.0", "{exec: [python3], env: [TOWN, TOKEN], hosts: [api.acme.test]}")
    first = await town.ask("touch hello to staging")
    assert await new(town, first) == ("1.0.0", ("variable TOKEN", "host api.acme.test"))
    drawn = str(card(await town.get(first), buttons=Buttons(secret="s", team="T0TOWN")).blocks)
    assert "*New since 1.0.0*" in drawn
    assert "variable TOKEN, host api.acme.test" in drawn
    assert (await town.run(first)).state is State.DONE
    assert await new(town, await town.ask("touch hello to staging")) == ("", ())


async def test_each_environment_has_its_own_first_card(town: Town) -> None:
    await town.run(await town.ask("touch hello to staging"))
    await town.run(await town.ask("touch hello to development"))
    upgrade(town, "1.1.0", "{exec: [python3], env: [TOWN, TOKEN]}")
    await town.run(await town.ask("touch hello to staging"))
    assert await new(town, await town.ask("touch hello to staging")) == ("", ())
    assert await new(town, await town.ask("touch hello to development")) == ("1.0.0", ("variable TOKEN",))


async def test_a_narrower_version_has_nothing_to_say(town: Town) -> None:
    upgrade(town, "1.1.0", "{exec: [python3], env: [TOWN, TOKEN]}")
    await town.run(await town.ask("touch hello to staging"))
    upgrade(town, "1.2.0", "{exec: [python3], env: [TOWN]}")
    assert await new(town, await town.ask("touch hello to staging")) == ("", ())


async def test_a_recorded_run_is_held_against_a_version_that_has_not_run(town: Town) -> None:
    ended = await town.run(await town.ask("touch hello to staging"))
    assert ended.assessment is not None
    upgrade(town, "2.0.0", "{exec: [python3], env: [TOWN, TOKEN]}")
    town.edit(MANIFEST, "wall: 1m", "wall: 100ms")
    town.edit(MANIFEST, 'staging: "0.10"', 'staging: "0.000001"')
    found = rerun(
        ended.assessment,
        town.artifacts.skills()["touch"],
        facts=None,
        policies=town.artifacts.policies(),
        cost=ended.cost,
        ran_s=sum(entry.wall_ms for entry in ended.journal) / 1000 + 1,
    )
    assert (found.refused, found.wider, found.good) == ("", ("variable TOKEN",), False)
    assert [why.split(",")[0].split(" ")[1] for why in found.stopped] == ["cost", "ran"]
