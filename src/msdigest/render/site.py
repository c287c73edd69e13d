"""Static pages: index, an entry with how we got it, the archive of an issue.

Templates print ready words; what they say is decided here. Nothing on a page depends on who reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.model.prose import shortened
from msdigest.render.disclosures import page_statement
from msdigest.render.figures import figure_words
from msdigest.render.history import history
from msdigest.render.labels import Label, labels
from msdigest.render.meetings import Meeting, meeting
from msdigest.render.plain import one_line
from msdigest.render.references import reference, web_address
from msdigest.render.whens import told_at, told_when
from msdigest.words import direction, number_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from msdigest.model.entry import Change, Enclosure, Entry, Revision
    from msdigest.render.shown import Shown
    from msdigest.render.template import Templates
    from msdigest.render.whens import Dates, When

_LONGEST_BRIEF = 200
_MEGABYTE = 1_000_000
_MINUTE = 60
_HEADING = re.compile(r"<h([1-6])\b")
_HEADING_TAG = re.compile(r"(</?h)([1-6])\b")


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
        issues=tuple((issue, told_when(site.dates, issue.at, "day")) for issue in issues),
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
        calendar=entry.kind == "event" and entry.event is not None,
        figure=figure_words(entry.figure, language=site.language),
        body=_under_the_title(shown.body),
        excerpt_only=shown.excerpt_only,
        topics=tuple(Feeds(name=name, path=f"feeds/topic/{one}") for one, name in shown.topics),
        source=Sighting(source=shown.source_name, url=shown.source_url, at=shown.changed),
        authors=shown.authors,
        own_date=_own_date(site, entry),
        precision=entry.precision,
        section=tuple(one_line(heading) for heading in entry.section),
        source_updated=told_at(site.dates, entry.updated if entry.updated != entry.published else None),
        sightings=tuple((one.source, web_address(one.url), told_at(site.dates, one.at)) for one in seen),
        first_seen=told_at(site.dates, entry.first_seen),
        changed=told_at(site.dates, shown.changed),
        names=tuple(reference(identifier) for identifier in entry.identifiers),
        files=tuple((web_address(one.url), one_line(one.type), _measures(one))
                    for one in entry.enclosures if web_address(one.url)),
        steps=history(site.dates, revisions, changes),
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
        when=told_when(site.dates, issue.at, "day"),
        count=sum(len(entries) for _, entries in sections),
        sections=tuple(
            (
                one_line(title),
                tuple(
                    (row(site, shown), told_when(site.dates, changed.get(shown.entry.id), "minute"))
                    for shown in entries
                ),
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


def _date(site: Site, entry: Entry) -> When:
    if entry.published is None and entry.event is not None:
        return told_when(site.dates, entry.event.start, "day")
    return told_when(site.dates, entry.published, entry.precision or "day")


def _own_date(site: Site, entry: Entry) -> When:
    if entry.published is None and entry.event is not None:
        return told_at(site.dates, entry.event.start)
    return told_at(site.dates, entry.published) if entry.precision == "minute" else _date(site, entry)


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
