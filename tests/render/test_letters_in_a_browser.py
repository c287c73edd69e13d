"""A real browser shows the letters: nothing runs out of a narrow screen, nothing is unreadable, light or dark."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
from tests.render.browsing import chromium, walked

from msdigest.model.compiled import Variant
from msdigest.model.subscriber import THEMES
from msdigest.render.letters import (
    Bulletin,
    Chosen,
    Correction,
    Sender,
    alarm,
    confirmation,
    correction,
    safety,
    welcome,
)
from msdigest.words import languages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

NAMES = ("confirmation", "welcome", "alarm", "correction", "safety")
AT = datetime(2026, 11, 18, tzinfo=UTC)
# Longer than any line, and than a button.
WORD = "W" * 90
BUTTONS = """
() => [...document.querySelectorAll('a.press')].map(e => { const box = e.getBoundingClientRect();
                                                           return Math.min(box.width, box.height); })
"""


@pytest.fixture(scope="module")
def letter(templates):
    """Return what writes a letter, each only once."""
    return cache(partial(write, templates))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    with chromium() as started:
        yield started


def write(templates, name: str, variant: Variant) -> str:
    """Write a letter whose every value has a word that is longer than any line."""
    url = "https://x.example/" + "y" * 200
    about = {"templates": templates, "variant": variant, "sender": Sender(title=WORD, postal_address=WORD)}
    person = {"person": {"greeting": f"Hello {WORD},", "reason": f"You asked {WORD}.", "leave_url": url}}
    chosen = Chosen(topics=(WORD, WORD), frequency="weekly", change_url=url, pause_url=url + "z")
    told = Correction(title=WORD * 3, happening="concern", at=AT, told_at=AT, page_url=url, notice_url=url + "z")
    bulletin = Bulletin(
        jurisdiction=WORD, title=WORD * 5, words=f"{WORD}\n\n{WORD}", at=AT, url=url + "z", page_url=url
    )
    made = {
        "confirmation": lambda: confirmation(**about, digest=WORD, confirm_url=url, days=1),
        "welcome": lambda: welcome(**about, **person, digest=WORD, chosen=chosen, next_at=AT),
        "alarm": lambda: alarm(**about, what=WORD, facts=[WORD, WORD], advice=[WORD], url=url),
        "correction": lambda: correction(**about, **person, correction=told),
        "safety": lambda: safety(**about, **person, bulletin=bulletin),
    }
    return made[name]().html


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 800])
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_readable_on_every_screen(browser, letter, name, theme, width, scheme) -> None:
    """No text below 16 px or a contrast of 7, none beside the screen, in each language."""
    for language in languages():
        html = letter(name, Variant(language=language, theme=theme))
        seen = walked(browser, html, width=width, scheme=scheme)

        assert seen["overflow"] <= 0
        assert len(seen["texts"]) >= 6
        assert [text for text in seen["texts"] if text[0] < 7 or text[1] < 16] == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["confirmation", "alarm"])
def test_a_button_is_easy_to_hit(browser, letter, name, theme) -> None:
    """At least 48 px each way on a phone, for hands that shake."""
    page = browser.new_page(viewport={"width": 320, "height": 900})
    page.set_content(letter(name, Variant(theme=theme)))

    sizes = page.evaluate(BUTTONS)
    page.close()

    assert len(sizes) == 1
    assert min(sizes) >= 48
