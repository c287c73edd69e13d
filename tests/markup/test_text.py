"""Text from outside: what may stand in it, and what it becomes."""

from __future__ import annotations

import pytest

from msdigest.markup.text import decode, first_words, plain_title, without_controls


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("R&amp;D", "R&D"),
        ("a &amp;amp; b", "a &amp; b"),
        ("<b>bold</b> word", "bold word"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("p <0.05 and a < b > c", "p <0.05 and a < b > c"),
        ("two\n lines\t ", "two lines"),
        ("x\x00\x0b&#55555;&#0;y ]]>", "xy ]]>"),
        ("MS &#8211; &hellip;", "MS – …"),
        ("<script>alert(1)</script>news", "alert(1)news"),
        ("safe\u202eevil", "safeevil"),
        ("a<!-- b", "a"),
        ("", ""),
    ],
)
def test_plain_title(told: str, title: str) -> None:
    """A title is one line of plain text, unescaped once."""
    assert plain_title(told) == title


def test_without_controls() -> None:
    """Line ends and tabs stay; what XML forbids goes."""
    assert without_controls("a\tb\r\nc\x00\x1f\x7f\x85\ud800\ufffe\ufeffd") == "a\tb\r\ncd"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Short line.\nSecond", "Short line."),
        ("\n\n x", "x"),
        ("A first sentence of some length. " + "word " * 40, "A first sentence of some length."),
        ("word " * 40, "word " * 16 + "word…"),
        ("x" * 200, "x" * 89 + "…"),
        ("", ""),
    ],
)
def test_first_words(text: str, title: str) -> None:
    """A title is cut at a sentence or a word."""
    assert first_words(text) == title
    assert len(first_words(text)) <= 90


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é–".encode(), "text/html; charset=iso-8859-1", "é–"),
        ("é–".encode("windows-1252"), "text/html; charset=utf-8", "é–"),
        ("é".encode("iso-8859-15") + b"\xa4", "text/html; charset=ISO-8859-15", "é€"),
        (b"<meta charset='iso-8859-15'>\xa4", "text/html", "<meta charset='iso-8859-15'>€"),
        (b"\xa4", "text/html; charset=nonsense", "¤"),
        ("é".encode("utf-16"), "", "é"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "", "é"),
        (b"\xef\xbb\xbfx", "", "x"),
        (b"\x81", "", "\ufffd"),
    ],
)
def test_decode(body: bytes, content_type: str, text: str) -> None:
    """Readable text comes out whatever the labels say."""
    assert decode(body, content_type) == text
