"""JSON whose shape nobody promised: values are asked for by path, and what is missing is nothing."""

from __future__ import annotations

import json

import pytest

from msdigest.errors import AnswerError
from msdigest.markup.values import at, line_at, lines_at, number_at, prose_at, read_json, records_at

TOLD = {
    "title": " Longer\n <b>gaps</b> &amp; doses ",
    "text": " One.\n\nTwo.\x00\ud800 ",
    "count": 12,
    "deep": {"er": {"name": "x"}, "list": [{"name": "a"}, {"name": "b"}, 3, None, {"name": "a"}]},
    "names": ["b", "a", "b", None, {"x": 1}, True, 7],
    "flag": True,
    "nothing": None,
}


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html>", b"", b'{"a":', b"\xff\xfe\x00", b"[" * 100_000, b"1" * 5_000]
)
def test_no_json(body: bytes) -> None:
    """What is no JSON is told with its address."""
    with pytest.raises(AnswerError, match=r"https://x\.example answered with something that is no JSON"):
        read_json(body, "https://x.example")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1"])
def test_no_record(body: bytes) -> None:
    """JSON that is no record is none either."""
    with pytest.raises(AnswerError, match="JSON that is no record"):
        read_json(body, "https://x.example")


def test_reading() -> None:
    """A record is read as it is."""
    assert read_json(json.dumps(TOLD).encode(), "https://x.example") == TOLD


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("title", "Longer gaps & doses"),
        ("count", "12"),
        ("deep.er.name", "x"),
        ("deep.er.name.more", ""),
        ("deep.list.name", ""),
        ("deep.er", ""),
        ("flag", ""),
        ("nothing", ""),
        ("missing.too", ""),
    ],
)
def test_line(path: str, line: str) -> None:
    """A text or number is one line of plain text; anything else is none."""
    assert line_at(TOLD, path) == line


def test_bounds() -> None:
    """Long texts and lists are cut."""
    assert len(line_at({"a": "x" * 10**6}, "a")) == 1_000
    assert len(prose_at({"a": "x" * 10**6}, "a")) == 50_000
    assert len(lines_at({"a": [str(number) for number in range(5_000)]}, "a")) == 1_000


def test_prose() -> None:
    """Prose keeps its lines and loses what is no character."""
    assert prose_at(TOLD, "text") == "One.\n\nTwo."
    assert prose_at(TOLD, "count") == ""


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12), (0, 0), ("480", 480), (" 7 ", 7), (-1, None), (10**13, None), (1.5, None), (True, None), ("", None),
        ("many", None), ("²", None), ("9" * 5_000, None), (None, None), ([3], None),
    ],
)  # fmt: skip
def test_number(value: object, number: int | None) -> None:
    """Only a whole number of a believable size is one."""
    assert number_at({"a": value}, "a") == number


def test_lists() -> None:
    """Of lists only what is of the wanted kind is taken; a bare text counts as one."""
    assert [one["name"] for one in records_at(TOLD, "deep.list")] == ["a", "b", "a"]
    assert records_at(TOLD, "title") == []
    assert lines_at(TOLD, "names") == ("b", "a", "7")
    assert lines_at(TOLD, "deep.er.name") == ("x",)
    assert lines_at(TOLD, "missing") == ()
    assert at([1], "a") is None
