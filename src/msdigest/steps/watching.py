"""Watching: how every source fares, and what is held for the editors."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from msdigest.model.health import Past, health
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.model.health import Health
    from msdigest.model.source import Source
    from msdigest.store.database import Transaction
    from msdigest.store.sources import Held, SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A source, how it fares, and what of it is held, oldest first."""

    source: Source
    health: Health
    held: tuple[Held, ...] = ()


def watch(connection: Transaction, sources: Sequence[Source], *, now: datetime) -> list[Watched]:
    """Look at what is remembered of ``sources``, in their order; nobody is asked."""
    states, held = source_store.states(connection), source_store.all_held(connection)
    found = []
    for source in sources:
        state = states.get(source.id)
        waiting = tuple(each for each in held if each.source == source.id)
        dates = entry_store.rhythm_of(connection, source.id) if source.own_rhythm and state else ()
        fares = health(source, _past(state), reasons=[_reason(each) for each in waiting], dates=dates, now=now)
        found.append(Watched(source=source, health=fares, held=waiting))
    return found


def _past(state: SourceState | None) -> Past | None:
    return None if state is None else Past(**{field.name: getattr(state, field.name) for field in fields(Past)})


def _reason(held: Held) -> str:
    """Return why something is held; the key tells that it is one thing of several, then its title says which."""
    return f"{held.title}: {held.reason}" if held.key else held.reason
