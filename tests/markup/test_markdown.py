"""What editors type: paragraphs, lists and links, and nothing that a mail or page could trip over."""

from __future__ import annotations

import pytest

from msdigest.markup.markdown import Paragraph, Span, paragraphs


def _told(text: str) -> list[tuple[str, list[str]]]:
    return [(each.kind, list(each.plain)) for each in paragraphs(text)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", []),
        (" \n\n ", []),
        ("One\nline\n\nAnother", [("paragraph", ["One line"]), ("paragraph", ["Another"])]),
        ("hard  \nand\\\nharder", [("paragraph", ["hard and harder"])]),
        ("# One\n\n###### Six\n\nSet\n---", [("heading", ["One"]), ("heading", ["Six"]), ("heading", ["Set"])]),
        ("#", []),
        ("- a\n- b\n\ntext", [("bullets", ["a", "b"]), ("paragraph", ["text"])]),
        ("3. a\n4. b", [("numbers", ["a", "b"])]),
        ("- a\n\n  more of it\n- b", [("bullets", ["a", "more of it", "b"])]),
        ("- a\n  1. c\n  2. d\n- e", [("bullets", ["a", "c", "d", "e"])]),
        ("- a\n\n1. b", [("bullets", ["a"]), ("numbers", ["b"])]),
        ("-\n-", []),
        ("&amp; &lt;b&gt; \\*no\\*", [("paragraph", ["& <b> *no*"])]),
    ],
    ids=ascii,
)
def test_paragraphs_headings_and_lists(text, told) -> None:
    """In the order in which they are typed; a list within a list is told as its points; what is empty is nothing."""
    assert _told(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<b>bold</b> <!-- x -->", "<b>bold</b> <!-- x -->"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("<div>\ntext\n</div>", "<div> text </div>"),
        ("`code`", "`code`"),
        ("```\nfence\n```", "``` fence ```"),
        ("    indented", "indented"),
        ("> quoted", "> quoted"),
        ("***", "***"),
        ("[a]: https://x.example", "[a]: https://x.example"),
        ("<https://x.example>", "<https://x.example>"),
        ("https://x.example", "https://x.example"),
    ],
)
def test_everything_else_stays_the_text_it_is(text, told) -> None:
    """No HTML, no code, no quotes, no rules, no references."""
    (paragraph,) = paragraphs(text)

    assert paragraph.plain == (told,)
    assert all(span == Span(span.text) for span in paragraph.lines[0])
    assert paragraph == Paragraph("paragraph", paragraph.lines)


def test_emphasis_and_links() -> None:
    """Each run of words knows what it is."""
    (paragraph,) = paragraphs(
        "A **strong *and* [bold](https://x.example/?a=1&b=2)** *word*, [mail](mailto:a@x.example)."
    )

    assert paragraph.lines == (
        (
            Span("A "),
            Span("strong ", strong=True),
            Span("and", strong=True, emphasis=True),
            Span(" ", strong=True),
            Span("bold", "https://x.example/?a=1&b=2", strong=True),
            Span(" "),
            Span("word", emphasis=True),
            Span(", "),
            Span("mail", "mailto:a@x.example"),
            Span("."),
        ),
    )
    assert paragraph.plain == ("A strong and bold (https://x.example/?a=1&b=2) word, mail (mailto:a@x.example).",)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("[x](HTTPS://ä.example/ü b)", (Span("[x](HTTPS://ä.example/ü b)"),)),
        ("[x](HTTP://ä.example/ü)", (Span("x", "HTTP://%C3%A4.example/%C3%BC"),)),
        ("[x](javascript:alert(1))", (Span("[x](javascript:alert(1))"),)),
        ("[x](data:text/html,y)", (Span("[x](data:text/html,y)"),)),
        ("[x](ftp://x.example)", (Span("x"),)),
        ("[x](/here)", (Span("x"),)),
        ("[x](//x.example)", (Span("x"),)),
        ("[x](&#106;avascript:alert(1))", (Span("[x](javascript:alert(1))"),)),
        ('[x](https://x.example "title")', (Span("x", "https://x.example"),)),
        ('[x](https://x.example/"><b>)', (Span("x", "https://x.example/%22%3E%3Cb%3E"),)),
        ("[a\nb](https://x.example)", (Span("a", "https://x.example"), Span(" ", "https://x.example"), Span("b", "https://x.example"))),
        ("[https://x.example](https://x.example)", (Span("https://x.example", "https://x.example"),)),
        ("![shown](https://x.example/i.png)", (Span("!"), Span("shown", "https://x.example/i.png"))),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_link_leads_to_the_web_or_to_a_person(text, spans) -> None:
    """To nothing else, whatever its letters are; an image is a link, nothing is loaded."""
    (paragraph,) = paragraphs(text)

    assert paragraph.lines == (spans,)


def test_a_link_without_words_is_none() -> None:
    """Nobody could follow it."""
    assert paragraphs("[](https://x.example)") == ()
    assert paragraphs("[https://x.example](https://x.example)")[0].plain == ("https://x.example",)


def test_what_cannot_be_said_is_left_out() -> None:
    """Controls and halves of characters would break the mail."""
    assert _told("a\x07b\x1b\x7f\x85c\ud800d\x00&#7;") == [("paragraph", ["abcd\ufffd"])]


def test_an_endless_text_is_cut() -> None:
    """At 20,000 characters, and quickly, whatever it consists of."""
    (long,) = paragraphs("x" * 30_000)

    assert len(long.plain[0]) == 20_000
    for hostile in ("[" * 30_000, "*" * 30_000, "- " * 15_000, "[](" * 10_000, "**a " * 7_500, "> " * 15_000):
        assert len("".join(line for each in paragraphs(hostile) for line in each.plain)) <= 20_000
