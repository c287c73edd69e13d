"""Made ready or not, a program says the same for every choice."""

from __future__ import annotations

from random import Random

import pytest

from msdigest.model.compiled import Block, Slot
from msdigest.render.pieces import Either, Stretch, When, choose, prepared

NAMES = tuple("abcdefghijklmnopqrst")
SLOTS = (Slot("greeting", "person"), Slot("count_line", "selection"))


def _of(names: frozenset[str]) -> int:
    return sum(1 << NAMES.index(name) for name in names)


def _ready(nodes):
    return prepared(nodes, _of, str.encode)


def _told(pieces, chosen: frozenset[str]) -> list[bytes | str]:
    found, holes = choose(pieces, _of(chosen))
    assert [place for place, piece in enumerate(found) if isinstance(piece, Slot)] == holes
    return _joined(piece.name if isinstance(piece, Slot) else piece for piece in found)


def _read(nodes, chosen: frozenset[str]) -> list[bytes | str]:
    """Read a tree as it is written down."""
    found = []
    for node in nodes:
        if isinstance(node, str):
            found.append(node.encode())
        elif isinstance(node, Slot):
            found.append(node.name)
        elif node.keys & chosen and not node.unless & chosen:
            found += _read(node.nodes, chosen)
    return _joined(found)


def _joined(pieces) -> list[bytes | str]:
    """Put literals together: where they are cut, and empty ones, make no difference."""
    whole: list[bytes | str] = []
    for piece in filter(None, pieces):
        if whole and isinstance(piece, bytes) and isinstance(whole[-1], bytes):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


def _random_nodes(dice: Random, depth: int) -> tuple:
    nodes: list = []
    for _ in range(dice.randrange(1, 5)):
        kind = dice.random()
        if kind < 0.3 or not depth:
            nodes.append("".join(dice.choices("xyz<é", k=dice.randrange(6))))
        elif kind < 0.4:
            nodes.append(dice.choice(SLOTS))
        elif kind < 0.6:
            first = dice.randrange(len(NAMES))
            shelf = NAMES[first : first + dice.randrange(1, 12)]
            nodes += [Block(frozenset({name}), _random_nodes(dice, depth - 1)) for name in shelf]
        else:
            keys, unless = (frozenset(dice.sample(NAMES, dice.choice([1, 1, 2, 6]))) for _ in range(2))
            nodes.append(Block(keys, _random_nodes(dice, depth - 1), unless if dice.random() < 0.5 else frozenset()))
    return tuple(nodes)


def test_any_program_says_the_same_when_made_ready() -> None:
    """Random trees of every shape, for random choices from nothing to everything."""
    dice = Random(8)  # noqa: S311  # the same trees each time; no secret
    shapes = set()
    for _ in range(400):
        nodes = _random_nodes(dice, 3)
        pieces = _ready(nodes)
        shapes |= {type(piece) for piece in pieces}
        for _ in range(20):
            chosen = frozenset(dice.sample(NAMES, dice.randrange(len(NAMES) + 1)))

            assert _told(pieces, chosen) == _read(nodes, chosen)

    assert shapes == {bytes, Slot, Stretch, Either, When}


def test_neighbours_are_found_by_their_bits() -> None:
    """Eight at a time, each with its own text and nothing more to ask."""
    pieces = _ready([Block(frozenset({name}), (name,)) for name in NAMES])

    assert [type(piece) for piece in pieces] == [Stretch, Stretch, Stretch]
    assert all(piece.flat for piece in pieces)
    assert _told(pieces, frozenset("bcht")) == [b"bcht"]


@pytest.mark.parametrize("chosen", ["a", "ab", "ac", "abc", "b"])
def test_what_depends_on_few_tests_is_written_out(chosen) -> None:
    """An excerpt that explains two words, told and untold: one lookup, whatever was met before."""
    first, second = frozenset("b"), frozenset("c")
    own = frozenset("a")
    ways = [
        Block(own, (Block(own, ("both",), second),), first),
        Block(first, (Block(own, ("second",), second),)),
        Block(own, (Block(second, ("first",)),), first),
        Block(first, (Block(second, ("none",)),)),
    ]
    nodes = [Block(own, ("<", *ways, ">"))]
    (piece,) = _ready(nodes)

    assert isinstance(piece, Either)
    assert _told((piece,), frozenset(chosen)) == _read(nodes, frozenset(chosen))


def test_too_many_tests_are_made_one_by_one() -> None:
    """Written out, twenty would be a million literals."""
    nodes = [Block(frozenset({name}), (name,), frozenset({NAMES[place - 1]})) for place, name in enumerate(NAMES)]
    pieces = _ready(nodes)

    assert sum(len(piece.literals) for piece in pieces if isinstance(piece, Either)) < 200
    assert _told(pieces, frozenset("acdf")) == [b"acf"]
