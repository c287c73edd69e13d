"""Lining up: what freezing decided is written down, numbered, and cut into batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, literal, select
from sqlalchemy.schema import CreateTable, DropTable

from msdigest.model.compiled import Choice
from msdigest.store.fires import fact
from msdigest.store.schema import Instant, batches, deliveries, facts, selection_entries, selections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Insert

_TURN = "turn:freeze"
NOTHING = Choice(())
# Where decisions wait for their positions. Written in the order of these, the rows of a batch are neighbours: to mark
# a thousand people then changes some thirty pages of SQLite's file, and not a thousand of them, twice for every call.
_waiting = Table(
    "waiting",
    MetaData(),
    Column("issue", Integer, nullable=False),
    Column("subscriber", String(32), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("selection", Integer),
    Column("variant", String(64)),
    Column("reason", String(200)),
    prefixes=["TEMPORARY"],
)


def take_turn(connection: Connection) -> None:
    """Freeze one issue after the other: two at once would not see what the other one chooses for somebody."""
    fact(connection, _TURN, "held while an issue is frozen")
    connection.execute(select(facts).where(facts.c.name == _TURN).with_for_update())


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What freezing decided for one person: a choice and a variant, or a reason to exclude."""

    subscriber: str
    reason: str | None = None
    choice: Choice = NOTHING
    variant: str | None = None


def add_deliveries(connection: Connection, issue: int, decided: Sequence[Decided], *, due_at: datetime) -> None:
    """Write down a chunk of decisions; who is in line gets a position, and everybody a delivery, by ``line_up``."""
    if not decided:
        return
    # In the order of the people: the same people give the same ids. One choice is shared by many.
    choices = {id(each.choice): each.choice for each in decided if each.reason is None}
    hashes = {place: _choice_hash(choice) for place, choice in choices.items()}
    kept = _selection_ids(connection, issue, {hashes[place]: choice for place, choice in choices.items()})
    ids = {place: kept[digest] for place, digest in hashes.items()}
    connection.execute(CreateTable(_waiting, if_not_exists=True))
    due = Instant().process_bind_param(due_at, connection.dialect)
    rows = [
        (issue, each.subscriber, due, None if each.reason else ids[id(each.choice)], each.variant, each.reason)
        for each in decided
    ]
    _write_down(connection, rows)


def _write_down(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    # Past SQLAlchemy's own handling of values, which takes longer for a row than the database: none of these needs it.
    statement = insert(_waiting).compile(dialect=connection.dialect)
    names = _waiting.columns.keys()
    given = rows if statement.positional else [dict(zip(names, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(statement), given)


def _choice_hash(choice: Choice) -> str:
    told = sorted((*choice.entries, *choice.notices))
    return hashlib.sha256("\n".join((*told, *((str(choice.more),) if choice.more else ()))).encode()).hexdigest()


def _selection_ids(connection: Connection, issue: int, chosen: Mapping[str, Choice]) -> dict[str, int]:
    """Return hash → id of each choice, and keep those that are new."""
    wanted = select(selections.c.hash, selections.c.id).where(
        selections.c.issue == issue, selections.c.hash.in_(list(chosen))
    )
    ids = {row.hash: row.id for row in connection.execute(wanted)}
    fresh = [digest for digest in chosen if digest not in ids]
    if fresh:
        added = [{"issue": issue, "hash": digest, "more": chosen[digest].more} for digest in fresh]
        connection.execute(insert(selections), added)
        ids = {row.hash: row.id for row in connection.execute(wanted)}
        rows = [
            {"selection": ids[digest], "entry": told}
            for digest in fresh
            for told in (*chosen[digest].entries, *chosen[digest].notices)
        ]
        connection.execute(insert(selection_entries), rows)
    return ids


def line_up(connection: Connection, issue: int, *, max_recipients: int, one_selection: bool) -> int:
    """Give every pending delivery its position and cut the positions into batches; return how many people.

    ``one_selection``: a batch never crosses from one body to the next, for providers that substitute variables.
    """
    connection.execute(CreateTable(_waiting, if_not_exists=True))
    connection.execute(_in_line(issue))
    connection.execute(_left_out(issue))
    connection.execute(DropTable(_waiting))
    pending = (deliveries.c.issue == issue) & (deliveries.c.state == "pending")
    same = (
        [deliveries.c.due_at, deliveries.c.variant, deliveries.c.selection] if one_selection else [deliveries.c.due_at]
    )
    groups = (
        select(*same, func.min(deliveries.c.position).label("lo"), func.max(deliveries.c.position).label("hi"))
        .where(pending)
        .group_by(*same)
        .order_by("lo")
    )
    total, rows = 0, []
    for group in connection.execute(groups):
        total = group.hi
        for lo in range(group.lo, group.hi + 1, max_recipients):
            hi = min(lo + max_recipients - 1, group.hi)
            rows.append({"issue": issue, "lo": lo, "hi": hi, "state": "pending", "due_at": group.due_at, "tries": 0})
    if rows:
        connection.execute(insert(batches), rows)
    return total


def _in_line(issue: int) -> Insert:
    """Return the statement that gives everybody who waits and gets something the next position."""
    who = _waiting.c
    place = func.row_number().over(order_by=(who.due_at, who.variant, who.selection, who.subscriber)).label("place")
    told = (who.issue, who.subscriber, place, who.due_at, who.selection, who.variant, literal("pending"), literal(0))
    numbered = select(*told).where(who.issue == issue, who.reason.is_(None)).order_by(place)
    names = ("issue", "subscriber", "position", "due_at", "selection", "variant", "state", "attempts")
    return insert(deliveries).from_select(names, numbered)


def _left_out(issue: int) -> Insert:
    """Return the statement that writes down who gets nothing, and why."""
    who = _waiting.c
    told = select(who.issue, who.subscriber, who.due_at, literal("excluded"), who.reason, literal(0))
    names = ("issue", "subscriber", "due_at", "state", "reason", "attempts")
    return insert(deliveries).from_select(names, told.where(who.issue == issue, who.reason.is_not(None)))
