"""Reads what WordPress's REST interface answers with: lists of rows whose values may be anything. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msdigest.errors import AnswerError
from msdigest.markup.text import decode, plain_title

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_PAGE = 100
_FIRST_YEAR, _LAST_YEAR = 1971, 2100  # 0000 and 1970 are what programs write when they know no date
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list. told: its length as the site gave it; those that are no rows are not in ``rows``."""

    told: int
    rows: tuple[Mapping[str, Any], ...]


def rows_of(body: bytes, url: str) -> Rows:
    """Return the rows of an answer; raises AnswerError if it is no list of rows."""
    address = url.partition("?")[0]
    try:
        told = json.loads(decode(body))
    except (ValueError, RecursionError) as error:
        what = "a web page" if body.lstrip()[:1] == b"<" else "something unreadable"
        message = f"{address} answered with {what} instead of WordPress's data"
        raise AnswerError(message) from error
    if not isinstance(told, list):
        said = text(told.get("message")) if isinstance(told, dict) else ""
        message = f"{address} answered with no list" + (f": {plain_title(said)[:200]}" if said else "")
        raise AnswerError(message)
    rows = tuple(row for row in told if isinstance(row, dict))
    if told and not rows:
        message = f"{address} answered with a list in which nothing can be read"
        raise AnswerError(message)
    return Rows(told=len(told), rows=rows)


def text(value: object) -> str:
    """Return ``value`` if it is text, else nothing."""
    return value if isinstance(value, str) else ""


def rendered(value: object) -> str:
    """Return the text that WordPress wraps as ``{"rendered": "…"}``."""
    return text(value.get("rendered")) if isinstance(value, dict) else text(value)


def number(value: object) -> int:
    """Return the number by which WordPress knows something, 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LARGEST else 0


def numbers(value: object) -> tuple[int, ...]:
    """Return the numbers in a list of them, each once."""
    found = map(number, value) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(one for one in found if one))


def moment(value: object) -> datetime | None:
    """Return a time as the ``_gmt`` fields tell it: without a zone, in UTC."""
    try:
        told = datetime.fromisoformat(text(value))
        told = told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return told if _FIRST_YEAR <= told.year <= _LAST_YEAR else None
