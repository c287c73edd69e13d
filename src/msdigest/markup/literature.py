"""Reads PubMed's hostile XML: each record told apart into plain values, exactly as it is printed there."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import lxml.etree

from msdigest.errors import AnswerError
from msdigest.markup.text import without_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = frozenset({"b", "i", "sub", "sup", "u"})
_LAY_SUMMARY = "plain-language-summary"


@dataclass(frozen=True, slots=True)
class Link:
    """What another record has to do with this one: ``kind`` e.g. ``RetractionIn``; its reference and PMID if told."""

    kind: str
    words: str
    pmid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A paper or a book's chapter as PubMed tells it; what is not told is empty.

    title, abstract: with inline marks as HTML that is not cleaned yet; the abstract's parts with their labels.
    original_title: in the paper's own language, where the title is a translation.
    printed, online: dates in words. status: e.g. ``aheadofprint``. language: three letters.
    accessions: names in data banks, e.g. of the trial.
    """

    pmid: str
    title: str
    original_title: str
    abstract: tuple[tuple[str, str], ...]
    authors: tuple[str, ...]
    journal: str
    volume: str
    issue: str
    pages: str
    printed: str
    online: str
    doi: str
    pmcid: str
    status: str
    language: str
    types: tuple[str, ...]
    keywords: tuple[str, ...]
    links: tuple[Link, ...]
    accessions: tuple[str, ...]
    disclosure: str


def records(xml: bytes, *, url: str) -> tuple[Record, ...]:
    """Read an answer of efetch; ``url`` is where it was found. Raises AnswerError for everything else."""
    parser = lxml.etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml.etree.fromstring(xml, parser)
    except (lxml.etree.XMLSyntaxError, ValueError) as error:
        message = f"{url} answered with something that is no whole XML document: {error}"
        raise AnswerError(message) from error
    if root.tag != "PubmedArticleSet":
        message = f"{url} answered with no records but “{' '.join(_words(root).split())[:200]}”"
        raise AnswerError(message)
    found = root.iterchildren("PubmedArticle", "PubmedBookArticle")
    return tuple(_chapter(one) if one.tag == "PubmedBookArticle" else _paper(one) for one in found)


def _paper(one: Any) -> Record:
    citation = "MedlineCitation"
    inner = f"{citation}/Article"
    issue = f"{inner}/Journal/JournalIssue"
    return Record(
        pmid=_text(one, f"{citation}/PMID"),
        journal=_text(one, f"{inner}/Journal/Title") or _text(one, f"{inner}/Journal/ISOAbbreviation"),
        volume=_text(one, f"{issue}/Volume"),
        issue=_text(one, f"{issue}/Issue"),
        printed=_date(one.find(f"{issue}/PubDate")),
        online=_date(one.find(f"{inner}/ArticleDate")),
        doi=_text(one, f"{inner}/ELocationID[@EIdType='doi'][@ValidYN='Y']") or _id(one, "PubmedData", "doi"),
        pmcid=_id(one, "PubmedData", "pmc"),
        status=_text(one, "PubmedData/PublicationStatus"),
        types=_texts(one, f"{inner}/PublicationTypeList/PublicationType"),
        keywords=_texts(one, f"{citation}/MeshHeadingList/MeshHeading/DescriptorName")
        + _texts(one, f"{citation}/KeywordList/Keyword"),
        links=tuple(
            Link(link.get("RefType", ""), _text(link, "RefSource"), _text(link, "PMID"))
            for link in one.iterfind(f"{citation}/CommentsCorrectionsList/CommentsCorrections")
        ),
        accessions=_texts(one, f"{inner}/DataBankList/DataBank/AccessionNumberList/AccessionNumber"),
        disclosure=_text(one, f"{citation}/CoiStatement"),
        abstract=(*_abstract(one, inner), *_lay_summary(one, citation)),
        **_written(one, inner),
    )


def _chapter(one: Any) -> Record:
    document = "BookDocument"
    book = f"{document}/Book"
    written = _written(one, document)
    written["title"] = written["title"] or _inline(one.find(f"{book}/BookTitle"))
    return Record(
        pmid=_text(one, f"{document}/PMID"),
        journal=_text(one, f"{book}/BookTitle"),
        volume=_text(one, f"{book}/Volume"),
        issue="",
        printed=_date(one.find(f"{book}/PubDate")),
        online=_date(one.find(f"{document}/ContributionDate")),
        doi=_id(one, document, "doi"),
        pmcid=_id(one, document, "pmc"),
        status=_text(one, "PubmedBookData/PublicationStatus"),
        types=_texts(one, f"{document}/PublicationType"),
        keywords=_texts(one, f"{document}/KeywordList/Keyword"),
        links=(),
        accessions=(),
        disclosure="",
        abstract=tuple(_abstract(one, document)),
        **written,
    )


def _written(one: Any, where: str) -> dict[str, Any]:
    """Return what papers and chapters tell in the same way."""
    first, last = _text(one, f"{where}/Pagination/StartPage"), _text(one, f"{where}/Pagination/EndPage")
    return {
        "title": _inline(one.find(f"{where}/ArticleTitle")),
        "original_title": _text(one, f"{where}/VernacularTitle"),
        "authors": tuple(filter(None, map(_author, one.iterfind(f"{where}/AuthorList/Author")))),
        "pages": _text(one, f"{where}/Pagination/MedlinePgn") or "-".join(filter(None, (first, last))),
        "language": _text(one, f"{where}/Language"),
    }


def _author(one: Any) -> str:
    """Return a name as PubMed prints it: ``Family GI`` or a group's name; those marked as wrong are left out."""
    if one.get("ValidYN") == "N":
        return ""
    parts = (_text(one, part) for part in ("LastName", "Initials", "Suffix"))
    return " ".join(filter(None, parts)) or _text(one, "CollectiveName")


def _abstract(one: Any, where: str) -> Iterator[tuple[str, str]]:
    for part in one.iterfind(f"{where}/Abstract/AbstractText"):
        label = " ".join(without_controls(part.get("Label", "")).split()).rstrip(":")
        yield ("" if label == "UNLABELLED" else label, _inline(part))


def _lay_summary(one: Any, where: str) -> Iterator[tuple[str, str]]:
    """Return the summary that was written for patients, where there is one in English."""
    for other in one.iterfind(f"{where}/OtherAbstract[@Type='{_LAY_SUMMARY}']"):
        if other.get("Language", "eng") == "eng":
            for part in other.iterfind("AbstractText"):
                yield ("Plain language summary", _inline(part))


def _date(one: Any) -> str:
    """Return a date in words: ``2020-05-05``, ``2020 Aug 15``, ``2020 Nov-Dec``; empty if none is told."""
    if one is None:
        return ""
    parts = [_text(one, "Year"), _text(one, "Month") or _text(one, "Season"), _text(one, "Day")]
    between = "-" if parts[1].isdigit() else " "
    return _text(one, "MedlineDate") or between.join(filter(None, parts))


def _id(one: Any, where: str, scheme: str) -> str:
    # Only the record's own: every work that it cites has such a list, too.
    return _text(one, f"{where}/ArticleIdList/ArticleId[@IdType='{scheme}']")


def _text(one: Any, path: str) -> str:
    found = one.find(path)
    return "" if found is None else " ".join(_words(found).split())


def _texts(one: Any, path: str) -> tuple[str, ...]:
    told = (" ".join(_words(found).split()) for found in one.iterfind(path))
    return tuple(dict.fromkeys(filter(None, told)))


def _words(element: Any) -> str:
    return without_controls("".join(element.itertext()))


def _inline(element: Any) -> str:
    """Return what stands in ``element`` as HTML with the marks that change the meaning of signs."""
    if element is None:
        return ""
    said = [escape(element.text or "", quote=False)]
    for child in element:
        # What is no element is a reference to an entity that XML does not know: it stays as it is printed.
        inside = _inline(child) if isinstance(child.tag, str) else child.text
        said.append(f"<{child.tag}>{inside}</{child.tag}>" if child.tag in _MARKS else inside)
        said.append(escape(child.tail or "", quote=False))
    return " ".join("".join(said).split())
