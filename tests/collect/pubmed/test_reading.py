"""What PubMed answers becomes works; what it cannot have meant becomes a sentence."""

from __future__ import annotations

import json

import pytest

from msdigest.collect.pubmed.reading import Found, found_in, works_in
from msdigest.errors import AnswerError
from msdigest.model.entry import Identifier
from msdigest.model.works import Notice, Told

URL = "https://service.example/esearch.fcgi"


def works(*records: str) -> tuple[Told, ...]:
    return works_in(f"<PubmedArticleSet>{''.join(records)}</PubmedArticleSet>".encode(), URL)


def work(article: str = "", citation: str = "", data: str = "", pmid: str = "99000001") -> Told:
    article = article if "<ArticleTitle>" in article else f"<ArticleTitle>Walking.</ArticleTitle>{article}"
    (told,) = works(
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article>{article}</Article>{citation}</MedlineCitation>"
        f"<PubmedData>{data}</PubmedData></PubmedArticle>"
    )
    return told


def links(*told: tuple[str, str, str]) -> str:
    inside = "".join(
        f'<CommentsCorrections RefType="{kind}"><RefSource>{words}</RefSource><PMID>{pmid}</PMID></CommentsCorrections>'
        for kind, words, pmid in told
    )
    return f"<CommentsCorrectionsList>{inside}</CommentsCorrectionsList>"


def types(*names: str) -> str:
    inside = "".join(f"<PublicationType>{name}</PublicationType>" for name in names)
    return f"<PublicationTypeList>{inside}</PublicationTypeList>"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"count": "2", "idlist": ["9", "8"]}, Found(2, ("9", "8"))),
        ({"count": 0, "idlist": []}, Found(0, ())),
        ({"count": "4", "idlist": ["9", 8, None, "x", "9", "0", "-1", {}]}, Found(4, ("9", "8"))),
        (
            {
                "count": "1",
                "idlist": ["9"],
                "errorlist": {"phrasesnotfound": ["sclerosix"], "fieldsnotfound": []},
                "warninglist": {"quotedphrasesnotfound": ['"no such"[tiab]'], "outputmessages": ["No items found."]},
            },
            Found(
                1,
                ("9",),
                (
                    "PubMed does not know these words of the query and searched without them: sclerosix.",
                    'PubMed does not know these words of the query and searched without them: "no such"[tiab].',
                ),
            ),
        ),
        ({"count": "0", "idlist": [], "errorlist": [], "warninglist": None}, Found(0, ())),
    ],
)
def test_search(answer: dict[str, object], found: Found) -> None:
    """A search gives numbers; words that it dropped are told to the editor."""
    assert found_in(json.dumps({"header": {}, "esearchresult": answer}).encode(), URL) == found


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "no JSON"),
        ("<html>Bad gateway</html>", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no record"),
        ("{}", "found nothing to tell"),
        ('{"esearchresult": null}', "found nothing to tell"),
        ('{"esearchresult": {"count": "1"}}', "found nothing to tell"),
        ('{"esearchresult": {"count": "1", "idlist": {}}}', "found nothing to tell"),
        ('{"esearchresult": {"count": "-1", "idlist": []}}', "found nothing to tell"),
        ('{"esearchresult": {"count": null, "idlist": []}}', "found nothing to tell"),
        ('{"esearchresult": {"count": "0", "idlist": [], "ERROR": "Search backend failed"}}', "Search backend failed"),
        ('{"error": "API rate limit exceeded", "count": "4"}', "API rate limit exceeded"),
    ],
)
def test_what_is_no_search(body: str, sentence: str) -> None:
    """What is no answer of a search is told in one sentence with the service's own complaint."""
    with pytest.raises(AnswerError, match=sentence):
        found_in(body.encode(), URL)


def test_work() -> None:
    """A paper with everything that PubMed tells of it."""
    told = work(
        article="<Journal><JournalIssue><Volume>12</Volume><Issue>8</Issue><PubDate><Year>2026</Year><Month>Aug</Month>"
        "</PubDate></JournalIssue><Title>Journal of Synthetic Neurology</Title></Journal>"
        "<ArticleTitle>CD4<sup>+</sup> cells: p &lt; 0.05.</ArticleTitle><Pagination><MedlinePgn>1-9</MedlinePgn></Pagination>"
        '<ELocationID EIdType="doi" ValidYN="Y">10.5555/A.1</ELocationID>'
        '<Abstract><AbstractText Label="AIMS &amp; SCOPE">One &lt; <i>two</i>.</AbstractText>'
        "<AbstractText>Three.</AbstractText></Abstract>"
        "<AuthorList><Author><LastName>Sample</LastName><Initials>BA</Initials></Author></AuthorList>"
        f"<Language>eng</Language>{types('Journal Article')}"
        "<ArticleDate><Year>2026</Year><Month>05</Month><Day>01</Day></ArticleDate>",
        citation="<CoiStatement>None.</CoiStatement><KeywordList><Keyword>gait</Keyword></KeywordList>",
        data="<PublicationStatus>ppublish</PublicationStatus>"
        '<ArticleIdList><ArticleId IdType="pmc">PMC9900001</ArticleId></ArticleIdList>',
    )

    assert (str(told.published), told.published.precision) == ("2026-05-01", "day")
    assert told == Told(
        key="99000001",
        url="https://pubmed.ncbi.nlm.nih.gov/99000001/",
        title="CD4+ cells: p < 0.05",
        html="<p><b>AIMS &amp; SCOPE:</b> One &lt; <i>two</i>.</p><p>Three.</p>",
        text="AIMS & SCOPE: One < two.\n\nThree.",
        authors=("Sample BA",),
        doi="10.5555/a.1",
        pmid="99000001",
        pmcid="PMC9900001",
        journal="Journal of Synthetic Neurology",
        volume="12",
        issue="8",
        pages="1-9",
        printed="2026 Aug",
        published=told.published,
        stage="final",
        types=("Journal Article",),
        categories=("gait",),
        coi="None.",
        language="en",
    )


@pytest.mark.parametrize(
    ("article", "title", "text"),
    [
        ("<ArticleTitle>[Walking in MS].</ArticleTitle>", "Walking in MS", "in another language; PubMed translated it"),
        (
            "<ArticleTitle>[Walking &amp; MS.]</ArticleTitle><VernacularTitle>Gehen &amp; MS.</VernacularTitle>",
            "Walking & MS",
            "Gehen & MS",
        ),
        ("<ArticleTitle>[18F]PET in MS [a review].</ArticleTitle>", "[18F]PET in MS [a review]", None),
        ("<ArticleTitle>[broken title.</ArticleTitle>", "[broken title", None),
        ("<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Gehen.</VernacularTitle>", "Gehen", None),
        ("<ArticleTitle/><VernacularTitle>Gehen.</VernacularTitle>", "Gehen", None),
        ("<ArticleTitle/>", "PubMed record 99000001", None),
    ],
)
def test_title(article: str, title: str, text: str | None) -> None:
    """A translated title stands without brackets, and it is said that it is one."""
    told = work(article=article if "/>" not in article else f"{article}<ArticleTitle></ArticleTitle>")

    assert (told.title, told.text) == (title, f"Original title: {text}" if text else "")
    assert told.language == ("en" if text else None)


def test_an_abstract_alone_is_title_enough() -> None:
    """A work without any title is called by its first words."""
    abstract = "<Abstract><AbstractText>We walked. Then we stopped.</AbstractText></Abstract>"

    assert work(article=f"<ArticleTitle></ArticleTitle>{abstract}").title == "We walked. Then we stopped."


@pytest.mark.parametrize(
    ("status", "kinds", "stage"),
    [
        ("aheadofprint", (), "ahead-of-print"),
        ("ppublish", (), "final"),
        ("epublish", (), "final"),
        ("", (), None),
        ("aheadofprint", ("Preprint",), "preprint"),
    ],
)
def test_stage(status: str, kinds: tuple[str, ...], stage: str | None) -> None:
    """A paper is ahead of print as long as PubMed says so; nothing told is nothing known."""
    told = work(article=types(*kinds), data=f"<PublicationStatus>{status}</PublicationStatus>")

    assert told.stage == stage


@pytest.mark.parametrize(
    ("online", "printed", "published"),
    [
        ("<Year>2026</Year><Month>05</Month><Day>01</Day>", "<Year>2027</Year><Month>Jan</Month>", "2026-05-01"),
        ("", "<Year>2020</Year><Month>Aug</Month>", "2020-08"),
        ("<Year>26</Year>", "<MedlineDate>2020 Nov-Dec</MedlineDate>", "2020"),
        ("", "<Year>0001</Year>", "None"),
    ],
)
def test_date(online: str, printed: str, published: str) -> None:
    """The day when readers could first have it counts; else the issue's, as exactly as it is told."""
    issue = f"<Journal><JournalIssue><PubDate>{printed}</PubDate></JournalIssue></Journal>"

    assert str(work(article=f"{issue}<ArticleDate>{online}</ArticleDate>").published) == published


def test_retraction() -> None:
    """The type and the link assert one retraction; it is named by the notice's DOI."""
    told = work(
        article=types("Journal Article", "Retracted Publication"),
        citation=links(
            ("RetractionIn", "J Synth. 2026;1:9. doi: 10.5555/N.9", "99000009"),
            ("ErratumIn", "J Synth. 2026;1:8.", "99000008"),
            ("CommentIn", "J Synth. 2026;1:7.", "99000007"),
        ),
    )

    assert told.notices == (Notice("retraction", "10.5555/n.9"), Notice("correction", "PMID 99000008"))
    assert told.mentions == ()


def test_notice() -> None:
    """A notice is no retracted work; what it talks about is mentioned."""
    told = work(
        article=types("Retraction of Publication"),
        citation=links(("RetractionOf", "J Synth. 2025;1:1. doi: 10.5555/a.1", "99000001"), ("CommentOn", "X", "bad")),
    )

    assert told.notices == ()
    assert told.mentions == (Identifier("doi", "10.5555/a.1"), Identifier("pmid", "99000001"))


def test_a_preprint_and_its_paper() -> None:
    """Each names the other; an older version of a review is another work."""
    update = ("UpdateIn", "J Synth. 2026;1:1. doi: 10.5555/a.1", "99000002")
    server = ("UpdateOf", "medRxiv. 2026 Feb 14:2026.02.14.26990001. doi: 10.64898/2026.02.14.26990001", "99000001")
    review = ("UpdateOf", "Cochrane Database Syst Rev. 2016;9:CD990016. doi: 10.5555/pub1", "99000003")
    paper = (Identifier("doi", "10.5555/a.1"), Identifier("pmid", "99000002"))
    preprint = (Identifier("doi", "10.64898/2026.02.14.26990001"), Identifier("pmid", "99000001"))

    other = ("CommentIn", "J Synth. 2026;1:3. doi: 10.5555/c.1", "99000004")

    assert work(article=types("Preprint"), citation=links(other, update)).paper == paper
    assert work(article=types("Journal Article"), citation=links(update)).paper == ()
    assert work(citation=links(server)).also == preprint
    assert work(citation=links(review)).also == ()


def test_trials() -> None:
    """Numbers of trials in data banks are mentioned in canonical spelling; other accessions are not."""
    numbers = ("nct90000001", "ISRCTN90000001", "2026-590001-10-00", "2016-000001-10", "GSE1")
    banks = "".join(
        f"<DataBank><AccessionNumberList><AccessionNumber>{number}</AccessionNumber></AccessionNumberList></DataBank>"
        for number in numbers
    )

    assert work(article=f"<DataBankList>{banks}</DataBankList>").mentions == (
        Identifier("nct", "NCT90000001"),
        Identifier("isrctn", "ISRCTN90000001"),
        Identifier("ctis", "2026-590001-10"),
        Identifier("eudract", "2016-000001-10"),
    )


def test_hostile_records() -> None:
    """What is not believable is left out; what is dangerous becomes harmless."""
    abstract = "<Abstract><AbstractText>&lt;script&gt;x&lt;/script&gt;<script>y</script></AbstractText></Abstract>"
    told = work(
        article=f"{abstract}<ELocationID EIdType='doi' ValidYN='Y'>none</ELocationID>",
        data='<ArticleIdList><ArticleId IdType="pmc">PMC1; DROP</ArticleId></ArticleIdList>',
    )

    assert told.html == "<p>&lt;script&gt;x&lt;/script&gt;y</p>"
    assert (told.doi, told.pmcid) == ("", "")
    assert (
        works("<PubmedArticle/>", "<PubmedArticle><MedlineCitation><PMID>x</PMID></MedlineCitation></PubmedArticle>")
        == ()
    )
