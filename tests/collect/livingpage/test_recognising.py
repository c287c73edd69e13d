"""Entries keep their identity, whatever is done to the page."""

from __future__ import annotations

import random

import pytest
from tests.collect.livingpage.visiting import BLOCKS, Desk, changed, page

WALES = "A registry for Wales collects reports from eleven clinics and wants more. It can be found here."


@pytest.mark.parametrize(
    "pairs",
    [
        [("Counting cells in Cairo", "Counting cells in Giza")],
        [(WALES, "The Welsh registry now collects reports from 31 clinics in Wales and England and wants more. It can be found here.")],
        [("[Updated 2024/05/20]", "[Updated 2024/05/27]")],
        [("[Updated 2024/04/30]", "[Updated 2024/05/01]"), ("looking for funds", "looking for money")],
        [("<h2>Registries</h2>", "<h2>Registries worldwide</h2>")],
        [("<h2>Science</h2>", "<h2>Laboratory</h2>")],
        [(f"<br>{WALES}", ""), ("<h2>For patients</h2>", f"<h2>For patients</h2><p>{WALES}</p>")],
        [("<p>Podcasts of our sessions", "<p>\n  Podcasts   of our sessions")],
        [("<li>Ada Byron", "<li><strong>Ada Byron</strong>"), ("<hr>", "<p></p><hr><p>&nbsp;</p>")],
    ],
    ids=["a word", "a rewriting", "a date line", "date and words", "a heading", "an outer heading", "a move", "white space", "markup"],
)  # fmt: skip
def test_edits_keep_the_key(pairs: list[tuple[str, str]]) -> None:
    """Whatever is reworded, re-dated, moved or renamed: nothing is new, nothing is gone."""
    desk = Desk()
    before = desk.visit(page())
    after = desk.visit(changed(*pairs))

    assert desk.new == []
    assert desk.collected is not None
    assert desk.collected.gone == ()
    assert set(after) == set(before)
    untouched = [key for key in before if before[key].text == after[key].text]
    assert len(untouched) >= len(before) - 1


def test_what_moves_tells_where() -> None:
    """An entry that moves is found under its new heading, without the old date."""
    desk = Desk()
    desk.visit(page())
    key = desk.key("A registry for Wales")
    moved = desk.visit(
        changed((f"<br>{WALES}", ""), ("<h2>For patients</h2>", f"<h2>For patients</h2><p>{WALES}</p>"))
    )[key]

    assert (moved.section, moved.published) == (("For patients",), None)


def test_new_and_gone() -> None:
    """What is added is new, what is taken away is gone, and neither takes the other's name."""
    desk = Desk()
    before = desk.visit(page())
    podcasts = desk.key("Podcasts of our")
    egypt = desk.key("A registry for Egypt")
    after = desk.visit(
        changed(
            ("<p>Podcasts of our sessions are also available for download.</p>", "<p>Slides of all talks may be had on request.</p>"),
            ("A registry for Egypt has opened with the help of two universities. More can be found here.", "An app that counts steps was tried in Oslo. More can be found here."),
        )
    )  # fmt: skip

    assert desk.new == [
        "Slides of all talks may be had on request",
        "An app that counts steps was tried in Oslo",
    ]
    assert desk.collected is not None
    assert set(desk.collected.gone) == {podcasts, egypt}
    assert set(before) - set(after) == {podcasts, egypt}


def test_what_comes_back_is_recognised() -> None:
    """An entry that was gone comes back under its own key, by equal words only."""
    desk = Desk()
    before = desk.visit(page())
    key = desk.key("Podcasts of our")
    desk.visit(changed(("<p>Podcasts of our sessions are also available for download.</p>", "")))
    other = desk.visit(changed(("Podcasts of our sessions are also", "Podcasts of our sessions are")))

    assert key not in other
    assert desk.new == ["Podcasts of our sessions are available for download"]
    desk.visit(changed(("<p>Podcasts of our sessions are also available for download.</p>", "")))
    assert list(desk.visit(page())) == list(before)


def test_an_entry_that_splits() -> None:
    """One half keeps the key, the other is new; its neighbours keep theirs."""
    desk = Desk()
    before = desk.visit(page())
    split = desk.visit(changed(("vanish. A first look at the", "vanish.</li><li>A first look at the")))

    assert set(before) <= set(split)
    assert len(desk.new) == 1


def test_equal_words_twice() -> None:
    """The same words in two places are two entries, and stay so."""
    desk = Desk()
    twice = page(BLOCKS + "<p>Same words.</p><p>Same words.</p>")
    first = desk.visit(twice)

    assert list(desk.visit(twice + " ")) == list(first)
    assert sum(key.endswith("-2") for key in first) == 1


def test_many_random_edits() -> None:
    """Edits of less than 15 % of the words never cost a key, and never mix two up."""
    chance = random.Random(7)  # noqa: S311 - edits, not secrets
    for _ in range(40):
        desk, blocks = Desk(), BLOCKS
        before = desk.visit(page())
        for one in before.values():
            words = one.text.split()
            if len(words) > 6 and one.text in blocks:
                words[chance.randrange(1, len(words))] = chance.choice(["perhaps", "Cardiff", "12", "trial"])
                blocks = blocks.replace(one.text, " ".join(words))
        after = desk.visit(page(blocks))

        assert list(after) == list(before)
