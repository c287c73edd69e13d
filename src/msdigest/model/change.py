"""What makes an entry another revision, and whether readers of the old one should know."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msdigest.model.entry import ChangeKind, Entry

# Below this share of changed words an edit is silent: typing errors, punctuation.
MATERIAL_SHARE = 0.15
_WORD = re.compile(r"\w+")


def compare(old: Entry, new: Entry) -> tuple[ChangeKind, bool] | None:
    """Return how ``new`` differs from ``old`` and whether that is material; None if it does not.

    Topics, identifiers and labels are our own reading of an entry and make no revision.
    """
    same_words = old.title == new.title and _words(old) == _words(new)
    if same_words and old.published != new.published:
        return ("redated", True)
    if same_words and old.section != new.section:
        return ("moved", False)
    if content_of(old) == content_of(new):
        return None
    redated = old.published != new.published
    return ("edited", redated or changed_share(old.title + " " + old.text, new.title + " " + new.text) > MATERIAL_SHARE)


def content_of(entry: Entry) -> tuple[object, ...]:
    """Return all that makes a revision, comparable."""
    return (
        entry.title,
        entry.html,
        entry.text,
        entry.url,
        entry.authors,
        entry.section,
        entry.published,
        entry.precision,
        entry.coi,
        entry.disclaimer,
        entry.enclosures,
    )


def changed_share(old: str, new: str) -> float:
    """Return the share of words that differ, 0.0 (none) to 1.0 (all)."""
    before, after = _WORD.findall(old.lower()), _WORD.findall(new.lower())
    if not before and not after:
        return 0.0
    return 1.0 - SequenceMatcher(None, before, after, autojunk=False).ratio()


def _words(entry: Entry) -> list[str]:
    return _WORD.findall(entry.text)
