"""Whole sentences for a choice and for a person: what the slots of an issue are filled with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.rendering import CONSENT

from msdigest.model.compiled import Choice, CompiledIssue, Program, Variant
from msdigest.model.subscriber import Consent
from msdigest.render.values import person_values, selection_values

TITLES = {"a": "First title", "b": "Second title", "c": "Third title"}
ISSUE = CompiledIssue(
    variant=Variant(),
    subject="S",
    html=Program("html", ()),
    text=Program("text", ()),
    titles=TITLES,
    words={"a": 100, "b": 700, "c": 1},
    ranking=("c", "a", "b"),
    notices={"change-1": "Old title"},
)


@pytest.mark.parametrize(
    ("choice", "variant", "told"),
    [
        (
            Choice(("a", "c")),
            Variant(),
            {"count_line": "2 new entries in your topics · about 1 minute", "preheader": "Third title · First title"},
        ),
        (
            Choice(("a", "b"), more=1200),
            Variant(),
            {"count_line": "2 new entries in your topics · about 4 minutes", "more_line": "1,200 more on the web"},
        ),
        (
            Choice(("a",), ("change-1",)),
            Variant(),
            {"count_line": "1 new entry in your topics · about 1 minute", "preheader": "Old title · First title"},
        ),
        (
            Choice((), ("change-1",)),
            Variant(),
            {"count_line": "1 correction to what you were sent", "preheader": "Old title"},
        ),
        (Choice(("a",), ("change-1",)), Variant(neutral=True), {"preheader": "2 new entries for you"}),
        (
            Choice(("a", "b"), more=1200),
            Variant(language="de"),
            {"more_line": "1.200 weitere Beiträge im Web", "preheader": "First title · Second title"},
        ),
    ],
    ids=["ranked", "long, with more", "with a correction", "a correction alone", "neutral", "German"],
)
def test_a_choice_is_told_in_whole_sentences(choice, variant, told) -> None:
    """How much there is to read, what it is about, and how much more there is."""
    values = selection_values(replace(ISSUE, variant=variant), choice)

    assert values.keys() == {"count_line", "more_line", "preheader"}
    assert values | told == values


def test_a_choice_without_a_ranking_goes_by_print() -> None:
    """Issues that were compiled before there was one are told in their own order."""
    assert selection_values(replace(ISSUE, ranking=()), Choice(("a", "c")))["preheader"] == "First title · Third title"


@pytest.mark.parametrize(
    "choice",
    [Choice(()), Choice((), more=3), Choice(("unknown",)), Choice(("a",), ("change-9",)), Choice(("change-1",))],
    ids=["nothing", "only more", "another entry", "another notice", "a notice as an entry"],
)
def test_a_choice_is_of_this_issue(choice) -> None:
    """Nobody is told about nothing, or of another issue."""
    with pytest.raises(ValueError, match="at least one entry or notice, and only those of the issue"):
        selection_values(ISSUE, choice)


def test_the_preheader_holds_whole_titles(make_view, compiled) -> None:
    """As many as fit into 110 characters, what matters most first; of one that is too long, its beginning."""
    ids = make_view().ids
    for entries in (ids, ids[5:6], ids[::7]):
        preheader = selection_values(compiled, Choice(entries))["preheader"]
        first = next(entry for entry in compiled.ranking if entry in entries)

        assert preheader.startswith(compiled.titles[first])
        assert len(preheader) <= 110
    one, other = Choice(("a", "b")), replace(ISSUE, titles=TITLES | {"b": "word " * 60})
    assert selection_values(replace(other, ranking=("a", "b")), one)["preheader"].startswith("First title · word word")

    long = replace(ISSUE, titles=TITLES | {"a": "word " * 60})
    assert selection_values(long, Choice(("a", "b")))["preheader"] == "word " * 20 + "word word…"


@pytest.mark.parametrize(
    ("name", "consent", "greeting", "reason"),
    [
        ("Ada", CONSENT, "Hello Ada,", "You get this because you asked on 3 May 2026."),
        (" \n ", CONSENT, "Hello,", "You get this because you asked on 3 May 2026."),
        (
            "A\nB",
            Consent(at=CONSENT.at, source="import:people.csv"),
            "Hello A B,",
            "You get this because your subscription was carried over on 3 May 2026.",
        ),
        ("x" * 300, CONSENT, f"Hello {'x' * 63}…,", "You get this because you asked on 3 May 2026."),
    ],
    ids=["named", "nameless", "imported", "long"],
)
def test_a_person_is_addressed_in_whole_sentences(name, consent, greeting, reason) -> None:
    """The greeting and the reason are computed, so that the template decides nothing."""
    values = person_values(name=name, consent=consent, leave_url="https://x.example/l")

    assert values == {"greeting": greeting, "reason": reason, "leave_url": "https://x.example/l"}


def test_the_reason_tells_the_day_where_the_person_is() -> None:
    """Late in the evening in UTC it is the next day in Auckland."""
    consent = Consent(at=datetime(2026, 5, 3, 23, tzinfo=UTC))

    values = person_values(name="", consent=consent, leave_url="x", zone="Pacific/Auckland")

    assert "4 May 2026" in values["reason"]


@pytest.mark.parametrize(
    ("zone", "language", "told"),
    [
        ("America/New_York", "en", "In your time zone: Thursday 3 December 2026, 14:00 (New York)"),
        ("Asia/Kathmandu", "en", "In your time zone: Friday 4 December 2026, 00:45 (Kathmandu)"),
        ("Europe/Berlin", "de", "In Ihrer Zeitzone: Donnerstag, 3. Dezember 2026, 20:00 Uhr (Berlin)"),
    ],
)
def test_a_meeting_is_told_on_the_persons_clock(zone, language, told) -> None:
    """In a slot of its own, with the day where it is another one."""
    values = person_values(
        name="",
        consent=CONSENT,
        leave_url="x",
        language=language,
        zone=zone,
        meetings={"clock_1": "2026-12-03T19:00:00Z"},
    )

    assert values["clock_1"] == told
