"""Events: an entry that tells when people meet becomes a meeting at one instant, with who speaks and how to join."""

from __future__ import annotations

import html as entities
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msdigest.model.details import Event
from msdigest.model.entry import Fact
from msdigest.model.meetings import read_meeting
from msdigest.model.speakers import read_speakers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdigest.model.details import LocalTime
    from msdigest.model.entry import Entry

# What else an entry may be is more than an invitation: a regulator's notice with a briefing stays a notice.
_MAY_TELL = frozenset(("post", "note", "event", "recording"))
_LINK = re.compile(r'<a\s[^<>]{0,2000}?href="(?P<to>[^"<>]*)"[^<>]*>(?P<words>.{0,300}?)</a>', re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
# "The UK MS Register" is a registry: the word counts only where somebody is asked to.
_JOINS = re.compile(
    r"\b(?:zoom|teams|webex|gotomeeting|gotowebinar|registration)\b"
    r"|(?:\A|\b(?:to|please|and|or|can)\s)(?:join|register|sign up)\b",
    re.IGNORECASE,
)
_JOIN_HOSTS = re.compile(r"(?:\A|\.)(?:zoom|teams|webex|gotomeeting|gotowebinar|meet\.google)\.")
_RECORDED = re.compile(r"\b(?:recordings?|recorded|replay|listen|watch)\b", re.IGNORECASE)
_RECORDING_PATHS = re.compile(r"/rec(?:ordings?)?/")
_HEARD = ("audio/", "video/")
_MOST_LINKS = 500


def enrich(entry: Entry) -> Entry:
    """Make an event of an ``entry`` that tells a day and times in cities, all one instant; a recording stays one.

    Cities that do not agree are a doubt. Speakers without an instant are a fact: there is no event without its time.
    """
    if entry.event is not None or entry.kind not in _MAY_TELL:
        return entry
    recorded = entry.kind == "recording"
    near = entry.published or entry.updated or entry.first_seen
    meeting = read_meeting(f"{entry.title}\n{entry.text}", near=near, ahead=not recorded)
    if meeting and meeting.start:
        return _as_event(entry, meeting.start, meeting.places)
    if meeting and not recorded:
        return replace(entry, doubts=tuple(dict.fromkeys((*entry.doubts, meeting.doubt))))
    return _with_speakers(entry)


def _as_event(entry: Entry, start: datetime, places: tuple[LocalTime, ...]) -> Entry:
    """Return ``entry`` as the event that it tells of; that a recording's meeting began is no longer watched."""
    join, recording = _links(entry)
    speakers = read_speakers(entry.text, of_meeting=True)
    event = Event(start=start, places=places, speakers=speakers, join=join, recording=recording)
    if entry.kind == "recording":
        return replace(entry, event=event)
    fact = Fact(name="start", value=f"{start:%Y-%m-%dT%H:%MZ}", label="start", change="date")
    return replace(entry, kind="event", event=event, facts=_joined(entry.facts, fact))


def _with_speakers(entry: Entry) -> Entry:
    speakers = read_speakers(entry.text, of_meeting=entry.kind in {"event", "recording"})
    if not speakers:
        return entry
    names = ", ".join(f"{one.name} ({one.country})" if one.country else one.name for one in speakers)
    return replace(
        entry, facts=_joined(entry.facts, Fact(name="speakers", value=names, label="speakers", material=False))
    )


def _joined(facts: tuple[Fact, ...], fact: Fact) -> tuple[Fact, ...]:
    return facts if any(one.name == fact.name for one in facts) else (*facts, fact)


def _links(entry: Entry) -> tuple[str, str]:
    """Return where to take part and where to hear it later; of a recording, first of all its own file."""
    heard = (one.url for one in entry.enclosures if one.type.startswith(_HEARD))
    join, recording = "", next(heard, "")
    for address, words in _web_links(entry.html):
        parts = urlsplit(address)
        if _RECORDED.search(words) or _RECORDING_PATHS.search(parts.path):
            recording = recording or address
        elif _JOINS.search(words) or _JOIN_HOSTS.search(parts.netloc.lower()):
            join = join or address
    return join, recording


def _web_links(html: str) -> Iterator[tuple[str, str]]:
    """Find the first links of a cleaned body with their words; one that cannot be taken apart leads nowhere."""
    for number, match in enumerate(_LINK.finditer(html)):
        if number == _MOST_LINKS:
            return
        address = entities.unescape(match["to"])
        try:
            usable = urlsplit(address).scheme in {"http", "https"}
        except ValueError:
            continue
        if usable:
            yield address, " ".join(entities.unescape(_TAG.sub("", match["words"])).split())
