"""Static pages: index, an entry with how we got it, the archive of an issue.

Templates print ready words; what they say is decided here. Nothing on a page depends on who reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from msdigest.model.prose import ELLIPSIS, shortened
from msdigest.render.difference import Piece, difference
from msdigest.render.disclosures import page_statement
from msdigest.render.instants import rfc3339
from msdigest.render.labels import Label, labels
from msdigest.render.meetings import Meeting, meeting
from msdigest.render.plain import one_line, sayable
from msdigest.render.references import reference, web_address
from msdigest.words import direction, number_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.entry import Change, Enclosure, Entry, Precision, Revision
    from msdigest.render.shown import Shown
    from msdigest.render.template import Templates

_LONGEST_BRIEF = 200
_MEGABYTE = 1_000_000
_MINUTE = 60
_ISO_LENGTH: dict[Precision, int] = {"year": 4, "month": 7, "day": 10}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z", re.ASCII)
_HEADING = re.compile(r"<h([1-6])\b")
_HEADING_TAG = re.compile(r"(</?h)([1-6])\b")
_CHANGES = {
    "new": "First seen",
    "edited": "Edited",
    "moved": "Moved under another heading",
    "redated": "Given another date",
    "status": "Another status",
    "results": "Results posted",
    "date": "Another date",
    "enrollment": "Another number of people",
    "published-as": "Published as a paper",
    "final-issue": "In its final issue",
    "retraction": "Retracted",
    "concern": "Expression of concern",
    "correction": "Corrected",
    "figure": "Another figure",
    "section": "Moved under another heading",
    "label": "Label changed",
    "withdrawn": "Withdrawn",
    "comments": "More comments",
}
# Differences that a step tells by itself, from the entries before and after.
_TOLD_ANYHOW = {"", "section", "published"}


class Dates(Protocol):
    """Tells a date in the words of the site's language, no more precisely than it is known."""

    def __call__(self, instant: datetime, precision: Precision, /) -> str:
        """Return e.g. ``December 2026``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page says of the site.

    url: absolute, ends with a slash. contact: an e-mail address or a page, as configured.
    """

    title: str
    url: str
    dates: Dates
    language: str = "en"
    description: str = ""
    contact: str = ""

    @property
    def direction(self) -> str:
        """The language's direction of writing."""
        return direction(self.language)

    @property
    def contact_link(self) -> str:
        """Where the contact leads to; empty if it is neither page nor address."""
        return web_address(self.contact) or (f"mailto:{self.contact}" if "@" in self.contact else "")


@dataclass(frozen=True, slots=True)
class When:
    """A date in words and for machines, both as precise as it is known; both empty = not told."""

    words: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """A feed's name and its address from the site's root, without the ending."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGroup:
    """Feeds of one sort, e.g. of topics."""

    title: str
    feeds: tuple[Feeds, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueHead:
    """What a list of issues says of one; ``path`` from the site's root; ``at``: when it was due."""

    digest: str
    number: int
    subject: str
    path: str
    at: datetime


def issue_path(digest: str, number: int) -> str:
    """Return where an issue's page is, from the site's root; ``number`` is counted within the digest."""
    return f"issue/{digest}/{number}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A place where an entry was seen: the source's name, the address there, and since when."""

    source: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry in a list.

    brief: the title, cut where a list would drown in it. path: of our page about it; link: where it was found.
    when: its own date; of an event whose source tells none, the day it takes place.
    coi: a whole sentence, always there; disclaimer: a whole sentence or empty.
    """

    title: str
    brief: str
    path: str
    link: str
    language: str
    labels: tuple[Label, ...]
    when: When
    byline: str
    summary: str
    coi: str
    disclaimer: str
    meeting: Meeting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A revision: what happened, when, the small facts that differ, and the text's change."""

    number: int
    what: str
    when: When
    material: bool
    facts: tuple[tuple[str, str, str], ...]
    pieces: tuple[Piece, ...]


def index_page(
    templates: Templates,
    site: Site,
    *,
    entries: Sequence[Shown],
    issues: Sequence[IssueHead] = (),
    feeds: Sequence[FeedGroup] = (),
    total: int | None = None,
    calendar: bool = False,
) -> bytes:
    """Write the front page: latest issues, the newest entries, all feeds.

    total: how many entries there are, if more than are listed. calendar: whether there is one to link.
    """
    return templates.render(
        "web/index.html.jinja",
        site=site,
        root="",
        rows=tuple(row(site, shown) for shown in entries),
        total=len(entries) if total is None else total,
        issues=tuple((issue, _when(site, issue.at, "day")) for issue in issues),
        groups=tuple(feeds),
        calendar=calendar,
    ).encode()


def entry_page(
    templates: Templates,
    site: Site,
    shown: Shown,
    *,
    revisions: Sequence[Revision] = (),
    changes: Sequence[Change] = (),
    seen: Sequence[Sighting] = (),
    now_at: str = "",
) -> bytes:
    """Write an entry's page: its text, then how we got it.

    revisions, changes: oldest first. seen: the places where it was seen; none = only where it was first found.
    now_at: page of the entry that this one turned out to be; empty = it is itself.
    """
    entry, listed = shown.entry, row(site, shown)
    return templates.render(
        "web/entry.html.jinja",
        site=site,
        root="../../",
        canonical=shown.page,
        row=listed,
        body=_under_the_title(shown.body),
        excerpt_only=shown.excerpt_only,
        topics=tuple(Feeds(name=name, path=f"feeds/topic/{one}") for one, name in shown.topics),
        source=Sighting(source=shown.source_name, url=shown.source_url, at=shown.changed),
        authors=shown.authors,
        own_date=_own_date(site, entry),
        precision=entry.precision,
        section=tuple(one_line(heading) for heading in entry.section),
        source_updated=_at(site, entry.updated if entry.updated != entry.published else None),
        sightings=tuple((one.source, web_address(one.url), _at(site, one.at)) for one in seen),
        first_seen=_at(site, entry.first_seen),
        changed=_at(site, shown.changed),
        names=tuple(reference(identifier) for identifier in entry.identifiers),
        files=tuple((web_address(one.url), one_line(one.type), _measures(one))
                    for one in entry.enclosures if web_address(one.url)),
        steps=_steps(site, revisions, changes),
        now_at=now_at,
    ).encode()  # fmt: skip


def issue_page(
    templates: Templates,
    site: Site,
    issue: IssueHead,
    *,
    sections: Sequence[tuple[str, Sequence[Shown]]],
    changed: Mapping[str, datetime],
) -> bytes:
    """Write an issue's archive page: its sections and entries as in the mail, with nothing of any reader.

    sections: the entries in the words that were mailed. changed: entry id → when it changed since, which is said.
    """
    return templates.render(
        "web/issue.html.jinja",
        site=site,
        root="../../../",
        canonical=site.url + issue.path,
        issue=issue,
        when=_when(site, issue.at, "day"),
        count=sum(len(entries) for _, entries in sections),
        sections=tuple(
            (
                one_line(title),
                tuple((row(site, shown), _when(site, changed.get(shown.entry.id), "minute")) for shown in entries),
            )
            for title, entries in sections
        ),
    ).encode()


def row(site: Site, shown: Shown) -> Row:
    """Return what a list says of an entry."""
    entry = shown.entry
    byline = "\u00a0· ".join((*(", ".join(shown.authors),) * bool(shown.authors), shown.source_name))
    return Row(
        title=shown.title,
        brief=shortened(shown.title, _LONGEST_BRIEF),
        path=shown.page.removeprefix(site.url),
        link=shown.link,
        language=one_line(entry.language or ""),
        labels=labels(entry),
        when=_date(site, entry),
        byline=byline,
        summary=shown.summary,
        coi=page_statement("coi", entry.coi),
        disclaimer=page_statement("disclaimer", entry.disclaimer) if entry.disclaimer else "",
        meeting=meeting(entry.event, language=site.language),
    )


def _under_the_title(html: str) -> str:
    """Shift the headings of cleaned ``html`` so that the highest is a second one, below the entry's title."""
    levels = [int(level) for level in _HEADING.findall(html)]
    step = 2 - min(levels, default=2)
    return _HEADING_TAG.sub(lambda tag: f"{tag[1]}{max(2, min(6, int(tag[2]) + step))}", html)


def _when(site: Site, instant: datetime | None, precision: Precision) -> When:
    if instant is None:
        return When()
    iso = rfc3339(instant)
    return When(site.dates(instant, precision), iso[: _ISO_LENGTH.get(precision, len(iso))])


def _at(site: Site, instant: datetime | None) -> When:
    """Tell an instant with its time of day, which a date in words leaves out."""
    if instant is None:
        return When()
    day = _when(site, instant, "minute")
    return When(f"{day.words}, {instant.astimezone(UTC):%H:%M} UTC", day.machine)


def _date(site: Site, entry: Entry) -> When:
    if entry.published is None and entry.event is not None:
        return _when(site, entry.event.start, "day")
    return _when(site, entry.published, entry.precision or "day")


def _own_date(site: Site, entry: Entry) -> When:
    if entry.published is None and entry.event is not None:
        return _at(site, entry.event.start)
    return _at(site, entry.published) if entry.precision == "minute" else _date(site, entry)


def _measures(file: Enclosure) -> str:
    """Return how long and how large a file is, where it is told: ``58 min, 28.3 MB``."""
    return ", ".join(filter(None, (_duration(file.duration), _size(file.length))))


def _duration(seconds: int | None) -> str:
    if not seconds or seconds < 0:
        return ""
    return f"{number_words(round(seconds / 60))} min" if seconds >= _MINUTE else f"{seconds} s"


def _size(length: int | None) -> str:
    if length is None:
        return ""
    return f"{length / _MEGABYTE:.1f} MB" if length >= _MEGABYTE else f"{max(1, round(length / 1000))} kB"


def _steps(site: Site, revisions: Sequence[Revision], changes: Sequence[Change]) -> tuple[Step, ...]:
    """Tell each revision by what differs from the one before it; the newest first."""
    steps = []
    for before, now in zip((None, *revisions), revisions, strict=False):
        steps.append(
            Step(
                number=now.number,
                what=_CHANGES[now.change],
                when=_at(site, now.seen),
                # The first sight of an entry is material to the store, but it changed nothing.
                material=now.material and before is not None,
                facts=(*_facts(site, before, now), *_watched(site, changes, now.seen)) if before else (),
                pieces=difference(sayable(before.entry.text), sayable(now.entry.text)) if before else (),
            )
        )
    return tuple(reversed(steps))


def _watched(site: Site, changes: Sequence[Change], seen: datetime) -> tuple[tuple[str, str, str], ...]:
    """Return what was seen to change on watched facts at that moment: what it is, before, after."""
    return tuple(
        (one_line(each.label).capitalize(), _value(site, each.before), _value(site, each.after))
        for each in changes
        if each.seen == seen and each.name not in _TOLD_ANYHOW
    )


def _value(site: Site, value: str | None) -> str:
    """Return a fact's value as it is shown: an instant in words, all else as it is."""
    told = one_line(value or "–")
    if not _INSTANT.fullmatch(told):
        return told
    try:
        return _at(site, datetime.fromisoformat(told)).words
    except ValueError:  # e.g. the 31st of February: shown as the source has it
        return told


def _is_beginning(entry: Entry) -> bool:
    head = " ".join(entry.title.removesuffix(ELLIPSIS).split())
    return " ".join(entry.text.split()).startswith(head)


def _facts(site: Site, before: Revision, now: Revision) -> tuple[tuple[str, str, str], ...]:
    """Return (what, was, is) for title, heading, date and disclosures where they differ."""
    titles = [one_line(one.entry.title) for one in (before, now)]
    told = [
        # A title that is the text's own beginning changes with it: the text's difference shows it already.
        ("Title", *(["", ""] if all(_is_beginning(one.entry) for one in (before, now)) else titles)),
        ("Heading", *(" › ".join(map(one_line, one.entry.section)) for one in (before, now))),
        ("Date", *(_when(site, one.entry.published, one.entry.precision or "day").words for one in (before, now))),
        ("Conflicts of interest", one_line(before.entry.coi or ""), one_line(now.entry.coi or "")),
        ("Disclaimer", one_line(before.entry.disclaimer or ""), one_line(now.entry.disclaimer or "")),
    ]
    return tuple((what, was or "none", now_is or "none") for what, was, now_is in told if was != now_is)
