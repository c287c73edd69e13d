"""What editors type: words as they came from a form or a command line, and the values they mean.

Every reading raises ValueError with one sentence that says what is wrong and what would be right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msdigest.model.cities import country_code, zone_of
from msdigest.model.dates import PartialDate, read_date
from msdigest.model.details import LocalTime, Speaker

# The kind of source whose entries are typed.
EDITOR = "editor"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?")
_SPEAKER = re.compile(r"(?P<name>[^()]*[^()\s])\s*(?:\((?P<country>[^()]*)\))?")
_NUMBER = re.compile(r"(?P<whole>\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?P<part>\.\d{1,9})?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """An entry as it was typed, word for word; what was left out is empty.

    at, zone, city, join, speakers: of an event or a recording of one. file, type, length, duration: of a recording.
    number, unit: of a figure.
    """

    kind: str
    title: str
    url: str = ""
    text: str = ""
    date: str = ""
    topics: tuple[str, ...] = ()
    at: str = ""
    zone: str = ""
    city: str = ""
    join: str = ""
    speakers: tuple[str, ...] = ()
    file: str = ""
    type: str = ""
    length: str = ""
    duration: str = ""
    number: str = ""
    unit: str = ""


def date_of(words: str) -> PartialDate | None:
    """Read a date, as exactly as it was typed: ``2026``, ``2026-12``, ``2026-12-03``; None if nothing was typed."""
    found = read_date(words)
    if found is None and words.strip():
        message = f"{words!r} is no date such as 2026-12-03, or 2026-12 for the whole month"
        raise ValueError(message)
    return found


def zone_named(zone: str, city: str) -> str:
    """Return the time zone that was typed, else the one of the city; empty if neither was."""
    if zone:
        try:
            return ZoneInfo(zone).key
        except (KeyError, ValueError, OSError):
            message = f"{zone!r} is no time zone: write a name such as Europe/London"
            raise ValueError(message) from None
    found = zone_of(city) if city else ""
    if found is None:
        message = f"no clock of {city!r} is known: name its time zone, such as Europe/London"
        raise ValueError(message)
    return found


def instant_of(words: str, zone: str) -> datetime:
    """Return the instant (UTC) when a clock of ``zone`` shows ``words``; with an offset they need no zone."""
    try:
        told = datetime.fromisoformat(words.strip()) if _INSTANT.fullmatch(words.strip()) else None
    except ValueError:
        told = None
    if told is None or not _FIRST_YEAR <= told.year <= _LAST_YEAR:
        message = f"{words!r} is no day and time such as 2026-12-03 19:00"
        raise ValueError(message)
    if told.tzinfo is not None:
        return told.astimezone(UTC)
    if not zone:
        message = f"it is not told whose clock shows {words}: name a time zone or a city"
        raise ValueError(message)
    return _shown_once(told, zone)


def _shown_once(told: datetime, zone: str) -> datetime:
    """Refuse a time that no clock of the zone shows on that day, or that all of them show twice."""
    first, second = (told.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) != told:
        message = f"no clock of {zone} shows {told:%H:%M} on that day: it is put forward"
        raise ValueError(message)
    if first.utcoffset() != second.utcoffset():
        which = first.isoformat(" ", "minutes")
        message = f"clocks of {zone} show {told:%H:%M} twice on that day: write which one, such as {which}"
        raise ValueError(message)
    return first.astimezone(UTC)


def place_of(start: datetime, zone: str, city: str) -> LocalTime | None:
    """Return what a clock shows at ``start`` in the city, else where the zone is called after; None for UTC."""
    name = city or (zone.rpartition("/")[2].replace("_", " ") if "/" in zone else "")
    if not name or not zone:
        return None
    local = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    known = zone_of(city)
    if known is not None and start.astimezone(ZoneInfo(known)).replace(tzinfo=None) != local:
        message = f"at {local:%H:%M} of {zone}, a clock of {city} shows {start.astimezone(ZoneInfo(known)):%H:%M}"
        raise ValueError(message)
    return LocalTime(name, zone, local.isoformat(timespec="minutes"))


def speaker_of(words: str) -> Speaker:
    """Read ``Name`` or ``Name (GB)``."""
    told = " ".join(words.split())
    found = _SPEAKER.fullmatch(told)
    code = found["country"].strip().upper() if found and found["country"] else ""
    if found is None or (code and not country_code(code)):
        message = f"{told!r} is no name, or a name with a country's code such as: Ada Example (GB)"
        raise ValueError(message)
    return Speaker(found["name"], country_code(code))


def number_of(words: str) -> float:
    """Read ``52000``, ``52,000`` or ``33.5``."""
    found = _NUMBER.fullmatch(words.strip())
    if found is None:
        message = f"{words!r} is no number such as 52,000 or 33.5"
        raise ValueError(message)
    return float(found["whole"].replace(",", "") + (found["part"] or ""))
