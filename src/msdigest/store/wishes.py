"""Wishes: what freezing has to know of people, read without making anything else of their records.

Neither address nor name nor evidence of consent is looked at, and people who wish for the same are one wish.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from msdigest.model.subscriber import Subscriber
from msdigest.store.audience import settings_in, topics_in
from msdigest.store.schema import subscribers, subscriptions, suppressions
from msdigest.store.variants import variant_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from msdigest.model.subscriber import Frequency
    from msdigest.ports import Sealer
    from msdigest.store.audience import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody chose, and in which variant they read; ``topics`` or ``kinds`` empty = all."""

    topics: tuple[str, ...] = field(repr=False)
    kinds: tuple[str, ...] = field(repr=False)
    frequency: Frequency
    audience: str
    variant: str


class Candidate(NamedTuple):
    """Somebody who subscribed and did not leave; ``reason``: why they get nothing whatever they wish."""

    id: str
    reason: str | None
    wish: Wish


def candidates(connection: Connection, vault: Sealer, digest: str, *, after: str = "", limit: int) -> list[Candidate]:
    """Return the next ``limit`` people who subscribed to ``digest`` and did not leave, in the order of their ids.

    ``after``: the id of the last one of the chunk before; so a walk over all holds one chunk in memory.
    """
    statement = (
        select(
            subscriptions.c.subscriber,
            subscriptions.c.state,
            subscriptions.c.sealed,
            subscribers.c.sealed.label("person"),
            suppressions.c.lookup,
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
        .outerjoin(suppressions, suppressions.c.lookup == subscribers.c.lookup)
        .where(subscriptions.c.digest == digest, subscriptions.c.state != "ended")
        .where(subscriptions.c.subscriber > after)
        .order_by(subscriptions.c.subscriber)
        .limit(limit)
    )
    found = []
    for who, state, chosen, person, suppressed in connection.execute(statement).all():
        reason = "suppressed" if suppressed else "paused" if state == "paused" else None
        topics, kinds, frequency = topics_in(vault.open(chosen, about=f"{who}/{digest}"))
        _, _, language, _, theme, audience, *more = settings_in(vault.open(person, about=who))
        wish = _wish(topics, kinds, frequency, language, theme, audience, bool(more and more[0]))
        found.append(Candidate(who, reason, wish))
    return found


def wish_of(member: Member) -> Wish:
    """Return what somebody wishes of whom all is known."""
    chosen, person = member.subscription, member.subscriber
    return Wish(
        topics=chosen.topics,
        kinds=chosen.kinds,
        frequency=chosen.frequency,
        audience=person.audience,
        variant=variant_of(person).id,
    )


@lru_cache(maxsize=4_096)
def _wish(
    topics: tuple[str, ...],
    kinds: tuple[str, ...],
    frequency: Frequency,
    language: str,
    theme: str,
    audience: str,
    neutral: bool,  # noqa: FBT001  # by place: a million times a digest
) -> Wish:
    nobody = Subscriber(id="", address="", language=language, theme=theme, audience=audience, neutral=neutral)
    return Wish(topics=topics, kinds=kinds, frequency=frequency, audience=audience, variant=variant_of(nobody).id)
