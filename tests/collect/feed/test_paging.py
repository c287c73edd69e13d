"""Nothing is lost that came and went between two visits: older pages are read until one reaches back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.collect.feed.script import FEED, Script, atom, entry

from msdigest.collect.feed.collecting import collect
from msdigest.errors import StatusError, UnreachableError
from msdigest.model.source import Source
from msdigest.ports import Collected, Memory
from msdigest.sandbox.fake import InProcess

SOURCE = Source(id="notices", kind="feed", url=FEED, options={"page": "page"})
SINCE = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
MEMORY = Memory(now=datetime(2026, 11, 20, 12, 0, tzinfo=UTC), since=SINCE)
WORDPRESS = '<generator uri="https://wordpress.org/" version="6.8">WordPress</generator>'
LOST = "some entries may be missing"


def new(slug: str) -> str:
    return entry(slug, "2026-11-15T10:00:00Z")


OLD = entry("old", "2026-11-01T10:00:00Z")


def visit(pages: dict[str, Any], memory: Memory = MEMORY, **source: Any) -> tuple[Collected, Script]:
    http = Script({f"https://gov.example{path}": page for path, page in pages.items()})
    return collect(replace(SOURCE, **source), memory, http, InProcess()), http


def slugs(came: Collected) -> list[str]:
    return [one.url.rpartition("/")[2] for one in came.entries]


@pytest.mark.parametrize(
    ("options", "url", "pages", "asked"),
    [
        ({"page": "page"}, FEED, (atom(new("a")), atom(new("b")), atom(OLD)), ["/notices.atom?page=2", "/notices.atom?page=3"]),
        ({"page": "page"}, f"{FEED}?page=1&x=y", (atom(new("a")), atom(OLD)), ["/notices.atom?x=y&page=2"]),
        ({}, FEED, (atom(new("a"), head=WORDPRESS), atom(new("b"), head=WORDPRESS), 404), ["/notices.atom?paged=2", "/notices.atom?paged=3"]),
        ({}, FEED, (atom(new("a"), head='<link rel="next" href="/p2"/>'), atom(new("b"))), ["/p2"]),
        ({}, FEED, (atom(new("a"), head='<link rel="prev-archive" href="/p2"/>' + WORDPRESS), atom(OLD)), ["/p2"]),
        (
            {},
            FEED,
            ({"version": "https://jsonfeed.org/version/1.1", "next_url": "/p2", "items": [{"id": "a", "url": "https://gov.example/a", "date_published": "2026-11-15"}]}, atom(OLD)),
            ["/p2"],
        ),
    ],
)  # fmt: skip
def test_ways_back(options: dict[str, str], url: str, pages: tuple[Any, ...], asked: list[str]) -> None:
    """By the source's own parameter, the feed's own links, or WordPress's numbers, until a page has something old."""
    first = url.removeprefix("https://gov.example")
    came, http = visit(dict(zip([first, *asked], pages, strict=True)), options=options, url=url)

    assert http.addresses == [first, *asked]
    assert slugs(came)[0] == "a"
    assert (came.warnings, came.whole) == ((), True)
    assert all(not (given.etag or given.last_modified) for _, given in http.asked)


@pytest.mark.parametrize(
    ("first", "memory"),
    [
        (atom(new("a"), OLD), MEMORY),
        (atom(new("a"), entry("b", "2026-11-10T10:59:00Z")), MEMORY),
        (atom(new("a")), Memory(now=MEMORY.now)),
        (atom(new("a"), entry("known")), replace(MEMORY, seen=lambda keys: frozenset(keys) & {"https://gov.example/notices/known"})),
        (atom(), MEMORY),
    ],
)  # fmt: skip
def test_no_gap(first: bytes, memory: Memory) -> None:
    """A page that reaches back, a first visit and an empty feed are enough by themselves."""
    came, http = visit({"/notices.atom": first}, memory)

    assert http.addresses == ["/notices.atom"]
    assert came.warnings == ()


@pytest.mark.parametrize(
    "more",
    [
        entry("b", "2026-11-10T11:30:00Z"),
        entry("b", "2026-11-15T10:00:00Z", more="<published>2020-01-01T00:00:00Z</published>"),
        entry("b", "2099-01-01T00:00:00Z"),
        entry("b"),
    ],
)
def test_what_is_not_old(more: str) -> None:
    """Something from the hour before the visit, an old notice that was edited, and what is undated and unknown."""
    _, http = visit({"/notices.atom": atom(new("a"), more), "/notices.atom?page=2": atom(OLD)})

    assert http.addresses == ["/notices.atom", "/notices.atom?page=2"]


def test_a_day_is_old_when_it_is_over() -> None:
    """What is dated by the day of the last visit may be of its evening."""
    item = '<rss version="2.0"><channel><title>t</title><item><title>x</title><link>https://gov.example/x</link><pubDate>{}</pubDate></item></channel></rss>'
    _, http = visit({"/notices.atom": item.format("Tue, 10 Nov 2026").encode(), "/notices.atom?page=2": 404})
    assert len(http.asked) == 2

    _, http = visit({"/notices.atom": item.format("Mon, 09 Nov 2026").encode()})
    assert len(http.asked) == 1


def test_undated_entries_are_known_from_the_last_visit() -> None:
    """The store knows only what the filter took; what else stood on the first page is noted."""
    first, _ = visit({"/notices.atom": atom(entry("a"), entry("b"))}, Memory(now=MEMORY.now))
    memory = replace(MEMORY, body_hash=first.body_hash, notes=first.notes)
    came, http = visit({"/notices.atom": atom(entry("c"), entry("a"))}, memory)

    assert http.addresses == ["/notices.atom"]
    assert slugs(came) == ["c", "a"]
    assert len(visit({"/notices.atom": atom(entry("c"), entry("d"))}, memory)[1].asked) == 2


def test_every_entry_comes_once() -> None:
    """What moved to the next page while we read is one entry, and a server that repeats its page ends the walk."""
    pages = {"/notices.atom": atom(new("a"), new("b")), "/notices.atom?page=2": atom(new("b"), new("c"))}
    came, http = visit({**pages, "/notices.atom?page=3": atom(new("a"), new("c"))})

    assert slugs(came) == ["a", "b", "c"]
    assert len(http.asked) == 3


def test_links_in_a_circle() -> None:
    """A page that was read is not read again."""
    pages = {
        "/notices.atom": atom(new("a"), head='<link rel="next" href="/p2"/>'),
        "/p2": atom(new("b"), head=f'<link rel="next" href="{FEED}"/>'),
    }
    came, http = visit(pages, options={})

    assert (slugs(came), len(http.asked)) == (["a", "b"], 2)


def test_ten_pages_are_enough() -> None:
    """After ten pages the editor is told that there may be more."""
    pages = {"/notices.atom": atom(new("n1"))}
    pages |= {f"/notices.atom?page={number}": atom(new(f"n{number}")) for number in range(2, 20)}
    came, http = visit(pages)

    assert (len(came.entries), len(http.asked)) == (10, 10)
    assert LOST in came.warnings[0]
    assert "2026-11-10 12:00 UTC" in came.warnings[0]


@pytest.mark.parametrize("head", ["", '<link rel="next" href="mailto:x@gov.example"/>'])
def test_no_way_back(head: str) -> None:
    """Where a feed has no older pages, the editor is told that something may be missing."""
    came, _ = visit({"/notices.atom": atom(new("a"), head=head)}, options={})

    assert slugs(came) == ["a"]
    assert LOST in came.warnings[0]


@pytest.mark.parametrize("page", [403, b"<html><title>Sorry</title></html>", b" "])
def test_older_pages_that_are_refused(page: Any) -> None:
    """The first page is kept, and the editor is told."""
    came, _ = visit({"/notices.atom": atom(new("a")), "/notices.atom?page=2": page})

    assert slugs(came) == ["a"]
    assert LOST in came.warnings[0]


@pytest.mark.parametrize(
    ("page", "error"),
    [(503, StatusError), (429, StatusError), (500, StatusError), (UnreachableError(FEED), UnreachableError)],
)
def test_older_pages_that_cannot_be_had_now(page: Any, error: type[Exception]) -> None:
    """The visit fails, so that the next one asks for the same gap."""
    with pytest.raises(error):
        visit({"/notices.atom": atom(new("a")), "/notices.atom?page=2": page})
