"""A meeting is one instant in many cities, or a doubt: never a guess."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msdigest.model.meetings import read_meeting

NEAR = datetime(2024, 5, 28, tzinfo=UTC)
CALL = (
    "The next call is on Thursday June 6th:11:00am Seattle PST, 1:00pm Chicago CST, 2:00pm Boston EST, 7:00pm Leeds, UK, "
    "8:00pm Lyon, Milano, Bern, Bilbao, Malmö, 4:00am Brisbane/Melbourne (June 7), 2:00 am Taipei (June 7)"
)


def _start(text: str, *, near: datetime | None = NEAR, ahead: bool = True) -> str | None:
    told = read_meeting(text, near=near, ahead=ahead)
    assert told is None or (told.start is None) == bool(told.doubt)
    return None if told is None else f"{told.start:%Y-%m-%dT%H:%MZ}" if told.start else told.doubt


def test_a_call_is_one_instant_in_all_its_cities() -> None:
    """The city decides, not the abbreviation; two cities share a time, and some meet on the next day."""
    told = read_meeting(CALL, near=NEAR)

    assert told is not None
    assert told.start == datetime(2024, 6, 6, 18, 0, tzinfo=UTC)
    assert [f"{place.city} {place.zone} {place.local}" for place in told.places] == [
        "Seattle America/Los_Angeles 2024-06-06T11:00",
        "Chicago America/Chicago 2024-06-06T13:00",
        "Boston America/New_York 2024-06-06T14:00",
        "Leeds Europe/London 2024-06-06T19:00",
        "Lyon Europe/Paris 2024-06-06T20:00",
        "Milano Europe/Rome 2024-06-06T20:00",
        "Bern Europe/Zurich 2024-06-06T20:00",
        "Bilbao Europe/Madrid 2024-06-06T20:00",
        "Malmö Europe/Stockholm 2024-06-06T20:00",
        "Brisbane Australia/Brisbane 2024-06-07T04:00",
        "Melbourne Australia/Melbourne 2024-06-07T04:00",
        "Taipei Asia/Taipei 2024-06-07T02:00",
    ]


def test_cities_that_do_not_agree_are_named() -> None:
    """One city's time moved on by an hour: nothing is guessed, the sentence names who says what."""
    told = read_meeting(CALL.replace("8:00pm Lyon", "9:00pm Lyon"), near=NEAR)

    assert told is not None
    assert (told.start, told.places) == (None, ())
    assert told.doubt == (
        "The times of this meeting do not agree: 11:00 Seattle, 13:00 Chicago, 14:00 Boston, 19:00 Leeds, 04:00 Brisbane, "
        "Melbourne, 02:00 Taipei is 2024-06-06 18:00 UTC; 21:00 Lyon, Milano, Bern, Bilbao, Malmö is 2024-06-06 19:00 UTC."
    )


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Webinar, 15 April 2026, 19:00 UTC", "2026-04-15T19:00Z"),
        ("Webinar, 15 April 2026, 7pm GMT", "2026-04-15T19:00Z"),
        ("Webinar, 15 April 2026, 19:00 UTC+2", "2026-04-15T17:00Z"),
        ("Webinar, 15 April 2026, 19:00 CET (Berlin)", "2026-04-15T17:00Z"),
        ("Webinar, 15 January 2026, 19:00 CET (Berlin)", "2026-01-15T18:00Z"),
        ("Webinar, 15 April 2026, 19:00 CET", None),
        ("Webinar, 15 April 2026, 7pm", None),
        ("The results came on 15 April 2026, 19:00 UTC", None),
        ("We give it on 15 April 2026 at 9:00 in Basel", None),
        ("15 April 2026: 8pm London, 9pm Paris", "2026-04-15T19:00Z"),
        ("15 April 2026: London 8pm, Paris 9pm, New York 3pm", "2026-04-15T19:00Z"),
        ("Call, 15 April 2026, 19:00 UTC (Berlin 21:00)", "2026-04-15T19:00Z"),
        ("Call, 15 April 2026, London 8pm (UTC 19:00)", "2026-04-15T19:00Z"),
        ("Call, 15 April 2026, 1pm EST / 10am PST / 6pm London", "2026-04-15T17:00Z"),
        ("Call, 15 April 2026: 20:00 London. Agenda: 20:05 Welcome, 20:10 Talk", "2026-04-15T19:00Z"),
        ("Call, 15 April 2026: 8pm Smallville", None),
        ("Call, 15 April 2026: 8pm London, 9pm Smallville", None),
        ("Call, 15 April 2026: 8pm London, 9pm Smallville, 9pm Paris", "2026-04-15T19:00Z"),
        ("Call, 15 April 2026 at 19:00 – London 8pm, Paris 9pm", None),
        ("Talks, 15 April 2026: 10:00 London, 15:00 London", None),
        ("Talks, 15 April 2026: 9am London, 10am Paris; 3pm London, 4pm Paris", "2026-04-15T08:00Z"),
        ("Call, 31 February 2026: 8pm London, 9pm Paris", None),
        ("Join on 15 April 2026: 8pm London, 9pm Paris; 16 April: 9am London, 5pm Tokyo", "2026-04-15T19:00Z"),
        ("Call, 31 December 2026: 11pm London, 8am Tokyo (Jan 1)", "2026-12-31T23:00Z"),
        ("Call, 15 April 2026: 8pm London (Wed), 5am Sydney (Thu)", "2026-04-15T19:00Z"),
        ("x" * 3_000 + " Call, 15 April 2026, 19:00 UTC", None),
        ("", None),
    ],
)
def test_what_tells_an_instant(text: str, start: str | None) -> None:
    """Two cities that agree, or one or universal time where people meet; never an abbreviation alone."""
    assert _start(text) == start


@pytest.mark.parametrize(
    ("text", "near", "start"),
    [
        ("Call, 6 June: 19:00 UTC", "2024-05-28", "2024-06-06"),
        ("Call, 6 June: 19:00 UTC", "2024-06-06", "2024-06-06"),
        ("Call, 6 June: 19:00 UTC", "2024-06-20", "2024-06-06"),
        ("Call, 6 June: 19:00 UTC", "2024-07-20", "2025-06-06"),
        ("Call, 5 January: 19:00 UTC", "2024-12-20", "2025-01-05"),
        ("Call, 29 February: 19:00 UTC", "2023-12-20", "2024-02-29"),
        ("Call, 29 February: 19:00 UTC", "2024-12-20", None),
        ("Call, 6 June: 19:00 UTC", None, None),
        ("Call, 6 June: 19:00 UTC", "0001-01-01", None),
        ("Call, 6 June 2024: 19:00 UTC", "0001-01-01", "2024-06-06"),
        ("Call, 6 June 2024: 19:00 UTC", None, "2024-06-06"),
        ("Calls: 8 May 19:00 UTC, 12 June 19:00 UTC, 10 July 19:00 UTC", "2024-05-28", "2024-06-12"),
    ],
)
def test_the_year_that_is_meant(text: str, near: str | None, start: str | None) -> None:
    """Without a year it is the day to come, or one just past; without the text's own date there is none."""
    found = _start(text, near=datetime.fromisoformat(near).replace(tzinfo=UTC) if near else None)

    assert found == (f"{start}T19:00Z" if start else None)


def test_a_recording_is_of_a_meeting_that_was() -> None:
    """After the meeting its day lies behind."""
    assert _start("Recording of our call, 6 June: 19:00 UTC", ahead=False, near=NEAR) == "2024-06-06T19:00Z"
    assert _start("Recording of our call, 8 May: 19:00 UTC", ahead=False, near=NEAR) == "2024-05-08T19:00Z"
    assert _start("Recording of our call, 6 October: 19:00 UTC", ahead=False, near=NEAR) == "2023-10-06T19:00Z"


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("Call, Friday June 6th: 8pm London, 9pm Paris", "'Friday June 6th' (2024-06-06) is a Thursday, not a Friday"),
        ("Call, 6 June: 8pm London, 5am Sydney", "05:00 Sydney is 2024-06-05 19:00 UTC"),
        ("Call, 6 June: 8pm London, 5am Sydney (June 8)", "05:00 Sydney is 2024-06-07 19:00 UTC"),
        ("Call, 6 June: 8pm London, 5am Sydney (31 June)", "05:00 Sydney is no time of that day"),
        ("Call, 31 March 2024: 1:30 London, 2:30 Paris", "01:30 London, 02:30 Paris is no time of that day"),
        ("Call, 27 October 2024: 1:30 London, 2:30 Paris", "is 2024-10-27 00:30 UTC or 2024-10-27 01:30 UTC"),
        ("Call, 6 June: 19:00 UTC, 8pm Berlin", "19:00 UTC is 2024-06-06 19:00 UTC; 20:00 Berlin is 2024-06-06 18:00 UTC"),
        ("Calls: 6 June: 8pm London, 9pm Paris\n4 July: 8pm London, 8pm Paris", "20:00 Paris is 2024-07-04 18:00 UTC"),
    ],
)  # fmt: skip
def test_doubts(text: str, doubt: str) -> None:
    """A wrong weekday, a wrong next day, hours that the clocks skip or show twice: an editor has to look."""
    assert doubt in str(_start(text))


def test_opening_hours_are_no_contradiction() -> None:
    """Where nobody speaks of a meeting, different local times are nobody's mistake."""
    assert _start("From 3 June: 9:00 London, 9:00 Paris, 9:00 Athens") is None


def test_a_clock_put_back_is_told_apart_by_another() -> None:
    """An hour that London's clocks show twice is one instant beside a city without daylight saving."""
    assert _start("Call, 27 October 2024: 1:30am London, 10:30am Tokyo") == "2024-10-27T01:30Z"
