"""Events, kept: which calls were taken, where deliveries stand after them, and which addresses get nothing any more.

One statement for many. Whoever keeps events holds the turn, so two who were told of one address never meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import bindparam, delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from msdigest.model.hearing import LONGEST_PAUSE, SoftBounces
from msdigest.store.fires import fact
from msdigest.store.ledger import fitted
from msdigest.store.schema import batches, deliveries, facts, hooks, soft_bounces, subscribers, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from msdigest.model.delivery import DeliveryState

T = TypeVar("T")

_TURN = "turn:events"
# Longer than any provider repeats a call, and than any of them proves its moment.
MARKS_KEPT = timedelta(days=10)
# SQLite takes at most 32,766 variables a statement.
_CHUNK = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a delivery stands."""

    state: DeliveryState
    provider_id: str | None
    reason: str | None


def take_turn(connection: Connection) -> None:
    """Hold the turn until the transaction ends, and let calls that are just being settled end first."""
    fact(connection, _TURN, "held while events are kept")
    connection.execute(select(facts.c.value).where(facts.c.name == _TURN).with_for_update())
    # The batch first, as everywhere: two who lock in different orders wait for each other.
    under_way = select(batches.c.lo).where(batches.c.state.in_(("claimed", "in_flight")))
    connection.execute(under_way.order_by(batches.c.issue, batches.c.lo).with_for_update())


def take_mark(connection: Connection, mark: str, *, now: datetime) -> bool:
    """Remember the mark of a call; False if it was taken before. Marks that nobody can repeat any more are deleted."""
    connection.execute(delete(hooks).where(hooks.c.at < now - MARKS_KEPT))
    try:
        with connection.begin_nested():
            connection.execute(insert(hooks).values(mark=mark, at=now))
    except IntegrityError:
        return False
    return True


def is_marked(connection: Connection, mark: str) -> bool:
    """Tell whether the call with this mark was taken."""
    return connection.execute(select(literal(1)).where(hooks.c.mark == mark)).first() is not None


def ids_of(connection: Connection, lookups: Collection[str]) -> dict[str, str]:
    """Return keyed hash → opaque id of those whom we know."""
    return {
        row.lookup: row.id
        for some in _chunks(lookups)
        for row in connection.execute(
            select(subscribers.c.lookup, subscribers.c.id).where(subscribers.c.lookup.in_(some))
        )
    }


def issues_of(connection: Connection, ids: Collection[str]) -> dict[str, list[int]]:
    """Return opaque id → issues that were for them, newest first."""
    found: dict[str, list[int]] = {}
    for some in _chunks(ids):
        statement = select(deliveries.c.subscriber, deliveries.c.issue).where(deliveries.c.subscriber.in_(some))
        for row in connection.execute(statement.order_by(deliveries.c.issue.desc())):
            found.setdefault(row.subscriber, []).append(row.issue)
    return found


def standings(connection: Connection, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], Standing]:
    """Return (issue, opaque id) → where that delivery stands; nobody else moves it before the transaction ends."""
    columns = (deliveries.c.issue, deliveries.c.subscriber, deliveries.c.state)
    found = {}
    for issue in sorted({issue for issue, _ in keys}):
        for some in _chunks([subscriber for one, subscriber in keys if one == issue]):
            here = (deliveries.c.issue == issue) & deliveries.c.subscriber.in_(some)
            statement = select(*columns, deliveries.c.provider_id, deliveries.c.reason).where(here)
            for row in connection.execute(statement.order_by(deliveries.c.position).with_for_update()):
                found[row.issue, row.subscriber] = Standing(
                    state=row.state, provider_id=row.provider_id, reason=row.reason
                )
    return found


def move(connection: Connection, moved: Mapping[tuple[int, str], Standing]) -> None:
    """Write down where deliveries stand by now."""
    here = (deliveries.c.issue == bindparam("of_issue")) & (deliveries.c.subscriber == bindparam("who"))
    values: dict[str, Any] = {
        "state": bindparam("became"),
        "provider_id": bindparam("its_id"),
        "reason": bindparam("why"),
    }
    rows = [
        {
            "of_issue": issue,
            "who": who,
            "became": each.state,
            "its_id": fitted(each.provider_id, 200),
            "why": fitted(each.reason, 200),
        }
        for (issue, who), each in moved.items()
    ]
    if rows:
        connection.execute(update(deliveries).where(here).values(**values), rows)


def soft_bounces_of(connection: Connection, lookups: Collection[str]) -> dict[str, SoftBounces]:
    """Return keyed hash → how often mail was refused there for now; whoever has a clean record is missing."""
    return {
        row.lookup: SoftBounces(times=row.times, first_at=row.first_at, last_at=row.last_at)
        for some in _chunks(lookups)
        for row in connection.execute(select(soft_bounces).where(soft_bounces.c.lookup.in_(some)))
    }


def keep_soft_bounces(
    connection: Connection, counted: Mapping[str, SoftBounces], *, known: Collection[str], now: datetime
) -> None:
    """Keep other counts (``known``: of addresses that have one), and forget those that mean nothing any more."""
    rows = [
        {"address": lookup, "number": each.times, "since": each.first_at, "until": each.last_at}
        for lookup, each in counted.items()
    ]
    values: dict[str, Any] = {
        "times": bindparam("number"),
        "first_at": bindparam("since"),
        "last_at": bindparam("until"),
    }
    old = [row for row in rows if row["address"] in known]
    if old:
        connection.execute(
            update(soft_bounces).where(soft_bounces.c.lookup == bindparam("address")).values(values), old
        )
    new = [row for row in rows if row["address"] not in known]
    if new:
        connection.execute(insert(soft_bounces).values({"lookup": bindparam("address"), **values}), new)
    cleared = (soft_bounces.c.times == 0) & (soft_bounces.c.last_at < now - MARKS_KEPT)
    connection.execute(delete(soft_bounces).where(cleared | (soft_bounces.c.last_at < now - LONGEST_PAUSE)))


def suppress(connection: Connection, reasons: Mapping[str, str], *, now: datetime) -> int:
    """Never mail these addresses again (keyed hash → why); return how many of them that is new for."""
    there = {
        lookup
        for some in _chunks(reasons)
        for lookup in connection.execute(select(suppressions.c.lookup).where(suppressions.c.lookup.in_(some))).scalars()
    }
    rows = [
        {"lookup": lookup, "reason": reason, "at": now} for lookup, reason in reasons.items() if lookup not in there
    ]
    if rows:
        connection.execute(insert(suppressions), rows)
    return len(rows)


def withdraw(connection: Connection, reasons: Mapping[str, str]) -> None:
    """Exclude what is still queued for people (opaque id → why), of all issues."""
    queued = (deliveries.c.subscriber == bindparam("who")) & (deliveries.c.state == "pending")
    rows = [{"who": subscriber, "why": reason} for subscriber, reason in sorted(reasons.items())]
    if rows:
        connection.execute(update(deliveries).where(queued).values(state="excluded", reason=bindparam("why")), rows)


def _chunks(many: Collection[T]) -> Iterator[list[T]]:
    listed = list(many)
    return (listed[start : start + _CHUNK] for start in range(0, len(listed), _CHUNK))
