"""Programs are joined for a selection, filled for a person, measured and kept."""

from __future__ import annotations

import json
import zlib

import pytest

from msdigest.model.compiled import Block, CompiledIssue, Program, Slot, Variant
from msdigest.render.program import ROOM_FOR_A_PERSON, assemble, decode, encode, fill, join, size

A, B = frozenset({"a"}), frozenset({"b"})
NODES = (
    "<h1>",
    Slot("count_line", "selection"),
    Block(A | B, ("[", Block(A, ("a",)), Block(B, ("b", Slot("greeting", "person"))), "]")),
    Slot("leave_url", "person", url=True),
)
PROGRAM = Program("html", NODES)
VALUES = {"count_line": "1 < 2"}
PERSON = {"greeting": "A & B", "leave_url": "https://x.example/l"}


@pytest.mark.parametrize(
    ("entries", "parts"),
    [
        ({"a"}, ["<h1>1 &lt; 2[a]", "leave_url", ""]),
        ({"b"}, ["<h1>1 &lt; 2[b", "greeting", "]", "leave_url", ""]),
        ({"a", "b"}, ["<h1>1 &lt; 2[ab", "greeting", "]", "leave_url", ""]),
        ({"c"}, ["<h1>1 &lt; 2", "leave_url", ""]),
    ],
)
def test_a_selection_chooses_blocks(entries, parts) -> None:
    """Literals and names of person slots alternate, a literal first and last."""
    assert assemble(PROGRAM, entries, VALUES) == parts


def test_a_text_program_is_not_escaped() -> None:
    """Plain text says what it says."""
    assert assemble(Program("text", NODES), {"a"}, VALUES)[0] == "<h1>1 < 2[a]"


def test_a_person_fills_the_rest() -> None:
    """In HTML escaped, in text on one line."""
    parts = assemble(PROGRAM, {"b"}, VALUES)

    assert join(parts, PERSON, html=True) == "<h1>1 &lt; 2[bA &amp; B]https://x.example/l"
    assert join(parts, PERSON | {"greeting": "A\r\nB"}, html=False) == "<h1>1 &lt; 2[bA B]https://x.example/l"


@pytest.mark.parametrize("value", ["a b", "a&b", 'a"b', "a<b", "é", "a\nb", "a'b"])
def test_an_address_takes_only_what_needs_no_escaping(value) -> None:
    """And the error does not repeat it: it may be a token."""
    with pytest.raises(ValueError, match="leave_url") as refused:
        fill("leave_url", f"https://x.example/{value}", html=True)

    assert "x.example" not in str(refused.value)


def test_a_missing_value_is_an_error() -> None:
    """Nobody is sent a mail with a hole in it."""
    with pytest.raises(KeyError):
        join(assemble(PROGRAM, {"b"}, VALUES), {}, html=True)


def test_sizes_count_bytes() -> None:
    """Unknown values are given room."""
    exact = size(PROGRAM, {"b"}, VALUES, person=PERSON)

    assert exact == len(join(assemble(PROGRAM, {"b"}, VALUES), PERSON, html=True).encode())
    assert size(PROGRAM, {"b"}, {"count_line": "é"}, person={}) == len("<h1>é[b]".encode()) + 2 * ROOM_FOR_A_PERSON


def _compiled() -> CompiledIssue:
    return CompiledIssue(
        variant=Variant(language="en", theme="large", neutral=True, audience="patient"),
        subject="S · é",
        html=PROGRAM,
        text=Program("text", ("t", *NODES)),
        titles={"b": "B", "a": "A"},
        words={"b": 2, "a": 1},
    )


def test_what_is_written_down_is_read_back() -> None:
    """The same bytes each time, the same issue again, its entries in their order."""
    stored = encode(_compiled())

    assert stored == encode(_compiled())
    assert decode(stored) == _compiled()
    assert list(decode(stored).titles) == ["b", "a"]


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"", "no compiled issue"),
        (b"xyz", "no compiled issue"),
        (zlib.compress(json.dumps({"format": 9}).encode()), "format 9"),
    ],
)
def test_other_bytes_are_refused(stored, why) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match=why):
        decode(stored)
