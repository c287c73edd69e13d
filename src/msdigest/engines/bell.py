"""Ringing for a task: which time it is rung for, and that this happens once."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from msdigest.errors import MsdigestError, RefusedError
from msdigest.store import fires

if TYPE_CHECKING:
    from msdigest.model.clock import Cadence, Clock
    from msdigest.ports import Task
    from msdigest.store.database import Database

log = logging.getLogger(__name__)

# A fire that was taken and never finished belongs to a dead process after this.
STALE_AFTER = timedelta(hours=1)
# One that ended in an error is nobody's: it is tried again when it is next looked for.
RETRY_AFTER = timedelta(minutes=5)
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One line of the list of tasks: its name, what it does, and either a cadence or a gap between two times.

    lane: tasks of one lane wait for each other, those of another do not.
    """

    name: str
    step: Task
    cadence: Cadence | None = None
    every: timedelta | None = None
    lane: Literal["main", "delivery"] = "main"

    def scheduled_for(self, now: datetime) -> datetime:
        """Return the newest time, not after ``now``, for which this task is to be rung."""
        if self.cadence is not None:
            return self.cadence.at_or_before(now)
        gap = (self.every or timedelta(minutes=1)).total_seconds()
        return datetime.fromtimestamp(now.timestamp() // gap * gap, UTC)


@dataclass(frozen=True, slots=True)
class Rung:
    """What ringing came to: whether the task ran, and the error it ended in.

    again: a cadence's error that may be gone soon (a full disk, a template being mended); a refusal is an answer.
    """

    ran: bool
    error: str | None = None
    again: bool = False


def ring(database: Database, clock: Clock, spec: TaskSpec, *, alone: bool = False) -> Rung:
    """Run ``spec`` for its newest time unless that was done before.

    A cadence is first rung for a time after this database met it: a new installation sends nothing for last week.
    ``alone``: no other process can be at work (the database's lock is held), so an unfinished fire is a dead one's.
    An error is written down with the fire and logged, and the bell goes on: what else is due must not wait for it.
    A cadence's fire that failed is tried again when it is rung for ``RETRY_AFTER`` later: its next time may be a
    month away, and the step itself knows when it is too late.
    """
    now = clock.now()
    scheduled_for = spec.scheduled_for(now)
    with database.writing() as connection:
        if spec.cadence is not None:
            met = fires.fact(connection, _meeting(spec.name, spec.cadence), now.isoformat())
            if scheduled_for < datetime.fromisoformat(met):
                return Rung(ran=False)
        stale = now + timedelta(seconds=1) if alone else now - STALE_AFTER
        failed = now - RETRY_AFTER
        if not fires.take(connection, spec.name, scheduled_for=scheduled_for, now=now, stale=stale, failed=failed):
            return Rung(ran=False)
    rung = _run(spec, scheduled_for)
    with database.writing() as connection:
        if rung.error and rung.again:
            fires.fail(connection, spec.name, scheduled_for=scheduled_for, error=rung.error)
        else:
            fires.finish(connection, spec.name, scheduled_for=scheduled_for, now=clock.now(), error=rung.error)
        if spec.cadence is None:
            # One every ten seconds would be three million rows a year; those of a cadence are few and stay.
            fires.prune(connection, spec.name, before=scheduled_for - KEPT_FOR)
    return rung


def _meeting(name: str, cadence: Cadence) -> str:
    """Return the name of the fact when this very cadence was met first: another one is another meeting."""
    return f"met:{hashlib.sha256(f'{name} {cadence}'.encode()).hexdigest()[:40]}"


def _run(spec: TaskSpec, scheduled_for: datetime) -> Rung:
    missed = spec.cadence is not None  # a task with a gap has its next one
    try:
        spec.step(scheduled_for)
    except MsdigestError as error:
        log.error("task failed task=%s scheduled_for=%s error=%s", spec.name, scheduled_for.isoformat(), error)  # noqa: TRY400  # our own errors are sentences; a trace would bury them
        return Rung(ran=True, error=str(error), again=missed and not isinstance(error, RefusedError))
    except Exception as error:
        log.exception("task broke task=%s scheduled_for=%s", spec.name, scheduled_for.isoformat())
        return Rung(ran=True, error=f"a fault of msdigest: {type(error).__name__}", again=missed)
    return Rung(ran=True)
