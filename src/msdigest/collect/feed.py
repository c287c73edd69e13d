"""Door to feedparser: RSS, RDF and Atom; JSON Feed is read here too.

``read`` is pure: it turns a document into ``Found`` entries and may run in another process. ``collect`` asks the
server and makes entries of them.
"""

from __future__ import annotations

import io
import json
import mimetypes
import re
from calendar import timegm
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

import feedparser
from feedparser.encodings import convert_to_utf8

from msdigest.errors import NotAFeedError
from msdigest.markup import (
    absolute,
    canonical_link,
    clean,
    decode,
    first_words,
    page,
    plain,
    plain_title,
    without_controls,
)
from msdigest.model import answers
from msdigest.model.entry import Enclosure, Entry, Identifier
from msdigest.model.feedxml import safe_xml
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from msdigest.model.entry import Precision
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory

ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_MOST_ENTRIES = 1_000
_MOST_CATEGORIES = 50
_LONGEST_KEY = 300
_DAY = 86_400.0
_HEAD = 10_000
_FIRST_YEAR = 1971  # 1970 and 0001 are what programs write when they know no date
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ZONE = re.compile(
    r"(?:(?<![A-Za-z])(?:UTC?|GMT|[ECMP][SD]T)|(?<=\d)Z|[+-]\d\d:?\d\d)\s*(?:\([^()]*\))?\s*$", re.IGNORECASE
)
_ONLY_A_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
_PRECISIONS: tuple[tuple[re.Pattern[str], Precision], ...] = (
    (re.compile(r"\d{4}"), "year"),
    (re.compile(r"\d{4}-\d\d"), "month"),
    (_ONLY_A_DAY, "day"),
)
_PERIODS = {"hourly": 3_600.0, "daily": _DAY, "weekly": 7 * _DAY, "monthly": 30 * _DAY, "yearly": 365 * _DAY}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_HTML_START = re.compile(
    rb"(?:\s|<\?xml.*?\?>|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE
)
# The page of this very thing at the place that registers it: (scheme, pattern of its link).
_OWN_PAGES = (
    ("doi", re.compile(r"https?://(?:dx\.|www\.)?doi\.org/(10\.\d{4,9}/[^?#\s]+)", re.IGNORECASE)),
    (
        "nct",
        re.compile(r"https?://(?:www\.)?clinicaltrials\.gov/(?:ct2/show/|study/|show/)(NCT\d{8})\b", re.IGNORECASE),
    ),
    ("isrctn", re.compile(r"https?://(?:www\.)?isrctn\.com/(ISRCTN\d{8})\b", re.IGNORECASE)),
    ("ctis", re.compile(r"https?://(?:www\.)?euclinicaltrials\.eu/.*?\b(\d{4}-5\d{5}-\d\d-\d\d)\b")),
    ("eudract", re.compile(r"https?://(?:www\.)?clinicaltrialsregister\.eu/.*?/trial/(\d{4}-\d{6}-\d\d)\b")),
    ("pmid", re.compile(r"https?://pubmed\.ncbi\.nlm\.nih\.gov/(\d{1,9})\b")),
)
_NAMED = re.compile(
    r"(?:(?P<pmid>pmid:\s*\d{1,9})|(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(?P<doi>10\.\d{4,9}/\S+))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry as its document tells it: nothing is cleaned yet but links and dates.

    html: hostile. base: what its relative links are seen from. told: identifiers given in fields of their own.
    """

    guid: str
    link: str
    title: str
    html: str
    base: str
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    precision: Precision | None = None
    updated: datetime | None = None
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    language: str | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a feed's document holds.

    interval: seconds between two visits that the feed asks for. cut: it ended in the middle of an entry.
    """

    found: tuple[Found, ...]
    interval: float | None = None
    cut: bool = False
    warnings: tuple[str, ...] = ()


def collect(source: Source, memory: Memory, http: Http) -> Collected:
    """Visit a feed; its text is read, never the comments on it."""
    reply = http.get(source.url, validators=memory.validators, accept=ACCEPT, source_url=source.url)
    fresh = answers.max_age(reply.headers)
    if reply.status == answers.NOT_MODIFIED:
        kept = answers.renewed(reply.headers, memory.validators)
        return _unchanged(memory.body_hash, validators=kept, moved_to=reply.moved_to, min_interval=fresh)
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=source.url)
    fingerprint = answers.body_hash(reply.body)
    given = answers.validators(reply.headers)
    if fingerprint == memory.body_hash:
        return _unchanged(fingerprint, validators=given, moved_to=reply.moved_to, min_interval=fresh)
    document = read(reply.body, content_type=reply.headers.get("content-type", ""), url=reply.url)
    return Collected(
        status="ok",
        entries=tuple(_entry(found, key, source) for key, found in _keyed(document.found)),
        # After a document that was cut short, a 304 would hide the entry that is missing.
        validators=type(given)() if document.cut else given,
        body_hash=fingerprint,
        moved_to=reply.moved_to,
        min_interval=max(filter(None, (document.interval, fresh)), default=None),
        warnings=document.warnings,
    )


def read(body: bytes, *, content_type: str, url: str) -> Document:
    """Read a feed of any kind; ``url`` is where it was found. Pure; raises NotAFeedError."""
    if _HTML_START.match(body[:_HEAD]):
        raise NotAFeedError(_web_page(body, content_type, url))
    if body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _read_json(body, url)
    tamed = safe_xml(_utf8(body, content_type), entries=_MOST_ENTRIES)
    parsed = _parsed(tamed.body, url)
    if not parsed.version and not parsed.entries:
        raise NotAFeedError(_web_page(body, content_type, url))
    warnings = []
    if tamed.cut:
        warnings.append("The document ends in the middle: what is complete was kept, the last entry is held.")
    if tamed.more:
        warnings.append(f"The document is truncated to its first {_MOST_ENTRIES} entries; {tamed.more} were left out.")
    return Document(
        found=_telling(_from_feedparser(entry, parsed, url, tamed.body) for entry in parsed.entries),
        interval=_interval(parsed.feed),
        cut=tamed.cut,
        warnings=tuple(warnings),
    )


# ------------------------------------------------------------------------------------------------------- to an entry


def _telling(found: Iterable[Found]) -> tuple[Found, ...]:
    """Leave out entries that say nothing and lead nowhere."""
    return tuple(one for one in found if one.title or one.html or one.link or one.enclosures)


def _unchanged(fingerprint: str | None, **more: Any) -> Collected:
    return Collected(status="unchanged", body_hash=fingerprint, **more)


def _entry(found: Found, key: str, source: Source) -> Entry:
    html = clean(found.html, base_url=found.base)
    text = plain(html)
    url = found.link or absolute(source.url, source.url)
    heard = any(enclosure.type.startswith(("audio/", "video/")) for enclosure in found.enclosures)
    return Entry(
        key=key,
        source=source.id,
        kind="recording" if heard else "post",
        title=plain_title(found.title) or first_words(text) or url,
        url=url,
        html=html,
        text=text,
        authors=_people(found.authors),
        published=found.published,
        precision=found.precision,
        updated=found.updated,
        categories=_distinct(plain_title(name) for name in found.categories)[:_MOST_CATEGORIES],
        enclosures=found.enclosures,
        same_as=_same_as(found),
        audience=source.audience,
        evidence=source.evidence,
        language=found.language,
    )


def _keyed(entries: Iterable[Found]) -> Iterator[tuple[str, Found]]:
    """Give each entry its key: guid, else canonical link, else title and day; what is told twice comes once.

    A guid that several entries of one document share is told apart by their links, then by title and day.
    """
    found = list(entries)
    first = [_short(one.guid or canonical_link(one.link) or _title_and_day(one)) for one in found]
    shared = Counter(first)
    second = [
        _short(f"{key}|{canonical_link(one.link)}") if shared[key] > 1 else key
        for key, one in zip(first, found, strict=True)
    ]
    shared = Counter(second)
    taken = set()
    for key, one in zip(second, found, strict=True):
        own = _short(f"{key}|{_title_and_day(one)}") if shared[key] > 1 else key
        if own not in taken:
            taken.add(own)
            yield own, one


def _title_and_day(found: Found) -> str:
    day = found.published.date().isoformat() if found.published else ""
    title = plain_title(found.title) or first_words(plain(found.html))
    return sha256(f"{title}\n{day}".encode()).hexdigest()[:32]


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()


def _people(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as printed, without mail addresses; who is told by an address alone stays unnamed."""
    bare = (_MAIL.sub("", plain_title(name)) for name in names)
    tidy = (re.sub(r"\(\s*\)|<\s*>|\[\s*\]", "", name).strip(" ,;:") for name in bare)
    return _distinct(re.sub(r"^\(([^()]*)\)$", r"\1", name).strip() for name in tidy)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _same_as(found: Found) -> tuple[Identifier, ...]:
    names = [
        Identifier(scheme, _spelled(scheme, match[1])) for scheme, own in _OWN_PAGES if (match := own.match(found.link))
    ]
    for told in found.told:
        if match := _NAMED.fullmatch(told.strip()):
            scheme = "doi" if match["doi"] else "pmid"
            names.append(Identifier(scheme, _spelled(scheme, match["doi"] or match["pmid"])))
    return tuple(dict.fromkeys(names))


def _spelled(scheme: str, value: str) -> str:
    if scheme == "doi":
        return unquote(value).lower().rstrip(".,;/")
    return re.sub(r"\D", "", value) if scheme == "pmid" else value.upper()


# ------------------------------------------------------------------------------------------------- RSS, RDF and Atom


def _utf8(body: bytes, content_type: str) -> bytes:
    """Return the document in UTF-8, whatever the labels say: valid UTF-8 beyond ASCII is no accident."""
    body = body.lstrip(b" \t\r\n") if body[:1].isspace() else body
    if not body.isascii():
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


def _from_feedparser(entry: Any, parsed: Any, url: str, body: bytes) -> Found:
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
        enclosures=_enclosures(
            (
                (one.get("href"), one.get("type"), one.get("length"))
                for one in entry.get("links", ())
                if one.get("rel") == "enclosure"
            ),
            base,
        ),
        language=_language(language, parsed.feed.get("language")),
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
        html = _from_text(html)
    return html, str(fullest.get("base") or ""), fullest.get("language")


_TEXTS = frozenset({"text/html", "application/xhtml+xml", "text/plain"})


def _from_text(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in re.split(r"\n\s*\n", text) if part.strip())


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
    return _precise(moment, raw)


def _precise(moment: datetime | None, raw: str) -> tuple[datetime | None, Precision | None]:
    """Say how exactly ``raw`` tells ``moment``: without a zone that is known, only the day is sure."""
    if moment is None or moment.year < _FIRST_YEAR:
        return None, None
    precision = next((name for pattern, name in _PRECISIONS if pattern.fullmatch(raw)), None)
    if precision is None and _ZONE.search(raw):
        return moment, "minute"
    return moment.replace(hour=0, minute=0, second=0, microsecond=0), precision or "day"


def _enclosures(told: Iterable[tuple[Any, Any, Any]], base: str) -> tuple[Enclosure, ...]:
    files = []
    for href, kind, length in told:
        url = absolute(str(href or ""), base)
        if url:
            digits = str(length or "")
            size = int(digits) if re.fullmatch(r"[1-9]\d{0,14}", digits) else None
            guessed = mimetypes.guess_type(url)[0] or "application/octet-stream"
            files.append(Enclosure(url, plain_title(str(kind or "")) or guessed, size))
    return tuple(dict.fromkeys(files))


def _language(*told: Any) -> str | None:
    return next((one for one in told if isinstance(one, str) and _LANGUAGE.fullmatch(one)), None)


def _interval(feed: Mapping[str, Any]) -> float | None:
    """Return the seconds between two visits that ``ttl`` or ``sy:updatePeriod`` ask for, at most a day."""
    asked = []
    if re.fullmatch(r"\d{1,6}", ttl := str(feed.get("ttl", "")).strip()):
        asked.append(int(ttl) * 60.0)
    if period := _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower()):
        often = str(feed.get("sy_updatefrequency", "1")).strip()
        asked.append(period / int(often) if re.fullmatch(r"[1-9]\d{0,4}", often) else period)
    return min(max(asked), _DAY) if asked else None


def _web_page(body: bytes, content_type: str, url: str) -> str:
    """Tell the editor what was found instead of a feed, and where the page says that its feeds are."""
    seen = page(decode(body, content_type), base_url=url)
    title = f" titled “{first_words(seen.title)}”" if seen.title else ""
    hint = f"; it points to {', '.join(seen.feeds[:3])}" if seen.feeds else ""
    return f"{url} is no feed but a page{title}{hint}"


# --------------------------------------------------------------------------------------------------------- JSON Feed


def _read_json(body: bytes, url: str) -> Document:
    """Read JSON Feed 1.0 or 1.1."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = f"{url} is no readable JSON: {type(error).__name__}"
        raise NotAFeedError(message) from error
    if not str(told.get("version", "")).startswith("https://jsonfeed.org/version/") or not isinstance(
        told.get("items"), list
    ):
        message = f"{url} is JSON, but no JSON Feed"
        raise NotAFeedError(message)
    items = [one for one in told["items"] if isinstance(one, dict)]
    more = len(items) - _MOST_ENTRIES
    cut = f"The document is truncated to its first {_MOST_ENTRIES} entries; {more} were left out."
    return Document(
        found=_telling(_from_json(one, told, url) for one in items[:_MOST_ENTRIES]), warnings=(cut,) if more > 0 else ()
    )


def _from_json(one: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> Found:
    link = next((href for name in ("url", "external_url") if (href := absolute(_text(one, name), url))), "")
    published, precision = _json_date(_text(one, "date_published"))
    updated, updated_precision = _json_date(_text(one, "date_modified"))
    files = [file for file in one.get("attachments") or () if isinstance(file, dict)]
    guid = without_controls(_text(one, "id")).strip()
    return Found(
        guid=guid,
        link=next((href for href in (link, absolute(guid, "")) if href.startswith("http")), ""),
        title=escape(_text(one, "title"), quote=False),
        html=_text(one, "content_html") or _from_text(_text(one, "content_text") or _text(one, "summary")),
        base=link or url,
        authors=_json_authors(one) or _json_authors(feed),
        published=published or updated,
        precision=precision or updated_precision,
        updated=updated,
        categories=tuple(tag for tag in one.get("tags") or () if isinstance(tag, str)),
        enclosures=_enclosures(
            ((file.get("url"), file.get("mime_type"), file.get("size_in_bytes")) for file in files), url
        ),
        language=_language(one.get("language"), feed.get("language")),
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _json_authors(told: Mapping[str, Any]) -> tuple[str, ...]:
    people = told.get("authors") if isinstance(told.get("authors"), list) else [told.get("author")]
    return tuple(_text(person, "name") for person in people or () if isinstance(person, dict))


def _json_date(raw: str) -> tuple[datetime | None, Precision | None]:
    try:
        moment = datetime.fromisoformat(raw.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None, None
    return _precise(moment, raw.strip())
