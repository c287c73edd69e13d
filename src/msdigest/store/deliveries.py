"""Deliveries, read: the account of an issue, its lines, and what people were sent before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select

from msdigest.errors import StoreError
from msdigest.model.compiled import Choice
from msdigest.model.delivery import AFTER_ACCEPTANCE, Account
from msdigest.model.issue import notice_id
from msdigest.store.ledger import Queued
from msdigest.store.merging import same_things
from msdigest.store.schema import (
    deliveries,
    issues,
    selection_entries,
    selections,
    subscribers,
    subscriptions,
    suppressions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from msdigest.model.delivery import DeliveryState
    from msdigest.model.entry import Change
    from msdigest.model.issue import Issue

# Under these a person has, or may have, got what the delivery's selection holds: it is not sent to them again.
SPOKEN_FOR: tuple[DeliveryState, ...] = ("pending", "in_flight", "unknown", *AFTER_ACCEPTANCE)


# SQLite takes at most 32,766 variables a statement.
_CHUNK = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One line of an issue's account."""

    subscriber: str
    state: DeliveryState
    reason: str | None
    provider_id: str | None
    attempts: int


def choices_of(connection: Connection, issue: Issue, selection_ids: Iterable[int]) -> dict[int, Choice]:
    """Return selection id → what was chosen, in the order of the issue."""
    wanted = list(dict.fromkeys(selection_ids))
    told: dict[int, set[str]] = {each: set() for each in wanted}
    more: dict[int, int] = {}
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        for row in connection.execute(select(selection_entries).where(selection_entries.c.selection.in_(some))):
            told[row.selection].add(row.entry)
        for row in connection.execute(select(selections.c.id, selections.c.more).where(selections.c.id.in_(some))):
            more[row.id] = row.more
    entries = issue.entries
    return {
        each: Choice(
            entries=tuple(entry for entry in entries if entry in ids),
            notices=tuple(notice for notice in issue.notices if notice in ids),
            more=more.get(each, 0),
        )
        for each, ids in told.items()
    }


def some_choices(connection: Connection, issue: Issue, *, limit: int) -> list[tuple[str, str, Choice]]:
    """Return up to ``limit`` (subscriber, variant, choice) that really occur, spread over the issue's positions."""
    here = (deliveries.c.issue == issue.id) & deliveries.c.selection.is_not(None)
    people = connection.execute(select(func.count()).where(here)).scalar_one()
    number = min(limit, people)
    places = [1 + place * (people - 1) // max(number - 1, 1) for place in range(number)]
    columns = (deliveries.c.subscriber, deliveries.c.variant, deliveries.c.selection)
    rows = connection.execute(select(*columns).where(here, deliveries.c.position.in_(places))).all()
    choices = choices_of(connection, issue, [row.selection for row in rows])
    return [(row.subscriber, row.variant, choices[row.selection]) for row in rows]


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
        found.setdefault(row.subscriber, set()).update(same[row.entry])
    return found


def told_of(connection: Connection, *, first: str, last: str, entries: Sequence[str]) -> dict[str, dict[str, datetime]]:
    """Return, for people with ids from ``first`` to ``last``, entry → cut-off of the issue that told them of it.

    Whoever was sent an entry under another id, before two turned out to be one, was sent it.
    """
    same = same_things(connection, entries)
    statement = (
        select(deliveries.c.subscriber, selection_entries.c.entry, issues.c.cut_off)
        .join(selection_entries, selection_entries.c.selection == deliveries.c.selection)
        .join(issues, issues.c.id == deliveries.c.issue)
        .where(
            deliveries.c.subscriber.between(first, last),
            deliveries.c.state.in_(SPOKEN_FOR),
            selection_entries.c.entry.in_(list(same)),
        )
    )
    found: dict[str, dict[str, datetime]] = {}
    for row in connection.execute(statement).all():
        told = found.setdefault(row.subscriber, {})
        told |= {entry: max(row.cut_off, told.get(entry, row.cut_off)) for entry in same[row.entry]}
    return found


def concerns_somebody(connection: Connection, change: Change, *, digest: str) -> bool:
    """Tell whether a reader of ``digest`` was told of an entry before it was seen to have changed, and not of that.

    Whoever has left, asked for a break or must not be mailed is nobody here.
    """
    sent, told = selection_entries.alias(), selection_entries.alias()
    later = deliveries.alias()
    knows = (
        select(literal(1))
        .select_from(later.join(told, told.c.selection == later.c.selection))
        .where(
            later.c.subscriber == deliveries.c.subscriber,
            later.c.state.in_(SPOKEN_FOR),
            told.c.entry == notice_id(change.id),
        )
    )
    suppressed = select(literal(1)).where(suppressions.c.lookup == subscribers.c.lookup)
    statement = (
        select(literal(1))
        .select_from(deliveries)
        .join(sent, sent.c.selection == deliveries.c.selection)
        .join(issues, issues.c.id == deliveries.c.issue)
        .join(subscriptions, subscriptions.c.subscriber == deliveries.c.subscriber)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber)
        .where(
            sent.c.entry.in_(list(same_things(connection, [change.entry]))),
            deliveries.c.state.in_(SPOKEN_FOR),
            issues.c.cut_off < change.seen,
            subscriptions.c.digest == digest,
            subscriptions.c.state == "active",
            ~knows.exists(),
            ~suppressed.exists(),
        )
        .limit(1)
    )
    return connection.execute(statement).first() is not None


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


def reached_anybody(connection: Connection, issue: int) -> bool:
    """Tell whether an issue was accepted for anybody, or may have been. Quick: the first in line were called first."""
    statement = select(literal(1)).where(
        deliveries.c.issue == issue, deliveries.c.state.in_(("unknown", *AFTER_ACCEPTANCE))
    )
    return connection.execute(statement.order_by(deliveries.c.position).limit(1)).first() is not None


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
