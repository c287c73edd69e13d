"""A real browser shows every stock mail: readable on every screen, light and dark, and as its stylesheets say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.render.browsing import SCHEMES, WIDTHS, Screen, chromium
from tests.render.mails import DIGEST, Named, largest, named, written
from tests.rendering import html_of

from msdigest.model.subscriber import THEMES
from msdigest.render.look import LABEL_FONT, LOOKS
from msdigest.render.template import Templates, stock_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

MAILS = named()
# Source, date and the like are set smaller, in another font.
LABELS = LABEL_FONT.partition(",")[0]
BUTTONS = """
() => [...document.querySelectorAll('a.press')].map(e => { const box = e.getBoundingClientRect();
                                                           return Math.min(box.width, box.height); })
"""
# How many texts a mail has at least: a page that shows nothing is no proof.
TEXTS = {DIGEST: 90, "alarm": 7, "confirmation": 6, "correction": 9, "safety": 12, "welcome": 14}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def screen(browser) -> Screen:
    """A page that the mails are shown on one after the other."""
    return Screen(browser)


@pytest.fixture(scope="module")
def screens(browser) -> list[Screen]:
    """Three pages, to compare what one mail looks like."""
    return [Screen(browser) for _ in range(3)]


def test_every_mail_is_looked_at() -> None:
    """Each template that is a whole mail, in every theme, in English and in German."""
    shared = {"email/layout.html.jinja", "email/letter.html.jinja"}
    mails = {name for name in Templates([stock_templates()]).names() if name.startswith("email/") and "html" in name}
    looked_at = {(f"email/{mail.name}.html.jinja", mail.variant.theme, mail.variant.language) for mail in MAILS}

    assert looked_at == {
        (name, theme, language) for name in mails - shared for theme in THEMES for language in ("en", "de")
    }


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mail", MAILS, ids=str)
def test_it_is_readable_on_every_screen(screen, mail, scheme, width) -> None:
    """No text below a contrast of 7 or 16 px, or its theme's size where it is read; none beside the screen; axe content."""
    screen.show(written(mail).html, width=width, scheme=scheme)

    assert faults(screen, mail) == {}


def faults(screen: Screen, mail: Named) -> dict[str, object]:
    """Return what is wrong with the mail on the screen, by what was looked for."""
    seen = screen.look()
    texts, body = seen["texts"], LOOKS[mail.variant.theme].sizes.body
    found = {
        "empty": len(texts) < TEXTS[mail.name],
        "overflow": max(0, seen["overflow"]),
        "beside": seen["beside"],
        "contrast": [text for text in texts if text["contrast"] < 7],
        "small": [text for text in texts if text["size"] < 16],
        "lesser": [text for text in texts if not text["font"].startswith(LABELS) and text["size"] < body],
        "axe": screen.violations(),
        "asked": screen.asked,
    }
    return {name: fault for name, fault in found.items() if fault}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_largest_mail_is_readable_too(screen, scheme) -> None:
    """As much of 200 entries as fits, in the theme that takes the most room, on the narrowest screen."""
    compiled, choice = largest("large")
    screen.show(html_of(compiled, choice), width=WIDTHS[0], scheme=scheme)

    assert faults(screen, Named(DIGEST, compiled.variant)) == {}


# Which words stand in an element makes no difference to its style, whether it is told to be in German does.
@pytest.mark.parametrize(
    "mail",
    [mail for mail in MAILS if not mail.endless and (mail.variant.language == "en" or mail.name == DIGEST)],
    ids=str,
)
def test_inlining_changes_nothing(screens, mail) -> None:
    """Every element of the mail looks as in the page with both stylesheets in its head, and as css-inline has it."""
    pages = written(mail)
    for scheme in SCHEMES:
        for width in (375, 800):
            found = []
            for screen, html in zip(screens, (pages.bare, pages.html, pages.refereed), strict=True):
                screen.show(html, width=width, scheme=scheme)
                found.append(screen.styles())
            before, ours, refereed = found

            assert len(before) >= 3 * TEXTS[mail.name] // 2
            assert _differing(before, ours) == []
            assert _differing(before, refereed) == []


def _differing(before: list[list[str]], after: list[list[str]]) -> list[tuple[list[str], list[str]]]:
    return [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]


@pytest.mark.parametrize("mail", [mail for mail in MAILS if mail.name in {"alarm", "confirmation"}], ids=str)
def test_a_button_is_easy_to_hit(screen, mail) -> None:
    """At least 48 px each way on a phone, for hands that shake."""
    screen.show(written(mail).html, width=320, scheme="light")

    sizes = screen.page.evaluate(BUTTONS)

    assert len(sizes) == 1
    assert min(sizes) >= 48


SPOILT = [
    ("a pale word", 'style="color:#6a6a6a"', "contrast"),
    ("a small word", 'style="font-size:15px"', "small"),
    ("a word that is not as large as the others", 'style="font-size:18px"', "lesser"),
    ("a wide box", 'style="width:420px"', "overflow"),
    ("a word on the left of the screen", 'style="margin-left:-40px"', "beside"),
    ("a word in a language that there is none of", 'lang="zzzzz"', "axe"),
    ("a picture", 'style="background:url(https://x.example/i.png)"', "asked"),
]


@pytest.mark.parametrize(("spoiling", "found"), [case[1:] for case in SPOILT], ids=[case[0] for case in SPOILT])
def test_what_is_spoilt_is_seen(browser, spoiling, found) -> None:
    """Each of the things that are looked for, where it is."""
    html = written(MAILS[0]).html
    screen = Screen(browser)
    screen.show(html.replace("</h1>", f"</h1><p {spoiling}>x</p>", 1), width=375, scheme="light")

    assert found in faults(screen, MAILS[0])
