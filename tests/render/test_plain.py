"""Plain text is made one line, and short without being cut in the middle of a sentence."""

from __future__ import annotations

import pytest

from msdigest.render.plain import excerpt, filled, going_on, one_line, sayable


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
        ("word " * 100, "word " * 58 + "word word…"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_an_excerpt_is_two_sentences(text, short) -> None:
    """At most 300 characters; a single sentence that is longer is cut at a word."""
    assert excerpt(text) == short
    assert len(excerpt(text)) <= 300


def test_what_cannot_be_said_is_dropped() -> None:
    """Line breaks stay, controls and halves of characters do not."""
    assert sayable("a\x00\x1b\x85b\r\n\tc\ud83e\ufffe🧠") == "ab\r\n\tc🧠"


@pytest.mark.parametrize(
    ("title", "text", "shown"),
    [
        pytest.param("Other words", "One. Two. Three.", "One. Two.", id="the title is no beginning"),
        pytest.param("One registry", "One registry: closed. Two. Three.", "Closed. Two.", id="after a colon"),
        pytest.param("One  registry", "one\nregistry – open. Two.", "Open. Two.", id="after a dash, other blanks"),
        pytest.param("One is open", "One is open. Two. Three. Four.", "Two. Three.", id="after a sentence"),
        pytest.param("Is it?", "Is it? Yes. Not so. Well.", "Yes. Not so.", id="after a question"),
        pytest.param("A heading", "A heading\n\nBody. Two. Three.", "Body. Two.", id="after a line"),
        pytest.param("All is said", "All is said.", "", id="nothing is left"),
        pytest.param("All is said", "All is said", "", id="nothing at all"),
        pytest.param("The call is on the 26th", "The call is on the 26th:8:00pm London", "8:00pm London", id="times"),
        pytest.param("One", "One and two. Three.", "One and two. Three.", id="ends inside the sentence"),
        pytest.param("Open, at last", "Open, at last, it is. Two.", "Open, at last, it is. Two.", id="before a comma"),
        pytest.param("One regis", "One registry: closed.", "One registry: closed.", id="ends inside a word"),
        pytest.param("One registry…", "One registry is open. Two.", "One registry is open. Two.", id="was cut"),
        pytest.param("Vaccines", "Vaccines: mRNA first. Two.", "mRNA first. Two.", id="a name keeps its letters"),
        pytest.param("a.b (c*", "a.b (c*: x. Y.", "X. Y.", id="signs are no patterns"),
        pytest.param("", "One. Two.", "One. Two.", id="no title"),
        pytest.param("One", "", "", id="no text"),
    ],
)
def test_an_excerpt_goes_on_after_its_title(title, text, shown) -> None:
    """Nobody reads the same words twice, and no words are lost."""
    assert going_on(title, text) == shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", "* one two\n  three"),
        ("https://x.example/long", "* https://x.example/long"),
        ("a https://x.example/long b", "* a\n  https://x.example/long\n  b"),
        ("日本語日本語日本語", "* 日本語日本語日本\n  語"),
        ("e\u0301" * 8, "* " + "e\u0301" * 4 + "\n  " + "e\u0301" * 4),
        ("x" + "e\u0301" * 4, "* x" + "e\u0301" * 3 + "\n  e\u0301"),
        ("", "* "),
    ],
)
def test_lines_are_filled(text, lines) -> None:
    """Scripts without blanks are broken between letters; only an address is longer than a line."""
    assert filled(text, 10, first="* ", rest="  ") == lines
