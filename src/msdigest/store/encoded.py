"""JSON that is written into two tables is encoded once."""

from __future__ import annotations

import json
from typing import Any

# Escaped, because half a character (a lone surrogate) is no UTF-8.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class Encoded(str):
    """A JSON document that is text already."""

    __slots__ = ()


def encoded(value: Any) -> Encoded:
    """Return ``value`` as a document that columns of JSON take as it is."""
    return Encoded(_ENCODER.encode(value))


def json_text(value: Any) -> str:
    """Return the text of a JSON column: how the engine encodes what is not ``Encoded``."""
    return value if isinstance(value, Encoded) else _ENCODER.encode(value)
