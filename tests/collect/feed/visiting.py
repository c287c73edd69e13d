"""Visiting a feed that gives one answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from msdigest.collect.feed.collecting import collect
from msdigest.model.entry import Entry
from msdigest.model.source import Source, Validators
from msdigest.ports import Collected, Memory, Reply
from msdigest.sandbox.fake import InProcess

URL = "https://blog.example/feed/"
SOURCE = Source(id="blog", kind="feed", url=URL, audience=("patient",), evidence="commentary")
GIVEN = Validators(etag='W/"1"', last_modified="Fri, 20 Nov 2026 12:00:00 GMT")


@dataclass
class OneAnswer:
    """An ``Http`` that gives one answer to everything, and remembers what it was asked."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    moved_to: str | None = None
    asked: list[tuple[str, Validators]] = field(default_factory=list)

    def get(self, url, *, validators=GIVEN, accept="*/*") -> Reply:
        assert accept
        self.asked.append((url, validators))
        return Reply(status=self.status, url=url, headers=self.headers, body=self.body, moved_to=self.moved_to)

    def post(self, url, *, body, content_type, accept="*/*") -> Reply:
        raise AssertionError(f"a feed is not asked with a body: {url}")


def rss_document(items: str, *, head: str = "", close: str = "</channel></rss>") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
        ' xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
        f"><channel><title>Blog</title><link>https://blog.example</link><language>en-GB</language>{head}{items}{close}"
    ).encode()


def visit(body: bytes, content_type: str = "application/rss+xml", memory: Memory | None = None, **more) -> Collected:
    http = OneAnswer(body, headers={"content-type": content_type, **more})
    return collect(SOURCE, memory or Memory(), http, InProcess())


def entries_of(items: str) -> tuple[Entry, ...]:
    return visit(rss_document(items)).entries


def entry_of(item: str) -> Entry:
    (entry,) = entries_of(f"<item>{item}</item>")
    return entry


POST = """<item><title>Repair &#038; MS</title><link>https://blog.example/2021/10/repair/?utm_source=rss</link>
<dc:creator><![CDATA[MouseDoctor]]></dc:creator><pubDate>Wed, 20 Oct 2021 06:30:00 +0000</pubDate>
<category><![CDATA[Alemtuzumab]]></category><category>MS</category><category>MS</category>
<guid isPermaLink="false">https://blog.example/?p=52690</guid>
<description><![CDATA[Short [&hellip;]]]></description>
<content:encoded><![CDATA[<p>Full <b>text</b> <a href="../other/">there</a></p><img src="pixel.gif" width="1" height="1">]]></content:encoded>
<slash:comments>7</slash:comments></item>"""
