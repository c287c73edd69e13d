"""Whatever JSON a publisher gives: its rows are found, and its values become text that can be compared."""

from __future__ import annotations

from typing import Any

import pytest

from msdigest.collect.dataset.rows import at, document_of, label, leaves, rows_of, told
from msdigest.errors import AnswerError

URL = "https://data.example/"
DEEP: Any = "bottom"
for _ in range(40):
    DEEP = {"in": [DEEP]}


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'\xef\xbb\xbf[{"a": 1}]', [{"a": 1}]),
        ('["Müller"]'.encode("utf-16"), ["Müller"]),
        ('["Müller"]'.encode("windows-1252"), ["Müller"]),
        (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
    ],
)
def test_documents(body: bytes, document: Any) -> None:
    """Byte order marks, other encodings and numbers that are none do no harm."""
    assert document_of(body, "application/json", url=URL) == document


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!DOCTYPE html><title>Sorry</title>", "is a web page instead of JSON"),
        (b'[{"a": ', "is no readable JSON"),
        (b"[" * 200_000, "RecursionError"),
        (b"[" + b"9" * 5_000 + b"]", "is no readable JSON"),
        (b"a,b\n1,2", "is no readable JSON"),
    ],
)
def test_what_is_no_json(body: bytes, sentence: str) -> None:
    """The editor is told what came instead."""
    with pytest.raises(AnswerError, match=sentence):
        document_of(body, "", url=URL)


@pytest.mark.parametrize(
    ("document", "path", "rows"),
    [
        ([1], None, [1]),
        ({"meta": {}, "data": [1]}, None, [1]),
        ({"data": {"x": 1}, "results": [2]}, None, [2]),
        ({"meta": [], "medicines": [{"a": 1}]}, None, [{"a": 1}]),
        ({"result": {"records": [3]}}, "result.records", [3]),
        ({"a.b": [4]}, "a.b", [4]),
    ],
)
def test_where_rows_are(document: Any, path: str | None, rows: list[Any]) -> None:
    """At the place that is named, else where publishers usually put them, else in the only list of objects."""
    assert rows_of(document, path, url=URL) == rows


@pytest.mark.parametrize(
    ("document", "path", "sentence"),
    [
        ({"data": [1]}, "rows", "no list at 'rows'"),
        ({"data": None}, "data", "no list at 'data'"),
        ([1], "data.rows", "no list at"),
        ({"error": {"code": "BAD"}}, None, "no list of rows that can be told apart"),
        ({"one": [{"a": 1}], "two": [{"a": 1}]}, None, "name its place with `rows`"),
        ("text", None, "no list of rows"),
        (None, None, "no list of rows"),
    ],
)
def test_no_rows(document: Any, path: str | None, sentence: str) -> None:
    """An answer without rows is an error, not silence."""
    with pytest.raises(AnswerError, match=sentence):
        rows_of(document, path, url=URL)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", 1),
        ("b.c", 2),
        ("b.x", None),
        ("list.n", ["x", "y"]),
        ("list.none", None),
        ("a.b", None),
        ("with.dot", 3),
        ("", None),
    ],
)
def test_places(path: str, value: Any) -> None:
    """A dotted path leads into objects and through lists of them."""
    row = {"a": 1, "b": {"c": 2}, "list": [{"n": "x"}, {"n": "y"}, 7], "with.dot": 3}

    assert at(row, path) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (" a \n b\x00 ", "a b"),
        ("<p>One&nbsp;two</p><p>three</p>", "One two three"),
        ("p < 0.05 & q <x> 1", "p < 0.05 & q <x> 1"),
        (True, "yes"),
        (False, "no"),
        (18, "18"),
        (18.0, "18"),
        (0.5, "0.5"),
        (float("inf"), ""),
        (1e300, "1e+300"),
        (["b", None, "a", ""], "a; b"),
        (["z" * 90, "a"], f"{'z' * 90}; a"),
        ({"z_name": "1", "a": ["y", "x"], "n": None}, "a: x; y; z name: 1"),
        ([], ""),
        ({}, ""),
    ],
)
def test_text(value: Any, text: str) -> None:
    """The same value gives the same text: markup and the order of names and columns play no part."""
    assert told(value) == text


def test_depth_is_bounded() -> None:
    """What is nested without end says nothing."""
    assert told(DEEP) == ""


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("supply_shortage_status", "supply shortage status"),
        ("openfda.brand_name", "brand name"),
        ("lastUpdated", "last updated"),
        ("dhpc-type", "dhpc type"),
    ],
)
def test_labels(column: str, words: str) -> None:
    """A column's name becomes words."""
    assert label(column) == words


def test_leaves() -> None:
    """Objects in a row are looked into once; what is nested deeper is left out."""
    assert leaves({"in": {"a": 1, "deep": {"x": 1}}, "own": [2]}) == {"own": [2], "in.a": 1}
