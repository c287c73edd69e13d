"""Time: aware UTC inside, zones at the edge, "now" handed in."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CADENCE = re.compile(r"(daily|weekly|monthly)(?:\s+(\S+))?\s+(\d\d):(\d\d)")
# Local times before this may not exist, or exist twice, on the days when clocks change.
_EARLIEST_HOUR = 3
_LAST_DAY_OF_EVERY_MONTH = 28


class Clock(Protocol):
    """What time it is: handed to whoever needs to know, so that tests need not wait."""

    def now(self) -> datetime:
        """Return the present instant, aware, UTC."""
        ...


@dataclass(slots=True)
class FixedClock:
    """The fake of ``Clock``: stands still until it is moved."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.instant

    def advance(self, step: timedelta) -> None:
        """Move on by ``step``."""
        self.instant += step


@dataclass(frozen=True, slots=True)
class Cadence:
    """A digest's timetable in local time: ``daily 07:00``, ``weekly mon,thu 07:00``, ``monthly last 07:00``.

    days: weekdays (0 = Monday) for weekly; the day of the month for monthly (0 = the last).
    """

    rhythm: Literal["daily", "weekly", "monthly"]
    days: tuple[int, ...]
    at: time
    zone: str

    @classmethod
    def parse(cls, text: str, zone: str) -> Cadence:
        """Read the words of ``digests.toml``; raises ValueError with a sentence that says what is allowed."""
        match = _CADENCE.fullmatch(text.strip().lower())
        if match is None:
            message = (
                f"{text!r} is no cadence: write 'daily 07:00', 'weekly mon 07:00', 'weekly mon,thu 07:00' "
                "or 'monthly 1 07:00' (1-28 or last)"
            )
            raise ValueError(message)
        rhythm, days, hour, minute = match.groups()
        try:
            at = time(int(hour), int(minute))
        except ValueError:
            message = f"{hour}:{minute} is no time of day"
            raise ValueError(message) from None
        if at.hour < _EARLIEST_HOUR:
            message = f"{at:%H:%M} may not exist on the day when clocks change: choose 03:00 or later"
            raise ValueError(message)
        return cls(rhythm, _days(rhythm, days), at, zone)  # type: ignore[arg-type]  # the pattern allows only these words

    def at_or_before(self, instant: datetime) -> datetime:
        """Return the newest fire that is not later than ``instant``."""
        day = instant.astimezone(ZoneInfo(self.zone)).date() + timedelta(days=1)
        while True:
            if self._falls_on(day) and (fire := self._on(day)) <= instant:
                return fire
            day -= timedelta(days=1)

    def after(self, instant: datetime) -> datetime:
        """Return the first fire later than ``instant``."""
        day = instant.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
        while True:
            if self._falls_on(day) and (fire := self._on(day)) > instant:
                return fire
            day += timedelta(days=1)

    def one_before(self, instant: datetime) -> datetime:
        """Return ``instant`` less one cadence: a day, the gap between two weekdays, or a calendar month."""
        if self.rhythm == "daily":
            return instant - timedelta(days=1)
        if self.rhythm == "weekly":
            return instant - timedelta(days=7 / len(self.days))
        local = instant.astimezone(ZoneInfo(self.zone))
        year, month = (local.year, local.month - 1) if local.month > 1 else (local.year - 1, 12)
        day = min(local.day, monthrange(year, month)[1])
        return local.replace(year=year, month=month, day=day).astimezone(UTC)

    def _falls_on(self, day: date) -> bool:
        if self.rhythm == "daily":
            return True
        if self.rhythm == "weekly":
            return day.weekday() in self.days
        wanted = self.days[0] or monthrange(day.year, day.month)[1]
        return day.day == wanted

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)


def _days(rhythm: str, words: str | None) -> tuple[int, ...]:
    if rhythm == "daily":
        if words:
            message = f"a daily cadence takes no day, found {words!r}"
            raise ValueError(message)
        return ()
    if rhythm == "weekly":
        names = (words or "").split(",")
        if unknown := [name for name in names if name not in WEEKDAYS]:
            message = f"{unknown[0]!r} is no weekday: write {', '.join(WEEKDAYS)}"
            raise ValueError(message)
        return tuple(sorted({WEEKDAYS.index(name) for name in names}))
    if words == "last":
        return (0,)
    if words and words.isdecimal() and 1 <= int(words) <= _LAST_DAY_OF_EVERY_MONTH:
        return (int(words),)
    message = f"{words!r} is no day that every month has: write 1 to {_LAST_DAY_OF_EVERY_MONTH} or last"
    raise ValueError(message)
