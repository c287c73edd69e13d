"""A compiled issue: literals and slots that are joined for each subscriber.

An issue is rendered and inlined once a variant. What is left is a tree of three kinds of nodes:

* ``str``: a literal, already in its target form;
* ``Slot``: a value that is not known before a selection or a person is;
* ``Block``: nodes that stand or fall with what somebody gets.

What somebody gets is told in keys: the ids of their entries and notices, ``brief_key(entry)`` for those that the short
overview names, and ``MORE`` if there is more for them on the web.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Scope = Literal["selection", "person"]
Form = Literal["html", "text"]
# Audiences who are told abbreviations and brands in plain words; the others know them.
PLAIN, PROFESSIONAL = "", "professional"

MORE = "more"
# The overview names so many entries at most, and is there only for issues that are longer than this.
MOST_IN_BRIEF = 5
LONGEST_WITHOUT_BRIEF = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """How an issue looks for a group of people; ``id`` is its short name in tables.

    neutral: no word of the disease in subject, sender, list id and preheader.
    audience: ``PLAIN`` or ``PROFESSIONAL``.
    """

    language: str = "en"
    theme: str = "standard"
    neutral: bool = False
    audience: str = PLAIN

    @property
    def id(self) -> str:
        """Tell the variant in one word, e.g. ``en.standard``."""
        parts = [self.language, self.theme]
        if self.neutral:
            parts.append("neutral")
        if self.audience:
            parts.append(self.audience)
        return ".".join(parts)

    @classmethod
    def of(cls, variant_id: str) -> Variant:
        """Return the variant that ``id`` told."""
        language, theme, *rest = variant_id.split(".")
        audience = next((part for part in rest if part != "neutral"), PLAIN)
        return cls(language=language, theme=theme, neutral="neutral" in rest, audience=audience)


@dataclass(frozen=True, slots=True)
class Choice:
    """What one or many people get of an issue.

    entries, notices: their ids, in the order of the issue.
    more: how many entries are in their topics and on the web only.
    """

    entries: tuple[str, ...]
    notices: tuple[str, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        """Tell whether there is anything to send."""
        return bool(self.entries or self.notices)


@dataclass(frozen=True, slots=True)
class Slot:
    """A hole in the issue.

    name: e.g. ``greeting`` (person), ``count_line`` (selection).
    scope: known once the selection is, or only once the person is.
    url: stands in an address: only URL-safe values may fill it.
    """

    name: str
    scope: Scope
    url: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Nodes shown when at least one of ``keys`` is among what somebody gets, and none of ``unless``."""

    keys: frozenset[str]
    nodes: tuple[Node, ...]
    unless: frozenset[str] = frozenset()


Node: TypeAlias = "str | Slot | Block"


@dataclass(frozen=True, slots=True)
class Program:
    """One body of one variant; ``form`` decides how values are escaped."""

    form: Form
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledIssue:
    """One variant of an issue, ready to be joined.

    subject: the whole line, without personal values.
    titles: entry id → title, in the order of the issue (for computed slots such as the preheader).
    words: entry id → how many words there are to read (for the minutes in the count line).
    ranking: entry ids, what matters most first: the overview and the preheader take them in this order.
    notices: notice id → title. meetings: name of a person's slot → instant of the meeting (RFC 3339).
    """

    variant: Variant
    subject: str
    html: Program
    text: Program
    titles: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    ranking: tuple[str, ...] = ()
    notices: Mapping[str, str] = field(default_factory=dict)
    meetings: Mapping[str, str] = field(default_factory=dict)


def brief_key(entry: str) -> str:
    """Return the key of an entry's line in the short overview."""
    return f"brief:{entry}"


def in_brief(ranking: tuple[str, ...], entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of the chosen ``entries`` the overview names, what matters most first; none if there are few."""
    if len(entries) <= LONGEST_WITHOUT_BRIEF:
        return ()
    return tuple(islice(filter(frozenset(entries).__contains__, ranking), MOST_IN_BRIEF))
