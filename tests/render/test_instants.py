"""Instants for machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from msdigest.render.instants import rfc3339, utc


def test_an_instant_is_told_in_utc_to_the_second() -> None:
    """Wherever its clock stood."""
    told = datetime(2026, 11, 18, 10, 30, 15, 999, tzinfo=timezone(timedelta(hours=1)))

    assert utc(told) == datetime(2026, 11, 18, 9, 30, 15, tzinfo=UTC)
    assert rfc3339(told) == "2026-11-18T09:30:15Z"


def test_a_naive_date_is_refused() -> None:
    """Nobody knows which instant it is."""
    with pytest.raises(ValueError, match="no time zone"):
        rfc3339(datetime(2026, 11, 18))  # noqa: DTZ001  # that is the case
