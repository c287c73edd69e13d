"""A real browser for mails: the system's Chromium, and what it is asked about a page."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# Contrast of every text with the nearest ground behind it, and its size; hidden elements are left out.
WALK = """
() => {
  const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                     return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
                        if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement, style = getComputedStyle(e);
    if (!texts.currentNode.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [lum(rgb(style.color).slice(0, 3)), lum(ground(e))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), parseFloat(style.fontSize), texts.currentNode.data.trim()]);
  }
  return {texts: found, overflow: document.documentElement.scrollWidth - window.innerWidth};
}
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, and end it."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "this test needs Chromium: on Debian, apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


def walked(browser: Browser, html: str, *, width: int, scheme: str) -> dict[str, Any]:
    """Return what ``WALK`` finds in a mail on a screen of ``width``, offline."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    page.set_content(html)
    seen = page.evaluate(WALK)
    context.close()
    return seen
