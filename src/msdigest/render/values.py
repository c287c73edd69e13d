"""What the slots of an issue are filled with: whole sentences for a choice, and for a person."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.model.prose import shortened
from msdigest.render.plain import one_line
from msdigest.words import date_words, say, zone_instant_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    if (
        not choice
        or not compiled.titles.keys() >= set(choice.entries)
        or not compiled.notices.keys() >= set(choice.notices)
    ):
        message = "a choice has at least one entry or notice, and only those of the issue"
        raise ValueError(message)
    language = compiled.variant.language
    return {
        "count_line": _count_line(compiled, choice),
        "more_line": say("more_on_web", language=language, count=choice.more),
        "preheader": say("neutral_preheader", language=language, count=len(choice.entries) + len(choice.notices))
        if compiled.variant.neutral
        else _preheader(_titles(compiled, choice)),
    }


def _count_line(compiled: CompiledIssue, choice: Choice) -> str:
    language = compiled.variant.language
    if not choice.entries:
        return say("only_corrections", language=language, count=len(choice.notices))
    words = sum(map(compiled.words.__getitem__, choice.entries))
    minutes = _minutes(language, max(1, round(words / _WORDS_A_MINUTE)))
    return say("count_line", language=language, count=len(choice.entries), minutes=minutes)


@lru_cache(maxsize=1_024)
def _minutes(language: str, minutes: int) -> str:
    return say("minutes", language=language, count=minutes)


def _titles(compiled: CompiledIssue, choice: Choice) -> list[str]:
    """Return what a choice is about, what matters most first."""
    chosen = frozenset(choice.entries)
    ranked = compiled.ranking or tuple(compiled.titles)
    return [
        *(compiled.notices[notice] for notice in choice.notices),
        *(compiled.titles[entry] for entry in ranked if entry in chosen),
    ]


def _preheader(titles: Sequence[str]) -> str:
    """Return as many whole titles as fit; where that is too short a line, the beginning of the next one too."""
    line = titles[0]
    for title in titles[1:]:
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
    asked = "reason_carried" if consent.source.startswith("import:") else "reason_asked"
    date = date_words(consent.at, "minute", language=language, zone=zone)
    values = {
        "greeting": say("greeting", language=language, name=shown)
        if shown
        else say("greeting_nobody", language=language),
        "leave_url": leave_url,
        "reason": say(asked, language=language, date=date),
    }
    for slot, instant in (meetings or {}).items():
        values[slot] = _on_clock(instant, zone, language)
    return values


@lru_cache(maxsize=4_096)
def _on_clock(instant: str, zone: str, language: str) -> str:
    time = zone_instant_words(datetime.fromisoformat(instant), zone=zone, language=language)
    return say("in_your_zone", language=language, time=time)
