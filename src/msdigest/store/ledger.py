"""The ledger: who gets what, what was started, and what became of it.

One row a delivery, one row a batch. A batch is a range of positions, so that claiming and marking touch one row
and one range however many people are in it. Two short transactions surround every call to a provider: ``start``
before, ``settle`` after. A process that dies in between leaves ``in_flight``, which becomes ``unknown``: nobody
is mailed again on a guess.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, exists, func, insert, select, update

from msdigest.store.schema import attempts, batches, deliveries, issues

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from msdigest.model.delivery import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A claimed range of an issue's positions, ends included.

    tries: how many calls were made before. owner: who claimed it.
    """

    issue: int
    lo: int
    hi: int
    tries: int
    owner: str


class Queued(NamedTuple):
    """One delivery of a claimed batch; a tuple, because a million are made for an issue."""

    subscriber: str
    position: int
    selection: int
    variant: str


def next_batch(now: datetime, *, issue: int | None = None, provider: str = "") -> Select[Any]:
    """Return the statement that finds the next batch to claim; its plan is pinned by a test.

    provider: only of issues that were frozen for it.
    """
    sending = exists().where(issues.c.id == batches.c.issue, issues.c.state == "sending")
    if provider:
        sending = sending.where(issues.c.provider == provider)
    statement = (
        select(batches.c.issue, batches.c.lo, batches.c.hi, batches.c.tries)
        .where(batches.c.state == "pending", batches.c.due_at <= now)
        .where(sending)
        .order_by(batches.c.due_at, batches.c.issue, batches.c.lo)
        .limit(1)
        # Several workers on PostgreSQL pass each other by; SQLite has one writer at a time and ignores this.
        .with_for_update(skip_locked=True, of=batches)
    )
    return statement if issue is None else statement.where(batches.c.issue == issue)


def claim(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    lease_until: datetime,
    issue: int | None = None,
    provider: str = "",
) -> Batch | None:
    """Take the next due batch under a lease; its deliveries still count as pending."""
    row = connection.execute(next_batch(now, issue=issue, provider=provider)).one_or_none()
    if row is None:
        return None
    here = (batches.c.issue == row.issue) & (batches.c.lo == row.lo)
    connection.execute(update(batches).where(here).values(state="claimed", owner=owner, lease_until=lease_until))
    return Batch(issue=row.issue, lo=row.lo, hi=row.hi, tries=row.tries, owner=owner)


def queued(connection: Connection, batch: Batch) -> list[Queued]:
    """Return the deliveries of a batch that are still to be made, in order of position."""
    statement = select(
        deliveries.c.subscriber, deliveries.c.position, deliveries.c.selection, deliveries.c.variant
    ).where(in_range(batch), deliveries.c.state == "pending")
    return [
        Queued(subscriber=row.subscriber, position=row.position, selection=row.selection, variant=row.variant)
        for row in connection.execute(statement.order_by(deliveries.c.position)).all()
    ]


def start(
    connection: Connection,
    batch: Batch,
    *,
    attempt: str,
    provider: str,
    payload: bytes,
    recipients: int,
    now: datetime,
    lease_until: datetime,
) -> bool:
    """Write down, before the call, that it begins.

    False, with nothing written, if the batch is no longer ours or if somebody left it since it was read: the
    caller builds it again.
    """
    ours = update(batches).where(_held(batch, "claimed"))
    pending = update(deliveries).where(in_range(batch), deliveries.c.state == "pending")
    with connection.begin_nested() as step:
        taken = connection.execute(ours.values(state="in_flight", lease_until=lease_until, tries=batch.tries + 1))
        # One number for everybody in the call, even for whom an editor's word brought back: by it they are found again.
        made = select(func.max(deliveries.c.attempts)).where(in_range(batch), deliveries.c.state == "pending")
        turn = (connection.execute(made).scalar_one() or 0) + 1
        marked = connection.execute(pending.values(state="in_flight", attempts=turn))
        if taken.rowcount != 1 or marked.rowcount != recipients:
            step.rollback()
            return False
    connection.execute(
        insert(attempts).values(
            id=attempt,
            issue=batch.issue,
            lo=batch.lo,
            hi=batch.hi,
            provider=provider,
            payload_hash=hashlib.sha256(payload).hexdigest(),
            payload_bytes=len(payload),
            recipients=recipients,
            started_at=now,
            turn=turn,
        )
    )
    return True


def settle(
    connection: Connection,
    batch: Batch,
    outcomes: Sequence[tuple[str, Outcome]],
    *,
    attempt: str,
    now: datetime,
    retry_at: datetime,
    ask_at: datetime,
) -> bool:
    """Write down what became of each (subscriber, outcome) of a started batch.

    False, with the attempt alone telling what the provider answered, if the lease ran out meanwhile: its deliveries
    are unknown then (see ``doubts.resolve``). ask_at: when the provider is asked about those that are in doubt.
    """
    states = {outcome.state for _, outcome in outcomes}
    evidence = next((outcome.reason for _, outcome in outcomes if outcome.reason), None)
    values = {"state": "pending", "due_at": retry_at} if "pending" in states else {"state": "settled"}
    # The batch first, as everywhere: two who lock in different orders wait for each other.
    held = _give_back(connection, batch, attempt, **values)
    _end_attempt(
        connection,
        attempt,
        now=now,
        outcome="mixed" if len(states) > 1 else max(states),
        evidence=evidence,
        ask_at=ask_at if "unknown" in states else None,
    )
    if not held:
        return False
    if len({outcome for _, outcome in outcomes}) == 1:
        outcome = outcomes[0][1]
        everyone = update(deliveries).where(in_range(batch), deliveries.c.state == "in_flight")
        connection.execute(
            everyone.values(
                state=outcome.state, provider_id=fitted(outcome.provider_id, 200), reason=fitted(outcome.reason, 200)
            )
        )
    else:
        one = update(deliveries).where(
            deliveries.c.issue == batch.issue,
            deliveries.c.subscriber == bindparam("who"),
            deliveries.c.state == "in_flight",
        )
        connection.execute(
            one.values(state=bindparam("became"), provider_id=bindparam("its_id"), reason=bindparam("why")),
            [
                {
                    "who": who,
                    "became": each.state,
                    "its_id": fitted(each.provider_id, 200),
                    "why": fitted(each.reason, 200),
                }
                for who, each in outcomes
            ],
        )
    if "pending" in states:
        give_up_if_cancelled(connection, issue=batch.issue, lo=batch.lo, hi=batch.hi)
    return True


def release(connection: Connection, batch: Batch, *, due_at: datetime) -> None:
    """Give a claimed batch back without having tried it."""
    ours = update(batches).where(_held(batch, "claimed"))
    connection.execute(ours.values(state="pending", due_at=due_at, owner=None, lease_until=None))


def close(connection: Connection, batch: Batch) -> None:
    """Settle a claimed batch in which nobody is left."""
    ours = update(batches).where(_held(batch, "claimed"))
    connection.execute(ours.values(state="settled", owner=None, lease_until=None))


def split(connection: Connection, batch: Batch, *, attempt: str, now: datetime, reason: str) -> bool:
    """Put a refused batch back as two halves, so that one bad address is found without hurting the others.

    The batch holds at least two positions. False if its lease ran out meanwhile: it stays as it is, see ``settle``.
    """
    middle = (batch.lo + batch.hi) // 2
    held = _give_back(connection, batch, attempt, hi=middle, state="pending", tries=0)
    _end_attempt(connection, attempt, now=now, outcome="split", evidence=reason)
    if not held:
        return False
    back = update(deliveries).where(in_range(batch), deliveries.c.state == "in_flight")
    connection.execute(back.values(state="pending"))
    connection.execute(
        insert(batches).values(issue=batch.issue, lo=middle + 1, hi=batch.hi, state="pending", due_at=now, tries=0)
    )
    give_up_if_cancelled(connection, issue=batch.issue, lo=batch.lo, hi=batch.hi)
    return True


def give_up_if_cancelled(connection: Connection, *, issue: int, lo: int, hi: int) -> None:
    """Exclude what was queued again after its issue was cancelled: nobody else would ever do it."""
    # Held: one who cancels in this very moment would see neither what is queued here, nor be seen.
    state = select(issues.c.state).where(issues.c.id == issue).with_for_update()
    if connection.execute(state).scalar_one_or_none() != "cancelled":
        return
    here = (deliveries.c.issue == issue) & deliveries.c.position.between(lo, hi)
    back = update(deliveries).where(here, deliveries.c.state == "pending")
    connection.execute(back.values(state="excluded", reason="cancelled"))
    inside = (batches.c.issue == issue) & batches.c.lo.between(lo, hi)
    connection.execute(update(batches).where(inside, batches.c.state == "pending").values(state="settled"))


def take_back_rejections(connection: Connection, issue: int) -> int:
    """Make everybody whom an issue's provider rejected pending again; return how many."""
    rejected = (deliveries.c.issue == issue) & (deliveries.c.state == "rejected")
    inside = exists().where(rejected, deliveries.c.position >= batches.c.lo, deliveries.c.position <= batches.c.hi)
    theirs = (batches.c.issue == issue) & (batches.c.state == "settled")
    connection.execute(update(batches).where(theirs, inside).values(state="pending", tries=0))
    return connection.execute(update(deliveries).where(rejected).values(state="pending", reason=None)).rowcount


def divide(connection: Connection, batch: Batch, *, now: datetime) -> None:
    """Put a claimed batch that is too large for one call back as two halves; it holds at least two positions."""
    middle = (batch.lo + batch.hi) // 2
    ours = update(batches).where(_held(batch, "claimed"))
    if connection.execute(ours.values(hi=middle, state="pending", owner=None, lease_until=None)).rowcount == 1:
        other = {"lo": middle + 1, "hi": batch.hi, "state": "pending", "due_at": now, "tries": batch.tries}
        connection.execute(insert(batches).values(issue=batch.issue, **other))


def _give_back(connection: Connection, batch: Batch, attempt: str, **values: object) -> bool:
    """End the call for a batch; False if its lease ran out meanwhile, even if the batch is called for again by now."""
    # An editor's word lets a batch begin anew, and the same process may hold it again: then its call is another one.
    under_way = exists().where(attempts.c.id == attempt, attempts.c.ended_at.is_(None))
    ours = update(batches).where(_held(batch, "in_flight"), under_way)
    return connection.execute(ours.values(**values, owner=None, lease_until=None)).rowcount == 1


def _end_attempt(
    connection: Connection,
    attempt: str,
    *,
    now: datetime,
    outcome: str,
    evidence: str | None,
    ask_at: datetime | None = None,
) -> None:
    ended = {"ended_at": now, "outcome": outcome, "evidence": fitted(evidence, 300), "ask_at": ask_at}
    connection.execute(update(attempts).where(attempts.c.id == attempt).values(**ended))


def _held(batch: Batch, state: str) -> Any:
    """Match the batch while it is in ``state`` by the very claim that gave ``batch`` out."""
    return and_(
        batches.c.issue == batch.issue,
        batches.c.lo == batch.lo,
        batches.c.hi == batch.hi,
        batches.c.state == state,
        batches.c.owner == batch.owner,
        batches.c.tries == batch.tries + (state == "in_flight"),
    )


def fitted(words: str | None, size: int) -> str | None:
    """Cut what a provider wrote to its column, and take out what a database refuses (NUL, lone surrogates)."""
    return None if words is None else words.replace("\0", "").encode(errors="replace").decode()[:size]


def void_leases(connection: Connection, *, now: datetime, all_of_them: bool) -> int:
    """Undo what dead processes held: claimed → pending, in flight → unknown. Return how many became unknown.

    ``all_of_them``: nobody else can be alive (SQLite, under the lock); else only leases that ran out.
    """
    held = batches.c.state.in_(("claimed", "in_flight"))
    over = held if all_of_them else and_(held, batches.c.lease_until < now)
    unknown = 0
    # All in one step that never waits: who hears events holds the same rows, and neither may wait for the other.
    lost = select(batches).where(over).with_for_update(skip_locked=True)
    for row in connection.execute(lost).all():
        here = (batches.c.issue == row.issue) & (batches.c.lo == row.lo)
        free = update(batches).where(here).values(owner=None, lease_until=None)
        if row.state == "claimed":
            connection.execute(free.values(state="pending"))
            continue
        batch = Batch(issue=row.issue, lo=row.lo, hi=row.hi, tries=row.tries, owner=row.owner)
        reason = "the process ended while the provider was being called"
        marked = update(deliveries).where(in_range(batch), deliveries.c.state == "in_flight")
        unknown += connection.execute(marked.values(state="unknown", reason=reason)).rowcount
        open_ones = (attempts.c.issue == row.issue) & (attempts.c.lo == row.lo) & attempts.c.ended_at.is_(None)
        ended = {"ended_at": now, "outcome": "unknown", "evidence": reason, "ask_at": now}
        connection.execute(update(attempts).where(open_ones).values(**ended))
        connection.execute(free.values(state="settled"))
    return unknown


def next_due(connection: Connection, *, issue: int | None = None) -> datetime | None:
    """Return when the next pending batch of an issue in sending is due."""
    statement = select(func.min(batches.c.due_at)).where(
        batches.c.state == "pending",
        exists().where(issues.c.id == batches.c.issue, issues.c.state == "sending"),
    )
    if issue is not None:
        statement = statement.where(batches.c.issue == issue)
    return connection.execute(statement).scalar_one_or_none()


def finished(connection: Connection) -> list[int]:
    """Return issues in sending of which no batch is left to send."""
    left = exists().where(batches.c.issue == issues.c.id, batches.c.state != "settled")
    statement = select(issues.c.id).where(issues.c.state == "sending", ~left)
    return list(connection.execute(statement).scalars())


def withdraw(connection: Connection, subscriber: str, *, issue_ids: Sequence[int] | None, reason: str) -> int:
    """Exclude what is still queued for a person (of the given issues, or of all); return how many."""
    statement = update(deliveries).where(deliveries.c.subscriber == subscriber, deliveries.c.state == "pending")
    if issue_ids is not None:
        statement = statement.where(deliveries.c.issue.in_(issue_ids))
    return connection.execute(statement.values(state="excluded", reason=reason)).rowcount


def withdraw_all(connection: Connection, issue: int, *, reason: str) -> int:
    """Exclude everything of an issue that is still queued; return how many."""
    statement = update(deliveries).where(deliveries.c.issue == issue, deliveries.c.state == "pending")
    return connection.execute(statement.values(state="excluded", reason=reason)).rowcount


def in_range(batch: Batch) -> Any:
    """Match the deliveries of a batch."""
    return and_(deliveries.c.issue == batch.issue, deliveries.c.position >= batch.lo, deliveries.c.position <= batch.hi)


def runs(queue: Sequence[Queued]) -> Iterator[tuple[tuple[str, int], list[Queued]]]:
    """Part a batch's deliveries into stretches of one (variant, selection)."""
    for key, group in groupby(queue, key=lambda each: (each.variant, each.selection)):
        yield key, list(group)
