"""A WordPress site of a few invented posts that answers as the real one does, and remembers what it was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import escape
from math import ceil
from urllib.parse import parse_qs, urlsplit

from msdigest.collect.wordpress.collecting import collect
from msdigest.model.entry import Entry
from msdigest.model.source import Source, Validators
from msdigest.ports import NO_VALIDATORS, Collected, Memory, Reply
from msdigest.sandbox.fake import InProcess

URL = "https://blog.example"
SOURCE = Source(id="blog", kind="wordpress", url=URL, audience=("patient",), evidence="commentary")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def row(number: int, day: datetime = NOW - 30 * DAY, **more) -> dict:
    """A post as the REST interface gives it."""
    stamp = f"{day:%Y-%m-%dT%H:%M:%S}"
    return {
        "id": number,
        "slug": f"post-{number}",
        "date": stamp,
        "date_gmt": stamp,
        "modified_gmt": stamp,
        "guid": {"rendered": f"{URL}/?p={number}"},
        "link": f"{URL}/2026/10/post-{number}/",
        "title": {"rendered": f"Post {number}"},
        "content": {"rendered": f"<p>Words of post {number}.</p>", "protected": False},
        "author": 2,
        "categories": [11],
        "tags": [21],
        **more,
    }


def comment(number: int, post: int, author: int = 0, day: datetime = NOW - 20 * DAY) -> dict:
    """A comment with everything that must never be kept."""
    return {
        "id": number,
        "post": post,
        "author": author,
        "date_gmt": f"{day:%Y-%m-%dT%H:%M:%S}",
        "author_name": "Secret Reader",
        "content": {"rendered": "<p>Secret words</p>"},
    }


@dataclass
class Blog:
    """An ``Http`` that is a whole site.

    answers: replies that stand in for what a route ("posts", "feed") would give. files: <enclosure> and the like of a
    post in the feed. feed_dated: the feed carries validators.
    """

    posts: list[dict] = field(default_factory=list)
    pages: list[dict] = field(default_factory=list)
    comments: list[dict] = field(default_factory=list)
    users: list[dict] = field(
        default_factory=lambda: [{"id": 2, "name": "Prof X"}, {"id": 3, "name": "Mouse &amp; Co"}]
    )
    categories: list[dict] = field(default_factory=lambda: [{"id": 11, "name": "Natalizumab"}])
    tags: list[dict] = field(default_factory=lambda: [{"id": 21, "name": "PML &amp; IRIS"}])
    media: list[dict] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    per_feed: int = 10
    feed_dated: bool = True
    with_totals: bool = True
    moved_to: str | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def get(self, url, *, validators=NO_VALIDATORS, accept="*/*") -> Reply:
        parts = urlsplit(url)
        route = parts.path.strip("/").rpartition("/")[2]
        query = {name: ",".join(told) for name, told in parse_qs(parts.query).items()}
        self.asked.append((route, query))
        if route in self.answers:
            status, body = self.answers[route]
            return Reply(status=status, url=url, headers=self.headers, body=body.encode(errors="surrogatepass"))
        if route == "feed":
            return self._feed(url, validators)
        assert "json" in accept
        rows = self._listed(route, query)
        size, page = int(query["per_page"]), int(query["page"])
        pages = max(1, ceil(len(rows) / size))
        totals = {"x-wp-total": str(len(rows)), "x-wp-totalpages": str(ceil(len(rows) / size))}
        if page > pages:
            return Reply(status=400, url=url, headers={}, body=b'{"code": "rest_post_invalid_page_number"}')
        shown = [self._cut(each, query) for each in rows[(page - 1) * size : page * size]]
        headers = totals if self.with_totals else {}
        return Reply(status=200, url=url, headers=headers, body=json.dumps(shown).encode())

    def post(self, url, *, body, content_type, accept="*/*") -> Reply:
        raise AssertionError(f"a blog is not asked with a body: {url}")

    @property
    def routes(self) -> list[str]:
        """What was asked since this was last looked at."""
        routes = [route for route, _ in self.asked]
        self.asked.clear()
        return routes

    def _listed(self, route: str, query: dict[str, str]) -> list[dict]:
        rows = list(getattr(self, route))
        for name, column in (("include", "id"), ("slug", "slug"), ("post[]", "post"), ("parent", "post")):
            if name in query:
                rows = [each for each in rows if str(each[column]) in query[name].split(",")]
        for name, column, sign in (
            ("after", "date_gmt", 1), ("modified_after", "modified_gmt", 1), ("modified_before", "modified_gmt", -1),
        ):  # fmt: skip
            if name in query:
                line = query[name].removesuffix("Z")
                rows = [each for each in rows if (each[column] > line) == (sign > 0) and each[column] != line]
        columns = {"modified": "modified_gmt", "date": "date_gmt", "date_gmt": "date_gmt", "id": "id"}
        if order := columns.get(query.get("orderby", "")):
            rows.sort(key=lambda each: each[order], reverse=query.get("order") == "desc")
        return rows

    def _cut(self, each: dict, query: dict[str, str]) -> dict:
        return {name: value for name, value in each.items() if name in query["_fields"].split(",")}

    def _feed(self, url: str, validators: Validators) -> Reply:
        latest = max((max(each["date_gmt"], each["modified_gmt"]) for each in self.posts), default="")
        given = {"etag": f'"{latest}"', "last-modified": latest} if self.feed_dated else {}
        if self.feed_dated and validators == Validators(given["etag"], given["last-modified"]):
            return Reply(status=304, url=url, headers=given, body=b"")
        shown = sorted(self.posts, key=lambda each: each["date_gmt"], reverse=True)[: self.per_feed]
        items = "".join(
            f"<item><guid>{escape(each['guid']['rendered'])}</guid><dc:creator>Prof X</dc:creator>"
            f"{self.files.get(each['id'], '')}</item>"
            for each in shown
        )
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><language>en-GB</language>'
            f"<lastBuildDate>{latest}</lastBuildDate>{items}</channel></rss>"
        )
        return Reply(status=200, url=url, headers=given, body=body.encode(), moved_to=self.moved_to)


@dataclass
class Desk:
    """Visits a blog again and again, and remembers as the steps and the store do."""

    blog: Blog
    source: Source = SOURCE
    now: datetime = NOW
    memory: Memory = field(default_factory=Memory)
    known: dict[str, Entry] = field(default_factory=dict)
    collected: Collected | None = None

    def visit(self, after: timedelta = timedelta(0)) -> dict[str, Entry]:
        self.now += after
        seen = lambda keys: frozenset(self.known) & frozenset(keys)  # noqa: E731 - the shape that Memory wants
        self.collected = collect(self.source, replace(self.memory, now=self.now, seen=seen), self.blog, InProcess())
        entries = {entry.key: entry for entry in self.collected.entries}
        assert len(entries) == len(self.collected.entries), "a key was given twice"
        self.known.update(entries)
        self.memory = Memory(since=self.now, body_hash=self.collected.body_hash, notes=self.collected.notes)
        return entries


def visited(blog: Blog, **options) -> tuple[Entry, ...]:
    """The entries of a first visit."""
    return collect(replace(SOURCE, options=options), Memory(now=NOW), blog, InProcess()).entries
