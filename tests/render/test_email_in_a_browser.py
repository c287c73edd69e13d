"""A real browser shows the mail: nothing runs out of a narrow screen, nothing is unreadable, light or dark."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from msdigest.model.compiled import Variant
from msdigest.model.subscriber import THEMES, Consent
from msdigest.render.email import compile_issue, person_values, selection_values
from msdigest.render.program import assemble, join
from msdigest.render.view import SectionView

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "this test needs Chromium: on Debian, apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module", params=THEMES)
def mail(request, templates, make_view) -> str:
    """A mail whose first entry has words that are longer than any line."""
    view = make_view(9)
    first = replace(view.entries[0], title="W" * 120, excerpt="https://x.example/" + "y" * 200)
    sections = (SectionView("S" * 60, (first, *view.sections[0].entries[1:])), *view.sections[1:])
    compiled = compile_issue(templates, replace(view, sections=sections), Variant(theme=request.param))
    person = person_values(
        name="N" * 80, consent=Consent(at=datetime(2026, 5, 3, tzinfo=UTC)), leave_url="https://x.example/leave/t"
    )
    return join(assemble(compiled.html, view.ids, selection_values(compiled, view.ids)), person, html=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 800])
def test_it_is_readable_on_every_screen(browser, mail, width, scheme) -> None:
    """No text below 16 px or a contrast of 7, none beside the screen."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    page.set_content(mail)

    seen = page.evaluate(WALK)
    context.close()

    assert seen["overflow"] <= 0
    assert len(seen["texts"]) > 60
    assert [text for text in seen["texts"] if text[0] < 7 or text[1] < 16] == []
