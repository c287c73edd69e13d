"""Reads the answers of PubMed's E-utilities: which works a search found, and what their records tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from msdigest.errors import AnswerError
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.literature import records
from msdigest.markup.text import first_words, plain_title
from msdigest.markup.values import at, line_at, lines_at, number_at, read_json
from msdigest.model import works
from msdigest.model.doi import doi_in, spelled_doi
from msdigest.model.entry import Identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msdigest.markup.literature import Link, Record
    from msdigest.model.details import Stage

_PMID = re.compile(r"[1-9][0-9]{0,8}")
# The lists in which a search says which of the query's words mean nothing to it.
_NOT_UNDERSTOOD = ("errorlist.phrasesnotfound", "errorlist.fieldsnotfound", "warninglist.quotedphrasesnotfound")
_TRIALS = (
    ("nct", re.compile(r"(NCT\d{8})")),
    ("isrctn", re.compile(r"(ISRCTN\d{8})")),
    ("ctis", re.compile(r"(20\d\d-5\d{5}-\d\d)(?:-\d\d)?")),
    ("eudract", re.compile(r"(\d{4}-0\d{5}-\d\d)")),
)
# Who a journal's paper can be the update of: the older version of a Cochrane review is another work.
_PREPRINT_SERVER = re.compile(
    r"(?:med|bio|chem|psy|osf|ar)\S*rxiv|res(?:earch)? sq|ssrn|preprints\b|authorea", re.IGNORECASE
)
# Relations of this record to what it talks about: RetractionOf, ErratumFor, CommentOn, RepublishedFrom.
_TALKS_ABOUT = re.compile(r"\w+(?:Of|For|On|From)")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what a search found: how many works there are, the PMIDs here, sentences about the query."""

    count: int
    pmids: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def found_in(body: bytes, url: str) -> Found:
    """Read an answer of esearch. Pure; raises AnswerError."""
    told = read_json(body, url)
    complaint = line_at(told, "esearchresult.ERROR") or line_at(told, "error")
    count = number_at(told, "esearchresult.count")
    if complaint or count is None or not isinstance(at(told, "esearchresult.idlist"), list):
        message = f"{url} found nothing to tell: “{complaint or ' '.join(body[:200].decode(errors='replace').split())}”"
        raise AnswerError(message)
    pmids = lines_at(told, "esearchresult.idlist")
    warnings = tuple(
        f"PubMed does not know these words of the query and searched without them: {', '.join(words[:10])}."
        for words in (lines_at(told, f"esearchresult.{name}") for name in _NOT_UNDERSTOOD)
        if words
    )
    return Found(count, tuple(pmid for pmid in pmids if _PMID.fullmatch(pmid)), warnings)


def works_in(body: bytes, url: str) -> tuple[works.Told, ...]:
    """Read an answer of efetch; records without a PMID are left out. Pure; raises AnswerError."""
    return tuple(_told(record) for record in records(body, url=url) if _PMID.fullmatch(record.pmid))


def _told(record: Record) -> works.Told:
    title, notes = _title(record)
    abstract = "".join(_paragraph(label, words) for label, words in (*record.abstract, *notes))
    html = clean(abstract, base_url="")
    text = plain(html)
    return works.Told(
        key=record.pmid,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/",
        title=title or first_words(text) or f"PubMed record {record.pmid}",
        html=html,
        text=text,
        authors=record.authors,
        doi=spelled_doi(record.doi),
        pmid=record.pmid,
        pmcid=_pmcid(record.pmcid),
        journal=record.journal,
        volume=record.volume,
        issue=record.issue,
        pages=record.pages,
        printed=record.printed,
        # When readers could first have it: the date of its issue may lie months ahead.
        published=works.date_in(record.online) or works.date_in(record.printed),
        stage=_stage(record),
        types=record.types,
        notices=works.notices_of(
            ((link.kind, works.reference_of(link.words, link.pmid)) for link in record.links), record.types
        ),
        paper=tuple(_names(record.links, "UpdateIn")) if _is_preprint(record) else (),
        also=tuple(_names((link for link in record.links if _PREPRINT_SERVER.match(link.words)), "UpdateOf")),
        mentions=(*_trials(record.accessions), *_talked_about(record.links)),
        categories=record.keywords,
        coi=record.disclosure,
        language="en" if notes else works.language_of(record.language),
    )


def _title(record: Record) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the title and what has to be said about it: PubMed sets a translated title in brackets."""
    title = works.without_stop(plain_title(record.title))
    original = works.without_stop(plain_title(escape(record.original_title, quote=False)))
    if not _is_bracketed(title):
        return title or original, ()
    if title == "[Not Available]":
        return original, ()
    told = escape(original, quote=False) or "in another language; PubMed translated it"
    return works.without_stop(title[1:-1]), (("Original title", told),)


def _is_bracketed(title: str) -> bool:
    """Tell whether one pair of brackets holds the whole title: ``[18F]PET in MS [a review]`` has two."""
    depth = 0
    for place, sign in enumerate(title):
        depth += (sign == "[") - (sign == "]")
        if depth == 0:
            return place == len(title) - 1 and sign == "]"
    return False


def _paragraph(label: str, words: str) -> str:
    return f"<p><b>{escape(label)}:</b> {words}</p>" if label else f"<p>{words}</p>"


def _pmcid(told: str) -> str:
    return told.upper() if re.fullmatch(r"PMC\d{1,9}", told, re.IGNORECASE) else ""


def _is_preprint(record: Record) -> bool:
    return any(name.lower() == "preprint" for name in record.types)


def _stage(record: Record) -> Stage | None:
    if _is_preprint(record):
        return "preprint"
    return ("ahead-of-print" if record.status == "aheadofprint" else "final") if record.status else None


def _names(links: Iterable[Link], relation: str) -> Iterator[Identifier]:
    for link in links:
        if link.kind == relation:
            if doi := doi_in(link.words):
                yield Identifier("doi", doi)
            if _PMID.fullmatch(link.pmid):
                yield Identifier("pmid", link.pmid)


def _trials(accessions: Iterable[str]) -> Iterator[Identifier]:
    for number in accessions:
        for scheme, pattern in _TRIALS:
            if named := pattern.fullmatch(number.upper()):
                yield Identifier(scheme, named[1])


def _talked_about(links: Iterable[Link]) -> Iterator[Identifier]:
    for link in links:
        if _TALKS_ABOUT.fullmatch(link.kind):
            yield from _names((link,), link.kind)
