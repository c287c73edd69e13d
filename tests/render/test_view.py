"""What a mail tells of an entry: its words, its source, its date as exactly as it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.rendering import change, glossary

from msdigest.model.details import Event
from msdigest.model.entry import Entry, Identifier
from msdigest.render.glossing import Gloss
from msdigest.render.labels import Label
from msdigest.render.view import Telling, entry_view

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


TELLING = Telling(source_names={"blog": "The Blog"}, topic_names={"pml": "PML"}, zone="Asia/Tokyo")
MEETING = Event(
    start=datetime(2026, 12, 3, 19, tzinfo=UTC),
    join="https://meet.example/" + "x" * 2000,
    recording="https://r.example/",
)


def _view(**changes: object):
    return entry_view(replace(ENTRY, **changes), TELLING)


def test_an_entry_in_plain_words() -> None:
    """One line each, names for ids where there are any."""
    view = _view()

    assert view.title == "A title"
    assert view.excerpt == "One. Two."
    assert view.byline == ("The Blog", "Ann, Ben", "19 November 2026")
    assert view.why == "Why you see this: topics PML, odd"
    assert view.topics == ("PML", "odd")
    assert view.conditions == ((frozenset({"e1"}), frozenset()),)
    assert (view.meeting, view.clock, view.note) == (None, "", "")


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
        ("Conflict of interest: I teach.", "Conflict of interest: I teach."),
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


def test_what_cannot_be_followed_is_not_linked() -> None:
    """Whatever a source gave as its link."""
    assert _view(url="javascript:alert(1)").url == ""
    assert _view(url="https://x.example/a b").url == "https://x.example/a%20b"


def test_labels_are_those_of_the_pages() -> None:
    """Evidence and kind, as ``labels`` decides for all."""
    assert _view(evidence="preprint", kind="work").labels == (Label("Preprint", "caution"),)


def test_a_title_that_begins_the_text_is_not_read_twice() -> None:
    """The excerpt goes on where the title ends."""
    view = _view(title="The registry", text="The registry: closed. Ask for the data. More.")

    assert (view.title, view.excerpt) == ("The registry", "Closed. Ask for the data.")


def test_an_endless_title_is_cut_at_a_word() -> None:
    """To 300 characters where it stands alone, to two lines in a list of titles."""
    view = _view(title="word " * 1000)

    assert view.title == "word " * 58 + "word word…"
    assert len(view.title) <= 300
    assert view.brief == "word " * 22 + "word word…"
    assert _view(title="short").brief == "short"


@pytest.mark.parametrize(
    ("changes", "name", "longest"),
    [
        ({"authors": ("x" * 5000,) * 3}, "byline", 330),
        ({"source": "x" * 5000, "authors": ()}, "byline", 120),
        ({"topics": ("x" * 5000,) * 9}, "why", 340),
        ({"evidence": "x" * 5000, "kind": "post"}, "labels", 60),
        ({"language": "x" * 5000}, "language", 0),
        ({"identifiers": (Identifier("doi", "10.1000/" + "x" * 5000),)}, "references", 2),
    ],
)
def test_whatever_a_source_writes_is_bounded(changes, name, longest) -> None:
    """Names are cut; an identifier or a language that is none is left out."""
    shown = getattr(_view(**changes), name)

    assert len(shown if isinstance(shown, str) else str(shown)) <= longest + 40


@pytest.mark.parametrize(
    ("language", "told"), [(None, ""), ("en", ""), ("en-GB", ""), ("EN-us", ""), ("ar", "ar"), ("he-IL", "he-IL")]
)
def test_another_language_is_told(language, told) -> None:
    """A screen reader has to know; the mail's own language goes without saying."""
    assert _view(language=language).language == told


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("", ""),
        (" \n ", ""),
        ("Read\r\nthis\x00 <b>", "Editor's note: Read this <b>"),
        ("word " * 400, "Editor's note: " + "word " * 119 + "word…"),
    ],
    ids=["none", "blank", "two lines", "endless"],
)
def test_the_editors_note(note, told) -> None:
    """On one line, cut where nobody would read on."""
    assert entry_view(ENTRY, TELLING, note=note).note == told


def test_a_meeting_is_told_with_a_clock_of_its_own() -> None:
    """Where there is a meeting; a way in that no mail program would open is left out."""
    view = entry_view(replace(ENTRY, event=MEETING), TELLING, clock="clock_7")

    assert view.clock == "clock_7"
    assert view.meeting.when == "When: Thursday 3 December 2026, 19:00 UTC"
    assert (view.meeting.join, view.meeting.recording) == ("", "https://r.example/")
    assert entry_view(ENTRY, TELLING, clock="clock_7").clock == ""


def _change(name="overallStatus", label="status", before="recruiting", after="completed"):
    return replace(change(ENTRY, before, after), name=name, label=label)


@pytest.mark.parametrize(
    ("news", "told"),
    [
        ([], ()),
        ([_change()], ("status: recruiting → completed",)),
        ([_change(before="a", after="b"), _change(before="b", after="c")], ("status: a → c",)),
        ([_change(before="a", after="b"), _change(before="b", after="a")], ()),
        (
            [_change(before=None), _change(name="x", label="", after=None)],
            ("status: – → completed", "x: recruiting → –"),
        ),
        ([_change(before="a\nb", after="c " * 90)], ("status: a b → " + "c " * 44 + "c…",)),
        ([_change(name=str(number), label="l") for number in range(6)], ("l: recruiting → completed",) * 4),
    ],
    ids=["nothing", "once", "twice", "and back", "from and to nothing", "endless", "too many"],
)
def test_what_became_different(news, told) -> None:
    """Each thing once, from what it was first to what it is now; four lines at most."""
    assert entry_view(ENTRY, TELLING, news=news).news == told


def test_words_count_what_there_is_to_read() -> None:
    """Title, excerpt, byline and the rest, and a meeting's lines and a note where there are any."""
    view = entry_view(replace(ENTRY, event=MEETING), TELLING, note="Two words")

    assert _view().words == 2 + 2 + (2 + 2 + 3) + 3
    assert view.words == _view().words + 7 + 4


def test_hard_words_are_explained_to_those_who_want_it() -> None:
    """The excerpt stays as it is; its segments know more."""
    entry = replace(ENTRY, text="On NEDA. More.")
    told = entry_view(entry, replace(TELLING, glossary=glossary()))

    gloss = Gloss("term:NEDA", "NEDA", "NEDA (no evidence of disease activity)")
    assert (told.excerpt, told.segments) == ("On NEDA. More.", ("On ", gloss, ". More."))
    assert entry_view(entry, TELLING).segments == ("On NEDA. More.",)


@pytest.mark.parametrize(
    ("language", "coi", "seen"),
    [
        ("en", "COI: none stated", "seen 19 November 2026"),
        ("de", "Interessenkonflikte: keine angegeben", "gesehen am 19. November 2026"),
    ],
)
def test_an_entry_is_told_in_the_readers_language(language, coi, seen) -> None:
    """Our own words; the source's stay as they are."""
    entry = replace(ENTRY, published=None, precision=None, first_seen=datetime(2026, 11, 19, tzinfo=UTC), language="en")
    view = entry_view(entry, replace(TELLING, language=language))

    assert (view.title, view.coi, view.byline[-1]) == ("A title", coi, seen)
    assert view.language == ("" if language == "en" else "en")
