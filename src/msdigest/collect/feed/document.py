"""What a feed's document tells, whatever it is written in, and the small readings that all of them share."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from msdigest.markup.links import absolute
from msdigest.markup.media import seconds, size, type_of
from msdigest.markup.text import plain_title
from msdigest.model.entry import Enclosure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from msdigest.model.entry import Precision

MOST_ENTRIES = 1_000
_FIRST_YEAR = 1971  # 1970 and 0001 are what programs write when they know no date
_ZONE = re.compile(
    r"(?:(?<![A-Za-z])(?:UTC?|GMT|[ECMP][SD]T)|(?<=\d)Z|[+-]\d\d:?\d\d)\s*(?:\([^()]*\))?\s*$", re.IGNORECASE
)
_ONLY_A_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
_PRECISIONS: tuple[tuple[re.Pattern[str], Precision], ...] = (
    (re.compile(r"\d{4}"), "year"),
    (re.compile(r"\d{4}-\d\d"), "month"),
    (_ONLY_A_DAY, "day"),
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


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
    older: address of the page with older entries, if it is told. wordpress: made by WordPress, which numbers its pages.
    """

    found: tuple[Found, ...]
    interval: float | None = None
    cut: bool = False
    older: str = ""
    wordpress: bool = False
    warnings: tuple[str, ...] = ()


def telling(found: Iterable[Found]) -> tuple[Found, ...]:
    """Leave out entries that say nothing and lead nowhere."""
    return tuple(one for one in found if one.title or one.html or one.link or one.enclosures)


def paragraphs(text: str) -> str:
    """Return plain ``text`` as HTML: blank lines part its paragraphs."""
    return "".join(f"<p>{escape(part)}</p>" for part in re.split(r"\n\s*\n", text) if part.strip())


def precise(moment: datetime | None, raw: str) -> tuple[datetime | None, Precision | None]:
    """Say how exactly ``raw`` tells ``moment``: without a zone that is known, only the day is sure."""
    if moment is None or moment.year < _FIRST_YEAR:
        return None, None
    precision = next((name for pattern, name in _PRECISIONS if pattern.fullmatch(raw)), None)
    if precision is None and _ZONE.search(raw):
        return moment, "minute"
    return moment.replace(hour=0, minute=0, second=0, microsecond=0), precision or "day"


def enclosures_of(told: Iterable[tuple[Any, Any, Any, Any]], base: str) -> tuple[Enclosure, ...]:
    """Return the files of an entry, ``told`` as (address, type, length in bytes, duration), seen from ``base``."""
    files = []
    for href, kind, length, duration in told:
        url = absolute(str(href or ""), base)
        if url:
            guessed = type_of(None, url) or mimetypes.guess_type(url)[0] or "application/octet-stream"
            files.append(Enclosure(url, plain_title(str(kind or "")) or guessed, size(length), seconds(duration)))
    return tuple(dict.fromkeys(files))


def language_of(*told: Any) -> str | None:
    """Return the first of what was ``told`` that is a language (BCP 47)."""
    return next((one for one in told if isinstance(one, str) and _LANGUAGE.fullmatch(one)), None)
