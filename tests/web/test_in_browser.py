"""Looked at in a real browser: narrow and wide, light and dark, by keyboard, and a button that is pressed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.web.asking import serving
from tests.web.looking import GROUNDS, SCHEMES, focus_ring, focused, open_page, overflow, reach
from tests.web.scene import NOW, site

from msdigest.app import App
from msdigest.model.source import Source
from msdigest.store import audience
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store
from msdigest.web.editor import editor_app
from msdigest.web.preview import readers
from msdigest.web.site import public_app

SIZES = [(375, 800), (1100, 900), (1600, 1000)]


@pytest.fixture(scope="module")
def draft(tmp_path_factory) -> Iterator[App]:
    """Open a site with a draft that is only looked at."""
    with site(tmp_path_factory.mktemp("draft")) as app:
        app.compose(app.digest("weekly"))
        yield app


@pytest.fixture(scope="module")
def desk(draft) -> Iterator[str]:
    """Serve the editor's page of that site; its only issue is number 1."""
    with serving(editor_app(draft)) as address:
        yield address


@pytest.fixture
def front(app, issue) -> Iterator[str]:
    """Serve the public pages."""
    app.publish()
    with serving(public_app(app)) as address:
        yield address


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}px")
def test_the_preview_fits_every_screen(browser, desk, tmp_path, size, scheme) -> None:
    """Nothing sticks out sideways; the frame shows the issue's title and all entries, in the scheme of the screen."""
    page = open_page(browser, f"{desk}/issue/1", size=size, scheme=scheme)
    page.screenshot(path=tmp_path / f"preview-{size[0]}-{scheme}.png", full_page=True)

    assert overflow(page) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == GROUNDS[scheme]
    (frame,) = page.frames[1:]
    assert frame.locator("h1").inner_text() == "Fen Weekly"
    assert frame.locator("h3").count() == 5
    assert frame.locator("h3").first.inner_text().startswith("PML on natalizumab")
    assert frame.frame_element().bounding_box()["width"] == 600
    assert frame.evaluate("document.documentElement.scrollWidth") <= 600
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == GROUNDS[scheme]
    assert page.complaints == []
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [375, 1100])
def test_the_list_of_issues_fits(browser, app, issue, tmp_path, width, scheme) -> None:
    """With an account, on a phone and on a desk."""
    app.freeze(issue)
    with serving(editor_app(app)) as address:
        page = open_page(browser, f"{address}/", size=(width, 800), scheme=scheme)
        page.screenshot(path=tmp_path / f"issues-{width}-{scheme}.png", full_page=True)

        assert overflow(page) == 0
        page.get_by_role("link", name="Fen Weekly · 20 November 2026").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Fen Weekly · 20 November 2026"
        assert page.complaints == []
        page.close()


def test_a_reader_is_chosen_without_a_script(browser, desk, draft, tmp_path) -> None:
    """Select and button; the frame then holds that reader's entries alone."""
    cy = next(reader.who for reader in readers(draft, draft.issue(1)) if "low-glare" in reader.words)
    page = open_page(browser, f"{desk}/issue/1?width=375")
    page.get_by_label("Read as").select_option(cy)
    page.get_by_role("button", name="Show", exact=True).click()
    page.screenshot(path=tmp_path / "reader.png", full_page=True)

    assert f"who={cy}" in page.url
    assert "width=375" in page.url
    (frame,) = page.frames[1:]
    assert frame.locator("h3").all_inner_texts() == [
        "Vaccines before an infusion: what to ask <your> team",
        "Fatigue & how to budget a day",
    ]
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 246, 227)"
    assert page.complaints == []
    page.close()


def test_the_text_twin_is_one_link_away(browser, desk) -> None:
    """The plain text has every entry of the HTML part."""
    page = open_page(browser, f"{desk}/issue/1")
    titles = page.frames[1].locator("h3 a").all_inner_texts()
    page.get_by_role("link", name="Plain text").click()
    # Lines are broken there, the longest word too.
    text = "".join(page.get_by_role("region", name="Plain text").inner_text().split())

    assert len(titles) == 5
    assert all("".join(title.split()) in text for title in titles)
    assert page.complaints == []
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_keyboard_sees_where_it_is(browser, desk, tmp_path, scheme) -> None:
    """Every stop of the tab key has a ring of 3 px, beginning with the way past the masthead."""
    page = open_page(browser, f"{desk}/issue/1", scheme=scheme)
    page.keyboard.press("Tab")
    first = focused(page)
    for stop in ("who", "Show", "600 px", "name", "Approve what you see"):
        reach(page, stop)
    page.screenshot(path=tmp_path / f"focus-{scheme}.png")

    assert first == "Skip to the content"
    assert focus_ring(page) == ["solid", "3px"]
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [375, 1100])
def test_a_press_of_the_button_leaves(browser, app, front, leave_path, who, tmp_path, width, scheme) -> None:
    """The page is calm, the button is large and reached by keyboard; pressed, the subscription has ended."""
    page = open_page(browser, front + leave_path, size=(width, 700), scheme=scheme)
    button = page.get_by_role("button", name="Leave this digest")
    page.screenshot(path=tmp_path / f"leave-{width}-{scheme}.png")

    assert overflow(page) == 0
    assert button.bounding_box()["height"] >= 48
    assert _state(app, who["ada"]) == "active"
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You have left Fen Weekly").wait_for()
    page.screenshot(path=tmp_path / f"left-{width}-{scheme}.png")
    assert _state(app, who["ada"]) == "ended"
    assert overflow(page) == 0
    assert page.complaints == []
    page.reload()
    assert "Nothing was changed" in page.get_by_role("heading", level=1).inner_text()
    page.close()


@pytest.fixture
def typing_desk(app) -> Iterator[str]:
    """Serve the editors' pages of a site for which they type, with a thing that is held."""
    manual = Source(id="manual", kind="editor", url="https://digest.example", name="Editor entries")
    object.__setattr__(app.settings, "sources", (*app.settings.sources, manual))
    with app.database.writing() as connection:
        long = "https://fen.example/" + "averylongname" * 12
        source_store.hold(
            connection, "fen-notes", [("k", "Counter: 90", f"{long}: 900 → 90 is a jump")], released=(), now=NOW
        )
    with serving(editor_app(app)) as address:
        yield address


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [375, 1280])
def test_sources_can_be_read_on_every_screen(browser, typing_desk, tmp_path, width, scheme) -> None:
    """Nothing sticks out; what is held comes first, with the command that takes it."""
    page = open_page(browser, f"{typing_desk}/sources", size=(width, 900), scheme=scheme)
    page.screenshot(path=tmp_path / f"sources-{width}-{scheme}.png", full_page=True)

    assert overflow(page) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == GROUNDS[scheme]
    assert page.get_by_role("heading", level=2).first.inner_text() == "Held for you 1"
    assert page.locator("code").first.inner_text() == "msdigest collect --source fen-notes --accept"
    assert page.get_by_role("navigation").get_by_role("link", name="Sources").get_attribute("aria-current") == "page"
    assert page.complaints == []
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [375, 1280])
def test_an_entry_is_typed_without_a_script(browser, app, typing_desk, tmp_path, width, scheme) -> None:
    """Faults are told above and beside the field; corrected, the form is sent by this page's own origin and kept."""
    page = open_page(browser, f"{typing_desk}/add", size=(width, 900), scheme=scheme)
    page.get_by_label("What is it?").select_option("event")
    page.get_by_label("Address", exact=True).fill("https://example.org/call")
    page.get_by_label("Day and time").fill("2026-12-03 19:00")
    page.get_by_role("button", name="Add the entry").click()
    page.screenshot(path=tmp_path / f"faults-{width}-{scheme}.png", full_page=True)

    assert page.evaluate("document.activeElement.id") == "faults"
    assert focus_ring(page) == ["solid", "3px"]
    page.get_by_role("link", name="Day and time").click()
    assert page.url.endswith("#at")
    fields = page.locator("input:visible, textarea:visible, select:visible")
    assert min(box["height"] for box in (one.bounding_box() for one in fields.all())) >= 48
    page.get_by_label("Title").fill("Ask a neurologist")
    page.get_by_label("City").fill("London")
    assert overflow(page) == 0
    page.get_by_role("button", name="Add the entry").click()
    page.screenshot(path=tmp_path / f"kept-{width}-{scheme}.png", full_page=True)
    assert page.get_by_role("status").inner_text().startswith("Added: Ask a neurologist")
    assert overflow(page) == 0
    with app.database.reading() as connection:
        (entry,) = entry_store.newest(connection, source="manual")
    assert f"{entry.event.start:%H:%M}" == "19:00"
    assert [said for said in page.complaints if "422" not in said] == []
    page.close()


def test_a_page_elsewhere_cannot_type(browser, app, typing_desk, tmp_path) -> None:
    """A form on another site, sent by the editor's own browser, adds nothing."""
    form = (
        f'<form method="post" action="{typing_desk}/add"><input name="kind" value="note">'
        '<input name="title" value="Buy this"><button>Win</button></form>'
    )
    page = browser.new_page()
    page.route("https://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("https://evil.example/")
    page.get_by_role("button", name="Win").click()
    page.get_by_role("heading", name="Nothing was added").wait_for()

    with app.database.reading() as connection:
        assert entry_store.newest(connection, source="manual") == []
    page.close()


def _state(app, subscriber: str) -> str:
    with app.database.reading() as connection:
        return audience.subscriptions_of(connection, app.vault, [subscriber])[subscriber, "weekly"].state


@pytest.mark.parametrize("path", ["/nothing", "/leave/forged", "/"])
def test_public_pages_wear_their_dress(browser, app, front, tmp_path, path) -> None:
    """Pages of errors, too, are set in the site's type, and nothing is refused by the policy of the page."""
    page = open_page(browser, front + path, size=(375, 700))
    page.screenshot(path=tmp_path / f"public-{path.strip('/').replace('/', '-')}.png")

    assert overflow(page) == 0
    assert "Georgia" in page.evaluate("getComputedStyle(document.body).fontFamily")
    assert [said for said in page.complaints if "404" not in said] == []
    page.close()
