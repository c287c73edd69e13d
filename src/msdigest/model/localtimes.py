"""Finds the times of a day together with the cities whose clocks show them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from msdigest.model.clocktimes import Clock, Day, days_and_clocks
from msdigest.model.places import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import time

    from msdigest.model.places import Mark, Part, Place

# Characters between a day and its first time, and between two times of one line.
_REACH = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One time of day and where clocks show it; ``unknown``: only in a city that we do not know."""

    at: time
    places: tuple[Place, ...]
    mark: Mark | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A day and its times, read in both ways: each city after its time, each city before it."""

    day: Day
    after: tuple[Told, ...]
    before: tuple[Told, ...]


def lines(text: str) -> Iterator[Line]:
    """Find the days of ``text`` that have times, in its order; if it tells just one day, wherever that stands."""
    tokens = list(days_and_clocks(text))
    end = 0
    for number, token in enumerate(tokens):
        # The mark of a time that was read stands in its line and begins none.
        if isinstance(token, Day) and token.start >= end and (clocks := _run(text, token, tokens[number + 1 :])):
            yield _line(text, token, clocks, tokens)
            end = clocks[-1].end
    clocks = [token for token in tokens if isinstance(token, Clock)]
    if not end and clocks and (day := _only_day(text, tokens)):
        yield _line(text, day, clocks, tokens)


def _run(text: str, day: Day, tokens: Sequence[Day | Clock]) -> list[Clock]:
    """Return the times that belong to ``day``: up to another day that is no mark of one of them."""
    clocks: list[Clock] = []
    end = day.end
    for token in tokens:
        if token.start - end > _REACH or (isinstance(token, Day) and not (clocks and _is_mark(text, token))):
            break
        if isinstance(token, Clock):
            clocks.append(token)
        end = token.end
    return clocks


def _is_mark(text: str, day: Day) -> bool:
    """Tell whether a day is told of the time before it: in brackets, or right after the city."""
    before = text[: day.start].rstrip(" ")
    return before.endswith(("(", "[")) or before[-1:].isalpha()


def _only_day(text: str, tokens: Sequence[Day | Clock]) -> Day | None:
    days = [token for token in tokens if isinstance(token, Day) and not text[: token.start].endswith(("(", "["))]
    return days[0] if len({(day.day, day.month, day.year) for day in days}) == 1 else None


def _line(text: str, day: Day, clocks: Sequence[Clock], tokens: Sequence[Day | Clock]) -> Line:
    """Read the words before the first time, between two, and after the last."""
    days = [token for token in tokens if isinstance(token, Day)]
    first = clocks[0].start
    last = clocks[-1]
    begins = [max(first - _REACH, day.end if day.end <= first else 0), *(clock.end for clock in clocks)]
    closes = (
        token.start
        for token in tokens
        if token.start >= last.end and (isinstance(token, Clock) or not _is_mark(text, token))
    )
    ends = [*(clock.start for clock in clocks), min(next(closes, len(text)), last.end + _REACH)]
    words = [parts(text, begin, end, days) for begin, end in zip(begins, ends, strict=True)]
    return Line(day, tuple(_after(clocks, words)), tuple(_before(clocks, words)))


def _after(clocks: Sequence[Clock], words: Sequence[Sequence[Part]]) -> Iterator[Told]:
    """Read each time with the cities behind it, until the thought ends."""
    for clock, behind in zip(clocks, words[1:], strict=True):
        own = list(takewhile(lambda part: not part.words or (part.name and not part.ends_thought), behind))
        yield _told(clock, own, [part.mark for part in own if part.mark])
        if len(own) < len(behind) and behind[len(own)].ends_thought:
            return


def _before(clocks: Sequence[Clock], words: Sequence[Sequence[Part]]) -> Iterator[Told]:
    """Read each time with the cities before it; a mark between two times belongs to the one whose city is nearer."""
    for number, (clock, here, there) in enumerate(zip(clocks, words, words[1:], strict=False)):
        thought = _last_thought(here)
        first = next((place for place, part in enumerate(thought) if part.is_city or part.name), 0)
        behind = list(takewhile(lambda part: not (part.words or part.is_city), there))
        # "19:00 UTC (Berlin 20:00)": universal time is also told behind; "8pm GMT (London)" is no such line.
        last, cities = number + 1 == len(clocks), any(part.is_city for part in there)
        universal = [part for part in behind if part.place and last != cities]
        own = thought[first:]
        yield _told(clock, [*own, *universal], [part.mark for part in (*own, *behind) if part.mark])


def _last_thought(words: Sequence[Part]) -> list[Part]:
    found: list[Part] = []
    for part in reversed(words):
        if part.words and not part.name:
            break
        found.insert(0, part)
        if part.ends_thought:
            break
    return found


def _told(clock: Clock, words: Sequence[Part], marks: Sequence[Mark]) -> Told:
    """Join a time with its places; beside a city GMT is an abbreviation like any other."""
    places = [part.place for part in words if part.place]
    if any(place.city for place in places):
        places = [place for place in places if place.zone != "GMT"]
    unknown = not places and any(part.name for part in words)
    return Told(clock.at, tuple(places), marks[0] if marks else None, unknown)
