"""New sources for the file of sources, as text behind what is written there."""

from __future__ import annotations

import tomllib

import pytest

from msdigest.config.growing import grown
from msdigest.markup.opml import Outline
from msdigest.model.source import Source

BLOG = Source(id="blog", kind="feed", url="https://www.blog.example/feed/")
OFF = Source(id="off", kind="feed", url="https://off.example/rss", enabled=False)
WORDPRESS = Source(id="mill", kind="wordpress", url="https://mill.example")


def grow(*feeds: tuple[str, str], taken=()):
    return grown([Outline(*feed) for feed in feeds], sources=[BLOG, OFF, WORDPRESS], taken=taken)


def rows(tables: str) -> list[dict[str, str]]:
    return tomllib.loads(tables).get("source", [])


def test_a_feed_becomes_a_source() -> None:
    """With an id made of its title, and a kind."""
    found = grow(("Łucja’s Fen: Notes & more", "https://fen.example/feed?x=1&y=2"))

    assert found.tables.startswith("\n[[source]]\n")
    assert rows(found.tables) == [
        {"id": "lucjas-fen-notes-more", "name": "Łucja’s Fen: Notes & more", "kind": "feed", "url": "https://fen.example/feed?x=1&y=2"}
    ]  # fmt: skip
    assert found.added == (("lucjas-fen-notes-more", "https://fen.example/feed?x=1&y=2"),)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://blog.example/feed", "blog"),
        ("http://www.blog.example/feed/", "blog"),
        ("https://off.example/rss?utm_source=x", "off"),
        ("https://mill.example/feed/", "mill"),
    ],
)
def test_what_is_there_is_left_out(url, source) -> None:
    """However its address is spelt, also if it is disabled, or read through another door."""
    found = grow(("Known", url))

    assert (found.tables, found.added, found.there) == ("", (), ((source, url),))


def test_a_feed_that_is_listed_twice_comes_once() -> None:
    """The second one is there already."""
    found = grow(("A", "https://a.example/feed"), ("B", "https://a.example/feed/"))

    assert len(rows(found.tables)) == 1
    assert found.there == (("a", "https://a.example/feed/"),)


def test_ids_are_words_of_their_own() -> None:
    """Other sources, and what is remembered of former ones, keep theirs; a title without letters is no word."""
    found = grow(
        ("Blog", "https://1.example"), ("BLOG!", "https://2.example"), ("Old", "https://3.example"),
        ("日本", "https://www.tokyo.example:8443/"), ("", "https://[2001:db8::1]/"), ("x" * 200, "https://6.example"),
        taken={"old"},
    )  # fmt: skip

    assert [id_ for id_, _ in found.added] == [
        "blog-2", "blog-3", "old-2", "tokyo-example", "2001-db8-1", "x" * 40,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "'file:///etc/passwd' is no web address: write http:// or https:// and a host"),
        ("javascript:alert(1)", "is no web address"),
        ("https://me:hunter2@a.example/", "must not hold a name or password"),
        ("https://a.example/ b", "is no web address"),
        ("", "is no web address"),
    ],
)
def test_what_is_no_web_address_is_refused(url, reason) -> None:
    """In the words of `msdigest check`, which would refuse it too; the others are taken."""
    found = grow(("Odd", url), ("Fine", "https://fine.example/"))

    assert [title for title, _ in found.refused] == ["Odd"]
    assert reason in found.refused[0][1]
    assert "hunter2" not in found.refused[0][1]
    assert [row["id"] for row in rows(found.tables)] == ["fine"]


@pytest.mark.parametrize(
    "title", ['"] \n[[source]]\nid = "evil"', "a\\b\\u0041", "tab\there", "\x7f\x00", "'''", "#", "x" * 500]
)
def test_no_title_breaks_out(title) -> None:
    """Whatever stands in it, it is one text of one table."""
    (row,) = rows(grow((title, 'https://a.example/"x\\y')).tables)

    assert row["url"] == 'https://a.example/"x\\y'
    assert len(row.get("name", "")) <= 120


def test_many_of_one_name_take_no_time() -> None:
    """5,000 feeds, all called alike."""
    found = grow(*(("Blog", f"https://{number}.example/") for number in range(5_000)))

    assert len({id_ for id_, _ in found.added}) == 5_000
