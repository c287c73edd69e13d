"""What Europe PMC answers becomes works; what names no work is counted, and what is no answer is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from msdigest.collect.europepmc.reading import dois_in, page_in, with_dois
from msdigest.errors import AnswerError
from msdigest.model.dates import PartialDate
from msdigest.model.entry import Identifier
from msdigest.model.works import Notice, Told

URL = "https://service.example/search"
PREPRINT = {
    "id": "PPR9900001",
    "source": "PPR",
    "doi": "10.64898/2026.02.14.26990001",
    "title": "Walking <i>faster</i> in MS.",
    "authorString": "Example AA, Sample BB.",
    "bookOrReportDetails": {"publisher": "medRxiv", "yearOfPublication": 2026},
    "pubYear": "2026",
    "abstractText": "<h4>Background</h4>One &lt; <i>two</i>. <h4>Methods:</h4>\nThree.",
    "language": "eng",
    "pubTypeList": {"pubType": ["Preprint"]},
    "keywordList": {"keyword": ["gait"]},
    "firstPublicationDate": "2026-02-16",
}
PAPER = {
    "id": "99000001",
    "source": "MED",
    "pmid": "99000001",
    "pmcid": "PMC9900001",
    "doi": "10.5555/A.1",
    "title": "Walking",
    "authorList": {"author": [{"fullName": "Example AA"}, {"collectiveName": "Study Group"}, {}, "x"]},
    "journalInfo": {
        "volume": "12",
        "issue": "8",
        "dateOfPublication": "2026 Aug",
        "journal": {"title": "Journal of Synthetic Neurology"},
    },
    "pageInfo": "1-9",
    "pubTypeList": {"pubType": ["Randomized Controlled Trial", "Journal Article"]},
    "publicationStatus": "ppublish",
    "meshHeadingList": {"meshHeading": [{"descriptorName": "Multiple Sclerosis"}, {}]},
    "firstPublicationDate": "2026-08-01",
}


def answer(*results: object, **more: object) -> bytes:
    told = {"hitCount": len(results), "nextCursorMark": "next", "resultList": {"result": list(results)}, **more}
    return json.dumps(told).encode()


def work(base: dict[str, object], **changed: object) -> Told:
    told = {name: value for name, value in {**base, **changed}.items() if value is not None}
    (work,) = page_in(answer(told), URL).told
    return work


def links(*told: tuple[str, ...]) -> dict[str, object]:
    names = ("type", "source", "id", "reference")
    return {"commentCorrection": [dict(zip(names, one, strict=True)) for one in told]}


def test_preprint() -> None:
    """A preprint with its server, its day and its labelled abstract."""
    assert work(PREPRINT) == Told(
        key="PPR/PPR9900001",
        url="https://doi.org/10.64898/2026.02.14.26990001",
        title="Walking faster in MS",
        html="<p><b>Background:</b> One &lt; <i>two</i>.</p><p><b>Methods:</b> Three.</p>",
        text="Background: One < two.\n\nMethods: Three.",
        authors=("Example AA", "Sample BB"),
        doi="10.64898/2026.02.14.26990001",
        journal="medRxiv",
        printed="2026",
        published=PartialDate(2026, 2, 16),
        stage="preprint",
        types=("Preprint",),
        categories=("gait",),
        language="en",
    )


def test_paper() -> None:
    """A paper with its journal, its place and its numbers."""
    assert work(PAPER) == Told(
        key="MED/99000001",
        url="https://doi.org/10.5555/a.1",
        title="Walking",
        authors=("Example AA", "Study Group"),
        doi="10.5555/a.1",
        pmid="99000001",
        pmcid="PMC9900001",
        journal="Journal of Synthetic Neurology",
        volume="12",
        issue="8",
        pages="1-9",
        printed="2026 Aug",
        published=PartialDate(2026, 8),
        stage="final",
        types=("Randomized Controlled Trial", "Journal Article"),
        categories=("Multiple Sclerosis",),
    )


def test_short_form() -> None:
    """Where only the short fields are told, they do."""
    told = work(
        {"id": "99000001", "source": "MED", "title": "T", "pubType": "journal article; review", "pubYear": 2026},
        journalTitle="J Synth Neurol",
        journalVolume="12",
        issue="8",
    )

    assert (told.pmid, told.types) == ("99000001", ("journal article", "review"))
    assert (told.journal, told.volume, told.issue, told.printed) == ("J Synth Neurol", "12", "8", "2026")
    assert (told.url, told.stage, told.published) == ("https://europepmc.org/article/MED/99000001", None, None)


@pytest.mark.parametrize(
    ("told", "published"),
    [
        ({"electronicPublicationDate": "2026-05-01"}, "2026-05-01"),
        ({}, "2026-08"),
        ({"journalInfo": None, "firstPublicationDate": "2026-08-15"}, "2026-08-15"),
        ({"journalInfo": None}, "2026-08"),
        ({"journalInfo": None, "firstPublicationDate": "2026-01-01"}, "2026"),
        ({"journalInfo": None, "firstPublicationDate": "soon"}, "None"),
    ],
)
def test_date_of_a_paper(told: dict[str, object], published: str) -> None:
    """Europe PMC makes a day of a month and of a year: a first day is not believed."""
    assert str(work(PAPER, **told).published) == published


@pytest.mark.parametrize(("status", "stage"), [("aheadofprint", "ahead-of-print"), ("epublish", "final"), ("", None)])
def test_stage(status: str, stage: str | None) -> None:
    """A paper is ahead of print as long as Europe PMC says so."""
    assert work(PAPER, publicationStatus=status).stage == stage


def test_a_preprint_that_came_out() -> None:
    """The paper is named by PMID, and by its DOI where that is told or found out."""
    pmid, doi = Identifier("pmid", "99000001"), Identifier("doi", "10.5555/a.1")
    alone = work(PREPRINT, commentCorrectionList=links(("Preprint of", "MED", "99000001", "J Synth. 2026;")))
    both = work(PREPRINT, commentCorrectionList=links(("Preprint of", "MED", "99000001", "J Synth. doi: 10.5555/A.1")))
    other = work(PREPRINT, commentCorrectionList=links(("Preprint of", "AGR", "99000001", "J Synth. 2026;")))

    assert (alone.paper, both.paper, other.paper) == ((pmid,), (doi, pmid), ())
    assert with_dois(alone, {"99000001": "10.5555/a.1"}).paper == (doi, pmid)
    assert with_dois(both, {"99000001": "10.5555/a.1"}).paper == (doi, pmid)
    assert with_dois(alone, {}) == alone


def test_links() -> None:
    """What became of a work, what it talks about and its own preprint are told apart."""
    told = work(
        PAPER,
        commentCorrectionList=links(
            ("Retraction in", "MED", "99000009", "J Synth. 2026;1:9"),
            ("Erratum in", "MED", "99000008", "J Synth. doi: 10.5555/n.8"),
            ("Comment on", "MED", "99000007", "J Synth."),
            ("Comment in", "MED", "99000006", "J Synth."),
            ("Preprint in", "PPR", "PPR9900001", "medRxiv. doi: 10.64898/2026.02.14.26990001"),
        ),
    )

    assert told.notices == (Notice("retraction", "PMID 99000009"), Notice("correction", "10.5555/n.8"))
    assert told.mentions == (Identifier("pmid", "99000007"),)
    assert told.also == (Identifier("doi", "10.64898/2026.02.14.26990001"),)
    withdrawn = work(PREPRINT, pubTypeList={"pubType": ["Preprint", "Preprint-withdrawal"]})
    assert withdrawn.notices == (Notice("retraction", "preprint withdrawal"),)


def test_versions_of_a_preprint() -> None:
    """All versions are one work, dated by the first; an older one is passed over where a newer one is told."""
    versions = {
        "version": [
            {"id": "PPR9900002", "versionNumber": 2, "firstPublishDate": "2026-04-01"},
            {"id": "PPR9900001", "versionNumber": 1, "firstPublishDate": "2026-02-16"},
            {"id": "bad id", "versionNumber": 0},
            {"id": "PPR9900000"},
        ]
    }
    new = {**PREPRINT, "id": "PPR9900002", "versionNumber": 2, "versionList": versions}
    old = {**PREPRINT, "versionNumber": 1, "versionList": versions}
    page = page_in(answer(old, new), URL)

    assert [(told.key, str(told.published)) for told in page.told] == [("PPR/PPR9900001", "2026-02-16")]
    assert (page.given, page.left_out) == (2, 0)


@pytest.mark.parametrize(
    ("told", "html"),
    [
        ("One.", "<p>One.</p>"),
        ("<p>One.</p><p>Two.</p>", "<p>One.</p><p>Two.</p>"),
        ("<title>Abstract</title><p>One.</p>", "<p>One.</p>"),
        ("First. <h4>Aims</h4> Two. <h4>", "<p>First.</p><p><b>Aims:</b> Two. </p>"),
        ("<script>x</script><h4 onclick='x'>Aims</h4>Two", "<p><b>Aims:</b> Two</p>"),
        ("<h4> : </h4>Two" + "<h4>" + " " * 40_000, "<p>Two</p>"),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_abstract(told: object, html: str) -> None:
    """An abstract becomes paragraphs with their labels, and nothing else."""
    assert work(PREPRINT, abstractText=told).html == html


@pytest.mark.parametrize(
    "result",
    [
        {},
        {**PREPRINT, "id": None},
        {**PREPRINT, "id": "a/../b"},
        {**PREPRINT, "source": "ppr"},
        {**PREPRINT, "source": ["PPR"]},
        {**PREPRINT, "title": "<b></b>."},
        {**PREPRINT, "title": {"a": 1}},
    ],
)
def test_results_that_name_no_work(result: dict[str, object]) -> None:
    """They are counted, and the others are read."""
    page = page_in(answer(result, PAPER), URL)

    assert (page.left_out, [told.key for told in page.told]) == (1, ["MED/99000001"])


def test_wrong_types_everywhere() -> None:
    """A field that is not what it should be tells nothing."""
    told = work(
        {"id": "PPR1", "source": "PPR", "title": "T"},
        doi=["10.5555/a"],
        authorList="x",
        authorString=None,
        journalInfo=[],
        pubTypeList={"pubType": {}},
        commentCorrectionList={"commentCorrection": {"type": "Retraction in"}},
        versionList={"version": "x"},
        versionNumber="one",
        firstPublicationDate=20260216,
        pmid=1.5,
    )

    assert told == Told(
        key="PPR/PPR1",
        url="https://europepmc.org/article/PPR/PPR1",
        title="T",
        stage="preprint",
        published=PartialDate(2026, 2, 16),
    )


def test_page() -> None:
    """How much there is and where the next page begins; without a mark there is none."""
    page = page_in(answer(PREPRINT, hitCount=7), URL)
    last = page_in(answer(hitCount=None, nextCursorMark=None), URL)

    assert (page.hits, page.given, page.mark) == (7, 1, "next")
    assert (last.hits, last.given, last.mark, last.told) == (0, 0, "", ())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "no JSON"),
        (b"<html></html>", "no JSON"),
        (b"[]", "no record"),
        (b"{}", "no list of results"),
        (b'{"resultList": {"result": {}}}', "no list of results"),
        (b'{"errCode": 400, "errMsg": "pageSize must be between 1 and 1000"}', "pageSize must be"),
        (b'{"hitCount": 1' + b"0" * 5_000 + b"}", "no JSON"),
    ],
)
@pytest.mark.parametrize("read", [page_in, dois_in])
def test_what_is_no_answer(read, body: bytes, sentence: str) -> None:
    """It is told in one sentence."""
    with pytest.raises(AnswerError, match=sentence):
        read(body, URL)


def test_dois() -> None:
    """The papers that have both names."""
    results = ({"id": "1", "doi": "10.5555/A"}, {"pmid": "2", "doi": "10.5555/B"}, {"id": "3"}, {"doi": "10.5555/C"})

    assert dois_in(answer(*results), URL) == {"1": "10.5555/a", "2": "10.5555/b"}


def test_nothing_is_invented() -> None:
    """A work told without anything else has no stage, no date and no names."""
    told = work({"id": "1", "source": "AGR", "title": "T"})

    assert told == replace(told, doi="", pmid="", pmcid="", published=None, stage=None, types=(), notices=(), paper=())
