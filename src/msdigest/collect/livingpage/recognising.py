"""Door to RapidFuzz: which piece of a page is which entry that it showed before, reworded, re-dated or moved."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeVar

from rapidfuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from msdigest.collect.livingpage.cutting import Piece
    from msdigest.model.entry import Known

# Measured on 8,573 pairs of versions: nothing wrongly matched, 0.14 % missed.
_ALIKE = 70.0
_SURELY_ALIKE = 85.0
# Different entries of one page shared at most 0.21, rewritten ones at least 0.31.
_OWN_WORDS = 0.25
_SAME_SECTION = 8.0
_SAME_DAY = 6.0
_PART = 0.9  # what a part that is found whole in the other text is worth
_LONG = 40  # characters; parts of shorter texts are found everywhere
_COMPARED = 2_000  # characters

_Label = TypeVar("_Label")


def recognise(pieces: Sequence[Piece], known: Sequence[Known]) -> dict[int, str]:
    """Return the known key of each piece (by its place in ``pieces``) that was seen before. Pure.

    Equal words in the same place, then in the same section, then anywhere; then the most alike; last, equal words
    of an entry that was gone.
    """
    keys: dict[int, str] = {}
    alive, gone = [one for one in known if not one.gone], [one for one in known if one.gone]
    _take(
        keys,
        pieces,
        alive,
        lambda one: (one.words, one.section, one.day),
        lambda one: (_words(one.text), one.section, one.published),
    )
    _take(keys, pieces, alive, lambda one: (one.words, one.section), lambda one: (_words(one.text), one.section))
    _take(keys, pieces, alive, lambda one: one.words, lambda one: _words(one.text))
    _take_alike(keys, pieces, alive)
    _take(keys, pieces, gone, lambda one: one.words, lambda one: _words(one.text))
    return keys


def _take(
    keys: dict[int, str],
    pieces: Sequence[Piece],
    known: Iterable[Known],
    here: Callable[[Piece], _Label],
    there: Callable[[Known], _Label],
) -> None:
    taken = set(keys.values())
    waiting: defaultdict[_Label, list[str]] = defaultdict(list)
    for one in known:
        if one.key not in taken:
            waiting[there(one)].append(one.key)
    for place, piece in enumerate(pieces):
        if place not in keys and waiting[here(piece)]:
            keys[place] = waiting[here(piece)].pop(0)


def _take_alike(keys: dict[int, str], pieces: Sequence[Piece], known: Iterable[Known]) -> None:
    taken = set(keys.values())
    waiting = [one for one in known if one.key not in taken]
    open_places = [place for place in range(len(pieces)) if place not in keys]
    everything = {piece.words for piece in pieces} | {_words(one.text) for one in waiting}
    common = Counter(token for text in everything for token in _tokens(text))
    pairs = [
        (likeness, place, one.key)
        for place in open_places
        for one in waiting
        if (likeness := _likeness(pieces[place], one, common)) >= _ALIKE
    ]
    for _, place, key in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if place not in keys and key not in taken:
            keys[place] = key
            taken.add(key)


def _likeness(piece: Piece, known: Known, common: Counter[str]) -> float:
    """Return how alike two texts are, 0 to 114; where they stand counts, too.

    common: in how many texts a word occurs: "can be found here" makes no two entries one.
    """
    mine, theirs = piece.words[:_COMPARED], _words(known.text)[:_COMPARED]
    near = _SAME_SECTION * (piece.section == known.section) + _SAME_DAY * (piece.day == known.published)
    alike = fuzz.token_sort_ratio(mine, theirs)
    if min(len(mine), len(theirs)) > _LONG:
        alike = max(alike, _PART * fuzz.partial_ratio(mine, theirs))
    if alike + near >= _ALIKE and alike < _SURELY_ALIKE and _shared(mine, theirs, common) < _OWN_WORDS:
        return 0.0
    return alike + near


def _shared(mine: str, theirs: str, common: Counter[str]) -> float:
    """Return the share of words that two texts have in common, rare ones counting most, 0 to 1."""

    def weight(tokens: Iterable[str]) -> float:
        return sum(1 / max(1, common[token]) for token in tokens)

    one, other = _tokens(mine), _tokens(theirs)
    return 2 * weight(one & other) / (weight(one) + weight(other) or 1)


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _words(text: str) -> str:
    return " ".join(text.split())
