"""How much of an issue fits into one message: Gmail cuts a mail at about 102 kB, and hides the way to leave with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.compiled import MOST_IN_BRIEF, Block, Slot, brief_key
from msdigest.render.program import ROOM_FOR_A_PERSON, Assembly, Keys, size
from msdigest.render.values import selection_values
from msdigest.words import number_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msdigest.model.compiled import Choice, CompiledIssue, Node

SIZE_LIMIT = 95_000
_NONE: frozenset[str] = frozenset()
# Beyond so many other keys within one entry all its blocks are weighed, whatever excludes what.
_MOST_OPEN = 6


@dataclass(frozen=True, slots=True)
class Weights:
    """What an issue's parts take of the HTML part, in bytes, at most in any of its variants.

    around: everything that is not one entry's: head, headings, the overview, notices, with room for anybody's values.
    entries: entry id → its own bytes.
    """

    around: int
    entries: Mapping[str, int]

    def fitting(self, choice: Choice, ranking: Sequence[str], *, most: int, limit: int = SIZE_LIMIT) -> Choice:
        """Return as much of ``choice`` as fits, what matters most first; the rest is counted as being on the web."""
        room, chosen = limit - self.around, frozenset(choice.entries)
        kept: set[str] = set()
        for entry in ranking:
            if entry not in chosen:
                continue
            room -= self.entries[entry]
            if room < 0 or len(kept) == most:
                break
            kept.add(entry)
        if len(kept) == len(choice.entries):
            return choice
        left = tuple(entry for entry in choice.entries if entry in kept)
        return replace(choice, entries=left, more=choice.more + len(choice.entries) - len(left))


def weigh(variants: Iterable[CompiledIssue], limit: int = SIZE_LIMIT) -> Weights:
    """Weigh an issue; raises RefusedError if not even one entry fits.

    An entry is bounded (see ``view``), so if none fits it is what stands around them that is too long.
    """
    around, entries = 0, dict[str, int]()
    # A variant is large, and none is kept while the next one is fetched.
    for outside, own, brief in map(_weighed, variants):
        heaviest = sum(sorted(brief.values(), reverse=True)[:MOST_IN_BRIEF])
        around = max(around, outside + heaviest)
        for entry, weight in own.items():
            entries[entry] = max(weight, entries.get(entry, 0))
    if entries and around + min(entries.values()) > limit:
        message = (
            f"no entry fits into a mail of {number_words(limit)} bytes: what stands around the entries takes "
            f"{number_words(around)}, the smallest entry {number_words(min(entries.values()))}"
        )
        raise RefusedError(message)
    return Weights(around, entries)


def html_size(compiled: CompiledIssue, choice: Choice, person: Mapping[str, str] | None = None) -> int:
    """Return the bytes of the HTML part for a choice: exact for ``person``, else with room for anybody's values."""
    keys = Keys(compiled)
    parts = Assembly(compiled.html, keys).parts(keys.mask(choice), selection_values(compiled, choice))
    return size(parts, person or {}, form="html")


def _weighed(compiled: CompiledIssue) -> tuple[int, dict[str, int], dict[str, int]]:
    return _Scale(compiled).weighed()


class _Scale:
    """Weighs one variant: outside of the entries, each entry, each line of the overview."""

    def __init__(self, compiled: CompiledIssue) -> None:
        self._entries = {frozenset((entry,)): entry for entry in compiled.titles}
        self._briefs = {frozenset((brief_key(entry),)): entry for entry in compiled.ranking}
        self._nodes = compiled.html.nodes

    def weighed(self) -> tuple[int, dict[str, int], dict[str, int]]:
        own, brief = dict[str, int](), dict[str, int]()
        return self._walk(self._nodes, own, brief), own, brief

    def _walk(self, nodes: Sequence[Node], own: dict[str, int], brief: dict[str, int]) -> int:
        outside = 0
        for node in nodes:
            if not isinstance(node, Block):
                outside += _own(node)
            elif entry := self._entries.get(node.keys):
                own[entry] = own.get(entry, 0) + _whole(node.nodes, node.keys)
            elif entry := self._briefs.get(node.keys):
                brief[entry] = brief.get(entry, 0) + _whole(node.nodes, node.keys)
            else:
                outside += self._walk(node.nodes, own, brief)
        return outside


def _own(node: str | Slot) -> int:
    return ROOM_FOR_A_PERSON if isinstance(node, Slot) else len(node.encode())


def _whole(nodes: Sequence[Node], keys: frozenset[str] = _NONE) -> int:
    """Weigh nodes that stand or fall with ``keys``, with the heaviest that may be shown of the blocks in them.

    An excerpt stands there in several ways of which one is shown: which, depends on a few other keys.
    """
    others = sorted({each for each in _asked(nodes) if each and each != keys}, key=sorted)
    if len(others) > _MOST_OPEN:
        return sum(_whole(node.nodes) if isinstance(node, Block) else _own(node) for node in nodes)
    ways = (dict(zip(others, way, strict=True)) for way in product((False, True), repeat=len(others)))
    return max(_shown(nodes, {keys: True, _NONE: False} | way) for way in ways)


def _asked(nodes: Sequence[Node]) -> Iterator[frozenset[str]]:
    for node in nodes:
        if isinstance(node, Block):
            yield from (node.keys, node.unless)
            yield from _asked(node.nodes)


def _shown(nodes: Sequence[Node], there: Mapping[frozenset[str], bool]) -> int:
    weight = 0
    for node in nodes:
        if not isinstance(node, Block):
            weight += _own(node)
        elif there[node.keys] and not there[node.unless]:
            weight += _shown(node.nodes, there)
    return weight
