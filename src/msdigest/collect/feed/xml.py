"""Door to feedparser: RSS, RDF and Atom."""

from __future__ import annotations

import io
import re
from calendar import timegm
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import feedparser
from feedparser.encodings import convert_to_utf8

from msdigest.collect.feed.document import (
    MOST_ENTRIES,
    Document,
    Found,
    enclosures_of,
    language_of,
    paragraphs,
    precise,
    telling,
)
from msdigest.errors import NotAFeedError
from msdigest.markup.links import absolute
from msdigest.markup.media import seconds
from msdigest.markup.text import without_controls
from msdigest.model.enclosures import is_recording
from msdigest.model.feedxml import safe_xml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.entry import Enclosure, Precision

_DAY = 86_400.0
_PERIODS = {"hourly": 3_600.0, "daily": _DAY, "weekly": 7 * _DAY, "monthly": 30 * _DAY, "yearly": 365 * _DAY}
_DECLARED = re.compile(rb"""<\?xml\s[^<>]{0,100}?encoding\s*=\s*["']([\w.:-]{1,30})["']""")
_ASCII_INSIDE = re.compile(rb"utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)
_TEXTS = frozenset({"text/html", "application/xhtml+xml", "text/plain"})


def read_xml(body: bytes, *, content_type: str, url: str) -> Document | None:
    """Read RSS, RDF or Atom; None if it is none of them. Pure; raises NotAFeedError if feedparser breaks on it."""
    tamed = safe_xml(_utf8(body, content_type), entries=MOST_ENTRIES)
    parsed = _parsed(tamed.body, url)
    if not parsed.version and not parsed.entries:
        return None
    warnings = []
    if tamed.declares:
        warnings.append("The document declares entities of its own, as no feed needs to; they were not read.")
    if tamed.cut:
        warnings.append("The document ends in the middle: what is complete was kept, the last entry is held.")
    if tamed.more:
        warnings.append(f"The document is truncated to its first {MOST_ENTRIES} entries; {tamed.more} were left out.")
    return Document(
        found=telling(_found(entry, parsed, url, tamed.body) for entry in parsed.entries),
        interval=_interval(parsed.feed),
        cut=tamed.cut,
        older=_older(parsed.feed, url),
        wordpress="wordpress" in str(parsed.feed.get("generator", "")).lower(),
        warnings=tuple(warnings),
    )


def _utf8(body: bytes, content_type: str) -> bytes:
    """Return the document in UTF-8, whatever the labels say: valid UTF-8 beyond ASCII is no accident."""
    body = body.lstrip(b" \t\r\n") if body[:1].isspace() else body
    if body.isascii():
        declared = _DECLARED.match(body)
        # Seven bits mean the same in all of these, so nothing needs to be written anew.
        if declared is not None and _ASCII_INSIDE.fullmatch(declared[1]):
            return body
    else:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return body.removeprefix(b"\xef\xbb\xbf")
    headers = {"content-type": content_type} if content_type else {}
    converted: bytes = convert_to_utf8(headers, body, feedparser.FeedParserDict(bozo=False))
    return converted


def _parsed(body: bytes, url: str) -> Any:
    try:
        return feedparser.parse(
            io.BytesIO(body),  # bytes alone would be tried as the name of a file
            # Without a base feedparser carries one entry's xml:base over to the next.
            response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # feedparser raises what it likes on hostile documents; the editor is told
        message = f"{url} could not be read as a feed: {type(error).__name__}"
        raise NotAFeedError(message) from error


def _found(entry: Any, parsed: Any, url: str, body: bytes) -> Found:
    guid = _guid(entry, url, body)
    atom = str(parsed.version).startswith("atom")
    html, base, language = _content(entry, atom=atom)
    base = urljoin(url, base)
    link = _link(entry, guid, base)
    published, precision = _date(entry, "published")
    updated, updated_precision = _date(entry, "updated")
    if published is None:  # dc:date of RDF, and Atom that tells one date only
        published, precision = updated, updated_precision
    return Found(
        guid=guid,
        link=link,
        title=str(entry.get("title", "")),
        html=html,
        base=link if link and base == url and not atom else base,
        authors=_authors(entry) or (_authors(parsed.feed) if atom else ()),
        published=published,
        precision=precision,
        updated=updated,
        categories=tuple(str(tag.get("label") or tag.get("term") or "") for tag in entry.get("tags", ())),
        enclosures=_enclosures(entry, base),
        language=language_of(language, parsed.feed.get("language")),
        told=tuple(str(entry[name]) for name in ("prism_doi", "dc_identifier") if name in entry),
    )


def _content(entry: Any, *, atom: bool) -> tuple[str, str, str | None]:
    """Return (hostile html, its base, its language) of the fullest text that the entry carries."""
    texts = [
        one for one in entry.get("content", ()) if str(one.get("type", "text/html")) in _TEXTS and one.get("value")
    ]
    if not texts and entry.get("summary"):
        texts = [entry.get("summary_detail") or {"value": entry["summary"]}]
    if not texts:
        return "", "", None
    fullest = max(texts, key=lambda one: len(str(one.get("value", ""))))
    html = str(fullest.get("value", ""))
    if atom and fullest.get("type") == "text/plain":
        html = paragraphs(html)
    return html, str(fullest.get("base") or ""), fullest.get("language")


def _enclosures(entry: Any, base: str) -> tuple[Enclosure, ...]:
    """Return the files of an entry; iTunes tells the duration of the entry as a whole, Media RSS that of each file."""
    lasting = {str(one.get("url", "")): one.get("duration") for one in entry.get("media_content", ())}
    told = [one for one in entry.get("links", ()) if one.get("rel") == "enclosure"]
    files = enclosures_of(
        ((one.get("href"), one.get("type"), one.get("length"), lasting.get(one.get("href", ""))) for one in told), base
    )
    heard = [file for file in files if is_recording([file])]
    duration = seconds(entry.get("itunes_duration"))
    if len(heard) != 1 or duration is None:
        return files
    return tuple(replace(file, duration=file.duration or duration) if file in heard else file for file in files)


def _guid(entry: Any, url: str, body: bytes) -> str:
    """Return the identity as it is written: feedparser makes an address of a bare ``<guid>12</guid>``."""
    guid = without_controls(str(entry.get("id", ""))).strip()
    folder = urljoin(url, ".")
    made = guid.startswith(folder) and guid.encode() not in body and escape(guid).encode() not in body
    return guid.removeprefix(folder) if made else guid


def _link(entry: Any, guid: str, base: str) -> str:
    """Return where the entry is to be read: its link, else an identity that is an address; else nothing."""
    told = [entry.get("link"), *(one.get("href") for one in entry.get("links", ()) if one.get("rel") == "alternate")]
    # feedparser takes a guid for the link where there is none; a bare number would become an address then.
    usable = [absolute(str(href), base) for href in told if href and href != entry.get("id")]
    return next((href for href in (*usable, absolute(guid, "")) if href.startswith("http")), "")


def _authors(told: Any) -> tuple[str, ...]:
    people = told.get("authors", ())
    if len(people) == 1 and "@" in str(told.get("author", "")):
        # feedparser's own pattern ends a mail address after four letters of its last part.
        return (str(told["author"]),)
    return tuple(str(one.get("name") or "") for one in people)


def _date(entry: Any, which: str) -> tuple[datetime | None, Precision | None]:
    # dict.get: feedparser's own would hand out `published` for `updated`, with a warning.
    parsed, raw = dict.get(entry, f"{which}_parsed"), str(dict.get(entry, which) or "").strip()
    try:
        moment = datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        moment = None
    return precise(moment, raw)


def _older(feed: Mapping[str, Any], url: str) -> str:
    """Return the address of the next page, or of the archive before this document (RFC 5005); empty if none is told."""
    links = {str(one.get("rel")): str(one.get("href") or "") for one in reversed(feed.get("links", ()))}
    return next((href for rel in ("next", "prev-archive") if (href := absolute(links.get(rel, ""), url))), "")


def _interval(feed: Mapping[str, Any]) -> float | None:
    """Return the seconds between two visits that ``ttl`` or ``sy:updatePeriod`` ask for, at most a day."""
    asked = []
    if re.fullmatch(r"\d{1,6}", ttl := str(feed.get("ttl", "")).strip()):
        asked.append(int(ttl) * 60.0)
    if period := _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower()):
        often = str(feed.get("sy_updatefrequency", "1")).strip()
        asked.append(period / int(often) if re.fullmatch(r"[1-9]\d{0,4}", often) else period)
    return min(max(asked), _DAY) if asked else None
