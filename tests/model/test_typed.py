"""What editors type, word for word, and the values that it means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msdigest.model.details import LocalTime, Speaker
from msdigest.model.typed import date_of, instant_of, number_of, place_of, speaker_of, zone_named

EVENING = datetime(2026, 12, 3, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "date", "precision"),
    [("2026-12-03", "2026-12-03", "day"), ("2026-12", "2026-12", "month"), ("2026", "2026", "year")],
)
def test_dates_keep_their_precision(words, date, precision) -> None:
    """A month is a month, not its first day."""
    found = date_of(words)

    assert (str(found), found.precision) == (date, precision)


def test_no_date_is_none() -> None:
    """Nothing typed is nothing known."""
    assert date_of(" ") is None


@pytest.mark.parametrize("words", ["never", "2026-13", "2026-02-30", "0001-01-01", "9" * 500])
def test_what_is_no_date_is_refused(words) -> None:
    """With an example of what would be one."""
    with pytest.raises(ValueError, match="is no date such as 2026-12-03, or 2026-12 for the whole month"):
        date_of(words)


@pytest.mark.parametrize(
    ("words", "zone", "instant"),
    [
        ("2026-12-03 19:00", "Europe/London", "2026-12-03T19:00"),
        ("2026-12-03T19:00", "America/New_York", "2026-12-04T00:00"),
        ("2026-08-26 19:00", "Europe/London", "2026-08-26T18:00"),
        ("2026-12-03 19:00+01:00", "", "2026-12-03T18:00"),
        ("2026-12-03 19:00Z", "Europe/Berlin", "2026-12-03T19:00"),
        ("2026-10-25 01:30+00:00", "Europe/London", "2026-10-25T01:30"),
    ],
)
def test_a_clock_tells_an_instant(words, zone, instant) -> None:
    """In summer and winter, by a zone or an offset."""
    assert instant_of(words, zone) == datetime.fromisoformat(f"{instant}+00:00")


@pytest.mark.parametrize(
    ("words", "zone", "sentence"),
    [
        ("soon", "UTC", "'soon' is no day and time such as 2026-12-03 19:00"),
        ("2026-12-03", "UTC", "'2026-12-03' is no day and time"),
        ("2026-12-03 25:00", "UTC", "is no day and time"),
        ("0001-01-01 00:00", "UTC", "is no day and time"),
        ("2026-12-03 19:00", "", "it is not told whose clock shows 2026-12-03 19:00: name a time zone or a city"),
        ("2026-03-29 01:30", "Europe/London", "no clock of Europe/London shows 01:30 on that day: it is put forward"),
        (
            "2026-10-25 01:30", "Europe/London",
            "clocks of Europe/London show 01:30 twice on that day: write which one, such as 2026-10-25 01:30+01:00",
        ),
    ],
)  # fmt: skip
def test_what_no_clock_shows_is_refused(words, zone, sentence) -> None:
    """Also an hour that is left out, or comes twice, when clocks are changed."""
    with pytest.raises(ValueError) as refused:
        instant_of(words, zone)

    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "city", "named"),
    [
        ("Europe/London", "", "Europe/London"),
        ("", "New York", "America/New_York"),
        ("UTC", "London", "UTC"),
        ("", "", ""),
    ],
)
def test_a_zone_is_named_or_told_by_a_city(zone, city, named) -> None:
    """The zone wins where both are typed."""
    assert zone_named(zone, city) == named


@pytest.mark.parametrize(
    ("zone", "city", "sentence"),
    [
        ("Mars/Base", "", "'Mars/Base' is no time zone: write a name such as Europe/London"),
        ("../etc/passwd", "", "is no time zone"),
        ("", "Gotham", "no clock of 'Gotham' is known: name its time zone, such as Europe/London"),
    ],
)
def test_an_unknown_zone_is_refused(zone, city, sentence) -> None:
    """What would be right is said."""
    with pytest.raises(ValueError, match=sentence):
        zone_named(zone, city)


@pytest.mark.parametrize(
    ("zone", "city", "place"),
    [
        ("Europe/London", "", LocalTime("London", "Europe/London", "2026-12-03T19:00")),
        ("America/New_York", "", LocalTime("New York", "America/New_York", "2026-12-03T14:00")),
        ("Europe/London", "Leeds", LocalTime("Leeds", "Europe/London", "2026-12-03T19:00")),
        ("Europe/London", "Little Fenton", LocalTime("Little Fenton", "Europe/London", "2026-12-03T19:00")),
        ("UTC", "", None),
        ("", "", None),
    ],
)
def test_a_clock_stands_in_a_city(zone, city, place) -> None:
    """In the one that was typed, else in the one that the zone is called after."""
    assert place_of(EVENING, zone, city) == place


def test_a_city_of_another_zone_is_refused() -> None:
    """Its clock shows another time than the one that was typed."""
    with pytest.raises(ValueError, match="at 19:00 of Europe/London, a clock of Boston shows 14:00"):
        place_of(EVENING, "Europe/London", "Boston")


@pytest.mark.parametrize(
    ("words", "speaker"),
    [
        ("Ada Example (GB)", Speaker("Ada Example", "GB")),
        (" Ada   Example (uk) ", Speaker("Ada Example", "GB")),
        ("Łucja Przykład", Speaker("Łucja Przykład", "")),
        ("Ada Example ()", Speaker("Ada Example", "")),
    ],
)
def test_a_speaker_has_a_name_and_perhaps_a_country(words, speaker) -> None:
    """As it is printed; the country as its code."""
    assert speaker_of(words) == speaker


@pytest.mark.parametrize("words", ["Ada (Narnia)", "(GB)", "", "Ada (GB) (US)", "A(B(C"])
def test_what_is_no_speaker_is_refused(words) -> None:
    """A country that is none, or no name."""
    with pytest.raises(ValueError, match="is no name, or a name with a country's code"):
        speaker_of(words)


@pytest.mark.parametrize(("words", "number"), [("52000", 52000), ("52,000", 52000), (" 1,234,567.5 ", 1234567.5)])
def test_numbers_may_be_grouped(words, number) -> None:
    """With commas, as English prints them."""
    assert number_of(words) == number


@pytest.mark.parametrize("words", ["many", "5,20", "1e9", "-3", "", "٣", "9" * 400])
def test_what_is_no_number_is_refused(words) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"is no number such as 52,000 or 33\.5"):
        number_of(words)
