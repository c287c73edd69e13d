"""Works: what a literature service tells of a paper or preprint, and how that becomes an entry with its facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from msdigest.errors import CollectError
from msdigest.model.dates import read_date
from msdigest.model.details import Work
from msdigest.model.doi import doi_in
from msdigest.model.entry import Entry, Fact, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from msdigest.model.dates import PartialDate
    from msdigest.model.details import Stage
    from msdigest.model.source import Source

NoticeKind = Literal["retraction", "concern", "correction"]

_YEAR = re.compile(r"\b(?:19|20)[0-9]{2}\b")
_MOST_DAYS = 36_500
_CLOSING_STOP = re.compile(r"(?<!\.)(?<!\b[A-Z]\.[A-Z])\.\Z")
# Relations as PubMed (RetractionIn) and Europe PMC (Retraction in) spell them, small letters only.
_NOTICES: dict[str, NoticeKind] = {
    "retractionin": "retraction",
    "partialretractionin": "retraction",
    "retractedandrepublishedin": "retraction",
    "expressionofconcernin": "concern",
    "erratumin": "correction",
    "correctedandrepublishedin": "correction",
}
# A work is taken back even where no notice is named. Types in small letters.
_TAKEN_BACK = ("retracted publication", "preprint-withdrawal", "preprint-removal")
# Evidence by publication type, the first that fits: a case with a review of others is a case report first.
_EVIDENCE = (
    ("guidance", frozenset({"practice guideline", "guideline"})),
    ("systematic-review", frozenset({"systematic review", "meta-analysis", "network meta-analysis"})),
    ("randomised-trial", frozenset({"randomized controlled trial"})),
    ("case-report", frozenset({"case reports"})),
    ("review", frozenset({"review", "scoping review"})),
)
_LABELS: dict[NoticeKind, str] = {
    "retraction": "retraction",
    "concern": "expression of concern",
    "correction": "correction",
}
# ISO 639-2, as the services tell it, to BCP 47.
_LANGUAGES = {
    "eng": "en", "fre": "fr", "ger": "de", "ita": "it", "jpn": "ja", "pol": "pl", "por": "pt", "rus": "ru", "spa": "es",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of a work, as one record asserts it; ``reference``: the notice's DOI, PMID, or words about it."""

    kind: NoticeKind
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a literature service tells of one work, cleaned; what is not told is empty.

    printed: the date of the issue in words, as it stands in a citation. stage: None = not told.
    paper: of a preprint, names of the paper that came of it; a DOI first. also: further names of this very work.
    """

    key: str
    url: str
    title: str
    html: str = ""
    text: str = ""
    authors: tuple[str, ...] = ()
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    printed: str = ""
    published: PartialDate | None = None
    stage: Stage | None = None
    types: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    paper: tuple[Identifier, ...] = ()
    also: tuple[Identifier, ...] = ()
    mentions: tuple[Identifier, ...] = ()
    categories: tuple[str, ...] = ()
    coi: str = ""
    language: str | None = None


def entry_of(told: Told, source: Source) -> Entry:
    """Make the entry of one work."""
    own = (("doi", told.doi), ("pmid", told.pmid), ("pmcid", told.pmcid))
    names = (*(Identifier(scheme, value) for scheme, value in own if value), *told.also, *told.paper)
    return Entry(
        key=told.key,
        source=source.id,
        kind=source.entry_kind or "work",
        title=told.title,
        url=told.url,
        html=told.html,
        text=told.text,
        authors=told.authors,
        published=told.published.instant if told.published else None,
        precision=told.published.precision if told.published else None,
        categories=told.categories,
        same_as=tuple(dict.fromkeys(names)),
        identifiers=told.mentions,
        coi=told.coi or None,
        audience=source.audience,
        evidence=_evidence(told, source),
        language=told.language,
        facts=tuple(_facts(told)),
        work=Work(
            journal=told.journal,
            volume=told.volume,
            issue=told.issue,
            pages=told.pages,
            stage=told.stage or "final",
            types=told.types,
            published_as=next((name.value for name in told.paper if name.scheme == "doi"), ""),
        ),
    )


def citation(told: Told) -> str:
    """Return where a work stands, as PubMed cites it: ``2020 Nov 19;71(16):2027-2034``; empty if it has no place."""
    issue = f"({told.issue})" if told.issue else ""
    place = f"{told.volume}{issue}"
    pages = f":{told.pages}" if told.pages else ""
    return f"{told.printed}{';' if place and told.printed else ''}{place}{pages}" if place or pages else ""


def notices_of(links: Iterable[tuple[str, str]], types: Iterable[str]) -> tuple[Notice, ...]:
    """Return what ``links`` (relation, reference) and ``types`` say became of a work, each kind at most once.

    Two assertions of one retraction are one; corrections may be several, and then all are named.
    """
    told: dict[NoticeKind, list[str]] = {}
    for relation, reference in links:
        kind = _NOTICES.get(re.sub(r"[^a-z]", "", relation.lower()))
        if kind is not None:
            told.setdefault(kind, []).append(reference or relation)
    back = [name for name in types if name.lower() in _TAKEN_BACK]
    if back:
        told.setdefault("retraction", [back[0].lower().replace("-", " ")])
    return tuple(Notice(kind, _reference(kind, references)) for kind, references in told.items())


def reference_of(words: str, pmid: str = "") -> str:
    """Return how a reference is best named: its DOI, else its PMID, else its ``words``."""
    return doi_in(words) or (f"PMID {pmid}" if pmid else " ".join(words.split()))


def without_stop(title: str) -> str:
    """Return a title without the full stop that literature services close it with."""
    return _CLOSING_STOP.sub("", title.strip())


def language_of(code: str) -> str | None:
    """Return a language's name (BCP 47) from its three letters; None for those that are not common here."""
    return _LANGUAGES.get(code.strip().lower())


def date_in(words: str) -> PartialDate | None:
    """Read a date of issue; of ``2020 Nov-Dec`` or ``2020 Summer``, which are no single month, only the year."""
    year = _YEAR.search(words)
    return read_date(words) or (read_date(year[0]) if year else None)


def window_days(options: Mapping[str, Any]) -> int:
    """Return how many days back a first visit looks; raises CollectError for a number that makes no sense."""
    days = options.get("window_days", 7)
    if not 1 <= days <= _MOST_DAYS:
        message = f"window_days must be a number of days from 1 to {_MOST_DAYS}, not {days}"
        raise CollectError(message)
    return int(days)


def asked_from(since: datetime, *, now: datetime, overlap: timedelta, days: int | None) -> datetime:
    """Return from when on a later visit asks: since the last one with some overlap, and at least for ``days``."""
    return min(since - overlap, now - timedelta(days=days or 0))


def in_turn(keys: Iterable[str], *, after: str, most: int) -> tuple[str, ...]:
    """Return at most ``most`` of ``keys``, those that follow ``after`` first: visit by visit all have their turn."""
    ordered = sorted(set(keys))
    begin = next((place for place, key in enumerate(ordered) if key > after), 0)
    return tuple((ordered[begin:] + ordered[:begin])[:most])


def _reference(kind: NoticeKind, references: list[str]) -> str:
    if kind == "correction":
        return "; ".join(sorted(set(references)))
    # A DOI names a notice for good; a PMID or words may be replaced by one later, which would look like news.
    return next((name for name in references if name.startswith("10.")), references[0])


def _facts(told: Told) -> Iterator[Fact]:
    if told.stage is not None and told.stage != "preprint":
        yield Fact(name="stage", value=told.stage.replace("-", " "), label="publication stage", change="final-issue")
    if told.paper:
        first = told.paper[0]
        value = first.value if first.scheme == "doi" else f"PMID {first.value}"
        yield Fact(name="publishedAs", value=value, label="published as", change="published-as")
    for notice in told.notices:
        yield Fact(name=notice.kind, value=notice.reference, label=_LABELS[notice.kind], change=notice.kind)
    if place := citation(told):
        yield Fact(name="citation", value=place, label="citation", change="final-issue", material=False)


def _evidence(told: Told, source: Source) -> str | None:
    if told.stage == "preprint":
        return source.evidence or "preprint"
    types = {name.lower() for name in told.types}
    return next((label for label, names in _EVIDENCE if types & names), source.evidence)
