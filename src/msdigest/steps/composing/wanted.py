"""What an editor wants of a draft in one go: several changes, one after the other, compiled once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.issue import NO_EDITS
from msdigest.steps.composing.editing import moved, with_intro, with_note
from msdigest.steps.composing.whole import contents_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.issue import Digest, Edits, Issue
    from msdigest.steps.composing.editing import Move
    from msdigest.store.database import Transaction

# What is shown again may be moved, and what was moved may be pinned or hidden.
IN_TURN: tuple[Move, ...] = ("show", "unpin", "up", "down", "first", "last", "pin", "hide")
# So many letters of an id are enough if no other of the issue begins with them.
_BEGINNING = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to become different.

    clear: take back everything that was changed before. moves: move → entry ids, or enough of their beginnings.
    intro: None = as it is, empty = none. notes: (entry, words) pairs; empty words = none.
    """

    clear: bool = False
    moves: Mapping[Move, Sequence[str]] = field(default_factory=dict)
    intro: str | None = None
    notes: Sequence[tuple[str, str]] = ()

    def __bool__(self) -> bool:
        """Tell whether anything is to become different."""
        return bool(self.clear or any(self.moves.values()) or self.intro is not None or self.notes)


def edited(connection: Transaction, issue: Issue, digest: Digest, wanted: Wanted) -> Edits:
    """Return the edits of ``issue`` after all that is ``wanted``; raises RefusedError for an entry that is not there.

    Each change sees the order that the one before it made, as if the issue had been compiled in between.
    """
    contents = contents_of(connection, issue, digest)

    def after(edits: Edits) -> Issue:
        return replace(issue, edits=edits, sections=replace(contents, edits=edits).ids)

    current = after(NO_EDITS) if wanted.clear else issue
    for move in IN_TURN:
        for beginning in wanted.moves.get(move, ()):
            current = after(moved(current, move, whole_id(issue, beginning)))
    if wanted.intro is not None:
        current = after(with_intro(current.edits, wanted.intro))
    for beginning, words in wanted.notes:
        current = after(with_note(current, whole_id(issue, beginning), words))
    return current.edits


def whole_id(issue: Issue, beginning: str) -> str:
    """Return the id of the one entry of ``issue``, also a hidden one, that begins so; raises RefusedError."""
    known = (*issue.entries, *issue.edits.hidden)
    found = [each for each in known if each.startswith(beginning.lower())] if len(beginning) >= _BEGINNING else []
    if len(found) > 1:
        message = f"the ids of several entries begin with {beginning}: write more of the one that is meant"
        raise RefusedError(message)
    if not found:
        message = f"issue {issue.id} has no entry {beginning!r}: `msdigest issue show {issue.id}` lists its entries"
        raise RefusedError(message)
    return found[0]
