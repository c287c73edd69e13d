"""Programs are joined for a choice, filled for a person, measured, coded and kept."""

from __future__ import annotations

import json
import quopri
import zlib
from random import Random

import pytest

from msdigest.model.compiled import Block, Choice, CompiledIssue, Program, Slot, Variant
from msdigest.render.program import ROOM_FOR_A_PERSON, Assembly, Keys, decode, encode, fill, join, size

A, B = frozenset({"a"}), frozenset({"b"})
NODES = (
    "<h1>",
    Slot("count_line", "selection"),
    Block(A | B, ("[", Block(A, ("a",)), Block(B, ("b", Slot("greeting", "person"))), "]")),
    Block(frozenset({"n"}), ("!",)),
    Block(B, ("?",), unless=A | {"n"}),
    Block(frozenset({"more"}), ("+",)),
    Slot("leave_url", "person", url=True),
)
PROGRAM = Program("html", NODES)
VALUES = {"count_line": "1 < 2"}
PERSON = {"greeting": "A & B", "leave_url": "https://x.example/l"}
ISSUE = CompiledIssue(
    variant=Variant(language="en", theme="large", neutral=True, audience="professional"),
    subject="S · é",
    html=PROGRAM,
    text=Program("text", ("t", *NODES)),
    titles={"b": "B", "a": "A", "c": "C", "d": "D"},
    words={"b": 2, "a": 1, "c": 3, "d": 4},
    ranking=("d", "a", "b", "c"),
    notices={"n": "N"},
    meetings={"clock_1": "2026-12-03T19:00:00Z"},
)
KEYS = Keys(ISSUE)


def _parts(choice, *, program=PROGRAM, values=VALUES, coding="plain"):
    return Assembly(program, KEYS, coding=coding).parts(KEYS.mask(choice), values)


@pytest.mark.parametrize(
    ("choice", "parts"),
    [
        (Choice(("a",)), [b"<h1>1 &lt; 2[a]", "leave_url", b""]),
        (Choice(("b",)), [b"<h1>1 &lt; 2[b", "greeting", b"]?", "leave_url", b""]),
        (Choice(("a", "b")), [b"<h1>1 &lt; 2[ab", "greeting", b"]", "leave_url", b""]),
        (Choice(("c",)), [b"<h1>1 &lt; 2", "leave_url", b""]),
        (Choice(("b",), ("n",)), [b"<h1>1 &lt; 2[b", "greeting", b"]!", "leave_url", b""]),
        (Choice(("c",), more=7), [b"<h1>1 &lt; 2+", "leave_url", b""]),
    ],
    ids=["a", "b alone", "b beside a", "another", "a notice", "more"],
)
def test_a_choice_chooses_blocks(choice, parts) -> None:
    """Literals and names of person slots alternate, a literal first and last."""
    assert _parts(choice) == parts


def test_the_overview_is_chosen_with_the_entries() -> None:
    """Of four entries each is named there, of three none."""
    lines = Program("text", tuple(Block(frozenset({f"brief:{entry}"}), (entry,)) for entry in "abcd"))

    assert _parts(Choice(("a", "b", "c", "d")), program=lines) == [b"abcd"]
    assert _parts(Choice(("a", "b", "c")), program=lines) == [b""]


@pytest.mark.parametrize("choice", [Choice(("x",)), Choice(("a",), ("x",))], ids=["entry", "notice"])
def test_a_choice_of_something_else_is_refused(choice) -> None:
    """An id that the issue does not have would choose nothing, without a word."""
    with pytest.raises(ValueError, match="only entries and notices of its issue"):
        KEYS.mask(choice)


def test_a_text_program_is_not_escaped() -> None:
    """Plain text says what it says."""
    assert _parts(Choice(("a",)), program=Program("text", NODES))[0] == b"<h1>1 < 2[a]"


def test_a_person_fills_the_rest() -> None:
    """In HTML escaped, in text on one line."""
    parts = _parts(Choice(("b",)))

    assert join(parts, PERSON, form="html") == b"<h1>1 &lt; 2[bA &amp; B]?https://x.example/l"
    assert join(parts, PERSON | {"greeting": "A\r\nB"}, form="text") == b"<h1>1 &lt; 2[bA B]?https://x.example/l"


@pytest.mark.parametrize("value", ["a b", "a&b", 'a"b', "a<b", "é", "a\nb", "a'b", "a\n"])
def test_an_address_takes_only_what_needs_no_escaping(value) -> None:
    """And the error does not repeat it: it may be a token."""
    with pytest.raises(ValueError, match="leave_url") as refused:
        fill("leave_url", f"https://x.example/{value}", html=True)

    assert "x.example" not in str(refused.value)


def test_a_missing_value_is_an_error() -> None:
    """Nobody is sent a mail with a hole in it."""
    with pytest.raises(KeyError):
        join(_parts(Choice(("b",))), {}, form="html")
    with pytest.raises(KeyError):
        _parts(Choice(("b",)), values={})


def test_sizes_count_bytes() -> None:
    """Unknown values are given room."""
    parts = _parts(Choice(("b",)))

    assert size(parts, PERSON, form="html") == len(join(parts, PERSON, form="html"))
    wide = _parts(Choice(("b",)), values={"count_line": "é"})
    assert size(wide, {}, form="html") == len("<h1>é[b]?".encode()) + 2 * ROOM_FOR_A_PERSON


CODED = [
    "",
    "x",
    "x\n",
    "\n",
    "é",
    "a = b",
    "a=",
    " ",
    "tab\t",
    "blank \nnext",
    "x" * 75,
    "x" * 76,
    "x" * 77,
    "x" * 75 + "é",
    "x" * 73 + "é",
    "x" * 72 + "é" * 40 + "\n" + "y" * 76,
    "日本語の題名" * 30,
    "👩🏽‍🔬" * 20,
    '"quoted" \\ and / \u2028 \x7f',
    "--=_boundary\n.\nFrom here",
    "=\n=20\n" * 3,
    "x" * 74 + "\t\nnext",
    "x" * 75 + " \n",
]


@pytest.mark.parametrize("text", CODED, ids=ascii)
def test_a_literal_is_coded_for_who_takes_it(text) -> None:
    """Within quotes it is JSON; as quoted-printable it is read back and fits into lines of 76 characters."""
    program = Program("text", (text,))
    choice = Choice(("c",))
    (json_part,), (mime_part,) = (_parts(choice, program=program, coding=coding) for coding in ("json", "mime"))

    assert json.loads(b'"%s"' % json_part) == text
    assert quopri.decodestring(mime_part).replace(b"\r\n", b"\n").decode() == text
    assert max(map(len, mime_part.split(b"\r\n"))) <= 76
    assert mime_part.endswith(b"\r\n") or not text
    assert mime_part.isascii()


def test_no_line_is_too_long() -> None:
    """Whatever stands where a line is full: blanks, tabs, escapes, breaks."""
    dice = Random(5)  # noqa: S311  # the same texts each time; no secret
    for _ in range(3_000):
        text = "".join(dice.choices(["a", "é", "=", "\n", " ", "\t", ".", "👩", "x" * 72], k=dice.randrange(30)))
        (coded,) = _parts(Choice(("c",)), program=Program("text", (text,)), coding="mime")

        assert quopri.decodestring(coded).replace(b"\r\n", b"\n").decode() == text
        assert max(map(len, coded.split(b"\r\n"))) <= 76


def test_pieces_are_coded_one_by_one_and_put_behind_each_other() -> None:
    """Wherever a body is cut into pieces, what is read is the body."""
    dice = Random(3)  # noqa: S311  # the same cuts each time; no secret
    for _ in range(300):
        pieces = dice.choices(CODED, k=4)
        program = Program("text", (pieces[0], Slot("greeting", "person"), pieces[1], Slot("count_line", "selection")))
        values = {"greeting": pieces[2].strip(), "count_line": pieces[3].strip()}
        expected = join(_parts(Choice(("c",)), program=program, values=values), values, form="text")
        coded = {
            coding: join(
                _parts(Choice(("c",)), program=program, values=values, coding=coding),
                values,
                form="text",
                coding=coding,
            )
            for coding in ("json", "mime")
        }

        assert json.loads(b'"%s"' % coded["json"]) == expected.decode()
        assert quopri.decodestring(coded["mime"]).replace(b"\r\n", b"\n") == expected
        assert max(map(len, coded["mime"].split(b"\r\n"))) <= 76


def test_what_is_written_down_is_read_back() -> None:
    """The same bytes each time, the same issue again, its entries in their order."""
    stored = encode(ISSUE)

    assert stored == encode(ISSUE)
    assert decode(stored) == ISSUE
    assert list(decode(stored).titles) == ["b", "a", "c", "d"]


def test_what_the_first_format_wrote_is_still_read() -> None:
    """An issue that was sent before can be rebuilt: entries were told by their places, and there was no ranking."""
    stored = zlib.compress(
        json.dumps(
            {
                "format": 1,
                "variant": ["de", "large", False, ""],
                "subject": "S",
                "titles": {"b": "B", "a": "A"},
                "words": {"b": 2, "a": 1},
                "html": ["<p>", ["greeting", "person", False], {"e": [1], "n": ["a", {"e": [0, 1], "n": ["b"]}]}],
                "text": ["t"],
            }
        ).encode()
    )

    read = decode(stored)
    assert read == CompiledIssue(
        variant=Variant(language="de", theme="large"),
        subject="S",
        html=Program("html", ("<p>", Slot("greeting", "person"), Block(A, ("a", Block(A | B, ("b",)))))),
        text=Program("text", ("t",)),
        titles={"b": "B", "a": "A"},
        words={"b": 2, "a": 1},
    )
    assert Assembly(read.html, Keys(read)).parts(Keys(read).mask(Choice(("a",))), {}) == [b"<p>", "greeting", b"ab"]


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
