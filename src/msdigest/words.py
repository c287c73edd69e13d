"""The door to Babel: dates, numbers and the fixed sentences of what subscribers read, by language.

A language is a gettext catalogue in ``languages/``, and nothing else: to add one, copy ``en.po`` and translate it (a
test tells what it lacks). Its locale goes into ``_LOCALES`` only if plain ``Locale.parse(language)`` is not what its
readers expect.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, get_timezone_location
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from msdigest.model.entry import Precision

DEFAULT_LANGUAGE = "en"
FOLDER = Path(__file__).parent / "languages"
# English without a country is read day first, as most of the world writes it.
_LOCALES = {"en": "en_GB"}
# Babel's own long form says "18 November 2026" for en_GB, but some locales put a weekday or a comma there.
_DAY = {"en": "d MMMM y"}
_WEEKDAY_AND_DAY = {"en": "EEEE d MMMM y"}


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """What one language says. ``counted``: a sentence for each form; ``form`` tells which a number takes."""

    sentences: Mapping[str, str]
    counted: Mapping[str, tuple[str, ...]]
    form: Callable[[int], int]

    def find(self, key: str, count: int | None) -> str | None:
        """Return the sentence, or None if it has none."""
        if count is None:
            return self.sentences.get(key)
        forms = self.counted.get(key)
        return forms[self.form(count)] if forms else None


def languages() -> tuple[str, ...]:
    """Return the languages that sentences exist in, English first."""
    return _languages(FOLDER)


def spoken_language(language: str) -> str:
    """Return the language whose sentences are used for a BCP 47 ``language``."""
    spoken = languages()
    if language in spoken:
        return language
    base = language.split("-", maxsplit=1)[0].lower()
    return base if base in spoken else DEFAULT_LANGUAGE


def is_spoken(language: str) -> bool:
    """Tell whether sentences exist in a BCP 47 ``language``; if not, English is spoken instead of it."""
    english = language.split("-", maxsplit=1)[0].lower() == DEFAULT_LANGUAGE
    return english or spoken_language(language) != DEFAULT_LANGUAGE


def direction(language: str) -> str:
    """Return how ``language`` is written, ``ltr`` or ``rtl``; a language that nobody knows is taken for English."""
    return str(_locale(language).text_direction)


def say(key: str, *, language: str = DEFAULT_LANGUAGE, count: int | None = None, **values: object) -> str:
    """Return the sentence ``key``, its holes filled; ``count`` chooses the plural form and is told in digits.

    A language without sentences of its own speaks English, and so does a key that a catalogue lacks. Raises KeyError
    for an unknown key or hole.
    """
    spoken = spoken_language(language)
    sentence = _catalogue(FOLDER, spoken).find(key, count) or _catalogue(FOLDER, DEFAULT_LANGUAGE).find(key, count)
    if sentence is None:
        raise KeyError(key)
    if count is not None:
        values = {"count": number_words(count, language=spoken)} | values
    return sentence.format_map(values)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return a zone, UTC for one that the tz database does not know (any more): nobody's mail stops for it.

    Remembered: the standard library keeps eight and reads the others again from their files.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def number_words(number: float, *, language: str = DEFAULT_LANGUAGE) -> str:
    """Tell a number with the separators of ``language``, e.g. ``12,500``."""
    return format_decimal(number, locale=_locale(spoken_language(language)))


def date_words(
    when: datetime, precision: Precision | None = "day", *, language: str = DEFAULT_LANGUAGE, zone: str = "UTC"
) -> str:
    """Tell a date as exactly as it is known and no more: ``18 November 2026``, ``November 2026``, ``2026``.

    Only an instant (``minute``) falls on a day of ``zone``; a day, month or year is the same everywhere.
    """
    spoken = spoken_language(language)
    locale = _locale(spoken)
    if precision == "year":
        return format_skeleton("y", when, tzinfo=when.tzinfo, locale=locale)
    if precision == "month":
        return format_skeleton("yMMMM", when, tzinfo=when.tzinfo, locale=locale)
    day = when.astimezone(zone_of(zone)) if precision == "minute" else when
    return _day_words(day.date(), spoken)


def instant_words(when: datetime, *, language: str = DEFAULT_LANGUAGE, weekday: bool = False) -> str:
    """Tell an instant as clocks in UTC show it: ``3 December 2026, 19:00 UTC``."""
    spoken = spoken_language(language)
    there = when.astimezone(UTC)
    day = _weekday_and_day(there.date(), spoken) if weekday else _day_words(there.date(), spoken)
    return say("instant", language=spoken, day=day, time=f"{there:%H:%M}")


def zone_instant_words(when: datetime, *, zone: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Tell an instant as a reader's clock shows it: ``Thursday 3 December 2026, 20:00 (Berlin)``."""
    spoken = spoken_language(language)
    known = zone_of(zone)
    there = when.astimezone(known)
    place = _place(known.key, there.utcoffset() or timedelta(), spoken)
    if not place:
        return instant_words(when, language=spoken, weekday=True)
    day = _weekday_and_day(there.date(), spoken)
    return say("zone_instant", language=spoken, day=day, time=f"{there:%H:%M}", place=place)


def weekday_words(day: date, *, language: str = DEFAULT_LANGUAGE) -> str:
    """Tell the weekday in short: ``Fri``."""
    return format_date(day, "EEE", locale=_locale(spoken_language(language)))


def _weekday_and_day(day: date, spoken: str) -> str:
    return format_date(day, _WEEKDAY_AND_DAY.get(spoken, "full"), locale=_locale(spoken))


@lru_cache(maxsize=4096)
def _day_words(day: date, spoken: str) -> str:
    """Remember days: a message for each of a million people tells one of few dates."""
    return format_date(day, _DAY.get(spoken, "long"), locale=_locale(spoken))


def _place(zone: str, offset: timedelta, spoken: str) -> str:
    """Return a zone's city; where its name has none (``Etc/GMT+5``) how far it is from UTC, nothing for UTC itself."""
    if "/" in zone and not zone.startswith("Etc/"):
        return get_timezone_location(zone, locale=_locale(spoken), return_city=True)
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "−" if offset < timedelta() else "+"
    return f"UTC{sign}{hours:02}:{minutes:02}" if offset else ""


@lru_cache(maxsize=8)
def _languages(folder: Path) -> tuple[str, ...]:
    others = {path.stem for path in folder.glob("*.po")} - {DEFAULT_LANGUAGE}
    return (DEFAULT_LANGUAGE, *sorted(others))


@lru_cache(maxsize=64)
def _catalogue(folder: Path, language: str) -> _Catalogue:
    """Read a language's catalogue; a sentence that is not (wholly) translated is left out."""
    with (folder / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    sentences, counted = {}, {}
    for key, told in ((message.id, message.string) for message in catalogue if message.id):
        if isinstance(key, str) and isinstance(told, str) and told:
            sentences[key] = told
        elif not isinstance(key, str) and not isinstance(told, str) and told and all(told):
            counted[key[0]] = tuple(told)
    return _Catalogue(sentences, counted, gettext.c2py(catalogue.plural_expr))


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(_LOCALES.get(language, language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_LOCALES[DEFAULT_LANGUAGE])
