"""What is remembered of each source between two visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from msdigest.model.source import Source, Validators
from msdigest.store.recognising import fit
from msdigest.store.schema import held, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The last visit and the next.

    status: ok, unchanged, waiting, held, failed; ``new`` before the first visit.
    error: one sentence for a volunteer; None after a success.
    failures: visits that failed in a row.
    not_before: the server asked not to be visited earlier.
    notes: the collector's own. interval: time from the last visit to the next, as its own rhythm made it.
    moved_to, moved_times, moved_since: a permanent redirect that was seen, how often, since when.
    address: where it is asked instead of ``url``, because that redirect was seen often enough.
    gone_times, gone_since: how often it answered in a row that it is gone for good.
    """

    id: str
    url: str
    validators: Validators = field(default_factory=Validators)
    body_hash: str | None = None
    status: str = "new"
    error: str | None = None
    failures: int = 0
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None
    next_check: datetime | None = None
    not_before: datetime | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    interval: timedelta | None = None
    moved_to: str | None = None
    moved_times: int = 0
    moved_since: datetime | None = None
    address: str | None = None
    gone_times: int = 0
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Something that a source shows and an editor must look at before it is kept; ``key`` empty: all of it."""

    source: str
    key: str
    title: str
    reason: str
    since: datetime


def states(connection: Connection) -> dict[str, SourceState]:
    """Return what is known of every source that was ever visited, by id."""
    return {
        row.id: SourceState(
            id=row.id,
            url=row.url,
            validators=Validators(row.etag, row.last_modified),
            body_hash=row.body_hash,
            status=row.status,
            error=row.error,
            failures=row.failures,
            last_attempt=row.last_attempt,
            last_success=row.last_success,
            last_new=row.last_new,
            next_check=row.next_check,
            not_before=row.not_before,
            notes=row.notes or {},
            interval=None if row.interval is None else timedelta(seconds=row.interval),
            moved_to=row.moved_to,
            moved_times=row.moved_times,
            moved_since=row.moved_since,
            address=row.address,
            gone_times=row.gone_times,
            gone_since=row.gone_since,
        )
        for row in connection.execute(select(sources))
    }


def remember(connection: Connection, known: Sequence[tuple[Source, SourceState]]) -> None:
    """Keep what is known of sources by now; each source once."""
    rows = {source.id: _row(source, state) for source, state in known}
    ids = select(sources.c.id).where(sources.c.id.in_(list(rows)))
    there = set(connection.execute(ids).scalars())
    old = [{**row, "the_id": row["id"]} for row in rows.values() if row["id"] in there]
    fresh = [row for row in rows.values() if row["id"] not in there]
    if old:
        columns: dict[str, Any] = {name: bindparam(name) for name in old[0] if name not in {"id", "the_id"}}
        connection.execute(update(sources).where(sources.c.id == bindparam("the_id")).values(**columns), old)
    if fresh:
        connection.execute(insert(sources), fresh)


def _row(source: Source, state: SourceState) -> dict[str, Any]:
    return {
        "id": source.id,
        "kind": source.kind,
        "url": source.url,
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.body_hash,
        "status": state.status,
        "error": state.error,
        "failures": state.failures,
        "last_attempt": state.last_attempt,
        "last_success": state.last_success,
        "last_new": state.last_new,
        "next_check": state.next_check,
        "not_before": state.not_before,
        "notes": dict(state.notes),
        "interval": None if state.interval is None else int(state.interval.total_seconds()),
        "moved_to": state.moved_to,
        "moved_times": state.moved_times,
        "moved_since": state.moved_since,
        "address": state.address,
        "gone_times": state.gone_times,
        "gone_since": state.gone_since,
    }


def hold(
    connection: Connection,
    source: str,
    things: Iterable[tuple[str, str, str]],
    *,
    released: Iterable[str],
    now: datetime,
) -> None:
    """Keep what of ``source`` is held by now: (key, title, reason) of each; what is held already keeps its time.

    released: keys of what was taken. What the source shows no more stays held until it is taken or shown again: it
    would else be gone before anybody has looked.
    """
    since = {row.key: row.since for row in connection.execute(select(held).where(held.c.source == source))}
    by_key = {fit(key): (title, reason) for key, title, reason in things}
    outdated = {*map(fit, released), *by_key} & since.keys()
    if outdated:
        connection.execute(delete(held).where(held.c.source == source, held.c.key.in_(list(outdated))))
    rows = [
        {"source": source, "key": key, "title": title, "reason": reason, "since": since.get(key, now)}
        for key, (title, reason) in by_key.items()
    ]
    if rows:
        connection.execute(insert(held), rows)


def all_held(connection: Connection) -> list[Held]:
    """Return everything that is held, by source, oldest first."""
    rows = connection.execute(select(held).order_by(held.c.source, held.c.since, held.c.key))
    return [Held(source=row.source, key=row.key, title=row.title, reason=row.reason, since=row.since) for row in rows]
