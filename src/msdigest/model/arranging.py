"""In which order an issue tells its entries: sections as configured, sources in turn, and what an editor changed."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

from msdigest.model.issue import NO_EDITS, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdigest.model.entry import Entry
    from msdigest.model.issue import Digest, Edits

REST_TITLE = "Also new"
_OF_EACH_TOPIC = 5
# Where no section is there for safety notices they have this one, before all others.
SAFETY = Section(title="Safety", kinds=("safety",))
Arranged: TypeAlias = "tuple[tuple[str, tuple[Entry, ...]], ...]"


def arrange(entries: Iterable[Entry], digest: Digest, edits: Edits = NO_EDITS) -> Arranged:
    """Put ``entries`` into the digest's sections: first match wins, the rest goes last, none is empty.

    Within a section the sources take turns, each with its newest first, so that one that writes a lot does not hide
    the others; then what an editor put in order, and before everything what is pinned.
    """
    sections = _with_safety(digest)
    shelves: list[tuple[str, list[Entry]]] = [(section.title, []) for section in sections]
    rest: list[Entry] = []
    hidden = frozenset(edits.hidden)
    for entry in sorted(entries, key=newest_first):
        if entry.id in hidden:
            continue
        for section, (_, shelf) in zip(sections, shelves, strict=True):
            if section.takes(entry):
                shelf.append(entry)
                break
        else:
            rest.append(entry)
    shelves.append((REST_TITLE if digest.sections else digest.title, rest))
    return tuple((title, tuple(_edited(in_turns(shelf), edits))) for title, shelf in shelves if shelf)


def _with_safety(digest: Digest) -> tuple[Section, ...]:
    if any("safety" in section.kinds for section in digest.sections):
        return digest.sections
    return (SAFETY, *digest.sections)


def in_turns(entries: Sequence[Entry]) -> list[Entry]:
    """Let the sources take turns: the first of each, then the second of each, in the order that is given."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, Entry]] = []
    for entry in entries:
        turns.append((seen[entry.source], entry))
        seen[entry.source] += 1
    return [entry for _, entry in sorted(turns, key=lambda turn: turn[0])]


def _edited(entries: Sequence[Entry], edits: Edits) -> list[Entry]:
    pinned = {entry: place for place, entry in enumerate(edits.pinned)}
    order = {entry: place for place, entry in enumerate(edits.order)}
    last = (len(pinned), len(order))
    return sorted(entries, key=lambda entry: (pinned.get(entry.id, last[0]), order.get(entry.id, last[1])))


def ranked(sections: Arranged, pinned: Sequence[str] = ()) -> tuple[str, ...]:
    """Return all entry ids, what matters most first: pinned, then safety, then the sections in turn.

    The overview names the first of them that somebody gets, and what does not fit into a message is the last of them.
    """
    everything = [entry for _, entries in sections for entry in entries]
    there = {entry.id for entry in everything}
    safety = [entry.id for entry in everything if entry.kind == "safety"]
    in_turn = [entry.id for turn in zip_longest(*(entries for _, entries in sections)) for entry in turn if entry]
    first = [entry for entry in pinned if entry in there]
    return tuple(dict.fromkeys((*first, *safety, *in_turn)))


def carried(entries: Sequence[Entry], most: int) -> frozenset[str]:
    """Return the ids of ``most`` of ``entries``, given in the order of what matters: a few of every topic first.

    A topic that a few people chose is not crowded out by one that everybody writes about.
    """
    if len(entries) <= most:
        return frozenset(entry.id for entry in entries)
    seen: Counter[str] = Counter()
    kept: dict[str, None] = {}
    for entry in entries:
        topics = entry.topics or ("",)
        if min(seen[topic] for topic in topics) < _OF_EACH_TOPIC:
            kept[entry.id] = None
            seen.update(topics)
    every = dict.fromkeys((*kept, *(entry.id for entry in entries)))
    return frozenset(list(every)[:most])


def newest_first(entry: Entry) -> tuple[float, str]:
    """Sort key: newest first by own date, else by when it was first seen; ties by id."""
    when = entry.published or entry.first_seen
    return (-when.timestamp() if when else 0.0, entry.id)
