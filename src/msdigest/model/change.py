"""What makes an entry another revision, and whether readers of the old one should know."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msdigest.model.entry import ChangeKind, Entry

# Below this share of changed words an edit is silent: typing errors, punctuation.
MATERIAL_SHARE = 0.15
# Words between the first and the last difference of two texts up to which their order is looked at.
LONGEST_IN_ORDER = 300
# Above this share of changed words two texts are no versions of one.
_ALIKE = 0.5
# A text of fewer words may be what stands under every entry.
_TELLING = 40
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")
_TAKEN_BACK = re.compile(r"\W*(?:retracted|retraction|withdrawn|withdrawal)\b", re.IGNORECASE)


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
    told = old.published != new.published or _taken_back(new.title) != _taken_back(old.title)
    return ("edited", told or changed_share(old.title + " " + old.text, new.title + " " + new.text) > MATERIAL_SHARE)


def alike(old: Entry, new: Entry) -> bool:
    """Tell whether two that a source shows under one link or guid are the same thing, perhaps reworded.

    The same title, or both title and text mostly the same words; a long text counts without its title. Titles
    that differ in a number ("No. 12", "No. 13") are two things.
    """
    if _WORD.findall(old.title.lower()) == _WORD.findall(new.title.lower()):
        return True
    if _NUMBER.findall(old.title) != _NUMBER.findall(new.title) or not (old.text and new.text):
        return False
    long = min(len(_words(old)), len(_words(new))) >= _TELLING
    return changed_share(old.text, new.text) < _ALIKE and (long or changed_share(old.title, new.title) < _ALIKE)


def _taken_back(title: str) -> bool:
    """Tell whether a title says that a paper was withdrawn: one word more that outweighs all others."""
    return _TAKEN_BACK.match(title) is not None


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
    everything = len(before) + len(after)
    if not everything:
        return 0.0
    head = _same_start(before, after)
    before, after = before[head:], after[head:]
    tail = _same_start(before[::-1], after[::-1])
    before, after = before[: len(before) - tail], after[: len(after) - tail]
    return 1.0 - 2.0 * (head + tail + _in_common(before, after)) / everything


def _same_start(one: list[str], other: list[str]) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _in_common(before: list[str], after: list[str]) -> int:
    """Count the words that both have: in the same order, or in any order where that would take too long."""
    # 10,000 words against 10,000 in order take 6 s, and a hostile text of 1,000 words half as much.
    if max(len(before), len(after)) > LONGEST_IN_ORDER:
        return (Counter(before) & Counter(after)).total()
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


def _words(entry: Entry) -> list[str]:
    return _WORD.findall(entry.text)
