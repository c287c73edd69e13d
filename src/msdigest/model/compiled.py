"""A compiled issue: literals and slots that are joined for each subscriber.

An issue is rendered and inlined once a variant. What is left is a tree of three kinds of nodes:

* ``str``: a literal, already in its target form;
* ``Slot``: a value that is not known before a selection or a person is;
* ``Block``: nodes that stand or fall with an entry or with a section.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Scope = Literal["selection", "person"]
Form = Literal["html", "text"]


@dataclass(frozen=True, slots=True)
class Variant:
    """How an issue looks for a group of people; ``id`` is its short name in tables."""

    language: str = "en"
    theme: str = "standard"
    neutral: bool = False
    audience: str = ""

    @property
    def id(self) -> str:
        """Tell the variant in one word, e.g. ``en.standard``."""
        parts = [self.language, self.theme]
        if self.neutral:
            parts.append("neutral")
        if self.audience:
            parts.append(self.audience)
        return ".".join(parts)


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
    """Nodes shown when at least one of ``entries`` (entry ids) is in the selection."""

    entries: frozenset[str]
    nodes: tuple[Node, ...]


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
    """

    variant: Variant
    subject: str
    html: Program
    text: Program
    titles: dict[str, str] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
