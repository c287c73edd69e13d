"""Deliveries, read: the account of an issue, its lines, and what people were sent before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from msdigest.errors import StoreError
from msdigest.model.delivery import AFTER_ACCEPTANCE, Account
from msdigest.store.ledger import Queued
from msdigest.store.merging import same_things
from msdigest.store.schema import deliveries, issues, selection_entries, selections

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from msdigest.model.delivery import DeliveryState

# Under these a person has, or may have, got what the delivery's selection holds: it is not sent to them again.
SPOKEN_FOR: tuple[DeliveryState, ...] = ("pending", "in_flight", "unknown", *AFTER_ACCEPTANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One line of an issue's account."""

    subscriber: str
    state: DeliveryState
    reason: str | None
    provider_id: str | None
    attempts: int


def entries_of(connection: Connection, selection_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return selection id → its entries."""
    wanted = list(selection_ids)
    found: dict[int, set[str]] = {each: set() for each in wanted}
    statement = select(selection_entries).where(selection_entries.c.selection.in_(wanted))
    for row in connection.execute(statement):
        found[row.selection].add(row.entry)
    return {each: frozenset(entries) for each, entries in found.items()}


def already_sent(
    connection: Connection, *, first: str, last: str, entries: Sequence[str], but_issue: int
) -> dict[str, set[str]]:
    """Return, for people with ids from ``first`` to ``last``, which of ``entries`` they were sent by other issues.

    Whoever was sent it under another id, before or after two turned out to be one, was sent it.
    """
    same = same_things(connection, entries)
    statement = (
        select(deliveries.c.subscriber, selection_entries.c.entry)
        .join(selection_entries, selection_entries.c.selection == deliveries.c.selection)
        .where(
            deliveries.c.subscriber.between(first, last),
            deliveries.c.issue != but_issue,
            deliveries.c.state.in_(SPOKEN_FOR),
            selection_entries.c.entry.in_(list(same)),
        )
    )
    found: dict[str, set[str]] = {}
    for row in connection.execute(statement).all():
        found.setdefault(row.subscriber, set()).add(same[row.entry])
    return found


def any_sent(connection: Connection, *, entries: Sequence[str], but_issue: int) -> bool:
    """Tell whether any other issue ever chose one of ``entries`` for anybody."""
    statement = (
        select(selection_entries.c.entry)
        .join(selections, selections.c.id == selection_entries.c.selection)
        .where(selection_entries.c.entry.in_(list(same_things(connection, entries))), selections.c.issue != but_issue)
        .limit(1)
    )
    return connection.execute(statement).first() is not None


def last_sent(connection: Connection, *, first: str, last: str, digest: str) -> dict[str, datetime]:
    """Return, for people with ids from ``first`` to ``last``, when the digest's newest issue for them was due."""
    statement = (
        select(deliveries.c.subscriber, func.max(issues.c.due_at).label("due_at"))
        .join(issues, issues.c.id == deliveries.c.issue)
        .where(
            deliveries.c.subscriber.between(first, last),
            issues.c.digest == digest,
            deliveries.c.state.in_(SPOKEN_FOR),
        )
        .group_by(deliveries.c.subscriber)
    )
    return {row.subscriber: row.due_at for row in connection.execute(statement).all()}


def account(connection: Connection, issue: int) -> Account:
    """Return where everybody is; raises StoreError if the sum is wrong."""
    everybody = select(func.count()).where(deliveries.c.issue == issue).scalar_subquery()
    # One statement, hence one state of the database, whatever the transaction around it sees.
    statement = select(deliveries.c.state, func.count().label("people"), everybody.label("candidates"))
    counts: dict[str, int] = {}
    candidates = 0
    for row in connection.execute(statement.where(deliveries.c.issue == issue).group_by(deliveries.c.state)):
        word = "accepted" if row.state in AFTER_ACCEPTANCE else row.state
        counts[word] = counts.get(word, 0) + row.people
        candidates = row.candidates
    result = Account(
        candidates=candidates,
        excluded=counts.get("excluded", 0),
        pending=counts.get("pending", 0),
        in_flight=counts.get("in_flight", 0),
        accepted=counts.get("accepted", 0),
        rejected=counts.get("rejected", 0),
        unknown=counts.get("unknown", 0),
    )
    if not result.closed:
        message = f"the account of issue {issue} does not add up: {counts}"
        raise StoreError(message)
    return result


def records(connection: Connection, issue: int, *, state: str | None = None) -> Iterator[DeliveryRecord]:
    """Walk over an issue's deliveries in order of position, excluded ones last."""
    statement = select(deliveries).where(deliveries.c.issue == issue)
    if state is not None:
        statement = statement.where(deliveries.c.state == state)
    order = (deliveries.c.position.is_(None), deliveries.c.position, deliveries.c.subscriber)
    # On the statement: set on the connection, it would also change everything that is asked afterwards.
    for row in connection.execute(statement.order_by(*order).execution_options(yield_per=1_000)):
        yield DeliveryRecord(
            subscriber=row.subscriber,
            state=row.state,
            reason=row.reason,
            provider_id=row.provider_id,
            attempts=row.attempts,
        )


def one(connection: Connection, issue: int, subscriber: str) -> Queued | None:
    """Return what was decided for one person, if they get the issue."""
    statement = select(deliveries).where(deliveries.c.issue == issue, deliveries.c.subscriber == subscriber)
    row = connection.execute(statement).one_or_none()
    if row is None or row.selection is None:
        return None
    return Queued(subscriber=subscriber, position=row.position or 0, selection=row.selection, variant=row.variant or "")
