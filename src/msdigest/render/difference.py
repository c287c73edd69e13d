"""What changed between two texts, told in words: kept, taken out, put in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# Words of unchanged text shown beside a change; the rest is left out.
_CONTEXT = 12
# Words of one change that are shown.
_LONGEST_CHANGE = 300
# Beyond this many comparisons of words (difflib is quadratic on repetitive text) whole sentences are compared, and
# sentences that come again and again are no anchors any more.
_MOST_COMPARISONS = 1_000_000
Kind = Literal["same", "removed", "added"]
Run = tuple[Kind, list[str]]
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words. gap: unchanged words that are left out; ``text`` is empty."""

    kind: Literal["same", "removed", "added", "gap"]
    text: str


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """Compare two texts word by word; empty if only spaces differ."""
    before, after = old.split(), new.split()
    if before == after:
        return ()
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    middle = _compare(before[head : len(before) - tail], after[head : len(after) - tail])
    runs: list[Run] = [("same", before[:head]), *middle, ("same", before[len(before) - tail :])]
    return _pieces(_joined(runs))


def _common(one: list[str], other: list[str]) -> int:
    """Return how many words both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _compare(before: list[str], after: list[str]) -> list[Run]:
    if too_long := len(before) * len(after) > _MOST_COMPARISONS:
        before, after = _sentences(before), _sentences(after)
    runs: list[Run] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(a=before, b=after, autojunk=too_long).get_opcodes():
        if kind == "equal":
            runs.append(("same", before[a1:a2]))
        else:
            runs += [("removed", before[a1:a2]), ("added", after[b1:b2])]
    return runs


def _joined(runs: list[Run]) -> list[Run]:
    """Join neighbours of one kind, sentences again as words."""
    joined: list[Run] = []
    for kind, parts in runs:
        words = " ".join(parts).split()
        if joined and words and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + words)
        elif words:
            joined.append((kind, words))
    return joined


def _pieces(runs: list[Run]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for number, (kind, words) in enumerate(runs):
        if kind == "same":
            pieces += _around(words, first=number == 0, last=number == len(runs) - 1)
        else:
            pieces.append(Piece(kind, " ".join(_shortened(words))))
    return tuple(pieces)


def _shortened(words: list[str]) -> list[str]:
    """Show of a very long change its beginning and its end."""
    return words if len(words) <= _LONGEST_CHANGE else [*words[: _LONGEST_CHANGE - 50], "…", *words[-49:]]


def _sentences(words: list[str]) -> list[str]:
    return _SENTENCE_END.split(" ".join(words))


def _around(words: list[str], *, first: bool, last: bool) -> list[Piece]:
    """Keep of unchanged words only those beside a change."""
    head = 0 if first else _CONTEXT
    tail = 0 if last else _CONTEXT
    if len(words) <= head + tail:
        return [Piece("same", " ".join(words))]
    pieces = [Piece("gap", "")]
    if head:
        pieces.insert(0, Piece("same", " ".join(words[:head])))
    if tail:
        pieces.append(Piece("same", " ".join(words[len(words) - tail :])))
    return pieces
