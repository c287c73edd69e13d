"""HTML is said as plain text, block by block."""

from __future__ import annotations

import pytest

from msdigest.markup.blocks import plain


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
