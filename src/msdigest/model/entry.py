"""An entry: one thing that is new for the community, with where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

# How exactly a date is known. "2026-12" is December 2026 (month), not the first of December.
Precision = Literal["year", "month", "day", "minute"]

# How a kept entry differs from what was kept before.
#   new       never seen
#   edited    other words in the same place; material if a reader of the old text should know
#   moved     same words under another heading
#   redated   same words under another date line
ChangeKind = Literal["new", "edited", "moved", "redated"]


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A name that the whole field knows: ``doi 10.2217/imt.13.155``, ``nct NCT06441617``.

    scheme: doi, pmid, pmcid, nct, isrctn, ctis, eudract.
    value: in canonical spelling (DOI lower case, trial numbers upper case).
    """

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an entry; ``length`` in bytes where it is told."""

    url: str
    type: str
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as a collector hands it over and as the store keeps it.

    key: identity within its source: guid, else canonical link; for a living page given at first sight.
    source: id of the source that saw it first.
    kind: post, note, work, trial, event, recording, guidance, safety, resource.
    title: plain text, never empty.
    url: absolute; of a living page's entry the page itself.
    html: cleaned body (see ``markup/clean.py``); text: the same in plain text.
    authors: names as printed; personas stay personas.
    published: the entry's own date (aware, UTC) and its precision; None = not told.
    updated: when the source says it was last edited; not every source does.
    section: heading path on a living page, outermost first.
    same_as: names under which other sources would show this very thing (its own DOI or trial number,
        not the ones it talks about); they and the canonical link recognise it across sources.
    identifiers: everything it mentions, in the order of the text.
    coi, disclaimer: the source's own words, taken out of the body.
    topics: ids of the vocabulary, strongest first.
    evidence: label, e.g. commentary, preprint.
    id: uuid given at first sight by the store; empty before.
    revision: number of the newest revision, 1 at first sight; 0 before.
    first_seen: when msdigest first saw it; None before it is kept.
    """

    key: str
    source: str
    title: str
    url: str
    kind: str = "post"
    html: str = ""
    text: str = ""
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    precision: Precision | None = None
    updated: datetime | None = None
    section: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    same_as: tuple[Identifier, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    coi: str | None = None
    disclaimer: str | None = None
    topics: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    evidence: str | None = None
    language: str | None = None
    id: str = ""
    revision: int = 0
    first_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a collector is told of an entry that its source showed before.

    text: plain text as it was shown, before disclosures were taken out of it.
    gone: the source no longer shows it.
    """

    key: str
    text: str
    section: tuple[str, ...]
    published: datetime | None
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of an entry: what changed, when it was seen, and whether readers should know."""

    number: int
    seen: datetime
    change: ChangeKind
    material: bool
    entry: Entry
