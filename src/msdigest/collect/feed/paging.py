"""Pages back in a feed, so that nothing is lost that came and went between two visits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from msdigest.errors import EmptyAnswerError, NotAFeedError, StatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from msdigest.collect.feed.reading import Entries
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source
    from msdigest.ports import Memory

    # Returns what stands at an address; None = the address is past the end.
    Turn = Callable[[str], Entries | None]

MOST_PAGES = 10
_SECOND = 2
_COME_LATER = {429, *range(500, 600)}
# What was published shortly before the last visit may have been held back from it by a cache.
_OVERLAP = timedelta(hours=1)
_SPANS = {"day": timedelta(days=1), "month": timedelta(days=31), "year": timedelta(days=366)}
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The entries of all pages that were read, each once, newest page first."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()


def paged_back(first: Entries, *, source: Source, memory: Memory, turn: Turn) -> Pages:
    """Read older pages until one reaches back to the last visit; only ``first`` if that does, or on a first visit.

    The pages are found by the source's ``page`` (name of a query parameter), by the feed's own links (RFC 5005,
    ``next_url`` of JSON Feed), or by WordPress's ``paged``. Raises StatusError where a server asks to come later.
    """
    found = {entry.key: entry for entry in first.entries}
    page, number, read = first, 1, {source.url}
    while memory.since is not None and not _reaches_back(page.entries, memory, memory.since):
        number += 1
        url = _next(page, source, number)
        if number > MOST_PAGES or (number == _SECOND and not url):
            return Pages(entries=tuple(found.values()), warnings=(_lost(memory.since),))
        if not url or url in read:
            break
        try:
            older = turn(url)
        except (NotAFeedError, EmptyAnswerError, StatusError) as error:
            if isinstance(error, StatusError) and error.status in _COME_LATER:
                raise
            return Pages(entries=tuple(found.values()), warnings=(f"{_lost(memory.since)} {error}.",))
        fresh = {entry.key: entry for entry in older.entries if entry.key not in found} if older else {}
        if older is None or not fresh:
            break
        page, read, found = older, {*read, url}, found | fresh
    return Pages(entries=tuple(found.values()))


def shown(entries: Iterable[Entry]) -> Mapping[str, str]:
    """Return the notes by which the undated entries of a first page are known at the next visit.

    The store knows only those that the filter took.
    """
    marks = [_mark(entry.key) for entry in entries if entry.published is None and entry.updated is None]
    return {"shown": " ".join(marks[:_MOST_SHOWN])} if marks else {}


def _reaches_back(entries: Sequence[Entry], memory: Memory, since: datetime) -> bool:
    """Tell whether one of ``entries`` is older than the last visit, or undated and was seen before; so is no entry."""
    undated = [entry.key for entry in entries if entry.published is None and entry.updated is None]
    seen = set(memory.notes.get("shown", "").split())
    if any(_mark(key) in seen for key in undated) or (undated and memory.seen(undated)):
        return True
    return not entries or any(_newest(entry, since) < since - _OVERLAP for entry in entries)


def _newest(entry: Entry, unknown: datetime) -> datetime:
    """Return the last moment that the entry's dates may mean."""
    dates = [entry.updated] if entry.updated else []
    if entry.published:
        dates.append(entry.published + _SPANS.get(entry.precision or "", timedelta()))
    return max(dates, default=unknown)


def _next(page: Entries, source: Source, number: int) -> str:
    parameter = source.options.get("page") or ("paged" if page.wordpress and not page.older else None)
    if parameter:
        return _with_query(source.url, str(parameter), number)
    return page.older if page.older.startswith("http") else ""


def _with_query(url: str, name: str, number: int) -> str:
    parts = urlsplit(url)
    own = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != name]
    return parts._replace(query="&".join([*own, f"{quote(name)}={number}"]), fragment="").geturl()


def _lost(since: datetime) -> str:
    return (
        f"Every entry is newer than the last visit ({since:%Y-%m-%d %H:%M} UTC) and older pages could not be had: "
        "some entries may be missing."
    )


def _mark(key: str) -> str:
    return sha256(re.sub(r"\s", "", key).encode()).hexdigest()[:10]
