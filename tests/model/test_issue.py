"""A digest's sections: which entry goes where, in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.clock import Cadence
from msdigest.model.entry import Entry
from msdigest.model.issue import Digest, Issue, Section, arrange, newest_first

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


TRIAL = entry("t", kind="trial", source="registry", topics=("sleep", "walking"), audience=("patient", "clinician"))


@pytest.mark.parametrize(
    ("section", "takes"),
    [
        ({}, True),
        ({"kinds": ("trial", "post")}, True),
        ({"kinds": ("post",)}, False),
        ({"sources": ("registry",)}, True),
        ({"sources": ("blog",)}, False),
        ({"topics": ("walking", "diet")}, True),
        ({"topics": ("diet",)}, False),
        ({"audience": ("clinician",)}, True),
        ({"audience": ("researcher",)}, False),
        ({"kinds": ("trial",), "topics": ("sleep",), "sources": ("registry",), "audience": ("patient",)}, True),
        ({"kinds": ("trial",), "topics": ("diet",)}, False),
    ],
)
def test_a_section_takes_what_fits(section, takes) -> None:
    """Every key that is told must fit; an empty one takes all."""
    assert Section(title="S", **section).takes(TRIAL) is takes


def test_a_section_for_a_group_takes_nothing_untold() -> None:
    """An entry without topics or audience is in no section that asks for some."""
    assert not Section(title="S", audience=("patient",)).takes(entry("a"))
    assert not Section(title="S", topics=("sleep",)).takes(entry("a"))


def test_the_first_match_wins() -> None:
    """In the order of the file; the rest goes last, and what is empty is left out."""
    sections = (
        Section(title="Safety", kinds=("safety",)),
        Section(title="Trials", kinds=("trial",)),
        Section(title="Sleep", topics=("sleep",)),
    )
    shelves = arrange([entry("p"), TRIAL, entry("s", topics=("sleep",)), entry("q")], digest(*sections))

    assert ids(shelves) == [("Trials", ["t"]), ("Sleep", ["s"]), ("Also new", ["p", "q"])]


def test_a_digest_without_sections_has_one() -> None:
    """It bears the digest's title; nothing gives nothing."""
    assert ids(arrange([entry("a")], digest())) == [("The week", ["a"])]
    assert arrange([], digest(Section(title="All"))) == ()


def test_the_newest_comes_first() -> None:
    """By own date, else by when it was first seen, else last; ties by id."""
    entries = [
        entry("c", days=1),
        entry("old", days=300),
        entry("b", days=1),
        entry("undated", seen=2),
        entry("newest", days=0, seen=9),
        Entry(key="n", id="never", title="n", url="u", source="s"),
    ]

    assert [each.id for each in sorted(entries, key=newest_first)] == ["newest", "b", "c", "undated", "old", "never"]
    assert ids(arrange(reversed(entries), digest())) == ids(arrange(entries, digest()))


def test_an_issue_lists_its_entries_in_print_order() -> None:
    """Section by section."""
    issue = Issue(
        id=1, digest="weekly", number=1, state="draft", cut_off=NOW, subject="s",
        sections=(("A", ("2", "1")), ("B", ("3",))), hash="h", due_at=NOW, not_later_than=NOW,
    )  # fmt: skip

    assert issue.entries == ("2", "1", "3")
