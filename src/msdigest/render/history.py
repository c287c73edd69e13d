"""What became of an entry, for its page: each revision by what differs from the one before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from msdigest.model.prose import ELLIPSIS
from msdigest.render.difference import Piece, difference
from msdigest.render.plain import one_line, sayable
from msdigest.render.whens import told_at, told_when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.entry import Change, Entry, Revision
    from msdigest.render.whens import Dates, When

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z", re.ASCII)
_CHANGES = {
    "new": "First seen",
    "edited": "Edited",
    "moved": "Moved under another heading",
    "redated": "Given another date",
    "status": "Another status",
    "results": "Results posted",
    "date": "Another date",
    "enrollment": "Another number of people",
    "published-as": "Published as a paper",
    "final-issue": "In its final issue",
    "retraction": "Retracted",
    "concern": "Expression of concern",
    "correction": "Corrected",
    "figure": "Another figure",
    "section": "Moved under another heading",
    "label": "Label changed",
    "withdrawn": "Withdrawn",
    "comments": "More comments",
}
# Differences that a step tells by itself, from the entries before and after.
_TOLD_ANYHOW = {"", "section", "published"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A revision: what happened, when, the small facts that differ, and the text's change."""

    number: int
    what: str
    when: When
    material: bool
    facts: tuple[tuple[str, str, str], ...]
    pieces: tuple[Piece, ...]


def history(dates: Dates, revisions: Sequence[Revision], changes: Sequence[Change]) -> tuple[Step, ...]:
    """Tell each revision by what differs from the one before it; the newest first."""
    steps = []
    for before, now in zip((None, *revisions), revisions, strict=False):
        steps.append(
            Step(
                number=now.number,
                what=_CHANGES[now.change],
                when=told_at(dates, now.seen),
                # The first sight of an entry is material to the store, but it changed nothing.
                material=now.material and before is not None,
                facts=(*_facts(dates, before, now), *_watched(dates, changes, now.seen)) if before else (),
                pieces=difference(sayable(before.entry.text), sayable(now.entry.text)) if before else (),
            )
        )
    return tuple(reversed(steps))


def _watched(dates: Dates, changes: Sequence[Change], seen: datetime) -> tuple[tuple[str, str, str], ...]:
    """Return what was seen to change on watched facts at that moment: what it is, before, after."""
    return tuple(
        (one_line(each.label).capitalize(), _value(dates, each.before), _value(dates, each.after))
        for each in changes
        if each.seen == seen and each.name not in _TOLD_ANYHOW
    )


def _value(dates: Dates, value: str | None) -> str:
    """Return a fact's value as it is shown: an instant in words, all else as it is."""
    told = one_line(value or "–")
    if not _INSTANT.fullmatch(told):
        return told
    try:
        return told_at(dates, datetime.fromisoformat(told)).words
    except ValueError:  # e.g. the 31st of February: shown as the source has it
        return told


def _is_beginning(entry: Entry) -> bool:
    head = " ".join(entry.title.removesuffix(ELLIPSIS).split())
    return " ".join(entry.text.split()).startswith(head)


def _facts(dates: Dates, before: Revision, now: Revision) -> tuple[tuple[str, str, str], ...]:
    """Return (what, was, is) for title, heading, date and disclosures where they differ."""
    titles = [one_line(one.entry.title) for one in (before, now)]
    told = [
        # A title that is the text's own beginning changes with it: the text's difference shows it already.
        ("Title", *(["", ""] if all(_is_beginning(one.entry) for one in (before, now)) else titles)),
        ("Heading", *(" › ".join(map(one_line, one.entry.section)) for one in (before, now))),
        ("Date", *(told_when(dates, one.entry.published, one.entry.precision or "day").words for one in (before, now))),
        ("Conflicts of interest", one_line(before.entry.coi or ""), one_line(now.entry.coi or "")),
        ("Disclaimer", one_line(before.entry.disclaimer or ""), one_line(now.entry.disclaimer or "")),
    ]
    return tuple((what, was or "none", now_is or "none") for what, was, now_is in told if was != now_is)
