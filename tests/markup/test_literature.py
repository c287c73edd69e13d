"""PubMed's XML is told apart as it is printed; what is none is refused in one sentence."""

from __future__ import annotations

import pytest

from msdigest.errors import AnswerError
from msdigest.markup.literature import Link, Record, records

URL = "https://service.example/efetch.fcgi"
HEAD = (
    '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>'
)
PAPER = """<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">99000001</PMID>
<DateRevised><Year>2026</Year><Month>05</Month><Day>02</Day></DateRevised>
<Article PubModel="Print-Electronic"><Journal><ISSN>0000-0000</ISSN><JournalIssue CitedMedium="Internet"><Volume>12</Volume>
<Issue>Pt 8</Issue><PubDate><Year>2026</Year><Month>Aug</Month><Day>15</Day></PubDate></JournalIssue>
<Title>Journal of Synthetic Neurology</Title><ISOAbbreviation>J Synth Neurol</ISOAbbreviation></Journal>
<ArticleTitle>CD4<sup>+</sup> cells &amp; <i>remyelination</i>:
  p &lt; 0.05.</ArticleTitle><Pagination><StartPage>10</StartPage><EndPage>19</EndPage><MedlinePgn>10-9</MedlinePgn></Pagination>
<ELocationID EIdType="pii" ValidYN="Y">S0000</ELocationID><ELocationID EIdType="doi" ValidYN="N">10.5555/wrong</ELocationID>
<ELocationID EIdType="doi" ValidYN="Y">10.5555/A.1</ELocationID>
<Abstract><AbstractText Label="BACKGROUND:" NlmCategory="BACKGROUND">Cells <b>walk</b> &amp; talk.</AbstractText>
<AbstractText Label="UNLABELLED">More.</AbstractText><CopyrightInformation>Nobody</CopyrightInformation></Abstract>
<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>Sample</LastName><ForeName>Bea Anna</ForeName><Initials>BA</Initials>
<Suffix>Jr</Suffix><AffiliationInfo><Affiliation>Nowhere</Affiliation></AffiliationInfo></Author>
<Author ValidYN="N"><LastName>Wrong</LastName></Author><Author ValidYN="Y"><LastName>Single</LastName></Author>
<Author ValidYN="Y"><CollectiveName>Synthetic Study Group</CollectiveName></Author><Author/></AuthorList>
<Language>eng</Language><DataBankList CompleteYN="Y"><DataBank><DataBankName>ClinicalTrials.gov</DataBankName>
<AccessionNumberList><AccessionNumber>NCT90000001</AccessionNumber></AccessionNumberList></DataBank></DataBankList>
<PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList>
<VernacularTitle>Zellen</VernacularTitle>
<ArticleDate DateType="Electronic"><Year>2026</Year><Month>05</Month><Day>01</Day></ArticleDate></Article>
<CommentsCorrectionsList><CommentsCorrections RefType="ErratumIn"><RefSource>J Synth Neurol. doi: 10.5555/n</RefSource>
<PMID Version="1">99000009</PMID></CommentsCorrections><CommentsCorrections/></CommentsCorrectionsList>
<MeshHeadingList><MeshHeading><DescriptorName UI="D009103">Multiple Sclerosis</DescriptorName><QualifierName>drug therapy
</QualifierName></MeshHeading></MeshHeadingList>
<OtherAbstract Type="Publisher" Language="ger"><AbstractText>Anderes</AbstractText></OtherAbstract>
<OtherAbstract Type="plain-language-summary" Language="eng"><AbstractText>In plain words.</AbstractText></OtherAbstract>
<OtherAbstract Type="plain-language-summary" Language="spa"><AbstractText>En espa\u00f1ol.</AbstractText></OtherAbstract>
<KeywordList Owner="NOTNLM"><Keyword>gait</Keyword><Keyword>gait</Keyword></KeywordList>
<CoiStatement>None declared.</CoiStatement></MedlineCitation>
<PubmedData><History/><PublicationStatus>ppublish</PublicationStatus><ArticleIdList>
<ArticleId IdType="pubmed">99000001</ArticleId><ArticleId IdType="doi">10.5555/other</ArticleId>
<ArticleId IdType="pmc">PMC9900001</ArticleId></ArticleIdList>
<ReferenceList><Reference><Citation>Cited</Citation><ArticleIdList><ArticleId IdType="doi">10.5555/cited</ArticleId>
</ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>"""
CHAPTER = """<PubmedBookArticle><BookDocument><PMID Version="1">99000002</PMID><ArticleIdList>
<ArticleId IdType="bookaccession">NBK99</ArticleId></ArticleIdList><Book><Publisher><PublisherName>Press</PublisherName></Publisher>
<BookTitle book="synth">Synthetic Pearls</BookTitle><PubDate><Year>2026</Year><Month>01</Month></PubDate></Book>
<ArticleTitle>Multiple sclerosis</ArticleTitle><Language>eng</Language><AuthorList Type="authors">
<Author><LastName>Author</LastName><Initials>A</Initials></Author></AuthorList>
<PublicationType UI="D016454">Review</PublicationType><Abstract><AbstractText>A chapter.</AbstractText></Abstract>
<ContributionDate><Year>2026</Year><Month>02</Month><Day>03</Day></ContributionDate></BookDocument>
<PubmedBookData><PublicationStatus>ppublish</PublicationStatus></PubmedBookData></PubmedBookArticle>"""


def read(body: str) -> tuple[Record, ...]:
    return records(f"{HEAD}{body}</PubmedArticleSet>".encode(), url=URL)


def test_paper() -> None:
    """Only the paper's own names and dates count, not those of what it cites."""
    assert read(PAPER) == (
        Record(
            pmid="99000001",
            title="CD4<sup>+</sup> cells &amp; <i>remyelination</i>: p &lt; 0.05.",
            original_title="Zellen",
            abstract=(
                ("BACKGROUND", "Cells <b>walk</b> &amp; talk."),
                ("", "More."),
                ("Plain language summary", "In plain words."),
            ),
            authors=("Sample BA Jr", "Single", "Synthetic Study Group"),
            journal="Journal of Synthetic Neurology",
            volume="12",
            issue="Pt 8",
            pages="10-9",
            printed="2026 Aug 15",
            online="2026-05-01",
            doi="10.5555/A.1",
            pmcid="PMC9900001",
            status="ppublish",
            language="eng",
            types=("Journal Article",),
            keywords=("Multiple Sclerosis", "gait"),
            links=(Link("ErratumIn", "J Synth Neurol. doi: 10.5555/n", "99000009"), Link("", "", "")),
            accessions=("NCT90000001",),
            disclosure="None declared.",
        ),
    )


def test_chapter() -> None:
    """A chapter of a book is a work, too; other elements are none."""
    (chapter,) = read(f"{CHAPTER}<DeleteCitation><PMID>1</PMID></DeleteCitation>")

    assert (chapter.pmid, chapter.title, chapter.journal) == ("99000002", "Multiple sclerosis", "Synthetic Pearls")
    assert (chapter.printed, chapter.online, chapter.status) == ("2026-01", "2026-02-03", "ppublish")
    assert (chapter.authors, chapter.types) == (("Author A",), ("Review",))
    assert chapter.abstract == (("", "A chapter."),)
    (book,) = read(CHAPTER.replace("<ArticleTitle>Multiple sclerosis</ArticleTitle>", ""))
    assert book.title == "Synthetic Pearls"


@pytest.mark.parametrize(
    ("date", "printed"),
    [
        ("<Year>2026</Year>", "2026"),
        ("<Year>2026</Year><Season>Summer</Season>", "2026 Summer"),
        ("<Year>2026</Year><Month>08</Month>", "2026-08"),
        ("<MedlineDate>2026 Nov-Dec</MedlineDate>", "2026 Nov-Dec"),
        ("", ""),
    ],
)
def test_dates(date: str, printed: str) -> None:
    """Dates are kept in the words in which they are told."""
    issue = f"<Journal><JournalIssue><PubDate>{date}</PubDate></JournalIssue></Journal>"
    (record,) = read(f"<PubmedArticle><MedlineCitation><Article>{issue}</Article></MedlineCitation></PubmedArticle>")

    assert (record.printed, record.online) == (printed, "")


def test_pages_and_names_told_in_another_way() -> None:
    """First and last page, the short name of a journal, and a DOI that stands with the numbers will do."""
    other = PAPER.replace("<MedlinePgn>10-9</MedlinePgn>", "").replace('EIdType="doi"', 'EIdType="x"')
    (record,) = read(other.replace("<Title>Journal of Synthetic Neurology</Title>", ""))

    assert (record.pages, record.journal, record.doi) == ("10-19", "J Synth Neurol", "10.5555/other")


def test_hollow_record() -> None:
    """A record without anything is read as one that tells nothing."""
    (record,) = read("<PubmedArticle/>")

    assert (record.pmid, record.title, record.authors, record.abstract, record.links) == ("", "", (), (), ())


def test_foreign_marks() -> None:
    """Formulas keep their words, unknown entities stay as they are printed, comments are gone."""
    title = "<ArticleTitle>A <math><mi>x</mi></math>&nbsp;B<!-- no --> C\u202e</ArticleTitle>"
    (record,) = read(f"<PubmedArticle><MedlineCitation><Article>{title}</Article></MedlineCitation></PubmedArticle>")

    assert record.title == "A x&nbsp;B C\u202e"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "no whole XML"),
        (b"<html><body>Bad gateway</body>", "no whole XML"),
        (b"<html><body>Bad gateway</body></html>", "Bad gateway"),
        (b"<eFetchResult><ERROR>ID list is empty</ERROR></eFetchResult>", "ID list is empty"),
        (HEAD.encode() + PAPER.encode()[:900], "no whole XML"),
        (b"{}", "no whole XML"),
        (b"<a>" * 5_000, "no whole XML"),
        (b"\xff\xfe\x00", "no whole XML"),
        (
            b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
            "no records but",
        ),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "no records but “&x;”"),
    ],
)
def test_what_is_no_record(body: bytes, sentence: str) -> None:
    """Errors in any form, pages and bombs are told apart from an empty set."""
    with pytest.raises(AnswerError, match=sentence):
        records(body, url=URL)


def test_empty_set() -> None:
    """Nothing found is an answer."""
    assert read("") == ()
