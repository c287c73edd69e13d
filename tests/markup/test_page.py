"""Hostile pages give their content, and what stands around it is left out."""

from __future__ import annotations

import time

import pytest
from tests.markup.bombs import BOMBS

from msdigest.markup.page import page

BASE = "https://blog.example/2021/10/post/"


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bombs_as_pages(bomb: str) -> None:
    """A page of the same makes no trouble either."""
    start = time.perf_counter()
    page(bomb, base_url=BASE)

    assert time.perf_counter() - start < 5


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
