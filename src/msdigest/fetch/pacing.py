"""One request at a time per host, and a pause between two."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class _Lane:
    """A host's queue.

    visitors: threads that wait here or are served. free_at: moment when the next may be served.
    """

    lock: Lock = field(default_factory=Lock)
    visitors: int = 0
    free_at: float = 0.0


class Pacing:
    """Lets threads take turns at a host; hosts that nobody asks are forgotten."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the ``clock`` and what waits."""
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, host: str, *, gap: float = 0.0) -> Iterator[None]:
        """Wait until nobody else is at ``host``; afterwards nobody is for ``gap`` seconds."""
        lane = self._enter(host)
        try:
            with lane.lock:
                self._rest(lane)
                try:
                    yield
                finally:
                    lane.free_at = self._clock() + gap
        finally:
            self._leave(lane)

    def _enter(self, host: str) -> _Lane:
        with self._lock:
            lane = self._lanes.setdefault(host, _Lane(free_at=self._clock()))
            lane.visitors += 1
            return lane

    def _rest(self, lane: _Lane) -> None:
        pause = lane.free_at - self._clock()
        if pause > 0:
            self._sleep(pause)

    def _leave(self, lane: _Lane) -> None:
        with self._lock:
            lane.visitors -= 1
            now = self._clock()
            self._lanes = {host: lane for host, lane in self._lanes.items() if lane.visitors or lane.free_at > now}
