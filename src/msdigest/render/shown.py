"""An entry as it is published: what feeds and pages alike say of it, decided once."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from uuid import UUID

from msdigest.render.plain import going_on, one_line, sayable
from msdigest.render.references import web_address

if TYPE_CHECKING:
    from datetime import datetime

    from msdigest.model.entry import Entry
    from msdigest.model.source import Source

_EXCERPT_WORDS = 80
# Sources whose whole text is theirs to show.
_EXCERPT_ONLY = {"link-and-excerpt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry with what readers are told beside it.

    source: the one that saw it first.
    page: absolute address of our own page about it.
    date: its own date in words, as precise as it was told and no more; empty = not told.
    changed: when its newest revision was seen, aware.
    topics: (id, name) of its topics, strongest first.
    """

    entry: Entry
    source: Source
    page: str
    date: str
    changed: datetime
    topics: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The title in one line; the address stands in where nothing printable is left of it."""
        return one_line(self.entry.title) or sayable(self.entry.url)

    @property
    def link(self) -> str:
        """Where the entry was found; our own page about it where that is no web address."""
        return web_address(self.entry.url) or self.page

    @property
    def source_name(self) -> str:
        """What readers are told about where it comes from."""
        return one_line(self.source.name) or self.source.id

    @property
    def source_url(self) -> str:
        """The source's address, or nothing where it has no public one."""
        return web_address(self.source.url)

    @property
    def authors(self) -> tuple[str, ...]:
        """The authors' names as printed."""
        return tuple(name for name in map(one_line, self.entry.authors) if name)

    @property
    def excerpt_only(self) -> bool:
        """Whether the source lets us show no more than the beginning."""
        return self.source.licence in _EXCERPT_ONLY

    @property
    def summary(self) -> str:
        """The first sentences in plain text, without those that the title says already."""
        return going_on(self.title, self.entry.text)

    @property
    def body(self) -> str:
        """The HTML that may be shown: all of it, or as much as the source's licence allows."""
        if not self.excerpt_only:
            return sayable(self.entry.html)
        words = first_words(self.entry.text, _EXCERPT_WORDS)
        return f"<p>{escape(words)}</p>" if words else ""


def first_words(text: str, count: int) -> str:
    """Return the first ``count`` words in one line; an ellipsis tells that there are more."""
    words = sayable(text).split()
    return " ".join(words) if len(words) <= count else " ".join(words[:count]) + " …"


def urn(entry: Entry) -> str:
    """Return the entry's name for ever; raises ValueError for an entry that was not kept yet."""
    return UUID(entry.id).urn
