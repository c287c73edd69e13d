"""Dates, numbers and fixed sentences, in the reader's language."""

from __future__ import annotations

import io
import re
import shutil
from datetime import UTC, datetime

import pytest
from babel.messages.pofile import read_po

from msdigest import words
from msdigest.words import (
    date_words,
    direction,
    instant_words,
    is_spoken,
    languages,
    number_words,
    say,
    spoken_language,
    weekday_words,
    zone_instant_words,
)

WHEN = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
HOLE = re.compile(r"\{(\w+)\}")


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


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """Return what writes a catalogue beside the English one and makes its language spoken."""
    shutil.copy(words.FOLDER / "en.po", tmp_path)
    monkeypatch.setattr(words, "FOLDER", tmp_path)

    def write(language: str, text: str) -> None:
        (tmp_path / f"{language}.po").write_text(text, encoding="utf-8")

    return write


POLISH = """
msgid ""
msgstr ""
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"

msgid "minutes"
msgid_plural "minutes"
msgstr[0] "{count} minuta"
msgstr[1] "{count} minuty"
msgstr[2] "{count} minut"

msgid "speakers"
msgid_plural "speakers"
msgstr[0] "Mówi: {names}"
msgstr[1] ""
msgstr[2] ""

msgid "leave"
msgstr ""
"""


def test_a_language_is_one_more_file(catalogue) -> None:
    """Its plurals are the catalogue's own, its dates and numbers come from Babel."""
    catalogue("pl", POLISH)

    assert languages() == ("en", "pl")
    assert [say("minutes", language="pl", count=number) for number in (1, 3, 5)] == ["1 minuta", "3 minuty", "5 minut"]
    assert date_words(WHEN, "day", language="pl-PL") == "18 listopada 2026"
    assert number_words(12500.5, language="pl") == "12\u00a0500,5"


def test_what_a_catalogue_lacks_is_said_in_english(catalogue) -> None:
    """A sentence that is missing, empty or lacks a form: better another language than a hole."""
    catalogue("pl", POLISH)

    assert say("coi_none", language="pl") == "COI: none stated"
    assert say("leave", language="pl") == "Leave this digest"
    assert say("speakers", language="pl", count=1, names="Ada") == "Speaker: Ada"


def test_a_locale_that_babel_does_not_know(catalogue) -> None:
    """Is dated as English is."""
    catalogue("qqq", POLISH.replace("} minut", "} qq"))

    assert say("minutes", language="qqq", count=5) == "5 qq"
    assert date_words(WHEN, "day", language="qqq") == "18 November 2026"


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


def faults(language: str, text: str) -> set[str]:
    """Tell what is wrong with a catalogue beside the English one."""
    told = read_po(io.BytesIO(text.encode()), locale=language, abort_invalid=True)
    model = read_po(io.BytesIO((words.FOLDER / "en.po").read_bytes()), locale="en", abort_invalid=True)
    own, english = ({_key(message): message for message in each if message.id} for each in (told, model))
    found = {f"lacks {key}" for key in english.keys() - own.keys()}
    found |= {f"does not know {key}" for key in own.keys() - english.keys()}
    for key in english.keys() & own.keys():
        message, forms = own[key], _forms(own[key])
        if len(forms) != (told.num_plurals if isinstance(english[key].id, tuple) else 1):
            found.add(f"other forms of {key}")
        found |= {f"empty {key}" for form in forms if not form.strip()}
        wanted = {hole for form in _forms(english[key]) for hole in HOLE.findall(form)}
        found |= {f"other holes in {key}" for form in forms if form and set(HOLE.findall(form)) != wanted}
        found |= {f"no comment on {key}"} if message.auto_comments != english[key].auto_comments else set()
        found |= {f"fuzzy {key}"} if message.fuzzy else set()
    return found


def _key(message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


def _forms(message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


@pytest.mark.parametrize("language", languages())
def test_every_language_says_everything(language) -> None:
    """With the same holes as English, in every plural form that it has, and a comment for whoever translates it."""
    assert faults(language, (words.FOLDER / f"{language}.po").read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('msgid "leave"', 'msgid "leaf"', {"lacks leave", "does not know leaf"}),
        ('msgstr "Guten Tag,"', 'msgstr ""', {"empty greeting_nobody"}),
        ("Nr. {number}", "Nr. {zahl}", {"other holes in number"}),
        ("Nr. {number}", "Nr.", {"other holes in number"}),
        ('msgstr[1] "{count} Minuten"\n', "", {"other forms of minutes", "empty minutes", "other holes in minutes"}),
        ('msgstr[1] "{count} Minuten"', 'msgstr[1] ""', {"empty minutes"}),
        ("#. The first line of a mail to somebody who gave no name.\n", "", {"no comment on greeting_nobody"}),
        ("#. How long reading takes", "#, fuzzy\n#. How long reading takes", {"fuzzy minutes"}),
    ],
)
def test_a_broken_catalogue_would_be_found(old, new, fault) -> None:
    """The check above is no yes-man."""
    text = (words.FOLDER / "de.po").read_text(encoding="utf-8")
    assert text.count(old) == 1

    found = faults("de", text.replace(old, new))

    assert found
    assert found <= fault


def test_german_is_said_in_german() -> None:
    """Sentences, days and numbers."""
    asked = date_words(datetime(2026, 5, 3, 12, tzinfo=UTC), "minute", language="de", zone="Europe/Berlin")

    assert (
        say("reason_asked", language="de-AT", date=asked)
        == "Sie erhalten diese Mail, weil Sie am 3. Mai 2026 darum gebeten haben."
    )
    assert say("count_line", language="de", count=1500, minutes="x").startswith("1.500 neue Beiträge")


@pytest.mark.parametrize(
    ("zone", "language", "told"),
    [
        ("Europe/Berlin", "en", "Thursday 19 November 2026, 00:30 (Berlin)"),
        ("Europe/Vienna", "de", "Donnerstag, 19. November 2026, 00:30 Uhr (Wien)"),
        ("America/St_Johns", "en", "Wednesday 18 November 2026, 20:00 (St John’s)"),
        ("UTC", "en", "Wednesday 18 November 2026, 23:30 UTC"),
        ("Etc/UTC", "de", "Mittwoch, 18. November 2026, 23:30 UTC"),
        ("Etc/GMT+5", "en", "Wednesday 18 November 2026, 18:30 (UTC−05:00)"),
        ("Japan", "en", "Thursday 19 November 2026, 08:30 (UTC+09:00)"),
        ("Europe/Gotham", "en", "Wednesday 18 November 2026, 23:30 UTC"),
        ("Europe", "en", "Wednesday 18 November 2026, 23:30 UTC"),
        ("../etc/passwd", "de", "Mittwoch, 18. November 2026, 23:30 UTC"),
    ],
)
def test_an_instant_on_a_readers_clock(zone, language, told) -> None:
    """With its weekday and the zone's city in words; a zone without one says how far it is from UTC.

    A zone that the tz database has dropped since is UTC.
    """
    assert zone_instant_words(WHEN, zone=zone, language=language) == told


@pytest.mark.parametrize(
    ("language", "spoken", "written"),
    [("en-AU", "en", "ltr"), ("ar", "en", "rtl"), ("he-IL", "en", "rtl"), ("ckb", "en", "rtl"), ("??", "en", "ltr")],
)
def test_a_language_is_written_and_answered(language: str, spoken: str, written: str) -> None:
    """Its direction is its own, also where our sentences are English."""
    assert (spoken_language(language), direction(language)) == (spoken, written)


@pytest.mark.parametrize(
    ("language", "known"),
    [("en", True), ("EN-au", True), ("de", True), ("de-AT", True), ("DE", True), ("fr", False), ("eng", False)],
)
def test_english_is_spoken_for_what_has_no_catalogue(language: str, known: bool) -> None:
    """Who reads a variety of a language that we write is not counted as somebody who is sent another one."""
    assert is_spoken(language) is known
