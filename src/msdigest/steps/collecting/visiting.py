"""One visit: ask the source, enrich what it shows. Runs in a visitor's thread and keeps nothing."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from msdigest.errors import CollectError, FetchError, StoreError
from msdigest.markup.links import canonical_link
from msdigest.ports import NO_VALIDATORS, Memory
from msdigest.steps.collecting.reports import Visited, reason
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store
from msdigest.store.keeping import Found
from msdigest.store.recognising import LINK, SAID, TOLD, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.entry import Entry, Known
    from msdigest.model.source import Source
    from msdigest.ports import Collected, Collector, Network, Sandbox
    from msdigest.store.database import Database
    from msdigest.store.sources import SourceState

log = logging.getLogger(__name__)

# A clock that is a little wrong is forgiven; a date further ahead is none.
FUTURE_ALLOWED = timedelta(days=1)
# Entries that are enriched in one go: within the time that the sandbox gives, even where each is long.
TOGETHER = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors:
    """What a visit needs.

    enrich: says what can be known from entries alone; at most ``TOGETHER`` at a time.
    enrich_there: the same for collectors that do it where they read; see ``Memory.enrich``.
    words: what that goes by, e.g. the vocabulary; if it changed, what was read before is read again.
    """

    database: Database
    network: Network
    sandbox: Sandbox
    clock: Clock
    collectors: Mapping[str, Collector]
    enrich: Callable[[Sequence[Entry]], Sequence[Entry]]
    words: str = ""
    enrich_there: Callable[[Sequence[Entry]], Sequence[Entry]] | None = None


def visit(visitors: Visitors, asked: tuple[Source, SourceState], *, accept: bool = False) -> Visited:
    """Visit a source; what goes wrong there is the visit's result. Raises StoreError only."""
    configured, state = asked
    read_as = _read_as(configured, visitors.words)
    before, _, body_hash = (state.body_hash or "").partition(":")
    rereading = bool(before) and before != read_as
    afresh = before != read_as or accept
    source = replace(configured, url=state.address or configured.url)
    now = visitors.clock.now()
    looked_at = _held(visitors.database, source.id) if accept else {}
    memory = Memory(
        now=now,
        since=min(state.last_success, now) if state.last_success else None,
        # A 304 or an equal body says nothing new only to those who read it as before.
        validators=NO_VALIDATORS if afresh else state.validators,
        body_hash=None if afresh else (body_hash or None),
        notes={} if afresh else state.notes,
        known=partial(_known, visitors.database, source.id),
        seen=partial(_seen, visitors.database, source.id),
        enrich=visitors.enrich_there,
        accept=accept,
    )
    done = Visited(
        source=configured,
        state=state,
        read_as=read_as,
        rereading=rereading,
        looked_at=frozenset(looked_at),
        result=CollectError(),
    )
    try:
        result = _collector(visitors, source)(source, memory, visitors.network.visiting(source), visitors.sandbox)
        found = _found(source, result, enrich=visitors.enrich, now=visitors.clock.now())
    except (FetchError, CollectError) as error:
        return replace(done, result=error)
    except StoreError:
        raise
    except Exception as error:
        # A fault of ours that one source brings to light must not keep the others from being read.
        log.exception("visit broke source=%s", source.id)
        message = f"{source.url} could not be read, through a fault of msdigest ({type(error).__name__})"
        return replace(done, result=CollectError(message))
    certain: list[Found] = []
    doubtful: list[Found] = []
    for each in found:
        # What an editor has looked at is certain, and nothing that appeared or changed since.
        is_certain = not each.entry.doubts or looked_at.get(fit(each.entry.key)) == reason(each)
        (certain if is_certain else doubtful).append(each)
    return replace(done, result=result, found=certain, doubtful=doubtful)


def _collector(visitors: Visitors, source: Source) -> Collector:
    if source.kind not in visitors.collectors:
        message = f"source {source.id} is of kind {source.kind!r}, which msdigest cannot read"
        raise CollectError(message)
    return visitors.collectors[source.kind]


def _read_as(source: Source, words: str) -> str:
    """Return 16 hex digits of all that decides what entries are made of a body, but for the body."""
    own = (source.kind, source.reading, source.filter, source.entry_kind, source.audience, source.evidence)
    told = [*own, sorted(source.options.items()), words]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def _known(database: Database, source_id: str) -> list[Known]:
    with database.reading() as connection:
        return entry_store.known_of(connection, source_id)


def _held(database: Database, source_id: str) -> dict[str, str]:
    """Return why each thing of the source is held, by its key."""
    with database.reading() as connection:
        return {each.key: each.reason for each in source_store.all_held(connection) if each.source == source_id}


def _seen(database: Database, source_id: str, keys: Iterable[str]) -> frozenset[str]:
    with database.reading() as connection:
        return entry_store.seen_of(connection, source_id, keys)


def _found(
    source: Source, result: Collected, *, enrich: Callable[[Sequence[Entry]], Sequence[Entry]], now: datetime
) -> list[Found]:
    links = Counter(name for entry in result.entries for name in _links(entry.url))
    own_places = {*_links(source.url), *_links(result.moved_to or source.url)}
    taken = [entry for entry in result.entries if result.filtered or source.takes(entry.title, entry.text)]
    found = []
    for start in range(0, len(taken), TOGETHER):
        some = [_believable(entry, now) for entry in taken[start : start + TOGETHER]]
        for entry, more in zip(some, some if result.enriched else enrich(some), strict=True):
            # Anybody may write any name into a feed; registers and services give their own.
            told = TOLD if result.whole else ""
            marks = [f"{told}{own.scheme}:{own.value}" for own in entry.same_as]
            # A link that several entries share, or that is the source itself, names none of them; a place on it may.
            link = next((name for name in _links(entry.url) if links[name] == 1 and name not in own_places), "")
            if link:
                marks.append(f"{LINK}{link}")
            if result.whole:
                marks.append(_said(source, entry))
            # What a feed shows is known by its names; keeping its text once more would be for nothing.
            shown = "" if result.whole else entry.text
            at_home = not result.whole or _site(entry.url) == _site(source.url)
            found.append(Found(entry=more, shown=shown, marks=tuple(marks), owned=at_home))
    return found


def _said(source: Source, entry: Entry) -> str:
    """Return the mark of what an entry says: its title and day, by which it is known when ids and links change."""
    day = entry.published.date().isoformat() if entry.published else ""
    said = hashlib.sha256(f"{entry.title}\n{day}".encode()).hexdigest()[:32]
    return f"{SAID}{source.id}:{said}"


def _links(url: str) -> list[str]:
    """Return the names that an entry has by its address: without and, if there is one, with its fragment."""
    link, fragment = canonical_link(url), url.partition("#")[2]
    return [name for name in (link, f"{link}#{fragment}" if link and fragment else "") if name]


def _site(url: str) -> str:
    """Return the site of an address, e.g. ``blog.example``."""
    return canonical_link(url).partition("/")[0]


def _believable(entry: Entry, now: datetime) -> Entry:
    """Drop a date that lies ahead: it would sort first for ever. When it was first seen counts then."""
    if entry.published is not None and entry.published > now + FUTURE_ALLOWED:
        return replace(entry, published=None, precision=None)
    return entry
