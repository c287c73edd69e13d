"""The bell of one process: the one door to APScheduler.

Jobs live in memory; the tables say what is due. A process that slept or was restarted therefore misses nothing:
it looks at everything when it starts and at all cadences again every few minutes, and a late fire is let through
however late it is and judged by the step, which holds an issue that is too late.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from msdigest.engines.bell import TaskSpec, ring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.model.clock import Cadence, Clock
    from msdigest.store.database import Database

# No limit: APScheduler would drop a late fire without a word (after 1 s, unless told otherwise).
MISFIRE_GRACE = None
# A fire of a process that died, or that no trigger rang because the machine slept, is found by looking again.
LOOK_AGAIN = timedelta(minutes=10)


class LocalEngine:
    """Rings for tasks in threads of this process, one task of a lane at a time.

    errors: task → the sentence in which it failed when it ran last; one that did its work has none.
    """

    def __init__(self, database: Database, clock: Clock, tasks: Sequence[TaskSpec]) -> None:
        """Take the list of tasks; nothing rings before ``start``."""
        self._database = database
        self._clock = clock
        self._tasks = tuple(tasks)
        self._stopped = False
        self.errors: dict[str, str] = {}
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            # A delivery may take an hour; what is collected and composed meanwhile must not wait for it.
            executors={lane: ThreadPoolExecutor(1) for lane in ("default", "main", "delivery")},
            job_defaults={"misfire_grace_time": MISFIRE_GRACE, "coalesce": True, "max_instances": 1},
        )

    def ring_all(self) -> list[str]:
        """Ring once for everything that is due now; return the names of what ran.

        On SQLite the caller holds the database's lock; on PostgreSQL other processes may be at work.
        """
        alone = self._database.is_sqlite
        return [spec.name for spec in self._tasks if self._ring(spec, alone=alone)]

    def look_again(self) -> list[str]:
        """Ring for the cadences whose newest time was missed or never finished; return the names of what ran."""
        return [spec.name for spec in self._tasks if spec.cadence is not None and self._ring(spec)]

    def start(self) -> None:
        """Begin to ring, first for everything that is due already; returns at once."""
        self._scheduler.add_job(self.ring_all, id="catch-up", name="catch-up", executor="main")
        for spec in self._tasks:
            self._scheduler.add_job(
                self._ring, trigger_of(spec), args=(spec,), id=spec.name, name=spec.name, executor=spec.lane
            )
        self._scheduler.add_job(
            self.look_again, IntervalTrigger(seconds=LOOK_AGAIN.total_seconds()), id="look again", executor="main"
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Let the running task end and ring no more."""
        self._stopped = True
        self._scheduler.shutdown(wait=True)

    def _ring(self, spec: TaskSpec, *, alone: bool = False) -> bool:
        # What was rung for and has not begun when the engine stops is left to the next start.
        if self._stopped:
            return False
        rung = ring(self._database, self._clock, spec, alone=alone)
        if rung.ran:
            self.errors.pop(spec.name, None)
        if rung.error:
            self.errors[spec.name] = rung.error
        return rung.ran


class CadenceTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Asks the cadence itself.

    Its own cron trigger rings twice for a time that is there twice when clocks change, and for one that does not
    exist at another moment than ``Cadence`` says: earlier, and the task would be taken to be done.
    """

    def __init__(self, cadence: Cadence) -> None:
        """Take the cadence."""
        self._cadence = cadence

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the first fire after the previous one, or after now."""
        return self._cadence.after(previous_fire_time or now)


def trigger_of(spec: TaskSpec) -> BaseTrigger:
    """Return when APScheduler shall ring for ``spec``."""
    if spec.cadence is None:
        return IntervalTrigger(seconds=(spec.every.total_seconds() if spec.every else 60), timezone="UTC")
    return CadenceTrigger(spec.cadence)
