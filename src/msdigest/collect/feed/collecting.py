"""Visits a feed: asks the server, reads the document whatever its kind, and makes entries of it.

``read`` is pure: it turns a document into entries and runs in the sandbox.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msdigest.collect.feed.entries import entry_of, keyed
from msdigest.collect.feed.jsonfeed import read_json
from msdigest.collect.feed.xml import read_xml
from msdigest.errors import NotAFeedError
from msdigest.markup.page import page
from msdigest.markup.text import decode, first_words
from msdigest.model import answers
from msdigest.model.source import Kind
from msdigest.ports import Collected

if TYPE_CHECKING:
    from msdigest.collect.feed.document import Document
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Sandbox

ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_HEAD = 10_000
_HTML_START = re.compile(
    rb"(?:\s|<\?xml.*?\?>|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE
)


KIND = Kind(name="feed")


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit a feed; its text is read, never the comments on it."""
    reply = http.get(source.url, validators=memory.validators, accept=ACCEPT)
    fresh = answers.max_age(reply.headers)
    if reply.status == answers.NOT_MODIFIED:
        kept = answers.renewed(reply.headers, memory.validators)
        return _unchanged(memory.body_hash, validators=kept, moved_to=reply.moved_to, min_interval=fresh)
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=source.url)
    fingerprint = answers.body_hash(reply.body)
    given = answers.validators(reply.headers)
    if fingerprint == memory.body_hash:
        return _unchanged(fingerprint, validators=given, moved_to=reply.moved_to, min_interval=fresh)
    document = sandbox.run(read, reply.body, reply.headers.get("content-type", ""), reply.url, source)
    return Collected(
        status="ok",
        entries=document.entries,
        # After a document that was cut short, a 304 would hide the entry that is missing.
        validators=type(given)() if document.cut else given,
        body_hash=fingerprint,
        moved_to=reply.moved_to,
        min_interval=max(filter(None, (document.interval, fresh)), default=None),
        warnings=document.warnings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What a document came to; see ``Document``."""

    entries: tuple[Entry, ...]
    interval: float | None
    cut: bool
    warnings: tuple[str, ...]


def read(body: bytes, content_type: str, url: str, source: Source) -> Entries:
    """Make the entries of ``source`` from a document; ``url`` is where it was found. Pure; raises NotAFeedError."""
    document = document_of(body, content_type=content_type, url=url)
    return Entries(
        entries=tuple(entry_of(found, key=key, source=source) for key, found in keyed(document.found)),
        interval=document.interval,
        cut=document.cut,
        warnings=document.warnings,
    )


def document_of(body: bytes, *, content_type: str, url: str) -> Document:
    """Read a feed of any kind; ``url`` is where it was found. Pure; raises NotAFeedError."""
    if _HTML_START.match(body[:_HEAD]):
        raise NotAFeedError(_web_page(body, content_type, url))
    if body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return read_json(body, url)
    document = read_xml(body, content_type=content_type, url=url)
    if document is None:
        raise NotAFeedError(_web_page(body, content_type, url))
    return document


def _unchanged(fingerprint: str | None, **more: Any) -> Collected:
    return Collected(status="unchanged", body_hash=fingerprint, **more)


def _web_page(body: bytes, content_type: str, url: str) -> str:
    """Tell the editor what was found instead of a feed, and where the page says that its feeds are."""
    seen = page(decode(body, content_type), base_url=url)
    title = f" titled “{first_words(seen.title)}”" if seen.title else ""
    hint = f"; it points to {', '.join(seen.feeds[:3])}" if seen.feeds else ""
    return f"{url} is no feed but a page{title}{hint}"
