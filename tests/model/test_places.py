"""What stands beside a time is a place, a mark of the day, a name, or the end of the list."""

from __future__ import annotations

from datetime import date

import pytest

from msdigest.model.clocktimes import Day, days_and_clocks
from msdigest.model.places import Mark, parts


def _told(text: str) -> list[str]:
    days = [one for one in days_and_clocks(text) if isinstance(one, Day)]
    said = []
    for part in parts(text, 0, len(text), days):
        where = part.place and (part.place.city or f"{part.place.zone}{part.place.ahead:+}")
        what = where or (part.mark and "mark") or (f"name {part.words}" if part.name else part.words or "end")
        said.append(f"/ {what}" if part.ends_thought else what)
    return said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (" San Francisco PST, ", ["San Francisco"]),
        (" London, UK, ", ["London"]),
        (" Paris, Roma and Basel; ", ["Paris", "Roma", "Basel"]),
        (" Sydney/Melbourne (Aug 27), ", ["Sydney", "Melbourne", "mark"]),
        (" Sydney (next day) Tokyo (+1) Delhi [the following day] Lima (-1) Quito (Thursday)", ["Sydney", "mark", "Tokyo", "mark", "Delhi", "mark", "Lima", "mark", "Quito", "mark"]),
        (" in London (London time) at ", ["London", "London"]),
        (" CET (Berlin)", ["Berlin"]),
        (" Eastern Daylight Time / Greenwich Mean Time", []),
        (" UTC ", ["UTC+0"]),
        (" GMT, GMT+1, UTC-03:30, Z", ["GMT+0", "UTC+60", "UTC-210", "UTC+0"]),
        (" London, Ontario", ["London"]),
        (" Birmingham, UK", ["Birmingham"]),
        (" Birmingham", ["name Birmingham"]),
        (" Paris to discuss lesions, Rome", ["Paris", "to discuss lesions", "Rome"]),
        (" London School of Neurology", ["name London School of Neurology"]),
        (" mg were given", ["mg were given"]),
        (" London. Agenda: ", ["London", "/ name Agenda"]),
        (" London\n", ["London", "/ end"]),
        (" UTC+15", ["UTC+15"]),
        ("", []),
    ],
)  # fmt: skip
def test_parts(text: str, told: list[str]) -> None:
    """Cities by name, universal time, marks; abbreviations and countries say nothing, other words end the list."""
    assert _told(text) == told


def test_london_in_ontario_has_its_own_zone() -> None:
    """What follows tells two cities of one name apart."""
    (here,) = parts(" London, Ontario", 0, 16, [])
    (there,) = parts(" London, England", 0, 16, [])[:1]

    assert here.place is not None
    assert there.place is not None
    assert (here.place.zone, there.place.zone) == ("America/Toronto", "Europe/London")


@pytest.mark.parametrize(
    ("mark", "day"),
    [
        (Mark(), "2020-12-31"),
        (Mark(shift=1), "2021-01-01"),
        (Mark(shift=-1), "2020-12-30"),
        (Mark(weekday=4), "2021-01-01"),
        (Mark(weekday=3), "2020-12-31"),
        (Mark(weekday=2), "2020-12-30"),
        (Mark(day=next(days_and_clocks("Jan 1"))), "2021-01-01"),
        (Mark(day=next(days_and_clocks("1 January 2020"))), "2020-01-01"),
        (Mark(day=next(days_and_clocks("31 June"))), "None"),
    ],
)
def test_marks(mark: Mark, day: str) -> None:
    """A mark is the day nearest to the one on which the others meet: 31 December 2020, a Thursday."""
    assert str(mark.on(date(2020, 12, 31))) == day
