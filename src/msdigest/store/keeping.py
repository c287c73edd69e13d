"""Keeping: what a visit found becomes new entries, revisions, places and changes, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import bindparam, insert, update

from msdigest.errors import HeldError
from msdigest.model.change import ALARMS, differences, fact_differences, is_rekeyed
from msdigest.store.encoded import encoded
from msdigest.store.entries import by_entry, by_id, by_key, by_mark, chunked, entry_of, said_by_others, shows_anything
from msdigest.store.merging import absorb
from msdigest.store.recognising import by_marks, fit, key_here, key_with_link, names_behind, names_of, plain
from msdigest.store.records import content_hash, facts_from_record, facts_to_record, to_record
from msdigest.store.schema import changes, entries, marks, places, revisions
from msdigest.store.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from msdigest.model.change import Difference
    from msdigest.model.entry import ChangeKind, Entry

_TICK = timedelta(microseconds=1)
# Two registers tell one event within so long.
_SAME_NEWS = timedelta(days=90)
# How a revision is called whose leading change has a more general name.
_REVISION_KINDS: dict[tuple[str, str], ChangeKind] = {("section", "section"): "moved", ("date", "published"): "redated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry as a visit found it, enriched.

    shown: its text as the source showed it (before disclosures were taken out).
    marks: names by which other sources' sightings are recognised as the same entry.
    owned: its source is where it is at home, so its words count more than those of somebody who links to it.
    """

    entry: Entry
    shown: str
    marks: tuple[str, ...]
    owned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What keeping one entry came to; ``change`` None = nothing new about it.

    changes: how many things about it became different, each of them kept as a change.
    """

    id: str
    change: ChangeKind | None
    material: bool = False
    changes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a visit's entries are kept.

    turn: the newest cut-off, if the caller holds the turn already. since: the last visit that succeeded.
    whole: the source shows its newest entries, so unknown old ones mean that its ids changed: they are held, unless an
    editor has looked (``accept``) or the filter is another one.
    rereading: the source is read by other rules than before. first: it never showed anything yet.
    """

    turn: datetime | None = None
    since: datetime | None = None
    whole: bool = False
    accept: bool = False
    rereading: bool = False
    first: bool = False


def keep(
    connection: Connection,
    found: Sequence[Found],
    *,
    source: str,
    gone: Iterable[str],
    now: datetime,
    rules: Rules = Rules(),
    new_id: Callable[[], str] = lambda: str(uuid4()),
) -> list[Kept]:
    """Keep what a visit to ``source`` found, in one transaction of the caller's; one result for each.

    An entry is recognised by its key in this source, else by a mark. The source that saw an entry first decides
    its content; others add a place and the changes of the facts that they tell. What one visit shows twice is read
    once, the first time: else two texts under one name would take turns in being the newer revision, at every visit.

    Kept at ``now``, or just after the newest cut-off if the clock has stepped back behind it. Raises HeldError, and
    the caller must undo the transaction, where an editor has to look first.
    """
    now = max(now, (rules.turn or take_turn(connection)) + _TICK)
    round_ = _Round(connection, [_fitting(each) for each in found], source=source, now=now, rules=rules, new_id=new_id)
    round_.recognise()
    round_.hold_if_rekeyed()
    results = [round_.keep_one(place) for place in range(len(found))]
    round_.write()
    _lose(connection, source, gone, now=now)
    return results


def _lose(connection: Connection, source: str, gone: Iterable[str], *, now: datetime) -> None:
    lost = [{"lost": fit(key)} for key in gone]
    if lost:
        statement = update(places).where(places.c.source == source, places.c.key == bindparam("lost"))
        connection.execute(statement.where(places.c.gone_at.is_(None)).values(gone_at=now), lost)


def _fitting(found: Found) -> Found:
    """Return ``found`` with names and words that every database takes."""
    entry, key, url = found.entry, fit(found.entry.key), plain(found.entry.url)
    if (key, url) != (entry.key, entry.url):
        entry = replace(entry, key=key, url=url)
    marks = tuple(fit(mark) for mark in found.marks)
    return Found(entry=entry, shown=plain(found.shown), marks=marks, owned=found.owned)


@dataclass(slots=True)
class _Round:
    """One visit's entries on their way into the tables.

    here: places of the source by key. keys: key → entry. marked: mark → entry. known: rows by entry.
    now_read: entries by id. owners: those whose words are their own site's. elsewhere: entries that this source does
    not show. shown: those that this visit shows.
    ids: what each found entry is recognised as; "" = it is new.
    """

    connection: Connection
    found: list[Found]
    source: str
    now: datetime
    rules: Rules
    new_id: Callable[[], str]
    here: dict[str, Row[Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    known: dict[str, Row[Any]] = field(default_factory=dict)
    now_read: dict[str, Entry] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    read_keys: set[str] = field(default_factory=set)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def recognise(self) -> None:
        """Look up everything that is known of what was found, then decide what each is."""
        connection, found = self.connection, self.found
        named = [key for each in found for key in (each.entry.key, key_with_link(each.entry, each.marks))]
        if not self.rules.first or shows_anything(connection, self.source):
            self.here = {row.key: row for row in chunked(connection, named, by_key, self.source)}
        self.keys = {key: row.entry for key, row in self.here.items()}
        told = [name for each in found for mark in each.marks for name in names_behind(mark)]
        self.marked = {row.mark: row.entry for row in chunked(connection, told, by_mark)}
        self.known = {row.id: row for row in chunked(connection, [*self.keys.values(), *self.marked.values()], by_id)}
        self._follow_the_ended()
        shown_here = {row.entry for row in chunked(connection, list(self.known), by_entry, self.source)}
        self.elsewhere = self.known.keys() - shown_here
        self.now_read = {row.id: entry_of(row) for row in self.known.values()}
        self.owners = {row.id for row in self.known.values() if row.owned}
        for place, original in enumerate(found):
            own = key_here(original.entry, original.marks, here=self.here, known=self.now_read)
            if own != original.entry.key:
                found[place] = replace(original, entry=replace(original.entry, key=own))
            self.ids.append(self.keys.get(own) or "")
        self.shown = set(self.ids)
        for place, each in enumerate(found):
            self.ids[place] = self.ids[place] or self._by_marks(each)

    def _follow_the_ended(self) -> None:
        """Let names of entries that live on as others lead to those."""
        ended = {row.id: row.merged_into for row in self.known.values() if row.merged_into}
        if ended:
            self.known |= {row.id: row for row in chunked(self.connection, list(ended.values()), by_id)}
            for names in (self.keys, self.marked):
                names.update({name: ended[known] for name, known in names.items() if known in ended})

    def _by_marks(self, each: Found) -> str:
        return (
            by_marks(
                each.entry,
                each.marks,
                owned=each.owned,
                marked=self.marked,
                known=self.now_read,
                owners=self.owners,
                elsewhere=self.elsewhere,
                shown=self.shown | self.read,
            )
            or ""
        )

    def hold_if_rekeyed(self) -> None:
        """Raise HeldError if what is new looks like what is known under other names."""
        if not self.rules.whole or self.rules.accept or self.rules.rereading:
            return
        shown = [each.entry for each in self.found]
        fresh = [entry for entry, known in zip(shown, self.ids, strict=True) if not known]
        if is_rekeyed(shown, fresh, since=self.rules.since):
            message = (
                f"{len(fresh)} of its {len(shown)} entries are unknown and yet older than the last visit, as if it had "
                f"given known posts other ids, links and titles; accepting takes all {len(fresh)} as new"
            )
            raise HeldError(message)

    def keep_one(self, place: int) -> Kept:
        """Keep one entry and return what that came to."""
        each, entry_id = self.found[place], self.ids[place]
        # What came before it in this very visit may be the same thing.
        entry_id = entry_id or self.keys.get(each.entry.key) or self._by_marks(each)
        if not entry_id:
            entry_id, result = self._new(each)
        else:
            entry_id = self._merged(each, entry_id)
            result = Kept(id=entry_id, change=None) if entry_id in self.read else self._again(each, entry_id)
        self._see(each, entry_id)
        self._mark(each, entry_id)
        return result

    def _new(self, each: Found) -> tuple[str, Kept]:
        entry, entry_id = each.entry, self.new_id()
        record, digest = encoded(to_record(entry)), content_hash(entry)
        self.now_read[entry_id] = entry
        self._add(
            "entries",
            id=entry_id,
            source=entry.source,
            kind=entry.kind,
            published=entry.published,
            first_seen=self.now,
            changed_at=self.now,
            revision=1,
            hash=digest,
            content=record,
            owned=each.owned,
        )
        if each.owned:
            self.owners.add(entry_id)
        self._add_revision(entry_id, number=1, change="new", material=True, hash=digest)
        return entry_id, Kept(id=entry_id, change="new", material=True)

    def _merged(self, each: Found, entry_id: str) -> str:
        """Make one of the entries that this one's own names belong to; return the one that lives on.

        Registers and services say so; a feed may name whatever it likes.
        """
        if self.rules.whole:
            return entry_id
        for mark in names_of(each.marks):
            other = self.marked.get(mark, entry_id)
            if other == entry_id or other not in self.known or entry_id not in self.known:
                continue
            lives, ends = absorb(self.connection, self.known[entry_id], self.known[other])
            if not ends:
                continue
            for names in (self.keys, self.marked):
                names.update({name: lives for name, known in names.items() if known == ends})
            self.ids = [lives if known == ends else known for known in self.ids]
            for row in (row for rows in self.rows.values() for row in rows if row.get("entry") == ends):
                row["entry"] = lives
            if ends in self.read:
                self.read.add(lives)
            entry_id = lives
        return entry_id

    def _again(self, each: Found, entry_id: str) -> Kept:
        """Compare with what was kept; a new entry of this very visit has nothing to compare with."""
        row, place = self.known.get(entry_id), self.here.get(each.entry.key)
        if row is None:
            return Kept(id=entry_id, change=None)
        found = self._differences(row, place, each.entry)
        takes_over = each.owned and not row.owned and row.source != self.source
        decides = row.source == self.source or takes_over
        if decides:
            own = differences(self.now_read[entry_id], each.entry)
            # Whoever is at home there says it now, and readers had somebody else's words.
            found += [replace(one, material=True) for one in own] if takes_over else own
        for one in found:
            self._add(
                "changes",
                entry=entry_id,
                source=self.source,
                kind=one.kind,
                name=one.name,
                label=one.label,
                before=one.before,
                after=one.after,
                seen=self.now,
                material=one.material,
            )
        return self._revise(row, each.entry if decides else None, found, owned=takes_over)

    def _differences(self, row: Row[Any], place: Row[Any] | None, entry: Entry) -> list[Difference]:
        """Return what the watched facts tell that is other than before."""
        if place is None:
            # What this source showed before is unknown, but that a paper was retracted is news from whomever.
            known = self.now_read[row.id].facts
            found = [one for one in fact_differences(known, entry.facts) if one.kind in ALARMS and one.after]
        else:
            told, afresh = facts_from_record(place.facts or ()), self.rules.rereading or place.facts is None
            found = fact_differences(told, entry.facts, rereading=afresh)
        told_before = said_by_others(self.connection, row.id, self.source, found, since=self.now - _SAME_NEWS)
        return [replace(one, material=False) if one in told_before else one for one in found]

    def _revise(self, row: Row[Any], entry: Entry | None, found: list[Difference], *, owned: bool) -> Kept:
        """Write another revision if there is something to tell; ``entry`` None: its words are another source's."""
        record = row.content if entry is None else to_record(entry)
        leading = next((one for one in found if one.material), found[0] if found else None)
        counts = [one for one in found if one.material or one.kind != "comments"]
        if leading is None or not counts or (entry is None and not leading.material):
            if entry is not None and record != row.content:
                statement = update(entries).where(entries.c.id == row.id)
                mine = {"owned": True, "source": self.source} if owned else {}
                self.connection.execute(statement.values(content=record, kind=entry.kind, **mine))
            return Kept(id=row.id, change=None, changes=len(found))
        number = row.revision + 1
        self._set_aside(row)
        values: dict[str, Any] = {"revision": number, "content": record}
        if entry is not None:
            values |= {"kind": entry.kind, "published": entry.published, "hash": content_hash(entry)}
        if owned:
            values |= {"owned": True, "source": self.source}
        if leading.material:
            values["changed_at"] = self.now
        self.connection.execute(update(entries).where(entries.c.id == row.id).values(**values))
        kind = _REVISION_KINDS.get((leading.kind, leading.name), leading.kind)
        self._add_revision(
            row.id,
            number=number,
            change=kind,
            material=leading.material,
            hash=values.get("hash", row.hash),
        )
        return Kept(id=row.id, change=kind, material=leading.material, changes=len(found))

    def _set_aside(self, row: Row[Any]) -> None:
        """Keep what the entry said so far with its revision, before the newer one takes its place."""
        before = (revisions.c.entry == row.id) & (revisions.c.number == row.revision)
        statement = update(revisions).where(before, revisions.c.content.is_(None))
        self.connection.execute(statement.values(content=row.content))

    def _see(self, each: Found, entry_id: str) -> None:
        entry = each.entry
        self.read.add(entry_id)
        if entry.key in self.read_keys:
            return
        self.read_keys.add(entry.key)
        seen = {
            "url": entry.url,
            "shown": each.shown,
            "section": list(entry.section),
            "published": entry.published,
            "last_seen": self.now,
            "gone_at": None,
            "facts": facts_to_record(entry.facts),
        }
        if entry.key in self.here:
            where = (places.c.source == self.source) & (places.c.key == entry.key)
            self.connection.execute(update(places).where(where).values(**seen))
        else:
            self._add("places", source=self.source, key=entry.key, entry=entry_id, first_seen=self.now, **seen)
        self.keys[entry.key] = entry_id

    def _mark(self, each: Found, entry_id: str) -> None:
        fresh = [mark for mark in dict.fromkeys(each.marks) if mark not in self.marked]
        for mark in fresh:
            self._add("marks", mark=mark, entry=entry_id)
        self.marked.update(dict.fromkeys(fresh, entry_id))
        self.elsewhere.discard(entry_id)

    def _add_revision(self, entry_id: str, **values: Any) -> None:
        self._add("revisions", entry=entry_id, seen=self.now, **values)

    def _add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def write(self) -> None:
        """Write what was gathered: one statement a table, entries first because the others point at them."""
        for table in (entries, revisions, places, marks, changes):
            if rows := self.rows.get(table.name):
                self.connection.execute(insert(table), rows)
