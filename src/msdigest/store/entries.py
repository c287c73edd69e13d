"""Entries: kept once, with every place they were seen and every revision they had."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select

from msdigest.model.change import ALARMS
from msdigest.model.entry import Change, Entry, Known, Revision
from msdigest.store.issues import COUNTED
from msdigest.store.recognising import fit
from msdigest.store.records import from_record
from msdigest.store.schema import changes, entries, issue_entries, issues, marks, places, revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row, Select

    from msdigest.model.change import Difference

# SQLite takes at most 32,766 variables a statement.
_CHUNK = 5_000
_NEVER = datetime.min.replace(tzinfo=UTC)
_LONGEST_PERIOD = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry was seen."""

    source: str
    key: str
    url: str
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None


def by_key(keys: Sequence[str], source: str) -> Select[Any]:
    """Select the places of ``source`` under ``keys``."""
    return select(places).where(places.c.source == source, places.c.key.in_(keys))


def by_entry(ids: Sequence[str], source: str) -> Select[Any]:
    """Select which of the entries ``ids`` are shown by ``source``."""
    return select(places.c.entry).where(places.c.source == source, places.c.entry.in_(ids))


def by_mark(names: Sequence[str]) -> Select[Any]:
    """Select the marks that are ``names``."""
    return select(marks.c.mark, marks.c.entry).where(marks.c.mark.in_(names))


def by_id(ids: Sequence[str]) -> Select[Any]:
    """Select entries by id."""
    return select(entries).where(entries.c.id.in_(ids))


def chunked(
    connection: Connection, values: Iterable[str], statement: Callable[..., Select[Any]], *more: str
) -> Iterable[Row[Any]]:
    """Give the rows of ``statement`` for ``values``, however many these are."""
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), _CHUNK):
        yield from connection.execute(statement(unique[start : start + _CHUNK], *more))


def shows_anything(connection: Connection, source: str) -> bool:
    """Tell whether ``source`` ever showed anything."""
    return connection.execute(select(places.c.key).where(places.c.source == source).limit(1)).first() is not None


def said_by_others(
    connection: Connection, entry_id: str, source: str, found: Sequence[Difference], *, since: datetime
) -> list[Difference]:
    """Return which differences another source has told of the entry already: of the same kind, with the same end.

    That a paper was retracted is told once, whatever each calls the notice.
    """
    if not any(one.material for one in found):
        return []
    statement = select(changes.c.kind, changes.c.after).where(
        changes.c.entry == entry_id, changes.c.source != source, changes.c.material, changes.c.seen > since
    )
    told = {(row.kind, None if row.kind in ALARMS else row.after) for row in connection.execute(statement)}
    return [one for one in found if (one.kind, None if one.kind in ALARMS else one.after) in told]


def known_of(connection: Connection, source: str) -> list[Known]:
    """Return everything ``source`` ever showed, gone or not, oldest first."""
    statement = select(places).where(places.c.source == source).order_by(places.c.first_seen, places.c.key)
    return [
        Known(
            key=row.key,
            text=row.shown,
            section=tuple(row.section),
            published=row.published,
            gone=row.gone_at is not None,
            facts={name: value for name, value, *_ in row.facts or ()},
        )
        for row in connection.execute(statement)
    ]


def seen_of(connection: Connection, source: str, keys: Iterable[str]) -> frozenset[str]:
    """Return which of ``keys`` the source showed before."""
    fitted = {fit(key): key for key in keys}
    return frozenset(fitted[row.key] for row in chunked(connection, fitted, by_key, source))


def rhythm_of(connection: Connection, source: str, *, newest: int = 11) -> list[datetime]:
    """Return the dates of the ``newest`` entries that a source showed, newest first; when first seen if undated."""
    when = func.coalesce(places.c.published, places.c.first_seen)
    statement = select(places.c.published, places.c.first_seen).where(places.c.source == source)
    rows = connection.execute(statement.order_by(when.desc()).limit(newest))
    return [row.published or row.first_seen for row in rows]


def entry_of(row: Row[Any]) -> Entry:
    """Return the entry of its row."""
    return from_record(row.content, id=row.id, revision=row.revision, first_seen=row.first_seen)


def get(connection: Connection, entry_id: str) -> Entry | None:
    """Return one entry in its newest revision."""
    row = connection.execute(by_id([entry_id])).one_or_none()
    return None if row is None else entry_of(row)


def ids_beginning(connection: Connection, beginning: str, *, limit: int = 2) -> list[str]:
    """Return up to ``limit`` ids of entries that begin so."""
    statement = select(entries.c.id).where(entries.c.id.startswith(beginning, autoescape=True)).limit(limit)
    return list(connection.execute(statement).scalars())


def get_many(connection: Connection, ids: Sequence[str]) -> dict[str, Entry]:
    """Return entries by id; unknown ids are missing."""
    return {row.id: entry_of(row) for row in chunked(connection, ids, by_id)}


def newest(
    connection: Connection,
    *,
    since: datetime | None = None,
    source: str | None = None,
    topic: str | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """Return entries, newest first by own date, else by when first seen; ``since`` compares first seen."""
    statement = select(entries).order_by(func.coalesce(entries.c.published, entries.c.first_seen).desc(), entries.c.id)
    statement = statement.where(entries.c.merged_into.is_(None))
    if since is not None:
        statement = statement.where(entries.c.first_seen >= since)
    if source is not None:
        seen_there = select(places.c.entry).where(places.c.source == source)
        statement = statement.where(entries.c.id.in_(seen_there))
    if topic is None and limit is not None:
        statement = statement.limit(limit)
    rows = (entry_of(row) for row in connection.execute(statement))
    chosen = [entry for entry in rows if topic is None or topic in entry.topics]
    return chosen[:limit]


def ended(connection: Connection) -> list[tuple[Entry, str]]:
    """Return the entries that turned out to be another one, each with the id of that one."""
    rows = connection.execute(select(entries).where(entries.c.merged_into.is_not(None)).order_by(entries.c.id))
    return [(entry_of(row), row.merged_into) for row in rows]


def candidates(
    connection: Connection, *, after: datetime, until: datetime, oldest: datetime, by_own_date: bool
) -> list[Entry]:
    """Return what an issue may carry.

    Entries first seen, or materially changed, after ``after`` and not later than ``until``, whose own date is not
    before ``oldest``; of a thing that is watched (a trial's status, a shortage) the change's date is what counts.
    ``by_own_date``: a digest's first issue looks at the own date instead of first seen.
    """
    own = func.coalesce(entries.c.published, entries.c.first_seen)
    changed = exists().where(
        changes.c.entry == entries.c.id,
        changes.c.name != "",
        changes.c.material,
        changes.c.seen > after,
        changes.c.seen <= until,
    )
    fresh = own > after if by_own_date else (entries.c.changed_at > after) & (entries.c.changed_at <= until)
    statement = select(entries, changed.label("news")).where(
        entries.c.merged_into.is_(None),
        entries.c.first_seen <= until,
        changed | (fresh & (own >= oldest - _LONGEST_PERIOD)),
    )
    rows = connection.execute(statement.order_by(entries.c.id)).all()
    return [entry for row in rows if latest_date(entry := entry_of(row)) >= oldest or row.news]


def left_behind(connection: Connection, digest: str, *, oldest: datetime) -> list[Entry]:
    """Return what only cancelled issues of ``digest`` carry, and no issue that was or may be sent.

    A later issue's cut-off may lie behind them already: by time alone they would be lost.
    """
    carried = select(issue_entries.c.entry).join(issues, issues.c.id == issue_entries.c.issue)
    carried = carried.where(issues.c.digest == digest)
    statement = select(entries).where(
        entries.c.merged_into.is_(None),
        entries.c.id.in_(carried.where(issues.c.state == "cancelled")),
        entries.c.id.not_in(carried.where(issues.c.state.in_(COUNTED))),
    )
    rows = connection.execute(statement.order_by(entries.c.id))
    return [entry for entry in map(entry_of, rows) if latest_date(entry) >= oldest]


def latest_date(entry: Entry) -> datetime:
    """Return the last moment that an entry's own date may mean, else when it was first seen.

    One that is dated "2026" or "October 2026" need not be of the period's first day.
    """
    day = entry.published or entry.first_seen or _NEVER
    if entry.precision == "year":
        return day + timedelta(days=365 + isleap(day.year))
    if entry.precision == "month":
        return day + timedelta(days=monthrange(day.year, day.month)[1])
    return day


def revisions_of(connection: Connection, entry_id: str) -> list[Revision]:
    """Return every revision of an entry, oldest first."""
    statement = select(revisions, entries.c.content.label("newest")).join(entries, entries.c.id == revisions.c.entry)
    rows = connection.execute(statement.where(revisions.c.entry == entry_id).order_by(revisions.c.number))
    return [
        Revision(
            number=row.number,
            seen=row.seen,
            change=row.change,
            material=row.material,
            entry=from_record(row.content or row.newest, id=entry_id, revision=row.number, first_seen=None),
        )
        for row in rows
    ]


def in_revisions(connection: Connection, wanted: Mapping[str, int]) -> list[Entry]:
    """Return entries (by id) in the words they had in a revision, in the order of their ids."""
    found = []
    for entry_id, entry in sorted(get_many(connection, list(wanted)).items()):
        if entry.revision == wanted[entry_id]:
            found.append(entry)
            continue
        then = (one for one in revisions_of(connection, entry_id) if one.number == wanted[entry_id])
        found += [as_of(entry, revision) for revision in then]
    return found


def alarms_since(connection: Connection, since: datetime) -> list[Change]:
    """Return retractions, corrections and the like that were seen after ``since``, oldest first."""
    return _changes(connection, (changes.c.seen > since) & changes.c.kind.in_(ALARMS) & changes.c.material)


def changes_by_id(connection: Connection, ids: Sequence[int]) -> list[Change]:
    """Return changes by their ids, in that order."""
    found = {change.id: change for change in _changes(connection, changes.c.id.in_(ids))}
    return [found[one] for one in ids if one in found]


def changes_of(connection: Connection, entry_id: str) -> list[Change]:
    """Return everything that became different on an entry, oldest first."""
    return _changes(connection, changes.c.entry == entry_id)


def changes_between(connection: Connection, *, after: datetime, until: datetime) -> list[Change]:
    """Return what became different after ``after`` and not later than ``until``, oldest first; what is new is not."""
    return _changes(connection, (changes.c.seen > after) & (changes.c.seen <= until))


def _changes(connection: Connection, wanted: Any) -> list[Change]:
    return [
        Change(
            id=row.id,
            entry=row.entry,
            source=row.source,
            kind=row.kind,
            name=row.name,
            label=row.label,
            before=row.before,
            after=row.after,
            seen=row.seen,
            material=row.material,
        )
        for row in connection.execute(select(changes).where(wanted).order_by(changes.c.seen, changes.c.id))
    ]


def places_of(connection: Connection, entry_id: str) -> list[Place]:
    """Return where an entry was seen, first sighting first."""
    statement = select(places).where(places.c.entry == entry_id).order_by(places.c.first_seen, places.c.source)
    return [
        Place(
            source=row.source,
            key=row.key,
            url=row.url,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            gone_at=row.gone_at,
        )
        for row in connection.execute(statement)
    ]


def as_of(entry: Entry, revision: Revision) -> Entry:
    """Return ``entry`` with the words it had in ``revision``."""
    return replace(revision.entry, first_seen=entry.first_seen, topics=entry.topics)
