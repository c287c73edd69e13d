"""A digest recurs; an issue is one edition of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
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

_NOTICE = "change-"
DEFAULT_MAX_AGE = timedelta(days=30)
DEFAULT_LATEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of an issue. An entry goes to the first section that takes it; empty = takes all.

    titles: language → its title there, for the languages that have one of their own.
    """

    title: str
    titles: Mapping[str, str] = field(default_factory=dict)
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

    titles, neutral: language → title; the second for people who want no word of the disease outside of the mail.
    approval: how many people must approve an issue: 0, 1 or 2.
    max_age: an entry whose own date is older is no candidate.
    max_entries: the most entries in one message; the rest is on the web.
    latest: an issue this much later than its time is held, not sent.
    """

    id: str
    title: str
    cadence: Cadence
    titles: Mapping[str, str] = field(default_factory=dict)
    neutral: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    approval: int = 0
    max_age: timedelta = DEFAULT_MAX_AGE
    max_entries: int = 60
    latest: timedelta = DEFAULT_LATEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What an editor changed on a draft; composing it anew keeps all of it.

    intro: Markdown, shown before everything else. hidden: entry ids that the issue does not carry.
    pinned: entry ids that come first in their section and in the overview, in this order.
    order: entry ids as they were put in order by hand; what came later stands behind them.
    notes: entry id → the editors' own words beneath it.
    """

    intro: str = ""
    pinned: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A fault that an issue is sent with all the same, and why.

    check: id of the lint check. reason, by: an editor's words and name. at: aware, UTC.
    marks: of what it had found then; what it finds beside that is not overridden.
    """

    check: str
    reason: str
    by: str
    at: datetime
    marks: tuple[str, ...] = ()


NO_EDITS = Edits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One edition.

    id: unique in the database, what commands call N. number: counted within the digest, from 1.
    cut_off: the moment of composing; the next issue starts there.
    sections: (title, entry ids) in the order of print.
    notices: ids of what is told to those alone who were sent an entry before it was retracted or corrected.
    news: ids of the changes that are told with its entries.
    hash: SHA-256 over what will be sent, in hex.
    approvals: names of those who approved, in order.
    templates: fingerprint of the templates that it was compiled with; empty = not known.
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
    notices: tuple[str, ...] = ()
    news: tuple[int, ...] = ()
    edits: Edits = NO_EDITS
    overrides: tuple[Override, ...] = ()
    templates: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """Ids of all entries in the order of print."""
        return tuple(entry for _, entries in self.sections for entry in entries)


def notice_id(change: int) -> str:
    """Return the name under which people are told of a change."""
    return f"{_NOTICE}{change}"


def change_id(notice: str) -> int:
    """Return the change that a notice tells of."""
    return int(notice.removeprefix(_NOTICE))
