"""Reads a JSON document: where its rows are, and what stands in a column, as text that can be compared."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msdigest.errors import AnswerError
from msdigest.markup.blocks import plain
from msdigest.markup.text import decode, without_controls

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ROWS = 20_000
# Where publishers put the rows if nobody says where, in this order.
_USUAL_PLACES = ("data", "results", "rows", "records", "items", "entries", "value")
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?(?:a|b|br|div|em|h[1-6]|i|li|ol|p|span|strong|sub|sup|table|td|th|tr|u|ul)(?:\s[^<>]*)?/?>|&(?:#\d{1,7}|\w{2,8});",
    re.IGNORECASE,
)
# A list of shorter texts is a set of names or codes: publishers shuffle them, and that is no news.
_NAME = 80
_DEEPEST = 8
_WHOLE = 1e15  # up to here a float that is whole is written as one


def document_of(body: bytes, content_type: str, *, url: str) -> Any:
    """Read a JSON answer, with or without a byte order mark; raises AnswerError."""
    text = decode(body, content_type).removeprefix("\ufeff")
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        what = "is a web page instead of JSON" if _PAGE.match(text) else f"is no readable JSON ({type(error).__name__})"
        message = f"{url} {what}"
        raise AnswerError(message) from error


def rows_of(document: Any, path: str | None, *, url: str) -> list[Any]:
    """Return the list at the dotted ``path``, else the document itself or where rows usually are.

    Raises AnswerError where there is no list.
    """
    found = at(document, path) if path else _usual_rows(document)
    if isinstance(found, list):
        return found
    message = (
        f"{url} has no list at {path!r}: compare the source's `rows` with the document"
        if path
        else f"{url} has no list of rows that can be told apart: name its place with `rows`"
    )
    raise AnswerError(message)


def at(value: Any, path: str) -> Any:
    """Return what stands at a dotted ``path``, e.g. ``openfda.brand_name``; None if there is nothing.

    A column may have dots in its own name; of a list of objects the column of each is taken.
    """
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    head, _, rest = path.partition(".")
    inner = value.get(head) if rest else None
    if isinstance(inner, list):
        found = [at(one, rest) for one in inner]
        return [one for one in found if one is not None] or None
    return at(inner, rest)


def told(value: Any, depth: int = 0) -> str:
    """Return a column's value as one line of text, the same for what means the same; empty = nothing is told.

    Markup is read as its words, names in a list stand in alphabetical order, an object is ``name: value; name: value``.
    """
    if depth == _DEEPEST or not isinstance(value, list | dict):
        return _single(value)
    if isinstance(value, list):
        texts = [text for one in value if (text := told(one, depth + 1))]
        return "; ".join(sorted(texts) if all(len(text) <= _NAME for text in texts) else texts)
    named = ((label(name), told(inner, depth + 1)) for name, inner in sorted(value.items()))
    return "; ".join(f"{name}: {text}" for name, text in named if text)


@lru_cache(maxsize=4_096)
def label(column: str) -> str:
    """Return what readers are told a column is: ``openfda.brand_name`` is the brand name."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column.rpartition(".")[2] or column)
    return " ".join(without_controls(words).replace("_", " ").replace("-", " ").split()).lower()


def leaves(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row and, under dotted names, of the objects in it; the row's own come first."""
    inner = {
        f"{name}.{part}": value
        for name, told_object in row.items()
        if isinstance(told_object, dict)
        for part, value in told_object.items()
    }
    both = {name: value for name, value in row.items() if not isinstance(value, dict)} | inner
    return {name: value for name, value in both.items() if not isinstance(value, dict)}


def _usual_rows(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    usual = next((document[name] for name in _USUAL_PLACES if isinstance(document.get(name), list)), None)
    if usual is not None:
        return usual
    lists = [value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    return lists[0] if len(lists) == 1 else None


def _single(value: Any) -> str:
    if isinstance(value, str):
        text = plain(value) if _MARKUP.search(value) else value
        return " ".join(without_controls(text).split())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _WHOLE
        return str(int(value)) if whole else repr(value) if math.isfinite(value) else ""
    return str(value) if isinstance(value, int) else ""
