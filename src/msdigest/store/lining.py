"""Lining up: what freezing decided is written down, numbered, and cut into batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from msdigest.model.compiled import Choice
from msdigest.store.fires import fact
from msdigest.store.schema import batches, deliveries, facts, selection_entries, selections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_TURN = "turn:freeze"
NOTHING = Choice(())


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
    """Write down a chunk of decisions; positions come later, by ``line_up``."""
    if not decided:
        return
    chosen = {_choice_hash(each.choice): each.choice for each in decided if each.reason is None}
    ids = _selection_ids(connection, issue, chosen)
    rows = [
        {
            "issue": issue,
            "subscriber": each.subscriber,
            "due_at": due_at,
            "selection": None if each.reason else ids[_choice_hash(each.choice)],
            "variant": each.variant,
            "state": "excluded" if each.reason else "pending",
            "reason": each.reason,
            "attempts": 0,
        }
        for each in decided
    ]
    connection.execute(insert(deliveries), rows)


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
    order = (deliveries.c.due_at, deliveries.c.variant, deliveries.c.selection, deliveries.c.subscriber)
    pending = (deliveries.c.issue == issue) & (deliveries.c.state == "pending")
    numbered = (
        select(deliveries.c.subscriber, func.row_number().over(order_by=order).label("place")).where(pending).subquery()
    )
    connection.execute(
        update(deliveries)
        .where(deliveries.c.issue == issue, deliveries.c.subscriber == numbered.c.subscriber)
        .values(position=numbered.c.place)
    )
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
