"""Ringing for a task: which time it is rung for, and that this happens once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msdigest.errors import MsdigestError
from msdigest.store import fires

if TYPE_CHECKING:
    from msdigest.model.clock import Cadence, Clock
    from msdigest.ports import Task
    from msdigest.store.database import Database

log = logging.getLogger(__name__)

# A fire that was taken and never finished belongs to a dead process after this.
STALE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One line of the list of tasks: its name, what it does, and either a cadence or a gap between two times."""

    name: str
    step: Task
    cadence: Cadence | None = None
    every: timedelta | None = None

    def scheduled_for(self, now: datetime) -> datetime:
        """Return the newest time, not after ``now``, for which this task is to be rung."""
        if self.cadence is not None:
            return self.cadence.at_or_before(now)
        gap = (self.every or timedelta(minutes=1)).total_seconds()
        return datetime.fromtimestamp(now.timestamp() // gap * gap, UTC)


def ring(database: Database, clock: Clock, spec: TaskSpec, *, alone: bool = False) -> bool:
    """Run ``spec`` for its newest time unless that was done before; tell whether it ran.

    A cadence is first rung for a time after this database met it: a new installation sends nothing for last week.
    ``alone``: no other process can be at work (the database's lock is held), so an unfinished fire is a dead one's.
    An error of ours is written down with the fire and logged; the bell goes on.
    """
    now = clock.now()
    scheduled_for = spec.scheduled_for(now)
    with database.writing() as connection:
        if spec.cadence is not None:
            met = fires.fact(connection, f"met:{spec.name}", now.isoformat())
            if scheduled_for < datetime.fromisoformat(met):
                return False
        stale = now + timedelta(seconds=1) if alone else now - STALE_AFTER
        if not fires.take(connection, spec.name, scheduled_for=scheduled_for, now=now, stale=stale):
            return False
    error = None
    try:
        spec.step(scheduled_for)
    except MsdigestError as failed:
        error = str(failed)
        log.error("task failed task=%s scheduled_for=%s error=%s", spec.name, scheduled_for.isoformat(), error)  # noqa: TRY400  # our own errors are sentences; a trace would bury them
    with database.writing() as connection:
        fires.finish(connection, spec.name, scheduled_for=scheduled_for, now=clock.now(), error=error)
    return True
