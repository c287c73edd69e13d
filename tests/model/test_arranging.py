"""In which order an issue tells its entries, and what an editor's hand changes in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.arranging import arrange, carried, in_turns, newest_first, ranked
from msdigest.model.clock import Cadence
from msdigest.model.entry import Entry
from msdigest.model.issue import Digest, Edits, Section

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def entry(entry_id, *, days=None, seen=0, **words):
    """``days``: age by its own date; ``seen``: days since it was first seen."""
    return Entry(
        key=entry_id, id=entry_id, title=entry_id, url="https://x.example", source=words.pop("source", "blog"),
        published=None if days is None else NOW - days * DAY, first_seen=NOW - seen * DAY, **words,
    )  # fmt: skip


def digest(*sections):
    return Digest(id="weekly", title="The week", cadence=Cadence.parse("daily 07:00", "UTC"), sections=sections)


def ids(shelves):
    return [(title, [each.id for each in entries]) for title, entries in shelves]


TRIAL = entry("t", kind="trial", source="registry", topics=("sleep", "walking"))


def test_the_first_match_wins() -> None:
    """In the order of the file; the rest goes last, and what is empty is left out."""
    sections = (
        Section(title="Papers", kinds=("work",)),
        Section(title="Trials", kinds=("trial",)),
        Section(title="Sleep", topics=("sleep",)),
    )
    shelves = arrange([entry("p"), TRIAL, entry("s", topics=("sleep",)), entry("q")], digest(*sections))

    assert ids(shelves) == [("Trials", ["t"]), ("Sleep", ["s"]), ("Also new", ["p", "q"])]


def test_a_digest_without_sections_has_one() -> None:
    """It bears the digest's title; nothing gives nothing."""
    assert ids(arrange([entry("a")], digest())) == [("The week", ["a"])]
    assert arrange([], digest(Section(title="All"))) == ()


def test_safety_comes_first_unless_the_digest_has_a_place_for_it() -> None:
    """In a section of its own, also before one that would take everything."""
    alarm, post = entry("s", kind="safety"), entry("p")
    own = (Section(title="Posts", kinds=("post",)), Section(title="Alarms", kinds=("safety", "guidance")))

    assert ids(arrange([post, alarm], digest())) == [("Safety", ["s"]), ("The week", ["p"])]
    assert ids(arrange([post, alarm], digest(Section(title="All")))) == [("Safety", ["s"]), ("All", ["p"])]
    assert ids(arrange([post, alarm], digest(*own))) == [("Posts", ["p"]), ("Alarms", ["s"])]


def test_the_newest_comes_first() -> None:
    """By own date, else by when it was first seen, else last; ties by id."""
    entries = [
        entry("c", days=1),
        entry("old", days=300),
        entry("b", days=1),
        entry("undated", seen=2),
        entry("newest", days=0, seen=9),
        Entry(key="n", id="never", title="n", url="u", source="blog"),
    ]

    assert [each.id for each in sorted(entries, key=newest_first)] == ["newest", "b", "c", "undated", "old", "never"]
    assert ids(arrange(reversed(entries), digest())) == ids(arrange(entries, digest()))


def test_sources_take_turns() -> None:
    """One that writes ten a day does not hide the one that writes once, and each tells its newest first."""
    busy = [entry(f"busy-{number}", days=number, source="busy") for number in range(4)]
    quiet = [entry("quiet-0", days=9, source="quiet"), entry("quiet-1", days=10, source="quiet")]
    rare = [entry("rare-0", days=2, source="rare")]

    assert [each.id for each in in_turns([*busy, *quiet, *rare])] == [
        "busy-0", "quiet-0", "rare-0", "busy-1", "quiet-1", "busy-2", "busy-3",
    ]  # fmt: skip
    assert ids(arrange([*quiet, *busy, *rare], digest())) == [
        ("The week", ["busy-0", "rare-0", "quiet-0", "busy-1", "quiet-1", "busy-2", "busy-3"])
    ]
    assert in_turns([]) == []


FOUR = [entry(name, days=days) for days, name in enumerate("abcd")]


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (Edits(), "abcd"),
        (Edits(hidden=("b", "unknown")), "acd"),
        (Edits(pinned=("d", "b")), "dbac"),
        (Edits(order=("c", "a")), "cabd"),
        (Edits(order=("c", "a"), pinned=("b",)), "bcad"),
        (Edits(order=("d", "c", "b", "a"), pinned=("a",), hidden=("c",)), "adb"),
        (Edits(pinned=("a",), hidden=("a",)), "bcd"),
    ],
    ids=["none", "hidden", "pinned", "ordered", "ordered and pinned", "all of it", "hidden after all"],
)
def test_an_editor_changes_the_order(edits, told) -> None:
    """Pinned first, then what was put in order, then what came later."""
    assert ids(arrange(FOUR, digest(), edits)) == [("The week", list(told))]


def test_hiding_the_last_of_a_section_hides_the_section() -> None:
    """No heading stands over nothing."""
    trials = digest(Section(title="Trials", kinds=("trial",)))

    assert ids(arrange([TRIAL, *FOUR], trials, Edits(hidden=("t",)))) == [("Also new", ["a", "b", "c", "d"])]


@pytest.mark.parametrize(
    ("pinned", "ranking"),
    [
        ((), ("s1", "s2", "a", "p", "b", "q", "c")),
        (("q", "gone"), ("q", "s1", "s2", "a", "p", "b", "c")),
        (("s2", "c"), ("s2", "c", "s1", "a", "p", "b", "q")),
    ],
    ids=["none", "one", "a safety notice before the others"],
)
def test_what_matters_most(pinned, ranking) -> None:
    """Pinned, then safety wherever it stands, then the sections in turn; each entry once."""
    sections = (
        ("Trials", (entry("a"), entry("b"), entry("c"))),
        ("Papers", (entry("p"), entry("q"))),
        ("Safety", (entry("s1", kind="safety"), entry("s2", kind="safety"))),
    )

    assert ranked(sections, pinned) == ranking
    assert ranked((), pinned) == ()


def test_rare_topics_are_carried_too() -> None:
    """A few of every topic, then what matters most; all of it where there is room."""
    common = [entry(f"c{number}", topics=("fatigue",)) for number in range(30)]
    rare = [entry("r", topics=("pml",)), entry("n"), entry("both", topics=("fatigue", "pml"))]

    assert carried([*common, *rare], 100) == {each.id for each in (*common, *rare)}
    assert carried([*common, *rare], 9) == {"c0", "c1", "c2", "c3", "c4", "r", "n", "both", "c5"}
    assert len(carried([*common, *rare], 3)) == 3
