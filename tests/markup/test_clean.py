"""Whatever comes in, what goes out is harmless and keeps its structure."""

from __future__ import annotations

import time

import pytest
from tests.markup.bombs import BOMBS

from msdigest.markup.clean import clean
from msdigest.markup.text import plain_title

BASE = "https://blog.example/2021/10/post/"


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("<p onclick='x()' class=a id=b style='c'>text</p>", "<p>text</p>"),
        ("<script>alert(1)</script><style>p{}</style><p>text</p>", "<p>text</p>"),
        ("<p>a<!-- secret -->b</p>", "<p>ab</p>"),
        ("<p>a<img src='https://spy.example/1.gif' width=1 height=1>b</p>", "<p>ab</p>"),
        (
            "<figure><img src=scan.png alt=scan><figcaption>An MRI scan</figcaption></figure>",
            "<figure><figcaption>An MRI scan</figcaption></figure>",
        ),
        ("<p>kept</p><a href='/big.png'><img src='/small.png'></a>", "<p>kept</p>"),
        ("<a href='/about'>us</a>", '<a href="https://blog.example/about" rel="noopener">us</a>'),
        ("<a href='//cdn.example/x'>x</a>", '<a href="https://cdn.example/x" rel="noopener">x</a>'),
        ("<a href='mailto:info@ms.example'>m</a>", '<a href="mailto:info@ms.example" rel="noopener">m</a>'),
        ("<p><a href='javascript:alert(1)'>j</a></p>", "<p>j</p>"),
        ("<p><a href='java\nscript:alert(1)'>j</a></p>", "<p>j</p>"),
        ("<p><a href='data:text/html,x'>d</a></p>", "<p>d</p>"),
        ("<p><a name=here>anchor</a></p>", "<p>anchor</p>"),
        ("<p>a\x00b\x0bc&#0;d&#11;e&#55555;f&#99999999999;g&#x110000;h</p>", "<p>abcdefgh</p>"),
        ("<p>&nbsp;&bogus; &#8217; &#146;</p>", "<p>&nbsp;&amp;bogus; ’ ’</p>"),
        ("<h2>One</h2><ol start=3><li>x</ol>", '<h2>One</h2><ol start="3"><li>x</li></ol>'),
        ("<ol start='javascript'><li>x</ol>", "<ol><li>x</li></ol>"),
        (
            "<table><tr><th scope=row>a<td colspan=2>b</table>",
            '<table><tbody><tr><th scope="row">a</th><td colspan="2">b</td></tr></tbody></table>',
        ),
        ("<section>a</section><section>b</section>", "<div>a</div><div>b</div>"),
        ("<p lang=fr>sclérose</p><p lang='\"><x'>y</p>", '<p lang="fr">sclérose</p><p>y</p>'),
        ("<abbr title='multiple  sclerosis'>MS</abbr>", '<abbr title="multiple sclerosis">MS</abbr>'),
        ("<iframe src=x></iframe><video><p>no video</p></video><form><button>go</button></form><p>t</p>", "<p>t</p>"),
        ("<p> </p><p><br></p><p><b></b></p><ul><li></ul>x", "x"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<p>open <b>bold", "<p>open <b>bold</b></p>"),
    ],
)
def test_clean(hostile: str, harmless: str) -> None:
    """Structure stays, harm goes, and cleaning again changes nothing."""
    cleaned = clean(hostile, base_url=BASE)

    assert cleaned == harmless
    assert clean(cleaned, base_url=BASE) == cleaned


def test_relative_links_need_a_base() -> None:
    """Without a base a relative link leads nowhere, so its words stay alone."""
    assert clean("<p><a href='/x'>x</a></p>", base_url="") == "<p>x</p>"


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bombs(bomb: str) -> None:
    """What is quadratic in every parser ends at once here."""
    start = time.perf_counter()
    clean(bomb, base_url=BASE)
    plain_title(bomb)
    spent = time.perf_counter() - start

    # 0.2 s at most when measured alone; a busy machine gets ten times that.
    assert spent < 2
