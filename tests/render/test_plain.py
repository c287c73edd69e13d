"""Plain text is made one line, and short without being cut in the middle of a sentence."""

from __future__ import annotations

import pytest

from msdigest.render.plain import excerpt, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb\tc\u2028d\x85e", "a b c d e"),
        ("a\x00b\x07c\x9fd\ud800e\ufffff", "abcdef"),
        ("  a\u00a0b  ", "a\u00a0b"),
        ("\u200fא\u200e 👩🏽‍🔬", "\u200fא\u200e 👩🏽‍🔬"),
        ("a  b", "a  b"),
    ],
)
def test_one_line(text, line) -> None:
    """Breaks become a blank, controls go, everything else stays."""
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("", ""),
        ("No end", "No end"),
        ("One. Two. Three.", "One. Two."),
        ("One! “Two?” Three.", "One! “Two?”"),
        (
            "Dr. A. Smith wrote it with 3.5 mg, e.g. Today. Then more. And more.",
            "Dr. A. Smith wrote it with 3.5 mg, e.g. Today. Then more.",
        ),
        ("One.\nTwo\u00a0three. Four.", "One. Two three."),
        ("A first. " + "B" * 400 + ". C.", "A first."),
        ("word " * 100, "word " * 58 + "word…"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_an_excerpt_is_two_sentences(text, short) -> None:
    """At most 300 characters; a single sentence that is longer is cut at a word."""
    assert excerpt(text) == short
    assert len(excerpt(text)) <= 300
