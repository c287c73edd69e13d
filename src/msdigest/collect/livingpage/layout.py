"""Decides whether a page still looks like itself, and what its new pieces are called."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from msdigest.collect.livingpage.cutting import Piece
    from msdigest.model.entry import Known

_FEW = 4  # known entries below which a share says nothing
_MANY = 0.5  # a larger share of entries that vanish or stand elsewhere is a new layout


def gone(alive: Iterable[Known], keys: Mapping[int, str]) -> tuple[str, ...]:
    """Return the keys of those that the page no longer shows; ``keys``: of its pieces, by their place."""
    shown = set(keys.values())
    return tuple(one.key for one in alive if one.key not in shown)


def unlike_itself(pieces: Sequence[Piece], alive: Sequence[Known], keys: Mapping[int, str]) -> str:
    """Tell what makes the page look like another one; empty = nothing does."""
    before = {one.key: one for one in alive}
    same = [(pieces[place], before[key]) for place, key in keys.items() if key in before]
    lost = gone(alive, keys)
    if any(one.published for one in alive) and not any(piece.day for piece in pieces):
        return "no date line is found, though there were some"
    if any(one.section for one in alive) and not any(piece.section for piece in pieces):
        return "no heading is found, though there were some"
    if len(alive) >= _FEW and len(lost) > _MANY * len(alive):
        return f"{len(lost)} of {len(alive)} known entries are missing"
    if _shuffled([(piece.section, one.section) for piece, one in same]):
        return "most entries stand under other headings"
    if _shuffled([(piece.day, one.published) for piece, one in same]):
        return "most entries stand under other date lines"
    return ""


def _shuffled(pairs: Sequence[tuple[object, object]]) -> bool:
    """Tell whether most of the (now, before) differ; one heading renamed or one date line renewed is no shuffle."""
    changed = [before for now, before in pairs if now != before]
    return len(pairs) >= _FEW and len(changed) > _MANY * len(pairs) and len(set(changed)) > 1


def under_known_headings(
    pieces: Sequence[Piece], keys: Mapping[int, str], *, alive: Iterable[Known], headings: Collection[str]
) -> list[Piece]:
    """Keep the known heading paths where only their levels changed: a redesign moves nothing.

    A path that was never seen is read as the known one of its entries, if that ends in the same heading and all of
    its ``headings`` are still on the page.
    """
    sections = {one.key: one.section for one in alive}
    known = set(sections.values())
    votes: defaultdict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for place, key in keys.items():
        path = sections.get(key, ())
        if path and pieces[place].section[-1:] == path[-1:] and set(headings).issuperset(path):
            votes[pieces[place].section][path] += 1
    meant = {path: found.most_common(1)[0][0] for path, found in votes.items() if path not in known}
    return [replace(one, section=meant.get(one.section, one.section)) for one in pieces]


def named(source: str, pieces: Sequence[Piece], keys: Mapping[int, str], *, known: Iterable[Known]) -> list[str]:
    """Return the key of each piece; a new one is made of the ``source`` and what it says at first sight."""
    taken = {one.key for one in known}
    names = []
    for place, piece in enumerate(pieces):
        if place in keys:
            names.append(keys[place])
            continue
        day = piece.day.date().isoformat() if piece.day else ""
        said = "\0".join((source, *piece.section, day, piece.words))
        name = base = sha256(said.encode()).hexdigest()[:16]
        number = 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name)
        names.append(name)
    return names
