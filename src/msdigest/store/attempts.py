"""Calls that were made, read: who was in each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from msdigest.store.ledger import Queued
from msdigest.store.schema import attempts, deliveries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

# Outcomes of a call of which a provider took at least somebody's message.
TAKEN = ("accepted", "mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call for the positions ``lo`` to ``hi`` of an issue.

    turn: which call for these positions it was, from 1: whoever was started so often was in it.
    payload_hash: SHA-256 of the request's body, in hex. recipients: how many people were in it.
    ask_at, asked: when the provider is asked next what became of it, and how often it was, in vain.
    held_until: so long somebody is asking just now, or makes the call again.
    """

    id: str
    issue: int
    lo: int
    hi: int
    turn: int
    provider: str
    payload_hash: str
    recipients: int
    started_at: datetime
    outcome: str | None
    evidence: str | None
    ask_at: datetime | None
    asked: int
    held_until: datetime | None


def taken(connection: Connection, issue: int) -> list[Attempt]:
    """Return the calls of an issue that a provider took, in order of position."""
    order = (attempts.c.lo, attempts.c.hi.desc(), attempts.c.started_at)
    statement = select(attempts).where(attempts.c.issue == issue, attempts.c.outcome.in_(TAKEN)).order_by(*order)
    return [attempt_of(row) for row in connection.execute(statement)]


def attempt_of(row: Row[Any]) -> Attempt:
    """Read a row of the table."""
    return Attempt(**{name: getattr(row, name) for name in Attempt.__slots__})


def people_in(connection: Connection, attempt: Attempt) -> list[Queued]:
    """Return who was in a call, in order of position.

    Whoever was withdrawn before it began has a smaller count of attempts, and so has whoever was settled by a call
    before it.
    """
    statement = select(
        deliveries.c.subscriber, deliveries.c.position, deliveries.c.selection, deliveries.c.variant
    ).where(
        deliveries.c.issue == attempt.issue,
        deliveries.c.position.between(attempt.lo, attempt.hi),
        deliveries.c.attempts >= attempt.turn,
    )
    return [Queued(**row._asdict()) for row in connection.execute(statement.order_by(deliveries.c.position))]


def places(connection: Connection, issue: int, beginning: str, *, limit: int = 2) -> list[tuple[str, int | None]]:
    """Return up to ``limit`` people (id, position) of an issue's account whose ids begin so; forgotten ones, too."""
    statement = select(deliveries.c.subscriber, deliveries.c.position).where(
        deliveries.c.issue == issue, deliveries.c.subscriber.startswith(beginning, autoescape=True)
    )
    return [(row.subscriber, row.position) for row in connection.execute(statement.limit(limit))]
