"""When a source is visited again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.rhythm import adaptive_interval, is_another_day, is_believed, retry_after_failure

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def dates(gap, count=6):
    return [NOW - number * gap for number in range(count)]


@pytest.mark.parametrize(
    ("known", "quiet", "asked", "expected"),
    [
        ([], 0 * DAY, None, HOUR),
        (dates(2 * HOUR, 3), 0 * DAY, None, HOUR),
        (dates(8 * HOUR), 0 * DAY, None, 4 * HOUR),
        (dates(MINUTE), 0 * DAY, None, 30 * MINUTE),
        (dates(7 * DAY), 0 * DAY, None, DAY),
        (dates(8 * HOUR), 1 * DAY, None, 8 * HOUR),
        (dates(8 * HOUR), 2 * DAY, None, 16 * HOUR),
        (dates(8 * HOUR), 900 * DAY, None, DAY),
        (dates(8 * HOUR), 0 * DAY, 10 * 3600.0, 10 * HOUR),
        (dates(8 * HOUR), 0 * DAY, 9e9, DAY),
    ],
    ids=["unknown", "too few gaps", "half the usual gap", "not below half an hour", "a day at most", "a quiet day",
         "two quiet days", "years", "the source asks for more", "the source asks for years"],
)  # fmt: skip
def test_a_source_is_asked_in_its_own_rhythm(known, quiet, asked, expected) -> None:
    """Give or take the tenth by which sources are spread, which is always the same for each."""
    found = {
        name: adaptive_interval(name, usual=HOUR, dates=known, quiet=quiet, asked=asked) for name in ("a", "b", "c")
    }

    assert all(0.9 * expected <= each <= 1.1 * expected for each in found.values())
    assert all(30 * MINUTE <= each <= DAY for each in found.values())
    assert found["a"] == adaptive_interval("a", usual=HOUR, dates=known, quiet=quiet, asked=asked)
    if asked is None:
        assert len(set(found.values())) == 3


def test_failures_are_asked_after_less_and_less_often() -> None:
    """Half an hour, an hour, …, a day."""
    assert [retry_after_failure(number) / HOUR for number in (1, 2, 3, 6, 7, 99)] == [0.5, 1, 2, 16, 24, 24]


@pytest.mark.parametrize(
    ("times", "over", "believed"), [(3, DAY, True), (9, 23 * HOUR, False), (2, 9 * DAY, False), (3, 0 * DAY, False)]
)
def test_a_redirect_is_believed_after_three_visits_over_a_day(times, over, believed) -> None:
    """One visit may have met a mistake, and three in one hour the same one."""
    assert is_believed(times, since=NOW - over, now=NOW) is believed


@pytest.mark.parametrize(("over", "counts"), [(DAY, True), (HOUR, False)])
def test_gone_for_good_counts_once_a_day(over, counts) -> None:
    """A bad hour is not two days."""
    assert is_another_day(NOW - over, NOW) is counts
