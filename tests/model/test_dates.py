"""Dates are never made more exact than their source tells them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from msdigest.model.dates import PartialDate, read_date


@pytest.mark.parametrize(
    ("told", "date"),
    [
        ("2026", "2026"),
        ("2026-12", "2026-12"),
        ("2026-12-31", "2026-12-31"),
        ("2026-1-3", "2026-01-03"),
        ("2026/12/31", "2026-12-31"),
        ("2026-05-01T00:00:00.000Z", "2026-05-01"),
        ("2026-07-09T03:46:14.000000000", "2026-07-09"),
        ("2026-12-31 08:00", "2026-12-31"),
        ("20261231", "2026-12-31"),
        ("09/07/2026", "2026-07-09"),
        ("9.7.2026", "2026-07-09"),
        ("09/07/2026T03:00", "2026-07-09"),
        ("2026 Dec 31", "2026-12-31"),
        ("2026 Dec", "2026-12"),
        ("31 December 2026", "2026-12-31"),
        ("December 2026", "2026-12"),
        ("Dec. 2026", "2026-12"),
        ("Sept 2026", "2026-09"),
        ("December 31, 2026", "2026-12-31"),
        ("  2026-12 \n", "2026-12"),
        ("29/02/2024", "2024-02-29"),
    ],
)
def test_reading(told: str, date: str) -> None:
    """Each form that the field's sources use keeps its precision; of bare digits the day comes first."""
    assert str(read_date(told)) == date


@pytest.mark.parametrize(
    "told",
    [
        None, "", "soon", "0001-01-01", "1899", "2101-01", "2026-13", "2026-00", "2026-12-32", "2026-02-29",
        "31/02/2026", "12/31/2026", "2026 Foo", "Marvel 2026", "31 Foo 2026", "2026-2027", "Spring 2026", "20261331",
        "1" * 100_000,
    ],
)  # fmt: skip
def test_no_date(told: str | None) -> None:
    """What is no date, or no day that ever was, is none."""
    assert read_date(told) is None


@pytest.mark.parametrize(
    ("date_told", "precision", "words", "instant", "last_day"),
    [
        (PartialDate(2026), "year", "2026", datetime(2026, 1, 1, tzinfo=UTC), date(2026, 12, 31)),
        (PartialDate(2024, 2), "month", "February 2024", datetime(2024, 2, 1, tzinfo=UTC), date(2024, 2, 29)),
        (PartialDate(2026, 9, 3), "day", "3 September 2026", datetime(2026, 9, 3, tzinfo=UTC), date(2026, 9, 3)),
    ],
)
def test_meaning(date_told: PartialDate, precision: str, words: str, instant: datetime, last_day: date) -> None:
    """A date knows how exact it is, how it is said, and the first and last day that it may mean."""
    assert (date_told.precision, date_told.words, date_told.instant, date_told.last_day) == (
        precision,
        words,
        instant,
        last_day,
    )
