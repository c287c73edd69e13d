"""CTIS: a search, a feed that rings when something changed, and the record of what is new or changed."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import pytest
from tests.collect.register import BASE, START, Asked, Desk, Register, status, told

from msdigest.collect.ctis import collecting
from msdigest.collect.ctis.record import read_trial
from msdigest.collect.ctis.rows import STATUSES, Heard, Row, read_feed, read_rows
from msdigest.errors import AnswerError, StatusError
from msdigest.model.dates import PartialDate
from msdigest.model.details import Trial, TrialDate
from msdigest.model.source import Source
from msdigest.ports import Reply

SOURCE = Source(id="trials", kind="ctis", url=BASE)
ROW = {
    "ctNumber": "2026-590099-21-00",
    "ctStatus": 2,
    "ctTitle": "LONGER GAPS  BETWEEN INFUSIONS",
    "shortTitle": "LONGER-MS",
    "conditions": "Sclerosis, multiple",
    "trialCountries": ["Spain:2", "France:2"],
    "decisionDateOverall": "26/06/2026",
    "decisionDate": "FR: 26/06/2026, ES: 24/06/2026",
    "sponsor": "Example University",
    "trialPhase": "Therapeutic confirmatory  (Phase III)",
    "product": "Tysabri, Natalizumab",
    "totalNumberEnrolled": "480",
    "resultsFirstReceived": "No",
    "lastUpdated": "09/07/2026",
}
DETAILS = {
    "ctNumber": "2026-590099-21-00",
    "ctStatus": "Authorised",
    "ctPublicStatusCode": 3,
    "startDateEU": "15/06/2026",
    "publishDate": "2026-07-09T03:46:14.000000000",
    "authorizedApplication": {
        "eudraCt": {"isTransitioned": True, "eudraCtCode": "2010-012345-67"},
        "authorizedPartI": {
            "trialDetails": {
                "clinicalTrialIdentifiers": {
                    "fullTitle": "Longer Gaps Between Infusions, In Full",
                    "publicTitle": "Longer gaps between infusions",
                    "secondaryIdentifyingNumbers": {
                        "nctNumber": {"number": "NCT01234567"},
                        "additionalRegistries": [{"number": "ISRCTN12345678", "otherRegistryName": "ISRCTN"}],
                    },
                },
                "associatedClinicalTrials": [{"number": "NCT07654321"}],
                "trialInformation": {
                    "trialObjective": {"mainObjective": "To see whether six weeks do."},
                    "trialDuration": {"estimatedEndDate": "2029-06-30"},
                },
            }
        },
    },
}


@dataclass
class Ctis:
    """A small CTIS: rows of a search, records, and the items of its feed."""

    rows: list[dict] = field(default_factory=lambda: [deepcopy(ROW)])
    feed: list[dict] = field(default_factory=list)
    records: dict[str, object] = field(default_factory=dict)
    size: int = 100

    def answer(self, asked: Asked) -> object:
        path = asked.path.removeprefix("/ctis-public-api")
        if path == "/search":
            assert asked.posted
            page = asked.what["pagination"]["page"]
            pages = -(-len(self.rows) // self.size)
            rows = self.rows[(page - 1) * self.size : page * self.size]
            return {"pagination": {"totalRecords": len(self.rows), "totalPages": pages}, "data": rows}
        if path == "/rss/updates.rss":
            return _feed(*self.feed)
        number = path.removeprefix("/retrieve/")
        record = self.records.get(number, DETAILS | {"ctNumber": number})
        return record(asked) if callable(record) else record


def _feed(*rows: dict) -> str:
    items = ""
    for row in rows:
        lines = f"<b>Overall trial status</b>: {STATUSES[row['ctStatus']].capitalize()}<br /><b>Last updated date</b>: {row['lastUpdated']}"
        items += f"<item><title>{row['ctNumber']} x</title><description>{escape(lines)}</description></item>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'


def _row(number: int = 590099, application: int = 0, **changes: object) -> dict:
    return ROW | {"ctNumber": f"2026-{number}-21-{application:02}"} | changes


def _desk(ctis: Ctis, **more) -> Desk:
    return Desk(collecting, Register(ctis.answer), **more)


def _asked(desk: Desk) -> list[str]:
    """The questions of a visit: ``search 1``, ``feed`` or the number of a record."""
    names = []
    for asked in desk.register.asked:
        last = asked.path.rpartition("/")[2]
        page = f" {asked.what['pagination']['page']}" if asked.posted else ""
        names.append({"search": "search", "updates.rss": "feed"}.get(last, last) + page)
    return names


def _read(row: dict | None = None, details: dict | None = DETAILS):
    (made,) = read_rows(_search(row or ROW), BASE).rows
    return read_trial(None if details is None else _json(details), BASE, made, SOURCE)


def _json(value: object) -> bytes:
    return Register(lambda _: value).get(BASE, accept="x").body


def _search(*rows: object, pages: object = 1) -> bytes:
    return _json({"pagination": {"totalPages": pages}, "data": list(rows)})


# ------------------------------------------------------------------------------------------------------ records


def test_record() -> None:
    """Row and record make one entry; dates of both forms are read, the day comes first."""
    entry = _read()

    assert entry.trial == Trial(
        registry="ctis",
        number="2026-590099-21-00",
        acronym="LONGER-MS",
        status="recruiting",
        phase="phase 3",
        enrollment=480,
        start=TrialDate(PartialDate(2026, 6, 15)),
        completion=TrialDate(PartialDate(2029, 6, 30), actual=False),
        sponsor="Example University",
        conditions=("Sclerosis, multiple",),
        interventions=("Tysabri, Natalizumab",),
        countries=("Spain", "France"),
    )
    assert (entry.key, entry.title) == ("2026-590099-21", "LONGER-MS: Longer gaps between infusions")
    assert entry.url == f"{BASE}/search-for-clinical-trials/?lang=en&EUCT=2026-590099-21-00"
    assert (entry.published, entry.precision) == (datetime(2026, 6, 24, tzinfo=UTC), "day")
    assert (entry.updated, entry.language) == (datetime(2026, 7, 9, tzinfo=UTC), None)
    assert [f"{one.scheme} {one.value}" for one in entry.same_as] == [
        "ctis 2026-590099-21", "nct NCT01234567", "isrctn ISRCTN12345678", "eudract 2010-012345-67",
    ]  # fmt: skip
    assert entry.text == (
        "To see whether six weeks do.\n\nKind of study: phase 3\nPeople: 480 planned\nStart: 15 June 2026\n"
        "Expected end: 30 June 2029\nSponsor: Example University\nWhere: Spain, France"
    )


def test_facts() -> None:
    """The public status is told in everybody's words and in the register's; the application's is never told."""
    entry = _read(ROW | {"ctStatus": 4}, DETAILS | {"ctPublicStatusCode": 4})

    assert told(entry) == {
        "ctPublicStatusCode": "recruiting",
        "ctStatus": "ongoing, recruiting",
        "startDateEU": "2026-06-15",
        "totalNumberEnrolled": "480",
        "results": "no",
    }
    assert [fact.name for fact in entry.facts if not fact.material] == ["ctStatus", "totalNumberEnrolled"]


@pytest.mark.parametrize(
    ("code", "status", "own"),
    [
        (1, "under evaluation", "under evaluation"),
        (2, "not yet recruiting", "authorised, recruitment pending"),
        (3, "recruiting", "authorised, recruiting"),
        (5, "active, not recruiting", "ongoing, recruitment ended"),
        (6, "suspended", "temporarily halted"),
        (8, "ended", "ended"),
        (12, "cancelled", "cancelled"),
        (13, "status 13", "status 13"),
    ],
)
def test_status(code: int, status: str, own: str) -> None:
    """Each code becomes words; one that is new stays visible."""
    facts = told(_read(details=DETAILS | {"ctPublicStatusCode": code}))

    assert (facts["ctPublicStatusCode"], facts["ctStatus"]) == (status, own)


@pytest.mark.parametrize(
    ("short", "acronym"),
    [
        ("LONGER-MS", "LONGER-MS"),
        ("MS-STAT2", "MS-STAT2"),
        ("CN46182", ""),
        ("200925", ""),
        ("LOU064", ""),
        ("the LONGER trial", ""),
        ("", ""),
    ],
)
def test_acronym(short: str, acronym: str) -> None:
    """A code of a protocol is no acronym."""
    assert _read(ROW | {"shortTitle": short}).trial.acronym == acronym


def test_ended() -> None:
    """A trial that ended tells when; results that came are told."""
    entry = _read(ROW | {"endDateEU": "01/02/2027", "resultsFirstReceived": "Yes", "ctStatus": 8})

    assert entry.trial.completion == TrialDate(PartialDate(2027, 2, 1), actual=True)
    assert entry.trial.has_results
    assert told(entry)["results"] == "yes"


def test_without_record() -> None:
    """A row alone is enough for an entry."""
    entry = _read(details=None)

    assert (entry.title, entry.trial.status) == ("LONGER-MS: LONGER GAPS BETWEEN INFUSIONS", "not yet recruiting")


def test_odd_values() -> None:
    """Values of any kind in any place are left out, one by one."""
    for odd in (None, True, [], [None], {}, {"x": []}, "x", -1):
        row = dict.fromkeys(ROW, odd) | {"ctNumber": ROW["ctNumber"]}
        details = dict.fromkeys(DETAILS, odd) | {"ctNumber": ROW["ctNumber"]}
        entry = _read(row, details)

        assert entry.title
        assert (entry.published, entry.trial.start) == (None, None)


def test_deep_record() -> None:
    """Numbers are looked for in a few levels only."""
    deep: object = "NCT01234567"
    for _ in range(50):
        deep = [deep]
    details = deepcopy(DETAILS)
    identifiers = details["authorizedApplication"]["authorizedPartI"]["trialDetails"]["clinicalTrialIdentifiers"]
    identifiers["secondaryIdentifyingNumbers"] = deep

    assert [one.scheme for one in _read(details=details).same_as] == ["ctis", "eudract"]


@pytest.mark.parametrize("other", [{}, {"ctNumber": "2026-590098-21-00"}, {"ctNumber": 7}])
def test_another_record(other: dict) -> None:
    """A record of something else is refused."""
    with pytest.raises(AnswerError, match="not the record of 2026-590099-21-00"):
        _read(details=other)


def test_rows() -> None:
    """A row without a number is counted, not taken."""
    read = read_rows(_search(ROW, {}, None, {"ctNumber": "NCT01234567"}, pages=2), BASE)

    assert ([row.key for row in read.rows], read.pages, read.nameless) == (["2026-590099-21"], 2, 3)
    assert read.rows[0].state == "2026-07-09 2 no"
    assert pickle.loads(pickle.dumps(read)) == read  # noqa: S301 - our own bytes
    assert isinstance(read.rows[0], Row)


def test_feed() -> None:
    """The feed tells number, status and day; what it does not tell makes it ring."""
    guid = "<item><guid>2026-590001-21-01</guid></item>"
    link = "<item><link>https://x.example/?lang=en&amp;EUCT=2026-590002-21-00</link></item>"
    body = _feed(ROW).replace("</channel>", f"{guid}{link}<item/></channel>")

    assert read_feed(body.encode(), BASE) == (
        Heard("2026-590099-21", "2026-07-09 2"),
        Heard("2026-590001-21", ""),
        Heard("2026-590002-21", ""),
        Heard("", ""),
    )


# ------------------------------------------------------------------------------------------------------- visits


def test_first_visit() -> None:
    """The search is read page by page, and the record of every trial."""
    ctis = Ctis(rows=[_row(590001), _row(590002), _row(590003)], size=2)
    desk = _desk(ctis)
    collected = desk.visit()
    search = desk.register.asked[0].what

    assert _asked(desk) == ["search 1", "search 2", "2026-590001-21-00", "2026-590002-21-00", "2026-590003-21-00"]
    assert search["searchCriteria"] == {"medicalCondition": "multiple sclerosis"}
    assert search["sort"] == {"property": "lastUpdated", "direction": "DESC"}
    assert [entry.key for entry in collected.entries] == ["2026-590001-21", "2026-590002-21", "2026-590003-21"]
    assert desk.notes == {
        "query": "multiple sclerosis",
        "trial 2026-590001-21": "2026-07-09 2 no",
        "trial 2026-590002-21": "2026-07-09 2 no",
        "trial 2026-590003-21": "2026-07-09 2 no",
    }


def test_quiet_days() -> None:
    """While the feed names nothing new, it alone is read, and what is known stays known."""
    ctis = Ctis()
    desk = _desk(ctis, options={"query": "nmo"})
    desk.visit()
    notes = desk.notes
    quiet = []
    for feed in ([], ctis.rows):
        ctis.feed = feed
        collected = desk.visit(desk.since + timedelta(days=5))
        quiet.append((_asked(desk), collected.status, collected.entries))

    assert quiet == [(["feed"], "ok", ()), (["feed"], "ok", ())]
    assert desk.register.asked[0].what == {"search_criteria": '{"medicalCondition":"nmo"}'}
    assert desk.notes == notes


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        pytest.param({"lastUpdated": "19/11/2026"}, ["feed", "search 1", "2026-590099-21-00"], id="another day"),
        pytest.param({"ctStatus": 3}, ["feed", "search 1", "2026-590099-21-00"], id="another status on the same day"),
        pytest.param({"ctNumber": "2026-590099-21-01"}, ["feed"], id="another application in the same state"),
        pytest.param({"ctNumber": "2026-590100-21-00"}, ["feed", "search 1", "2026-590100-21-00"], id="another trial"),
    ],
)
def test_news(changes: dict, asked: list[str]) -> None:
    """When the feed names something new or changed, the search tells what it is, and only that is read."""
    ctis = Ctis(rows=[_row(590001), _row()])
    desk = _desk(ctis)
    desk.visit()
    ctis.rows[1] |= changes
    ctis.feed = [ctis.rows[1]]
    collected = desk.visit(START + timedelta(days=1))

    assert _asked(desk) == asked
    assert len(collected.entries) == len(asked) // 2


def test_result_of_the_same_day() -> None:
    """Results that came on the day that was read are seen by the next search."""
    ctis = Ctis()
    desk = _desk(ctis)
    desk.visit()
    ctis.rows[0] |= {"resultsFirstReceived": "Yes"}
    desk.visit(START + timedelta(days=6))

    assert _asked(desk) == ["search 1", "2026-590099-21-00"]


@pytest.mark.parametrize(("days", "asked"), [(5.9, ["feed"]), (6, ["search 1"]), (30, ["search 1"])])
def test_gap(days: float, asked: list[str]) -> None:
    """After a longer pause the feed has forgotten something, so the search is read."""
    desk = _desk(Ctis())
    desk.visit()
    desk.visit(START + timedelta(days=days))

    assert _asked(desk) == asked


def test_gap_by_the_clock_of_the_register() -> None:
    """A pause that only the register's clock tells counts, too."""
    desk = _desk(Ctis())
    desk.register.date = "Tue, 10 Nov 2026 08:00:00 GMT"
    desk.visit()
    asked = []
    for date in ("Wed, 11 Nov 2026 08:00:00 GMT", "Fri, 20 Nov 2026 08:00:00 GMT"):
        desk.register.date = date
        desk.visit(desk.since + timedelta(days=1))
        asked.append(_asked(desk))

    assert asked == [["feed"], ["feed", "search 1"]]


def test_full_feed() -> None:
    """A full feed may have pushed something out, so the search is read."""
    ctis = Ctis(rows=[_row(590000 + number) for number in range(15)])
    desk = _desk(ctis)
    desk.visit()
    ctis.feed = ctis.rows
    desk.visit(START + timedelta(days=1))

    assert _asked(desk) == ["feed", "search 1"]


def test_another_question() -> None:
    """For another query than last time everything is read anew."""
    desk = _desk(Ctis())
    desk.visit()
    desk.options = {"query": "nmo"}
    desk.visit(START + timedelta(days=1))

    assert _asked(desk) == ["search 1", "2026-590099-21-00"]


def test_applications() -> None:
    """Of several applications for one trial the last one counts."""
    ctis = Ctis(
        rows=[_row(application=1, ctStatus=2), _row(application=0, ctStatus=11), _row(application=1, ctStatus=3)]
    )
    desk = _desk(ctis)
    (entry,) = desk.visit().entries

    assert entry.trial.number == "2026-590099-21-01"
    assert desk.notes["trial 2026-590099-21"] == "2026-07-09 3 no"


def test_many(monkeypatch) -> None:
    """What is too much for one visit waits for the next, the last updated first."""
    monkeypatch.setattr(collecting, "MOST_RECORDS", 2)
    ctis = Ctis(rows=[_row(590001), _row(590002, lastUpdated="10/07/2026"), _row(590003, lastUpdated="11/07/2026")])
    desk = _desk(ctis)
    first = desk.visit()
    second = desk.visit(START + timedelta(hours=1))
    asked = _asked(desk)
    desk.visit(START + timedelta(hours=2))

    assert [entry.key for entry in first.entries] == ["2026-590003-21", "2026-590002-21"]
    assert first.warnings == ("1 more trials are new or changed; they wait for the next visit.",)
    assert ([entry.key for entry in second.entries], second.warnings) == (["2026-590001-21"], ())
    assert asked == ["search 1", "2026-590001-21-00"]
    assert _asked(desk) == ["feed"]


def test_far_too_many(monkeypatch) -> None:
    """A query that finds very much is read to a bound, with a warning; rows without a number are told."""
    monkeypatch.setattr(collecting, "MOST_TRIALS", 200)
    ctis = Ctis(rows=[_row(590001), {}, _row(590002)], size=1)
    desk = _desk(ctis)
    collected = desk.visit()

    assert _asked(desk) == ["search 1", "search 2", "2026-590001-21-00"]
    assert collected.warnings == (
        "1 trials without a number were left out.",
        "CTIS finds more than 200 trials: make the source's query narrower.",
    )


def test_record_is_missing() -> None:
    """A trial that is listed without a record is taken from its row, and asked for again."""
    ctis = Ctis(records={"2026-590099-21-00": status(404)})
    desk = _desk(ctis)
    first = desk.visit()
    ctis.records = {}
    second = desk.visit(START + timedelta(days=1))

    assert first.warnings == ("CTIS lists 2026-590099-21-00, but has no record of it.",)
    assert [len(first.entries[0].same_as), len(second.entries[0].same_as)] == [1, 4]
    assert _asked(desk) == ["search 1", "2026-590099-21-00"]


@pytest.mark.parametrize("code", [403, 500, 503])
def test_transient(code: int) -> None:
    """A record that is refused once is asked for once more."""
    replies = iter([status(code), DETAILS])
    desk = _desk(Ctis(records={"2026-590099-21-00": lambda _: next(replies)}))

    assert len(desk.visit().entries) == 1
    assert len(desk.register.asked) == 3


@pytest.mark.parametrize(("refusal", "times"), [(status(503), 2), (status(503, retry_after="60"), 1), (status(429), 1)])
def test_refused(refusal: Reply, times: int) -> None:
    """Who asks to be left alone is left alone, and nothing is kept."""
    desk = _desk(Ctis(records={"2026-590099-21-00": refusal}))
    with pytest.raises(StatusError):
        desk.visit()

    assert len(desk.register.asked) == 1 + times
    assert (desk.since, desk.notes) == (None, {})


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        ("<!DOCTYPE html><html>", AnswerError, "no JSON"),
        ({}, AnswerError, "without trials and the number of pages"),
        ({"data": []}, AnswerError, "without trials and the number of pages"),
        ({"data": {}, "pagination": {"totalPages": 1}}, AnswerError, "without trials and the number of pages"),
        (status(403), StatusError, "refuses us"),
    ],
)
def test_wrong_answers(answer: object, error: type[Exception], sentence: str) -> None:
    """An answer that makes no sense ends the visit with a sentence."""
    with pytest.raises(error, match=sentence):
        Desk(collecting, Register(lambda _: answer)).visit()


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        ("<!DOCTYPE html><html></html>", AnswerError, "cannot be read: it is a web page"),
        ("<feed/>", AnswerError, "no feed"),
        (status(429), StatusError, "asked too often"),
    ],
)
def test_wrong_feeds(answer: object, error: type[Exception], sentence: str) -> None:
    """A feed that makes no sense ends the visit as well, and the next one begins where the last began."""
    desk = _desk(Ctis())
    desk.visit()
    notes = desk.notes
    desk.register.answer = lambda _: answer
    with pytest.raises(error, match=sentence):
        desk.visit(START + timedelta(days=1))

    assert (desk.since, desk.notes) == (START, notes)
