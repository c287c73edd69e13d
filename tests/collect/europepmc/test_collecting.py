"""Europe PMC is asked for what is new, and again for what becomes of the works that are known."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.collect.literature import Service

from msdigest.collect.europepmc.collecting import KIND, QUERY, collect
from msdigest.errors import AnswerError, CollectError, EmptyAnswerError, StatusError
from msdigest.model.entry import Identifier, Known
from msdigest.model.source import Source
from msdigest.ports import Collected, Memory
from msdigest.sandbox.fake import InProcess

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
NOTES = {"last looked at": ""}
SOURCE = Source(id="preprints", kind="europepmc", url="https://service.example")


def preprint(number: str, **more: object) -> dict[str, object]:
    return {"id": number, "source": "PPR", "title": f"Work {number}.", "doi": f"10.5555/{number}", **more}


def numbers(count: int) -> list[str]:
    return [f"PPR{9_900_000 + place}" for place in range(count)]


class EuropePMC(Service):
    """Finds ``new`` and ``updated`` results, and any of ``archive`` by its number."""

    def __init__(self, new=(), updated=(), archive=(), *, hits=None, page=100):
        super().__init__(self._answer)
        self.new, self.updated, self.archive = list(new), list(updated), {one["id"]: one for one in archive}
        self.hits, self.page = hits, page

    def _answer(self, tool, told):
        assert (tool, told["format"], told["pageSize"]) == ("search", "json", "100")
        query = told["query"]
        if named := re.findall(r"EXT_ID:(\w+)", query):
            found = [self.archive[number] for number in named if number in self.archive]
        else:
            found = self.updated if "UPDATE_DATE" in query else self.new
        start = 0 if told["cursorMark"] == "*" else int(told["cursorMark"])
        page = found[start : start + self.page]
        hits = len(found) if self.hits is None else self.hits
        return json.dumps({"hitCount": hits, "nextCursorMark": str(start + len(page)), "resultList": {"result": page}})

    @property
    def queries(self) -> list[str]:
        return [told["query"] for _, told in self.asked]


def known(*names: str, gone: bool = False) -> list[Known]:
    return [Known(name if "/" in name else f"PPR/{name}", "text", (), None, gone=gone) for name in names]


def visit(service: Service, *, source: Source = SOURCE, shown: list[Known] | None = None, **memory) -> Collected:
    collected = collect(source, Memory(now=NOW, known=lambda: shown or [], **memory), service, InProcess())
    return pickle.loads(pickle.dumps(collected))  # noqa: S301 - our own values, which travel between processes


def keys(collected: Collected) -> list[str]:
    return [entry.key.removeprefix("PPR/") for entry in collected.entries]


def test_first_visit() -> None:
    """The first visit looks a week back, for what was indexed then."""
    service = EuropePMC(new=[preprint("PPR2"), preprint("PPR1")])
    collected = visit(service)

    assert keys(collected) == ["PPR2", "PPR1"]
    assert (collected.status, collected.warnings, collected.gone) == ("ok", (), ())
    assert service.queries == [f"({QUERY}) AND (FIRST_IDATE:[2026-11-13 TO 2026-11-21])"]
    assert service.addresses[0].startswith("https://service.example/europepmc/webservices/rest/search?query=")
    assert service.asked[0][1]["resultType"] == "core"
    entry = collected.entries[0]
    assert (entry.source, entry.kind, entry.evidence, entry.url) == (
        "preprints",
        "work",
        "preprint",
        "https://doi.org/10.5555/ppr2",
    )


def test_options() -> None:
    """Query, kind of date and window are the operator's; the address may be told with its path."""
    options = {"query": "COViMS", "date_field": "FIRST_PDATE", "window_days": 30}
    service = EuropePMC()
    visit(service, source=replace(SOURCE, url="https://service.example/europepmc/webservices/rest/", options=options))

    assert service.queries == ["(COViMS) AND (FIRST_PDATE:[2026-10-21 TO 2026-11-21])"]
    assert service.addresses[0].startswith("https://service.example/europepmc/webservices/rest/search?query=")
    assert set(options) == set(KIND.options)


def test_later_visit() -> None:
    """What is new since then, what was updated of the known, and the others in turn; each once."""
    service = EuropePMC(
        new=[preprint("PPR9"), preprint("PPR3")],
        updated=[preprint("PPR3", title="Not again"), preprint("PPR1"), preprint("PPR777")],
        archive=[preprint("PPR2"), {**preprint("5"), "source": "MED"}],
    )
    shown = [*known("PPR1", "PPR2", "PPR3", "MED/5", "MED/6"), *known("PPR4", gone=True)]
    collected = visit(service, shown=shown, since=SINCE, notes=NOTES)

    assert keys(collected) == ["PPR9", "PPR3", "PPR1", "MED/5", "PPR2"]
    assert service.queries == [
        f"({QUERY}) AND (FIRST_IDATE:[2026-11-16 TO 2026-11-21])",
        f"({QUERY}) AND (UPDATE_DATE:[2026-11-16 TO 2026-11-21])",
        "(EXT_ID:5 OR EXT_ID:6) AND SRC:MED",
        "(EXT_ID:PPR2) AND SRC:PPR",
    ]
    assert collected.entries[1].title == "Work PPR3"


@pytest.mark.parametrize(
    ("since", "days", "first"),
    [(SINCE, 7, "2026-11-13"), (SINCE, 1, "2026-11-16"), (datetime(2026, 1, 9, tzinfo=UTC), 7, "2026-01-06")],
)
def test_another_question(since: datetime, days: int, first: str) -> None:
    """Asked in other words than last time, Europe PMC is asked for the days of a first visit too."""
    service = EuropePMC()
    visit(service, source=replace(SOURCE, options={"window_days": days}), since=since)

    assert f"[{first} TO 2026-11-21]" in service.queries[0]


def test_everything_known_is_looked_at_in_turn() -> None:
    """No visit asks for more than 100 known works, and after some visits all were looked at."""
    everything = numbers(250)
    seen, notes = [], {}
    for _ in range(3):
        service = EuropePMC(archive=map(preprint, everything))
        collected = visit(service, shown=known(*everything), since=SINCE, notes=notes)
        notes = collected.notes
        seen.append(keys(collected))

    assert [len(turn) for turn in seen] == [100, 100, 100]
    assert {key for turn in seen for key in turn} == set(everything)
    assert max(map(len, service.addresses)) < 2_000
    assert visit(EuropePMC(), since=SINCE, notes=notes).notes == notes
    assert len(visit(EuropePMC(), shown=known("PPR1")).entries) == 0


def test_the_paper_of_a_preprint() -> None:
    """A PMID is not enough: the DOI of the paper is asked for, so that both become one entry."""
    out = {"commentCorrection": [{"type": "Preprint of", "source": "MED", "id": "99000001", "reference": "J Synth."}]}
    paper = {"id": "99000001", "source": "MED", "doi": "10.5555/Paper"}
    service = EuropePMC(new=[preprint("PPR1", commentCorrectionList=out), preprint("PPR2")], archive=[paper])
    first, second = visit(service).entries

    assert service.queries[-1] == "(EXT_ID:99000001) AND SRC:MED"
    assert service.asked[-1][1]["resultType"] == "lite"
    assert first.same_as == (
        Identifier("doi", "10.5555/ppr1"),
        Identifier("doi", "10.5555/paper"),
        Identifier("pmid", "99000001"),
    )
    assert (first.work.published_as, second.work.published_as) == ("10.5555/paper", "")
    assert [(fact.name, fact.value, fact.change) for fact in first.facts] == [
        ("publishedAs", "10.5555/paper", "published-as")
    ]


def test_the_same_answers_twice() -> None:
    """Nothing changed: the same entries with the same facts."""
    one = preprint("PPR1", pubTypeList={"pubType": ["Preprint", "Preprint-removal"]})
    first = visit(EuropePMC(new=[one]))
    again = visit(EuropePMC(archive=[one]), shown=known("PPR1"), since=SINCE, notes=first.notes)

    assert first.entries == again.entries
    assert first.entries[0].facts


def test_many_works() -> None:
    """Pages are asked for one after the other until there is no next one."""
    service = EuropePMC(new=map(preprint, numbers(250)))

    assert keys(visit(service)) == numbers(250)
    assert [told["cursorMark"] for _, told in service.asked] == ["*", "100", "200"]


def test_too_wide_a_query_and_nameless_works() -> None:
    """More works than anybody reads are not all fetched, works without a title are left out, and both is said."""
    wide = EuropePMC(new=[{"id": str(place), "source": "MED"} for place in range(3_100)])
    collected = visit(wide)

    assert len(wide.asked) == 30
    assert collected.entries == ()
    assert collected.warnings == (
        "The query finds 3100 works at once; only 3000 were read: make it narrower.",
        "Europe PMC gave 3000 works without a name or a title; they were left out.",
    )


@pytest.mark.parametrize(("hits", "page"), [(300, 100), (3_000, 1)], ids=["ends early", "drips"])
def test_promises_that_are_not_kept(hits: int, page: int) -> None:
    """A list that ends before its end is no answer: the next visit asks for the same again."""
    with pytest.raises(AnswerError, match=f"promised {hits} works"):
        visit(EuropePMC(new=map(preprint, numbers(200)), hits=hits, page=page))


@pytest.mark.parametrize("mark", ["*", ""])
def test_last_page(mark: str) -> None:
    """The same mark again, or none, is the end."""
    body = json.dumps({"hitCount": 1, "nextCursorMark": mark, "resultList": {"result": [preprint("PPR1")]}})

    assert keys(visit(Service(lambda *_: body))) == ["PPR1"]


@pytest.mark.parametrize("options", [{"date_field": "TODAY"}, {"window_days": 0}], ids=lambda told: next(iter(told)))
def test_options_that_make_no_sense(options: dict[str, object]) -> None:
    """The operator is told which key it is."""
    with pytest.raises(CollectError, match=next(iter(options))):
        visit(EuropePMC(), source=replace(SOURCE, options=options))


def test_refusals() -> None:
    """A status, an empty page or a page for people is an error that names the search, not its parameters."""
    with pytest.raises(StatusError, match=r"^https://service\.example/europepmc/webservices/rest/search answered 503"):
        visit(Service(lambda *_: "x", status=503))
    with pytest.raises(EmptyAnswerError):
        visit(Service(lambda *_: " "))
    with pytest.raises(AnswerError, match="no JSON"):
        visit(Service(lambda *_: "<html></html>"))
