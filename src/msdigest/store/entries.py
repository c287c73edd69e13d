"""Entries: kept once, with every place they were seen and every revision they had."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import bindparam, func, insert, select, update

from msdigest.model.change import compare
from msdigest.model.entry import Entry, Known, Revision
from msdigest.store.fires import fact
from msdigest.store.issues import COUNTED
from msdigest.store.recognising import by_marks, fit, key_here, key_with_link, plain
from msdigest.store.records import content_hash, from_record, to_record
from msdigest.store.schema import entries, facts, issue_entries, issues, marks, places, revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Row, Select

    from msdigest.model.entry import ChangeKind

# SQLite takes at most 32,766 variables a statement.
_CHUNK = 5_000
_TURN = "newest cut-off"
_NEVER = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_LONGEST_PERIOD = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry as a visit found it, enriched.

    shown: its text as the source showed it (before disclosures were taken out).
    marks: names by which other sources' sightings are recognised as the same entry.
    """

    entry: Entry
    shown: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What keeping one entry came to; ``change`` None = nothing new about it."""

    id: str
    change: ChangeKind | None
    material: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry was seen."""

    source: str
    key: str
    url: str
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None


def keep(
    connection: Connection,
    found: Sequence[Found],
    *,
    source: str,
    gone: Iterable[str],
    now: datetime,
    new_id: Callable[[], str] = lambda: str(uuid4()),
) -> list[Kept]:
    """Keep what a visit to ``source`` found, in one transaction of the caller's; one result for each.

    An entry is recognised by its key in this source, else by a mark. The source that saw an entry first decides
    its content; others only add a place. What one visit shows twice is read once, the first time: else two texts
    under one name would take turns in being the newer revision, at every visit.

    Kept at ``now``, or just after the newest cut-off if the clock has stepped back behind it.
    """
    now = max(now, take_turn(connection) + _TICK)
    found = [_fitting(each) for each in found]
    named = [key for each in found for key in (each.entry.key, key_with_link(each.entry, each.marks))]
    here = {row.key: row for row in _chunked(connection, named, _by_key, source)}
    keys = {key: row.entry for key, row in here.items()}
    marked = {row.mark: row.entry for row in _chunked(connection, [m for f in found for m in f.marks], _by_mark)}
    known = {row.id: row for row in _chunked(connection, [*keys.values(), *marked.values()], _by_id)}
    elsewhere = known.keys() - {row.entry for row in _chunked(connection, list(known), _by_entry, source)}
    now_read = {row.id: _entry(row) for row in known.values()}
    results, read, seen = [], set[str](), set[str]()
    for original in found:
        own = key_here(original.entry, original.marks, here=here, known=now_read)
        each = replace(original, entry=replace(original.entry, key=own))
        entry_id = keys.get(own) or by_marks(each.entry, each.marks, marked=marked, known=now_read, elsewhere=elsewhere)
        if entry_id is None:
            entry_id = new_id()
            now_read[entry_id] = each.entry
            _insert(connection, each, entry_id=entry_id, now=now)
            result = Kept(id=entry_id, change="new", material=True)
        elif entry_id in read:
            result = Kept(id=entry_id, change=None)
        else:
            result = _revise(connection, each, known[entry_id], source=source, now=now)
        if each.entry.key not in seen:
            _see(connection, each, entry_id, source=source, now=now, again=each.entry.key in keys)
        read.add(entry_id)
        seen.add(each.entry.key)
        fresh = [mark for mark in each.marks if mark not in marked]
        if fresh:
            connection.execute(insert(marks), [{"mark": mark, "entry": entry_id} for mark in dict.fromkeys(fresh)])
        keys[each.entry.key] = entry_id
        elsewhere.discard(entry_id)
        marked.update(dict.fromkeys(fresh, entry_id))
        results.append(result)
    lost = [{"lost": fit(key)} for key in gone]
    if lost:
        statement = update(places).where(places.c.source == source, places.c.key == bindparam("lost"))
        connection.execute(statement.where(places.c.gone_at.is_(None)).values(gone_at=now), lost)
    return results


def take_turn(connection: Connection) -> datetime:
    """Hold the turn until the transaction ends; return the newest cut-off that was drawn in one.

    Two workers that bring the same entry must not both call it new, and none may be kept while a line is drawn.
    """
    fact(connection, _TURN, _NEVER.isoformat())
    held = select(facts.c.value).where(facts.c.name == _TURN).with_for_update()
    return datetime.fromisoformat(connection.execute(held).scalar_one())


def draw_line(connection: Connection, *, now: datetime) -> datetime:
    """Return an issue's cut-off: ``now``, or later if something was kept at a later time by another clock.

    All that is kept so far is not later than it, and all that will be kept is: nothing falls between two issues.
    """
    before = take_turn(connection)
    newest = connection.execute(select(func.max(entries.c.changed_at))).scalar_one()
    line = max(now, newest or now)
    connection.execute(update(facts).where(facts.c.name == _TURN).values(value=max(before, line).isoformat()))
    return line


def _fitting(found: Found) -> Found:
    """Return ``found`` with names and words that every database takes."""
    entry = replace(found.entry, key=fit(found.entry.key), url=plain(found.entry.url))
    return Found(entry=entry, shown=plain(found.shown), marks=tuple(fit(mark) for mark in found.marks))


def _insert(connection: Connection, found: Found, *, entry_id: str, now: datetime) -> None:
    entry = found.entry
    record, digest = to_record(entry), content_hash(entry)
    connection.execute(
        insert(entries).values(
            id=entry_id,
            source=entry.source,
            kind=entry.kind,
            published=entry.published,
            first_seen=now,
            changed_at=now,
            revision=1,
            hash=digest,
            content=record,
        )
    )
    connection.execute(
        insert(revisions).values(
            entry=entry_id, number=1, seen=now, change="new", material=True, hash=digest, content=record
        )
    )


def _revise(connection: Connection, found: Found, row: Row[tuple[object, ...]], *, source: str, now: datetime) -> Kept:
    entry, unchanged = found.entry, Kept(id=row.id, change=None)
    if row.source != source:
        return unchanged
    old = from_record(row.content, id=row.id, revision=row.revision, first_seen=row.first_seen)
    difference = compare(old, entry)
    record = to_record(entry)
    if difference is None:
        if record != row.content:
            connection.execute(update(entries).where(entries.c.id == row.id).values(content=record, kind=entry.kind))
        return unchanged
    change, material = difference
    values = {
        "kind": entry.kind,
        "published": entry.published,
        "revision": row.revision + 1,
        "hash": content_hash(entry),
        "content": record,
    }
    connection.execute(
        update(entries).where(entries.c.id == row.id).values(**values, **({"changed_at": now} if material else {}))
    )
    connection.execute(
        insert(revisions).values(
            entry=row.id,
            number=row.revision + 1,
            seen=now,
            change=change,
            material=material,
            hash=values["hash"],
            content=record,
        )
    )
    return Kept(id=row.id, change=change, material=material)


def _see(connection: Connection, found: Found, entry_id: str, *, source: str, now: datetime, again: bool) -> None:
    entry = found.entry
    seen = {
        "url": entry.url,
        "shown": found.shown,
        "section": list(entry.section),
        "published": entry.published,
        "last_seen": now,
        "gone_at": None,
    }
    if again:
        here = (places.c.source == source) & (places.c.key == entry.key)
        connection.execute(update(places).where(here).values(**seen))
    else:
        connection.execute(insert(places).values(source=source, key=entry.key, entry=entry_id, first_seen=now, **seen))


def _by_key(keys: Sequence[str], source: str) -> Select[tuple[str, str, str]]:
    statement = select(places.c.key, places.c.entry, places.c.url)
    return statement.where(places.c.source == source, places.c.key.in_(keys))


def _by_entry(ids: Sequence[str], source: str) -> Select[tuple[str]]:
    return select(places.c.entry).where(places.c.source == source, places.c.entry.in_(ids))


def _by_mark(names: Sequence[str]) -> Select[tuple[str, str]]:
    return select(marks.c.mark, marks.c.entry).where(marks.c.mark.in_(names))


def _by_id(ids: Sequence[str]) -> Select[tuple[object, ...]]:
    return select(entries).where(entries.c.id.in_(ids))


def _chunked(
    connection: Connection, values: Iterable[str], statement: Callable[..., Select[tuple[object, ...]]], *more: str
) -> Iterable[Row[tuple[object, ...]]]:
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), _CHUNK):
        yield from connection.execute(statement(unique[start : start + _CHUNK], *more))


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
        )
        for row in connection.execute(statement)
    ]


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return from_record(row.content, id=row.id, revision=row.revision, first_seen=row.first_seen)


def get(connection: Connection, entry_id: str) -> Entry | None:
    """Return one entry in its newest revision."""
    row = connection.execute(_by_id([entry_id])).one_or_none()
    return None if row is None else _entry(row)


def ids_beginning(connection: Connection, beginning: str, *, limit: int = 2) -> list[str]:
    """Return up to ``limit`` ids of entries that begin so."""
    statement = select(entries.c.id).where(entries.c.id.startswith(beginning, autoescape=True)).limit(limit)
    return list(connection.execute(statement).scalars())


def get_many(connection: Connection, ids: Sequence[str]) -> dict[str, Entry]:
    """Return entries by id; unknown ids are missing."""
    return {row.id: _entry(row) for row in _chunked(connection, ids, _by_id)}


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
    if since is not None:
        statement = statement.where(entries.c.first_seen >= since)
    if source is not None:
        seen_there = select(places.c.entry).where(places.c.source == source)
        statement = statement.where(entries.c.id.in_(seen_there))
    if topic is None and limit is not None:
        statement = statement.limit(limit)
    rows = (_entry(row) for row in connection.execute(statement))
    chosen = [entry for entry in rows if topic is None or topic in entry.topics]
    return chosen[:limit]


def candidates(
    connection: Connection, *, after: datetime, until: datetime, oldest: datetime, by_own_date: bool
) -> list[Entry]:
    """Return what an issue may carry.

    Entries first seen, or materially changed, after ``after`` and not later than ``until``, whose own date is not
    before ``oldest``. ``by_own_date``: a digest's first issue looks at the own date instead of first seen.
    """
    own = func.coalesce(entries.c.published, entries.c.first_seen)
    statement = select(entries).where(entries.c.first_seen <= until, own >= oldest - _LONGEST_PERIOD)
    if by_own_date:
        statement = statement.where(own > after)
    else:
        statement = statement.where(entries.c.changed_at > after, entries.c.changed_at <= until)
    rows = connection.execute(statement.order_by(entries.c.id))
    return [entry for entry in map(_entry, rows) if latest_date(entry) >= oldest]


def left_behind(connection: Connection, digest: str, *, oldest: datetime) -> list[Entry]:
    """Return what only cancelled issues of ``digest`` carry, and no issue that was or may be sent.

    A later issue's cut-off may lie behind them already: by time alone they would be lost.
    """
    carried = select(issue_entries.c.entry).join(issues, issues.c.id == issue_entries.c.issue)
    carried = carried.where(issues.c.digest == digest)
    statement = select(entries).where(
        entries.c.id.in_(carried.where(issues.c.state == "cancelled")),
        entries.c.id.not_in(carried.where(issues.c.state.in_(COUNTED))),
    )
    rows = connection.execute(statement.order_by(entries.c.id))
    return [entry for entry in map(_entry, rows) if latest_date(entry) >= oldest]


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
    statement = select(revisions).where(revisions.c.entry == entry_id).order_by(revisions.c.number)
    return [
        Revision(
            number=row.number,
            seen=row.seen,
            change=row.change,
            material=row.material,
            entry=from_record(row.content, id=entry_id, revision=row.number, first_seen=None),
        )
        for row in connection.execute(statement)
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
