"""Exports: other programs read them, and what cannot be said truly is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from lxml import etree

from msdigest.model.details import Event
from msdigest.model.entry import Entry
from msdigest.model.source import Source
from msdigest.render.exports import calendar, opml
from msdigest.render.shown import Shown

SEEN = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
MEETING = datetime(2026, 12, 3, 17, 0, tzinfo=UTC)
BLOG = Source(id="fog-blog", kind="feed", url="https://me:hunter2@fog.example/feed", name="Notes & <Fog>")
PAGE = Source(id="calls", kind="livingpage", url="https://calls.example/", name="")


def _shown(number: int = 1, **changes) -> Shown:
    facts = {
        "key": "k", "source": "calls", "title": "Call", "url": "https://calls.example/1", "kind": "event",
        "published": MEETING, "precision": "minute", "first_seen": SEEN, "revision": 1,
        "id": str(UUID(int=number)),
    }  # fmt: skip
    return Shown(
        entry=Entry(**(facts | changes)), source=PAGE, page="https://d.example/entry/1/", date="", changed=SEEN
    )


def _lines(body: bytes) -> list[str]:
    return body.decode().replace("\r\n ", "").split("\r\n")


def test_opml_names_every_source() -> None:
    """Feeds can be followed, other sources are links, and no password is told."""
    outlines = etree.fromstring(opml("Our & sources", [BLOG, PAGE])).findall("body/outline")

    assert [dict(outline.attrib) for outline in outlines] == [
        {"text": "Notes & <Fog>", "title": "Notes & <Fog>", "type": "rss", "xmlUrl": "https://fog.example/feed"},
        {"text": "calls", "title": "calls", "type": "link", "url": "https://calls.example/"},
    ]


def test_opml_of_extreme_names_is_well_formed() -> None:
    """Control characters cannot break the document; an address that is none is left out."""
    source = Source(id="odd", kind="feed", url="file:///etc/passwd", name="a\x00b\x1bc \ud800")

    (outline,) = etree.fromstring(opml("x\x01y", [source])).findall("body/outline")

    assert dict(outline.attrib) == {"text": "abc", "title": "abc"}


def test_calendar_of_a_meeting() -> None:
    """An announced meeting becomes one event with a stable name and its instant in UTC."""
    lines = _lines(calendar("Meetings", [_shown(title="Fog; or: what, now\\?", text="Bring questions.")]))

    assert lines[0] == "BEGIN:VCALENDAR"
    assert "UID:urn:uuid:00000000-0000-0000-0000-000000000001" in lines
    assert "DTSTART:20261203T170000Z" in lines
    assert "DTSTAMP:20261118T093000Z" in lines
    assert "SUMMARY:Fog\\; or: what\\, now\\\\?" in lines
    assert "DESCRIPTION:Bring questions." in lines
    assert lines[-2:] == ["END:VCALENDAR", ""]


def test_an_event_that_tells_its_instant_takes_it() -> None:
    """Whatever the day of its announcement: people meet at the event's own instant, and where its link leads."""
    event = Event(start=MEETING, join="https://zoom.example/j/1,2")
    announced = {"published": datetime(2026, 11, 1, tzinfo=UTC), "precision": "day"}
    lines = _lines(calendar("Meetings", [_shown(event=event, **announced)]))

    assert "DTSTART:20261203T170000Z" in lines
    assert "LOCATION:https://zoom.example/j/1\\,2" in lines
    assert calendar("Meetings", [_shown(kind="recording", event=event, **announced)]) is None
    assert "LOCATION" not in str(calendar("Meetings", [_shown(event=Event(start=MEETING, join="javascript:x"))]))


def test_a_meeting_known_to_the_day_takes_the_day() -> None:
    """A date without a time is a whole day, not midnight."""
    lines = _lines(calendar("Meetings", [_shown(precision="day", published=datetime(2026, 12, 31, tzinfo=UTC))]))

    assert "DTSTART;VALUE=DATE:20261231" in lines
    assert "DTEND;VALUE=DATE:20270101" in lines


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"kind": "post"}, id="no event"),
        pytest.param({"published": None, "precision": None}, id="no date"),
        pytest.param({"precision": "month"}, id="only the month is known"),
        pytest.param({"published": datetime(2026, 11, 17, tzinfo=UTC)}, id="the date may be the announcement's"),
        pytest.param({"first_seen": None}, id="not kept yet"),
    ],
)
def test_what_is_no_sure_meeting_stays_out(changes) -> None:
    """Nobody is sent to a meeting on a day that nobody told."""
    assert calendar("Meetings", [_shown(**changes)]) is None
    assert "SUMMARY:Call" in _lines(calendar("Meetings", [_shown(2), _shown(**changes)]))


def test_long_lines_are_folded_between_characters() -> None:
    """No line is longer than 75 octets, and unfolding gives the text back."""
    title = "🧠é" * 120
    body = calendar("Meetings", [_shown(title=title)])

    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    assert all(line.decode() for line in body.split(b"\r\n")[:-1])
    assert f"SUMMARY:{title}" in _lines(body)


def test_no_line_can_be_smuggled_in() -> None:
    """A line break in a title or an address stays inside its line."""
    body = calendar("M", [_shown(title="x\r\nEND:VEVENT", url="https://calls.example/a\r\nATTENDEE:x")])

    assert _lines(body).count("END:VEVENT") == 1
    assert not [line for line in _lines(body) if line.startswith("ATTENDEE")]


def test_a_naive_date_is_refused() -> None:
    """A change without a time zone is an error, never a guess."""
    naive = Shown(
        entry=_shown().entry, source=PAGE, page="p", date="", changed=datetime(2026, 1, 1)  # noqa: DTZ001  # the point
    )  # fmt: skip

    with pytest.raises(ValueError, match="has no time zone"):
        calendar("M", [naive])


def test_equal_bytes() -> None:
    """The same entries and sources give the same bytes."""
    assert calendar("M", [_shown()]) == calendar("M", [_shown()])
    assert opml("M", [BLOG]) == opml("M", [BLOG])
