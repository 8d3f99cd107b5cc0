"""What a newcomer does first: type the command, be somebody else, approve, and see it done."""

from __future__ import annotations

from playwright.async_api import Page, expect

from bot.cli.local import Local
from tests.playground.page_fixtures import chromium, visit

PATIENCE_MS = 60_000


async def _as(page: Page, local: Local, user: str) -> None:
    await page.goto(f"{local.url}/?as={user}&channel=C0DEPLOYS")
    await page.wait_for_selector("#app[data-state=ready]")


async def test_a_person_types_two_others_approve_and_the_card_reaches_done(local: Local) -> None:
    async with chromium() as browser:
        await _story(await visit(browser, local), local)


async def _story(page: Page, local: Local) -> None:
    await page.click("#say")
    await page.keyboard.type("/assent deploy checkout 1.4.2 to production")
    await page.keyboard.press("Enter")
    card = page.locator("#timeline article", has_text="deploy checkout 1.4.2 to production").last
    await expect(card).to_contain_text("Waiting for approval", timeout=PATIENCE_MS)

    await card.locator("[data-action^=approve]").click()
    await expect(page.locator("article.ephemeral").last).to_contain_text(
        "You asked for this", timeout=PATIENCE_MS
    )

    await _as(page, local, "U0BOB")
    await card.locator("[data-action^=approve]").click()
    await expect(card).to_contain_text("Partly approved", timeout=PATIENCE_MS)

    await _as(page, local, "U0CAROL")
    await card.locator("[data-action^=approve]").click()
    await expect(card).to_contain_text("Done.", timeout=PATIENCE_MS)
    await expect(card).to_contain_text("error rate")
    await expect(card.locator("[data-action^=approve]")).to_have_count(0)
