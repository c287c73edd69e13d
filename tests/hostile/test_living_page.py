"""25: a page that is edited in place, end to end: what changed is told as what it is, and what makes no sense as that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.hostile.desk import DAY, START

BLOCKS = """<p>We gather here what our centre learns about the new infusion.</p>
<h2>Calls</h2>
<p>[Updated 2026/11/18]</p>
<p>The next call is on Thursday at 15:00 in London; please bring all of your questions.</p>
<p>The recordings of our calls are kept by the library of the harbour.</p>
<h2>Registries</h2>
<p>[Updated 2026/11/12]</p>
<p>A registry for Wales collects reports from eleven clinics and wants more of them.</p>
<p>A registry for Egypt has opened with the help of two universities.</p>
<p>The Baltic registry is still looking for funds.</p>"""
WALES = "A registry for Wales collects reports from eleven clinics and wants more of them."
EGYPT = "A registry for Egypt has opened with the help of two universities."
BALTIC = "The Baltic registry is still looking for funds."


def page(*pairs: tuple[str, str]) -> str:
    """Write the page with each first text of ``pairs`` replaced by the second."""
    blocks = BLOCKS
    for old, new in pairs:
        assert old in blocks
        blocks = blocks.replace(old, new)
    return f"<!DOCTYPE html><html lang='en'><title>Page</title><main class='content'>{blocks}</main><footer>x</footer></html>"


@pytest.fixture
def living(new_desk):
    """A desk that has seen the page and mailed what is recent on it."""
    desk = new_desk(kind="livingpage", options={"content": ".content"}, own_rhythm=False)
    assert desk.visit(page()).new == 6
    assert len(desk.mailed()) > 0
    desk.clock.advance(DAY)
    return desk


def by_text(desk, text):
    (found,) = [entry for entry in desk.entries() if entry.text == text]
    return found


REWORDED = "A registry for Wales collects reports from twelve clinics and wants many more."


@pytest.mark.parametrize(
    ("change", "text", "revisions"),
    [
        ((WALES, REWORDED), REWORDED, ["new", "edited"]),
        (("2026/11/12", "2026/11/20"), WALES, ["new", "redated"]),
        ((f"<p>{WALES}</p>\n<p>{EGYPT}</p>", f"<p>{EGYPT}</p>\n<p>{WALES}</p>"), WALES, ["new"]),
        (("<h2>Registries</h2>", "<h2>Registers</h2>"), WALES, ["new", "moved"]),
        (("<p>", "<p class='x'>"), WALES, ["new"]),
        (("<h2>", "<h2><a id='x'></a>"), WALES, ["new"]),
    ],
    ids=["reworded", "re-dated", "reordered", "heading renamed", "other markup", "anchors"],
)
def test_what_became_of_a_block(living, change, text, revisions) -> None:
    """The entry stays the same one; what changed is told as what it is, and nothing is new."""
    report = living.visit(page(change))

    assert (report.status, report.new) == ("ok", 0)
    assert len(living.entries()) == 6
    assert [kind for kind, _ in living.revisions(by_text(living, text))] == revisions


def test_a_heading_that_is_renamed(living) -> None:
    """Its entries stand under the new one, and nobody is mailed for it."""
    living.visit(page(("<h2>Registries</h2>", "<h2>Registers</h2>")))

    assert {by_text(living, text).section for text in (WALES, EGYPT, BALTIC)} == {("Registers",)}
    assert living.mailed() == []


def test_a_block_that_moves(living) -> None:
    """It takes its section and its date with it as they are there."""
    living.visit(page((f"<p>{WALES}</p>\n", ""), ("<h2>Registries</h2>", f"<p>{WALES}</p>\n<h2>Registries</h2>")))

    entry = by_text(living, WALES)
    assert (entry.section, entry.published) == (("Calls",), datetime(2026, 11, 18, tzinfo=UTC))
    assert len(living.revisions(entry)) == 2
    assert len(living.entries()) == 6


def test_a_block_that_goes_and_comes_back(living) -> None:
    """It is gone silently, kept for ever, and the same when it is back."""
    report = living.visit(page((f"<p>{BALTIC}</p>", "")))
    gone = BALTIC in living.living()
    again = living.visit(page(), after=DAY)

    assert (report.status, report.new, report.changed, gone) == ("ok", 0, 0, False)
    assert (again.new, again.changed, len(living.entries())) == (0, 0, 6)
    assert BALTIC in living.living()
    assert living.mailed() == []


def test_a_block_that_is_new(living) -> None:
    """It alone is mailed."""
    news = "A registry for Ghent was announced by its harbour master."
    report = living.visit(page((f"<p>{WALES}</p>", f"<p>{news}</p>\n<p>{WALES}</p>")))

    assert (report.new, report.changed) == (1, 0)
    assert living.mailed() == [entry.title for entry in living.entries() if entry.text == news]


LAYOUTS = {
    "the selector matches nothing": (page(("Calls", "Calls")).replace("class='content'", "class='body'"), "selector '.content'"),
    "most is missing": (page((f"<p>{WALES}</p>\n<p>{EGYPT}</p>\n<p>{BALTIC}</p>", "<p>Come back later.</p>"), ("<p>The recordings of our calls are kept by the library of the harbour.</p>", "")), "are missing"),
    "no date line": (page(("[Updated 2026/11/18]", "…"), ("[Updated 2026/11/12]", "…")), "no date line"),
    "no heading": (page(("<h2>Calls</h2>", ""), ("<h2>Registries</h2>", "")), "no heading"),
    "a check for robots": ("<html><title>Just a moment...</title><main class='content'><p>Checking.</p></main>", "check for robots"),
    "nothing": (" ", "empty page"),
    "hostile": ("<main class='content'>" + "<div>" * 200_000, "selector '.content'"),
}  # fmt: skip


@pytest.mark.parametrize(("html", "words"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_page_that_looks_unlike_itself(living, html, words) -> None:
    """The editor is told, no entry is touched, nobody is mailed; and the page as it was is as it was."""
    report = living.visit(html)

    assert report.status in {"failed", "held"}
    assert words in report.error or "no content" in report.error or "missing" in report.error
    assert [living.revisions(entry) for entry in living.entries()] == [[("new", True)]] * 6
    assert living.mailed() == []
    again = living.visit(page(), after=DAY)
    assert (again.new, again.changed, len(living.living())) == (0, 0, 6)


def test_the_first_visit_mails_only_what_is_recent(new_desk) -> None:
    """A block that is dated before the last cadence is no news."""
    desk = new_desk(kind="livingpage", options={"content": ".content"}, own_rhythm=False)
    desk.visit(page(("2026/11/12", "2020/04/04")))

    assert desk.clock.now() == START
    mailed = {entry.title for entry in desk.entries() if entry.title in desk.mailed()}
    assert by_text(desk, WALES).title not in mailed
