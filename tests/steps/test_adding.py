"""What an editor typed becomes an entry like any other; typed again, it changes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from msdigest.enrich import disclosures, events, identifiers, topics
from msdigest.errors import RefusedError, TypedError
from msdigest.model.details import Event, Figure, LocalTime, Speaker
from msdigest.model.entry import Enclosure, Entry, Identifier
from msdigest.model.source import Source
from msdigest.model.topic import Topic, Vocabulary
from msdigest.model.typed import Typed
from msdigest.steps.adding.adding import Desk, add, desks
from msdigest.steps.adding.reading import KINDS
from msdigest.store import entries as entry_store
from msdigest.store import keeping, turns
from msdigest.store import sources as source_store

MANUAL = Source(
    id="manual", kind="editor", url="https://digest.example", evidence="patient-resource", audience=("patient",)
)
FEN = Source(id="fen", kind="feed", url="https://fen.example/feed")
WORDS = Vocabulary(
    (
        Topic(id="fatigue", name="Fatigue", kind="symptom", synonyms=("fatigue", "tiredness")),
        Topic(id="ocrelizumab", name="ocrelizumab", kind="dmt", synonyms=("ocrelizumab", "Ocrevus")),
    )
)
NOTE = Typed(kind="note", title="A room for rest", url="https://example.org/rest", text="Open at noon.")
CALL = Typed(
    kind="event", title="Ask a neurologist", url="https://example.org/call", at="2026-12-03 19:00",
    zone="Europe/London", join="https://example.org/room", speakers=("Ada Example (GB)", "", "Bo Sample"),
)  # fmt: skip
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database, clock) -> Desk:
    return Desk(
        database=database,
        clock=clock,
        sources=[FEN, MANUAL],
        vocabulary=WORDS,
        enrichments=(disclosures.enrich, events.enrich, identifiers.enrich, topics.enricher(WORDS)),
        site_url="https://digest.example",
    )


def entries(desk) -> list[Entry]:
    with desk.database.reading() as connection:
        return entry_store.newest(connection)


def faults(desk, typed: Typed) -> dict[str, str]:
    with pytest.raises(TypedError) as refused:
        add(desk, typed)
    assert entries(desk) == []
    return refused.value.faults


def test_a_note_is_kept_clean_and_enriched(desk, clock) -> None:
    """Its own id is its key; topics, identifiers and disclosures are found; what the source says of all is said."""
    text = "About <b>tiredness</b>, see https://example.org/x.\n\nCOI: None.\n\ndoi:10.5555/abc"
    added = add(desk, dataclasses.replace(NOTE, text=text, topics=("Ocrevus", " "), date="2026-12"))
    entry = added.entry

    assert added.change == "new"
    assert entry.html.startswith("<p>About &lt;b&gt;tiredness&lt;/b&gt;, see <a href=")
    assert entry.coi is not None
    assert entry.topics == ("ocrelizumab", "fatigue")
    assert Identifier("doi", "10.5555/abc") in entry.identifiers
    assert (entry.published, entry.precision) == (datetime(2026, 12, 1, tzinfo=UTC), "month")
    assert (entry.evidence, entry.audience, entry.source) == ("patient-resource", ("patient",), "manual")
    assert (entry.first_seen, entry.revision) == (clock.now(), 1)
    with desk.database.reading() as connection:
        (place,) = entry_store.places_of(connection, entry.id)
        assert source_store.states(connection)["manual"].last_new == clock.now()
    assert (place.key, place.url) == (entry.id, "https://example.org/rest")


@only_sqlite
def test_an_event_has_its_instant(desk) -> None:
    """The clock of London in winter, who speaks, how to join; its start is watched."""
    entry = add(desk, CALL).entry

    assert entry.event == Event(
        start=datetime(2026, 12, 3, 19, 0, tzinfo=UTC),
        places=(LocalTime("London", "Europe/London", "2026-12-03T19:00"),),
        speakers=(Speaker("Ada Example", "GB"), Speaker("Bo Sample", "")),
        join="https://example.org/room",
    )
    assert [(fact.name, fact.value) for fact in entry.facts] == [("start", "2026-12-03T19:00Z")]
    assert (entry.kind, entry.published) == ("event", None)


@only_sqlite
def test_a_recording_has_its_file(desk) -> None:
    """With the type that its name tells, its size and how long it plays; it may tell of its meeting."""
    typed = Typed(
        kind="recording", title="Sleep", url="https://example.org/12", file="https://example.org/12.mp3",
        length="48,211,000", duration="58:58", at="2026-10-01 18:00", city="London",
    )  # fmt: skip
    entry = add(desk, typed).entry

    assert entry.enclosures == (Enclosure("https://example.org/12.mp3", "audio/mpeg", 48_211_000, 3538),)
    assert entry.event is not None
    assert (entry.kind, entry.facts) == ("recording", ())


@only_sqlite
def test_a_figure_has_its_number(desk) -> None:
    """What is typed anew for it is a change with before and after."""
    typed = Typed(kind="figure", title="The register", url="https://example.org/r", number="14,500", unit="people")
    first = add(desk, dataclasses.replace(typed, date="2025"))
    desk.clock.advance(timedelta(days=300))
    again = add(desk, dataclasses.replace(typed, number="15,200", date="2026"))

    assert first.entry.figure == Figure(
        name="The register", number=14_500, unit="people", as_of=first.entry.figure.as_of
    )
    assert str(again.entry.figure.as_of) == "2026"
    assert again.entry.id == first.entry.id
    with desk.database.reading() as connection:
        told = entry_store.changes_of(connection, first.entry.id)
    assert ("figure", "14500", "15200") in [(one.kind, one.before, one.after) for one in told]


def test_the_same_address_and_title_change_the_entry(desk) -> None:
    """Another text is another revision; the same text is nothing; another title on the same page is another entry."""
    first = add(desk, NOTE)
    same = add(desk, NOTE)
    other = add(
        desk,
        dataclasses.replace(NOTE, title="A ROOM FOR REST", text="It opens at two in the afternoon now, on all days."),
    )
    second = add(desk, dataclasses.replace(NOTE, title="Parking", text="Behind the house."))

    assert (first.change, same.change, other.change, second.change) == ("new", None, "edited", "new")
    assert first.entry.id == same.entry.id == other.entry.id != second.entry.id
    assert other.entry.revision == 2
    assert len(entries(desk)) == 2


@only_sqlite
def test_a_title_may_be_corrected(desk) -> None:
    """Nearly the same words at the same address are the same entry; without an address the title alone tells."""
    text = "The room is open at noon on every day of the week but Sunday. " * 5
    first = add(desk, dataclasses.replace(NOTE, title="A rom for rest", text=text))
    corrected = add(desk, dataclasses.replace(NOTE, title="A room for rest", text=text))
    bare = dataclasses.replace(NOTE, url="", text=text)

    assert corrected.entry.id == first.entry.id
    assert add(desk, bare).entry.id == add(desk, bare).entry.id != first.entry.id
    assert add(desk, dataclasses.replace(bare, title="Another")).change == "new"


@only_sqlite
def test_without_an_address_it_stands_on_our_own_page(desk) -> None:
    """Under its own id, also when it is typed again."""
    entry = add(desk, dataclasses.replace(NOTE, url="")).entry
    again = add(desk, dataclasses.replace(NOTE, url="", text="Closed.")).entry

    assert entry.url == again.url == f"https://digest.example/entry/{entry.id}/"
    assert again.revision == 2


@only_sqlite
def test_a_new_time_is_a_change(desk) -> None:
    """Readers of the old one are told."""
    first = add(desk, CALL).entry
    later = add(desk, dataclasses.replace(CALL, at="2026-12-10 19:00"))

    assert (later.entry.id, later.change) == (first.id, "date")
    with desk.database.reading() as connection:
        told = [(one.label, one.before, one.after) for one in entry_store.changes_of(connection, first.id) if one.name]
    assert told == [("start", "2026-12-03T19:00Z", "2026-12-10T19:00Z")]


def _collected(desk, *, owned=True, **more) -> str:
    entry = Entry(key="k", source="fen", title="Collected", url="https://example.org/rest", **more)
    marks = ("link:example.org/rest", *(f"{name.scheme}:{name.value}" for name in entry.same_as))
    with desk.database.writing() as connection:
        found = [keeping.Found(entry=entry, shown="", marks=marks, owned=owned)]
        (kept,) = keeping.keep(connection, found, source="fen", gone=(), now=desk.clock.now())
    return kept.id


@pytest.mark.parametrize("url", ["https://example.org/rest", "http://www.example.org/rest/?utm_source=x"])
@only_sqlite
def test_what_a_source_shows_already_is_refused(desk, url) -> None:
    """With the entry that has it; nothing is written. A place on the page is an address of its own."""
    there = _collected(desk)
    with pytest.raises(TypedError) as refused:
        add(desk, dataclasses.replace(NOTE, url=url))

    assert refused.value.faults == {"url": f"it is collected already, as entry {there} of fen: Collected"}
    assert [entry.id for entry in entries(desk)] == [there]
    assert add(desk, dataclasses.replace(NOTE, url=f"{url}#rest")).change == "new"
    assert add(desk, dataclasses.replace(NOTE, url=f"{url}#rest", text="Closed.")).change == "edited"


@only_sqlite
def test_a_paper_is_known_by_its_doi(desk) -> None:
    """The page of its DOI names it, wherever else it was seen."""
    there = _collected(desk, same_as=(Identifier("doi", "10.5555/abc"),))
    with pytest.raises(TypedError, match=there):
        add(desk, dataclasses.replace(NOTE, kind="work", url="https://doi.org/10.5555/ABC"))
    own = add(desk, dataclasses.replace(NOTE, kind="work", url="https://doi.org/10.5555/def")).entry

    assert own.same_as == (Identifier("doi", "10.5555/def"),)


@only_sqlite
def test_what_a_source_shows_later_is_the_typed_entry(desk) -> None:
    """It is not mailed a second time."""
    typed = add(desk, NOTE).entry

    assert _collected(desk) == typed.id


@only_sqlite
def test_an_editor_takes_over_from_somebody_who_only_linked(desk) -> None:
    """A feed that gives another site's link has no claim to the words."""
    there = _collected(desk, owned=False)
    added = add(desk, dataclasses.replace(NOTE, url="https://example.org/rest"))

    assert (added.entry.id, added.entry.title, added.change) == (there, NOTE.title, "edited")
    assert [entry.id for entry in entries(desk)] == [there]


@only_sqlite
def test_nothing_falls_between_two_issues(desk, clock) -> None:
    """What is typed after a cut-off is later than it, also by a clock that was put back."""
    with desk.database.writing() as connection:
        line = turns.draw_line(connection, now=clock.now() + timedelta(hours=1))

    assert add(desk, NOTE).entry.first_seen > line


FAULTS = {
    "no kind": ({"kind": "evnt"}, "kind", "'evnt' is no kind of entry: event, recording, resource"),
    "no title": ({"title": " <b></b> "}, "title", "is missing: write what it is"),
    "an endless title": ({"title": "x" * 301}, "title", "is longer than 300 characters"),
    "an endless text": ({"text": "x" * 50_001}, "text", "is longer than 50,000 characters"),
    "no address": ({"url": "example.org"}, "url", "'example.org' is no web address"),
    "no date": ({"date": "soon"}, "date", "'soon' is no date such as 2026-12-03"),
    "an unknown topic": (
        {"topics": ("ocrelizumap",)}, "topics", "'ocrelizumap' is not in config/topics.toml: did you mean ocrelizumab?"
    ),
    "a topic like nothing": ({"topics": ("zzz",)}, "topics", "'zzz' is not in config/topics.toml"),
    "an event without a time": ({"kind": "event"}, "at", "is missing: an event needs its day and time, or its date"),
    "a zone without a time": (
        {"kind": "event", "zone": "Europe/London"}, "at", "is missing: write the day and time, such as 2026-12-03 19:00"
    ),
    "a time of nobody's clock": ({"kind": "event", "at": "2026-12-03 19:00"}, "at", "it is not told whose clock shows"),
    "no zone": ({"kind": "event", "at": "2026-12-03 19:00", "zone": "Mars"}, "zone", "'Mars' is no time zone"),
    "no city": ({"kind": "event", "at": "2026-12-03 19:00", "city": "Gotham"}, "city", "no clock of 'Gotham' is known"),
    "a city elsewhere": (
        {"kind": "event", "at": "2026-12-03 19:00", "zone": "Europe/London", "city": "Boston"}, "city",
        "a clock of Boston shows 14:00",
    ),
    "no speaker": (
        {"kind": "event", "at": "2026-12-03 19:00Z", "speakers": ("Ada (Narnia)",)}, "speakers", "'Ada (Narnia)' is no name"
    ),
    "no room": ({"kind": "event", "at": "2026-12-03 19:00Z", "join": "zoom"}, "join", "'zoom' is no web address"),
    "a time of a note": ({"at": "2026-12-03 19:00Z"}, "at", "means nothing for kind 'note', only for event and recording"),
    "a file of a note": ({"file": "https://a.example/x.mp3"}, "file", "means nothing for kind 'note', only for recording"),
    "a file of no sound": ({"kind": "recording", "file": "https://a.example/x"}, "type", "tells no sound or film"),
    "a type of no sound": (
        {"kind": "recording", "file": "https://a.example/x", "type": "text/html"}, "type", "'text/html' tells no sound"
    ),
    "a duration alone": ({"kind": "recording", "duration": "58:58"}, "file", "is missing: write the address"),
    "no duration": (
        {"kind": "recording", "file": "https://a.example/x.mp3", "duration": "long"}, "duration", "'long' is no duration"
    ),
    "no size": ({"kind": "recording", "file": "https://a.example/x.mp3", "length": "big"}, "length", "'big' is no size"),
    "no number": ({"kind": "figure", "number": "many"}, "number", "'many' is no number such as 52,000"),
    "a unit alone": ({"kind": "figure", "unit": "people"}, "number", "is missing: write the number"),
    "cities that do not agree": (
        {"text": "Meeting on 3 December 2026, 7pm London, 9pm New York"}, "text", "Say when it is: a day and time"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
@only_sqlite
def test_a_fault_is_told_with_its_field(desk, case) -> None:
    """What is wrong and what would be right; nothing is kept."""
    changes, field, sentence = FAULTS[case]

    found = faults(desk, dataclasses.replace(NOTE, **changes))

    assert list(found) == [field]
    assert sentence in found[field]


@only_sqlite
def test_all_faults_are_told_at_once(desk) -> None:
    """In the order of the fields."""
    found = faults(desk, Typed(kind="event", title="", url="x", date="x", topics=("zzz",), at="x", zone="x", join="x"))

    assert list(found) == ["title", "url", "date", "topics", "zone", "join"]


@pytest.mark.parametrize("kind", KINDS)
@only_sqlite
def test_every_kind_can_be_typed(desk, kind) -> None:
    """Title and date are enough; a figure has its number."""
    number = "7" if kind == "figure" else ""

    assert add(desk, Typed(kind=kind, title="Something", date="2026-12-03", number=number)).entry.kind == kind


@only_sqlite
def test_a_figure_without_its_number_is_none(desk) -> None:
    """As an event without its time."""
    assert list(faults(desk, Typed(kind="figure", title="Register", number=" "))) == ["number"]


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "\x00\ud800\u202e", "{{ 7*7 }}", "%s" * 100, "&#0;&#x110000;", "a" * 40_000],
)
@only_sqlite
def test_hostile_words_are_mere_words(desk, hostile) -> None:
    """In every field that takes any."""
    added = add(desk, dataclasses.replace(NOTE, title=f"T {hostile[:200]}", text=hostile))

    assert "<script" not in added.entry.html
    assert not set("\x00\ud800\u202e") & set(added.entry.title + added.entry.text + added.entry.html)


def _with(desk, *sources: Source) -> Desk:
    return dataclasses.replace(desk, sources=sources)


@only_sqlite
def test_the_source_is_the_only_one_or_named(desk) -> None:
    """None, several, or an unknown one are told."""
    second = dataclasses.replace(MANUAL, id="calls")
    off = dataclasses.replace(MANUAL, id="off", enabled=False)

    assert desks([FEN, MANUAL, off]) == [MANUAL]
    assert add(_with(desk, MANUAL, second, off), NOTE, source_id="calls").entry.source == "calls"
    for sources, named, sentence in (
        ((FEN, off), "", 'add [[source]] with id = "manual" and kind = "editor" to config/sources.toml'),
        ((MANUAL, second), "", "there are several sources of kind editor, name one: manual, calls"),
        ((MANUAL, FEN), "fen", "there is no source 'fen' of kind editor; known: manual"),
        ((MANUAL, off), "off", "there is no source 'off' of kind editor; known: manual"),
    ):
        with pytest.raises(RefusedError) as refused:
            add(_with(desk, *sources), NOTE, source_id=named)
        assert sentence in str(refused.value)
