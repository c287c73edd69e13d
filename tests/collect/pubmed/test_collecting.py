"""PubMed is asked for what is new, and again for what becomes of the works that are known."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.collect.literature import Service

from msdigest.collect.pubmed.collecting import KIND, QUERY, collect
from msdigest.errors import AnswerError, CollectError, EmptyAnswerError, StatusError
from msdigest.model.entry import Known
from msdigest.model.source import Source
from msdigest.ports import Collected, Memory
from msdigest.sandbox.fake import InProcess

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
NOTES = {"last looked at": ""}
SOURCE = Source(id="papers", kind="pubmed", url="https://service.example/", audience=("researcher",))


def record(pmid: str) -> str:
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>Work {pmid}.</ArticleTitle></Article>"
        "</MedlineCitation><PubmedData><PublicationStatus>ppublish</PublicationStatus></PubmedData></PubmedArticle>"
    )


def numbers(first: int, count: int) -> list[str]:
    return [str(99_000_000 + first + place) for place in range(count)]


class PubMed(Service):
    """Finds ``new`` and ``changed`` works and has the records of all but ``lost``."""

    def __init__(self, new=(), changed=(), *, lost=(), count=None, page=1_000):
        super().__init__(self._answer)
        self.lists = {"new": list(new), "changed": list(changed)}
        self.lost, self.count, self.page = set(lost), count, page

    def _answer(self, tool, told):
        if tool == "efetch.fcgi":
            found = "".join(record(pmid) for pmid in told["id"].split(",") if pmid not in self.lost)
            return f"<PubmedArticleSet>{found}</PubmedArticleSet>"
        pmids = self.lists["changed" if told["datetype"] == "mdat" else "new"]
        start = int(told["retstart"])
        page = pmids[start : start + min(self.page, int(told["retmax"]))]
        count = len(pmids) if self.count is None else self.count
        return json.dumps({"esearchresult": {"count": str(count), "idlist": page}})


def known(*keys: str, gone: bool = False) -> list[Known]:
    return [Known(key, "text", (), None, gone=gone) for key in keys]


def visit(service: Service, *, source: Source = SOURCE, shown: list[Known] | None = None, **memory) -> Collected:
    collected = collect(source, Memory(now=NOW, known=lambda: shown or [], **memory), service, InProcess())
    return pickle.loads(pickle.dumps(collected))  # noqa: S301 - our own values, which travel between processes


def keys(collected: Collected) -> list[str]:
    return [entry.key for entry in collected.entries]


def test_first_visit() -> None:
    """The first visit asks for the last days in the service's own words, and names the tool, but no person."""
    service = PubMed(new=["99000002", "99000001"])
    collected = visit(service)

    assert keys(collected) == ["99000002", "99000001"]
    assert (collected.status, collected.warnings, collected.gone) == ("ok", (), ())
    assert service.asked == [
        (
            "esearch.fcgi",
            {
                "db": "pubmed",
                "tool": "msdigest",
                "term": QUERY,
                "datetype": "edat",
                "reldate": "7",
                "retmode": "json",
                "retstart": "0",
                "retmax": "1000",
            },
        ),
        ("efetch.fcgi", {"db": "pubmed", "tool": "msdigest", "id": "99000002,99000001", "retmode": "xml"}),
    ]
    assert service.addresses[0].startswith("https://service.example/entrez/eutils/esearch.fcgi?")
    entry = collected.entries[0]
    assert (entry.source, entry.kind, entry.title, entry.audience) == (
        "papers",
        "work",
        "Work 99000002",
        ("researcher",),
    )
    assert entry.url == "https://pubmed.ncbi.nlm.nih.gov/99000002/"


def test_options() -> None:
    """Query, kind of date and window are the operator's; the address may be told with its path."""
    options = {"query": "COViMS[tiab]", "datetype": "crdt", "window_days": 30}
    service = PubMed()
    collected = visit(service, source=replace(SOURCE, url="https://service.example/entrez/eutils", options=options))

    ((_, told),) = service.asked
    assert (told["term"], told["datetype"], told["reldate"]) == ("COViMS[tiab]", "crdt", "30")
    assert service.addresses[0].startswith("https://service.example/entrez/eutils/esearch.fcgi?")
    assert collected.entries == ()
    assert set(options) == set(KIND.options)


def test_later_visit() -> None:
    """What is new since then, what changed of the known, and the others in turn; each once."""
    service = PubMed(new=["99000009", "99000003"], changed=["99000003", "99000001", "99000777"])
    shown = [*known("99000001", "99000002", "99000003"), *known("99000004", gone=True)]
    collected = visit(service, shown=shown, since=SINCE, notes=NOTES)

    assert keys(collected) == ["99000009", "99000003", "99000001", "99000002"]
    searches = [told for tool, told in service.asked if tool == "esearch.fcgi"]
    assert [told["datetype"] for told in searches] == ["edat", "mdat"]
    assert {(told["mindate"], told["maxdate"]) for told in searches} == {("2026/11/17", "2026/11/21")}
    assert all("reldate" not in told for told in searches)


@pytest.mark.parametrize(
    ("since", "days", "first"),
    [(SINCE, 7, "2026/11/13"), (SINCE, 1, "2026/11/17"), (datetime(2026, 1, 9, tzinfo=UTC), 7, "2026/01/07")],
)
def test_another_question(since: datetime, days: int, first: str) -> None:
    """Asked in other words than last time, PubMed is asked for the days of a first visit too."""
    service = PubMed()
    visit(service, source=replace(SOURCE, options={"window_days": days}), since=since)

    assert service.asked[0][1]["mindate"] == first


def test_everything_known_is_looked_at_in_turn() -> None:
    """No visit asks for more than 200 known works, and after some visits all were looked at."""
    shown = known(*numbers(0, 450))
    seen, notes = [], {}
    for _ in range(3):
        collected = visit(PubMed(), shown=shown, since=SINCE, notes=notes)
        notes = collected.notes
        seen.append(keys(collected))

    assert [len(turn) for turn in seen] == [200, 200, 200]
    assert {key for turn in seen for key in turn} == set(numbers(0, 450))
    assert visit(PubMed(), since=SINCE, notes=notes).notes == notes


def test_the_same_answers_twice() -> None:
    """Nothing changed: the same entries with the same facts."""
    first = visit(PubMed(new=["99000001"]))
    again = visit(PubMed(), shown=known("99000001"), since=SINCE, notes=first.notes)

    assert first.entries == again.entries
    assert first.entries[0].facts


def test_many_works() -> None:
    """Long lists are asked for page by page, and records by the hundred."""
    service = PubMed(new=numbers(0, 250), page=120)
    collected = visit(service)

    assert keys(collected) == numbers(0, 250)
    assert [told["retstart"] for tool, told in service.asked if tool == "esearch.fcgi"] == ["0", "120", "240"]
    assert [told["id"].count(",") + 1 for tool, told in service.asked if tool == "efetch.fcgi"] == [100, 100, 50]
    assert max(map(len, service.addresses)) < 2_000


def test_too_wide_a_query() -> None:
    """More works than anybody reads are not all asked for, and that is said."""
    service = PubMed(new=numbers(0, 3_500), lost=numbers(0, 3_500))
    wide, missing = visit(service).warnings

    assert sum(told["id"].count(",") + 1 for tool, told in service.asked if tool == "efetch.fcgi") == 3_000
    assert wide == "The query finds 3500 works at once; only 3000 were read: make it narrower."
    assert missing.startswith("PubMed did not give the records of 3000 works: 99000000, 99000001,")


def test_records_that_are_missing() -> None:
    """A work that was found but has no record is named to the editor."""
    collected = visit(PubMed(new=["99000002", "99000001"], lost=["99000002"]))

    assert keys(collected) == ["99000001"]
    assert collected.warnings == ("PubMed did not give the records of 1 works: 99000002.",)


@pytest.mark.parametrize(("count", "page"), [(2_500, 1_000), (3_000, 1)], ids=["ends early", "drips"])
def test_promises_that_are_not_kept(count: int, page: int) -> None:
    """A list that ends before its end is no answer: the next visit asks for the same again."""
    with pytest.raises(AnswerError, match=f"promised {count} works"):
        visit(PubMed(new=numbers(0, 2_000), count=count, page=page))


@pytest.mark.parametrize(
    "options", [{"datetype": "tomorrow"}, {"window_days": 0}, {"window_days": 10**9}], ids=lambda told: next(iter(told))
)
def test_options_that_make_no_sense(options: dict[str, object]) -> None:
    """The operator is told which key it is."""
    with pytest.raises(CollectError, match=next(iter(options))):
        visit(PubMed(), source=replace(SOURCE, options=options))


def test_refusals() -> None:
    """A status, an empty page or a page for people is an error that names the tool, not its parameters."""
    refused = Service(lambda *_: "x", status=429)
    with pytest.raises(StatusError, match=r"^https://service\.example/entrez/eutils/esearch\.fcgi answered 429"):
        visit(refused)
    with pytest.raises(EmptyAnswerError):
        visit(Service(lambda *_: ""))
    with pytest.raises(AnswerError, match="no JSON"):
        visit(Service(lambda *_: "<html></html>"))
    one = json.dumps({"esearchresult": {"count": "1", "idlist": ["9"]}})
    with pytest.raises(AnswerError, match=r"efetch\.fcgi answered with no records"):
        visit(Service(lambda tool, _: one if tool == "esearch.fcgi" else "<html>Sorry</html>"))
