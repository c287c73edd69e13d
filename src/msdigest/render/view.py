"""What a mail template sees: an issue in plain words, the same for everybody who reads its language.

No HTML of an entry comes this far, only its plain text: nothing that a source writes can break an issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from msdigest.model.prose import shortened
from msdigest.render.disclosures import statement
from msdigest.render.labels import labels
from msdigest.render.meetings import meeting
from msdigest.render.plain import excerpt, going_on, one_line
from msdigest.render.references import reference, web_address
from msdigest.words import date_words, say, spoken_language

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from msdigest.model.entry import Entry, Identifier
    from msdigest.render.disclosures import Kind
    from msdigest.render.labels import Label
    from msdigest.render.meetings import Meeting
    from msdigest.render.references import Reference

_MOST_IDENTIFIERS = 3
_MOST_AUTHORS = 3
_MOST_CITIES = 4
# Whatever a source writes, an entry is at most some five thousand characters and its address: one that could be
# longer would take the room of all others.
_LONGEST_DISCLOSURE = 600
_LONGEST_TITLE = 300
_LONGEST_BRIEF = 120
_LONGEST_NAME = 100
_LONGEST_LIST_OF_TOPICS = 300
_LONGEST_IDENTIFIER = 120
_LONGEST_REGISTER = 200
_MOST_TOPICS = 12
# As it is written in the mail. Longer ones are opened by hardly any program.
_LONGEST_ADDRESS = 2_000
# Two more addresses of one entry: those of meetings have a few hundred characters.
_LONGEST_WAY_IN = 1_000
_WRITTEN_AS_THEY_ARE = "%/:?#[]@!$'()*+,;=~"
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry as the mail tells it; every string is one line of plain text and of a bounded length.

    title: cut where it is longer than anybody reads; brief: the same, cut to two or three lines.
    url: begins with http:// or https:// and is not overlong, or is empty.
    excerpt: about two sentences that do not repeat the title; may be empty.
    language: of title and excerpt (BCP 47) where it is not the mail's, else empty.
    byline: source, authors and date with its precision.
    coi: a whole sentence, always there. disclaimer: a whole sentence or empty.
    meeting: of an event, when it is; its links as ``url``.
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
    topics: tuple[str, ...] = ()
    why: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Return what ``{% shown %}`` asks: the entries that it stands or falls with."""
        return (self.id,)

    @property
    def brief(self) -> str:
        """Return the title as a list of titles shows it."""
        return shortened(self.title, _LONGEST_BRIEF)

    @property
    def words(self) -> int:
        """Return how many words there are to read."""
        told = (self.meeting.when, self.meeting.speakers) if self.meeting else ()
        return sum(len(part.split()) for part in (self.title, *told, self.excerpt, *self.byline, self.coi))


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section with its entries; there is at least one."""

    title: str
    entries: tuple[EntryView, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the entries that the section stands or falls with."""
        return tuple(entry.id for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """An issue as the mail tells it.

    digest: the digest's title. number: counted within the digest. date: in words.
    web_url: the issue's page, as ``render.site.issue_path`` puts it. more_on_web: how many entries did not fit.
    """

    digest: str
    number: int
    date: str
    subject: str
    sections: tuple[SectionView, ...]
    web_url: str
    site_title: str
    postal_address: str
    more_on_web: int = 0

    @property
    def front_url(self) -> str:
        """Return the site's front page, which lists what is new: the page of an issue holds only what was mailed."""
        return urljoin(self.web_url, "../../../")

    def link(self, entry: EntryView) -> str:
        """Return where ``entry`` leads: our own page about it if its address cannot stand in a mail."""
        return entry.url or f"{self.front_url}entry/{entry.id}/"

    @property
    def entries(self) -> tuple[EntryView, ...]:
        """Return all entries in the order of print."""
        return tuple(entry for section in self.sections for entry in section.entries)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of all entries in the order of print."""
        return tuple(entry.id for entry in self.entries)

    def only(self, chosen: Collection[str]) -> IssueView:
        """Return the issue with the ``chosen`` entries alone: what one selection is to read."""
        kept = (
            SectionView(section.title, tuple(entry for entry in section.entries if entry.id in chosen))
            for section in self.sections
        )
        return replace(self, sections=tuple(section for section in kept if section.entries))

    def capped(self, number: int) -> IssueView:
        """Return the issue with its first ``number`` entries; the rest is counted as being on the web."""
        left_out = len(self.ids) - number
        if left_out <= 0:
            return self
        return replace(self.only(self.ids[:number]), more_on_web=self.more_on_web + left_out)


def entry_view(
    entry: Entry,
    *,
    source_names: Mapping[str, str],
    topic_names: Mapping[str, str],
    language: str = "en",
    zone: str = "UTC",
) -> EntryView:
    """Tell ``entry`` in the words of ``language``; an id without a name is shown as it is."""
    topics = tuple(_name(topic_names.get(topic, topic)) for topic in entry.topics)
    listed = shortened(", ".join(topics), _LONGEST_LIST_OF_TOPICS)
    why = say("why", language=language, count=len(topics), topics=listed) if topics else ""
    return EntryView(
        id=entry.id,
        title=shortened(one_line(entry.title), _LONGEST_TITLE),
        url=_address(entry.url),
        excerpt=going_on(entry.title, entry.text),
        language=_other_language(entry, language),
        byline=_byline(entry, source_names, language=language, zone=zone),
        coi=_disclosure("coi", entry.coi, language) or say("coi_none", language=language),
        disclaimer=_disclosure("disclaimer", entry.disclaimer, language),
        labels=labels(entry, language),
        references=_references(entry.identifiers),
        meeting=_meeting(entry, language),
        topics=topics[:_MOST_TOPICS],
        why=why,
    )


def _name(name: str) -> str:
    return shortened(one_line(name), _LONGEST_NAME)


def _address(url: str, longest: int = _LONGEST_ADDRESS) -> str:
    address = web_address(url) if len(url) <= longest else ""
    # libxml2 writes each byte of other scripts as three characters.
    return address if len(quote(address, safe=_WRITTEN_AS_THEY_ARE)) <= longest else ""


def _meeting(entry: Entry, language: str) -> Meeting | None:
    told = meeting(entry.event, language=language, cities=_MOST_CITIES)
    if told is None:
        return None
    join, recording = (_address(link, _LONGEST_WAY_IN) for link in (told.join, told.recording))
    return replace(told, join=join, recording=recording)


def _references(identifiers: Sequence[Identifier]) -> tuple[Reference, ...]:
    # One that is too long is left out: cut short, it would name something else.
    told = (reference(each) for each in identifiers if len(each.value) <= _LONGEST_IDENTIFIER)
    return tuple(islice((each for each in told if len(each.url) <= _LONGEST_REGISTER), _MOST_IDENTIFIERS))


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


def _disclosure(kind: Kind, told: str | None, language: str) -> str:
    own = " ".join(one_line(told or "").split())
    if len(own) > _LONGEST_DISCLOSURE:
        own = excerpt(own, sentences=_LONGEST_DISCLOSURE, limit=_LONGEST_DISCLOSURE)
    return statement(kind, own, name=lambda words: say(kind, language=language, words=words))


def sections_view(
    sections: Sequence[tuple[str, Sequence[Entry]]],
    *,
    source_names: Mapping[str, str],
    topic_names: Mapping[str, str],
    language: str = "en",
    zone: str = "UTC",
) -> tuple[SectionView, ...]:
    """Tell what ``model.issue.arrange`` returns in the words of ``language``."""
    return tuple(
        SectionView(
            one_line(title),
            tuple(
                entry_view(entry, source_names=source_names, topic_names=topic_names, language=language, zone=zone)
                for entry in entries
            ),
        )
        for title, entries in sections
    )
