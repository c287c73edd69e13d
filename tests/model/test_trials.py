"""Three registers, one vocabulary: statuses, phases, numbers, facts and text."""

from __future__ import annotations

import pytest

from msdigest.model import trials
from msdigest.model.dates import PartialDate
from msdigest.model.details import Trial, TrialDate
from msdigest.model.entry import Fact, Identifier
from msdigest.model.source import Source

SOURCE = Source(id="register", kind="ctgov", url="https://register.example", audience=("patient",), evidence="trial")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RECRUITING", "recruiting"),
        ("NOT_YET_RECRUITING", "not yet recruiting"),
        ("ACTIVE_NOT_RECRUITING", "active, not recruiting"),
        ("ENROLLING_BY_INVITATION", "enrolling by invitation"),
        ("UNKNOWN", "unknown status"),
        ("", ""),
    ],
)
def test_status(code: str, words: str) -> None:
    """Codes become words for people."""
    assert trials.status_words(code) == words


@pytest.mark.parametrize(
    ("told", "phase"),
    [
        (("PHASE3",), "phase 3"),
        (("PHASE2", "PHASE3"), "phase 2/3"),
        (("EARLY_PHASE1",), "early phase 1"),
        (("NA",), ""),
        ((), ""),
        (("Phase III",), "phase 3"),
        (("Phase I/II",), "phase 1/2"),
        (("Phase IIb",), "phase 2"),
        (("Phase II", "Phase II", "Not Specified"), "phase 2"),
        (("Therapeutic confirmatory  (Phase III)",), "phase 3"),
        (("Human Pharmacology (Phase I)- First administration to humans",), "phase 1"),
        (("Phase II and Phase III (Integrated)",), "phase 2/3"),
        (("Phase IV trial",), "phase 4"),
        (("a multiphase 2 trial", "phase 12", "phase V"), ""),
    ],
)
def test_phase(told: tuple[str, ...], phase: str) -> None:
    """However a phase is told, it becomes the same words."""
    assert trials.phase_words(*told) == phase


@pytest.mark.parametrize(
    ("told", "numbers"),
    [
        ("nct 01234567", ["nct NCT01234567"]),
        ("NCT:01234567 / ISRCTN-12345678", ["nct NCT01234567", "isrctn ISRCTN12345678"]),
        ("10.1186/ISRCTN12345678", ["isrctn ISRCTN12345678"]),
        ("2026-590013-21-00", ["ctis 2026-590013-21"]),
        ("EU CT 2022-501332-42", ["ctis 2022-501332-42"]),
        ("2010-012345-67", ["eudract 2010-012345-67"]),
        ("Nil known", []),
        ("U1111-1281-5433, IM047-050, NCT0123456, 12026-590013-21, 2010-012345-67-89-10", []),
    ],
)
def test_numbers(told: str, numbers: list[str]) -> None:
    """Numbers are found in any spelling; what only looks like one is none."""
    assert [f"{one.scheme} {one.value}" for one in trials.numbers_in(told, told)] == numbers


def test_same_trial() -> None:
    """The numbers of other registers name the same trial, another number of its own register does not."""
    own = Identifier("nct", "NCT01234567")

    found = trials.same_trial(own, "NCT07654321 (the trial it extends)", "ISRCTN12345678", "2010-012345-67")

    assert found == (own, Identifier("isrctn", "ISRCTN12345678"), Identifier("eudract", "2010-012345-67"))


def test_facts() -> None:
    """What is not told makes no fact; how many people are wanted is no news."""
    watched = trials.told_facts(
        trials.date_fact("startDate", "start", TrialDate(PartialDate(2026, 12), actual=False)),
        trials.date_fact("endDate", "end", None),
        trials.people_fact("enrollment", 0),
        trials.people_fact("target", None),
        trials.results_fact("hasResults", posted=False),
        trials.results_fact("report", posted=True),
        trials.results_fact("summary", posted=None),
    )

    assert [(fact.name, fact.value, fact.change, fact.material) for fact in watched] == [
        ("startDate", "2026-12 (estimated)", "date", True),
        ("enrollment", "0", "enrollment", False),
        ("hasResults", "no", "results", True),
        ("report", "yes", "results", True),
    ]


@pytest.mark.parametrize(
    ("title", "acronym", "titled"),
    [
        ("Longer gaps", "LGT", "LGT: Longer gaps"),
        ("Longer gaps: the LGT trial", "lgt", "Longer gaps: the LGT trial"),
        ("Longer gaps", "", "Longer gaps"),
        ("", "LGT", "LGT"),
    ],
)
def test_title(title: str, acronym: str, titled: str) -> None:
    """The acronym stands in front unless the title has it."""
    assert trials.titled(title, acronym) == titled


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One & two.\n\nThree.", "<p>One &amp; two.</p><p>Three.</p>"),
        ("Aims\nWe ask.", "<p>Aims<br>We ask.</p>"),
        ("We ask:\n* one\n  and more\n* two", "<p>We ask:</p><ul><li>one and more</li><li>two</li></ul>"),
        ("\n\n* one\n\n\n* two\n\n", "<ul><li>one</li></ul><ul><li>two</li></ul>"),
        (r"Doses \> 5 mg \[see\] \\ <b>", "<p>Doses &gt; 5 mg [see] \\ &lt;b&gt;</p>"),
        ("", ""),
        (" \n \n ", ""),
    ],
)
def test_prose(text: str, html: str) -> None:
    """Plain prose keeps its paragraphs, lines and lists; nothing in it becomes a tag."""
    assert trials.prose(text) == html


def test_body() -> None:
    """A summary, then one quiet line for each thing that is known."""
    trial = Trial(
        registry="ctgov",
        number="NCT01234567",
        phase="phase 3",
        study_type="interventional",
        enrollment=64,
        start=TrialDate(PartialDate(2026, 12), actual=False),
        completion=TrialDate(PartialDate(2028, 1, 31), actual=True),
        sponsor="A & B",
        countries=tuple("ABCDEFGHIJ"),
    )
    body = trials.body_of(trial, "Words.", took_part=True)

    assert body == (
        "<p>Words.</p><p>Kind of study: interventional, phase 3<br>People: 64 took part"
        "<br>Start: December 2026 (planned)<br>End: 31 January 2028<br>Sponsor: A &amp; B"
        "<br>Where: A, B, C, D, E, F, G, H and 2 more</p>"
    )


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"enrollment": 64}, "People: 64 planned"),
        ({"start": TrialDate(PartialDate(2026))}, "Start: 2026"),
        ({"completion": TrialDate(PartialDate(2026, 3))}, "Expected end: March 2026"),
    ],
)
def test_lines(more: dict, line: str) -> None:
    """What is only planned is called so."""
    assert trials.body_of(Trial(registry="isrctn", number="x", **more), "") == f"<p>{line}</p>"


def test_nothing_known() -> None:
    """A record that tells nothing has no text."""
    assert trials.body_of(Trial(registry="isrctn", number="x"), "") == ""


def test_entry() -> None:
    """The entry takes what the source's settings say, and the date with its precision."""
    trial = Trial(registry="ctgov", number="NCT01234567", conditions=tuple(map(str, range(30))))
    fact = Fact(name="a", value="b", label="c")
    more = {"key": "k", "url": "https://u.example", "html": "", "text": "", "same_as": (), "facts": (fact,)}

    entry = trials.trial_entry(SOURCE, trial, title="", published=PartialDate(2026, 5), updated=None, **more)

    assert (entry.kind, entry.title, entry.audience, entry.evidence) == ("trial", "NCT01234567", ("patient",), "trial")
    assert (entry.published, entry.precision, entry.updated) == (PartialDate(2026, 5).instant, "month", None)
    assert (len(entry.categories), entry.facts, entry.trial, entry.language) == (20, (fact,), trial, "en")
