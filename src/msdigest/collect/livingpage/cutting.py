"""Cuts a living page into pieces: a paragraph or list entry each, under its headings and the date line in force."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from msdigest.markup.blocks import Block

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/.-](?P<month>\d{1,2})[/.-](?P<day>\d{1,2})")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?P<month>[A-Za-z]{3,9})\.?,?\s+(?P<year>\d{4})")
_MONTH_FIRST = re.compile(r"(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})")
_DATES = (_YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST)
_DATE_LINE = re.compile(
    r"[\[(]?\s*(?:last\s+)?(?:updated?|added|posted|revised)\s*(?:on\b)?\s*[:–-]?\s*(?P<date>\w[^\[\]()]{5,24}?)\s*[\])]?\.?"
    r"|\[\s*(?P<bare>\w[^\[\]()]{5,24}?)\s*\]",
    re.IGNORECASE,
)
_LONGEST_DATE_LINE = 120
DateLine = tuple[datetime | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph or list entry of the page; ``day``: of the date line in force, midnight UTC."""

    section: tuple[str, ...]
    day: datetime | None
    text: str
    html: str

    @property
    def words(self) -> str:
        """The text by which an equal one is recognised."""
        return " ".join(self.text.split())


def date_line(pattern: str | None) -> Callable[[str], DateLine | None]:
    """Return a reader of lines: ``None`` = no date line; else a tuple of its day, which is ``None`` if unreadable.

    pattern: regular expression for the whole line with a group ``date``, groups ``year``, ``month`` and ``day``, or
    three unnamed groups in that order; ``None``: ``[Updated 2020/08/23]``, ``Updated: 4 April 2020`` and the like.
    Raises re.error.
    """
    own = re.compile(pattern) if pattern else None

    def read(line: str) -> DateLine | None:
        match = (own or _DATE_LINE).fullmatch(line.strip()) if len(line) <= _LONGEST_DATE_LINE else None
        if match is None:
            return None
        if own is None:
            told = match["date"] or match["bare"]
            return (_day(told),) if any(form.match(told) for form in _DATES) else None
        groups = match.groupdict()
        if "date" in groups:
            return (_day(groups["date"] or ""),)
        parts = [groups[name] for name in ("year", "month", "day")] if "year" in groups else list(match.groups())
        return (_day("/".join(str(part) for part in parts)),)

    return read


def cut(blocks: Iterable[Block], stamp: Callable[[str], DateLine | None]) -> list[Piece]:
    """Cut a page's content into pieces; a heading, a rule or the next date line ends the reach of a date line."""
    path: list[tuple[int, str]] = []
    day: datetime | None = None
    pieces = []
    for block in blocks:
        line = stamp(block.text)
        if line is not None:
            day = line[0]
        elif block.kind == "rule":
            day = None
        elif block.kind == "heading":
            path = [*(above for above in path if above[0] < block.level), (block.level, block.text)]
            day = None
        else:
            pieces.append(Piece(tuple(heading for _, heading in path), day, block.text, block.html))
    return pieces


def _day(text: str) -> datetime | None:
    match = next((match for form in _DATES if (match := form.match(text.strip()))), None)
    if match is None:
        return None
    month = match["month"]
    name = month.lower()[:3]
    number = int(month) if month.isdigit() else _MONTHS.index(name) + 1 if name in _MONTHS else 0
    try:
        return datetime(int(match["year"]), number, int(match["day"]), tzinfo=UTC)
    except ValueError:
        return None
