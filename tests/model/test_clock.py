"""Time: what a cadence's words mean, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from msdigest.model.clock import Cadence, FixedClock

LONDON = "Europe/London"


def at(words, zone=LONDON):
    """Return an instant told in a zone's local time."""
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("words", "rhythm", "days", "hour"),
    [
        ("daily 07:00", "daily", (), time(7)),
        ("daily 03:00", "daily", (), time(3)),
        ("daily 23:59", "daily", (), time(23, 59)),
        ("weekly mon 07:00", "weekly", (0,), time(7)),
        ("weekly sun,mon,wed 07:30", "weekly", (0, 2, 6), time(7, 30)),
        ("weekly mon,mon 07:00", "weekly", (0,), time(7)),
        ("monthly 1 07:00", "monthly", (1,), time(7)),
        ("monthly 28 07:00", "monthly", (28,), time(7)),
        ("monthly last 07:00", "monthly", (0,), time(7)),
        ("  Weekly   MON\t07:00 ", "weekly", (0,), time(7)),
    ],
)
def test_a_cadence_is_read(words, rhythm, days, hour) -> None:
    """Small and capital letters, any blanks between the words."""
    assert Cadence.parse(words, LONDON) == Cadence(rhythm, days, hour, LONDON)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "is no cadence: write"),
        ("weekly", "is no cadence: write"),
        ("weekly mon", "is no cadence: write"),
        ("weekly mon 7:00", "is no cadence: write"),
        ("weekly mon, thu 07:00", "is no cadence: write"),
        ("yearly 1 07:00", "is no cadence: write"),
        ("daily 07:00:00", "is no cadence: write"),
        ("daily 24:00", "24:00 is no time of day"),
        ("daily 07:60", "07:60 is no time of day"),
        ("daily 00:00", "00:00 may not exist on the day when clocks change: choose 03:00 or later"),
        ("daily 02:59", "02:59 may not exist"),
        ("daily mon 07:00", "a daily cadence takes no day, found 'mon'"),
        ("weekly 07:00", "'' is no weekday: write mon, tue"),
        ("weekly monday 07:00", "'monday' is no weekday: write mon, tue"),
        ("weekly mon,,tue 07:00", "'' is no weekday"),
        ("monthly 07:00", "None is no day that every month has"),
        ("monthly 0 07:00", "'0' is no day that every month has: write 1 to 28 or last"),
        ("monthly 29 07:00", "'29' is no day that every month has"),
        ("monthly -1 07:00", "'-1' is no day"),
        ("monthly ² 07:00", "'²' is no day"),
        ("monthly first 07:00", "'first' is no day"),
    ],
)
def test_what_is_no_cadence_is_told(words, sentence) -> None:
    """In a sentence that says what would be right."""
    with pytest.raises(ValueError) as caught:
        Cadence.parse(words, LONDON)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("words", "now", "before", "after"),
    [
        ("daily 07:00", "2026-11-20 12:00", "2026-11-20 07:00", "2026-11-21 07:00"),
        ("daily 07:00", "2026-11-20 06:59", "2026-11-19 07:00", "2026-11-20 07:00"),
        ("daily 07:00", "2026-11-20 07:00", "2026-11-20 07:00", "2026-11-21 07:00"),
        ("weekly mon 07:00", "2026-11-20 12:00", "2026-11-16 07:00", "2026-11-23 07:00"),
        ("weekly mon,fri 07:00", "2026-11-20 12:00", "2026-11-20 07:00", "2026-11-23 07:00"),
        ("weekly mon,fri 07:00", "2026-11-19 12:00", "2026-11-16 07:00", "2026-11-20 07:00"),
        ("monthly 1 07:00", "2026-11-20 12:00", "2026-11-01 07:00", "2026-12-01 07:00"),
        ("monthly 28 07:00", "2026-03-01 12:00", "2026-02-28 07:00", "2026-03-28 07:00"),
        ("monthly last 07:00", "2026-02-15 12:00", "2026-01-31 07:00", "2026-02-28 07:00"),
        ("monthly last 07:00", "2028-02-28 12:00", "2028-01-31 07:00", "2028-02-29 07:00"),
        ("monthly last 07:00", "2026-12-31 07:00", "2026-12-31 07:00", "2027-01-31 07:00"),
        # Clocks go forward on 29 March and back on 25 October 2026.
        ("daily 07:00", "2026-03-29 06:59", "2026-03-28 07:00", "2026-03-29 07:00"),
        ("daily 07:00", "2026-10-25 06:59", "2026-10-24 07:00", "2026-10-25 07:00"),
        ("weekly mon 07:00", "2026-03-29 12:00", "2026-03-23 07:00", "2026-03-30 07:00"),
        ("weekly mon 07:00", "2026-10-25 12:00", "2026-10-19 07:00", "2026-10-26 07:00"),
        ("daily 03:00", "2026-03-29 00:30", "2026-03-28 03:00", "2026-03-29 03:00"),
    ],
)
def test_the_fires_around_an_instant(words, now, before, after) -> None:
    """Told in London's time on both sides; an instant that is a fire counts as before."""
    cadence = Cadence.parse(words, LONDON)

    assert cadence.at_or_before(at(now)) == at(before)
    assert cadence.after(at(now)) == at(after)


@pytest.mark.parametrize(
    ("zone", "now", "before"),
    [
        ("Pacific/Kiritimati", "2026-11-20 17:30", "2026-11-20 17:00"),
        ("Pacific/Pago_Pago", "2026-11-20 17:30", "2026-11-19 18:00"),
        ("Asia/Kathmandu", "2026-11-20 01:16", "2026-11-20 01:15"),
    ],
)
def test_far_zones(zone, now, before) -> None:
    """The date there may be another than ours: 07:00 told in UTC."""
    cadence = Cadence.parse("daily 07:00", zone)

    assert cadence.at_or_before(at(now, "UTC")) == at(before, "UTC")


@pytest.mark.parametrize(
    ("words", "zone", "start"),
    [
        ("daily 07:00", LONDON, "2026-03-25 12:00"),
        ("daily 07:00", LONDON, "2026-10-21 12:00"),
        # In Helsinki 03:30 does not exist on one day of the year and exists twice on another.
        ("daily 03:30", "Europe/Helsinki", "2026-03-25 12:00"),
        ("daily 03:30", "Europe/Helsinki", "2026-10-21 12:00"),
        ("monthly last 07:00", LONDON, "2026-01-15 12:00"),
        ("weekly mon,thu 07:00", LONDON, "2026-03-20 12:00"),
    ],
)
def test_every_fire_comes_once(words, zone, start) -> None:
    """Walking forward meets the same fires as walking back, one a local day, none twice."""
    cadence, fires = Cadence.parse(words, zone), [at(start, zone)]
    for _ in range(12):
        fires.append(cadence.after(fires[-1]))
    fires = fires[1:]
    days = [fire.astimezone(ZoneInfo(zone)).date() for fire in fires]
    back = [cadence.at_or_before(fire + timedelta(minutes=1)) for fire in fires]

    assert back == fires
    assert len(set(days)) == 12
    assert [cadence.at_or_before(fire - timedelta(microseconds=1)) for fire in fires[1:]] == fires[:-1]
    if cadence.rhythm == "daily":
        assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=1)}


@pytest.mark.parametrize(
    ("words", "now", "before"),
    [
        ("daily 07:00", "2026-11-20 12:00", "2026-11-19 12:00"),
        ("weekly mon 07:00", "2026-11-20 12:00", "2026-11-13 12:00"),
        ("weekly mon,thu 07:00", "2026-11-20 12:00", "2026-11-17 00:00"),
        ("monthly 1 07:00", "2026-11-20 12:00", "2026-10-20 12:00"),
        ("monthly last 07:00", "2026-03-31 12:00", "2026-02-28 12:00"),
        ("monthly 1 07:00", "2027-01-05 12:00", "2026-12-05 12:00"),
    ],
)
def test_one_cadence_before(words, now, before) -> None:
    """A day, the mean gap between two weekdays, or a calendar month."""
    assert Cadence.parse(words, LONDON).one_before(at(now)) == at(before)


def test_a_fixed_clock_stands_still() -> None:
    """Until it is moved."""
    clock = FixedClock(datetime(2026, 11, 20, tzinfo=UTC))
    first = clock.now()
    clock.advance(timedelta(hours=2))

    assert clock.now() - first == timedelta(hours=2)
