"""Scenes for the collectors' contract: for each kind of source a small server in its real shape.

A scene's answers are those of a quiet day: asked the same, it says the same. A new kind adds its scene to ``SCENES``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.collect.feed.visiting import POST, rss_document
from tests.collect.wordpress import blog

from msdigest.model.answers import body_hash
from msdigest.model.source import Validators
from msdigest.ports import NO_VALIDATORS, Reply

# What a text may carry, and no entry may.
HOSTILE = (
    '<p onclick="x()" style="color:red">Words <a href="/more">more</a> &amp; <i>more</i><script>alert(1)</script></p>'
    '<p><img src="pixel.gif" width="1"><a href="javascript:alert(1)">Nowhere</a></p><div class="x"><p>Last'
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a server is asked; ``body`` None = a ``get``."""

    url: str
    accept: str
    validators: Validators = NO_VALIDATORS
    body: bytes | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A source of one kind.

    url: what stands in its table; empty = the kind asks nobody, so there is nothing to answer.
    answer: bytes or text as they are, a whole Reply, anything else as JSON; None = 404.
    table: further lines of its table, in TOML: only what its kind requires.
    reads_pages: a web page is no broken answer to it, and where one was cut short nobody can tell.
    """

    url: str = ""
    answer: Callable[[Question], Any] = lambda _: None
    table: str = ""
    reads_pages: bool = False


Fault = Callable[[Reply], Reply]


@dataclass(slots=True)
class Server:
    """An ``Http`` that answers as a scene says, with an ETag where ``dated``, and remembers what it was asked.

    fault: what becomes of its answers (a FetchError may be raised): of all, or of the one at place ``at``.
    """

    scene: Scene
    fault: Fault | None = None
    at: int | None = None
    dated: bool = True
    asked: list[Question] = field(default_factory=list)

    def get(self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "*/*") -> Reply:
        return self._reply(Question(url, accept, validators))

    def post(self, url: str, *, body: bytes, content_type: str, accept: str = "*/*") -> Reply:
        assert content_type, "a body has a type"
        return self._reply(Question(url, accept, body=body))

    def _reply(self, question: Question) -> Reply:
        self.asked.append(question)
        reply = _replied(question, self.scene.answer(question))
        if self.fault is not None and self.at in {None, len(self.asked) - 1}:
            return self.fault(reply)
        if not self.dated or reply.status != 200 or question.body is not None:
            return reply
        etag = f'"{body_hash(reply.body)}"'
        if question.validators.etag == etag:
            return Reply(status=304, url=question.url, headers={"etag": etag}, body=b"")
        return replace(reply, headers={**reply.headers, "etag": etag})


def _replied(question: Question, said: Any) -> Reply:
    if isinstance(said, Reply):
        return said
    if said is None:
        return Reply(status=404, url=question.url, headers={"content-type": "text/html"}, body=b"<h1>Not found</h1>")
    kind = "application/json"
    if isinstance(said, str | bytes):
        body = said.encode() if isinstance(said, str) else said
        kind = "text/html" if body[:9].lower() == b"<!doctype" else "application/xml" if body[:1] == b"<" else kind
    else:
        body = json.dumps(said).encode()
    return Reply(status=200, url=question.url, headers={"content-type": kind}, body=body)


# ------------------------------------------------------------------------------------------------- blogs and pages


def _feed(_: Question) -> bytes:
    described = HOSTILE.replace("&", "&amp;").replace("<", "&lt;")
    return rss_document(
        f"{POST}<item><guid>urn:post:2</guid><link>/2026/11/second/</link><title>Second &amp;amp; last</title>"
        f"<pubDate>Thu, 19 Nov 2026 06:30:00 +0100</pubDate><description>{described}</description></item>"
        f"<item><link>https://blog.example/third/</link><description>{described}</description></item>"
    )


def _wordpress(question: Question) -> Reply:
    day = timedelta(days=1)
    hostile = blog.row(1285, blog.NOW - day, title={"rendered": "Second &#038; last"}, tags=[])
    hostile["content"] = {"rendered": HOSTILE, "protected": False}
    site = blog.Blog(
        posts=[hostile, blog.row(1284)],
        comments=[blog.comment(1, 1284), blog.comment(2, 1284, author=2), blog.comment(3, 1285)],
        feed_dated=False,
    )
    return site.get(question.url, accept=question.accept)


_LIVING_PAGE = f"""<!doctype html><html lang="en"><head><title>Living page</title></head><body><nav><a href="/">Home</a></nav>
<main><h1>Living page</h1>
<p>We gather here what our centre learns about the new infusion.</p>
<h2>Calls</h2><p>[Updated 2026/05/20]</p>
<p>The next call is on Thursday 4 June at 15:00 in London; please bring your questions.</p>
<ul><li>Lesions that vanish: a first look at the second cohort.</li><li>Counting cells in Cairo, with <a href="/calls">slides</a>.</li></ul>
<h2>Registries</h2><p>[Updated 2026/05/12]</p>
<p>A registry for Wales collects reports from eleven clinics and wants more of them.</p>
<p>The Baltic registry is still looking for funds.</p>{HOSTILE}</div></main><footer><p>Proudly powered</p></footer></body></html>"""


# ---------------------------------------------------------------------------------------------------- registers


def _study(number: str, title: str) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": title, "orgStudyIdInfo": {"id": "2010-012345-67"}},
            "statusModule": {
                "overallStatus": "RECRUITING",
                "startDateStruct": {"date": "2026-12", "type": "ESTIMATED"},
                "primaryCompletionDateStruct": {"date": "2028-06-30", "type": "ESTIMATED"},
                "studyFirstPostDateStruct": {"date": "2026-05-04", "type": "ACTUAL"},
                "lastUpdatePostDateStruct": {"date": "2026-10-01", "type": "ESTIMATED"},
            },
            "descriptionModule": {"briefSummary": "We ask whether six weeks do.\n\n* four weeks\n* six weeks"},
            "designModule": {"phases": ["PHASE3"], "enrollmentInfo": {"count": 480, "type": "ESTIMATED"}},
        },
        "hasResults": False,
    }


def _ctgov(question: Question) -> dict[str, Any] | None:
    if question.path != "/api/v2/studies":
        return None
    if "pageToken" in question.query:
        return {"studies": [_study("NCT07654321", "Shorter gaps")]}
    return {"studies": [_study("NCT01234567", "Longer gaps")], "nextPageToken": "second"}


def _isrctn_trial(number: str, title: str) -> str:
    return f"""<fullTrial><trial lastUpdated="2026-07-01T10:00:22Z" publicIdentifierDateAssigned="2026-02-05T09:00:00Z">
<isrctn>{number}</isrctn><trialDescription><title>{title}</title>
<plainEnglishSummary>Background and study aims\nWe ask whether six weeks do.</plainEnglishSummary></trialDescription>
<externalRefs><clinicalTrialsGovNumber>NCT01234567</clinicalTrialsGovNumber></externalRefs>
<trialDesign><primaryStudyDesign>Interventional</primaryStudyDesign><overallEndDate>2029-06-30T00:00:00Z</overallEndDate></trialDesign>
<participants><recruitmentCountries><country>Wales</country></recruitmentCountries><targetEnrolment>480</targetEnrolment>
<recruitmentStart>2026-05-01T00:00:00Z</recruitmentStart><recruitmentEnd>2028-06-30T00:00:00Z</recruitmentEnd></participants>
</trial><sponsor><organisation>Example University</organisation></sponsor></fullTrial>"""


def _isrctn(question: Question) -> str | None:
    if question.path != "/api/query/format/default":
        return None
    trials = _isrctn_trial("12345678", "Longer gaps") + _isrctn_trial("87654321", "Shorter gaps &amp; rest")
    return f'<?xml version="1.0"?><allTrials xmlns="https://register.example/ns" totalCount="2">{trials}</allTrials>'


_CTIS_ROWS = [
    {
        "ctNumber": number, "ctStatus": 4, "ctTitle": "LONGER GAPS", "shortTitle": "GAPS", "trialCountries": ["Spain:2"],
        "decisionDateOverall": "26/06/2026", "decisionDate": "ES: 24/06/2026", "sponsor": "Example University",
        "trialPhase": "Therapeutic confirmatory (Phase III)", "totalNumberEnrolled": "480",
        "resultsFirstReceived": "No", "lastUpdated": "09/07/2026",
    }
    for number in ("2026-590099-21-00", "2026-590100-22-00")
]  # fmt: skip


def _ctis(question: Question) -> Any:
    path = question.path.removeprefix("/ctis-public-api")
    if path == "/search":
        assert question.body is not None, "CTIS is searched with a body"
        return {"pagination": {"totalRecords": 2, "totalPages": 1}, "data": _CTIS_ROWS}
    if path == "/rss/updates.rss":
        return '<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>'
    number = path.removeprefix("/retrieve/")
    if number not in {row["ctNumber"] for row in _CTIS_ROWS}:
        return None
    named = {"publicTitle": f"Longer gaps, {number}", "secondaryIdentifyingNumbers": {"nctNumber": {"number": "NCT1"}}}
    details = {
        "clinicalTrialIdentifiers": named,
        "trialInformation": {"trialObjective": {"mainObjective": "To see whether six weeks do."}},
    }
    application = {"eudraCt": {"eudraCtCode": None}, "authorizedPartI": {"trialDetails": details}}
    return {"ctNumber": number, "ctPublicStatusCode": 4, "authorizedApplication": application}


# --------------------------------------------------------------------------------------------------- literature


def _pubmed_record(pmid: str) -> str:
    return f"""<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article>
<Journal><JournalIssue><PubDate><Year>2026</Year><Month>Aug</Month></PubDate></JournalIssue><Title>Journal</Title></Journal>
<ArticleTitle>CD4<sup>+</sup> cells: p &lt; 0.05.</ArticleTitle>
<ELocationID EIdType="doi" ValidYN="Y">10.5555/A.{pmid}</ELocationID>
<Abstract><AbstractText Label="AIMS">One &lt; <i>two</i>.</AbstractText><AbstractText>Three.</AbstractText></Abstract>
<AuthorList><Author><LastName>Sample</LastName><Initials>BA</Initials></Author></AuthorList>
</Article></MedlineCitation><PubmedData><PublicationStatus>ppublish</PublicationStatus></PubmedData></PubmedArticle>"""


def _pubmed(question: Question) -> Any:
    if question.path == "/entrez/eutils/esearch.fcgi":
        return {"esearchresult": {"count": "2", "idlist": ["99000002", "99000001"]}}
    if question.path == "/entrez/eutils/efetch.fcgi":
        return f"<PubmedArticleSet>{''.join(map(_pubmed_record, question.query['id'].split(',')))}</PubmedArticleSet>"
    return None


def _europepmc(question: Question) -> Any:
    if question.path != "/europepmc/webservices/rest/search":
        return None
    if "SRC:MED" in question.query["query"]:
        told = [{"id": "99000001", "source": "MED", "pmid": "99000001", "doi": "10.5555/a.1"}]
        return {"hitCount": 1, "resultList": {"result": told}}
    preprints = [
        {
            "id": number, "source": "PPR", "doi": f"10.5555/{number}", "title": f"Walking <i>faster</i>, {number}.",
            "authorString": "Example AA, Sample BB.", "abstractText": f"<h4>Background</h4>One &lt; <i>two</i>. {HOSTILE}",
            "firstPublicationDate": "2026-02-16", "pubTypeList": {"pubType": ["Preprint"]},
        }
        for number in ("PPR9900001", "PPR9900002")
    ]  # fmt: skip
    paper = {"type": "Preprint of", "source": "MED", "id": "99000001", "reference": "Journal. 2026"}
    preprints[0]["commentCorrectionList"] = {"commentCorrection": [paper]}
    return {"hitCount": 2, "nextCursorMark": "*", "resultList": {"result": preprints}}


# ----------------------------------------------------------------------------------------------------- data sets

_NOTICES = [
    {
        "name_of_medicine": "Exampla", "product_number": "EX/H/C/000001", "medicine_status": "Authorised",
        "therapeutic_indication": "<p>Treatment of&nbsp;examples.</p>", "first_published_date": "27/06/2006",
        "last_updated_date": "02/03/2026", "medicine_url": "https://regulator.example/exampla",
    },
    {
        "name_of_medicine": "Samplix & Co", "product_number": "EX/H/C/000002", "medicine_status": "Withdrawn",
        "therapeutic_indication": HOSTILE, "last_updated_date": "03/03/2026",
        "medicine_url": "https://regulator.example/samplix",
    },
]  # fmt: skip


SCENES: dict[str, Scene] = {
    "feed": Scene(url="https://blog.example/feed/", answer=_feed),
    "wordpress": Scene(url="https://blog.example", answer=_wordpress),
    "livingpage": Scene(url="https://centre.example/living/", answer=lambda _: _LIVING_PAGE, reads_pages=True),
    "ctgov": Scene(url="https://register.example", answer=_ctgov),
    "isrctn": Scene(url="https://register.example", answer=_isrctn),
    "ctis": Scene(url="https://register.example", answer=_ctis),
    "pubmed": Scene(url="https://service.example", answer=_pubmed),
    "europepmc": Scene(url="https://service.example", answer=_europepmc),
    "dataset": Scene(url="https://regulator.example/notices.json", answer=lambda _: {"data": _NOTICES}),
    # What editors type: there is nobody to ask.
    "editor": Scene(),
}
