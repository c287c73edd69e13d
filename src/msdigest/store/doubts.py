"""Doubts: calls of which nobody knows whether the provider acted on them, until that is found out.

A call in doubt is an attempt with people who are unknown. Nobody is mailed again while they are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, exists, func, select, update

from msdigest.store.attempts import Attempt, attempt_of
from msdigest.store.ledger import Queued, fitted, give_up_if_cancelled
from msdigest.store.schema import attempts, batches, deliveries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from msdigest.model.delivery import Outcome


def _unknown_in(lo: object, hi: object, *, issue: object, turn: object) -> ColumnElement[bool]:
    """Match whoever a call left unknown: it was the last one that they were in."""
    return and_(
        deliveries.c.issue == issue,
        deliveries.c.position >= lo,
        deliveries.c.position <= hi,
        deliveries.c.attempts == turn,
        deliveries.c.state == "unknown",
    )


def _unknown_of(attempt: Attempt) -> ColumnElement[bool]:
    return _unknown_in(attempt.lo, attempt.hi, issue=attempt.issue, turn=attempt.turn)


def due(connection: Connection, *, now: datetime, issue: int | None = None) -> str | None:
    """Return the attempt that is to be asked about next."""
    statement = select(attempts.c.id).where(attempts.c.ask_at <= now).order_by(attempts.c.ask_at, attempts.c.id)
    if issue is not None:
        statement = statement.where(attempts.c.issue == issue)
    return connection.execute(statement.limit(1)).scalar_one_or_none()


def next_due(connection: Connection, *, issue: int | None = None) -> datetime | None:
    """Return when a provider is asked next about anything."""
    statement = select(func.min(attempts.c.ask_at))
    if issue is not None:
        statement = statement.where(attempts.c.issue == issue)
    return connection.execute(statement).scalar_one_or_none()


def open_ones(connection: Connection, *, issue: int | None = None, ids: Collection[str] | None = None) -> list[Attempt]:
    """Return every call that left somebody unknown, whether or not it will be asked about by itself.

    ids: of these calls only; without, everybody of every call that did not end alike for all is looked at.
    """
    left = exists().where(_unknown_in(attempts.c.lo, attempts.c.hi, issue=attempts.c.issue, turn=attempts.c.turn))
    # An answer that came too late may say "not now" or "refused" of people who count as unknown by then.
    statement = select(attempts).where(attempts.c.outcome.not_in(("accepted", "rejected")), left)
    if issue is not None:
        statement = statement.where(attempts.c.issue == issue)
    if ids is not None:
        statement = statement.where(attempts.c.id.in_(ids))
    rows = connection.execute(statement.order_by(attempts.c.issue, attempts.c.lo, attempts.c.turn))
    return [attempt_of(row) for row in rows]


def take(connection: Connection, attempt_id: str, *, until: datetime, due: datetime | None = None) -> Attempt | None:
    """Return an attempt to ask about; no other process takes it from the list before ``until``.

    due: None is returned also if it is not on the list of that moment: another process was faster.
    """
    here = attempts.c.id == attempt_id
    wanted = select(attempts).where(here if due is None else here & (attempts.c.ask_at <= due))
    # PostgreSQL: whom another process holds just now is left to it.
    row = connection.execute(wanted.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    connection.execute(update(attempts).where(here).values(ask_at=until, held_until=until))
    return attempt_of(row)


def people(connection: Connection, attempt: Attempt) -> list[Queued]:
    """Return whoever the call left unknown, in order of position."""
    columns = (deliveries.c.subscriber, deliveries.c.position, deliveries.c.selection, deliveries.c.variant)
    statement = select(*columns).where(_unknown_of(attempt)).order_by(deliveries.c.position)
    return [Queued(**row._asdict()) for row in connection.execute(statement)]


def resolve(
    connection: Connection, attempt: Attempt, outcomes: Sequence[tuple[str, Outcome]], *, now: datetime
) -> Counter[str]:
    """Write down what became of people whom the call left unknown; return how many ended in which state.

    An outcome that is unknown or pending leaves them as they are: "surely not sent" is said of the call that was made
    now, and tells nothing of the first one.
    """
    known = [(who, each) for who, each in outcomes if each.state in {"accepted", "rejected"}]
    if not known:
        return Counter()
    settled = update(deliveries).where(_unknown_of(attempt), deliveries.c.subscriber == bindparam("who"))
    before = _count(connection, attempt)
    rows = [
        {"who": who, "became": each.state, "its_id": fitted(each.provider_id, 200), "why": fitted(each.reason, 200)}
        for who, each in known
    ]
    settled = settled.values(state=bindparam("became"), provider_id=bindparam("its_id"), reason=bindparam("why"))
    connection.execute(settled, rows)
    left = _count(connection, attempt)
    states: Counter[str] = Counter(each.state for _, each in known)
    if before - left != len(known):
        # Somebody was settled by an event meanwhile: then it is not told which of the outcomes that was.
        states = Counter({"accepted": before - left}) if states["accepted"] else Counter({"rejected": before - left})
    _tell(connection, attempt, left=left, states=+states, now=now)
    return states


def accept_all(connection: Connection, attempt: Attempt, *, provider_id: str | None, now: datetime) -> int:
    """Write down that the provider took the whole call; return how many people that settles."""
    everybody = update(deliveries).where(_unknown_of(attempt))
    values = {"state": "accepted", "provider_id": fitted(provider_id, 200), "reason": None}
    settled = connection.execute(everybody.values(**values)).rowcount
    _tell(connection, attempt, left=0, states=Counter({"accepted": settled}), now=now)
    return settled


def _count(connection: Connection, attempt: Attempt) -> int:
    return connection.execute(select(func.count()).where(_unknown_of(attempt))).scalar_one()


def _tell(connection: Connection, attempt: Attempt, *, left: int, states: Counter[str], now: datetime) -> None:
    """Let the attempt say what is known of it by now; ``states``: what became of people just now."""
    values: dict[str, object] = {"ended_at": now, "held_until": None}
    # An answer that came late has told it already.
    if states and attempt.outcome not in {"accepted", "rejected"}:
        alike = attempt.outcome == "unknown" and not left and len(states) == 1
        values["outcome"] = next(iter(states)) if alike else "mixed"
    if not left:
        values["ask_at"] = None
    connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(**values))


# What is known of the call itself stands before it; what asking about it brought stands behind it.
_SINCE = " · asked since: "


def put_off(connection: Connection, attempt: Attempt, *, at: datetime | None, evidence: str, counts: bool) -> None:
    """Ask again at a later time, or by itself no more.

    counts: the provider answered, and did not know of it; else it could not be asked.
    """
    known = _SINCE.join(filter(None, ((attempt.evidence or "").partition(_SINCE)[0], evidence)))
    asked = attempts.c.asked + int(counts)
    values = {"ask_at": at, "asked": asked, "evidence": fitted(known, 300), "held_until": None}
    connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(**values))


def requeue(connection: Connection, attempt: Attempt, *, now: datetime) -> int:
    """Queue whoever a call left unknown; return how many. Those whose batch is at work just now stay as they are."""
    inside = (batches.c.issue == attempt.issue) & batches.c.lo.between(attempt.lo, attempt.hi)
    queued = 0
    # Held until this is written down: a call that ends meanwhile would close a batch in which somebody waits again.
    for row in connection.execute(select(batches).where(inside).order_by(batches.c.lo).with_for_update()).all():
        if row.state in {"pending", "settled"}:
            back = update(deliveries).where(_unknown_of(attempt), deliveries.c.position.between(row.lo, row.hi))
            count = connection.execute(back.values(state="pending", reason=None)).rowcount
            if count and row.state == "settled":
                again = {"state": "pending", "tries": 0, "due_at": now}
                connection.execute(update(batches).where(inside, batches.c.lo == row.lo).values(**again))
            queued += count
    if queued:
        give_up_if_cancelled(connection, issue=attempt.issue, lo=attempt.lo, hi=attempt.hi)
    if not _count(connection, attempt):
        _ask_no_more(connection, attempt)
    return queued


def send_again(connection: Connection, issue: int, *, now: datetime, reason: str = "") -> int:
    """Queue everybody of an issue who is unknown; return how many. An editor decided that: ``reason`` says who.

    Whoever is in a call that is being made again, or asked about, in this very moment stays unknown for now.
    """
    queued = 0
    for listed in open_ones(connection, issue=issue):
        # Held until this is written down: ``take`` leaves it alone.
        row = connection.execute(select(attempts).where(attempts.c.id == listed.id).with_for_update()).one()
        attempt = attempt_of(row)
        if attempt.held_until is not None and attempt.held_until > now:
            continue
        queued += requeue(connection, attempt, now=now)
        evidence = fitted("; ".join(filter(None, (attempt.evidence, reason))), 300)
        connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(evidence=evidence))
    return queued


def count_as_sent(connection: Connection, issue: int, *, reason: str) -> int:
    """Take everybody of an issue who is unknown to have got it; return how many. An editor decided that."""
    for attempt in open_ones(connection, issue=issue):
        _ask_no_more(connection, attempt)
    everybody = update(deliveries).where(deliveries.c.issue == issue, deliveries.c.state == "unknown")
    return connection.execute(everybody.values(state="accepted", reason=fitted(reason, 200))).rowcount


def _ask_no_more(connection: Connection, attempt: Attempt) -> None:
    connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(ask_at=None, held_until=None))
