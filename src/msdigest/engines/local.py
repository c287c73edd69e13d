"""The bell of one process: the one door to APScheduler.

Jobs live in memory; the tables say what is due. A process that slept or was restarted therefore misses nothing:
it looks once at everything when it starts, and late fires are let through for hours (``MISFIRE_GRACE``) and
judged by the step, which holds an issue that is too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from msdigest.engines.bell import TaskSpec, ring
from msdigest.model.clock import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apscheduler.triggers.base import BaseTrigger

    from msdigest.model.clock import Cadence, Clock
    from msdigest.store.database import Database

MISFIRE_GRACE = 12 * 3600


class LocalEngine:
    """Rings for tasks in threads of this process, one task at a time."""

    def __init__(self, database: Database, clock: Clock, tasks: Sequence[TaskSpec]) -> None:
        """Take the list of tasks; nothing rings before ``start``."""
        self._database = database
        self._clock = clock
        self._tasks = tuple(tasks)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": MISFIRE_GRACE, "coalesce": True, "max_instances": 1},
        )

    def ring_all(self) -> list[str]:
        """Ring once for everything that is due now; return the names of what ran."""
        return [spec.name for spec in self._tasks if ring(self._database, self._clock, spec, alone=True)]

    def start(self) -> None:
        """Begin to ring; returns at once."""
        for spec in self._tasks:
            self._scheduler.add_job(
                ring, trigger_of(spec), args=(self._database, self._clock, spec), id=spec.name, name=spec.name
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Let the running task end and ring no more."""
        self._scheduler.shutdown(wait=True)


def trigger_of(spec: TaskSpec) -> BaseTrigger:
    """Return when APScheduler shall ring for ``spec``."""
    if spec.cadence is None:
        return IntervalTrigger(seconds=(spec.every.total_seconds() if spec.every else 60), timezone="UTC")
    return CronTrigger(**_fields(spec.cadence), timezone=spec.cadence.zone)


def _fields(cadence: Cadence) -> dict[str, object]:
    at: dict[str, object] = {"hour": cadence.at.hour, "minute": cadence.at.minute}
    if cadence.rhythm == "weekly":
        at["day_of_week"] = ",".join(WEEKDAYS[day] for day in cadence.days)
    elif cadence.rhythm == "monthly":
        at["day"] = cadence.days[0] or "last"
    return at
