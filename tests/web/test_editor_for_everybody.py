"""The issue's page for every screen and every way of reading it: sizes, schemes, and what axe finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.web.asking import serving
from tests.web.looking import GROUNDS, SCHEMES, open_page, overflow
from tests.web.scene import site

from msdigest.app import App
from msdigest.lint.finding import Finding
from msdigest.model.issue import Edits
from msdigest.web.editor import editor_app

LOOKS = {
    "one": "/issue/1",
    "two": "/issue/1?who=largest&with=topics&with_topics=fatigue&width=375",
    "text": "/issue/1?view=text",
    "headers": "/issue/1?view=headers",
    "source": "/issue/1?view=source",
    "refused": "/issue/1?who=topics&topics=nonsense",
    "list": "/",
}


@pytest.fixture(scope="module")
def draft(tmp_path_factory) -> Iterator[App]:
    """Open a site with a draft in which something is pinned, hidden, noted, and wrong."""
    with site(tmp_path_factory.mktemp("draft")) as app:
        issue = app.compose(app.digest("weekly"))
        first, second, third = issue.sections[-1][1]
        edits = Edits(
            intro="Our *words*.", pinned=(third,), hidden=(first,), notes={second: "Our own note beneath it."}
        )
        app.edit(issue, edits)
        findings = tuple(
            Finding(
                id=f"check.{level}", level=level, message="Something about it", place="entry", entry=second,
                excerpt="https://example.org/" + "a" * 90, way_out="Hide it.",
            )
            for level in ("error", "warning", "info")
        )  # fmt: skip
        app.lint = lambda _issue: findings
        yield app


@pytest.fixture(scope="module")
def desk(draft) -> Iterator[str]:
    """Serve the editors' pages of that site."""
    with serving(editor_app(draft)) as address:
        yield address


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(browser, desk, tmp_path, look, width, scheme) -> None:
    """Names, roles, contrast, landmarks, headings, and the size of targets; nothing sticks out sideways."""
    page = open_page(browser, desk + LOOKS[look], size=(width, 900), scheme=scheme)
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.screenshot(path=tmp_path / f"{look}-{width}-{scheme}.png", full_page=True)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # The message itself is checked by itself; its heading begins anew at the first level, as a document's does.
    found = Axe().run(page, context={"exclude": ["iframe"]}, options={"runOnly": {"type": "tag", "values": tags}})

    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]] == []
    assert overflow(page) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == GROUNDS[scheme]
    assert [said for said in page.complaints if "404" not in said] == []
    page.close()


@pytest.mark.parametrize("width", [375, 1280])
def test_whatever_is_pressed_is_large_enough(browser, desk, width) -> None:
    """44 px high at least, and no smaller across; links within a sentence are as high as its line."""
    page = open_page(browser, f"{desk}/issue/1", size=(width, 900))
    pressed = page.locator(
        "main :is(button, summary, select, input:not([type=hidden]), textarea, nav a, .show):visible"
    )
    boxes = [(one.inner_text(), one.bounding_box()) for one in pressed.all()]

    assert len(boxes) > 30
    assert [(words, box) for words, box in boxes if box["height"] < 44 or box["width"] < 30] == []
    page.close()


@pytest.mark.parametrize(("width", "columns"), [(375, 1), (1100, 2), (1400, 3)])
def test_the_parts_stand_beside_each_other_where_there_is_room(browser, desk, width, columns) -> None:
    """Outline, message and checks in one, two or three columns, always in this order for who reads by ear."""
    page = open_page(browser, f"{desk}/issue/1", size=(width, 900))
    headings = page.get_by_role("heading", level=2)
    lefts = {round(page.get_by_role("heading", level=2, name=name).bounding_box()["x"]) for name in
             ("Outline", "Message", "Checks")}  # fmt: skip

    assert len(lefts) == columns
    assert headings.all_inner_texts() == ["Outline", "Message", "Checks", "Approval", "Facts"]
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [320, 375, 600, 800])
def test_a_frame_has_its_width_and_its_scheme(browser, desk, width, scheme) -> None:
    """Whatever the screen is set to; and the message fits into each."""
    other = "dark" if scheme == "light" else "light"
    page = open_page(browser, f"{desk}/issue/1?width={width}&scheme={scheme}", size=(1400, 900), scheme=other)
    (frame,) = page.frames[1:]

    assert frame.frame_element().bounding_box()["width"] == width
    assert frame.evaluate("document.documentElement.scrollWidth") <= width
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == GROUNDS[scheme]
    assert page.complaints == []
    page.close()
