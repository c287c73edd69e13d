"""What a service tells of a work becomes an entry with facts that are stable until something happens to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from msdigest.errors import CollectError
from msdigest.model import works
from msdigest.model.dates import PartialDate
from msdigest.model.details import Work
from msdigest.model.entry import Entry, Fact, Identifier
from msdigest.model.source import Source
from msdigest.model.works import Notice, Told

SOURCE = Source(id="papers", kind="pubmed", url="https://service.example", audience=("researcher",))
TOLD = Told(
    key="99000001",
    url="https://doi.org/10.5555/a",
    title="Walking in MS",
    html="<p>Text</p>",
    text="Text",
    authors=("Family GI",),
    doi="10.5555/a",
    pmid="99000001",
    pmcid="PMC9900001",
    journal="Journal of Synthetic Neurology",
    volume="71",
    issue="16",
    pages="20-27",
    printed="2020 Nov 19",
    published=PartialDate(2020, 8),
    stage="final",
    types=("Journal Article",),
    mentions=(Identifier("nct", "NCT90000001"),),
    categories=("Walking",),
    coi="None declared.",
    language="en",
)


def facts(told: Told) -> dict[str, str]:
    return {fact.name: fact.value for fact in works.entry_of(told, SOURCE).facts}


def test_entry() -> None:
    """Everything that is told has its place, and the month stays a month."""
    assert works.entry_of(TOLD, SOURCE) == Entry(
        key="99000001",
        source="papers",
        kind="work",
        title="Walking in MS",
        url="https://doi.org/10.5555/a",
        html="<p>Text</p>",
        text="Text",
        authors=("Family GI",),
        published=datetime(2020, 8, 1, tzinfo=UTC),
        precision="month",
        categories=("Walking",),
        same_as=(Identifier("doi", "10.5555/a"), Identifier("pmid", "99000001"), Identifier("pmcid", "PMC9900001")),
        identifiers=(Identifier("nct", "NCT90000001"),),
        coi="None declared.",
        audience=("researcher",),
        language="en",
        facts=(
            Fact(name="stage", value="final", label="publication stage", change="final-issue"),
            Fact(
                name="citation",
                value="2020 Nov 19;71(16):20-27",
                label="citation",
                change="final-issue",
                material=False,
            ),
        ),
        work=Work(
            journal="Journal of Synthetic Neurology",
            volume="71",
            issue="16",
            pages="20-27",
            stage="final",
            types=("Journal Article",),
        ),
    )


def test_little_is_told() -> None:
    """What is not told makes no fact, no name and no date."""
    entry = works.entry_of(Told(key="1", url="https://a.example", title="T"), replace(SOURCE, entry_kind="guidance"))

    assert (entry.facts, entry.same_as, entry.published, entry.precision) == ((), (), None, None)
    assert (entry.kind, entry.evidence, entry.coi, entry.work) == ("guidance", None, None, Work())


def test_a_preprint_that_came_out() -> None:
    """It has the names of the paper too, so that both are one entry."""
    paper = (Identifier("doi", "10.5555/b"), Identifier("pmid", "99000002"))
    preprint = replace(TOLD, pmid="", pmcid="", stage="preprint", volume="", issue="", pages="")
    out = works.entry_of(replace(preprint, paper=paper), SOURCE)

    assert facts(preprint) == {}
    assert out.same_as == (Identifier("doi", "10.5555/a"), *paper)
    assert out.facts == (Fact(name="publishedAs", value="10.5555/b", label="published as", change="published-as"),)
    assert (out.work.stage, out.work.published_as, out.evidence) == ("preprint", "10.5555/b", "preprint")
    assert facts(replace(preprint, paper=paper[1:])) == {"publishedAs": "PMID 99000002"}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "2020 Nov 19;71(16):20-27"),
        ({"issue": ""}, "2020 Nov 19;71:20-27"),
        ({"volume": ""}, "2020 Nov 19;(16):20-27"),
        ({"volume": "", "issue": ""}, "2020 Nov 19:20-27"),
        ({"pages": ""}, "2020 Nov 19;71(16)"),
        ({"printed": ""}, "71(16):20-27"),
        ({"volume": "", "issue": "", "pages": ""}, ""),
    ],
)
def test_citation(told: dict[str, str], line: str) -> None:
    """A work is cited by what it has; a date alone is no place."""
    assert works.citation(replace(TOLD, **told)) == line


@pytest.mark.parametrize(
    ("types", "own", "evidence"),
    [
        (("Journal Article", "Review"), "commentary", "review"),
        (("Review", "Case Reports"), None, "case-report"),
        (("Meta-Analysis", "Review"), None, "systematic-review"),
        (("systematic review",), None, "systematic-review"),
        (("Randomized Controlled Trial", "Retracted Publication"), None, "randomised-trial"),
        (("Practice Guideline", "Systematic Review"), None, "guidance"),
        (("Journal Article",), "registry", "registry"),
        (("Journal Article",), None, None),
    ],
)
def test_evidence(types: tuple[str, ...], own: str | None, evidence: str | None) -> None:
    """A publication type tells it where that is plain, else the operator's word for the source."""
    assert works.entry_of(replace(TOLD, types=types), replace(SOURCE, evidence=own)).evidence == evidence


@pytest.mark.parametrize(("own", "evidence"), [(None, "preprint"), ("laboratory", "laboratory")])
def test_evidence_of_a_preprint(own: str | None, evidence: str) -> None:
    """A trial that nobody has reviewed is a preprint first, unless the operator says otherwise."""
    told = replace(TOLD, stage="preprint", types=("Preprint", "Randomized Controlled Trial"))

    assert works.entry_of(told, replace(SOURCE, evidence=own)).evidence == evidence


@pytest.mark.parametrize(
    ("links", "types", "notices"),
    [
        ([], (), []),
        ([("CommentIn", "10.5555/n")], ("Journal Article",), []),
        ([("RetractionIn", "10.5555/n")], ("Retracted Publication",), [Notice("retraction", "10.5555/n")]),
        ([("RetractionIn", "PMID 9"), ("Retraction in", "10.5555/n")], (), [Notice("retraction", "10.5555/n")]),
        ([("PartialRetractionIn", "PMID 9"), ("RetractionIn", "PMID 8")], (), [Notice("retraction", "PMID 9")]),
        ([], ("Retracted Publication",), [Notice("retraction", "retracted publication")]),
        ([], ("Preprint", "Preprint-withdrawal"), [Notice("retraction", "preprint withdrawal")]),
        ([("RetractionIn", "")], (), [Notice("retraction", "RetractionIn")]),
        (
            [("ErratumIn", "PMID 9"), ("ErratumIn", "10.5555/n"), ("Erratum in", "10.5555/n")],
            (),
            [Notice("correction", "10.5555/n; PMID 9")],
        ),
        (
            [("ExpressionOfConcernIn", "PMID 9"), ("ErratumIn", "PMID 8")],
            (),
            [Notice("concern", "PMID 9"), Notice("correction", "PMID 8")],
        ),
    ],
)
def test_notices(links: list[tuple[str, str]], types: tuple[str, ...], notices: list[Notice]) -> None:
    """Two assertions of one retraction are one; each correction is named."""
    assert list(works.notices_of(links, types)) == notices


def test_notices_are_facts() -> None:
    """What became of a work is told with the notice and makes its own kind of change."""
    notices = (Notice("retraction", "10.5555/n"), Notice("concern", "PMID 9"), Notice("correction", "PMID 8"))
    told = [
        (fact.name, fact.value, fact.label, fact.change, fact.material)
        for fact in works.entry_of(replace(TOLD, notices=notices), SOURCE).facts
        if fact.name not in {"stage", "citation"}
    ]

    assert told == [
        ("retraction", "10.5555/n", "retraction", "retraction", True),
        ("concern", "PMID 9", "expression of concern", "concern", True),
        ("correction", "PMID 8", "correction", "correction", True),
    ]


@pytest.mark.parametrize(
    ("words", "pmid", "reference"),
    [
        ("J Synth. 2026;1:1. doi: 10.5555/N.", "9", "10.5555/n"),
        ("J Synth. 2026;1:1.", "9", "PMID 9"),
        ("J  Synth. 2026;1:1.", "", "J Synth. 2026;1:1."),
        ("", "", ""),
    ],
)
def test_reference(words: str, pmid: str, reference: str) -> None:
    """A reference is named as surely as can be."""
    assert works.reference_of(words, pmid) == reference


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("Walking in MS.", "Walking in MS"),
        ("Is it safe?", "Is it safe?"),
        ("And then..", "And then.."),
        ("Care in the U.S.", "Care in the U.S."),
        (" MS ", "MS"),
    ],
)
def test_closing_stop(title: str, bare: str) -> None:
    """Only the stop that services add goes."""
    assert works.without_stop(title) == bare


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ("2020 Aug", "2020-08"),
        ("2020 Nov-Dec", "2020"),
        ("2020 Summer", "2020"),
        ("1998 Dec-1999 Jan", "1998"),
        ("Spring", "None"),
        ("", "None"),
    ],
)
def test_date(words: str, date: str) -> None:
    """Two months or a season are no month."""
    assert str(works.date_in(words)) == date


@pytest.mark.parametrize("days", [0, -1, 36_501, float("nan"), float("inf")])
def test_window_that_makes_no_sense(days: float) -> None:
    """The operator is told what is possible."""
    with pytest.raises(CollectError, match="from 1 to 36500"):
        works.window_days({"window_days": days})


@pytest.mark.parametrize(
    ("days", "asked"),
    [
        (None, datetime(2026, 11, 17, tzinfo=UTC)),
        (0, datetime(2026, 11, 17, tzinfo=UTC)),
        (30, datetime(2026, 10, 21, tzinfo=UTC)),
    ],
)
def test_a_later_visit_asks_with_some_overlap(days: int | None, asked: datetime) -> None:
    """From before the last one, and further back where records are told late."""
    since, now = datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)

    assert works.asked_from(since, now=now, overlap=timedelta(days=2), days=days) == asked


def test_window() -> None:
    """A week, unless the operator says otherwise."""
    assert (works.window_days({}), works.window_days({"window_days": 30.5})) == (7, 30)


def test_languages() -> None:
    """Three letters become the name that web pages use; rare ones are left out."""
    assert [works.language_of(code) for code in ("eng", "GER", "und", "")] == ["en", "de", None, None]


def test_everybody_has_a_turn() -> None:
    """Each visit begins after the last one's end and starts again at the end."""
    keys, seen, after = ["d", "a", "c", "b", "e"], [], ""
    for _ in range(3):
        turn = works.in_turn(keys, after=after, most=2)
        seen.append("".join(turn))
        after = turn[-1]

    assert seen == ["ab", "cd", "ea"]
    assert works.in_turn(keys, after="zzz", most=9) == ("a", "b", "c", "d", "e")
    assert works.in_turn([], after="a", most=2) == ()
