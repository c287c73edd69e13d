"""Which changes a revision is made of, and when two entries are versions of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.change import Difference, alike, differences, fact_differences, is_rekeyed
from msdigest.model.entry import Entry, Fact

NOW = datetime(2026, 11, 20, tzinfo=UTC)
OLD = Entry(
    key="k", source="s", title="A study", url="https://x.example", text="one two three", published=NOW,
    section=("Trials", "Phase 3"),
)  # fmt: skip
STATUS = Fact(name="overallStatus", value="recruiting", label="status", change="status")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"text": "quite other words"}, [Difference(kind="edited")]),
        ({"text": "quite other words", "facts": (STATUS,)}, [Difference(kind="edited", material=False)]),
        (
            {"text": "quite other words", "facts": (replace(STATUS, material=False),)},
            [Difference(kind="edited", material=True)],
        ),
        (
            {"section": ("Results",)},
            [
                Difference(
                    kind="section", name="section", label="section",
                    before="Trials › Phase 3", after="Results", material=False,
                )
            ],
        ),
        (
            {"published": NOW + timedelta(days=1)},
            [Difference(kind="date", name="published", label="date", before="2026-11-20", after="2026-11-21")],
        ),
        (
            {"published": None},
            [Difference(kind="date", name="published", label="date", before="2026-11-20", after=None)],
        ),
    ],
    ids=["nothing", "edited", "a register's words", "facts of no weight", "moved", "redated", "undated"],
)  # fmt: skip
def test_what_differs_in_its_own_words(changes, found) -> None:
    """At most one thing; where facts are watched, they alone are news."""
    assert differences(OLD, replace(OLD, **changes)) == found


def test_what_differs_in_its_facts() -> None:
    """Another value, one that appeared, one that is gone; never one that is the same."""
    old = [STATUS, Fact(name="gone", value="x", label="g"), Fact(name="same", value="1", label="s")]
    new = [Fact(name="fresh", value="y", label="f"), replace(STATUS, value="completed"), old[2]]
    appeared = Difference(kind="label", name="fresh", label="f", before=None, after="y")
    others = [
        Difference(kind="status", name="overallStatus", label="status", before="recruiting", after="completed"),
        Difference(kind="label", name="gone", label="g", before="x", after=None),
    ]

    assert fact_differences(old, new) == [appeared, *others]
    assert fact_differences(old, new, rereading=True) == others


def _posts(count: int, *, days: int | None) -> list[Entry]:
    published = None if days is None else NOW - timedelta(days=days)
    return [replace(OLD, key=f"{days}-{number}", published=published) for number in range(count)]


@pytest.mark.parametrize(
    ("shown", "fresh", "since", "rekeyed"),
    [
        (_posts(10, days=9), _posts(8, days=9), NOW, True),
        (_posts(10, days=9), _posts(8, days=9), None, False),
        (_posts(10, days=9), _posts(3, days=9), NOW, False),
        (_posts(10, days=9), _posts(5, days=9), NOW, False),
        (_posts(10, days=1), _posts(8, days=1), NOW, False),
        (_posts(10, days=None), _posts(8, days=None), NOW, False),
        (_posts(10, days=9), [*_posts(4, days=9), *_posts(4, days=1)], NOW, False),
    ],
    ids=["other names", "a first visit", "three", "half of it", "just begun", "undated", "half are new"],
)
def test_old_entries_that_nobody_knows_are_other_names(shown, fresh, since, rekeyed) -> None:
    """A feed shows what is newest: most of it unknown and old is no news."""
    assert is_rekeyed(shown, fresh, since=since) is rekeyed


LONG = " ".join(f"word{number}" for number in range(60))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"title": "A study!", "text": "x"}, {"title": "a STUDY", "text": "y"}, True),
        ({"title": "No. 12", "text": LONG}, {"title": "No. 13", "text": LONG}, False),
        ({"title": "A study", "text": ""}, {"title": "Another", "text": "x"}, False),
        ({"title": "A study", "text": LONG}, {"title": "Quite another", "text": f"{LONG} more"}, True),
        ({"title": "A study", "text": LONG}, {"title": "A study now", "text": LONG[::-1]}, False),
        (
            {"title": "A short study", "text": "one two three"},
            {"title": "A short paper", "text": "one two three"},
            True,
        ),
        ({"title": "A study", "text": "Read more"}, {"title": "Quite another", "text": "Read more"}, False),
    ],
    ids=["title", "numbers", "no text", "long text", "other text", "both mostly", "what stands under all"],
)
def test_reworded_is_the_same_thing(one, other, same) -> None:
    """The same title, or mostly the same words of both; a long text counts alone."""
    assert alike(replace(OLD, **one), replace(OLD, **other)) is same
