"""Pace: when the next call to a provider may begin.

Three things set it: so many calls a second as the provider allows, the pause that it asks for, and its own troubles.
After three calls in a row that ended in doubt or in nothing no further call is put at risk: a pause, then one call
alone to see whether it is well again, and a longer pause if it is not.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msdigest.ports import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.delivery import Outcome
    from msdigest.ports import Reply

TROUBLES = 3
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
# A provider may ask for more patience than we would have, but not for ever.
LONGEST_ASKED = timedelta(days=1)
# Two clocks, and a call that is slower on its way than the one after it, must not make one call too many.
_SLACK = 1.15
_LOOK_AGAIN = 0.1
_SERVER_ERROR, _TOO_MANY = 500, 429
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
# A reset that is told as a moment, not as a number of seconds.
_EPOCH = 1_000_000_000
_NEVER = datetime.min.replace(tzinfo=UTC)


class Pace:
    """Shared by all threads that call one provider."""

    def __init__(self, rate: float | None) -> None:
        """Take how many calls a second are allowed; None: as many as there are."""
        self._gap = timedelta(seconds=_SLACK / rate) if rate else timedelta()
        self._next = self._call = self._not_before = _NEVER
        self._troubles = 0
        # Which thread makes the one call that shows whether the provider is well again.
        self._prober: int | None = None
        self._lock = threading.Lock()

    def turn(self, now: datetime) -> float:
        """Return 0 and take the turn, or how many seconds to wait before asking again."""
        with self._lock:
            # A clock that was set back must not be waited for.
            self._next = min(self._next, now + self._gap)
            until = max(self._next, self._not_before)
            if until > now:
                return (until - now).total_seconds()
            if self._broken:
                if self._prober is not None:
                    return _LOOK_AGAIN
                self._prober = threading.get_ident()
            self._next = now + self._gap
            return 0.0

    def spacing(self, now: datetime) -> float:
        """Return 0 and take the moment of a call, or how long it has to wait: one batch is made sooner than another."""
        with self._lock:
            self._call = min(self._call, now + self._gap)
            if self._call > now:
                return (self._call - now).total_seconds()
            self._call = now + self._gap
            return 0.0

    def begun(self, now: datetime) -> None:
        """Note that a call begins now, later than its moment was taken: the next one keeps its distance from this."""
        with self._lock:
            self._call = max(self._call, now + self._gap)

    @property
    def not_before(self) -> datetime:
        """When the pause ends that the provider asked for, or that its troubles make."""
        return self._not_before

    def unused(self) -> None:
        """Give a turn back for which there was nothing to do."""
        with self._lock:
            self._end_probe()

    def heard(self, reply: Reply | Failure, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Learn from an answer."""
        asked = _asked(reply, outcomes, now=now)
        excused = any(outcome.retry_after is not None for outcome in outcomes)
        trouble = isinstance(reply, Failure) or (reply.status >= _SERVER_ERROR and not excused)
        with self._lock:
            self._end_probe()
            if asked is not None:
                self._not_before = max(self._not_before, now + min(asked, LONGEST_ASKED))
            if not trouble:
                self._troubles = 0
                return
            self._troubles += 1
            if self._broken:
                pause = min(FIRST_PAUSE * 2 ** min(self._troubles - TROUBLES, 10), LONGEST_PAUSE)
                self._not_before = max(self._not_before, now + pause)

    @property
    def _broken(self) -> bool:
        return self._troubles >= TROUBLES

    def _end_probe(self) -> None:
        """Let another thread probe next, if it was this one: a call that began before the troubles ends at any time."""
        if self._prober == threading.get_ident():
            self._prober = None


def _asked(reply: Reply | Failure, outcomes: Sequence[Outcome], *, now: datetime) -> timedelta | None:
    """Return how long the provider asks to be left alone; None if it does not."""
    told = [outcome.retry_after for outcome in outcomes if outcome.retry_after is not None]
    if told:
        return timedelta(seconds=max(told))
    if isinstance(reply, Failure):
        return None
    if reply.status == _TOO_MANY:
        return FIRST_PAUSE
    for prefix in ("ratelimit", "x-ratelimit"):
        if reply.headers.get(f"{prefix}-remaining", "").strip() == "0":
            return _until_reset(reply.headers, f"{prefix}-reset", now=now)
    return None


def _until_reset(headers: Mapping[str, str], name: str, *, now: datetime) -> timedelta | None:
    said = headers.get(name, "").strip()
    if not _NUMBER.fullmatch(said):
        return None
    seconds = float(said)
    return timedelta(seconds=max(seconds - now.timestamp(), 0.0) if seconds >= _EPOCH else seconds)
