"""Turns: no two keep at once what both would call new, and nothing falls between two issues."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from msdigest.store.fires import fact
from msdigest.store.schema import entries, facts

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TURN = "newest cut-off"
_NEVER = datetime.min.replace(tzinfo=UTC)


def take_turn(connection: Connection) -> datetime:
    """Hold the turn until the transaction ends; return the newest cut-off that was drawn in one.

    Two workers that bring the same entry must not both call it new, and none may be kept while a line is drawn.
    """
    fact(connection, _TURN, _NEVER.isoformat())
    held = select(facts.c.value).where(facts.c.name == _TURN).with_for_update()
    return datetime.fromisoformat(connection.execute(held).scalar_one())


def draw_line(connection: Connection, *, now: datetime) -> datetime:
    """Return an issue's cut-off: ``now``, or later if something was kept at a later time by another clock.

    All that is kept so far is not later than it, and all that will be kept is: nothing falls between two issues.
    """
    before = take_turn(connection)
    newest = connection.execute(select(func.max(entries.c.changed_at))).scalar_one()
    line = max(now, newest or now)
    connection.execute(update(facts).where(facts.c.name == _TURN).values(value=max(before, line).isoformat()))
    return line
