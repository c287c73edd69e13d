"""When a meeting is: once in UTC, then on the clocks of its own cities."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Entry
from msdigest.render.meetings import meeting
from msdigest.render.view import Telling, entry_view

START = datetime(2026, 12, 3, 18, 0, tzinfo=UTC)
NEW_YORK = LocalTime("New York", "America/New_York", "2026-12-03T13:00")
SYDNEY = LocalTime("Sydney", "Australia/Sydney", "2026-12-04T05:00")


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ((), ""),
        ((NEW_YORK,), " · 13:00 New York"),
        ((NEW_YORK, SYDNEY), " · 13:00 New York · Fri 05:00 Sydney"),
        ((LocalTime("UTC", "UTC", "2026-12-03T18:00"), SYDNEY), " · Fri 05:00 Sydney"),
        ((LocalTime("Two\nlines", "Europe/London", "2026-12-03T18:00"),), " · 18:00 Two lines"),
    ],
)
def test_when_it_is(places, told: str) -> None:
    """Another day than in UTC is named, and UTC is not told twice."""
    found = meeting(Event(start=START, places=places))

    assert found is not None
    assert found.when == f"When: Thursday 3 December 2026, 18:00 UTC{told}"


@pytest.mark.parametrize(
    ("speakers", "told"),
    [
        ((), ""),
        ((Speaker("Ada Example", "GB"),), "Speaker: Ada Example (GB)"),
        ((Speaker("Ada Example", "GB"), Speaker("Bob")), "Speakers: Ada Example (GB), Bob"),
    ],
)
def test_who_speaks(speakers, told: str) -> None:
    """With the country where it is told."""
    found = meeting(Event(start=START, speakers=speakers))

    assert found is not None
    assert found.speakers == told


def test_a_mail_tells_four_cities_and_nothing_of_its_own_zone() -> None:
    """The pages have room for all; what is no web address is no way in."""
    event = Event(start=START, places=(NEW_YORK,) * 9, join="javascript:alert(1)", recording="https://meet.example/é")
    entry = Entry(id="e", key="k", source="s", title="t", url="", event=event)
    tellings = [Telling(source_names={}, topic_names={}, zone=zone) for zone in ("UTC", "Asia/Tokyo")]
    told = [entry_view(entry, telling).meeting for telling in tellings]

    assert told[0] == told[1]
    assert told[0] is not None
    assert told[0].start == START
    assert (told[0].when.count("New York"), told[0].join, told[0].recording) == (4, "", "https://meet.example/é")
    assert meeting(None) is None
