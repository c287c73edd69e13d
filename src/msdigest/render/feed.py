"""Door to feedgen: RSS 2.0 and Atom 1.0, with JSON Feed 1.1 beside them.

The same entries always give the same bytes: every date is handed in. What feedgen 1.0 leaves out (attributes
of Atom entry links, authors without an address, hub links in RSS) is mended by an extension.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml.etree import SubElement

from msdigest.render.disclosures import page_statement
from msdigest.render.instants import rfc3339, utc
from msdigest.render.labels import labels
from msdigest.render.plain import one_line, sayable
from msdigest.render.references import reference, web_address
from msdigest.render.shown import urn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.model.entry import Enclosure
    from msdigest.render.shown import Shown

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
_UNKNOWN_TYPE = "application/octet-stream"
# feedgen switches the process's locale to write an RFC 2822 date, and back.
_BUILDING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a feed says of itself.

    site_url: the page for people; feed_url: this very feed, in this very format.
    updated: when the newest of its entries changed, aware; of an empty feed any fixed instant.
    hub: WebSub hub.
    """

    title: str
    description: str
    site_url: str
    feed_url: str
    updated: datetime
    language: str = "en"
    author: str = ""
    rights: str = ""
    hub: str | None = None


class _ChannelMend(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """Writes into the RSS channel the links that feedgen leaves out there."""

    links: Sequence[dict[str, str]] = ()

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC}

    def extend_rss(self, feed: Any) -> Any:
        for link in self.links:
            if link["rel"] not in {"self", "alternate"}:
                SubElement(feed[0], f"{{{_ATOM}}}link", link)
        return feed


class _EntryMend(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Completes an entry: attributes of Atom links, authors by name in RSS, language, source, time of change."""

    shown: Shown
    links: Sequence[dict[str, str]] = ()

    def extend_atom(self, entry: Any) -> Any:
        for element, link in zip(entry.findall("link"), self.links, strict=True):
            element.attrib.update(link)
        if self.shown.entry.language:
            entry.set(_XML_LANG, one_line(self.shown.entry.language))
        return entry

    def extend_rss(self, item: Any) -> Any:
        for name in self.shown.authors:
            SubElement(item, f"{{{_DC}}}creator").text = name
        if self.shown.entry.language:
            SubElement(item, f"{{{_DC}}}language").text = one_line(self.shown.entry.language)
        # feedgen's own source() would also write an Atom source without the id and date that Atom wants there.
        if self.shown.source_url:
            SubElement(item, "source", url=self.shown.source_url).text = self.shown.source_name
        SubElement(item, f"{{{_ATOM}}}updated").text = rfc3339(self.shown.changed)
        return item


def rss(channel: Channel, entries: Sequence[Shown]) -> bytes:
    """Write RSS 2.0; raises ValueError for a naive date or an entry without id."""
    with _BUILDING:
        return bytes(_build(channel, entries, "rss").rss_str(pretty=True))


def atom(channel: Channel, entries: Sequence[Shown]) -> bytes:
    """Write Atom 1.0; raises ValueError for a naive date or an entry without id."""
    with _BUILDING:
        return bytes(_build(channel, entries, "atom").atom_str(pretty=True))


def json_feed(channel: Channel, entries: Sequence[Shown]) -> bytes:
    """Write JSON Feed 1.1; raises ValueError for a naive date or an entry without id.

    What the format has no word for stands under ``_msdigest`` (a name with an underscore is an extension).
    """
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": one_line(channel.title),
        "home_page_url": channel.site_url,
        "feed_url": channel.feed_url,
        "description": one_line(channel.description),
        "language": channel.language,
        "hubs": [{"type": "WebSub", "url": channel.hub}] if channel.hub else None,
        "_msdigest": {"updated": rfc3339(channel.updated), "rights": channel.rights or None},
        "items": [_json_entry(shown) for shown in entries],
    }
    return (json.dumps(_told(document), ensure_ascii=False, indent=1) + "\n").encode()


def _build(channel: Channel, entries: Sequence[Shown], form: str) -> Any:
    feed = FeedGenerator()
    feed.register_extension("mend", _ChannelMend, _EntryMend)
    feed.id(channel.feed_url)
    feed.title(one_line(channel.title))
    feed.description(one_line(channel.description) or one_line(channel.title))
    feed.language(channel.language)
    feed.generator("msdigest")
    feed.updated(utc(channel.updated))
    feed.author({"name": one_line(channel.author) or one_line(channel.title)})
    if channel.rights:
        feed.rights(one_line(channel.rights))
    feed.mend.links = _channel_links(channel, form)
    feed.link([dict(link) for link in feed.mend.links])
    for shown in entries:
        _fill(feed.add_entry(order="append"), shown, channel)
    return feed


def _channel_links(channel: Channel, form: str) -> list[dict[str, str]]:
    links = [{"href": channel.feed_url, "rel": "self", "type": _TYPES[form]}]
    if channel.hub:
        links.append({"href": channel.hub, "rel": "hub"})
    # Last, because feedgen makes the last link RSS's own.
    links.append({"href": channel.site_url, "rel": "alternate", "type": "text/html"})
    return links


def _fill(element: Any, shown: Shown, channel: Channel) -> None:
    entry = shown.entry
    element.guid(urn(entry), permalink=False)
    element.title(shown.title)
    element.updated(utc(shown.changed))
    # A date that nobody told is not made up: RSS and Atom both allow an entry without one.
    if entry.published:
        element.published(utc(entry.published))
    # Atom wants an author on each entry; where none is named it is whoever published it.
    element.author([{"name": name} for name in shown.authors or (shown.source_name,)])
    if shown.summary:
        element.summary(escape(shown.summary), type="html")
    element.content(content_html(shown), type="html")
    element.category(_categories(shown, channel))
    element.mend.shown = shown
    element.mend.links = _entry_links(shown)
    element.link([dict(link) for link in element.mend.links])


def _entry_links(shown: Shown) -> list[dict[str, str]]:
    links = [{"href": shown.link, "rel": "alternate", "type": "text/html"}]
    if shown.link != shown.page:
        links.append({"href": shown.page, "rel": "related", "type": "text/html", "title": "How we got this"})
    if shown.source_url:
        links.append({"href": shown.source_url, "rel": "via", "title": shown.source_name})
    # RSS takes one enclosure, and of several feedgen keeps the last: so the source's first one stands last.
    for enclosure in reversed(_enclosures(shown)):
        kind = one_line(enclosure.type) or _UNKNOWN_TYPE
        link = {"href": web_address(enclosure.url), "rel": "enclosure", "type": kind}
        links.append(link if enclosure.length is None else link | {"length": str(enclosure.length)})
    return links


def _enclosures(shown: Shown) -> list[Enclosure]:
    return [enclosure for enclosure in shown.entry.enclosures if web_address(enclosure.url)]


def _categories(shown: Shown, channel: Channel) -> list[dict[str, str]]:
    site = channel.site_url
    kinds = [{"term": shown.entry.kind, "scheme": f"{site}#kind"}]
    evidence = one_line(shown.entry.evidence or "")
    if evidence:
        kinds.append({"term": evidence, "scheme": f"{site}#evidence"})
    topics = [{"term": one, "scheme": f"{site}#topic", "label": one_line(name) or one} for one, name in shown.topics]
    own = [{"term": word} for word in map(one_line, shown.entry.categories) if word]
    return kinds + topics + own


def content_html(shown: Shown) -> str:
    """Return the body and, at its end, where it comes from and what its author disclosed."""
    entry = shown.entry
    notes = []
    if shown.excerpt_only:
        notes.append(f'<a href="{escape(shown.link)}">Read the whole text at {escape(shown.source_name)}</a>')
    notes.append(escape(page_statement("coi", entry.coi)))
    if entry.disclaimer:
        notes.append(escape(page_statement("disclaimer", entry.disclaimer)))
    facts = [
        f"Source: {escape(shown.source_name)}",
        escape(shown.date) or "date not told",
        *(escape(label.word) for label in labels(entry)),
        f'<a href="{escape(shown.page)}">How we got this</a>',
    ]
    notes.append(" · ".join(facts))
    return shown.body + "\n<hr>\n" + "\n".join(f"<p>{note}</p>" for note in notes)


def _json_entry(shown: Shown) -> dict[str, Any]:
    entry = shown.entry
    return {
        "id": urn(entry),
        "url": shown.link,
        "title": shown.title,
        "content_html": content_html(shown),
        "summary": shown.summary,
        "date_published": rfc3339(entry.published) if entry.published else None,
        "date_modified": rfc3339(shown.changed),
        "authors": [{"name": name} for name in shown.authors],
        "tags": [one_line(name) or one for one, name in shown.topics],
        "language": one_line(entry.language or ""),
        "attachments": [
            {
                "url": web_address(file.url),
                "mime_type": one_line(file.type) or _UNKNOWN_TYPE,
                "size_in_bytes": file.length,
            }
            for file in _enclosures(shown)
        ],
        "_msdigest": {
            "kind": entry.kind,
            "source": {"id": shown.source.id, "name": shown.source_name, "url": shown.source_url},
            "page": shown.page,
            "precision": entry.precision,
            "section": [one_line(heading) for heading in entry.section],
            "topics": [one for one, _ in shown.topics],
            "identifiers": [
                {"scheme": one.scheme, "value": sayable(one.value), "url": reference(one).url}
                for one in entry.identifiers
            ],
            "coi": one_line(entry.coi or ""),
            "disclaimer": one_line(entry.disclaimer or ""),
            "evidence": one_line(entry.evidence or ""),
            "revision": entry.revision,
            "first_seen": rfc3339(entry.first_seen) if entry.first_seen else None,
        },
    }


def _told(value: Any) -> Any:
    """Leave out what nobody told: None, empty text and empty collections, but for the entries themselves."""
    if isinstance(value, dict):
        told = {key: _told(part) for key, part in value.items()}
        return {key: part for key, part in told.items() if key == "items" or part not in (None, "", [], {})}
    return [_told(part) for part in value] if isinstance(value, list) else value
