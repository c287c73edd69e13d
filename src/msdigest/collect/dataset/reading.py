"""Makes entries of one answer of a data set: pure, for the sandbox."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from msdigest.collect.dataset.days import days_of
from msdigest.collect.dataset.described import columns_of
from msdigest.collect.dataset.entries import Row, entry_of, key_of, link_of, title_of, words_of
from msdigest.collect.dataset.rows import MOST_ROWS, at, document_of, rows_of, told
from msdigest.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from msdigest.collect.dataset.described import Columns
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source
    from msdigest.ports import Reply

# Of fewer rows all may happen to lack a column.
_TELLING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one answer came to.

    there: which of the known keys it has, whatever the filter takes. count: of all rows.
    undated: keys of entries whose row tells only when it was last changed; they are dated by that for now.
    """

    entries: tuple[Entry, ...]
    undated: frozenset[str]
    there: tuple[str, ...]
    count: int
    warnings: tuple[str, ...]


def read(source: Source, reply: Reply, now: datetime, known: Sequence[str]) -> Rows:
    """Make the entries of ``source`` from one answer. Pure; raises AnswerError."""
    columns = columns_of(source)
    document = document_of(reply.body, reply.headers.get("content-type", ""), url=reply.url)
    rows = rows_of(document, columns.rows, url=reply.url)
    objects = [row for row in rows[:MOST_ROWS] if isinstance(row, dict)]
    if rows and not objects:
        message = f"{reply.url} has rows that are no objects with named columns"
        raise AnswerError(message)
    warnings = [*_odd(rows, objects, url=reply.url), *_misnamed(columns, objects, url=reply.url)]
    disclaimer = told(at(document, columns.disclaimer)) if columns.disclaimer else ""
    found = _Found(source, columns, now, reply.url, disclaimer or None)
    for row in objects:
        found.add(row)
    if objects and not found.keys:
        message = f"{reply.url}: none of its rows can be recognised: name columns that every row has in `key`"
        raise AnswerError(message)
    return Rows(
        entries=tuple(found.entries.values()),
        undated=frozenset(found.undated),
        count=len(rows),
        there=tuple(key for key in known if key in found.keys),
        warnings=(*warnings, *found.warnings()),
    )


class _Found:
    """Gathers the entries of one document: the last of equal keys wins."""

    def __init__(self, source: Source, columns: Columns, now: datetime, url: str, disclaimer: str | None) -> None:
        self.entries: dict[str, Entry] = {}
        self.keys: set[str] = set()
        self.undated: set[str] = set()
        self._source = source
        self._columns = columns
        self._now = now
        self._url = url
        self._disclaimer = disclaimer
        self._dates: dict[str, Sequence[str]] = {}
        self._odd = Counter[str]()

    def add(self, columns: Mapping[str, Any]) -> None:
        row = Row(columns)
        title, link = title_of(row, self._columns), link_of(row, self._columns)
        key = key_of(row, self._columns, title=title, link=link)
        if not key or not title:
            self._odd["have nothing to be recognised by"] += 1
            return
        self.keys.add(key)
        if not self._source.takes(words_of(row, self._columns, title), ""):
            return
        if key in self.entries:
            self._odd["have the key of a later row (name more columns in `key`)"] += 1
        entry = entry_of(row, self._columns, key=key, title=title, link=link or self._url, source=self._source)
        days = days_of(row, self._columns, title=title, now=self._now)
        self._dates[key] = days.warnings
        if days.first is None and days.last is not None:
            self.undated.add(key)
        day = days.first or days.last
        self.entries[key] = replace(
            entry,
            published=day.instant if day else None,
            precision=day.precision if day else None,
            updated=days.last.instant if days.last else None,
            disclaimer=self._disclaimer,
        )

    def warnings(self) -> Iterator[str]:
        for what, count in self._odd.items():
            yield f"{self._url}: {count} of its rows {what} and were left out."
        for warnings in self._dates.values():
            yield from warnings


def _odd(rows: Sequence[object], objects: Sequence[object], *, url: str) -> Iterator[str]:
    if not rows:
        yield f"{url} has no rows at the moment."
    if len(rows) > MOST_ROWS:
        yield f"{url} has {len(rows)} rows; only the first {MOST_ROWS} were read."
    if (others := min(len(rows), MOST_ROWS) - len(objects)) > 0:
        yield f"{url}: {others} of its rows are no objects with named columns and were left out."


def _misnamed(columns: Columns, objects: Sequence[Mapping[str, Any]], *, url: str) -> Iterator[str]:
    """Name the columns that the options name and no row has: a misspelt one would be silently without effect."""
    for column in dict.fromkeys(columns.named()) if len(objects) >= _TELLING else ():
        if all(at(row, column) is None for row in objects):
            yield f"{url}: no row has the column {column!r} that the source's options name."
