"""When a source is visited again: decided from its own rhythm, what it asks for, and how it answered."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)
FIRST_RETRY = timedelta(minutes=30)
LONGEST_WAIT = timedelta(days=7)
# Visits in the same minute to many sources of one host would look like an attack.
_JITTER = 0.1
# Fewer gaps between entries tell no rhythm.
_LEAST_GAPS = 3
# A permanent redirect is believed after so many visits over so long; one visit may have met a mistake.
_BELIEVED_AFTER = 3
_BELIEVED_SINCE = timedelta(hours=24)
# "Gone for good" likewise; a little less than a day, so that the next daily visit counts.
GONE_AFTER = 2
_GONE_SINCE = timedelta(hours=20)


def adaptive_interval(
    source_id: str, *, usual: timedelta, dates: Sequence[datetime], quiet: timedelta, asked: float | None
) -> timedelta:
    """Return the time until the next visit: half of the usual gap between two entries, twice that for each quiet day.

    dates: of the newest entries, newest first. usual: what holds until there are enough of them.
    quiet: how long nothing was new. asked: seconds that the source itself wants to be left alone.
    """
    gaps = [(newer - older).total_seconds() for newer, older in pairwise(dates)]
    base = timedelta(seconds=median(gaps) / 2) if len(gaps) >= _LEAST_GAPS else usual
    grown = max(base, SHORTEST) * (1 << min(max(quiet.days, 0), 10))
    wanted = min(max(grown, SHORTEST), LONGEST)
    share = _JITTER * _place_of(source_id)
    later = wanted * (1 + share)
    spread = later if later <= LONGEST else wanted * (1 - share)
    return max(spread, min(timedelta(seconds=asked or 0.0), LONGEST))


def retry_after_failure(failures: int) -> timedelta:
    """Return the time until a source that failed so many times in a row is asked again.

    Soon at first, whatever the interval: an hour without a network must not cost a week of a weekly page.
    """
    return min(FIRST_RETRY * (1 << min(failures - 1, 10)), LONGEST)


def is_believed(times: int, *, since: datetime, now: datetime) -> bool:
    """Tell whether a permanent redirect was seen often and long enough to be remembered."""
    return times >= _BELIEVED_AFTER and now - since >= _BELIEVED_SINCE


def is_another_day(since: datetime, now: datetime) -> bool:
    """Tell whether a second "gone for good" counts: two of one bad hour do not."""
    return now - since >= _GONE_SINCE


def _place_of(source_id: str) -> float:
    """Return a number from 0 to 1 that is always the same for a source."""
    return int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:4], "big") / 2**32
