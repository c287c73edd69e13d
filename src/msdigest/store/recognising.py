"""Recognising: which kept entry one that is shown is, by its key, its link and its own names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msdigest.markup.links import canonical_link
from msdigest.model.change import alike, changed_share

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Row

    from msdigest.model.entry import Entry

# How a mark begins that is the entry's own address.
LINK = "link:"
# How a mark begins that is what the entry says, in one source: it counts where ids and links have changed.
SAID = "said:"
# Registers give each trial one number of theirs: two such numbers are two trials, whatever else they share.
_ONE_EACH = ("nct", "isrctn", "ctis")
# A larger share of other words under one title is another text.
_SAME = 0.1
# A guid or link may be as long as its author likes; an index row of PostgreSQL ends at 2,704 bytes.
_LONGEST_NAME = 500


def fit(name: str) -> str:
    """Return ``name``, or its hash if an index of PostgreSQL would refuse its length."""
    bare = plain(name)
    return bare if len(bare) <= _LONGEST_NAME else f"sha256:{hashlib.sha256(bare.encode()).hexdigest()}"


def plain(words: str) -> str:
    """Take out what a database refuses: NUL and lone surrogates."""
    bare = words.replace("\0", "")
    return bare if bare.isascii() else bare.encode(errors="replace").decode()


def key_with_link(entry: Entry, marks: Sequence[str]) -> str:
    """Return the key of an entry whose guid another entry of the source has, too."""
    return fit(f"{entry.key}|{_own_link(entry, marks)}")


def key_here(entry: Entry, marks: Sequence[str], *, here: Mapping[str, Row[Any]], known: Mapping[str, Entry]) -> str:
    """Return the key of ``entry`` in its source: its guid, with its link if the guid stands for something else.

    Some programs give every entry the guid of the site. One that was told apart once stays so.
    here: places of the source by key. known: entries by id.
    """
    link, longer, place = _own_link(entry, marks), key_with_link(entry, marks), here.get(entry.key)
    if link and longer in here:
        return longer
    if not link or place is None or canonical_link(place.url) == link or alike(known[place.entry], entry):
        return entry.key
    return longer


def by_marks(
    entry: Entry,
    marks: Sequence[str],
    *,
    marked: Mapping[str, str],
    known: Mapping[str, Entry],
    elsewhere: Collection[str],
    shown: Collection[str],
) -> str | None:
    """Return the id of the entry that one of the marks names; None if there is none.

    elsewhere: entries that this source does not show. One that it shows under the same link must be alike: a page
    of alerts is the link of each alert in its turn. shown: entries that this very visit shows under their own key;
    one that says the same is another then.
    """
    for mark in marks:
        entry_id = marked.get(mark)
        if entry_id is None or conflicting(known[entry_id], entry):
            continue
        if mark.startswith(SAID):
            fits = entry_id not in shown and changed_share(known[entry_id].text, entry.text) <= _SAME
        else:
            fits = not mark.startswith(LINK) or entry_id in elsewhere or alike(known[entry_id], entry)
        if fits:
            return entry_id
    return None


def conflicting(one: Entry, other: Entry) -> bool:
    """Tell whether two entries have numbers of one register that differ: then they are two trials."""
    for scheme in _ONE_EACH:
        mine, theirs = ({name.value for name in entry.same_as if name.scheme == scheme} for entry in (one, other))
        if mine and theirs and mine.isdisjoint(theirs):
            return True
    return False


def names_of(marks: Sequence[str]) -> list[str]:
    """Return the marks that are names which the whole field knows: no links, no words."""
    return [mark for mark in marks if not mark.startswith((LINK, SAID))]


def _own_link(entry: Entry, marks: Sequence[str]) -> str:
    """Return the link that names this entry alone; empty if it has none."""
    link = canonical_link(entry.url)
    return link if f"{LINK}{link}" in marks else ""
