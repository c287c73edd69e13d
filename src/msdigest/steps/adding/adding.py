"""Adding: what an editor typed becomes an entry like any other, clean, enriched and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from msdigest.errors import RefusedError, TypedError
from msdigest.markup.links import canonical_link
from msdigest.model.change import alike
from msdigest.model.typed import EDITOR
from msdigest.steps.adding.reading import read
from msdigest.store import entries as entry_store
from msdigest.store import keeping
from msdigest.store import sources as source_store
from msdigest.store.recognising import LINK
from msdigest.store.sources import SourceState
from msdigest.store.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.entry import ChangeKind, Entry
    from msdigest.model.source import Source
    from msdigest.model.topic import Vocabulary
    from msdigest.model.typed import Typed
    from msdigest.ports import Enrichment
    from msdigest.store.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is needed to add an entry; ``site_url``: where an entry without an address of its own stands."""

    database: Database
    clock: Clock
    sources: Sequence[Source]
    vocabulary: Vocabulary
    enrichments: Sequence[Enrichment]
    site_url: str


@dataclass(frozen=True, slots=True)
class Added:
    """An entry as it was kept; ``change`` None = it was there already, word for word."""

    entry: Entry
    change: ChangeKind | None


def desks(sources: Sequence[Source]) -> list[Source]:
    """Return the sources whose entries are typed."""
    return [source for source in sources if source.kind == EDITOR and source.enabled]


def add(desk: Desk, typed: Typed, *, source_id: str = "") -> Added:
    """Keep what was typed as an entry of the source ``source_id`` (empty: the only one that editors type for).

    The same address and title again, or nearly so, change the entry. Raises TypedError with every fault, and
    RefusedError where no such source is configured.
    """
    source = _source(desk.sources, source_id)
    entry, shown = read(typed, source, vocabulary=desk.vocabulary, enrichments=desk.enrichments)
    with desk.database.writing() as connection:
        # The time is told when it is our turn: an issue's cut-off may have been drawn while we waited.
        take_turn(connection)
        now = desk.clock.now()
        entry_id = str(uuid4())
        key = _key(connection, source, entry) or entry_id
        url = entry.url or f"{desk.site_url}/entry/{key}/"
        entry = replace(entry, key=key, url=url)
        # An editor's words count as much as those of the site that the link leads to.
        found = keeping.Found(entry=entry, shown=shown, marks=_marks(entry, source), owned=True)
        (kept,) = keeping.keep(connection, [found], source=source.id, gone=(), now=now, new_id=lambda: entry_id)
        after = entry_store.get_many(connection, [kept.id])[kept.id]
        if after.source != source.id:
            message = f"it is collected already, as entry {after.id} of {after.source}: {after.title}"
            raise TypedError({"url": message})
        state = source_store.states(connection).get(source.id) or SourceState(id=source.id, url=source.url)
        if kept.change == "new":
            source_store.remember(connection, [(source, replace(state, last_new=now))])
    return Added(after, kept.change)


def _source(sources: Sequence[Source], source_id: str) -> Source:
    found = desks(sources)
    named = [source for source in found if source_id in ("", source.id)]
    if len(named) == 1:
        return named[0]
    if not found:
        message = (
            'no source is for entries that are typed: add [[source]] with id = "manual" and kind = "editor" to '
            "config/sources.toml"
        )
        raise RefusedError(message)
    known = ", ".join(source.id for source in found)
    message = f"there is no source {source_id!r} of kind editor; known: {known}"
    raise RefusedError(message if source_id else f"there are several sources of kind editor, name one: {known}")


def _key(connection: Transaction, source: Source, entry: Entry) -> str | None:
    """Return the key of what was typed before for the same address and title, or nearly so."""
    ours = entry_store.newest(connection, source=source.id)
    here = [one for one in ours if _address(one) == _address(entry)]
    same = [one for one in here if one.title.casefold() == entry.title.casefold()]
    before = next(iter(same or ([one for one in here if alike(one, entry)] if entry.url else [])), None)
    if before is None:
        return None
    return next(place.key for place in entry_store.places_of(connection, before.id) if place.source == source.id)


def _address(entry: Entry) -> str:
    """Return the address by which an entry is recognised; a place on a page is one of its own. Our page is none."""
    if entry.url.endswith(f"/entry/{entry.id}/"):
        return ""
    return "#".join(part for part in (canonical_link(entry.url), entry.url.partition("#")[2]) if part)


def _marks(entry: Entry, source: Source) -> tuple[str, ...]:
    names = tuple(f"{own.scheme}:{own.value}" for own in entry.same_as)
    address = _address(entry)
    return (*names, f"{LINK}{address}") if address and address != canonical_link(source.url) else names
