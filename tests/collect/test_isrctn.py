"""ISRCTN registry: one answer, statuses that follow from dates, texts that people without training can read."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.collect.register import BASE, START, Desk, Register, status, told

from msdigest.collect.isrctn import collecting
from msdigest.collect.isrctn.collecting import MOST_TRIALS, read_answer
from msdigest.collect.isrctn.record import derived_status
from msdigest.errors import AnswerError, StatusError
from msdigest.model import registers
from msdigest.model.dates import PartialDate
from msdigest.model.details import Trial, TrialDate
from msdigest.model.entry import Entry
from msdigest.model.source import Source

SOURCE = Source(id="trials", kind="isrctn", url=f"{BASE}/api/query", audience=("patient",))
TODAY = date(2026, 11, 20)
PARTS = {
    "head": 'lastUpdated="2026-07-01T10:00:22.861123456Z" publicIdentifierDateAssigned="2026-02-05T09:00:00Z"',
    "number": "12345678",
    "summary": (
        "Background and study aims\nWe ask whether six weeks do.\n\nWho can participate?\nAdults with MS\n\n"
        "Who is the main contact?\nA. Person, a.person@example.org"
    ),
    "refs": (
        "<doi>10.1186/ISRCTN12345678</doi><eudraCTNumber>Nil known</eudraCTNumber>"
        "<clinicalTrialsGovNumber>NCT01234567</clinicalTrialsGovNumber><protocolSerialNumber>HTA 11/01</protocolSerialNumber>"
        '<secondaryNumbers><secondaryNumber numberType="ctis">2026-590099-21-00</secondaryNumber></secondaryNumbers>'
    ),
    "design": "<primaryStudyDesign>Interventional</primaryStudyDesign><overallEndDate>2029-06-30T00:00:00.000Z</overallEndDate>",
    "start": "2026-05-01T00:00:00.000Z",
    "end": "2028-06-30T00:00:00.000Z",
    "people": "<targetEnrolment>480</targetEnrolment><totalFinalEnrolment>0</totalFinalEnrolment>",
    "override": "",
    "results": "<plainEnglishReport/><publicationDetails/>",
}


def _record(**changes: str) -> str:
    part = PARTS | changes
    return f"""<fullTrial><trial {part["head"]}><isrctn>{part["number"]}</isrctn><trialDescription>
<title>Longer gaps between infusions</title><acronym>LONGER</acronym>
<plainEnglishSummary>{part["summary"]}</plainEnglishSummary></trialDescription>
<externalRefs>{part["refs"]}</externalRefs><trialDesign>{part["design"]}</trialDesign>
<participants><recruitmentCountries><country>United Kingdom</country><country>Netherlands</country></recruitmentCountries>
{part["people"]}<recruitmentStart>{part["start"]}</recruitmentStart><recruitmentEnd>{part["end"]}</recruitmentEnd>
<recruitmentStatusOverride>{part["override"]}</recruitmentStatusOverride></participants>
<conditions><condition><description>Relapsing MS\nFatigue</description></condition></conditions>
<interventions><intervention><phase>Phase II/III</phase><drugNames>Natalizumab, placebo</drugNames></intervention></interventions>
<results>{part["results"]}</results></trial><sponsor><organisation>Example University</organisation></sponsor></fullTrial>"""


def _answer(*records: str, total: str | None = None) -> bytes:
    count = len(records) if total is None else total
    return f'<?xml version="1.0"?><allTrials xmlns="http://register.example/ns" totalCount="{count}">{"".join(records)}</allTrials>'.encode()


def _entry(today: date = TODAY, **changes: str) -> Entry:
    (entry,) = read_answer(_answer(_record(**changes)), BASE, SOURCE, today).entries
    return entry


def test_record() -> None:
    """Everything that a record tells stands in its entry; nobody's address does."""
    entry = _entry()

    assert entry.trial == Trial(
        registry="isrctn",
        number="ISRCTN12345678",
        acronym="LONGER",
        status="recruiting",
        status_derived=True,
        phase="phase 2/3",
        study_type="interventional",
        enrollment=480,
        start=TrialDate(PartialDate(2026, 5, 1)),
        completion=TrialDate(PartialDate(2029, 6, 30)),
        sponsor="Example University",
        conditions=("Relapsing MS", "Fatigue"),
        interventions=("Natalizumab", "placebo"),
        countries=("United Kingdom", "Netherlands"),
    )
    assert (entry.key, entry.title) == ("ISRCTN12345678", "Longer gaps between infusions")
    assert (entry.url, entry.kind, entry.audience) == (f"{BASE}/ISRCTN12345678", "trial", ("patient",))
    assert (entry.published, entry.precision) == (datetime(2026, 2, 5, tzinfo=UTC), "day")
    assert entry.updated == datetime(2026, 7, 1, tzinfo=UTC)
    assert [f"{one.scheme} {one.value}" for one in entry.same_as] == [
        "isrctn ISRCTN12345678", "nct NCT01234567", "ctis 2026-590099-21",
    ]  # fmt: skip
    assert entry.text == (
        "Background and study aims\nWe ask whether six weeks do.\n\nWho can participate?\nAdults with MS\n\n"
        "Kind of study: interventional, phase 2/3\nPeople: 480 planned\nStart: 1 May 2026\nExpected end: 30 June 2029\n"
        "Sponsor: Example University\nWhere: United Kingdom, Netherlands"
    )


def test_facts() -> None:
    """Dates and results are news, a status that only follows from dates is none."""
    entry = _entry()

    assert told(entry) == {
        "status": "recruiting",
        "recruitmentStart": "2026-05-01",
        "recruitmentEnd": "2028-06-30",
        "overallEndDate": "2029-06-30",
        "targetEnrolment": "480",
        "results": "no",
    }
    assert [fact.name for fact in entry.facts if not fact.material] == ["status", "targetEnrolment"]


@pytest.mark.parametrize(
    ("results", "posted"),
    [
        ("<plainEnglishReport>It worked.</plainEnglishReport>", "yes"),
        ("<basicReport>Not provided at time of registration</basicReport>", "no"),
        ("<publicationDetails>2027 results in: https://journal.example/1</publicationDetails>", "yes"),
        ("<publicationDetails>2026 protocol in: https://journal.example/1</publicationDetails>", "no"),
        ('</results><outputs><output outputType="resultsarticle"/></outputs><results>', "yes"),
        ('</results><outputs><output outputType="protocolarticle"/></outputs><results>', "no"),
        ("</results><outputs><output><outputType>Results article</outputType></output></outputs><results>", "yes"),
    ],
)
def test_results(results: str, posted: str) -> None:
    """A report or a paper with results is one, a protocol is not."""
    entry = _entry(results=results)

    assert told(entry)["results"] == posted
    assert entry.trial.has_results == (posted == "yes")


@pytest.mark.parametrize(
    ("start", "end", "over", "status"),
    [
        (PartialDate(2026, 11, 21), PartialDate(2028, 1, 1), None, "not yet recruiting"),
        (PartialDate(2026, 11, 20), PartialDate(2028, 1, 1), None, "recruiting"),
        (PartialDate(2026, 1, 1), PartialDate(2026, 11, 20), None, "recruiting"),
        (PartialDate(2026, 1, 1), PartialDate(2026, 11), None, "recruiting"),
        (PartialDate(2026, 1, 1), PartialDate(2026, 11, 19), None, "active, not recruiting"),
        (PartialDate(2026, 1, 1), PartialDate(2026, 11, 19), PartialDate(2026, 11, 20), "active, not recruiting"),
        (PartialDate(2026, 1, 1), None, PartialDate(2026, 11, 19), "completed"),
        (PartialDate(2026, 1, 1), None, None, ""),
        (None, PartialDate(2028, 1, 1), None, ""),
        (None, None, None, ""),
    ],
)
def test_derived_status(
    start: PartialDate | None, end: PartialDate | None, over: PartialDate | None, status: str
) -> None:
    """A status follows from the dates, or nothing does."""
    assert derived_status(start, end, over, today=TODAY) == status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"override": "Suspended"}, "suspended"),
        ({"override": "Stopped"}, "terminated"),
        ({"override": "No longer recruiting"}, "active, not recruiting"),
        ({"design": "<overallStatusOverride>Completed</overallStatusOverride>"}, "completed"),
    ],
)
def test_told_status(changes: dict[str, str], status: str) -> None:
    """What the people of the trial say themselves counts more than dates, and is news."""
    entry = _entry(**changes)
    (fact,) = [fact for fact in entry.facts if fact.name == "status"]

    assert (entry.trial.status, entry.trial.status_derived) == (status, False)
    assert (fact.value, fact.material) == (status, True)


def test_abandoned() -> None:
    """Why a trial was given up is told."""
    entry = _entry(design="<reasonAbandoned>No funding</reasonAbandoned>", override="Abandoned")

    assert (entry.trial.status, entry.trial.why_stopped) == ("withdrawn", "No funding")
    assert told(entry)["reasonAbandoned"] == "No funding"


@pytest.mark.parametrize(
    "nothing",
    ["", "Not provided at time of registration", "Plain English summary of protocol not provided", "Nil known"],
)
def test_no_summary(nothing: str) -> None:
    """What stands in place of a summary is none."""
    assert _entry(summary=nothing).text.startswith("Kind of study")


def test_sparse() -> None:
    """A record with a number alone is a trial; people who took part are told as such."""
    sparse = read_answer(
        _answer("<fullTrial><trial><isrctn dateAssigned='2026-03'>87654321</isrctn></trial></fullTrial>"),
        BASE,
        SOURCE,
        TODAY,
    ).entries[0]
    final = _entry(people="<targetEnrolment>100</targetEnrolment><totalFinalEnrolment>97</totalFinalEnrolment>")
    odd = _entry(people="<targetEnrolment>about 100</targetEnrolment>", start="soon", end="", head="lastUpdated='x'")

    assert (sparse.title, sparse.published, sparse.precision) == (
        "ISRCTN87654321",
        datetime(2026, 3, 1, tzinfo=UTC),
        "month",
    )
    assert told(sparse) == {"results": "no"}
    assert final.trial.enrollment == 97
    assert "People: 97 took part" in final.text
    assert told(final)["targetEnrolment"] == "100"
    assert (odd.trial.enrollment, odd.trial.start, odd.published, odd.updated) == (None, None, None, None)


def test_warnings() -> None:
    """What has no number or was not given is said; the same trial twice is one."""
    found = read_answer(
        _answer(_record(), _record(), _record(number="none"), "<fullTrial/>", total="300"), BASE, SOURCE, TODAY
    )

    assert len(found.entries) == 1
    assert found.warnings == (
        "2 records without a number were left out.",
        "The register gave 4 of 300 trials: make the source's query narrower.",
    )
    assert read_answer(_answer(_record(), total="many"), BASE, SOURCE, TODAY).warnings == ()


def test_crosses_processes() -> None:
    """What is made in the sandbox can be handed over."""
    found = read_answer(_answer(_record()), BASE, SOURCE, TODAY)

    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def _many() -> bytes:
    return _answer(*(_record(number=f"{number:08}") for number in range(registers.FEW + 1)))


def test_later_visits() -> None:
    """Later only edited trials are asked for, two days over."""
    desk = Desk(collecting, Register(lambda _: _many()))
    first = desk.visit()
    asked = [desk.register.asked[0].what]
    desk.register.answer = lambda _: _answer()
    later = desk.visit(START + timedelta(days=1))
    asked += [one.what for one in desk.register.asked]

    assert asked == [
        {"q": 'condition:"multiple sclerosis"', "limit": str(MOST_TRIALS)},
        {
            "q": 'condition:"multiple sclerosis" AND lastEdited GE 2026-11-18T00:00:00.000Z',
            "limit": str(MOST_TRIALS),
        },
    ]
    assert desk.register.asked[0].path == "/api/query/format/default"
    assert (first.status, len(first.entries), later.status, later.entries) == ("ok", registers.FEW + 1, "ok", ())


def test_own_query() -> None:
    """A query with a choice in it stays one question."""
    desk = Desk(collecting, Register(lambda _: _many()), options={"query": "condition:ms OR condition:nmo"})
    desk.visit()
    desk.visit(START + timedelta(days=1))

    assert desk.register.asked[0].what["q"].startswith("(condition:ms OR condition:nmo) AND lastEdited GE ")


def test_turns() -> None:
    """On the day on which a status turns by itself all trials are asked for again."""
    desk = Desk(collecting, Register(lambda _: _many()))
    desk.visit(datetime(2026, 4, 29, 12, tzinfo=UTC))
    questions, turns = [], [desk.notes["turn"]]
    for day in (30, 31, 32):
        desk.visit(datetime(2026, 4, 1, 12, tzinfo=UTC) + timedelta(days=day - 1))
        questions.append("lastEdited" in desk.register.asked[0].what["q"])
        turns.append(desk.notes["turn"])

    assert questions == [True, False, True]
    assert turns == ["2026-05-01", "2026-05-01", "2028-07-01", "2028-07-01"]


def test_no_turn() -> None:
    """A status that was told does not turn."""
    desk = Desk(collecting, Register(lambda _: _answer(_record(override="Suspended"))))
    desk.visit()

    assert "turn" not in desk.notes


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        ("<!DOCTYPE html><html></html>", AnswerError, "cannot be read: it is a web page"),
        ("{}", AnswerError, "cannot be read: it is no well-formed XML"),
        ("<rss/>", AnswerError, "no list of trials"),
        (status(503, retry_after="60"), StatusError, "not available at the moment; come back in 60 s"),
    ],
)
def test_wrong_answers(answer: object, error: type[Exception], sentence: str) -> None:
    """An answer that makes no sense ends the visit with a sentence, and nothing is noted."""
    desk = Desk(collecting, Register(lambda _: answer))
    with pytest.raises(error, match=sentence):
        desk.visit()

    assert (desk.since, desk.notes) == (None, {})
