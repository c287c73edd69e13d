"""A program's tree made ready, so that choosing from it costs little more than what is chosen.

Nearly every message is a choice of its own: nothing of one helps the next. What helps all of them is done here, once:
bits instead of names, literals in the coding of who takes them, and three shapes that spare looking:

* ``Stretch``: up to eight neighbours that each stand for one bit (entries, lines of the overview): what is chosen of
  them is found by their bits;
* ``Either``: literals that depend on few tests (words are explained at their first use): all outcomes are written out;
* ``When``: whatever else stands or falls with a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msdigest.model.compiled import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.compiled import Node

Piece: TypeAlias = "bytes | Slot | Stretch | Either | When"
Pieces: TypeAlias = "tuple[Piece, ...]"

_NEIGHBOURS = 8
# Each further test doubles what is written out.
_MOST_TESTS = 4
_ALWAYS = -1


class When:
    """Pieces that stand there if any bit of ``keys`` is chosen and none of ``unless``."""

    __slots__ = ("keys", "pieces", "unless")

    def __init__(self, keys: int, unless: int, pieces: Pieces) -> None:
        """Take both sides of the test, and the pieces."""
        self.keys, self.unless, self.pieces = keys, unless, pieces


class Either:
    """One of ``literals``: the binary digits of its place tell of which ``tests`` any bit is chosen."""

    __slots__ = ("literals", "tests")

    def __init__(self, tests: tuple[int, ...], literals: tuple[bytes, ...]) -> None:
        """Take a literal for each outcome."""
        self.tests, self.literals = tests, literals


class Stretch:
    """Neighbours whose bits follow each other from bit ``start`` on; ``known``: what some of their bits choose.

    flat: nothing but literals, slots and ``Either`` is among their pieces.
    """

    __slots__ = ("_members", "bits", "flat", "known", "start")

    def __init__(self, start: int, members: Sequence[Pieces]) -> None:
        """Take the pieces of each neighbour."""
        self.start, self.bits, self._members = start, (1 << len(members)) - 1, members
        self.flat = not any(isinstance(piece, Stretch | When) for pieces in members for piece in pieces)
        self.known: list[Pieces | None] = [None] * (1 << len(members))

    def chosen(self, bits: int) -> Pieces:
        """Work out what ``bits`` choose, the first neighbour's being 1, and remember it."""
        chosen = [pieces for place, pieces in enumerate(self._members) if bits >> place & 1]
        self.known[bits] = found = tuple(piece for pieces in chosen for piece in pieces)
        return found


def choose(pieces: Pieces, mask: int) -> tuple[list[Any], list[int]]:
    """Return the literals and slots that ``mask`` chooses, and the places of the slots among them.

    This runs for every message: types are compared, not asked, because that is twice as fast.
    """
    chosen: list[Any] = []
    _gather(pieces, mask, chosen)
    holes = []
    for place, piece in enumerate(chosen):
        if type(piece) is bytes:
            continue
        if type(piece) is Slot:
            holes.append(place)
            continue
        outcome = 0
        for test in piece.tests:
            outcome += outcome
            if mask & test:
                outcome += 1
        chosen[place] = piece.literals[outcome]
    return chosen, holes


def _gather(pieces: Pieces, mask: int, into: list[Any]) -> None:
    for piece in pieces:
        if type(piece) is Stretch:
            if bits := mask >> piece.start & piece.bits:
                chosen = piece.known[bits] or piece.chosen(bits)
                if piece.flat:
                    into += chosen
                else:
                    _gather(chosen, mask, into)
        elif type(piece) is When:
            if mask & piece.keys and not mask & piece.unless:
                _gather(piece.pieces, mask, into)
        else:
            into.append(piece)


def prepared(nodes: Sequence[Node], of: Callable[[frozenset[str]], int], encode: Callable[[str], bytes]) -> Pieces:
    """Make ``nodes`` ready; ``of`` returns the bits of names, ``encode`` a literal in its coding."""
    return _shaped(_simple(nodes, 0, of, encode))


def _simple(
    nodes: Sequence[Node], chosen: int, of: Callable[[frozenset[str]], int], encode: Callable[[str], bytes]
) -> Pieces:
    """Return ``nodes`` as literals, slots and ``When``; ``chosen``: the bits without which nobody comes here."""
    found: list[Piece] = []
    for node in nodes:
        if isinstance(node, str):
            found.append(encode(node))
        elif isinstance(node, Slot):
            found.append(node)
        elif not (unless := of(node.unless)) & chosen:
            keys = of(node.keys)
            sure = bool(keys & chosen)
            inner = _simple(node.nodes, chosen | (keys if _is_one(keys) else 0), of, encode)
            found += inner if sure and not unless else (When(_ALWAYS if sure else keys, unless, inner),)
    return tuple(found)


def _shaped(pieces: Pieces) -> Pieces:
    """Return simple ``pieces`` in the shapes that are fast: neighbours together, outcomes written out."""
    found: list[Piece] = []
    left = list(pieces)
    while left:
        if (members := _neighbours(left)) and len(members) > 1:
            found.append(Stretch(members[0].keys.bit_length() - 1, [_shaped(each.pieces) for each in members]))
            del left[: len(members)]
            continue
        run = _few_tests(left)
        if run:
            found.append(_written_out(run))
            del left[: len(run)]
        else:
            piece = left.pop(0)
            found.append(When(piece.keys, piece.unless, _shaped(piece.pieces)) if isinstance(piece, When) else piece)
    return tuple(found)


def _is_one(bits: int) -> bool:
    return bits > 0 and not bits & (bits - 1)


def _neighbours(pieces: Sequence[Piece]) -> list[When]:
    """Return the pieces at the beginning that stand for one bit each, one following the other."""
    found: list[When] = []
    for piece in pieces[:_NEIGHBOURS]:
        if not isinstance(piece, When) or piece.unless or not _is_one(piece.keys):
            break
        if found and piece.keys != found[-1].keys << 1:
            break
        found.append(piece)
    return found


def _few_tests(pieces: Sequence[Piece]) -> list[Piece]:
    """Return as many pieces at the beginning as hold nothing but literals, under few tests together."""
    found: list[Piece] = []
    tests = set[int]()
    for piece in pieces:
        more = _tests(piece)
        if more is None or len(tests | more) > _MOST_TESTS or len(_neighbours(pieces[len(found) : len(found) + 2])) > 1:
            break
        tests |= more
        found.append(piece)
    return found


def _tests(piece: Piece) -> set[int] | None:
    """Return what a simple piece asks of a mask; None if there is a slot in it."""
    if isinstance(piece, bytes):
        return set()
    if not isinstance(piece, When):
        return None
    found = {piece.keys, piece.unless} - {_ALWAYS, 0}
    for each in piece.pieces:
        more = _tests(each)
        if more is None:
            return None
        found |= more
    return found


def _written_out(pieces: Sequence[Piece]) -> bytes | Either:
    """Return all outcomes of simple pieces; just the one if there is no test."""
    tests = tuple(sorted(set().union(*(_tests(piece) or () for piece in pieces))))
    literals = []
    for outcome in range(1 << len(tests)):
        true = {test: bool(outcome >> place & 1) for place, test in enumerate(reversed(tests))}
        literals.append(_literal(pieces, true | {_ALWAYS: True, 0: False}))
    return Either(tests, tuple(literals)) if tests else literals[0]


def _literal(pieces: Sequence[Piece], true: Mapping[int, bool]) -> bytes:
    """Join simple pieces, given which tests are true."""
    whole = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            whole += piece
        elif isinstance(piece, When) and true[piece.keys] and not true[piece.unless]:
            whole += _literal(piece.pieces, true)
    return whole
