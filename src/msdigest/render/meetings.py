"""When a meeting is, who speaks and how to take part: the same words for everybody, in mail and pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from msdigest.model.prose import shortened
from msdigest.render.instants import utc
from msdigest.render.plain import one_line
from msdigest.render.references import web_address
from msdigest.words import instant_words, say, weekday_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.details import Event, LocalTime, Speaker

# Whatever a source tells, a meeting is a few lines.
MOST_CITIES = 40
_LONGEST_NAME = 60
_LONGEST_SPEAKERS = 300
# The line begins with this clock.
_UTC = frozenset({"UTC", "Etc/UTC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A meeting in plain words, each one line.

    when: weekday, day, UTC and what the clocks of its cities show. start: the same, aware. speakers: may be empty.
    join, recording: begin with http:// or https://, or are empty.
    """

    when: str
    start: datetime | None = None
    speakers: str = ""
    join: str = ""
    recording: str = ""


def meeting(event: Event | None, *, language: str = "en", cities: int = MOST_CITIES) -> Meeting | None:
    """Tell ``event`` with its first ``cities`` in the words of ``language``; the zones are its own, not a reader's."""
    if event is None:
        return None
    start = utc(event.start)
    clocks = [_clock(place, start, language) for place in event.places if place.zone not in _UTC]
    times = " · ".join((instant_words(start, language=language, weekday=True), *clocks[:cities]))
    return Meeting(
        when=say("when", language=language, times=times),
        start=start,
        speakers=_speakers(event.speakers, language),
        join=web_address(event.join),
        recording=web_address(event.recording),
    )


def _clock(place: LocalTime, start: datetime, language: str) -> str:
    """Return e.g. ``14:00 New York``, with the weekday where it is another day than in UTC."""
    local = datetime.fromisoformat(place.local)
    day = "" if local.date() == start.date() else f"{weekday_words(local.date(), language=language)} "
    return f"{day}{local:%H:%M} {_name(place.city)}"


def _speakers(speakers: Sequence[Speaker], language: str) -> str:
    names = [f"{_name(one.name)} ({_name(one.country)})" if one.country else _name(one.name) for one in speakers]
    listed = shortened(", ".join(names), _LONGEST_SPEAKERS)
    return say("speakers", language=language, count=len(names), names=listed) if listed else ""


def _name(name: str) -> str:
    return shortened(one_line(name), _LONGEST_NAME)
