"""A page that looks unlike itself is an error, and nothing is touched."""

from __future__ import annotations

import pytest
from tests.collect.livingpage.visiting import BLOCKS, Desk, changed, page, redesigned

from msdigest.errors import LayoutError


@pytest.mark.parametrize(
    "tags",
    [{}, {"h2": "h4"}, {"p": "div class=t"}, {"h2": "h3", "h3": "h5"}],
    ids=["frame", "levels of headings", "paragraphs", "all levels"],
)
def test_a_redesign_gives_the_same_entries(tags: dict[str, str]) -> None:
    """Other elements and classes around the same words change nothing at all."""
    desk = Desk()
    before = desk.visit(page())
    after = desk.visit(redesigned(**tags))

    assert after == before
    assert desk.collected is not None
    assert desk.collected.gone == ()


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        (redesigned(h2="div class=h", h3="div class=h"), "no heading is found"),
        (page(BLOCKS.replace("[Updated", "[Stand")), "no date line is found"),
        (page("<p>[Updated 2024/06/01]</p><h2>Calls</h2><p>[Updated 2024/06/01]</p><p>We moved to another address.</p>"), "13 of 13 known entries are missing"),
        (page(""), "no content is found"),
        (page(BLOCKS.replace("<h2>Calls</h2>", "").replace("<h2>Registries</h2>", "").replace("<h2>Science</h2>", "").replace("h3>", "b>")), "under other headings"),
        ("<html><head><title>Just a moment...</title></head><body><p>x</p></body></html>", "a check for robots"),
    ],
    ids=["headings", "date lines", "content", "empty", "fewer headings", "challenge"],
)  # fmt: skip
def test_a_page_unlike_itself_is_refused(html: str, sentence: str) -> None:
    """The editor is told, and no entry is touched."""
    desk = Desk()
    desk.visit(page())
    before = dict(desk.known)

    with pytest.raises(LayoutError, match=sentence):
        desk.visit(html)
    assert desk.known == before


def test_shuffled_dates_are_refused() -> None:
    """If most entries stand under other date lines than before, that is no edit."""
    desk = Desk()
    desk.visit(page())
    shuffled = changed(
        ("[Updated 2024/05/20]", "[Updated 2023/01/01]"),
        ("[Updated 2024/05/12]", "[Updated 2023/01/02]"),
        ("[Updated 2024/04/30]", "[Updated 2023/01/03]"),
    )

    with pytest.raises(LayoutError, match="under other date lines"):
        desk.visit(shuffled)


def test_a_small_page_may_lose_most_of_itself() -> None:
    """Of three entries two may go; all three may not."""
    desk = Desk()
    desk.visit(page("<p>One thing that is true.</p><p>Another matter entirely.</p><p>Third and last remark.</p>"))
    desk.visit(page("<p>Third and last remark.</p>"))

    assert desk.collected is not None
    assert len(desk.collected.gone) == 2
    with pytest.raises(LayoutError, match="no content"):
        desk.visit(page(""))


def test_an_editor_has_looked() -> None:
    """What was held as a new layout is taken then; a page without anything still is not."""
    desk = Desk()
    before = desk.visit(page())
    moved = page(
        "<p>[Updated 2024/06/01]</p><h2>Calls</h2><p>[Updated 2024/06/01]</p><p>We moved to another address.</p>"
    )
    with pytest.raises(LayoutError, match="13 of 13"):
        desk.visit(moved)
    after = desk.visit(moved, accept=True)

    assert desk.new == ["We moved to another address"]
    assert desk.collected is not None
    assert set(desk.collected.gone) == set(before)
    assert len(after) == 1
    with pytest.raises(LayoutError, match="no content"):
        desk.visit(page(""), accept=True)
