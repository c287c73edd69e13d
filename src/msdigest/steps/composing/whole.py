"""An issue as a whole: which entries in which order, and how that reads in each variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from msdigest import words
from msdigest.markup.markdown import paragraphs
from msdigest.model.arranging import REST_TITLE, SAFETY, Arranged, arrange, carried, ranked
from msdigest.model.compiled import PROFESSIONAL
from msdigest.model.issue import NO_EDITS, change_id, notice_id
from msdigest.model.topic import Vocabulary
from msdigest.render.email import compile_issue, compile_unchecked
from msdigest.render.glossing import Glossary
from msdigest.render.issue import IssueView, NoticeView, sections_view
from msdigest.render.plain import one_line
from msdigest.render.view import Telling
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.compiled import CompiledIssue, Variant
    from msdigest.model.entry import Change, Entry
    from msdigest.model.issue import Digest, Edits, Issue
    from msdigest.render.template import Templates
    from msdigest.store.database import Transaction

# An issue is compiled with so many entries at most; each message holds far fewer.
MOST_CARRIED = 200
MOST_NOTICES = 20
NO_VOCABULARY = Vocabulary(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What every issue of the site says of itself, and the names behind ids."""

    site_title: str
    site_url: str
    postal_address: str
    source_names: Mapping[str, str]
    topic_names: Mapping[str, str]
    vocabulary: Vocabulary = field(default=NO_VOCABULARY, repr=False)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What an issue tells, before it is told.

    at: its cut-off; its date is printed. chosen: the entries, also those that the editor hid.
    changes: what is told to those who were sent an entry before; each with the entry in its newest words.
    news: what became different on the entries since the last issue: it is told with them.
    """

    digest: Digest
    number: int
    at: datetime
    chosen: Sequence[Entry]
    changes: Sequence[tuple[Change, Entry]] = ()
    news: Sequence[Change] = ()
    edits: Edits = NO_EDITS

    @cached_property
    def sections(self) -> Arranged:
        """The entries that are carried, in sections and in order."""
        every = arrange(self.chosen, self.digest, self.edits)
        ids = {entry.id: entry for _, entries in every for entry in entries}
        chosen = carried([ids[one] for one in ranked(every, self.edits.pinned)], MOST_CARRIED)
        kept = ((title, tuple(entry for entry in entries if entry.id in chosen)) for title, entries in every)
        return tuple((title, entries) for title, entries in kept if entries)

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """Entry ids, what matters most first."""
        return ranked(self.sections, self.edits.pinned)

    @property
    def notices(self) -> tuple[str, ...]:
        """Ids of the notices."""
        return tuple(notice_id(change.id) for change, _ in self.changes)

    @property
    def ids(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Section titles with the ids of their entries."""
        return tuple((title, tuple(entry.id for entry in entries)) for title, entries in self.sections)


def contents_of(connection: Transaction, issue: Issue, digest: Digest, edits: Edits | None = None) -> Contents:
    """Return what a kept issue tells, in the words that it carried when it was composed."""
    revisions = issue_store.revisions_in(connection, issue.id)
    changes = entry_store.changes_by_id(connection, [change_id(notice) for notice in issue.notices])
    about = entry_store.get_many(connection, [change.entry for change in changes])
    return Contents(
        digest=digest,
        number=issue.number,
        at=issue.cut_off,
        chosen=entry_store.in_revisions(connection, revisions),
        changes=[(change, about[change.entry]) for change in changes if change.entry in about],
        news=entry_store.changes_by_id(connection, issue.news),
        edits=issue.edits if edits is None else edits,
    )


def view_of(contents: Contents, imprint: Imprint, variant: Variant) -> IssueView:
    """Tell ``contents`` to the readers of ``variant``."""
    digest, language = contents.digest, words.spoken_language(variant.language)
    zone = digest.cadence.zone
    date = words.date_words(contents.at, "minute", language=language, zone=zone)
    title = digest.titles.get(language, digest.title)
    outside = (
        (digest.neutral.get(language) or words.say("neutral_title", language=language)) if variant.neutral else title
    )
    telling = Telling(
        source_names=imprint.source_names,
        topic_names=imprint.topic_names,
        language=language,
        zone=zone,
        glossary=None if variant.audience == PROFESSIONAL else _glossary(imprint.vocabulary, language),
    )
    sections = [(_section_title(each, digest, language), entries) for each, entries in contents.sections]
    return IssueView(
        digest=title,
        number=contents.number,
        date=date,
        subject=f"{outside} · {date}",
        sections=sections_view(sections, telling, notes=contents.edits.notes, news=contents.news),
        web_url=f"{imprint.site_url}/issue/{digest.id}/{contents.number}/",
        site_title=imprint.site_title,
        postal_address=imprint.postal_address,
        ranking=contents.ranking,
        notices=tuple(_notice(change, entry, language) for change, entry in contents.changes),
        intro=paragraphs(contents.edits.intro),
    )


def compile_all(
    contents: Contents, imprint: Imprint, templates: Templates, variants: Iterable[Variant], *, again: bool = False
) -> dict[str, CompiledIssue]:
    """Compile ``contents`` for each of ``variants``; raises TemplateError.

    again: the same entries were compiled with the same templates before, and compared with the naive way in every
    variant; now they are compared in the first one.
    """
    compiled: dict[str, CompiledIssue] = {}
    for variant in variants:
        view = view_of(contents, imprint, variant)
        make = compile_unchecked if again and compiled else compile_issue
        compiled[variant.id] = make(templates, view, variant)
    return compiled


def _notice(change: Change, entry: Entry, language: str) -> NoticeView:
    what = words.say(change.kind, language=language)
    return NoticeView(
        id=notice_id(change.id),
        entry=entry.id,
        title=one_line(entry.title),
        what=words.say("told_before", language=language, what=what),
    )


def _section_title(title: str, digest: Digest, language: str) -> str:
    for section in digest.sections:
        if section.title == title:
            return section.titles.get(language, title)
    if title == SAFETY.title:
        return words.say("safety", language=language)
    if title == REST_TITLE:
        return words.say("also_new", language=language)
    return digest.titles.get(language, title)


@lru_cache(maxsize=16)
def _glossary(vocabulary: Vocabulary, language: str) -> Glossary:
    return Glossary(vocabulary, language)
