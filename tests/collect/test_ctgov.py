"""ClinicalTrials.gov: page after page at first, later what was posted anew, and records of any shape."""

from __future__ import annotations

import pickle
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from tests.collect.register import BASE, START, Desk, Register, status, told

from msdigest.collect import ctgov
from msdigest.collect.ctgov import collect, read_page, study_entry
from msdigest.errors import AnswerError, StatusError
from msdigest.model import registers
from msdigest.model.dates import PartialDate
from msdigest.model.details import Trial, TrialDate
from msdigest.model.source import Source

SOURCE = Source(id="trials", kind="ctgov", url=BASE, evidence="trial", entry_kind="study")
STUDY = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT01234567",
            "nctIdAliases": ["NCT00000001"],
            "orgStudyIdInfo": {"id": "2010-012345-67"},
            "secondaryIdInfos": [
                {"id": "ISRCTN12345678", "type": "REGISTRY"},
                {"id": "2026-590099-21-01", "type": "CTIS"},
                {"id": "NCT07654321"},
                {"id": None},
                "odd",
            ],
            "briefTitle": "Longer Gaps Between Infusions",
            "acronym": "LONGER",
        },
        "statusModule": {
            "overallStatus": "NOT_YET_RECRUITING",
            "startDateStruct": {"date": "2026-12", "type": "ESTIMATED"},
            "primaryCompletionDateStruct": {"date": "2028-06-30", "type": "ESTIMATED"},
            "completionDateStruct": {"date": "2029"},
            "studyFirstPostDateStruct": {"date": "2026-05-04", "type": "ACTUAL"},
            "lastUpdatePostDateStruct": {"date": "2026-10-01", "type": "ESTIMATED"},
        },
        "descriptionModule": {
            "briefSummary": "We ask whether six weeks\\* do.\n\nThe groups:\n\n* four weeks\n* six weeks"
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Example University"}},
        "conditionsModule": {"conditions": ["Relapsing Multiple Sclerosis"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE2", "PHASE3"],
            "enrollmentInfo": {"count": 480, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {"interventions": [{"name": "Natalizumab"}, {"name": "Natalizumab"}]},
        "contactsLocationsModule": {
            "locations": [{"country": "Netherlands"}, {"country": "France"}, {"country": "Netherlands"}]
        },
    },
    "hasResults": False,
}


def _study(**changes: object) -> dict:
    study = deepcopy(STUDY)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = study["protocolSection"] if parents else study
        for name in parents:
            place = place[name]
        place[last] = value
    return study


def _numbered(number: int) -> dict:
    return _study(identificationModule__nctId=f"NCT{number:08}")


def test_record() -> None:
    """Everything that a record tells stands in its entry, with its precision."""
    entry = study_entry(STUDY, SOURCE)

    assert entry.trial == Trial(
        registry="ctgov",
        number="NCT01234567",
        acronym="LONGER",
        status="not yet recruiting",
        phase="phase 2/3",
        study_type="interventional",
        enrollment=480,
        start=TrialDate(PartialDate(2026, 12), actual=False),
        primary_completion=TrialDate(PartialDate(2028, 6, 30), actual=False),
        completion=TrialDate(PartialDate(2029)),
        sponsor="Example University",
        conditions=("Relapsing Multiple Sclerosis",),
        interventions=("Natalizumab",),
        countries=("Netherlands", "France"),
    )
    assert (entry.key, entry.title, entry.kind) == ("NCT01234567", "Longer Gaps Between Infusions", "study")
    assert (entry.url, entry.evidence) == (f"{BASE}/study/NCT01234567", "trial")
    assert (entry.published, entry.precision) == (datetime(2026, 5, 4, tzinfo=UTC), "day")
    assert entry.updated == datetime(2026, 10, 1, tzinfo=UTC)
    assert [f"{one.scheme} {one.value}" for one in entry.same_as] == [
        "nct NCT01234567", "eudract 2010-012345-67", "isrctn ISRCTN12345678", "ctis 2026-590099-21", "nct NCT00000001",
    ]  # fmt: skip
    assert entry.text == (
        "We ask whether six weeks* do.\n\nThe groups:\n\n• four weeks\n• six weeks\n\n"
        "Kind of study: interventional, phase 2/3\nPeople: 480 planned\nStart: December 2026 (planned)\n"
        "Expected end: 2029\nSponsor: Example University\nWhere: Netherlands, France"
    )


def test_facts() -> None:
    """What is watched can be compared and read; what is not told is no fact."""
    before = told(study_entry(STUDY, SOURCE))
    after = told(
        study_entry(
            _study(
                statusModule__overallStatus="TERMINATED",
                statusModule__whyStopped="Too few people took part.",
                statusModule__startDateStruct={"date": "2026-12-02", "type": "ACTUAL"},
                statusModule__resultsFirstPostDateStruct={"date": "2026-11-01", "type": "ACTUAL"},
                designModule__enrollmentInfo={"count": 12, "type": "ACTUAL"},
                hasResults=True,
            ),
            SOURCE,
        )
    )

    assert before == {
        "overallStatus": "not yet recruiting",
        "startDate": "2026-12 (estimated)",
        "primaryCompletionDate": "2028-06-30 (estimated)",
        "completionDate": "2029",
        "enrollment": "480",
        "hasResults": "no",
        "phase": "phase 2/3",
    }
    assert dict(after.items() - before.items()) == {
        "overallStatus": "terminated",
        "whyStopped": "Too few people took part.",
        "startDate": "2026-12-02 (actual)",
        "enrollment": "12",
        "hasResults": "yes",
        "resultsFirstPostDate": "2026-11-01 (actual)",
    }


def test_only_indexed_again() -> None:
    """A record that was only posted anew says the same in every word."""
    again = _study(statusModule__lastUpdatePostDateStruct={"date": "2026-11-19"}, derivedSection={"meshes": [1]})
    before, after = study_entry(STUDY, SOURCE), study_entry(again, SOURCE)

    assert (after.facts, after.text, after.html, after.title) == (before.facts, before.text, before.html, before.title)
    assert after.updated > before.updated


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"protocolSection": None},
        {"protocolSection": []},
        {"protocolSection": {"identificationModule": {"nctId": 7}}},
    ],
)
def test_no_number(odd: dict) -> None:
    """A record without a number is no trial."""
    assert study_entry(odd, SOURCE) is None


def test_odd_values() -> None:
    """Values of any kind in any place are left out, one by one."""
    for odd in (None, 7, True, "x", [], [None], {}, {"x": []}, 10**40):
        study = dict.fromkeys(STUDY, odd)
        study["protocolSection"] = dict.fromkeys(STUDY["protocolSection"], odd)
        study["protocolSection"]["identificationModule"] = {"nctId": "NCT01234567", "briefTitle": odd}
        entry = study_entry(study, SOURCE)

        assert entry.title
        assert (entry.trial.start, entry.published) == (None, None)
    for module, names in STUDY["protocolSection"].items():
        for name in names:
            if name != "nctId":
                assert study_entry(_study(**{f"{module}__{name}": [[None]]}), SOURCE)


def test_pages() -> None:
    """Page follows page by its token, the question stays the same, and an empty page is not the end."""
    pages = {
        None: {"studies": [_numbered(1), _numbered(2)], "nextPageToken": "a&b <c>"},
        "a&b <c>": {"studies": [], "nextPageToken": "last"},
        "last": {"studies": [_numbered(2), {"protocolSection": {}}, None]},
    }
    desk = Desk(ctgov, Register(lambda asked: pages[asked.what.get("pageToken")]))
    collected = desk.visit()
    questions = [{**asked.what, "pageToken": None} for asked in desk.register.asked]

    assert [entry.key for entry in collected.entries] == ["NCT00000001", "NCT00000002"]
    assert collected.warnings == ("2 records without a number were left out.",)
    assert len(questions) == 3
    assert questions[0] == questions[1] == questions[2]
    assert desk.register.asked[0].path == "/api/v2/studies"
    assert questions[0]["query.cond"] == "multiple sclerosis"
    assert "filter.advanced" not in questions[0]


def test_later_visits() -> None:
    """Later only what was posted anew is asked for, two days over, until all are asked for again."""
    many = {"studies": [_numbered(number) for number in range(1, registers.FEW + 2)]}
    desk = Desk(ctgov, Register(lambda asked: {"studies": []} if "filter.advanced" in asked.what else many))
    seen = []
    for days in (0, 1, 11, 31, 32):
        collected = desk.visit(START + timedelta(days=days))
        seen.append((desk.register.asked[0].what.get("filter.advanced"), collected.status, len(collected.entries)))

    assert seen == [
        (None, "ok", 51),
        ("AREA[LastUpdatePostDate]RANGE[2026-11-18,MAX]", "ok", 0),
        ("AREA[LastUpdatePostDate]RANGE[2026-11-19,MAX]", "ok", 0),
        (None, "ok", 51),
        ("AREA[LastUpdatePostDate]RANGE[2026-12-19,MAX]", "ok", 0),
    ]


def test_another_question() -> None:
    """The operator's own query is asked; another one than last time is asked for everything."""
    many = {"studies": [_numbered(number) for number in range(1, registers.FEW + 2)]}
    desk = Desk(ctgov, Register(lambda _: many), options={"query": "optic neuritis"})
    desk.visit()
    desk.options = {"query": "transverse myelitis"}
    desk.visit(START + timedelta(days=1))

    assert desk.register.asked[0].what["query.cond"] == "transverse myelitis"
    assert "filter.advanced" not in desk.register.asked[0].what


def test_clock_of_the_register() -> None:
    """Where the register's clock is behind ours, it decides from when on is asked."""
    many = {"studies": [_numbered(number) for number in range(1, registers.FEW + 2)]}
    desk = Desk(ctgov, Register(lambda _: many, date="Tue, 10 Nov 2026 08:00:00 GMT"))
    desk.visit()
    desk.visit(START + timedelta(days=1))

    assert desk.register.asked[0].what["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-11-08,MAX]"


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        ("<!DOCTYPE html><html>", AnswerError, "no JSON"),
        ([], AnswerError, "no record"),
        ({}, AnswerError, "without a list of studies"),
        ({"studies": {}}, AnswerError, "without a list of studies"),
        ({"studies": [], "nextPageToken": "again"}, AnswerError, "has no end after 2 pages"),
        (status(429, retry_after="60"), StatusError, "asked too often; come back in 60 s"),
        (status(400), StatusError, "answered 400"),
    ],
)
def test_wrong_answers(answer: object, error: type[Exception], sentence: str) -> None:
    """An answer that makes no sense ends the visit with a sentence, and nothing is noted."""
    desk = Desk(ctgov, Register(lambda _: answer))
    with pytest.raises(error, match=sentence):
        desk.visit()

    assert (desk.since, desk.notes) == (None, {})


def test_no_end() -> None:
    """A register that always has one page more is given up."""
    count = iter(range(1_000))
    desk = Desk(ctgov, Register(lambda _: {"studies": [], "nextPageToken": str(next(count))}))
    with pytest.raises(AnswerError, match="has no end after 100 pages: make the source's query narrower"):
        desk.visit()


def test_odd_token() -> None:
    """A token that is no text is none."""
    assert read_page(b'{"studies": [], "nextPageToken": {"a": 1}}', BASE, SOURCE).token == ""


def test_crosses_processes() -> None:
    """What is made in the sandbox can be handed over."""
    page = read_page(
        b'{"studies": [{"protocolSection": {"identificationModule": {"nctId": "NCT01234567"}}}]}', BASE, SOURCE
    )

    assert pickle.loads(pickle.dumps(page)) == page  # noqa: S301 - our own bytes
    assert page.entries[0].title == "NCT01234567"
    assert collect.__module__ == ctgov.__name__
