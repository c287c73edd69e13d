"""Reads a feed's document, whatever its kind, and makes entries of it: pure, for the sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msdigest.collect.feed.entries import entry_of, keyed
from msdigest.collect.feed.jsonfeed import read_json
from msdigest.collect.feed.xml import read_xml
from msdigest.errors import NotAFeedError
from msdigest.markup.links import canonical_link
from msdigest.markup.page import page
from msdigest.markup.text import decode, first_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msdigest.collect.feed.document import Document, Found
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source

    Enrich = Callable[[Sequence[Entry]], Sequence[Entry]]

_HEAD = 10_000
_HTML_START = re.compile(
    rb"(?:\s|<\?xml.*?\?>|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE
)
# GOV.UK's ids end in the moment of the last edit.
_STAMPED = re.compile(r"(?P<lasting>[^#\s]+)#\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What a document came to; see ``Document``."""

    entries: tuple[Entry, ...]
    interval: float | None
    cut: bool
    older: str
    wordpress: bool
    warnings: tuple[str, ...]


def read(body: bytes, content_type: str, url: str, source: Source, enrich: Enrich | None = None) -> Entries:
    """Make the entries of ``source`` from a document; ``url`` is where it was found. Pure; raises NotAFeedError."""
    document = document_of(body, content_type=content_type, url=url)
    entries = [entry_of(found, key=key, source=source) for key, found in keyed(map(_with_lasting_guid, document.found))]
    return Entries(
        entries=tuple(enrich(entries) if enrich else entries),
        interval=document.interval,
        cut=document.cut,
        older=document.older,
        wordpress=document.wordpress,
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


def _with_lasting_guid(found: Found) -> Found:
    """Leave the time stamp out of a guid that is the entry's own link but for that: an edit makes no new entry."""
    stamped = _STAMPED.fullmatch(found.guid)
    if stamped is None or canonical_link(stamped["lasting"]) != canonical_link(found.link):
        return found
    return replace(found, guid=stamped["lasting"])


def _web_page(body: bytes, content_type: str, url: str) -> str:
    """Tell the editor what was found instead of a feed, and where the page says that its feeds are."""
    seen = page(decode(body, content_type), base_url=url)
    title = f" titled “{first_words(seen.title)}”" if seen.title else ""
    hint = f"; it points to {', '.join(seen.feeds[:3])}" if seen.feeds else ""
    return f"{url} is no feed but a page{title}{hint}"
