"""What a mail template sees of an entry: plain words, the same for everybody who reads its language.

No HTML of an entry comes this far, only its plain text: nothing that a source writes can break an issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from msdigest.model.prose import shortened
from msdigest.render.disclosures import statement
from msdigest.render.figures import figure_words
from msdigest.render.labels import labels
from msdigest.render.meetings import meeting
from msdigest.render.plain import excerpt, going_on, one_line
from msdigest.render.references import mailable, reference
from msdigest.words import date_words, say, spoken_language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.entry import Change, Entry, Identifier
    from msdigest.render.disclosures import Kind
    from msdigest.render.glossing import Glossary, Segment
    from msdigest.render.labels import Label
    from msdigest.render.meetings import Meeting
    from msdigest.render.references import Reference

_MOST_IDENTIFIERS = 3
_MOST_AUTHORS = 3
_MOST_CITIES = 4
# Whatever a source writes, an entry is at most some six thousand characters and its address: one that could be
# longer would take the room of all others.
_LONGEST_DISCLOSURE = 600
_LONGEST_NOTE = 600
_MOST_NEWS = 4
_LONGEST_VALUE = 90
_LONGEST_TITLE = 300
_LONGEST_BRIEF = 120
_LONGEST_NAME = 100
_LONGEST_LIST_OF_TOPICS = 300
_LONGEST_IDENTIFIER = 120
_LONGEST_REGISTER = 200
_MOST_TOPICS = 12
# Two more addresses of one entry: those of meetings have a few hundred characters.
_LONGEST_WAY_IN = 1_000
# What a part of a mail stands or falls with: of each pair one key of the first must be there, and none of the second.
Conditions: TypeAlias = "tuple[tuple[frozenset[str], frozenset[str]], ...]"
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry as the mail tells it; every string is one line of plain text and of a bounded length.

    title: cut where it is longer than anybody reads; brief: the same, cut to two or three lines.
    url: begins with http:// or https:// and is not overlong, or is empty.
    excerpt: about two sentences that do not repeat the title; may be empty. segments: the same, cut at the words that
        are explained where they stand first (see ``glossing``).
    language: of title and excerpt (BCP 47) where it is not the mail's, else empty.
    byline: source, authors and date with its precision.
    coi: a whole sentence, always there. disclaimer: a whole sentence or empty.
    meeting: of an event, when it is; its links as ``url``. clock: name of the slot that tells it in a reader's zone.
    note: the editors' own words, a whole sentence or empty.
    news: its figure, and what became different on it, a line each: ``status: recruiting → completed``.
    topics: names of its strongest topics; why: the sentence that lists them, empty without topics.
    words: how many it takes to read it.
    """

    id: str
    title: str
    url: str
    excerpt: str
    byline: tuple[str, ...]
    coi: str
    language: str = ""
    disclaimer: str = ""
    labels: tuple[Label, ...] = ()
    references: tuple[Reference, ...] = ()
    meeting: Meeting | None = None
    clock: str = ""
    note: str = ""
    news: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    why: str = ""
    segments: tuple[Segment, ...] = ()

    @property
    def conditions(self) -> Conditions:
        """Return what ``{% shown %}`` asks: what it stands or falls with."""
        return ((frozenset((self.id,)), frozenset()),)

    @property
    def brief(self) -> str:
        """Return the title as a list of titles shows it."""
        return shortened(self.title, _LONGEST_BRIEF)

    @property
    def words(self) -> int:
        """Return how many words there are to read."""
        told = (self.meeting.when, self.meeting.speakers) if self.meeting else ()
        parts = (self.title, *told, *self.news, self.excerpt, self.note, *self.byline, self.coi)
        return sum(len(part.split()) for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How entries are told: in which language, with whose names, and what is explained to its readers.

    zone: of the digest. glossary: None = nothing is explained.
    """

    source_names: Mapping[str, str]
    topic_names: Mapping[str, str]
    language: str = "en"
    zone: str = "UTC"
    glossary: Glossary | None = None


def entry_view(
    entry: Entry, telling: Telling, *, note: str = "", clock: str = "", news: Sequence[Change] = ()
) -> EntryView:
    """Tell ``entry`` in the words of its readers; an id without a name is shown as it is."""
    language, zone, source_names, topic_names = (
        telling.language,
        telling.zone,
        telling.source_names,
        telling.topic_names,
    )
    told = _meeting(entry, language)
    text = going_on(entry.title, entry.text)
    topics = tuple(_name(topic_names.get(topic, topic)) for topic in entry.topics)
    listed = shortened(", ".join(topics), _LONGEST_LIST_OF_TOPICS)
    why = say("why", language=language, count=len(topics), topics=listed) if topics else ""
    return EntryView(
        id=entry.id,
        title=shortened(one_line(entry.title), _LONGEST_TITLE),
        url=mailable(entry.url),
        excerpt=text,
        segments=telling.glossary.segments(text) if telling.glossary else (text,),
        language=_other_language(entry, language),
        byline=_byline(entry, source_names, language=language, zone=zone),
        coi=_disclosure("coi", entry.coi, language) or say("coi_none", language=language),
        disclaimer=_disclosure("disclaimer", entry.disclaimer, language),
        labels=labels(entry, language),
        references=_references(entry.identifiers),
        meeting=told,
        clock=clock if told else "",
        news=tuple(filter(None, (figure_words(entry.figure, language=language), *_news(news, language)))),
        note=say("note", language=language, words=_short(note, _LONGEST_NOTE)) if note.strip() else "",
        topics=topics[:_MOST_TOPICS],
        why=why,
    )


def _name(name: str) -> str:
    return shortened(one_line(name), _LONGEST_NAME)


def _meeting(entry: Entry, language: str) -> Meeting | None:
    told = meeting(entry.event, language=language, cities=_MOST_CITIES)
    if told is None:
        return None
    join, recording = (mailable(link, _LONGEST_WAY_IN) for link in (told.join, told.recording))
    return replace(told, join=join, recording=recording)


def _references(identifiers: Sequence[Identifier]) -> tuple[Reference, ...]:
    # One that is too long is left out: cut short, it would name something else.
    told = (reference(each) for each in identifiers if len(each.value) <= _LONGEST_IDENTIFIER)
    return tuple(islice((each for each in told if len(each.url) <= _LONGEST_REGISTER), _MOST_IDENTIFIERS))


def _news(changes: Sequence[Change], language: str) -> tuple[str, ...]:
    """Tell the newest changes, each thing once: from what it was first to what it is now."""
    first: dict[str, Change] = {}
    last: dict[str, Change] = {}
    for change in changes:
        first.setdefault(change.name, change)
        last[change.name] = change
    lines = (
        say(
            "change_line",
            language=language,
            label=_told(last[name].label or name),
            before=_told(first[name].before or "") or "–",
            after=_told(last[name].after or "") or "–",
        )
        for name in first
        if first[name].before != last[name].after
    )
    return tuple(islice(lines, _MOST_NEWS))


def _told(value: str) -> str:
    return shortened(" ".join(one_line(value).split()), _LONGEST_VALUE)


def _other_language(entry: Entry, language: str) -> str:
    told = one_line(entry.language or "")
    if not _LANGUAGE.fullmatch(told):
        return ""
    return "" if told.split("-")[0].lower() == spoken_language(language).split("-")[0].lower() else told


def _byline(entry: Entry, source_names: Mapping[str, str], *, language: str, zone: str) -> tuple[str, ...]:
    authors = [_name(author) for author in entry.authors[:_MOST_AUTHORS]]
    if len(entry.authors) > _MOST_AUTHORS:
        authors.append(say("et_al", language=language))
    parts = [_name(source_names.get(entry.source, entry.source)), ", ".join(authors)]
    if entry.published is not None:
        parts.append(date_words(entry.published, entry.precision or "day", language=language, zone=zone))
    elif entry.first_seen is not None:
        seen = date_words(entry.first_seen, "minute", language=language, zone=zone)
        parts.append(say("seen", language=language, date=seen))
    return tuple(part for part in parts if part)


def _short(told: str, longest: int) -> str:
    own = " ".join(one_line(told).split())
    return own if len(own) <= longest else excerpt(own, sentences=longest, limit=longest)


def _disclosure(kind: Kind, told: str | None, language: str) -> str:
    own = _short(told or "", _LONGEST_DISCLOSURE)
    return statement(kind, own, name=lambda words: say(kind, language=language, words=words))
