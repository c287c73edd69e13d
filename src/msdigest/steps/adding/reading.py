"""Reads what an editor typed: every field is judged by itself, so that all faults are told at once."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from msdigest.errors import TypedError
from msdigest.markup.blocks import plain
from msdigest.markup.links import canonical_link
from msdigest.markup.media import seconds, size, type_of
from msdigest.markup.text import plain_title
from msdigest.markup.typed import paragraphs, web_link
from msdigest.model.details import Event, Figure
from msdigest.model.doi import spelled_doi
from msdigest.model.entry import Enclosure, Entry, Fact, Identifier
from msdigest.model.typed import Typed, date_of, instant_of, number_of, place_of, speaker_of, zone_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.source import Source
    from msdigest.model.topic import Vocabulary
    from msdigest.ports import Enrichment

# Kinds of entries that an editor can type, with what is said of each in a form.
KINDS: Mapping[str, str] = {
    "event": "a call or meeting",
    "recording": "a podcast or video",
    "resource": "something to use",
    "guidance": "professional advice",
    "safety": "a warning",
    "figure": "a registry’s number",
    "work": "a paper or preprint",
    "trial": "a clinical study",
    "note": "a short notice",
    "post": "a longer text",
}
_LONGEST_TITLE, _LONGEST_TEXT = 300, 50_000
_MEETINGS = ("event", "recording")
# Fields that only some kinds of entries have.
_OWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("at", "zone", "city", "join", "speakers"), _MEETINGS),
    **dict.fromkeys(("file", "type", "length", "duration"), ("recording",)),
    **dict.fromkeys(("number", "unit"), ("figure",)),
}
T = TypeVar("T")


@dataclass(slots=True)
class _Reading:
    """Reads what was typed, field by field, and remembers every fault."""

    typed: Typed
    faults: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, reads: Callable[..., T], *words: Any) -> T | None:
        """Return ``reads(*words)``; None if that is the fault of the field ``name``."""
        try:
            return reads(*words)
        except ValueError as error:
            self.faults.setdefault(name, str(error))
            return None

    def told(self, name: str, reads: Callable[[str], T]) -> T | None:
        """Return what is read of the field ``name``; None if nothing was typed there."""
        words = getattr(self.typed, name)
        return self.read(name, reads, words) if words.strip() else None

    def refuse(self) -> None:
        """Raise TypedError if there were faults, in the order of the fields."""
        if self.faults:
            raise TypedError({each.name: self.faults[each.name] for each in fields(Typed) if each.name in self.faults})


def read(
    typed: Typed, source: Source, *, vocabulary: Vocabulary, enrichments: Sequence[Enrichment]
) -> tuple[Entry, str]:
    """Return the entry that was typed, enriched, and its text as it was typed; its key is not known yet.

    Raises TypedError with every fault.
    """
    reading = _Reading(typed)
    _check_fields(reading)
    published = reading.told("date", date_of)
    html = paragraphs(typed.text[:_LONGEST_TEXT])
    shown = plain(html)
    entry = Entry(
        key="",
        source=source.id,
        kind=typed.kind,
        title=reading.read("title", _title, typed.title) or "",
        url=reading.told("url", web_link) or "",
        html=html,
        text=shown,
        published=published.instant if published else None,
        precision=published.precision if published else None,
        enclosures=_files(reading),
        topics=_topics(reading, vocabulary),
        audience=source.audience,
        evidence=source.evidence,
        event=_event(reading),
        figure=_figure(reading),
    )
    reading.refuse()
    entry = replace(entry, facts=_facts(entry), same_as=_same_as(entry))
    for enrich in enrichments:
        entry = enrich(entry)
    if entry.doubts:
        reading.faults["text"] = f"{' '.join(entry.doubts)} Say when it is: a day and time, and a zone or city."
    if entry.kind == "event" and entry.event is None and entry.published is None:
        reading.faults["at"] = "is missing: an event needs its day and time, or its date"
    reading.refuse()
    return entry, shown


def _check_fields(reading: _Reading) -> None:
    """Find a kind that is none, a text that is too long, and fields that mean nothing for this kind."""
    typed = reading.typed
    if typed.kind not in KINDS:
        reading.faults["kind"] = f"{typed.kind!r} is no kind of entry: {', '.join(KINDS)} are"
        return
    if len(typed.text) > _LONGEST_TEXT:
        reading.faults["text"] = f"is longer than {_LONGEST_TEXT:,} characters"
    for name, kinds in _OWN.items():
        if getattr(typed, name) and typed.kind not in kinds:
            reading.faults[name] = f"means nothing for kind {typed.kind!r}, only for {' and '.join(kinds)}"


def _title(words: str) -> str:
    title = plain_title(words)
    if not title:
        message = "is missing: write what it is, in a few words"
        raise ValueError(message)
    if len(title) > _LONGEST_TITLE:
        message = f"is longer than {_LONGEST_TITLE} characters"
        raise ValueError(message)
    return title


def _topics(reading: _Reading, vocabulary: Vocabulary) -> tuple[str, ...]:
    def resolved(word: str) -> str:
        found = vocabulary.resolve(word)
        if found is None:
            near = vocabulary.nearest(word)
            message = f"{word!r} is not in config/topics.toml" + (f": did you mean {near}?" if near else "")
            raise ValueError(message)
        return found

    words = [word.strip() for word in reading.typed.topics if word.strip()]
    found = [reading.read("topics", resolved, word) for word in words]
    return tuple(dict.fromkeys(topic for topic in found if topic))


def _event(reading: _Reading) -> Event | None:
    """Return the meeting that was typed; a zone, a city, a link or a speaker alone make none."""
    typed = reading.typed
    zone = reading.read("zone" if typed.zone else "city", zone_named, typed.zone.strip(), typed.city.strip())
    start = None if zone is None else reading.read("at", instant_of, typed.at, zone) if typed.at else None
    place = reading.read("city", place_of, start, zone, typed.city.strip()) if start and zone else None
    join = reading.told("join", web_link) or ""
    speakers = [reading.read("speakers", speaker_of, words) for words in typed.speakers if words.strip()]
    needs_start = next((name for name in ("zone", "city", "join", "speakers") if getattr(typed, name)), "")
    if not typed.at and needs_start:
        reading.faults.setdefault("at", "is missing: write the day and time, such as 2026-12-03 19:00")
    if start is None:
        return None
    return Event(
        start=start,
        places=(place,) if place else (),
        speakers=tuple(speaker for speaker in speakers if speaker),
        join=join,
    )


def _files(reading: _Reading) -> tuple[Enclosure, ...]:
    typed = reading.typed

    def kind_of(url: str) -> str:
        found = type_of(typed.type.strip() or None, url)
        if not found:
            message = f"{typed.type or url!r} tells no sound or film: write a type such as audio/mpeg or video/mp4"
            raise ValueError(message)
        return found

    url = reading.told("file", web_link)
    length, duration = reading.told("length", _bytes), reading.told("duration", _seconds)
    if url is None:
        if not typed.file and (typed.type or typed.length or typed.duration):
            reading.faults.setdefault("file", "is missing: write the address of the sound or film")
        return ()
    return (Enclosure(url, reading.read("type", kind_of, url) or "", length, duration),)


def _bytes(words: str) -> int:
    found = size(words.replace(",", ""))
    if found is None:
        message = f"{words!r} is no size in bytes such as 48211000"
        raise ValueError(message)
    return found


def _seconds(words: str) -> int:
    found = seconds(words)
    if found is None:
        message = f"{words!r} is no duration such as 58:58 or 1:02:03"
        raise ValueError(message)
    return found


def _figure(reading: _Reading) -> Figure | None:
    typed = reading.typed
    number, unit = reading.told("number", number_of), plain_title(typed.unit)
    if not typed.number.strip() and (unit or typed.kind == "figure"):
        reading.faults.setdefault("number", "is missing: write the number, such as 52,000")
    if number is None:
        return None
    return Figure(name=plain_title(typed.title), number=number, unit=unit, as_of=reading.told("date", date_of))


def _facts(entry: Entry) -> tuple[Fact, ...]:
    """Return what is watched on it: what is typed anew for the same thing is a change with before and after."""
    if entry.figure:
        return (Fact(name="figure", value=f"{entry.figure.number:.15g}", label=entry.figure.name, change="figure"),)
    if entry.event and entry.kind == "event":
        return (Fact(name="start", value=f"{entry.event.start:%Y-%m-%dT%H:%MZ}", label="start", change="date"),)
    return ()


def _same_as(entry: Entry) -> tuple[Identifier, ...]:
    """Return the DOI whose own page its address is."""
    is_doi = canonical_link(entry.url).startswith(("doi.org/", "dx.doi.org/"))
    doi = spelled_doi(entry.url) if is_doi else ""
    return (Identifier("doi", doi),) if doi else ()
