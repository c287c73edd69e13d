"""A text that tells when people meet is an event; one that contradicts itself is a doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from msdigest.enrich.events import enrich
from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Enclosure, Entry, Fact

ENTRY = Entry(
    key="k",
    source="s",
    title="Our next call",
    url="https://centre.example/1",
    kind="note",
    text="Our next call is on Thursday June 6th: 2:00pm Boston EST, 7:00pm Leeds, 4:00am Brisbane (June 7)",
    published=datetime(2024, 5, 28, tzinfo=UTC),
    precision="day",
)
START = datetime(2024, 6, 6, 18, 0, tzinfo=UTC)


def _enriched(**changes) -> Entry:
    entry = enrich(replace(ENTRY, **changes))
    assert enrich(entry) == entry
    return entry


def test_a_call_becomes_an_event() -> None:
    """One instant, its places, and a fact by which a later date is seen; nothing else changes."""
    entry = _enriched()

    assert entry == replace(
        ENTRY,
        kind="event",
        event=Event(
            start=START,
            places=(
                LocalTime("Boston", "America/New_York", "2024-06-06T14:00"),
                LocalTime("Leeds", "Europe/London", "2024-06-06T19:00"),
                LocalTime("Brisbane", "Australia/Brisbane", "2024-06-07T04:00"),
            ),
        ),
        facts=(Fact(name="start", value="2024-06-06T18:00Z", label="start", change="date", material=True),),
    )


def test_cities_that_do_not_agree_are_a_doubt() -> None:
    """The entry stays what it was, and the editor is told what contradicts what."""
    entry = _enriched(text=ENTRY.text.replace("7:00pm", "8:00pm"), doubts=("Another doubt.",))

    assert (entry.kind, entry.event, entry.facts) == ("note", None, ())
    sentence = (
        "The times of this meeting do not agree: 14:00 Boston, 04:00 Brisbane is 2024-06-06 18:00 UTC; "
        "20:00 Leeds is 2024-06-06 19:00 UTC."
    )
    assert entry.doubts == ("Another doubt.", sentence)


@pytest.mark.parametrize("kind", ["safety", "guidance", "trial", "work", "figure", "resource"])
def test_what_is_more_than_an_invitation_stays_it(kind: str) -> None:
    """A notice that announces a briefing is a notice."""
    entry = replace(ENTRY, kind=kind)

    assert enrich(entry) == entry


def test_what_a_collector_knows_is_not_read_again() -> None:
    """An event that its source told stays as it is, and so does its fact."""
    entry = replace(ENTRY, kind="event", event=Event(start=datetime(2030, 1, 1, tzinfo=UTC)))
    fact = Fact(name="start", value="x", label="start", change="date")

    assert enrich(entry) == entry
    assert _enriched(facts=(fact,)).facts == (fact,)


@pytest.mark.parametrize(
    ("dates", "start"),
    [
        ({"published": None, "updated": datetime(2023, 6, 1, tzinfo=UTC)}, None),
        ({"published": None, "updated": datetime(2024, 6, 1, tzinfo=UTC)}, START),
        ({"published": None, "first_seen": datetime(2024, 6, 1, tzinfo=UTC)}, START),
        ({"published": None}, None),
    ],
)
def test_the_entrys_own_date_tells_the_year(dates, start) -> None:
    """Its own date, else when it was edited or seen; without any, no year is guessed, and 6 June 2023 is no Thursday."""
    event = _enriched(**dates).event

    assert (event and event.start) == start


@pytest.mark.parametrize(
    ("links", "join", "recording"),
    [
        ('<a href="https://zoom.example/j/1?a=1&amp;b=2">here</a>', "https://zoom.example/j/1?a=1&b=2", ""),
        ('<a href="https://eu02web.zoom.us/j/1">here</a>', "https://eu02web.zoom.us/j/1", ""),
        ('<a href="https://teams.microsoft.com/l/1" rel="noopener">here</a>', "https://teams.microsoft.com/l/1", ""),
        ('<a href="https://x.example/1">Join the <b>call</b></a>', "https://x.example/1", ""),
        ('<a href="https://x.example/1">Please register</a>', "https://x.example/1", ""),
        ('<a href="https://x.example/1">The UK MS Register</a>', "", ""),
        ('<a href="https://x.example/1">our registry</a>', "", ""),
        ('<a href="https://zoom.us/rec/share/1">here</a>', "", "https://zoom.us/rec/share/1"),
        ('<a href="https://x.example/1">Watch the recording</a>', "", "https://x.example/1"),
        ('<a href="mailto:a@x.example">Join us</a>', "", ""),
        ('<a href="https://[x/1">Join us</a><a href="https://x.example/2">Join</a>', "https://x.example/2", ""),
        ('<a href="https://x.example/1">Join</a><a href="https://x.example/2">Join</a>', "https://x.example/1", ""),
        ('<a href="https://x.example/1">a</a>' * 600 + '<a href="https://x.example/2">Join</a>', "", ""),
    ],
)  # fmt: skip
def test_links(links: str, join: str, recording: str) -> None:
    """A link whose words or host say so leads to the meeting or to its recording; a registry does not."""
    event = _enriched(html=f"<p>{ENTRY.text}</p>{links}").event

    assert event is not None
    assert (event.join, event.recording) == (join, recording)


def test_a_recording_of_a_meeting_at_a_known_instant() -> None:
    """It stays a recording, with who spoke, and its own file is what can be heard; its start is no longer watched."""
    entry = _enriched(
        kind="recording",
        published=datetime(2024, 6, 7, tzinfo=UTC),
        text=ENTRY.text + "\nSpeakers:\nAda Byron (GB): Counting",
        html='<a href="https://x.example/1">Watch the recording</a>',
        enclosures=(Enclosure("https://x.example/a.pdf", "application/pdf"), Enclosure("https://x.example/a.mp3", "audio/mpeg")),
    )  # fmt: skip

    assert (entry.kind, entry.facts, entry.doubts) == ("recording", (), ())
    assert entry.event is not None
    assert (entry.event.start, entry.event.speakers) == (START, (Speaker("Ada Byron", "GB"),))
    assert entry.event.recording == "https://x.example/a.mp3"


def test_a_recordings_contradiction_harms_nobody() -> None:
    """After the meeting nobody can come at the wrong hour: nothing is held."""
    entry = _enriched(kind="recording", text=ENTRY.text.replace("7:00pm", "8:00pm"))

    assert (entry.event, entry.doubts) == (None, ())


@pytest.mark.parametrize(
    ("kind", "text", "names"),
    [
        ("recording", "Thank you for joining our meeting on 6 June.\n\nAda Byron (GB): Counting", "Ada Byron (GB)"),
        ("post", "Thank you for joining.\n\nSpeakers:\n\nAda Byron (GB): Counting\n\nGrace Murray: Cells", "Ada Byron (GB), Grace Murray"),
        ("post", "Thank you for joining.\n\nAda Byron (GB): Counting", None),
    ],
)  # fmt: skip
def test_speakers_without_an_instant_are_a_fact(kind: str, text: str, names: str | None) -> None:
    """Who spoke is kept where nobody tells when; another list of names is no news for readers."""
    entry = _enriched(kind=kind, text=text)

    assert (entry.kind, entry.event) == (kind, None)
    assert entry.facts == ((Fact(name="speakers", value=names, label="speakers", material=False),) if names else ())
