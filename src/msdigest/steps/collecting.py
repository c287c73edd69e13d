"""Collecting: visit the sources, enrich what they show, keep it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from msdigest.errors import CollectError, FetchError, StatusError
from msdigest.markup import canonical_link
from msdigest.model.source import Validators
from msdigest.ports import Collected, Memory
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store
from msdigest.store.sources import SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.entry import Entry, Known
    from msdigest.model.source import Source
    from msdigest.ports import Collector, Enrichment, Http
    from msdigest.store.database import Database

log = logging.getLogger(__name__)

VISITORS = 8
USUAL_INTERVAL = timedelta(hours=1)
PAGE_INTERVAL = timedelta(hours=6)
LONGEST_INTERVAL = timedelta(hours=24)
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
    result: Collected | FetchError | CollectError


def collect(
    database: Database,
    http: Http,
    clock: Clock,
    *,
    sources: Sequence[Source],
    collectors: Mapping[str, Collector],
    enrichments: Sequence[Enrichment],
    due_only: bool = False,
    progress: Callable[[SourceReport], None] = lambda _: None,
) -> list[SourceReport]:
    """Visit ``sources`` side by side and keep what they show, in their order; one report each.

    A source that fails never stops the others. ``due_only``: only those whose next visit is due.
    """
    now = clock.now()
    with database.reading() as connection:
        states = source_store.states(connection)
    reports: dict[str, SourceReport] = {}
    to_visit = []
    for source in sources:
        state = states.get(source.id)
        if state and state.not_before and state.not_before > now:
            reports[source.id] = SourceReport(id=source.id, status="waiting", error=_asked_to_wait(state.not_before))
            progress(reports[source.id])
        elif not (due_only and state and state.next_check and state.next_check > now):
            to_visit.append(source)
    visit = partial(_visit, database, http, states=states, collectors=collectors)
    with ThreadPoolExecutor(max_workers=VISITORS, thread_name_prefix="visitor") as visitors:
        for each in visitors.map(visit, to_visit):
            report = _keep(database, each, state=states.get(each.source.id), enrichments=enrichments, now=clock.now())
            reports[report.id] = report
            progress(report)
    return [reports[source.id] for source in sources if source.id in reports]


def _asked_to_wait(until: datetime) -> str:
    return f"the server asked not to be visited before {until:%Y-%m-%d %H:%M} UTC"


def _visit(
    database: Database,
    http: Http,
    source: Source,
    *,
    states: Mapping[str, SourceState],
    collectors: Mapping[str, Collector],
) -> _Visit:
    state = states.get(source.id)
    same_place = state is not None and state.url == source.url
    memory = Memory(
        validators=state.validators if state and same_place else Validators(),
        body_hash=state.body_hash if state and same_place else None,
        known=partial(_known, database, source.id),
    )
    try:
        return _Visit(source, collectors[source.kind](source, memory, http))
    except (FetchError, CollectError) as error:
        return _Visit(source, error)


def _known(database: Database, source_id: str) -> list[Known]:
    with database.reading() as connection:
        return entry_store.known_of(connection, source_id)


def _keep(
    database: Database,
    visit: _Visit,
    *,
    state: SourceState | None,
    enrichments: Sequence[Enrichment],
    now: datetime,
) -> SourceReport:
    source, result = visit.source, visit.result
    state = state or SourceState(id=source.id, url=source.url)
    if not isinstance(result, Collected):
        return _keep_failure(database, source, result, state=state, now=now)
    found = _found(source, result.entries, enrichments=enrichments, now=now)
    with database.writing() as connection:
        kept = entry_store.keep(connection, found, source=source.id, gone=result.gone, now=now)
        changes = Counter(each.change for each in kept)
        fresh = changes.pop("new", 0)
        same = changes.pop(None, 0)
        source_store.remember(
            connection,
            source,
            SourceState(
                id=source.id,
                url=source.url,
                validators=result.validators,
                body_hash=result.body_hash,
                status=result.status,
                last_attempt=now,
                last_success=now,
                last_new=now if fresh else state.last_new,
                next_check=now + _interval(source, result.min_interval),
            ),
        )
    log.info("collected source=%s status=%s new=%d changed=%d", source.id, result.status, fresh, changes.total())
    return SourceReport(
        id=source.id,
        status=result.status,
        new=fresh,
        changed=changes.total(),
        unchanged=same,
        warnings=result.warnings,
    )


def _keep_failure(
    database: Database, source: Source, error: FetchError | CollectError, *, state: SourceState, now: datetime
) -> SourceReport:
    failures = state.failures + 1
    wait = min(_interval(source, None) * 2 ** min(failures, 6), max(LONGEST_INTERVAL, _interval(source, None)))
    not_before = None
    if isinstance(error, StatusError) and error.retry_after is not None:
        not_before = now + min(timedelta(seconds=error.retry_after), LONGEST_WAIT)
        wait = max(wait, not_before - now)
    failed = replace(
        state,
        url=source.url,
        # What was remembered belongs to the address it came from.
        validators=state.validators if state.url == source.url else Validators(),
        body_hash=state.body_hash if state.url == source.url else None,
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


def _interval(source: Source, at_least: float | None) -> timedelta:
    usual = source.interval or (PAGE_INTERVAL if source.kind == "livingpage" else USUAL_INTERVAL)
    asked = min(timedelta(seconds=at_least or 0), LONGEST_INTERVAL)
    return max(usual, asked)


def _found(
    source: Source, shown: Sequence[Entry], *, enrichments: Sequence[Enrichment], now: datetime
) -> list[entry_store.Found]:
    links = Counter(canonical_link(entry.url) for entry in shown)
    wanted = re.compile(source.options["filter"], re.IGNORECASE) if "filter" in source.options else None
    page = canonical_link(source.url)
    found = []
    for entry in shown:
        if wanted is not None and not wanted.search(f"{entry.title}\n{entry.text}"):
            continue
        enriched = _believable(entry, now)
        for enrich in enrichments:
            enriched = enrich(enriched)
        marks = [f"{own.scheme}:{own.value}" for own in entry.same_as]
        link = canonical_link(entry.url)
        # A link that several entries share, or that is the source itself, names none of them.
        if link and links[link] == 1 and link != page:
            marks.append(f"link:{link}")
        found.append(entry_store.Found(entry=enriched, shown=entry.text, marks=tuple(marks)))
    return found


def _believable(entry: Entry, now: datetime) -> Entry:
    """Drop a date that lies ahead: it would sort first for ever. When it was first seen counts then."""
    if entry.published is not None and entry.published > now + FUTURE_ALLOWED:
        return replace(entry, published=None, precision=None)
    return entry
