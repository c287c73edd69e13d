"""An entry: one thing that is new for the community, with where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.details import Event, Figure, Trial, Work

# How exactly a date is known. "2026-12" is December 2026 (month), not the first of December.
Precision = Literal["year", "month", "day", "minute"]

# How a kept entry differs from what was kept before.
#   new            never seen
#   edited         other words in the same place; material if a reader of the old text should know
#   moved          same words under another heading (told as a change of its section)
#   redated        same words under another date line
#   status         of a trial or a shortage
#   results        a trial's results were posted
#   date           a date slipped or was made firm
#   enrollment     how many people a trial wants
#   published-as   a preprint came out as a paper
#   final-issue    a paper that was ahead of print has its issue
#   retraction, concern, correction   of a paper
#   figure         a registry's number
#   section        of a living page
#   label          of a medicine, or any other watched column of a dataset
#   withdrawn      a notice or guidance was taken back
#   comments       how many there are under a post; never material
ChangeKind = Literal[
    "new", "edited", "moved", "redated", "status", "results", "date", "enrollment", "published-as", "final-issue",
    "retraction", "concern", "correction", "figure", "section", "label", "withdrawn", "comments",
]  # fmt: skip


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
    """A file that belongs to an entry; ``length`` in bytes and ``duration`` in seconds where they are told."""

    url: str
    type: str
    length: int | None = None
    duration: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is watched on an entry: another value at a later visit is a change of its own.

    name: stable, as the source's API spells it, e.g. ``overallStatus``. value: text that can be compared and shown.
    label: what readers are told it is, e.g. ``primary completion``. change: the kind of change it makes.
    material: readers should know when it changes.
    A thing that is not told makes no fact: it can appear and disappear.
    """

    name: str
    value: str
    label: str
    change: ChangeKind = "label"
    material: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as a collector hands it over and as the store keeps it.

    key: identity within its source: guid, else canonical link; for a living page given at first sight.
    source: id of the source that saw it first.
    kind: post, note, work, trial, event, recording, figure, guidance, safety, resource.
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
    facts: what is watched on it, as its source tells it now.
    trial, work, event, figure: what is known because of its kind.
    doubts: sentences for the editor; an entry with doubts is held, not kept, until it has none or is accepted.
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
    facts: tuple[Fact, ...] = ()
    trial: Trial | None = None
    work: Work | None = None
    event: Event | None = None
    figure: Figure | None = None
    doubts: tuple[str, ...] = ()
    id: str = ""
    revision: int = 0
    first_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a collector is told of an entry that its source showed before.

    text: plain text as it was shown, before disclosures were taken out of it.
    gone: the source no longer shows it. facts: their values by name.
    """

    key: str
    text: str
    section: tuple[str, ...]
    published: datetime | None
    gone: bool
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of an entry: what changed, when it was seen, and whether readers should know."""

    number: int
    seen: datetime
    change: ChangeKind
    material: bool
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that became different, as a thing of its own.

    entry: its id. source: who showed it. name, label: of the fact that changed; empty name = the entry as a whole.
    before, after: values as text; None = there was or is none. id: given by the store; 0 before.
    """

    entry: str
    source: str
    kind: ChangeKind
    name: str
    label: str
    before: str | None
    after: str | None
    seen: datetime
    material: bool
    id: int = 0
