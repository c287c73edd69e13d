"""An open page shows what is saved by itself, and keeps what somebody is doing there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.asking import serving
from tests.web.looking import focused, open_page

from msdigest.render.template import stock_templates
from msdigest.web.editor import editor_app

HTML, STYLE = "email/digest.html.jinja", "style/editor.css"
# It is meant to take half a second; a test fails only if it does not come at all.
COMES = 10_000


@pytest.fixture
def templates(app, issue) -> Path:
    """Lay a mail's template and a style into the site's own folder."""
    for name in (HTML, STYLE):
        place = app.settings.templates / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stock_templates() / name, place)
    return app.settings.templates


@pytest.fixture
def desk(app, templates) -> Iterator[str]:
    """Serve the editors' pages."""
    with serving(editor_app(app)) as address:
        yield address


def _save(place: Path, old: str, new: str) -> None:
    place.write_text(place.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_saved_template_shows_itself(browser, app, templates, desk) -> None:
    """The new frame stands where the old one did, scrolled as it was; typed words, focus and place of the page stay."""
    page = open_page(browser, f"{desk}/issue/1", size=(1100, 700))
    page.frames[1].evaluate("scrollTo(0, 300)")
    page.get_by_label("Intro").fill("Half a sentence")
    page.evaluate("scrollTo(0, 120)")
    _save(templates / HTML, '<h1 class="title">', '<h1 class="title">Brand new ')
    page.frame_locator("iframe").get_by_role("heading", level=1, name="Brand new Fen Weekly").wait_for(timeout=COMES)

    page.get_by_role("status").filter(has_text="Something was saved").wait_for()
    assert page.get_by_role("button", name="Compose it anew").is_visible()
    assert page.get_by_label("Intro").input_value() == "Half a sentence"
    assert focused(page) == "intro"
    assert page.evaluate("scrollY") > 0
    page.wait_for_function("() => document.querySelector('iframe').contentWindow.scrollY === 300", timeout=COMES)
    assert page.complaints == []
    page.close()


def test_a_fault_shows_itself_and_goes_by_itself(browser, templates, desk) -> None:
    """The overlay stands in place of the frame with file and line, until the template is mended."""
    page = open_page(browser, f"{desk}/issue/1")
    _save(templates / HTML, "{{ issue.digest }}", "{{ issue.digset }}")
    page.get_by_role("heading", name="The message cannot be made").wait_for(timeout=COMES)
    assert page.locator("iframe").count() == 0
    assert "digest.html.jinja, line" in page.locator(".overlay").inner_text()
    _save(templates / HTML, "{{ issue.digset }}", "{{ issue.digest }}")
    page.locator("iframe").wait_for(timeout=COMES)

    assert [said for said in page.complaints if "status of 500" not in said] == []
    page.close()


def test_the_page_s_own_style_shows_itself(browser, templates, desk) -> None:
    """Also the style of the editors' pages is put on without loading the page again."""
    page = open_page(browser, f"{desk}/issue/1")
    page.evaluate("window.stays = true")
    _save(templates / STYLE, "body.desk {", "body.desk { border-top: 7px solid;")
    page.wait_for_function("() => getComputedStyle(document.body).borderTopWidth === '7px'", timeout=COMES)

    assert page.evaluate("window.stays")
    assert page.complaints == []
    page.close()


def test_without_a_script_everything_is_there(browser, app, issue, desk) -> None:
    """Buttons, frames, details and forms work in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{desk}/issue/1")
    entry = issue.sections[-1][1][0]
    page.locator(f"#entry-{entry}-hide").click()

    assert page.get_by_role("status").inner_text().startswith("Hidden: ")
    assert app.issue(1).edits.hidden == (entry,)
    page.get_by_role("link", name="Plain text").click()
    assert page.get_by_role("region", name="Plain text").is_visible()
    context.close()
