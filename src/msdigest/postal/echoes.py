"""What webhook calls tell, read without trust: objects, moments, and our own marks as a provider echoes them.

Everything that makes no sense raises UnreadableError, and says no more than that.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msdigest.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ISSUE = re.compile(r"issue-([0-9]{1,9})")


def objects(body: bytes) -> list[dict[str, Any]]:
    """Return the JSON object of a body, or all of them where it is an array."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError from None
    told = told if isinstance(told, list) else [told]
    if not all(isinstance(each, dict) for each in told):
        raise UnreadableError
    return told


def word(told: Mapping[str, Any], name: str) -> str:
    """Return the text ``name``, which has to be there and to say something."""
    found = told.get(name)
    if not isinstance(found, str) or not found:
        raise UnreadableError
    return found


def moment(text: str) -> datetime:
    """Read an instant in ISO 8601; one without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableError from None


def epoch(told: object, *, parts: int = 1) -> datetime:
    """Read an instant in seconds since 1970; ``parts``: of a second, 1000 for milliseconds."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise UnreadableError
    try:
        return datetime.fromtimestamp(told / parts, UTC)
    except (ValueError, OverflowError, OSError):
        raise UnreadableError from None


def issue_of(tag: object) -> int:
    """Return the issue that a tag of ours names; 0 for any other."""
    found = _ISSUE.fullmatch(tag) if isinstance(tag, str) else None
    return int(found[1]) if found else 0
