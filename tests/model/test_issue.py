"""A digest's sections, an issue's entries, and the names of notices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msdigest.model.entry import Entry
from msdigest.model.issue import NO_EDITS, Edits, Issue, Section, change_id, notice_id

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def entry(entry_id, **words):
    return Entry(
        key=entry_id, id=entry_id, title=entry_id, url="https://x.example", source=words.pop("source", "blog"), **words
    )


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


def test_an_issue_lists_its_entries_in_print_order() -> None:
    """Section by section."""
    issue = Issue(
        id=1, digest="weekly", number=1, state="draft", cut_off=NOW, subject="s",
        sections=(("A", ("2", "1")), ("B", ("3",))), hash="h", due_at=NOW, not_later_than=NOW,
    )  # fmt: skip

    assert issue.entries == ("2", "1", "3")
    assert (issue.notices, issue.overrides, issue.edits) == ((), (), NO_EDITS)
    assert Edits() == NO_EDITS


def test_a_notice_is_named_after_its_change() -> None:
    """And leads back to it."""
    assert notice_id(17) == "change-17"
    assert change_id(notice_id(17)) == 17
