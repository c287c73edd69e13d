"""What the slots of an issue are filled with: whole sentences for a choice, and for a person."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from msdigest.model.prose import shortened
from msdigest.render.plain import one_line
from msdigest.words import date_words, say, zone_instant_words, zone_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from msdigest.model.compiled import Choice, CompiledIssue
    from msdigest.model.subscriber import Consent

_WORDS_A_MINUTE = 180
_LONGEST_PREHEADER = 110
# Inboxes fill up a shorter line with whatever stands next in the mail.
_SHORT_PREHEADER = 50
# The greeting is one line of the plain text, which is 78 characters wide.
_LONGEST_NAME = 64


def selection_values(compiled: CompiledIssue, choice: Choice) -> dict[str, str]:
    """Return the values that a choice's slots are filled with; raises ValueError unless it is of this issue."""
    chosen = frozenset(choice.entries)
    if not choice or not compiled.titles.keys() >= chosen or not compiled.notices.keys() >= set(choice.notices):
        message = "a choice has at least one entry or notice, and only those of the issue"
        raise ValueError(message)
    language = compiled.variant.language
    return {
        "count_line": _count_line(compiled, choice),
        "more_line": _counted("more_on_web", language, choice.more),
        "preheader": _counted("neutral_preheader", language, len(choice.entries) + len(choice.notices))
        if compiled.variant.neutral
        else _preheader(_titles(compiled, choice.notices, chosen)),
    }


def _count_line(compiled: CompiledIssue, choice: Choice) -> str:
    language = compiled.variant.language
    if not choice.entries:
        return _counted("only_corrections", language, len(choice.notices))
    words = sum(map(compiled.words.__getitem__, choice.entries))
    return _to_read(language, len(choice.entries), max(1, round(words / _WORDS_A_MINUTE)))


@lru_cache(maxsize=4_096)
def _to_read(language: str, entries: int, minutes: int) -> str:
    return say("count_line", language=language, count=entries, minutes=_counted("minutes", language, minutes))


@lru_cache(maxsize=4_096)
def _counted(key: str, language: str, count: int) -> str:
    return say(key, language=language, count=count)


def _titles(compiled: CompiledIssue, notices: Sequence[str], chosen: frozenset[str]) -> Iterator[str]:
    """Give what a choice is about, what matters most first."""
    entries = filter(chosen.__contains__, compiled.ranking or compiled.titles)
    return chain(map(compiled.notices.__getitem__, notices), map(compiled.titles.__getitem__, entries))


def _preheader(titles: Iterator[str]) -> str:
    """Return as many whole titles as fit; where that is too short a line, the beginning of the next one too."""
    line = next(titles)
    for title in titles:
        if len(line) + len(title) > _LONGEST_PREHEADER and len(line) >= _SHORT_PREHEADER:
            break
        line = f"{line} · {title}"
    return shortened(line, _LONGEST_PREHEADER)


def person_values(
    *,
    name: str,
    consent: Consent,
    leave_url: str,
    language: str = "en",
    zone: str = "UTC",
    meetings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the values that one person's slots are filled with, not escaped.

    meetings: name of a slot → instant (see ``CompiledIssue``), told on the clocks of their zone.
    """
    shown = shortened(one_line(name), _LONGEST_NAME)
    asked = "reason_asked" if consent.evidenced else "reason_carried"
    before, after = _greeting(language)
    values = {
        "greeting": f"{before}{shown}{after}" if shown else _greeting_nobody(language),
        "leave_url": leave_url,
        "reason": _reason(asked, language, consent.at.astimezone(zone_of(zone)).date()),
    }
    for slot, instant in (meetings or {}).items():
        values[slot] = _on_clock(instant, zone, language)
    return values


@lru_cache(maxsize=4_096)
def _on_clock(instant: str, zone: str, language: str) -> str:
    time = zone_instant_words(datetime.fromisoformat(instant), zone=zone, language=language)
    return say("in_your_zone", language=language, time=time)


@lru_cache(maxsize=64)
def _greeting(language: str) -> tuple[str, str]:
    """Return what stands around the name."""
    before, _, after = say("greeting", language=language, name="\n").partition("\n")
    return before, after


@lru_cache(maxsize=64)
def _greeting_nobody(language: str) -> str:
    return say("greeting_nobody", language=language)


@lru_cache(maxsize=65_536)
def _reason(asked: str, language: str, day: date) -> str:
    """Remember days: few of a million people asked on a day of their own."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return say(asked, language=language, date=date_words(midnight, language=language))
