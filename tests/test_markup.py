"""Markup: whatever comes in, what goes out is harmless and keeps its structure."""

from __future__ import annotations

import time

import pytest

from msdigest.markup import (
    absolute,
    canonical_link,
    clean,
    decode,
    first_words,
    page,
    plain,
    plain_title,
    without_controls,
)

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


BOMBS = {
    "nested elements": "<div>" * 200_000 + "x",
    "nested and closed": "<div>" * 100_000 + "x" + "</div>" * 100_000,
    "comments": "<!--" * 60_000 + "x",
    "open tags": "<a " * 60_000 + "x",
    "links": "<a href=x>" * 60_000 + "x",
    "attributes": "<p " + " ".join(f"a{number}='>'" for number in range(200_000)) + ">x",
    "tags with many attributes": ("<p " + " ".join(f"a{number}='>'" for number in range(400)) + ">x") * 300,
    "open quotes": "<a '\"" * 100_000,
    "misnested": "<b><i>" * 50_000 + "<p>x",
    "formatting": ("<b>" * 140 + "<p>") * 300 + "x",
    "open scripts": "<script>" * 60_000,
    "ampersands": "&" * 300_000,
    "brackets": "<" * 200_000,
    "processing": "<?x" * 60_000,
    "hollow": "<p> " * 50_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bombs(bomb: str) -> None:
    """What is quadratic in every parser ends at once here."""
    start = time.perf_counter()
    clean(bomb, base_url=BASE)
    plain_title(bomb)
    spent = time.perf_counter() - start

    # 0.2 s at most when measured alone; a busy machine gets ten times that.
    assert spent < 2


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bombs_as_pages(bomb: str) -> None:
    """A page of the same makes no trouble either."""
    start = time.perf_counter()
    page(bomb, base_url=BASE)

    assert time.perf_counter() - start < 5


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


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://www.Example.org/Post/?utm_source=x&p=1#top", "example.org/Post?p=1"),
        ("http://example.org:80/post", "example.org/post"),
        ("https://example.org:8443/post/", "example.org:8443/post"),
        ("https://example.org/?replytocom=12&fbclid=z", "example.org"),
        ("https://example.org/?b=2&a=1", "example.org?b=2&a=1"),
        ("urn:uuid:1", "urn:uuid:1"),
        ("http://[", "http://["),
        ("http://example.org:x/", "http://example.org:x/"),
        ("", ""),
    ],
)
def test_canonical_link(url: str, canonical: str) -> None:
    """Spellings of one address become one."""
    assert canonical_link(url) == canonical


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("../x y", "https://blog.example/2021/10/x%20y"),
        ("?p=1", "https://blog.example/2021/10/post/?p=1"),
        ("HTTPS://x.example/", "HTTPS://x.example/"),
        ("ftp://x.example/", ""),
        ("file:///etc/passwd", ""),
        ("http://", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_absolute(url: str, seen: str) -> None:
    """An address is made whole, or refused."""
    assert absolute(url, BASE).lower() == seen.lower()


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


WORDPRESS = """<!DOCTYPE html><html lang="en-GB"><head><title>Living page &#8211; A site</title>
<link rel="alternate" type="application/rss+xml" href="/feed/">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
<link rel="alternate" type="application/feed+json" href="feed.json">
<link rel="stylesheet" href="x.css"></head><body class="widget">
<header><p>Tagline of the site</p></header><nav><ul><li>Home</li></ul></nav>
<main><article class="hentry"><header class="entry-header"><h1>Living page</h1></header>
<div class="entry-content"><h2>News</h2><p><strong>[Today]<br></strong>First <a href="a">link</a></p>
<div style="display: none">hidden</div><p hidden>hidden</p>
<div class="sharedaddy"><h3>Share this:</h3></div><hr><ul><li>One<p>more</p></li></ul></div>
<div class="author-box"><p>About the author</p></div></article>
<div id="comments"><p>A comment that is long enough to be content of its own.</p></div>
<form><p>Leave a Reply</p></form></main><aside><p>Recent Posts</p></aside><footer>Powered</footer></body></html>"""


def test_page() -> None:
    """A page gives its content in order; what stands around it is left out."""
    seen = page(WORDPRESS, base_url="https://site.example/page/", alone=lambda line: line.startswith("["))

    assert (seen.title, seen.language) == ("Living page – A site", "en-GB")
    assert seen.feeds == ("https://site.example/feed/", "https://site.example/page/feed.json")
    assert [(block.kind, block.level, block.text) for block in seen.blocks] == [
        ("heading", 2, "News"),
        ("paragraph", 0, "[Today]"),
        ("paragraph", 0, "First link"),
        ("rule", 0, ""),
        ("list", 1, "One\nmore"),
    ]
    assert seen.blocks[2].html == '<p>First <a href="https://site.example/page/a" rel="noopener">link</a></p>'


def test_page_by_selector() -> None:
    """A selector decides, but furniture is no content even then; nested matches are read once."""
    seen = page(WORDPRESS, base_url=BASE, selector="article, div.entry-content")

    assert [block.text for block in seen.blocks if block.text] == ["News", "[Today]\nFirst link", "One\nmore"]
    assert page(WORDPRESS, base_url=BASE, selector="#nothing").blocks == ()
    with pytest.raises(ValueError, match="no CSS selector"):
        page(WORDPRESS, base_url=BASE, selector="p[")


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        (
            "<body><div><div><p>side</p></div><div><p>" + "much text " * 20 + "</p></div></div>",
            ["much text " * 19 + "much text"],
        ),
        ("<body><main><p>a</p></main><p>b</p>", ["a"]),
        ("<body><article>a</article><article>b</article>", ["a", "b"]),
        ("<form><h1>In a form</h1><p>text</p></form>", ["In a form", "text"]),
        ("<title>T</title><body><h1>T</h1><p>text</p><h2>T</h2>", ["text", "T"]),
        ("<body><h2>Inside <a href=x>a link</a></h2><a href=y><p>block</p></a>", ["Inside a link", "block"]),
        ("<body><div role=navigation>n</div><p aria-hidden=true>h</p>t", ["t"]),
        ("<h2><time datetime=2020-01-01></time></h2>text", ["text"]),
        ("just text", ["just text"]),
        ("<!-- nothing -->", []),
        ("", []),
    ],
)
def test_main_content(html: str, texts: list[str]) -> None:
    """Without a selector the content is found where most of the words are."""
    assert [block.text for block in page(html, base_url=BASE).blocks] == texts
