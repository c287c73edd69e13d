"""Readers: the people of a batch with no more of their records than a message is made of, read in one statement.

A million are read for an issue. ``audience`` tells all that is known of somebody, in three facts of eight values each;
that takes longer than opening the seals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, select

from msdigest.store.audience import chosen_in, settings_in
from msdigest.store.ledger import Queued, in_range
from msdigest.store.schema import deliveries, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Select

    from msdigest.model.subscriber import Consent
    from msdigest.ports import Sealer
    from msdigest.store.ledger import Batch

_STOPPED = {"ended": "left", "paused": "paused"}


class Reader(NamedTuple):
    """How one person is reached; ``stopped``: why they may no longer be mailed, or None.

    A tuple, because a frozen dataclass takes four times as long to make.
    """

    id: str
    address: str
    name: str
    zone: str
    consent: Consent
    stopped: str | None

    def __repr__(self) -> str:
        """Name nobody: this may stand in a traceback."""
        return f"Reader(id={self.id!r})"


def in_batch(digest: str, batch: Batch) -> Select[Any]:
    """Return the statement that reads what is still to be made of a batch; its plan is pinned by a test."""
    place = deliveries.c.position
    told = (place, deliveries.c.selection, deliveries.c.variant)
    theirs = and_(subscriptions.c.subscriber == deliveries.c.subscriber, subscriptions.c.digest == digest)
    return (
        _people(deliveries.c.subscriber, *told)
        .select_from(deliveries)
        .outerjoin(subscriptions, theirs)
        .outerjoin(subscribers, subscribers.c.id == subscriptions.c.subscriber)
        .outerjoin(suppressions, suppressions.c.lookup == subscribers.c.lookup)
        .where(in_range(batch), deliveries.c.state == "pending")
        .order_by(place)
    )


def of_batch(
    connection: Connection, vault: Sealer, digest: str, batch: Batch
) -> tuple[list[Queued], dict[str, Reader]]:
    """Return the deliveries of a batch that are still to be made, in order of position, and who gets them.

    Whoever is forgotten has a delivery and is not among the people.
    """
    rows = connection.execute(in_batch(digest, batch)).all()
    queue = [Queued(who, position, selection, variant) for *_, who, position, selection, variant in rows]
    return queue, _readers(vault, digest, (row[:5] for row in rows))


def by_ids(connection: Connection, vault: Sealer, digest: str, ids: Sequence[str]) -> dict[str, Reader]:
    """Return people with a subscription to ``digest`` by id; forgotten ones are missing."""
    statement = (
        _people(subscribers.c.id)
        .select_from(subscriptions)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
        .outerjoin(suppressions, suppressions.c.lookup == subscribers.c.lookup)
        .where(subscriptions.c.digest == digest, subscriptions.c.subscriber.in_(ids))
    )
    return _readers(vault, digest, connection.execute(statement).all())


def _people(*more: Any) -> Select[Any]:
    return select(
        subscriptions.c.state,
        subscriptions.c.sealed,
        subscribers.c.sealed.label("person"),
        suppressions.c.lookup,
        *more,
    )


def _readers(vault: Sealer, digest: str, rows: Iterable[Any]) -> dict[str, Reader]:
    readers = {}
    for state, chosen, sealed, suppressed, who in rows:
        if sealed is not None:
            address, name, _, zone, *_ = settings_in(vault.open(sealed, about=who))
            consent, *_ = chosen_in(vault.open(chosen, about=f"{who}/{digest}"))
            stopped = "suppressed" if suppressed else _STOPPED.get(state)
            readers[who] = Reader(who, address, name, zone, consent, stopped)
    return readers
