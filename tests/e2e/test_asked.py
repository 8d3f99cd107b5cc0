"""A run asks a person on its card: real clicks in a real browser, and both processes die while it waits."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bot.artifacts import Artifacts, lock
from bot.cli.child import Child
from bot.cli.local import Local
from bot.store.connection import connect
from bot.store.keys import Keys
from bot.store.store import Store
from bot.terms import RequestId
from tests.flow.snapshot import audited
from tests.playground.page_fixtures import chromium, visit

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 60_000
SKILL = """
name: raise-share
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Give a new version all of the traffic, after somebody has looked at its first tenth.
examples: ["raise-share checkout in staging"]
inputs:
  type: object
  additionalProperties: false
  required: [service]
  properties:
    service: {type: string, enum: [checkout, payments], description: The service}
environments: [staging]
effects: {read_only: false, destructive: false, idempotent: true, open_world: false,
          risk: {staging: 10}, blast_radius: one service, lock: "${inputs.service}"}
permissions: {exec: [python3]}
cost: {ceiling_usd: {staging: "0.10"}}
plan:
  - {id: plan, run: [python3, say.py, plan, "${inputs.service}"], timeout: 20s}
steps:
  - {id: tenth, title: "A tenth of the traffic for new ${inputs.service}", timeout: 20s, repeat: idempotent,
     run: [python3, say.py, tenth], undo: [python3, say.py, back]}
  - id: go_on
    title: Ask whether it may have everything
    timeout: 4h
    repeat: pure
    ask:
      question: |
        The new ${inputs.service} has 10 % of all: 412 requests, 0 errors, p95 at 84 ms (<90 & falling).
        Give it *everything*?
      choices: [Go on, Take it back]
      stop_on: [Take it back]
      who: [requester, service-owners]
  - {id: all, title: "All of the traffic, since somebody said ${steps.go_on.answer}", timeout: 20s,
     repeat: idempotent, run: [python3, say.py, all, "${steps.go_on.answer}"], undo: [python3, say.py, back]}
done_when:
  measure: {run: [python3, say.py, measure], timeout: 20s}
  checks: [{name: share, observed: share, at_least: 100}]
on_fail: undo
limits: {wall: 1m}
"""
SAY = """
import json, sys
what = sys.argv[1]
if what == "plan":
    service = sys.argv[2]
    print(json.dumps({"summary": f"{service} 1.4.1 → 1.4.2, a tenth first",
        "changes": [{"what": f"{service} share", "from": "0 %", "to": "100 %"}],
        "target": {"identity": f"town/{service}", "revision": "7"}, "undo": "all of it back to 1.4.1"}))
elif what == "measure":
    print(json.dumps({"share": 100}))
else:
    print(*sys.argv[1:])
"""
POLICY = """
policy: shares
version: 1
owner: "@platform"
purpose: Staging is for trying things out.
applies_to: [raise-share]
gates:
  - {id: try, why: Staging is for trying things out., when: 'request.environment == "staging"', allow: true}
expires_after: 4h
grant_expires_after: 30m
"""


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    skills, policies = tmp_path / "skills", tmp_path / "policies"
    shutil.copytree(ROOT / "policies", policies)
    (policies / "shares.yaml").write_text(POLICY)
    (skills / "raise-share").mkdir(parents=True)
    (skills / "raise-share" / "skill.yaml").write_text(SKILL)
    (skills / "raise-share" / "say.py").write_text(SAY)
    (skills / "raise-share" / "SKILL.md").write_text(
        "---\nname: raise-share\ndescription: Raise it.\n---\n\nRaise it.\n"
    )
    (skills / "skills.lock").write_text(lock(Artifacts(skills, policies).skills().values()))
    async with Local(tmp_path / "home", port=0, skills_dir=skills, policies_dir=policies) as house:
        yield house


async def test_it_waits_through_restarts_and_goes_on_with_the_answer(local: Local) -> None:
    async with chromium() as browser, connect(local.environment["REDIS_URL"]) as redis:
        page = await visit(browser, local)
        card = await _asks(page)
        await page.get_by_role("button", name="1 reply").click()
        thread = page.get_by_text("r-1 asks, and waits for an answer on its card")
        await expect(thread).to_contain_text("@alice", timeout=PATIENCE_MS)
        await expect(thread).to_contain_text("@erin")
        await _shot(page, "asking")
        store = Store(redis, "T0ASSENT")
        found = await store.get(RequestId("r-1"))
        assert found is not None
        assert found.lease_until is None
        for child in (local.worker, local.web):
            await _dies(child)

        await _as(page, local, "U0DAVE")
        await card.get_by_role("button", name="Go on").click()
        private = page.locator("article.ephemeral").last
        await expect(private).to_contain_text(
            "This question is for alice or @service-owners", timeout=PATIENCE_MS
        )
        await expect(card).to_contain_text("Waiting for an answer")

        await _as(page, local, "U0ERIN")
        await card.get_by_role("button", name="Go on").click()
        await expect(card).to_contain_text("Done.", timeout=PATIENCE_MS)
        await expect(card).to_contain_text("erin answered “Go on”.")
        await expect(card).to_contain_text("All of the traffic, since somebody said Go on")
        await expect(card.get_by_role("button", name="Take it back")).to_have_count(0)
        await _shot(page, "answered")
        kinds = [line["kind"] for line in await audited(redis, Keys("T0ASSENT"))]
        assert kinds.count("asked") == kinds.count("answered") == 1
        done = await store.get(RequestId("r-1"))
        assert done is not None
        assert {"answer": "Go on", "by": "erin"} in [entry.result for entry in done.journal]


async def test_the_answer_that_takes_it_back(local: Local) -> None:
    async with chromium() as browser:
        page = await visit(browser, local)
        card = await _asks(page)
        await card.get_by_role("button", name="Take it back").click()
        await expect(card).to_contain_text("Rolled back", timeout=PATIENCE_MS)
        await expect(card).to_contain_text("alice answered “Take it back”. What had begun was undone.")
        await _shot(page, "taken-back")


async def _asks(page: Page) -> Locator:
    await page.click("#say")
    await page.keyboard.type("/assent raise-share checkout in staging")
    await page.keyboard.press("Enter")
    card = page.locator("#timeline article", has_text="raise-share checkout to staging").first
    await expect(card).to_contain_text("Waiting for an answer", timeout=PATIENCE_MS)
    await expect(card).to_contain_text("p95 at 84 ms (<90 & falling).")
    return card


async def _as(page: Page, local: Local, user: str) -> None:
    await page.goto(f"{local.url}/?as={user}&channel=C0DEPLOYS")
    await page.wait_for_selector("#app[data-state=ready]")


async def _dies(child: Child) -> None:
    """Killed without a word, and started again as by a supervisor."""
    starts = child.starts
    child.kill()
    for _ in range(600):
        if child.starts > starts and child.log().count("ready:") > starts:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{child.name} did not come back: {child.last_words()}")


async def _shot(page: Page, name: str) -> None:
    if folder := os.environ.get("ASSENT_SHOTS"):
        await page.set_viewport_size({"width": 1200, "height": 1300})
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
