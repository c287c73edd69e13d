"""People: sealed by the vault before they are kept, opened only where a message is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, literal, or_, select, update

from msdigest.model.subscriber import Consent, Subscriber, Subscription
from msdigest.store import variants
from msdigest.store.schema import subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Select

    from msdigest.model.subscriber import Frequency, SubscriptionState
    from msdigest.ports import Sealer

_CHUNK = 2_000
# What json.loads does once it has looked for blanks around the document: ours has none.
_scanned = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # it is there, and the types know only of raw_decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person with one of their subscriptions; ``suppressed`` = must not be mailed."""

    subscriber: Subscriber
    subscription: Subscription
    suppressed: bool


def new_subscriber_id() -> str:
    """Return a fresh opaque id, 32 hex digits."""
    return uuid4().hex


def seal_subscriber(vault: Sealer, person: Subscriber) -> bytes:
    """Seal address, name and the person's settings."""
    plain = [
        person.address, person.name, person.language, person.zone, person.theme, person.audience, person.neutral,
    ]  # fmt: skip
    return vault.seal(json.dumps(plain, ensure_ascii=False).encode(), about=person.id)


def open_subscriber(vault: Sealer, subscriber_id: str, sealed: bytes) -> Subscriber:
    """Open what ``seal_subscriber`` sealed."""
    address, name, language, zone, theme, audience, *more = settings_in(vault.open(sealed, about=subscriber_id))
    return Subscriber(
        id=subscriber_id,
        address=address,
        name=name,
        language=language,
        zone=zone,
        theme=theme,
        audience=audience,
        neutral=bool(more and more[0]),
    )


def settings_in(plain: bytes) -> list[Any]:
    """Return what ``seal_subscriber`` sealed, once it is opened.

    What was sealed before neutral mails were known has no seventh value.
    """
    settings: list[Any] = _scanned(plain.decode(), 0)[0]
    return settings


def seal_subscription(vault: Sealer, chosen: Subscription) -> bytes:
    """Seal what a person chose and how their consent is evidenced."""
    consent = chosen.consent
    asked = [consent.at.isoformat(), consent.text, consent.source]
    plain = [list(chosen.topics), chosen.frequency, *asked, list(chosen.kinds)]
    about = f"{chosen.subscriber}/{chosen.digest}"
    return vault.seal(json.dumps(plain, ensure_ascii=False).encode(), about=about)


def _open_subscription(vault: Sealer, row: Any) -> Subscription:
    return _read_subscription(vault, row.subscriber, row.digest, row.state, row.chosen)


def _read_subscription(
    vault: Sealer, subscriber: str, digest: str, state: SubscriptionState, sealed: bytes
) -> Subscription:
    consent, topics, kinds, frequency = chosen_in(vault.open(sealed, about=f"{subscriber}/{digest}"))
    return Subscription(
        subscriber=subscriber,
        digest=digest,
        consent=consent,
        topics=topics,
        kinds=kinds,
        frequency=frequency,
        state=state,
    )


# Many people chose alike on the same day, and reading what they chose takes longer than all the rest.
@lru_cache(maxsize=1_024)
def chosen_in(plain: bytes) -> tuple[Consent, tuple[str, ...], tuple[str, ...], Frequency]:
    """Return what ``seal_subscription`` sealed, once it is opened: consent, topics, kinds and frequency."""
    # What was sealed before kinds could be chosen has no sixth value.
    topics, frequency, at, text, source, *more = _scanned(plain.decode(), 0)[0]
    consent = Consent(at=datetime.fromisoformat(at), text=text, source=source)
    return consent, tuple(topics), tuple(more[0]) if more else (), frequency


def topics_in(plain: bytes) -> tuple[tuple[str, ...], tuple[str, ...], Frequency]:
    """Return what ``seal_subscription`` sealed, once it is opened, without the consent: topics, kinds and frequency."""
    topics, frequency, _, _, _, *more = _scanned(plain.decode(), 0)[0]
    return tuple(topics), tuple(more[0]) if more else (), frequency


def members(
    connection: Connection, vault: Sealer, digest: str, *, after: str = "", limit: int = _CHUNK
) -> list[Member]:
    """Return the next ``limit`` people who ever subscribed to ``digest``, in the order of their ids.

    ``after``: the id of the last one of the chunk before; so a walk over all holds one chunk in memory.
    """
    statement = _membership(digest).where(subscriptions.c.subscriber > after)
    statement = statement.order_by(subscriptions.c.subscriber).limit(limit)
    return [_member(vault, row) for row in connection.execute(statement).all()]


def members_by_ids(connection: Connection, vault: Sealer, digest: str, ids: Sequence[str]) -> dict[str, Member]:
    """Return people with their subscription to ``digest`` by id; forgotten ones are missing."""
    statement = _membership(digest).where(subscriptions.c.subscriber.in_(ids))
    return {row.subscriber: _member(vault, row) for row in connection.execute(statement).all()}


def _membership(digest: str) -> Select[Any]:
    columns = (
        subscriptions.c.subscriber,
        subscriptions.c.digest,
        subscriptions.c.state,
        subscriptions.c.sealed.label("chosen"),
        subscribers.c.sealed.label("person"),
        suppressions.c.lookup.is_not(None).label("suppressed"),
    )
    return (
        select(*columns)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
        .outerjoin(suppressions, suppressions.c.lookup == subscribers.c.lookup)
        .where(subscriptions.c.digest == digest)
    )


def _member(vault: Sealer, row: Any) -> Member:
    # By place: a row looks for a name each time it is asked, a million times a digest.
    subscriber, digest, state, chosen, person, suppressed = row
    return Member(
        subscriber=open_subscriber(vault, subscriber, person),
        subscription=_read_subscription(vault, subscriber, digest, state, chosen),
        suppressed=bool(suppressed),
    )


def all_members(connection: Connection, vault: Sealer, digest: str) -> Iterator[Member]:
    """Walk over everybody who ever subscribed to ``digest``, chunk by chunk."""
    after = ""
    while chunk := members(connection, vault, digest, after=after):
        yield from chunk
        after = chunk[-1].subscriber.id


def by_ids(connection: Connection, vault: Sealer, ids: Sequence[str]) -> dict[str, Subscriber]:
    """Return people by id; forgotten ones are missing."""
    statement = select(subscribers.c.id, subscribers.c.sealed).where(subscribers.c.id.in_(ids))
    return {row.id: open_subscriber(vault, row.id, row.sealed) for row in connection.execute(statement).all()}


def ids_beginning(connection: Connection, beginning: str, *, limit: int = 2) -> list[str]:
    """Return up to ``limit`` ids of people that begin so."""
    statement = select(subscribers.c.id).where(subscribers.c.id.startswith(beginning, autoescape=True)).limit(limit)
    return list(connection.execute(statement).scalars())


def subscriptions_of(
    connection: Connection, vault: Sealer, ids: Sequence[str], *, digest: str | None = None
) -> dict[tuple[str, str], Subscription]:
    """Return what people chose, by (subscriber, digest)."""
    statement = select(
        subscriptions.c.subscriber,
        subscriptions.c.digest,
        subscriptions.c.state,
        subscriptions.c.sealed.label("chosen"),
    ).where(subscriptions.c.subscriber.in_(ids))
    if digest is not None:
        statement = statement.where(subscriptions.c.digest == digest)
    rows = connection.execute(statement).all()
    return {(row.subscriber, row.digest): _open_subscription(vault, row) for row in rows}


def by_lookups(connection: Connection, vault: Sealer, lookups: Sequence[str]) -> dict[str, Subscriber]:
    """Return people by the keyed hash of their address."""
    columns = (subscribers.c.lookup, subscribers.c.id, subscribers.c.sealed)
    rows = connection.execute(select(*columns).where(subscribers.c.lookup.in_(lookups)))
    return {row.lookup: open_subscriber(vault, row.id, row.sealed) for row in rows}


def suppressed_among(connection: Connection, lookups: Sequence[str]) -> dict[str, str]:
    """Return keyed hash → reason for those of ``lookups`` that must not be mailed."""
    statement = select(suppressions.c.lookup, suppressions.c.reason).where(suppressions.c.lookup.in_(lookups))
    return {row.lookup: row.reason for row in connection.execute(statement)}


def add_people(
    connection: Connection, vault: Sealer, people: Sequence[tuple[str, Subscriber]], *, now: datetime
) -> None:
    """Keep new people, given as (keyed hash, person)."""
    if people:
        rows = [
            {"id": person.id, "lookup": lookup, "sealed": seal_subscriber(vault, person), "created": now}
            for lookup, person in people
        ]
        connection.execute(insert(subscribers), rows)
        variants.note(connection, vault, [person for _, person in people])


def change_person(connection: Connection, vault: Sealer, person: Subscriber, *, now: datetime) -> None:
    """Keep other settings or another name of somebody who is there."""
    values = {"sealed": seal_subscriber(vault, person), "changed": now}
    connection.execute(update(subscribers).where(subscribers.c.id == person.id).values(**values))
    variants.note(connection, vault, [person])


def add_subscriptions(connection: Connection, vault: Sealer, chosen: Sequence[Subscription], *, now: datetime) -> None:
    """Keep new subscriptions."""
    if chosen:
        rows = [
            {
                "digest": each.digest,
                "subscriber": each.subscriber,
                "state": each.state,
                "sealed": seal_subscription(vault, each),
                "since": now,
            }
            for each in chosen
        ]
        connection.execute(insert(subscriptions), rows)


def change_subscription(connection: Connection, vault: Sealer, chosen: Subscription, *, now: datetime) -> None:
    """Keep another choice for a subscription that is there; its state stays."""
    here = (subscriptions.c.digest == chosen.digest) & (subscriptions.c.subscriber == chosen.subscriber)
    values = {"sealed": seal_subscription(vault, chosen), "changed": now}
    connection.execute(update(subscriptions).where(here).values(**values))


def changed_since(connection: Connection, digest: str, ids: Sequence[str], at: datetime) -> set[str]:
    """Return who of ``ids`` got another name, other settings or other evidence of consent later than ``at``."""
    statement = (
        select(subscribers.c.id)
        .outerjoin(subscriptions, (subscriptions.c.subscriber == subscribers.c.id) & (subscriptions.c.digest == digest))
        .where(subscribers.c.id.in_(ids), or_(subscribers.c.changed > at, subscriptions.c.changed > at))
    )
    return set(connection.execute(statement).scalars())


def end_subscription(connection: Connection, *, subscriber: str, digest: str, now: datetime) -> int:
    """End a subscription; return how many were ended (0 or 1)."""
    here = (subscriptions.c.digest == digest) & (subscriptions.c.subscriber == subscriber)
    statement = update(subscriptions).where(here, subscriptions.c.state != "ended")
    return connection.execute(statement.values(state="ended", ended_at=now)).rowcount


def suppress(connection: Connection, lookup: str, *, reason: str, now: datetime) -> int:
    """Never mail that address again; return 1 if that is new, else 0."""
    if connection.execute(select(literal(1)).where(suppressions.c.lookup == lookup)).first():
        return 0
    connection.execute(insert(suppressions).values(lookup=lookup, reason=reason, at=now))
    return 1


def forget(connection: Connection, subscriber: str) -> int:
    """Delete a person's record and choices; what was sent stays under the opaque id. Return 1 or 0."""
    connection.execute(delete(subscriptions).where(subscriptions.c.subscriber == subscriber))
    return connection.execute(delete(subscribers).where(subscribers.c.id == subscriber)).rowcount


def count_active(connection: Connection, digest: str) -> int:
    """Return how many people have an active subscription to ``digest``."""
    statement = select(func.count()).where(subscriptions.c.digest == digest, subscriptions.c.state == "active")
    return connection.execute(statement).scalar_one()
