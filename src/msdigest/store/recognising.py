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
# How a mark begins that is a name which only a feed tells: anybody may write any name into a feed.
TOLD = "told:"
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
    owned: bool,
    marked: Mapping[str, str],
    known: Mapping[str, Entry],
    owners: Collection[str],
    elsewhere: Collection[str],
    shown: Collection[str],
) -> str | None:
    """Return the id of the entry that one of the marks names; None if there is none.

    A name that a register or service gives is believed; one that a feed tells finds only what is alike. A link of
    another source's entry is believed if either of the two stands on its source's own site, else the two must be alike.
    owned: this entry's source is where it is at home. owners: entries of which that is so.
    elsewhere: entries that this source does not show. One that it shows under the same link must be alike: a page
    of alerts is the link of each alert in its turn. shown: entries that this very visit shows under their own key;
    one that says the same is another then.
    """
    for mark in marks:
        for name in names_behind(mark):
            entry_id = marked.get(name)
            if entry_id is None or conflicting(known[entry_id], entry):
                continue
            old = known[entry_id]
            if mark.startswith(SAID):
                fits = entry_id not in shown and changed_share(old.text, entry.text) <= _SAME
            elif mark.startswith(LINK):
                fits = (entry_id in elsewhere and (owned or entry_id in owners)) or alike(old, entry)
            else:
                fits = not (mark.startswith(TOLD) or name.startswith(TOLD)) or alike(old, entry)
            if fits:
                return entry_id
    return None


def names_behind(mark: str) -> tuple[str, ...]:
    """Return the marks under which what ``mark`` names may be kept: a name also as one that only a feed told."""
    if mark.startswith((LINK, SAID)):
        return (mark,)
    bare = mark.removeprefix(TOLD)
    return (bare, f"{TOLD}{bare}")


def conflicting(one: Entry, other: Entry) -> bool:
    """Tell whether two entries have numbers of one register that differ: then they are two trials."""
    for scheme in _ONE_EACH:
        mine, theirs = ({name.value for name in entry.same_as if name.scheme == scheme} for entry in (one, other))
        if mine and theirs and mine.isdisjoint(theirs):
            return True
    return False


def names_of(marks: Sequence[str]) -> list[str]:
    """Return the marks that are names which registers and services give: no links, no words, nothing from a feed."""
    return [mark for mark in marks if not mark.startswith((LINK, SAID, TOLD))]


def _own_link(entry: Entry, marks: Sequence[str]) -> str:
    """Return the link that names this entry alone; empty if it has none."""
    link = canonical_link(entry.url)
    return link if f"{LINK}{link}" in marks else ""
