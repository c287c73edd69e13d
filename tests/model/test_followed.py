"""Which sources a feed reader can follow."""

from __future__ import annotations

import pytest

from msdigest.model.followed import feed_of
from msdigest.model.source import Source


@pytest.mark.parametrize(
    ("kind", "url", "feed"),
    [
        ("feed", "https://fen.example/atom.xml", "https://fen.example/atom.xml"),
        ("wordpress", "https://fen.example", "https://fen.example/feed/"),
        ("wordpress", "https://fen.example/blog/", "https://fen.example/blog/feed/"),
        ("livingpage", "https://fen.example", ""),
        ("pubmed", "https://eutils.example", ""),
    ],
)
def test_the_feed_of_a_source(kind, url, feed) -> None:
    """A feed is one; a WordPress site has one."""
    assert feed_of(Source(id="x", kind=kind, url=url)) == feed
