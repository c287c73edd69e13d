"""Differences: told in words, both texts can be read out of them, and long texts do not take long."""

from __future__ import annotations

import time

import pytest

from msdigest.render.difference import Piece, difference


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        pytest.param("a b c", "a  b\nc", (), id="only spaces differ"),
        pytest.param("", "a b", (Piece("added", "a b"),), id="from nothing"),
        pytest.param("a b", "", (Piece("removed", "a b"),), id="to nothing"),
        pytest.param(
            "190 sites took part",
            "210 sites took part",
            (Piece("removed", "190"), Piece("added", "210"), Piece("same", "sites took part")),
            id="one word",
        ),
    ],
)
def test_difference(old: str, new: str, pieces: tuple[Piece, ...]) -> None:
    """Words taken out come before those put in; what is the same stays."""
    assert difference(old, new) == pieces


def test_unchanged_words_far_from_a_change_are_left_out() -> None:
    """Beside a change stand twelve words; an ellipsis stands for the others."""
    same = " ".join(f"w{number}" for number in range(100))

    pieces = difference(f"old {same} end", f"new {same} fin")

    assert [piece.kind for piece in pieces] == [
        "removed", "added", "same", "gap", "same", "removed", "added",
    ]  # fmt: skip
    assert pieces[2].text.split()[-1] == "w11"
    assert pieces[4].text.split()[0] == "w88"


def test_both_texts_can_be_read() -> None:
    """Without gaps the pieces less what was put in are the old text, and less what was taken out the new one."""
    old, new = "the larger dose was better and safe", "the larger dose was no better but safe enough"

    pieces = difference(old, new)

    assert " ".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert " ".join(piece.text for piece in pieces if piece.kind != "removed") == new


def test_long_texts_are_compared_by_sentences() -> None:
    """Of a text with a thousand sentences only the two that changed are shown."""
    same = " ".join(f"Sentence number {number} stands as it stood." for number in range(1000))

    pieces = difference(f"Yes, we said. {same} Yes.", f"No, we said. {same} No.")

    assert [(piece.kind, piece.text) for piece in pieces if piece.kind in {"removed", "added"}] == [
        ("removed", "Yes, we said."), ("added", "No, we said."), ("removed", "Yes."), ("added", "No."),
    ]  # fmt: skip


def test_repetitive_texts_take_no_quadratic_time() -> None:
    """Twenty thousand times the same few words, changed at both ends, are compared in a moment and cut short."""
    same = "It is so and so again. " * 4000
    begin = time.process_time()

    pieces = difference(f"Yes. {same} Yes.", f"No. {same} But not now. No.")

    assert [piece.kind for piece in pieces] == ["removed", "added"]
    assert pieces[0].text.startswith("Yes.")
    assert pieces[1].text.endswith("But not now. No.")
    assert all(len(piece.text.split()) <= 300 for piece in pieces)
    assert time.process_time() - begin < 5
