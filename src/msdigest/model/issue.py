"""A digest recurs; an issue is one edition of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.model.clock import Cadence
    from msdigest.model.entry import Entry

#   draft     composed; composing again replaces it
#   approved  nobody may change it any more
#   sending   frozen: who gets what is decided
#   sent      every delivery has been tried
#   held      too late to be of use; an editor decides
#   cancelled
IssueState = Literal["draft", "approved", "sending", "sent", "held", "cancelled"]

DEFAULT_MAX_AGE = timedelta(days=30)
DEFAULT_LATEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of an issue. An entry goes to the first section that takes it; empty = takes all."""

    title: str
    kinds: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()

    def takes(self, entry: Entry) -> bool:
        """Tell whether ``entry`` belongs here."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.sources or entry.source in self.sources)
            and (not self.topics or not set(self.topics).isdisjoint(entry.topics))
            and (not self.audience or not set(self.audience).isdisjoint(entry.audience))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One table of ``config/digests.toml``.

    approval: how many people must approve an issue: 0, 1 or 2.
    max_age: an entry whose own date is older is no candidate.
    max_entries: the most entries in an issue; the rest is on the web.
    latest: an issue this much later than its time is held, not sent.
    """

    id: str
    title: str
    cadence: Cadence
    sections: tuple[Section, ...] = ()
    approval: int = 0
    max_age: timedelta = DEFAULT_MAX_AGE
    max_entries: int = 60
    latest: timedelta = DEFAULT_LATEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One edition.

    id: unique in the database, what commands call N. number: counted within the digest, from 1.
    cut_off: the moment of composing; the next issue starts there.
    sections: (title, entry ids) in the order of print.
    hash: SHA-256 over what will be sent, in hex.
    approvals: names of those who approved, in order.
    """

    id: int
    digest: str
    number: int
    state: IssueState
    cut_off: datetime
    subject: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    hash: str
    due_at: datetime
    not_later_than: datetime
    approvals: tuple[str, ...] = ()
    sent_at: datetime | None = None
    provider: str | None = None

    @property
    def entries(self) -> tuple[str, ...]:
        """Ids of all entries in the order of print."""
        return tuple(entry for _, entries in self.sections for entry in entries)


REST_TITLE = "Also new"


def arrange(entries: Sequence[Entry], digest: Digest) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """Put ``entries`` into the digest's sections: first match wins, the rest goes last, none is empty.

    Within a section the newest comes first (by own date, else first seen), ties by id.
    """
    shelves: list[tuple[str, list[Entry]]] = [(section.title, []) for section in digest.sections]
    rest: list[Entry] = []
    for entry in sorted(entries, key=newest_first):
        for section, (_, shelf) in zip(digest.sections, shelves, strict=True):
            if section.takes(entry):
                shelf.append(entry)
                break
        else:
            rest.append(entry)
    shelves.append((REST_TITLE if digest.sections else digest.title, rest))
    return tuple((title, tuple(shelf)) for title, shelf in shelves if shelf)


def newest_first(entry: Entry) -> tuple[float, str]:
    """Sort key: newest first by own date, else by when it was first seen; ties by id."""
    when = entry.published or entry.first_seen
    return (-when.timestamp() if when else 0.0, entry.id)
