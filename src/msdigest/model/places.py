"""Reads what stands beside a time of day: the cities whose clocks show it, universal time, the next day."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msdigest.model.cities import zone_of
from msdigest.model.clock import WEEKDAYS
from msdigest.model.clocktimes import Day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What parts the cities of one time; the end of a line or a sentence also ends the thought.
_BETWEEN = re.compile(
    r"(?P<end>\n|(?<=[a-z]{3})\.\s+|(?<=\))\.\s+)|[,;/&|•·()\[\]=]|\s[–—-]\s|\s(?:and|or)\s", re.IGNORECASE
)
_SIGNS = re.compile(r"[\s:.*~]+|[–—-]+(?!\d)")
_LEADS = re.compile(r"\A(?:(?:at|in|for|from|is|are|on|local time|time)(?:\s+|\Z))+", re.IGNORECASE)
_TRAILS = re.compile(r"(?:(?:\A|\s+)(?:at|from|is|are|on|local time|time))+\Z", re.IGNORECASE)
_SHIFT = re.compile(
    r"(?:the\s+)?(?:(?P<next>next|following)|(?P<before>previous)|same)\s+day|(?P<sign>[+−–-])1(?:\s?d(?:ay)?)?",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(rf"(?P<name>{'|'.join(WEEKDAYS)})(?:s|nes|rs?|ur)?(?:day)?\.?", re.IGNORECASE)
_UNIVERSAL = re.compile(r"(?P<name>UTC|GMT|Z)(?:(?P<sign>[+−–-])(?P<hours>0?\d|1[0-4])(?::?(?P<minutes>[0-5]\d))?)?")
# An abbreviation tells nothing: people write PST all the year round.
_SAYS_NOTHING = re.compile(
    r"(?:[A-Z]\.?){2,5}|(?:US\s)?(?:British|Central|Eastern|European|Greenwich|Mountain|Pacific)(?:\s[A-Z][a-z]+){0,2}"
)
_CAPITALISED = re.compile(r"[A-ZÀ-ÞĀ-Ž][\w'’.-]*|local")
_NAME = re.compile(r"[A-ZÀ-ÞĀ-Ž][\w'’.-]*(?:\s(?:[a-z]{1,3}\s)?[A-ZÀ-ÞĀ-Ž][\w'’.-]*){0,3}")
_WORDS_OF_A_CITY = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """The day that is told beside a time, where it is not everybody's: ``(Aug 27)``, ``(+1)``, ``(Thursday)``."""

    day: Day | None = None
    shift: int = 0
    weekday: int | None = None

    def on(self, base: date) -> date | None:
        """Return the day that is meant where the others meet on ``base``."""
        if self.day is not None:
            years = [self.day.year] if self.day.year else [base.year, base.year + 1, base.year - 1]
            days = [found for year in years if (found := self.day.of(year))]
            return min(days, key=lambda found: abs(found - base), default=None)
        if self.weekday is not None:
            return base + timedelta(days=(self.weekday - base.weekday() + 3) % 7 - 3)
        return base + timedelta(days=self.shift)


@dataclass(frozen=True, slots=True)
class Place:
    """A city as printed with its zone of the tz database; or no city, UTC or GMT, and the minutes ahead of it."""

    city: str
    zone: str
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what stands between two times; ``words`` are neither a place nor a mark.

    name: they look like one. ends_thought: it stands in another line or sentence than what is before it.
    """

    place: Place | None = None
    mark: Mark | None = None
    words: str = ""
    name: bool = False
    ends_thought: bool = False

    @property
    def is_city(self) -> bool:
        """Whether it is a place that has a name."""
        return self.place is not None and bool(self.place.city)


def parts(text: str, begin: int, end: int, days: Sequence[Day]) -> list[Part]:
    """Read ``text`` from ``begin`` to ``end``, where ``days`` were found; an empty part closes an ended thought."""
    return _joined(list(_pieces(text, begin, end, days)))


def _pieces(text: str, begin: int, end: int, days: Sequence[Day]) -> Iterator[tuple[str | Day, bool]]:
    """Cut what stands between two times at its commas and days; True = a thought has ended before the piece."""
    ended = False
    for day in [*(day for day in days if begin <= day.start and day.end <= end), None]:
        stretch = text[begin : day.start if day else end]
        place = 0
        for cut in [*_BETWEEN.finditer(stretch), None]:
            if words := _bare(stretch[place : cut.start() if cut else None]):
                yield words, ended
                ended = False
            if cut:
                ended, place = ended or cut["end"] is not None, cut.end()
        if day:
            yield day, ended
            begin, ended = day.end, False
    if ended:
        yield "", ended


def _bare(words: str) -> str:
    """Return the words without signs around them and without what leads to a city: ``: at London time``."""
    while lead := _SIGNS.match(words):
        words = words[lead.end() :]
    return _TRAILS.sub("", _LEADS.sub("", words.rstrip(" \t:.*~–—-"))).strip()


def _joined(pieces: Sequence[tuple[str | Day, bool]]) -> list[Part]:
    """Read the pieces; two of them may name one city: ``London, Ontario``."""
    found: list[Part] = []
    joined = False
    for number, (piece, ended) in enumerate(pieces):
        following = pieces[number + 1][0] if number + 1 < len(pieces) else None
        both = isinstance(piece, str) and isinstance(following, str) and following
        zone = zone_of(f"{piece} {following}") if both else None
        if joined:
            joined = False
        elif isinstance(piece, Day):
            found.append(Part(mark=Mark(day=piece), ends_thought=ended))
        elif zone:
            found.append(Part(place=Place(piece, zone), ends_thought=ended))
            joined = True
        elif read := _read(piece):
            found += [replace(read[0], ends_thought=ended), *read[1:]]
    return found


def _read(words: str) -> list[Part]:
    """Read one piece; nothing comes of what says nothing about when and where."""
    if not words:
        return [Part()]
    if mark := _mark(words):
        return [Part(mark=mark)]
    if universal := _UNIVERSAL.fullmatch(words):
        ahead = int(universal["hours"] or 0) * 60 + int(universal["minutes"] or 0)
        name = "GMT" if universal["name"] == "GMT" and not ahead else "UTC"
        return [Part(place=Place("", name, ahead if universal["sign"] in {"+", None} else -ahead))]
    if found := _city(words):
        place, rest = found
        return [Part(place=place), *([Part(words=rest)] if rest else [])]
    return [] if _SAYS_NOTHING.fullmatch(words) else [Part(words=words, name=_NAME.fullmatch(words) is not None)]


def _mark(words: str) -> Mark | None:
    if shift := _SHIFT.fullmatch(words):
        back = shift["before"] or (shift["sign"] and shift["sign"] != "+")
        return Mark(shift=-1 if back else 1 if shift["next"] or shift["sign"] else 0)
    weekday = _WEEKDAY.fullmatch(words)
    return Mark(weekday=WEEKDAYS.index(weekday["name"].lower())) if weekday else None


def _city(words: str) -> tuple[Place, str] | None:
    """Find the city that ``words`` begin with, and the rest if the sentence goes on: ``Paris to discuss``.

    Its country or an abbreviation may follow, another name may not: a school of London stands in no zone.
    """
    told = words.split()
    for count in range(min(len(told), _WORDS_OF_A_CITY), 0, -1):
        rest = told[count:]
        goes_on = bool(rest) and rest[0].islower() and rest[0] != "local"
        if words[0].isupper() and (goes_on or all(_CAPITALISED.fullmatch(word) for word in rest)):
            zone = zone_of(" ".join(told[:count]))
            if zone:
                return Place(" ".join(told[:count]), zone), " ".join(rest) if goes_on else ""
    return None
