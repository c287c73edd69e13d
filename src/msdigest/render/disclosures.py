"""Disclosures as they are shown: the source's own words, with our name for them only where it gives none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msdigest.render.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["coi", "disclaimer"]

_NAMES_ITSELF: dict[Kind, re.Pattern[str]] = {
    "coi": re.compile(
        r"[\s*_(\[–—-]*(?:general\s+)?(?:declarations?\s+of\s+|statements?\s+of\s+|no\s+)?"
        r"(?:COIs?|(?:potential\s+|financial\s+)?(?:conflicts?\s+of|competing|conflicting)\s+interests?"
        r"|(?:(?:financial|author)\s+)?disclosures?|interests?(?=\s*:))\b",
        re.IGNORECASE,
    ),
    "disclaimer": re.compile(r"[\s*_(\[–—-]*(?:\w+\s+)?disclaimers?\b", re.IGNORECASE),
}
# Our names for them on pages and in feeds; the mail's, in its reader's language, stand in ``words``.
_OUR_NAMES: dict[Kind, str] = {"coi": "Conflicts of interest", "disclaimer": "Disclaimer"}


def statement(kind: Kind, told: str | None, *, name: Callable[[str], str]) -> str:
    """Return what was ``told`` in one line; ``name`` puts our name before words that do not name themselves."""
    own = " ".join(one_line(told or "").split())
    return own if not own or _NAMES_ITSELF[kind].match(own) else name(own)


def page_statement(kind: Kind, told: str | None) -> str:
    """Return the statement as pages and feeds show it; where there is none, that is said."""
    ours = _OUR_NAMES[kind]
    return statement(kind, told, name=lambda own: f"{ours}: {own}") or f"{ours}: none stated by the source"
