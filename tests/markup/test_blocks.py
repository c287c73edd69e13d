"""HTML is said as plain text, block by block."""

from __future__ import annotations

import random

import pytest

from msdigest.markup import blocks
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One <b>two</b></p><p>three</p>", "One two\n\nthree"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<h2>Title</h2>text", "Title\n\ntext"),
        ("<ul><li>a<li>b</ul><p>c</p>", "• a\n• b\n\nc"),
        ("<ul><li>a<ul><li>b</ul>c<li>d</ul>", "• a\n  • b\n• c\n• d"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "• a\n  b"),
        ("<p>see <a href='https://x.example'>the paper</a></p>", "see the paper"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 | 2\n\n3"),
        ("a<hr>b", "a\n\nb"),
        ("R&amp;D &lt;b&gt; caf&eacute;&nbsp;x", "R&D <b> café x"),
        ("<pre>x\n  y</pre>", "x y"),
        ("<li><h3>in a list</h3>text</li>", "in a list\n\n• text"),
        ("tail", "tail"),
        ("", ""),
        ("<p>a\x00\x0b</p>", "a"),
    ],
)
def test_plain(html: str, text: str) -> None:
    """Plain text reads as the page does."""
    assert plain(html) == text


def test_paragraphs_say_without_a_parser_what_they_say_with_one() -> None:
    """2,000 cleaned pieces of every sort of tag: the short way is taken where it is the same."""
    chance = random.Random(3)  # noqa: S311 - words of a test
    tags = ["p", "div", "blockquote", "h2", "b", "i", 'a href="https://x.example/?b=1&c=2"', 'span lang="en"', "br", "ul", "li",
            "td", "q", 'a title="a > b" href="/x"', "pre", "abbr"]  # fmt: skip
    words = [
        "alpha",
        "&amp;",
        "&lt;b&gt;",
        "&nbsp;",
        "x > y",
        "\n",
        " ",
        "\u03b24",
        "a&b",
        "&#8217;",
        "\u00a0",
        "&amp;lt;",
    ]
    for _ in range(2_000):
        pieces = [
            f"<{chance.choice(['', '', '/'])}{chance.choice(tags)}>" if chance.random() < 0.5 else chance.choice(words)
            for _ in range(25)
        ]
        cleaned = clean("".join(pieces), base_url="https://x.example/")

        assert blocks.plain_of_clean(cleaned) == blocks._said(blocks.blocks_of(cleaned, with_html=False))
