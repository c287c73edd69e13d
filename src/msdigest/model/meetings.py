"""Reads when people meet out of the line that tells it: a day, and times in cities that are all one instant.

``Wednesday August 26th: 12:00pm San Francisco PST, 8:00pm London, 5:00am Sydney/Melbourne (Aug 27)``. The cities are
checked against each other; where they do not agree, that is said and nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msdigest.model.clocktimes import may_tell_a_clock
from msdigest.model.details import LocalTime
from msdigest.model.localtimes import lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from msdigest.model.clocktimes import Day
    from msdigest.model.localtimes import Line, Told
    from msdigest.model.places import Place

# Characters at the beginning of a text: a call is told there, an aside about one is not.
_LOOKED_AT = 2_000
# A call's page may be dated some days later than the call; nobody announces one eleven months ahead without the year.
_BEHIND, _AHEAD = timedelta(days=30), timedelta(days=335)
_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_MEETS = re.compile(
    r"\b(?:calls?|conference|grand rounds?|join|journal club|lecture|live ?stream|meetings?|meetup|q&a|register|seminar"
    r"|session|symposium|talks?|teams|town hall|webex|webinar|workshop|zoom)\b",
    re.IGNORECASE,
)
_WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_Shown = tuple["Told", "Place"]


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a text tells of a meeting: its instant (UTC) and its places, or else a sentence about what is wrong."""

    start: datetime | None
    places: tuple[LocalTime, ...] = ()
    doubt: str = ""


def read_meeting(text: str, *, near: datetime | None, ahead: bool = True) -> Meeting | None:
    """Read the meeting of which ``text`` tells a day and times in cities or in UTC; of several the next one.

    None if there is none. At least two cities agree, or there is one (or UTC) in a text that speaks of a call, meeting,
    webinar and the like.
    near: the text's own date, for days without a year; ``ahead``: the meeting is yet to come then, not over.
    """
    if not may_tell_a_clock(text[:_LOOKED_AT]):
        return None
    if near is not None and not _FIRST_YEAR < near.year < _LAST_YEAR:
        near = None
    found = list(_meetings(text[:_LOOKED_AT], near=near, ahead=ahead))
    doubtful = next((meeting for meeting in found if meeting.doubt), None)
    coming = [(meeting.start, meeting) for meeting in found if near and meeting.start and meeting.start > near - _DAY]
    if doubtful is None and coming and ahead:
        return min(coming, key=lambda one: one[0])[1]
    return doubtful or next(iter(found), None)


def _meetings(text: str, *, near: datetime | None, ahead: bool) -> Iterator[Meeting]:
    speaks = _MEETS.search(text) is not None
    for line in lines(text):
        day = _day(line.day, near=near, ahead=ahead)
        if day and line.day.year:
            near = datetime.combine(day, time(), UTC)  # "15 April 2026 … and 13 May" are of one year
        readings = [] if day is None else _fullest(line, speaks=speaks)
        if day and readings and (found := _meeting(line.day, day, readings)) and (found.start or speaks):
            yield found


def _day(day: Day, *, near: datetime | None, ahead: bool) -> date | None:
    """Return the day that is meant; without a year the one around which the text was written."""
    if day.year:
        return day.of(day.year)
    if near is None:
        return None
    before, after = (_BEHIND, _AHEAD) if ahead else (_AHEAD, _BEHIND)
    days = [day.of(near.year + step) for step in (-1, 0, 1)]
    return next((found for found in days if found and near.date() - before <= found <= near.date() + after), None)


def _fullest(line: Line, *, speaks: bool) -> list[list[_Shown]]:
    """Return the readings of a line that leave no city out, if one says enough: no other can hide a contradiction."""
    readings = [list(_session(told)) for told in (line.after, line.before)]
    sizes = [sum(len(told.places) for told in reading) for reading in readings]
    fullest = [reading for reading, size in zip(readings, sizes, strict=True) if size == max(sizes)]
    if not any(_enough(reading, speaks=speaks) for reading in fullest):
        return []
    return [[(told, place) for told in reading for place in told.places] for reading in fullest]


def _session(line: Iterable[Told]) -> Iterator[Told]:
    """Return the times of the first session: a city that is told again with another time has another one."""
    times: dict[Place, object] = {}
    for told in line:
        if any(times.setdefault(place, told.at) != told.at for place in told.places):
            return
        if told.places or told.unknown:
            yield told


def _enough(reading: Sequence[Told], *, speaks: bool) -> bool:
    """Tell whether a time can be relied on: two cities check each other, one is enough where nothing else stands."""
    places = {place for told in reading for place in told.places}
    if len([place for place in places if place.city]) > 1:
        return True
    return speaks and bool(places) and (len(reading) == 1 or any(not place.city for place in places))


def _meeting(printed: Day, day: date, readings: Sequence[Sequence[_Shown]]) -> Meeting | None:
    """Take the reading in which all places agree; None if two do that and differ."""
    starts = {start: reading for reading in readings if (start := _one_instant(reading, day))}
    if len(starts) > 1:
        return None
    if not starts:
        return Meeting(None, doubt=_disagreement(readings[0], day))
    if printed.weekday is not None and printed.weekday != day.weekday():
        return Meeting(None, doubt=_wrong_weekday(printed, day))
    ((start, reading),) = starts.items()
    return Meeting(start, tuple(dict.fromkeys(_local(place, start) for _, place in reading if place.city)))


def _one_instant(reading: Iterable[_Shown], day: date) -> datetime | None:
    instants = [_instants(told, place, day) for told, place in reading]
    common = frozenset.intersection(*instants) if instants else frozenset()
    return min(common) if len(common) == 1 else None


def _instants(told: Told, place: Place, day: date) -> frozenset[datetime]:
    """Return when clocks show the time there: twice in the night when they are put back, never when put forward."""
    there = told.mark.on(day) if told.mark else day
    if there is None:
        return frozenset()
    shown = datetime.combine(there, told.at)
    zone = _zone(place)
    instants = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return frozenset(instant for instant in instants if instant.astimezone(zone).replace(tzinfo=None) == shown)


def _zone(place: Place) -> ZoneInfo | timezone:
    return ZoneInfo(place.zone) if place.city else timezone(timedelta(minutes=place.ahead))


def _local(place: Place, start: datetime) -> LocalTime:
    return LocalTime(place.city, place.zone, f"{start.astimezone(_zone(place)):%Y-%m-%dT%H:%M}")


def _wrong_weekday(printed: Day, day: date) -> str:
    found, told = _WEEKDAY_NAMES[day.weekday()], _WEEKDAY_NAMES[printed.weekday or 0]
    return f"The day of this meeting is not clear: {printed.printed!r} ({day}) is a {found}, not a {told}."


def _disagreement(reading: Sequence[_Shown], day: date) -> str:
    """Say what does not agree: ``20:00 London is 19:00 UTC; 22:00 Paris, Roma is 20:00 UTC``."""
    groups: dict[str, list[_Shown]] = {}
    for told, place in reading:
        instants = _instants(told, place, day)
        means = " or ".join(f"{instant:%Y-%m-%d %H:%M} UTC" for instant in sorted(instants)) or "no time of that day"
        groups.setdefault(means, []).append((told, place))
    said = [f"{_places(group)} is {means}" for means, group in groups.items()]
    return f"The times of this meeting do not agree: {'; '.join(said)}."


def _places(group: Iterable[_Shown]) -> str:
    named = groupby(group, key=lambda shown: shown[0].at)
    return ", ".join(f"{at:%H:%M} " + ", ".join(place.city or place.zone for _, place in shown) for at, shown in named)
