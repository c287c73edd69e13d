"""Two messages of one issue, and what differs between them, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.words import number_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.web.preview import Preview

# What the slots of a message are called by people.
_SLOTS = {
    "preheader": "Preheader",
    "count_line": "Line of counts",
    "more_line": "Line of what is on the web only",
    "greeting": "Greeting",
    "reason": "Why they get it",
}
_OWN = "leave_url"


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not the same in two messages: what it is called, and how it is in each."""

    what: str
    first: str
    second: str


def differences(first: Preview, second: Preview) -> tuple[Difference, ...]:
    """Tell what differs: the variant, sizes, entries and notices that one alone has, and the values of slots."""
    found = [
        Difference("Variant", first.variant, second.variant),
        Difference("Subject", first.letter.subject, second.letter.subject),
        Difference("Sender", first.letter.sender, second.letter.sender),
        Difference("HTML part", _bytes(first), _bytes(second)),
        *_slots(first, second),
    ]
    return tuple(each for each in found if each.first != each.second)


def only_in(first: Preview, second: Preview) -> tuple[str, ...]:
    """Return the titles of the entries and notices that ``first`` has and ``second`` has not, in the order of print."""
    others = {*second.choice.entries, *second.choice.notices}
    entries = [first.titles[entry] for entry in first.choice.entries if entry not in others]
    notices = [f"Correction: {first.notices[notice]}" for notice in first.choice.notices if notice not in others]
    return (*notices, *entries)


def _slots(first: Preview, second: Preview) -> list[Difference]:
    one, other = _values(first), _values(second)
    names = dict.fromkeys((*one, *other))
    return [Difference(_named(name), one.get(name, "–"), other.get(name, "–")) for name in names]


def _values(preview: Preview) -> Mapping[str, str]:
    """Return the values of all slots but the link to leave, which is everybody's own."""
    values = {**preview.selection, **preview.recipient.values}
    if not preview.choice.more:
        # It is there, and nobody reads it.
        del values["more_line"]
    return {name: value for name, value in values.items() if name != _OWN}


def _named(slot: str) -> str:
    return _SLOTS.get(slot) or f"Meeting {slot.rpartition('_')[2]}"


def _bytes(preview: Preview) -> str:
    return f"{number_words(len(preview.html.encode()))} bytes"
