"""A real browser shows the mail: nothing runs out of a narrow screen, nothing is unreadable, light or dark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.render.browsing import chromium, walked
from tests.rendering import html_of, person

from msdigest.model.compiled import Choice, Variant
from msdigest.model.subscriber import THEMES
from msdigest.render.email import compile_issue
from msdigest.render.issue import SectionView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=THEMES)
def mail(request, templates, make_view) -> str:
    """A mail with everything, whose first entry has words that are longer than any line."""
    view = make_view(9)
    long = "https://x.example/" + "y" * 200
    first = replace(view.entries[0], title="W" * 120, excerpt=long, segments=(long,), note="N" * 90)
    sections = (SectionView("S" * 60, (first, *view.sections[0].entries[1:])), *view.sections[1:])
    compiled = compile_issue(templates, replace(view, sections=sections), Variant(theme=request.param))
    return html_of(compiled, Choice(view.ids, tuple(compiled.notices), more=7), person("N" * 80, compiled))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 800])
def test_it_is_readable_on_every_screen(browser, mail, width, scheme) -> None:
    """No text below 16 px or a contrast of 7, none beside the screen."""
    seen = walked(browser, mail, width=width, scheme=scheme)

    assert seen["overflow"] <= 0
    assert len(seen["texts"]) > 60
    assert [text for text in seen["texts"] if text[0] < 7 or text[1] < 16] == []
