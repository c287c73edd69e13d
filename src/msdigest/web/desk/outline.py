"""An issue's outline: its sections with their entries, and what may be done to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.render.labels import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.entry import Entry
    from msdigest.web.desk.editions import Edition

ANCHOR = "entry-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry in the outline.

    moves: what may be done to it, each with its word. held: it is in the message that is looked at.
    """

    entry: str
    title: str
    words: tuple[str, ...]
    note: str
    held: bool
    pinned: bool
    moves: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A section with its entries."""

    title: str
    lines: tuple[Line, ...]


def outline(edition: Edition, held: Sequence[str] | None) -> tuple[Part, ...]:
    """Return the sections in the order of print; ``held``: entries of the message, None if there is none to look at."""
    entries, edits = edition.entries, edition.issue.edits
    parts = []
    for title, ids in edition.issue.sections:
        pinned = [entry for entry in ids if entry in edits.pinned]
        lines = tuple(
            _line(
                entries[entry],
                note=edits.notes.get(entry, ""),
                held=held is None or entry in held,
                pinned=entry in pinned,
                moves=_moves(place, len(pinned), len(ids)),
            )
            for place, entry in enumerate(ids)
        )
        parts.append(Part(title, lines))
    return tuple(parts)


def hidden(edition: Edition) -> tuple[Line, ...]:
    """Return the entries that an editor hid, as far as the issue still knows them."""
    entries, edits = edition.entries, edition.issue.edits
    return tuple(
        _line(
            entries[entry],
            note=edits.notes.get(entry, ""),
            held=False,
            pinned=False,
            moves=(("show", "Show"),),
        )
        for entry in edits.hidden
        if entry in entries
    )


def _moves(place: int, pinned: int, size: int) -> tuple[tuple[str, str], ...]:
    """Return what may be done to the entry at ``place``: pinned ones come first, in the order of their pinning."""
    if place < pinned:
        return (("unpin", "Unpin"), ("hide", "Hide"))
    up = (("up", "Up"),) if place > pinned else ()
    down = (("down", "Down"),) if place + 1 < size else ()
    return (*up, *down, ("pin", "Pin"), ("hide", "Hide"))


def _line(entry: Entry, *, note: str, held: bool, pinned: bool, moves: tuple[tuple[str, str], ...]) -> Line:
    return Line(
        entry=entry.id,
        title=entry.title,
        words=tuple(label.word for label in labels(entry)),
        note=note,
        held=held,
        pinned=pinned,
        moves=moves,
    )
