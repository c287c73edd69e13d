"""What makes an entry another revision, which changes that is made of, and whether readers should know."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from msdigest.model.entry import ChangeKind, Entry, Fact

# Below this share of changed words an edit is silent: typing errors, punctuation.
MATERIAL_SHARE = 0.15
# Words between the first and the last difference of two texts up to which their order is looked at.
LONGEST_IN_ORDER = 300
# Above this share of changed words two texts are no versions of one.
_ALIKE = 0.5
# A text of fewer words may be what stands under every entry.
_TELLING = 40
# What readers must learn from whoever says it first.
ALARMS = frozenset({"retraction", "concern", "correction", "withdrawn"})
# So many unknown entries at once look like other names rather than like news.
_BURST = 4
# A post may be dated when it was begun, and shown when it was done.
_LATE = timedelta(days=2)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs between two sightings of an entry; see ``Change`` for the fields."""

    kind: ChangeKind
    name: str = ""
    label: str = ""
    before: str | None = None
    after: str | None = None
    material: bool = True


def differences(old: Entry, new: Entry) -> list[Difference]:
    """Return what differs in an entry's own words, at most one.

    Where facts are watched that readers should know of, they alone tell what is material: the register that words
    its summary anew has no news.
    """
    found = compare(old, new)
    if found is None:
        return []
    kind, material = found
    material = material and not any(fact.material for fact in (*old.facts, *new.facts))
    if kind == "moved":
        return [
            Difference(
                kind="section", name="section", label="section", before=_path(old), after=_path(new), material=material
            )
        ]
    if kind == "redated":
        return [
            Difference(
                kind="date", name="published", label="date", before=_day(old), after=_day(new), material=material
            )
        ]
    return [Difference(kind=kind, material=material)]


def fact_differences(old: Iterable[Fact], new: Iterable[Fact], *, rereading: bool = False) -> list[Difference]:
    """Return the facts that differ, in the order of the newer ones.

    ``rereading``: the same source is read by other rules than before, so what is told for the first time is no news.
    """
    before, after = {fact.name: fact for fact in old}, {fact.name: fact for fact in new}
    found = []
    for name in (*after, *(name for name in before if name not in after)):
        was, now = before.get(name), after.get(name)
        if (was and now and was.value == now.value) or (rereading and was is None):
            continue
        told = now or was
        assert told is not None  # noqa: S101 - the name is one of the two's
        found.append(
            Difference(
                kind=told.change,
                name=name,
                label=told.label,
                before=was.value if was else None,
                after=now.value if now else None,
                material=told.material,
            )
        )
    return found


def is_rekeyed(shown: Sequence[Entry], fresh: Sequence[Entry], *, since: datetime | None) -> bool:
    """Tell whether most of what a feed shows is new to us and yet older than our last visit.

    A feed shows what is newest. Old entries that we do not know are no news, but known ones under other names.
    """
    if since is None or len(fresh) < _BURST or len(fresh) * 2 <= len(shown):
        return False
    old = [entry for entry in fresh if entry.published is not None and entry.published < since - _LATE]
    return len(old) * 2 > len(fresh)


def _path(entry: Entry) -> str:
    return " › ".join(entry.section)


def _day(entry: Entry) -> str | None:
    return entry.published.date().isoformat() if entry.published else None


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
