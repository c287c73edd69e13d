"""JSON from outside: an answer is read, then asked for values by their path, whatever its shape really is."""

from __future__ import annotations

import json
from typing import Any

from msdigest.errors import AnswerError
from msdigest.markup.text import plain_title, without_controls

# Beyond these nothing honest is cut off, and nothing hostile is carried on.
_LONGEST_LINE = 1_000
_LONGEST_PROSE = 50_000
_MOST_TEXTS = 1_000
_LARGEST_NUMBER = 10**12


def read_json(body: bytes, url: str) -> dict[str, Any]:
    """Read an answer that is one JSON object. Pure; raises AnswerError that names ``url``."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = f"{url} answered with something that is no JSON ({type(error).__name__})"
        raise AnswerError(message) from error
    if not isinstance(told, dict):
        message = f"{url} answered with JSON that is no record"
        raise AnswerError(message)
    return told


def at(told: Any, path: str) -> Any:
    """Return what stands at ``path`` (``status.start.date``); None if nothing does or the way there is barred."""
    for name in path.split("."):
        told = told.get(name) if isinstance(told, dict) else None
    return told


def line_at(told: Any, path: str) -> str:
    """Return the text or number at ``path`` as one line of plain text; empty if there is none."""
    return _line(at(told, path))


def prose_at(told: Any, path: str) -> str:
    """Return the text at ``path`` with its line breaks; empty if there is none."""
    value = at(told, path)
    return without_controls(value[:_LONGEST_PROSE]).strip() if isinstance(value, str) else ""


def number_at(told: Any, path: str) -> int | None:
    """Return the whole number from 0 at ``path``, also one that is written as text; None if there is none."""
    value = at(told, path)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < _MOST_TEXTS:
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= _LARGEST_NUMBER else None


def records_at(told: Any, path: str) -> list[dict[str, Any]]:
    """Return the records of the list at ``path``; what is no record in it is left out."""
    value = at(told, path)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def lines_at(told: Any, path: str) -> tuple[str, ...]:
    """Return the texts of the list at ``path``, each once, in its order; a bare text counts as a list of one."""
    value = at(told, path)
    values = value[:_MOST_TEXTS] if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(line for one in values if (line := _line(one))))


def _line(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return plain_title(str(value)[:_LONGEST_LINE])
