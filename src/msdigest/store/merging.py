"""Merging: two entries that turn out to be the same thing live on as the elder one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from msdigest.store.recognising import conflicting
from msdigest.store.records import from_record
from msdigest.store.schema import changes, entries, marks, places

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row


def absorb(connection: Connection, one: Row[Any], other: Row[Any]) -> tuple[str, str]:
    """Let the younger of two entries live on in the elder; return (id that lives, id that ends).

    The ended one keeps its words and revisions: issues that carried it are archived with them. Where their own names
    contradict each other (two trials of one register) both stay, and the second id is empty.
    """
    names = [from_record(row.content, id=row.id, revision=row.revision, first_seen=None) for row in (one, other)]
    if conflicting(*names):
        return one.id, ""
    elder, younger = sorted((one, other), key=lambda row: (row.first_seen, row.id))
    for table in (places, marks, changes):
        connection.execute(update(table).where(table.c.entry == younger.id).values(entry=elder.id))
    connection.execute(
        update(entries)
        .where((entries.c.id == younger.id) | (entries.c.merged_into == younger.id))
        .values(merged_into=elder.id)
    )
    return elder.id, younger.id


def same_things(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return every id under which any of ``ids`` was ever known → those of them that are the same thing.

    Each of ``ids`` is among the keys. Two that turned out to be one belong together: to both the other leads too.
    """
    lives = {one: one for one in ids}
    statement = select(entries.c.id, entries.c.merged_into).where(entries.c.id.in_(list(lives)))
    lives |= {row.id: row.merged_into for row in connection.execute(statement) if row.merged_into}
    by_life: dict[str, list[str]] = {}
    for one, life in lives.items():
        by_life.setdefault(life, []).append(one)
    ended = select(entries.c.id, entries.c.merged_into).where(entries.c.merged_into.in_(list(by_life)))
    known = {life: life for life in by_life} | {row.id: row.merged_into for row in connection.execute(ended)}
    return {name: tuple(by_life[life]) for name, life in (known | lives).items()}
