"""Fires: one row each time a task was rung for, so that nothing runs twice for one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from msdigest.store.schema import facts, fires

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def take(
    connection: Connection,
    task: str,
    *,
    scheduled_for: datetime,
    now: datetime,
    stale: datetime,
    failed: datetime | None = None,
) -> bool:
    """Take a fire; False if it was taken before.

    One that was taken before ``stale`` and never finished (its process died), or that was taken before ``failed``
    and ended in an error (``fail``), may be taken again: steps ask the tables what is still to do.
    """
    row = {"task": task, "scheduled_for": scheduled_for, "started_at": now}
    try:
        with connection.begin_nested():
            connection.execute(insert(fires).values(**row))
    except IntegrityError:
        here = (fires.c.task == task) & (fires.c.scheduled_for == scheduled_for)
        free = fires.c.started_at < stale
        if failed is not None:
            free |= fires.c.error.is_not(None) & (fires.c.started_at < failed)
        again = update(fires).where(here, fires.c.finished_at.is_(None), free)
        return connection.execute(again.values(started_at=now, error=None)).rowcount == 1
    return True


def finish(
    connection: Connection, task: str, *, scheduled_for: datetime, now: datetime, error: str | None = None
) -> None:
    """Write down that a fire was dealt with, and the error it ended in."""
    here = (fires.c.task == task) & (fires.c.scheduled_for == scheduled_for)
    connection.execute(update(fires).where(here).values(finished_at=now, error=error))


def fail(connection: Connection, task: str, *, scheduled_for: datetime, error: str) -> None:
    """Write down the error in which a fire ended that is to be tried again."""
    here = (fires.c.task == task) & (fires.c.scheduled_for == scheduled_for)
    connection.execute(update(fires).where(here).values(error=error))


def prune(connection: Connection, task: str, *, before: datetime) -> int:
    """Delete fires of a task that were dealt with before ``before``; return how many."""
    old = (fires.c.task == task) & (fires.c.scheduled_for < before) & fires.c.finished_at.is_not(None)
    return connection.execute(delete(fires).where(old)).rowcount


def fact(connection: Connection, name: str, value: str) -> str:
    """Return what is written down under ``name``; write ``value`` if nothing is."""
    written = select(facts.c.value).where(facts.c.name == name)
    found = connection.execute(written).scalar_one_or_none()
    if found is not None:
        return str(found)
    try:
        with connection.begin_nested():
            connection.execute(insert(facts).values(name=name, value=value))
    except IntegrityError:  # another process was first
        return str(connection.execute(written).scalar_one())
    return value
