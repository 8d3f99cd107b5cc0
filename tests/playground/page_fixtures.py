"""A real browser on the local Slack's page, and what it can measure there."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.playground.page_app import DEPLOYS

expect.set_options(timeout=20_000)  # a busy machine is no reason to fail

ALICE, DAVE, SAM = "U0ALICE", "U0DAVE", "U0SAM"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
HOSTILE = (
    "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"
    " <javascript:window.pwned=1|click me> *bold*"
)
MRKDWN = [
    ("*bold* _it_ ~no~ `a*b*`", "<strong>bold</strong> <em>it</em> <s>no</s> <code>a*b*</code>"),
    ("*bold _and italic_*", "<strong>bold <em>and italic</em></strong>"),
    ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
    ("* not bold *", "* not bold *"),
    ("a &lt;b&gt; &amp;amp;", "a &lt;b&gt; &amp;amp;"),
    ("```\n*raw* &lt;x&gt;\n```", "<pre><code>*raw* &lt;x&gt;</code></pre>"),
    ("&gt; one\n&gt; two\nthree", "<blockquote>one<br>two</blockquote>three"),
    ("one\ntwo", "one<br>two"),
    ("<https://a.example/x|*here*>", '<a href="https://a.example/x">*here*</a>'),
    ("<javascript:alert(1)|here>", "<span>here</span>"),
    ("<@U0DAVE> <!subteam^S0SRE> <!here>", "<span>@dave</span> <span>@sre</span> <span>@here</span>"),
    ("<@U0NOBODY|ann>", "<span>@ann</span>"),
    ("<!date^43200^{date_num}|then>", "<time>1970-01-01</time>"),
    ("<!date^soon^{date_num}|then>", "<time>then</time>"),
    (":tada: :no_such:", "<span>🎉</span> :no_such:"),
    ("&lt;img src=x onerror=alert(1)&gt;", "&lt;img src=x onerror=alert(1)&gt;"),
]

# What a text becomes, without the attributes that do not matter here.
DRAW = r"""async (texts) => {
  const { mrkdwn } = await import("/page/mrkdwn.js");
  return texts.map((text) => {
    const box = document.createElement("div");
    box.append(...mrkdwn(text));
    for (const el of box.querySelectorAll("*")) {
      for (const { name } of [...el.attributes]) if (name !== "href") el.removeAttribute(name);
    }
    return box.innerHTML;
  });
}"""

# What reaches beyond the right edge of a 360 px screen.
CUT_OFF = """() => [...document.querySelectorAll("#app *")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().right > 361)
  .map((e) => e.outerHTML.slice(0, 80))"""

# Every visible text against the nearest opaque ground behind it; the ones below WCAG AA (4.5:1).
CONTRAST = r"""() => {
  const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (el) => {
    for (let at = el; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const el of document.querySelectorAll("#app *")) {
    const own = [...el.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim());
    const style = getComputedStyle(el);
    const seen = el.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!own || !seen || el.closest(":disabled, .unseen, .skip")) continue;
    const [a, b] = [light(parse(style.color)), light(ground(el))].sort((x, y) => y - x);
    const name = `${el.tagName}.${el.className} ${style.color} on ${ground(el)}`;
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.add(name);
  }
  return [...poor];
}"""


class Served(Protocol):
    """Whatever serves the page."""

    @property
    def url(self) -> str: ...


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("No chromium on PATH: the page was not tested.")
        pytest.skip("no chromium on PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield browser
        finally:
            await browser.close()


async def visit(
    browser: Browser, slack: Served, *, hint: bool = False, path: str = "", **context: Any
) -> Page:
    """The page as Alice sees it, loaded and connected. Any script error fails the test that made it."""
    opened = await browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **context})
    if not hint:
        await opened.add_init_script("localStorage.setItem('first-hint', 'gone')")
    page = await opened.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: pytest.fail(f"The page failed: {error}"))
    await page.goto(f"{slack.url}/{path or f'?as={ALICE}&channel={DEPLOYS}'}")
    await page.locator("#app[data-state=ready]").wait_for()
    await page.locator("#away").wait_for(state="hidden")
    return page
