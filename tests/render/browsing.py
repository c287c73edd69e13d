"""A real browser for mails: the system's Chromium, and what it is asked about a page."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

WIDTHS = (320, 375, 600, 800)
SCHEMES = ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What makes an element look as it does; where its words come from and what it shows beside them belongs to it.
PROPERTIES = (
    "color", "background-color", "background-image",
    "font-family", "font-size", "font-style", "font-weight", "line-height",
    "margin-top", "margin-right", "margin-bottom", "margin-left",
    "padding-top", "padding-right", "padding-bottom", "padding-left",
    "border-top", "border-right", "border-bottom", "border-left", "border-radius", "border-collapse",
    "display", "width", "max-width", "max-height", "table-layout", "vertical-align",
    "text-align", "text-decoration", "white-space", "overflow", "overflow-wrap", "direction", "list-style-type",
)  # fmt: skip
# A mail is a part of somebody else's page: it has neither a main landmark nor regions of its own.
_AXE = {
    "resultTypes": ["violations"],
    "rules": {name: {"enabled": False} for name in ("landmark-one-main", "region")},
}
# Of every text its contrast with the nearest ground behind it, its size, whether it is set in the reading font, and
# itself; and what stands beside the screen. Hidden elements are left out.
_LOOK = """
() => {
  const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                     return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
                        if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const read = [], beside = [], screen = document.documentElement.clientWidth;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (texts.nextNode()) {
    const text = texts.currentNode, e = text.parentElement, style = getComputedStyle(e);
    if (!text.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [lum(rgb(style.color).slice(0, 3)), lum(ground(e))].sort((x, y) => y - x);
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()];
    if (boxes.some(box => box.left < 0 || box.right > screen + .5)) beside.push(text.data.trim());
    read.push({contrast: (a + .05) / (b + .05), size: parseFloat(style.fontSize), font: style.fontFamily,
               text: text.data.trim()});
  }
  return {texts: read, beside, overflow: document.documentElement.scrollWidth - screen};
}
"""
_STYLES = """
names => [document.body, ...document.body.querySelectorAll('*')].map(e => {
  const style = getComputedStyle(e);
  return [e.localName + '.' + e.className, ...names.map(name => style.getPropertyValue(name))];
})
"""
# Where two pages look different, by every property that a browser computes.
_COMPARE = """
pages => {
  const styles = html => {
    const frame = document.body.appendChild(document.createElement('iframe')), page = frame.contentDocument;
    page.open(); page.write(html); page.close();
    const found = [...page.querySelectorAll('html, body, body *')].map(e => {
      const style = getComputedStyle(e);
      return [e.localName, new Map([...style].map(name => [name, style.getPropertyValue(name)]))];
    });
    frame.remove();
    return found;
  };
  const [before, after] = pages.map(styles), differing = [];
  if (before.length !== after.length) return ['another number of elements'];
  before.forEach(([tag, style], place) => style.forEach((value, name) => {
    const other = after[place][1].get(name);
    if (value !== other) differing.push(`${tag}: ${name} is ${other} instead of ${value}`);
  }));
  return differing;
}
"""


class Screen:
    """One page of a browser without a network, which shows one mail after the other.

    asked: the addresses that mails have asked for.
    """

    def __init__(self, browser: Browser) -> None:
        self.page: Page = browser.new_context(offline=True).new_page()
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self._shown = ""

    def show(self, html: str, *, width: int, scheme: str) -> None:
        """Show a mail; the one that is there is not read again."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)
        if html != self._shown:
            self.page.set_content(html)
            self.page.evaluate(AXE_SCRIPT)
            self._shown = html

    def look(self) -> dict[str, Any]:
        """Return the texts with their contrast and size, those beside the screen, and how far it can be scrolled."""
        return self.page.evaluate(_LOOK)

    def styles(self) -> list[list[str]]:
        """Return what every element is and its ``PROPERTIES``."""
        return self.page.evaluate(_STYLES, list(PROPERTIES))

    def compare(self, before: str, after: str) -> list[str]:
        """Return where ``after`` looks different from ``before``, element by element; small pages only."""
        return self.page.evaluate(_COMPARE, [before, after])

    def violations(self) -> str:
        """Return what axe finds wrong, in its words; nothing if all is well."""
        found = self.page.evaluate("options => axe.run(options).then(({violations}) => ({violations}))", _AXE)
        return str(AxeResults(found).generate_report()) if found["violations"] else ""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, and end it."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("MSDIGEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "this test needs Chromium: `apt-get install chromium`, or name one in MSDIGEST_CHROMIUM"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()
