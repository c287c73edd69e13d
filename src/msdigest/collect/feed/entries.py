"""Makes entries of what a document told: each with its key, cleaned, named by what it is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import astuple
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msdigest.markup.blocks import plain, plain_of_clean
from msdigest.markup.clean import clean
from msdigest.markup.links import absolute, canonical_link
from msdigest.markup.media import media
from msdigest.markup.text import first_words, plain_title
from msdigest.model.enclosures import is_recording, joined
from msdigest.model.entry import Enclosure, Entry, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msdigest.collect.feed.document import Found
    from msdigest.model.source import Source

_MOST_CATEGORIES = 50
_LONGEST_KEY = 300
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
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


def keyed(entries: Iterable[Found]) -> Iterator[tuple[str, Found]]:
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


def entry_of(found: Found, *, key: str, source: Source) -> Entry:
    """Make the entry of what was ``found``: cleaned, never without a title or an address."""
    html = clean(found.html, base_url=found.base)
    text = plain_of_clean(html)
    url = found.link or absolute(source.url, source.url)
    played = (Enclosure(*astuple(file)) for file in media(found.html, base_url=found.base))
    files = joined(found.enclosures, played)
    return Entry(
        key=key,
        source=source.id,
        kind=source.entry_kind or ("recording" if is_recording(files) else "post"),
        title=plain_title(found.title) or first_words(text) or url,
        url=url,
        html=html,
        text=text,
        authors=_people(found.authors),
        published=found.published,
        precision=found.precision,
        updated=found.updated,
        categories=_distinct(plain_title(name) for name in found.categories)[:_MOST_CATEGORIES],
        enclosures=files,
        same_as=_same_as(found),
        audience=source.audience,
        evidence=source.evidence,
        language=found.language,
    )


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
