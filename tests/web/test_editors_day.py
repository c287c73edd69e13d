"""An editor's day in a real browser, by keyboard alone: a draft is edited, looked at, approved; what was seen is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page
from tests.web.asking import serving
from tests.web.looking import focus_ring, focused, open_page, reach

from msdigest.app import App
from msdigest.web.desk.editions import Edition
from msdigest.web.editor import editor_app
from msdigest.web.preview import Wanted, preview

FATIGUE, VACCINES = "Fatigue & how to budget a day", "Vaccines before an infusion: what to ask <your> team"


@pytest.fixture
def desk(app: App, issue) -> Iterator[str]:
    """Serve the editors' pages of a site whose digest asks for one approval."""
    digests = tuple(replace(digest, approval=1) for digest in app.settings.digests)
    object.__setattr__(app.settings, "digests", digests)
    with serving(editor_app(app)) as address:
        yield address


def _press(page: Page, what: str, said: str) -> None:
    """Press what is reached by keyboard, and wait for the page to say what was done."""
    reach(page, what)
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text=said).wait_for()


def _titles(page: Page) -> list[str]:
    """Return the titles in the message that is on the screen."""
    page.wait_for_load_state("load")
    found = page.frame_locator("iframe").locator("h3")
    found.first.wait_for()
    return found.all_inner_texts()


def test_an_editors_day(browser, app, issue, desk, who) -> None:
    """Hide, pin, write an intro, look through a subscriber's eyes, approve with a name; then exactly that is sent."""
    page = open_page(browser, f"{desk}/", size=(1400, 1000))
    ids = {title: entry for entry, title in app.compiled(issue)["en.standard"].titles.items()}
    reach(page, issue.subject)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=2, name="Outline").wait_for()
    assert any(title.startswith("Fatigue") for title in _titles(page))

    _press(page, f"entry-{ids[FATIGUE]}-hide", f"Hidden: {FATIGUE}")
    assert focused(page) == f"entry-{ids[FATIGUE]}"
    assert not any(title.startswith("Fatigue") for title in _titles(page))

    page.keyboard.press("Control+Home")
    _press(page, f"entry-{ids[VACCINES]}-pin", f"Pinned: {VACCINES}")
    assert focused(page) == f"entry-{ids[VACCINES]}"

    page.get_by_role("link", name="Skip to the content").focus()
    reach(page, "intro")
    page.keyboard.type("Our *own* words.")
    _press(page, "Keep the intro", "Intro kept")
    assert focused(page) == "intro"
    page.frame_locator("iframe").get_by_text("Our own words.").wait_for()

    reach(page, "who")
    page.keyboard.type(who["bo"][:8])
    reach(page, "Show")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**who={who['bo']}**")
    seen = {part: _read(f"{desk}/issue/1/{part}?who={who['bo']}") for part in ("html", "text")}
    titles = _titles(page)
    assert [title.splitlines()[0].strip() for title in titles][-2].startswith("Vaccines"), titles

    reach(page, "name")
    page.keyboard.type("Robin")
    _press(page, "Approve what you see", "Your approval is written down")
    assert (app.issue(1).state, app.issue(1).approvals) == ("approved", ("Robin",))
    assert page.get_by_role("button", name="Hide").count() == 0
    assert page.complaints == []
    page.close()

    app.freeze(app.issue(1))
    app.deliver()
    assert _sent(app, who["bo"]) == seen


def _read(address: str) -> bytes:
    with urlopen(address) as reply:
        return reply.read()


def _sent(app: App, who: str) -> dict[str, bytes]:
    """Return the parts of the message that lies in the outbox for somebody, with the token that editors are shown."""
    edition = Edition(app, app.issue(1), anew=False)
    shown, own = (preview(app, edition, Wanted(who), own_token=own) for own in (False, True))
    message = message_from_bytes(
        Path(app.settings.data_dir, "outbox", "1", f"{shown.recipient.delivery}.eml").read_bytes()
    )
    parts = {
        part.get_content_type(): part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()
    }
    # On the wire a line ends with two characters, and the link to leave is the reader's own.
    links = [each.recipient.leave_url.encode() for each in (own, shown)]
    return {
        "html": parts["text/html"].replace(b"\r\n", b"\n").replace(*links),
        "text": parts["text/plain"].replace(b"\r\n", b"\n").replace(*links),
    }


def test_a_button_can_be_pressed_again_and_again(browser, app, issue, desk) -> None:
    """After each move the keyboard is where it was: on the button, as long as it is there."""
    page = open_page(browser, f"{desk}/issue/1")
    last = issue.sections[-1][1][-1]
    _press(page, f"entry-{last}-up", "Moved up")
    assert focused(page) == f"entry-{last}-up"
    assert focus_ring(page) == ["solid", "3px"]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**#entry-{last}")

    assert focused(page) == f"entry-{last}"
    assert app.issue(1).sections[-1][1][0] == last
    assert page.complaints == []
    page.close()
