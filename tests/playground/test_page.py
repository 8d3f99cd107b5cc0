"""People use the page in a real browser: by mouse, by keyboard, on a phone, through an outage."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import LocalSlack
from tests.playground.local import BOT_TOKEN, over_http, running
from tests.playground.page_app import DEPLOYS, STOP, card, little_app, offering_commands
from tests.playground.page_fixtures import (
    ALICE,
    CONTRAST,
    CUT_OFF,
    DAVE,
    DRAW,
    HOSTILE,
    MRKDWN,
    SAM,
    chromium,
    visit,
)

# One browser for the whole file, a fresh profile and a fresh workspace for each test.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def slack() -> AsyncIterator[LocalSlack]:
    async with (
        running(deadline_s=1.0, manifest=offering_commands()) as started,
        over_http(started, little_app(started)),
    ):
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, slack: LocalSlack) -> AsyncIterator[Page]:
    opened = await visit(browser, slack)
    yield opened
    await opened.context.close()


@pytest.fixture
def bot(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)


async def say(page: Page, text: str) -> None:
    await page.locator("#say").fill(text)
    await page.keyboard.press("Enter")


def messages(page: Page) -> Locator:
    return page.locator("#timeline article")


async def act_as(page: Page, name: str) -> None:
    await page.locator("#side").get_by_role("button", name=name).click()
    await expect(page.locator("#actas")).to_contain_text(name)


async def test_commands_are_offered_while_typing_and_tab_completes_them(page: Page) -> None:
    await page.locator("#say").press_sequentially("/")
    await expect(page.get_by_role("option")).to_have_count(2)
    await page.keyboard.type("as")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.locator("#say")).to_have_value("/assent ")
    await expect(page.locator("#say-usage")).to_contain_text("/assent <skill> key=value … Ask for a skill")


async def test_a_mention_is_completed_and_sent_as_a_mention(page: Page) -> None:
    await page.locator("#say").press_sequentially("ask @da")
    await page.keyboard.press("Enter")
    await expect(page.locator("#say")).to_have_value("ask @dave ")
    await page.keyboard.press("Enter")
    await expect(messages(page).last.locator(".mention")).to_have_text("@dave")


async def test_a_command_brings_a_private_answer_and_a_card_that_somebody_else_approves(page: Page) -> None:
    await say(page, "/assent deploy checkout")
    await expect(page.locator("article.ephemeral")).to_contain_text("Only visible to you")
    await expect(page.locator("article.ephemeral code")).to_have_text("deploy checkout")
    await expect(page.get_by_role("heading", name="Deploy Checkout")).to_be_visible()

    await act_as(page, "Dave Diallo")
    await expect(page).to_have_url(re.compile(f"as={DAVE}"))
    await expect(page.locator("article.ephemeral")).to_have_count(0)

    await page.get_by_role("button", name="Approve").click()
    confirm = page.get_by_role("dialog", name="Approve this?")
    await confirm.get_by_role("button", name="Not now").click()
    await expect(page.get_by_role("button", name="Approve")).to_be_enabled()
    await page.get_by_role("button", name="Approve").click()
    await confirm.get_by_role("button", name="Approve it").click()
    await expect(messages(page).last).to_contain_text("Running. Approved by @dave")
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)


async def test_a_button_nobody_answers_says_so_beside_itself(page: Page) -> None:
    await say(page, "/assent deploy checkout")
    await page.get_by_role("button", name="Details").click()
    await expect(page.locator(".block-error")).to_contain_text("404")
    await expect(page.get_by_role("button", name="Details")).not_to_have_attribute("aria-busy", "true")


async def test_a_command_the_app_does_not_answer_is_shown_and_not_lost(page: Page) -> None:
    await say(page, "/assent sleep")
    await expect(page.locator("#dock .trouble")).to_contain_text("/assent failed because")
    await expect(page.locator("#toasts")).to_contain_text("/assent failed because")
    await expect(page.locator("#say")).to_have_value("/assent sleep")
    await say(page, "/nope")
    await expect(page.locator("#dock .trouble")).to_contain_text("/nope is not a valid command")


async def test_a_form_shows_its_errors_beside_the_field_and_closes_when_accepted(page: Page) -> None:
    await say(page, "/assent")
    form = page.get_by_role("dialog", name="Deploy")
    await expect(form.get_by_label("Version")).to_be_focused()
    await form.get_by_role("button", name="Ask").click()
    await expect(form.locator("[data-block=where] .field-error")).to_have_text(
        "Please complete this required field."
    )
    await form.get_by_label("Version").fill("9.9.9")
    await form.get_by_label("Environment").select_option("staging")
    await form.get_by_role("button", name="Ask").click()
    await expect(form.locator("[data-block=version] .field-error")).to_have_text(
        "There is no 9.9.9. Known: 1.4.2."
    )
    await expect(form.get_by_label("Version")).to_be_focused()
    await form.get_by_label("Version").fill("1.4.2")
    await form.get_by_role("button", name="Ask").click()
    await expect(form).to_be_hidden()
    await expect(messages(page).last).to_contain_text("@alice asked for 1.4.2 to staging")


async def test_a_form_keeps_the_focus_inside_and_escape_closes_it(page: Page) -> None:
    await say(page, "/assent")
    form = page.get_by_role("dialog", name="Deploy")
    await expect(form.get_by_label("Version")).to_be_focused()
    for _ in range(7):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('#modal') !== null")
    await page.keyboard.press("Escape")
    await expect(form).to_be_hidden()
    await expect(page.locator("#say")).to_be_focused()
    assert (
        await page.evaluate(f"fetch('/ui/state?as={ALICE}').then(r => r.json()).then(s => s.views.length)")
        == 0
    )


async def test_a_form_on_a_form_leaves_what_was_typed_below(page: Page) -> None:
    await say(page, "/assent")
    below = page.get_by_role("dialog", name="Deploy")
    await below.get_by_label("Version").fill("1.4")
    await below.get_by_role("button", name="Regions…").click()
    above = page.get_by_role("dialog", name="Regions")
    await above.get_by_role("button", name="Back").click()
    await expect(below.get_by_label("Version")).to_have_value("1.4")
    await expect(messages(page).last).to_contain_text("@alice went back")


async def test_every_kind_of_input_says_what_was_chosen(page: Page) -> None:
    await say(page, "/assent")
    await page.get_by_role("button", name="Regions…").click()
    form = page.get_by_role("dialog", name="Regions")
    await form.get_by_label("Owner").fill("pay")
    await expect(page.locator("datalist option")).to_have_count(1)
    await form.get_by_label("Owner").fill("Payments")
    await form.locator("[data-block=regions] summary").click()
    await form.get_by_label("Eu").check()
    await form.get_by_label("Ap").check()
    await form.get_by_label("Errors").check()
    await form.get_by_label("Slow").check()
    await form.get_by_label("Day").fill("2031-05-06")
    await form.get_by_label("Who").select_option("Bob Brandt")
    await form.get_by_role("button", name="Take these").click()
    await expect(form).to_be_hidden()
    await expect(messages(page).last.locator(".said")).to_have_text(
        "owner=payments regions=eu+ap checks=errors pace=slow day=2031-05-06 who=U0BOB why=None"
    )


async def test_a_message_offers_the_apps_shortcuts(page: Page) -> None:
    await say(page, "checkout is slow")
    await messages(page).last.hover()
    await messages(page).last.get_by_label("Message menu").click()
    await page.get_by_role("menuitem", name="Ask").click()
    await expect(page.locator("article.ephemeral")).to_contain_text("About: checkout is slow")


async def test_a_thread_is_read_and_answered_in_its_own_pane(page: Page) -> None:
    await say(page, "who deploys today?")
    await messages(page).last.hover()
    await messages(page).last.get_by_role("button", name="Reply in thread").click()
    pane = page.get_by_role("complementary", name="Thread")
    await pane.get_by_role("combobox").fill("@assent do you?")
    await page.keyboard.press("Enter")
    await expect(pane.locator("article")).to_have_count(3)
    await expect(pane.locator("article").last).to_contain_text("I am listening.")
    await expect(messages(page).last.locator(".replies")).to_contain_text("2 replies")
    await pane.get_by_role("combobox").fill("/assent status")
    await expect(pane.locator(".usage")).to_contain_text("do not work in threads")


async def test_mrkdwn_reads_as_in_slack(page: Page) -> None:
    drawn = await page.evaluate(DRAW, [source for source, _ in MRKDWN])
    assert list(zip([source for source, _ in MRKDWN], drawn, strict=True)) == MRKDWN


async def test_hostile_text_stays_text(page: Page, bot: AsyncWebClient) -> None:
    await say(page, HOSTILE)
    await expect(messages(page).last).to_contain_text("<script>window.pwned = 1</script>")
    raw = [
        *card(HOSTILE[:150], HOSTILE),
        {"type": "markdown", "text": f"{HOSTILE} [go](javascript:window.pwned=1) **yes**"},
        {"type": "context", "elements": [{"type": "plain_text", "text": HOSTILE}]},
        {"type": "image", "image_url": "https://elsewhere.example/pixel.png", "alt_text": HOSTILE},
    ]
    await bot.chat_postMessage(channel=DEPLOYS, text=HOSTILE, blocks=raw)
    await expect(messages(page).last.locator(".markdown")).to_contain_text("<script>")
    await messages(page).last.get_by_text("click me").first.click()
    assert await page.evaluate("window.pwned") is None
    assert await page.locator("#timeline :is(script, img, [onerror])").count() == 0
    links = await page.locator("#timeline a").evaluate_all("all => all.map(a => a.protocol)")
    assert not [each for each in links if each not in ("http:", "https:", "mailto:")]


async def test_an_edited_card_keeps_the_focus_the_choice_and_the_scroll(
    page: Page, bot: AsyncWebClient
) -> None:
    for number in range(12):
        await bot.chat_postMessage(
            channel=DEPLOYS, text=f"{number}", blocks=card(f"Card {number}", "waits", STOP)
        )
    await bot.pins_add(
        channel=DEPLOYS, timestamp=(await page.locator("article").nth(2).get_attribute("data-ts"))
    )
    target = messages(page).nth(3)
    ts = await target.get_attribute("data-ts")
    await target.get_by_role("button", name="Stop").focus()
    await page.evaluate("document.activeElement.mark = 'the same node'")
    before = await page.locator("#timeline").evaluate("box => box.scrollTop")
    await bot.chat_update(channel=DEPLOYS, ts=str(ts), text="3", blocks=card("Card 3", "*running* now", STOP))
    await expect(target).to_contain_text("running now")
    assert await page.evaluate("document.activeElement.mark") == "the same node"
    assert await page.locator("#timeline").evaluate("box => box.scrollTop") == before
    await bot.chat_update(channel=DEPLOYS, ts=str(ts), text="3", blocks=card("Card 3", "*done*"))
    await expect(target).to_contain_text("done")
    assert await page.evaluate("document.activeElement.dataset.ts") == ts
    await expect(page.locator("#pins")).to_contain_text("Card 2")


async def test_a_new_message_does_not_pull_the_reader_away(page: Page, bot: AsyncWebClient) -> None:
    for number in range(12):
        await bot.chat_postMessage(channel=DEPLOYS, text=f"{number}", blocks=card(f"Card {number}", "waits"))
    await expect(messages(page)).to_have_count(12)
    await page.locator("#timeline").evaluate("box => { box.scrollTop = 0; }")
    await expect(page.locator("#newer")).to_be_hidden()
    await bot.chat_postMessage(channel=DEPLOYS, text="one more")
    await expect(page.locator("#newer")).to_be_visible()
    assert await page.locator("#timeline").evaluate("box => box.scrollTop") == 0
    await page.locator("#newer").click()
    await expect(messages(page).last).to_be_in_viewport()


async def test_the_dark_theme_is_the_systems_or_chosen_and_stays(browser: Browser, slack: LocalSlack) -> None:
    page = await visit(browser, slack, color_scheme="dark")
    lightness = "parseInt(getComputedStyle(document.getElementById('main')).backgroundColor.match(/\\d+/)[0])"
    assert await page.evaluate(lightness) < 60
    await page.get_by_role("button", name="Theme: system").click()
    assert await page.evaluate(lightness) > 200
    await page.reload()
    await expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert await page.evaluate(lightness) > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_is_readable_on_its_ground(browser: Browser, slack: LocalSlack, scheme: str) -> None:
    page = await visit(browser, slack, color_scheme=scheme, hint=True)
    await say(page, "/assent deploy checkout")
    await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    poor = await page.evaluate(CONTRAST)
    assert poor == []


async def test_a_phone_shows_all_without_scrolling_sideways(browser: Browser, slack: LocalSlack) -> None:
    page = await visit(browser, slack, viewport={"width": 360, "height": 720}, has_touch=True, is_mobile=True)
    await say(page, "/assent deploy checkout")
    await expect(page.get_by_role("button", name="Approve")).to_be_in_viewport()
    await say(page, "x" * 400)
    assert await page.evaluate(CUT_OFF) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await expect(page.locator("#say")).to_be_in_viewport()
    await expect(page.locator("#actas")).to_be_in_viewport()
    await page.get_by_role("button", name="Channels and people").tap()
    await page.locator("#side").get_by_role("link", name="general").tap()
    await expect(page.locator("#room h1")).to_have_text("general")
    await expect(page.locator("#side")).not_to_be_in_viewport()


async def test_the_keyboard_alone_is_enough(page: Page) -> None:
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#say")).to_be_focused()
    await page.keyboard.type("/assent deploy checkout")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#say")).to_have_value("/assent deploy checkout")
    await page.keyboard.press("ArrowDown")

    await page.keyboard.press("Alt+a")
    await page.keyboard.type("dave")
    await page.keyboard.press("Enter")
    await expect(page.locator("#actas")).to_contain_text("Dave Diallo")
    await page.locator("#say").focus()
    for _ in range(9):
        await page.keyboard.press("Shift+Tab")
        if await page.evaluate("document.activeElement.textContent") == "Approve":
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Approve it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(messages(page).last).to_contain_text("Approved by @dave")
    # The button under the fingers is gone; pressing on must not press what took its place.
    assert await page.evaluate("document.activeElement.tagName") == "ARTICLE"

    await page.keyboard.press("Control+k")
    await page.keyboard.type("general")
    await page.keyboard.press("Enter")
    await expect(page.locator("#room h1")).to_have_text("general")


async def test_new_messages_are_read_out_and_counted_elsewhere(page: Page, bot: AsyncWebClient) -> None:
    await bot.chat_postMessage(channel=DEPLOYS, text="Deploy of checkout is done")
    await expect(page.locator("#announcer")).to_contain_text("Assent: Deploy of checkout is done")
    await bot.chat_postMessage(channel="C0GENERAL", text="Hello all")
    general = page.locator("#side").get_by_role("link", name="general")
    await expect(general.locator(".count")).to_have_text("1")
    await general.click()
    await expect(general.locator(".count")).to_have_count(0)
    await page.reload()
    await expect(messages(page)).to_have_count(1)
    await page.locator("#side").get_by_role("link", name="deploys").click()
    await expect(general.locator(".count")).to_have_count(0)


async def test_the_apps_home_is_published_for_whom_one_is(page: Page) -> None:
    await page.locator("#side").get_by_role("link", name="Home").click()
    await expect(page.locator("#home")).to_contain_text("Hello @alice")
    await act_as(page, "Dave Diallo")
    await expect(page.locator("#home")).to_contain_text("Hello @dave")


async def test_the_page_says_when_the_workspace_is_away_and_comes_back_by_itself(browser: Browser) -> None:
    async with running() as slack:
        port = int(slack.url.rsplit(":", 1)[1])
        page = await visit(browser, slack)
        await page.locator("#say").fill("half a sen")
    await expect(page.locator("#away")).to_contain_text("away")
    async with running(port=port) as slack:
        bot = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        await bot.chat_postMessage(channel=DEPLOYS, text="said while nobody listened")
        await expect(page.locator("#away")).to_be_hidden()
        await expect(messages(page).last).to_contain_text("said while nobody listened")
        await expect(page.locator("#say")).to_have_value("half a sen")
        await say(page, "and we are back")
        await expect(messages(page).last).to_contain_text("and we are back")
        await page.context.close()


async def test_a_newcomer_is_told_what_to_type_and_whom_to_be(browser: Browser, slack: LocalSlack) -> None:
    page = await visit(browser, slack, hint=True, path="?")
    hint = page.get_by_role("note")
    await expect(hint).to_contain_text("/assent deploy checkout 1.4.2 to staging")
    await expect(hint).to_contain_text("Bob Brandt (@service-owners) and Carol Chen (@release)")
    await act_as(page, "Bob Brandt")
    await expect(hint).to_contain_text("Erin Eriksen (@service-owners) and Carol Chen (@release)")
    await act_as(page, "Alice Almeida")
    await hint.get_by_role("button", name="Write it for me").click()
    await expect(page.locator("#say")).to_have_value("/assent deploy checkout 1.4.2 to staging")
    await hint.get_by_role("button", name="Hide this hint").click()
    await page.reload()
    await page.locator("#app[data-state=ready]").wait_for()
    await expect(hint).to_be_hidden()


async def test_where_other_skills_are_served_the_newcomer_is_told_of_those(
    browser: Browser, slack: LocalSlack
) -> None:
    slack.example = "set-flag new-checkout enabled to staging"
    page = await visit(browser, slack, hint=True, path="?")
    hint = page.get_by_role("note")
    await expect(hint).to_contain_text("/assent set-flag new-checkout enabled to staging")
    await expect(hint).not_to_contain_text("service-owners")
    await hint.get_by_role("button", name="For production").click()
    await expect(page.locator("#say")).to_have_value("/assent set-flag new-checkout enabled to production")
    slack.example = ""
    await page.reload()
    await page.locator("#app[data-state=ready]").wait_for()
    await expect(hint).to_be_hidden()


async def test_a_stranger_sees_only_the_shared_channel(page: Page) -> None:
    await act_as(page, "Sam Singh")
    await expect(page).to_have_url(re.compile(f"as={SAM}"))
    await expect(page.locator("#room h1")).to_have_text("partners")
    await expect(page.locator("#side").get_by_role("link")).to_have_count(1)


async def test_a_channel_made_here_opens_and_can_be_left_to_the_archive(page: Page) -> None:
    await page.get_by_role("button", name="New channel").click()
    await page.get_by_label("Name").fill("inc-1-latency")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#room h1")).to_have_text("inc-1-latency")
    await page.get_by_role("button", name="Members and settings").click()
    await page.get_by_role("button", name="Archive").click()
    await expect(page.locator("#dock .bar")).to_contain_text("is archived")
    await expect(page.locator("#say")).to_be_hidden()
