"""Dates, numbers and fixed sentences, in the reader's language."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from msdigest import words
from msdigest.words import (
    date_words,
    direction,
    instant_words,
    languages,
    number_words,
    say,
    spoken_language,
    weekday_words,
)

WHEN = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("precision", "zone", "told"),
    [
        ("year", "Asia/Tokyo", "2026"),
        ("month", "Asia/Tokyo", "November 2026"),
        ("day", "Asia/Tokyo", "18 November 2026"),
        (None, "Asia/Tokyo", "18 November 2026"),
        ("minute", "UTC", "18 November 2026"),
        ("minute", "Asia/Tokyo", "19 November 2026"),
    ],
)
def test_dates_are_told_as_exactly_as_they_are_known(precision, zone, told) -> None:
    """Only an instant falls on another day elsewhere."""
    assert date_words(WHEN, precision, zone=zone) == told


def test_instants_are_told_in_utc() -> None:
    """With the weekday where it is asked for."""
    assert instant_words(WHEN) == "18 November 2026, 23:30 UTC"
    assert instant_words(WHEN, weekday=True) == "Wednesday 18 November 2026, 23:30 UTC"
    assert weekday_words(WHEN.date()) == "Wed"


@pytest.mark.parametrize("language", ["en", "en-GB", "EN-us", "xx", "not a language"])
def test_a_language_without_sentences_speaks_english(language) -> None:
    """Nobody gets a mail with holes because of a language."""
    assert say("leave", language=language) == "Leave this digest"
    assert date_words(WHEN, "day", language=language) == "18 November 2026"


def test_a_language_is_one_more_table(monkeypatch) -> None:
    """Its own plurals, dates and numbers come from Babel."""
    polish = {"minutes.one": "{count} minuta", "minutes.few": "{count} minuty", "minutes.many": "{count} minut"}
    monkeypatch.setattr(words, "SENTENCES", {**words.SENTENCES, "pl": polish})

    assert [say("minutes", language="pl", count=number) for number in (1, 3, 5)] == ["1 minuta", "3 minuty", "5 minut"]
    assert date_words(WHEN, "day", language="pl-PL") == "18 listopada 2026"
    assert number_words(12500.5, language="pl") == "12\u00a0500,5"


def test_a_locale_that_babel_does_not_know(monkeypatch) -> None:
    """Is counted and dated as English is."""
    monkeypatch.setattr(words, "SENTENCES", {**words.SENTENCES, "qqq": {"minutes.other": "{count} qq"}})

    assert say("minutes", language="qqq", count=2) == "2 qq"


def test_counts_choose_their_form() -> None:
    """One entry, two entries, and thousands are told apart."""
    lines = [say("count_line", count=number, minutes="x") for number in (1, 2, 1500)]

    assert [line.split(" in ")[0] for line in lines] == ["1 new entry", "2 new entries", "1,500 new entries"]


def test_what_a_person_is_called_is_no_pattern() -> None:
    """Braces in a name stay braces."""
    assert say("greeting", name="{date}") == "Hello {date},"


@pytest.mark.parametrize(("key", "values"), [("nothing", {}), ("greeting", {})])
def test_a_sentence_that_is_not_there(key, values) -> None:
    """Is an error here and not a hole in a mail."""
    with pytest.raises(KeyError):
        say(key, **values)


@pytest.mark.parametrize("language", languages())
def test_every_language_says_everything(language) -> None:
    """With the same holes as English, in every plural form that it has."""
    own, english = words.SENTENCES[language], words.SENTENCES["en"]
    forms = set(words._locale(language).plural_form.tags) | {"other"}
    for key, sentence in english.items():
        base, _, form = key.partition(".")
        for wanted in [f"{base}.{each}" for each in forms] if form else [key]:
            assert wanted in own, f"{language} lacks {wanted}"
            assert set(re.findall(r"\{(\w+)\}", own[wanted])) == set(re.findall(r"\{(\w+)\}", sentence))


@pytest.mark.parametrize(
    ("language", "spoken", "written"),
    [("en-AU", "en", "ltr"), ("ar", "en", "rtl"), ("he-IL", "en", "rtl"), ("ckb", "en", "rtl"), ("??", "en", "ltr")],
)
def test_a_language_is_written_and_answered(language: str, spoken: str, written: str) -> None:
    """Its direction is its own, also where our sentences are English."""
    assert (spoken_language(language), direction(language)) == (spoken, written)
