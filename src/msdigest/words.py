"""The door to Babel: dates, numbers and the fixed sentences of what subscribers read, by language.

To add a language: one more table in ``SENTENCES`` (a test tells which keys it lacks), and its locale in
``_LOCALES`` if plain ``Locale.parse(language)`` is not what its readers expect.
"""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from msdigest.model.entry import Precision

DEFAULT_LANGUAGE = "en"
# English without a country is read day first, as most of the world writes it.
_LOCALES = {"en": "en_GB"}
# Babel's own long form says "18 November 2026" for en_GB, but some locales put a weekday or a comma there.
_DAY = {"en": "d MMMM y"}
_WEEKDAY_AND_DAY = {"en": "EEEE d MMMM y"}

# A key that is counted has one sentence for each plural category of its language: ``minutes.one``, ``minutes.other``.
SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "coi": "COI: {words}",
        "coi_none": "COI: none stated",
        "count_line.one": "{count} new entry in your topics · about {minutes}",
        "count_line.other": "{count} new entries in your topics · about {minutes}",
        "disclaimer": "Disclaimer: {words}",
        "greeting": "Hello {name},",
        "greeting_nobody": "Hello,",
        "in_short": "In short",
        "join": "Join: {what}",
        "leave": "Leave this digest",
        "minutes.one": "{count} minute",
        "minutes.other": "{count} minutes",
        "more_on_web.one": "{count} more on the web",
        "more_on_web.other": "{count} more on the web",
        "not_medical": "Not medical advice: talk to your own team before you change anything.",
        "number": "No {number}",
        "on_web": "Read this issue on the web",
        "reason_asked": "You get this because you asked on {date}.",
        "reason_carried": "You get this because your subscription was carried over on {date}.",
        "recording": "Recording: {what}",
        "seen": "seen {date}",
        "speakers.one": "Speaker: {names}",
        "speakers.other": "Speakers: {names}",
        "when": "When: {times}",
        "why.one": "Why you see this: topic {topics}",
        "why.other": "Why you see this: topics {topics}",
    },
}


def languages() -> tuple[str, ...]:
    """Return the languages that sentences exist in."""
    return tuple(SENTENCES)


def spoken_language(language: str) -> str:
    """Return the language whose sentences are used for a BCP 47 ``language``."""
    if language in SENTENCES:
        return language
    base = language.split("-", maxsplit=1)[0].lower()
    return base if base in SENTENCES else DEFAULT_LANGUAGE


def direction(language: str) -> str:
    """Return how ``language`` is written, ``ltr`` or ``rtl``; a language that nobody knows is taken for English."""
    return str(_locale(language).text_direction)


def say(key: str, *, language: str = DEFAULT_LANGUAGE, count: int | None = None, **values: object) -> str:
    """Return the sentence ``key``, its holes filled; ``count`` chooses the plural form and is told in digits.

    A language without sentences of its own speaks English. Raises KeyError for an unknown key or hole.
    """
    spoken = spoken_language(language)
    if count is not None:
        key = f"{key}.{_locale(spoken).plural_form(count)}"
        values = {"count": number_words(count, language=spoken)} | values
    return SENTENCES[spoken][key].format_map(values)


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
    day = when.astimezone(ZoneInfo(zone)) if precision == "minute" else when
    return _day_words(day.date(), spoken)


def instant_words(when: datetime, *, language: str = DEFAULT_LANGUAGE, weekday: bool = False) -> str:
    """Tell an instant as clocks in UTC show it: ``3 December 2026, 19:00 UTC``."""
    spoken = spoken_language(language)
    there = when.astimezone(UTC)
    day = _weekday_and_day(there.date(), spoken) if weekday else _day_words(there.date(), spoken)
    return f"{day}, {there:%H:%M} UTC"


def weekday_words(day: date, *, language: str = DEFAULT_LANGUAGE) -> str:
    """Tell the weekday in short: ``Fri``."""
    return format_date(day, "EEE", locale=_locale(spoken_language(language)))


def _weekday_and_day(day: date, spoken: str) -> str:
    return format_date(day, _WEEKDAY_AND_DAY.get(spoken, "full"), locale=_locale(spoken))


@lru_cache(maxsize=4096)
def _day_words(day: date, spoken: str) -> str:
    """Remember days: a message for each of a million people tells one of few dates."""
    return format_date(day, _DAY.get(spoken, "long"), locale=_locale(spoken))


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(_LOCALES.get(language, language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_LOCALES[DEFAULT_LANGUAGE])
