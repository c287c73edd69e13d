"""Days and times of day are found as people print them, and nothing else is."""

from __future__ import annotations

import pytest

from msdigest.model.clocktimes import Day, days_and_clocks


def _told(text: str) -> list[str]:
    found = []
    for one in days_and_clocks(text):
        if isinstance(one, Day):
            day = f"{one.year or '?'}-{one.month:02}-{one.day:02}"
            found.append(day if one.weekday is None else f"{day} ({one.weekday})")
        else:
            found.append(f"{one.at:%H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("on Wednesday August 26th:12:00pm San Francisco", ["?-08-26 (2)", "12:00"]),
        ("Wed, 26 Aug 2020", ["2020-08-26 (2)"]),
        ("Weds the 26th of August", ["?-08-26 (2)"]),
        ("Aug. 26, 2020 8 p.m.", ["2020-08-26", "20:00"]),
        ("26. August 2020, 19.00 Uhr", ["2020-08-26", "19:00"]),
        ("2026-04-15T19:00Z", ["2026-04-15", "19:00"]),
        ("2026-04-15 19:00", ["2026-04-15", "19:00"]),
        ("15 April 2026: 21h00", ["2026-04-15", "21:00"]),
        ("17:30H or 18H", ["17:30", "18:00"]),
        ("1500 UTC, 0100GMT, 1500 people", ["15:00", "01:00"]),
        ("12:00am, 12 noon, 12pm", ["00:00", "12:00", "12:00"]),
        ("7-8 pm, 11-1 pm, 11am–1pm", ["19:00", "11:00", "11:00"]),
        ("from 17:00 to 18:30, 8:00-10:00am", ["17:00", "08:00"]),
        ("0:30 pm, 13:00 pm, 13-2 pm, 25:00, 7:60, 13 pm", []),
        ("may 5 of you ask, march 3", []),
        ("7:30:15, v2.30, 12.5, 1:1", []),
        ("31 February 2021", ["2021-02-31"]),
        ("Marching 5 people, 5 Mayors", []),
    ],
)
def test_what_is_told(text: str, told: list[str]) -> None:
    """Every usual form is read, of a span of time when it begins; figures and versions are no times."""
    assert _told(text) == told


def test_a_day_that_a_year_does_not_have() -> None:
    """29 February is a day of leap years only."""
    (day,) = days_and_clocks("29 February")

    assert isinstance(day, Day)
    assert (str(day.of(2024)), day.of(2023)) == ("2024-02-29", None)
