"""Finds the days and the times of day in a line for people, as they are printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING

from msdigest.model.clock import WEEKDAYS
from msdigest.model.dates import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEKDAY = r"(?:mon|tues?|wed(?:s|nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = r"(?:,?\s+(?P<{}>(?:19|20)\d\d)(?!\d))?"
_HOUR = r"(?:[01]?\d|2[0-3])"
_HALF = r"\s?[ap]\.?\s?m\b\.?"
_CLOCK = (
    rf"(?:{_HOUR}(?:[:.][0-5]\d(?:{_HALF}|\s?(?:h|hrs|Uhr)\b)?|h[0-5]\d|\s?(?:h|hrs|Uhr)\b|{_HALF})"
    r"|(?:[01]\d|2[0-3])[0-5]\d(?=\s?(?:UTC|GMT|hrs)\b))"
)
_TO = r"(?:\s?[–—-]\s?|\s+(?:to|until|till)\s+)"
_ANY = re.compile(
    rf"""
    (?<![\w.])(?:(?P<weekday>{_WEEKDAY})\b\.?,?\s+(?:the\s+)?)?
    (?: (?P<year1>(?:19|20)\d\d)-(?P<month1>\d\d)-(?P<day1>\d\d)(?:T(?=\d\d:)|(?!\d))
      | (?P<day2>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<month2>{_MONTH}){_YEAR.format("year2")}
      | (?P<month3>{_MONTH})\s+(?P<day3>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_YEAR.format("year3")}
    )
  | (?:(?<![\w.])|(?<=\dT))
    (?:(?P<begin>{_HOUR}(?:[:.h][0-5]\d)?(?:{_HALF})?){_TO})?(?P<clock>{_CLOCK})(?!:?\d)
  | \b(?:12\s)?(?P<noon>noon)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Every time of day holds this, or the word "noon": most texts have neither, and looking for it is thirty times faster.
_MAY_BE_A_CLOCK = re.compile(
    r"\d(?:[:.h]\d\d|\s?(?:h|hrs|Uhr)\b|\s?[ap]\.?\s?m\b|\d\d\d\s?(?:UTC|GMT|hrs))", re.IGNORECASE
)
_MOMENT = re.compile(r"(\d{1,2})(?:[:.h]?(\d\d))?\s?(?:([ap])\.?\s?m)?", re.IGNORECASE)
_NOON = 12
_MONTHS = tuple(name[:3].lower() for name in MONTHS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day as it was printed; ``year`` and ``weekday`` (0 = Monday) are None where they were not.

    printed: the words. start, end: where they stand in the text.
    """

    day: int
    month: int
    year: int | None
    weekday: int | None
    printed: str
    start: int
    end: int

    def of(self, year: int) -> date | None:
        """Return the day in a ``year``; None if that has none."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, and where it stands in the text; of ``7-8 pm`` when it begins."""

    at: time
    start: int
    end: int


def may_tell_a_clock(text: str) -> bool:
    """Tell whether ``text`` may hold a time of day; False is sure."""
    return "noon" in text.lower() or _MAY_BE_A_CLOCK.search(text) is not None


def days_and_clocks(text: str) -> Iterator[Day | Clock]:
    """Find what ``text`` tells of days and times, in its order."""
    for match in _ANY.finditer(text):
        if match["noon"]:
            yield Clock(time(_NOON), match.start(), match.end())
        elif match["clock"]:
            if (at := _begin(match["begin"], match["clock"])) is not None:
                yield Clock(at, match.start(), match.end())
        elif day := _day(match):
            yield day


def _day(match: re.Match[str]) -> Day | None:
    number = next(number for number in (1, 2, 3) if match[f"day{number}"])
    month, year = match[f"month{number}"], match[f"year{number}"]
    if not (month.isdecimal() or month[0].isupper()):
        return None  # "may 5 of you ask" tells no day
    return Day(
        day=int(match[f"day{number}"]),
        month=int(month) if month.isdecimal() else _MONTHS.index(month[:3].lower()) + 1,
        year=int(year) if year else None,
        weekday=WEEKDAYS.index(match["weekday"][:3].lower()) if match["weekday"] else None,
        printed=match[0].rstrip("T"),
        start=match.start(),
        end=match.end(),
    )


def _begin(first: str | None, last: str) -> time | None:
    """Return when something begins that lasts from ``first``, if told, to ``last``."""
    if first is None:
        return _time(last)
    (_, _, begins), (_, _, half) = _parts(first), _parts(last)
    if begins or not half:
        return _time(first)
    # "7-8 pm" begins in the evening, "11-1 pm" in the morning.
    other = "p" if half.lower() == "a" else "a"
    same, until = _time(first, half), _time(last)
    return _time(first, other) if same and until and same > until else same


def _time(printed: str, half: str = "") -> time | None:
    """Read a time of day; ``12:00am`` is the day's beginning, ``0:30 pm`` is none."""
    hour, minute, own = _parts(printed)
    half = own or half
    if half and not 1 <= int(hour) <= _NOON:
        return None
    return time(int(hour) % _NOON + _NOON * (half.lower() == "p") if half else int(hour), int(minute or 0))


def _parts(printed: str) -> tuple[str, str, str]:
    """Take a time apart: hour, minute, and the half of the day by its first letter; what is not told is empty."""
    hour, minute, half = _MOMENT.findall(printed)[0]
    return hour, minute, half
