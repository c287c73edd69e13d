"""Collecting: visit the sources, enrich what they show, keep it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from msdigest.errors import CollectError, FetchError, StatusError, StoreError
from msdigest.markup.links import canonical_link
from msdigest.ports import NO_VALIDATORS, Collected, Memory
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store
from msdigest.store.recognising import LINK
from msdigest.store.sources import SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.entry import Entry, Known
    from msdigest.model.source import Source
    from msdigest.ports import Collector, Enrichment, Network, Sandbox
    from msdigest.store.database import Database

log = logging.getLogger(__name__)

VISITORS = 8
USUAL_INTERVAL = timedelta(hours=1)
PAGE_INTERVAL = timedelta(hours=6)
LONGEST_INTERVAL = timedelta(hours=24)
FIRST_RETRY = timedelta(minutes=30)
# An adaptive source is asked after this part of the time since it last had something new.
QUIET_SHARE = 24
# A clock that is a little wrong is forgiven; a date further ahead is none.
FUTURE_ALLOWED = timedelta(days=1)
LONGEST_WAIT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one visit came to.

    status: ok, unchanged, waiting (asked not to come yet), failed.
    new, changed, unchanged: entries; ``new`` is counted at the source that saw an entry first.
    failed: 1 if the visit failed. warnings: sentences for the editor.
    """

    id: str
    status: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Visit:
    """A visit on its way from the visitor threads to the one thread that keeps."""

    source: Source
    state: SourceState
    read_as: str
    result: Collected | FetchError | CollectError
    found: Sequence[entry_store.Found] = ()


def collect(  # noqa: PLR0913 - the parts that a round joins, all named
    database: Database,
    network: Network,
    clock: Clock,
    *,
    sandbox: Sandbox,
    sources: Sequence[Source],
    collectors: Mapping[str, Collector],
    enrichments: Sequence[Enrichment],
    due_only: bool = False,
    read_as: str = "",
    progress: Callable[[SourceReport], None] = lambda _: None,
) -> list[SourceReport]:
    """Visit ``sources`` side by side and keep what they show, in their order; one report each.

    A source that fails never stops the others. ``due_only``: only those whose next visit is due.
    ``read_as``: what the enrichments go by, e.g. the vocabulary; if it changed, what was read before is read again.
    """
    now = clock.now()
    with database.reading() as connection:
        states = source_store.states(connection)
    reports: dict[str, SourceReport] = {}
    to_visit = []
    for source in sources:
        state = _of_this_address(source, states.get(source.id))
        if state.not_before and state.not_before > now:
            reports[source.id] = SourceReport(id=source.id, status="waiting", error=_asked_to_wait(state.not_before))
            progress(reports[source.id])
        elif not (due_only and state.next_check and state.next_check > now):
            to_visit.append((source, state))
    visit = partial(
        _visit,
        database,
        network,
        sandbox=sandbox,
        collectors=collectors,
        enrichments=enrichments,
        clock=clock,
        words=read_as,
    )
    with ThreadPoolExecutor(max_workers=VISITORS, thread_name_prefix="visitor") as visitors:
        for each in visitors.map(visit, to_visit):
            report = _keep(database, each, clock)
            reports[report.id] = report
            progress(report)
    return [reports[source.id] for source in sources if source.id in reports]


def _of_this_address(source: Source, state: SourceState | None) -> SourceState:
    """Return what is known of ``source``: what was remembered of another address belongs there."""
    if state is not None and state.url == source.url:
        return state
    fresh = SourceState(id=source.id, url=source.url)
    return replace(fresh, last_success=state.last_success, last_new=state.last_new) if state else fresh


def _asked_to_wait(until: datetime) -> str:
    return f"the server asked not to be visited before {until:%Y-%m-%d %H:%M} UTC"


def _visit(
    database: Database,
    network: Network,
    asked: tuple[Source, SourceState],
    *,
    sandbox: Sandbox,
    collectors: Mapping[str, Collector],
    enrichments: Sequence[Enrichment],
    clock: Clock,
    words: str,
) -> _Visit:
    source, state = asked
    read_as = _read_as(source, words)
    before, _, body_hash = (state.body_hash or "").partition(":")
    same = before == read_as
    memory = Memory(
        # A 304 or an equal body says nothing new only to those who read it as before.
        validators=state.validators if same else NO_VALIDATORS,
        body_hash=(body_hash or None) if same else None,
        known=partial(_known, database, source.id),
    )
    try:
        result = _collector(source, collectors)(source, memory, network.visiting(source), sandbox)
        return _Visit(source, state, read_as, result, _found(source, result, enrichments=enrichments, now=clock.now()))
    except (FetchError, CollectError) as error:
        return _Visit(source, state, read_as, error)
    except StoreError:
        raise
    except Exception as error:
        # A fault of ours that one source brings to light must not keep the others from being read.
        log.exception("visit broke source=%s", source.id)
        message = f"{source.url} could not be read, through a fault of msdigest ({type(error).__name__})"
        return _Visit(source, state, read_as, CollectError(message))


def _read_as(source: Source, words: str) -> str:
    """Return 16 hex digits of all that decides what entries are made of a body, but for the body."""
    told = [
        source.kind,
        sorted(source.options.items()),
        source.filter,
        source.entry_kind,
        source.audience,
        source.evidence,
        words,
    ]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def _collector(source: Source, collectors: Mapping[str, Collector]) -> Collector:
    if source.kind not in collectors:
        message = f"source {source.id} is of kind {source.kind!r}, which msdigest cannot read"
        raise CollectError(message)
    return collectors[source.kind]


def _known(database: Database, source_id: str) -> list[Known]:
    with database.reading() as connection:
        return entry_store.known_of(connection, source_id)


def _keep(database: Database, visit: _Visit, clock: Clock) -> SourceReport:
    source, state, result = visit.source, visit.state, visit.result
    if not isinstance(result, Collected):
        return _keep_failure(database, source, result, state=state, now=clock.now())
    with database.writing() as connection:
        # The time is told when it is our turn: an issue's cut-off may have been drawn while we waited.
        entry_store.take_turn(connection)
        now = clock.now()
        kept = entry_store.keep(connection, visit.found, source=source.id, gone=result.gone, now=now)
        changes = Counter(each.change for each in kept)
        fresh = changes.pop("new", 0)
        same = changes.pop(None, 0)
        last_new = now if fresh else state.last_new
        source_store.remember(
            connection,
            source,
            SourceState(
                id=source.id,
                url=source.url,
                validators=result.validators,
                body_hash=f"{visit.read_as}:{result.body_hash or ''}",
                status=result.status,
                last_attempt=now,
                last_success=now,
                last_new=last_new,
                next_check=now + _interval(source, at_least=result.min_interval, quiet=now - (last_new or now)),
            ),
        )
    log.info("collected source=%s status=%s new=%d changed=%d", source.id, result.status, fresh, changes.total())
    return SourceReport(
        id=source.id,
        status=result.status,
        new=fresh,
        changed=changes.total(),
        unchanged=same,
        warnings=(*result.warnings, *_moved(source, result)),
    )


def _moved(source: Source, result: Collected) -> Sequence[str]:
    """Tell the editor of a move: the address in the configuration is theirs to change."""
    if result.moved_to is None or result.moved_to == source.url:
        return ()
    return (f"{source.url} has moved for good: write {result.moved_to} into config/sources.toml.",)


def _keep_failure(
    database: Database, source: Source, error: FetchError | CollectError, *, state: SourceState, now: datetime
) -> SourceReport:
    failures = state.failures + 1
    # Soon at first, whatever the interval: an hour without a network must not cost a week of a weekly page.
    wait = min(FIRST_RETRY * 2 ** min(failures - 1, 10), LONGEST_INTERVAL)
    not_before = None
    if isinstance(error, StatusError) and error.retry_after is not None:
        not_before = now + min(timedelta(seconds=error.retry_after), LONGEST_WAIT)
        wait = max(wait, not_before - now)
    failed = replace(
        state,
        status="failed",
        error=str(error),
        failures=failures,
        last_attempt=now,
        next_check=now + wait,
        not_before=not_before,
    )
    with database.writing() as connection:
        source_store.remember(connection, source, failed)
    log.warning("source failed source=%s error=%s", source.id, error)
    return SourceReport(id=source.id, status="failed", failed=1, error=str(error))


def _interval(source: Source, *, at_least: float | None = None, quiet: timedelta = timedelta()) -> timedelta:
    """Return the time until the next visit: the operator's, else the longer the longer nothing was new.

    at_least: seconds that the source itself asks for. quiet: how long nothing was new.
    """
    if source.interval is not None:
        return source.interval
    usual = PAGE_INTERVAL if source.kind == "livingpage" else USUAL_INTERVAL
    asked = timedelta(seconds=min(at_least or 0.0, LONGEST_INTERVAL.total_seconds()))
    return max(min(max(usual, quiet / QUIET_SHARE), LONGEST_INTERVAL), asked)


def _found(
    source: Source, result: Collected, *, enrichments: Sequence[Enrichment], now: datetime
) -> list[entry_store.Found]:
    links = Counter(name for entry in result.entries for name in _links(entry.url))
    own_places = {*_links(source.url), *_links(result.moved_to or source.url)}
    found = []
    for entry in result.entries:
        if not source.takes(entry.title, entry.text):
            continue
        enriched = _believable(entry, now)
        for enrich in enrichments:
            enriched = enrich(enriched)
        marks = [f"{own.scheme}:{own.value}" for own in entry.same_as]
        # A link that several entries share, or that is the source itself, names none of them; a place on it may.
        link = next((name for name in _links(entry.url) if links[name] == 1 and name not in own_places), "")
        if link:
            marks.append(f"{LINK}{link}")
        found.append(entry_store.Found(entry=enriched, shown=entry.text, marks=tuple(marks)))
    return found


def _links(url: str) -> list[str]:
    """Return the names that an entry has by its address: without and, if there is one, with its fragment."""
    link, fragment = canonical_link(url), url.partition("#")[2]
    return [name for name in (link, f"{link}#{fragment}" if link and fragment else "") if name]


def _believable(entry: Entry, now: datetime) -> Entry:
    """Drop a date that lies ahead: it would sort first for ever. When it was first seen counts then."""
    if entry.published is not None and entry.published > now + FUTURE_ALLOWED:
        return replace(entry, published=None, precision=None)
    return entry
