"""What a mail tells of an entry: its words, its source, its date as exactly as it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from msdigest.model.entry import Entry, Identifier
from msdigest.render.view import Label, Reference, entry_view, label_of, reference

ENTRY = Entry(
    id="e1",
    key="k",
    source="blog",
    title="A\ntitle\x00",
    url="https://blog.example.org/1",
    text="One. Two. Three.",
    authors=("Ann", "Ben"),
    published=datetime(2026, 11, 18, 23, 30, tzinfo=UTC),
    precision="minute",
    topics=("pml", "odd"),
)


def _view(**changes: object):
    return entry_view(
        replace(ENTRY, **changes),
        source_names={"blog": "The Blog"},
        topic_names={"pml": "PML"},
        zone="Asia/Tokyo",
    )


def test_an_entry_in_plain_words() -> None:
    """One line each, names for ids where there are any."""
    view = _view()

    assert view.title == "A title"
    assert view.excerpt == "One. Two."
    assert view.byline == ("The Blog", "Ann, Ben", "19 November 2026")
    assert view.why == "Why you see this: topics PML, odd"
    assert view.ids == ("e1",)


@pytest.mark.parametrize(
    ("published", "precision", "told"),
    [
        (datetime(2026, 12, 31, tzinfo=UTC), "year", "2026"),
        (datetime(2026, 12, 1, tzinfo=UTC), "month", "December 2026"),
        (datetime(2026, 12, 1, tzinfo=UTC), "day", "1 December 2026"),
        (datetime(2026, 12, 1, 20, tzinfo=UTC), "minute", "2 December 2026"),
        (datetime(2026, 12, 1, tzinfo=UTC), None, "1 December 2026"),
    ],
)
def test_a_date_is_told_as_exactly_as_it_is_known(published, precision, told) -> None:
    """Only an instant moves with the zone."""
    assert _view(published=published, precision=precision).byline[-1] == told


def test_without_a_date_it_says_when_it_was_seen() -> None:
    """And without even that it says nothing."""
    seen = datetime(2026, 11, 19, tzinfo=UTC)

    assert _view(published=None, precision=None, first_seen=seen).byline[-1] == "seen 19 November 2026"
    assert _view(published=None, precision=None, authors=()).byline == ("The Blog",)


def test_many_authors_are_three_and_others() -> None:
    """A paper may have a hundred."""
    assert _view(authors=("A", "B", "C", "D")).byline[1] == "A, B, C, et al."


@pytest.mark.parametrize(
    ("coi", "told"),
    [
        (None, "COI: none stated"),
        ("  ", "COI: none stated"),
        ("COI None relevant", "COI None relevant"),
        ("CoI: Multiple", "CoI: Multiple"),
        ("Fees from a firm", "COI: Fees from a firm"),
        ("Coins were paid", "COI: Coins were paid"),
        ("Two\nlines", "COI: Two lines"),
    ],
)
def test_the_coi_line_is_always_there(coi, told) -> None:
    """In the source's own words."""
    assert _view(coi=coi).coi == told


@pytest.mark.parametrize(
    ("disclaimer", "told"),
    [
        (None, ""),
        ("General Disclaimer: my view", "General Disclaimer: my view"),
        ("Disclaimer. My view", "Disclaimer. My view"),
        ("My own view", "Disclaimer: My own view"),
    ],
)
def test_a_disclaimer_is_named_once(disclaimer, told) -> None:
    """If the source names it, we do not name it again."""
    assert _view(disclaimer=disclaimer).disclaimer == told


def test_an_endless_disclaimer_is_cut() -> None:
    """At a sentence where there is one."""
    told = _view(disclaimer="Disclaimer: " + "a sentence that goes on. Next. " * 60).disclaimer

    assert len(told) <= 600
    assert told.endswith(".")


@pytest.mark.parametrize(
    ("evidence", "kind", "label"),
    [
        ("commentary", "post", Label("OPINION", "neutral")),
        ("preprint", "work", Label("PREPRINT", "caution")),
        (None, "trial", Label("TRIAL", "trial")),
        (None, "safety", Label("SAFETY", "alarm")),
        ("regulatory", "guidance", Label("GUIDANCE", "guidance")),
        ("retracted", "work", Label("RETRACTED", "alarm")),
        ("systematic-review", "work", Label("SYSTEMATIC REVIEW", "neutral")),
        (None, "post", None),
    ],
)
def test_a_label_is_a_word(evidence, kind, label) -> None:
    """The evidence first, then the kind; what has no tint of its own is told plainly."""
    assert label_of(replace(ENTRY, evidence=evidence, kind=kind)) == label


@pytest.mark.parametrize(
    ("scheme", "value", "shown"),
    [
        ("doi", "10.1/a<b>", Reference("DOI 10.1/a<b>", "https://doi.org/10.1/a%3Cb%3E")),
        ("pmid", "123", Reference("PMID 123", "https://pubmed.ncbi.nlm.nih.gov/123")),
        ("nct", "NCT06441617", Reference("NCT06441617", "https://clinicaltrials.gov/study/NCT06441617")),
        ("other", "7", Reference("OTHER 7", "")),
    ],
)
def test_an_identifier_leads_somewhere(scheme, value, shown) -> None:
    """If the field knows where."""
    assert reference(Identifier(scheme, value)) == shown


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x.example/a b", "https://x.example/a%20b"),
        ("HTTP://x.example/", "HTTP://x.example/"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("java\nscript:alert(1)", ""),
    ],
)
def test_only_web_addresses_are_linked(url, kept) -> None:
    """Whatever a source gave as its link."""
    assert _view(url=url).url == kept


def test_an_issue_of_some(make_view) -> None:
    """Sections without a chosen entry vanish, the order stays, what is capped is counted."""
    view = make_view(6)
    last, first = view.ids[5], view.ids[0]

    assert view.only({last, first}).ids == (first, last)
    assert [section.title for section in view.only({last, first}).sections] == ["Trials", "Papers"]
    assert view.sections[0].ids == view.ids[:2]
    assert view.capped(4).ids == view.ids[:4]
    assert view.capped(4).capped(1).more_on_web == 5
    assert view.capped(6) is view
