"""Reads the answers of Europe PMC's search: what it tells of each preprint or paper."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from msdigest.errors import AnswerError
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.values import at, line_at, lines_at, number_at, prose_at, read_json, records_at
from msdigest.model import works
from msdigest.model.dates import PartialDate, read_date
from msdigest.model.doi import doi_in, doi_url, spelled_doi
from msdigest.model.entry import Identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from msdigest.model.details import Stage

    Result = Mapping[str, Any]

PREPRINTS, PUBMED = "PPR", "MED"
_SOURCE = re.compile(r"[A-Z]{3}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
_PMID = re.compile(r"[1-9][0-9]{0,8}")
_HEADING = re.compile(r"<(h[1-6]|title)\b[^<>]{0,200}>([^<>]{0,200})</\1>", re.IGNORECASE)
_TALKS_ABOUT = re.compile(r"(?!preprint).{1,40} (?:of|for|on|from)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of what a search found.

    hits: of the whole search. given: results on this page. mark: of the next page; empty = there is none.
    told: the works, without older versions of a preprint. left_out: results that name no work.
    """

    hits: int
    given: int
    mark: str
    told: tuple[works.Told, ...]
    left_out: int


def page_in(body: bytes, url: str) -> Page:
    """Read an answer of search with ``resultType=core``. Pure; raises AnswerError."""
    answer, results = _results(body, url)
    told = [_told(result) for result in results if not _is_superseded(result)]
    works_told = tuple(one for one in told if one is not None)
    return Page(
        hits=number_at(answer, "hitCount") or len(results),
        given=len(results),
        mark=line_at(answer, "nextCursorMark"),
        told=works_told,
        left_out=len(told) - len(works_told),
    )


def dois_in(body: bytes, url: str) -> dict[str, str]:
    """Read an answer of search: the DOI of each PMID that has one. Pure; raises AnswerError."""
    _, results = _results(body, url)
    found = ((line_at(one, "pmid") or line_at(one, "id"), spelled_doi(line_at(one, "doi"))) for one in results)
    return {pmid: doi for pmid, doi in found if pmid and doi}


def with_dois(told: works.Told, dois: Mapping[str, str]) -> works.Told:
    """Return a work whose paper is named by its DOI, too, where ``dois`` knows it by its PMID."""
    known = (Identifier("doi", dois[name.value]) for name in told.paper if name.scheme == "pmid" and name.value in dois)
    return replace(told, paper=tuple(dict.fromkeys((*known, *told.paper))))


def _results(body: bytes, url: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    answer = read_json(body, url)
    complaint = line_at(answer, "errMsg")
    if complaint or not isinstance(at(answer, "resultList.result"), list):
        message = f"{url} found nothing to tell: “{complaint or 'no list of results'}”"
        raise AnswerError(message)
    return answer, records_at(answer, "resultList.result")


def _told(result: Result) -> works.Told | None:
    source, own = line_at(result, "source"), line_at(result, "id")
    title = works.without_stop(line_at(result, "title"))
    if not (_SOURCE.fullmatch(source) and _ID.fullmatch(own) and title):
        return None
    doi, pmid = spelled_doi(line_at(result, "doi")), line_at(result, "pmid") or (own if source == PUBMED else "")
    html = clean(_abstract(prose_at(result, "abstractText")), base_url="")
    types = lines_at(result, "pubTypeList.pubType") or tuple(line_at(result, "pubType").split("; "))
    links = records_at(result, "commentCorrectionList.commentCorrection")
    first, posted = _first_version(result)
    return works.Told(
        key=f"{source}/{first or own}",
        url=doi_url(doi) if doi else f"https://europepmc.org/article/{source}/{own}",
        title=title,
        html=html,
        text=plain(html),
        authors=_authors(result),
        doi=doi,
        pmid=pmid if _PMID.fullmatch(pmid) else "",
        pmcid=line_at(result, "pmcid"),
        journal=_journal(result),
        volume=line_at(result, "journalInfo.volume") or line_at(result, "journalVolume"),
        issue=line_at(result, "journalInfo.issue") or line_at(result, "issue"),
        pages=line_at(result, "pageInfo"),
        printed=line_at(result, "journalInfo.dateOfPublication") or line_at(result, "pubYear"),
        published=read_date(posted) or _published(result, source),
        stage=_stage(result, source),
        types=tuple(filter(None, types)),
        notices=works.notices_of(
            ((line_at(link, "type"), works.reference_of(line_at(link, "reference"), _pmid(link))) for link in links),
            types,
        ),
        paper=tuple(name for link in links if _is(link, "preprint of") for name in _names(link)),
        also=tuple(name for link in links if _is(link, "preprint in") for name in _names(link)),
        mentions=tuple(_talked_about(links)),
        categories=lines_at(result, "keywordList.keyword") + _headings(result),
        language=works.language_of(line_at(result, "language")),
    )


def _is_superseded(result: Result) -> bool:
    """Tell whether a preprint has a newer version: told again, the older one's words would look like news."""
    own = number_at(result, "versionNumber")
    numbers = (number_at(version, "versionNumber") for version in records_at(result, "versionList.version"))
    return own is not None and any(number is not None and number > own for number in numbers)


def _first_version(result: Result) -> tuple[str, str]:
    """Return id and day of a preprint's first version, by which all its versions are one entry; empty if not told."""
    versions = [
        (number, line_at(version, "id"), line_at(version, "firstPublishDate"))
        for version in records_at(result, "versionList.version")
        if (number := number_at(version, "versionNumber")) is not None and _ID.fullmatch(line_at(version, "id"))
    ]
    return min(versions)[1:] if versions else ("", "")


def _abstract(html: str) -> str:
    """Return an abstract as paragraphs, each with its label in front as PubMed's have it."""
    parts = _HEADING.split(html)
    said = [parts[0].strip()]
    for heading, words in zip(parts[2::3], parts[3::3], strict=True):
        label = heading.strip().rstrip(": ")
        # Only the heading over the whole says nothing.
        said.append(words.strip() if label.lower() in {"", "abstract"} else f"<b>{label}:</b> {words.strip()}")
    return "".join(f"<p>{part}</p>" for part in said if part)


def _authors(result: Result) -> tuple[str, ...]:
    people = records_at(result, "authorList.author")
    names = tuple(line_at(person, "fullName") or line_at(person, "collectiveName") for person in people)
    return tuple(filter(None, names)) or tuple(
        filter(None, prose_at(result, "authorString").removesuffix(".").split(", "))
    )


def _journal(result: Result) -> str:
    named = ("journalInfo.journal.title", "journalTitle", "bookOrReportDetails.publisher", "publisher")
    return next(filter(None, (line_at(result, name) for name in named)), "")


def _stage(result: Result, source: str) -> Stage | None:
    if source == PREPRINTS:
        return "preprint"
    status = line_at(result, "publicationStatus")
    return ("ahead-of-print" if status == "aheadofprint" else "final") if status else None


def _published(result: Result, source: str) -> PartialDate | None:
    first = read_date(line_at(result, "firstPublicationDate"))
    if source == PREPRINTS:
        return first
    online = read_date(line_at(result, "electronicPublicationDate"))
    return online or works.date_in(line_at(result, "journalInfo.dateOfPublication")) or _coarse(first)


def _coarse(day: PartialDate | None) -> PartialDate | None:
    """Return a day no more exactly than it is known: of a month Europe PMC makes its first day, of a year the same."""
    if day is None or day.day != 1:
        return day
    return PartialDate(day.year, None if day.month == 1 else day.month)


def _headings(result: Result) -> tuple[str, ...]:
    return tuple(
        filter(None, (line_at(one, "descriptorName") for one in records_at(result, "meshHeadingList.meshHeading")))
    )


def _is(link: Result, relation: str) -> bool:
    return line_at(link, "type").lower() == relation


def _pmid(link: Result) -> str:
    own = line_at(link, "id")
    return own if line_at(link, "source") == PUBMED and _PMID.fullmatch(own) else ""


def _names(link: Result) -> Iterator[Identifier]:
    if doi := doi_in(line_at(link, "reference")):
        yield Identifier("doi", doi)
    if pmid := _pmid(link):
        yield Identifier("pmid", pmid)


def _talked_about(links: Iterable[Result]) -> Iterator[Identifier]:
    for link in links:
        if _TALKS_ABOUT.fullmatch(line_at(link, "type")):
            yield from _names(link)
