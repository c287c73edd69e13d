"""Publishing: everything that is public, written into one folder that a web server can hand out as it stands.

The same material always gives the same files; a file that is right already is not touched, so that its time and
its ETag stay.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msdigest import words
from msdigest.model.source import Source
from msdigest.render import exports, feed, site
from msdigest.render.shown import Shown, urn
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from msdigest.model.entry import Change, Entry, Revision
    from msdigest.model.issue import Digest, Issue
    from msdigest.render.template import Templates
    from msdigest.store.database import Transaction

FEED_ENTRIES = 50
ALL_ENTRIES = 100
# What is in these folders is ours alone: what we no longer produce there is removed.
_OURS = ("feeds", "entry", "issue")
_OURS_AT_THE_TOP = ("index.html", "calendar.ics", "sources.opml", "style/site.css")
# An id becomes part of a path and of an address.
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# The date of a feed that has no entries yet: it must not be the time of writing.
_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry with its history: revisions, oldest first, and the other places where it was seen.

    changes: of the things that are watched on it, oldest first. seen: (source id, address there, since when).
    into: id of the entry that it turned out to be; empty = it is itself.
    """

    entry: Entry
    revisions: tuple[Revision, ...]
    changes: tuple[Change, ...] = ()
    seen: tuple[tuple[str, str, datetime], ...] = ()
    into: str = ""

    @property
    def changed(self) -> datetime:
        """When the newest revision was seen that readers should know of; the first one counts."""
        return next((each.seen for each in reversed(self.revisions) if each.material), self.revisions[0].seen)


@dataclass(frozen=True, slots=True)
class Archived:
    """An issue that everybody may read, with the revision in which it carries each entry (by entry id)."""

    issue: Issue
    revisions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that is published.

    entries: newest first, each with an id and at least one revision. issues: newest first.
    topics: id → name of the whole vocabulary. url: of the site. hub: a WebSub hub.
    """

    title: str
    url: str
    entries: Sequence[Kept]
    sources: Sequence[Source]
    digests: Sequence[Digest] = ()
    issues: Sequence[Archived] = ()
    topics: Mapping[str, str]
    description: str = ""
    contact: str = ""
    language: str = words.DEFAULT_LANGUAGE
    rights: str = ""
    hub: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a round did to the files; ``feeds`` counts feeds, each of which is three files."""

    written: int
    unchanged: int
    removed: int
    feeds: int


def gathered(connection: Transaction) -> tuple[list[Kept], list[Archived]]:
    """Read the entries with their history, and the issues that are public, both newest first."""
    kept = [
        Kept(
            entry=entry,
            revisions=tuple(entry_store.revisions_of(connection, entry.id)),
            changes=tuple(entry_store.changes_of(connection, entry.id)),
            seen=tuple(
                (place.source, place.url, place.first_seen) for place in entry_store.places_of(connection, entry.id)
            ),
            into=into,
        )
        for entry, into in [
            *((entry, "") for entry in entry_store.newest(connection)),
            *entry_store.ended(connection),
        ]
    ]
    archived = [
        Archived(issue, issue_store.revisions_in(connection, issue.id))
        for issue in issue_store.find(connection)
        if _is_public(connection, issue)
    ]
    return kept, archived


def _is_public(connection: Transaction, issue: Issue) -> bool:
    """Tell whether people were sent ``issue``, or are being sent it; until it is frozen it may still change."""
    if issue.provider is None:
        return False
    return issue.state != "cancelled" or delivery_store.account(connection, issue.id).accepted > 0


@contextmanager
def in_turn(out: Path) -> Iterator[None]:
    """Wait until nobody else publishes into ``out``, and keep others waiting; held while reading what is published.

    The operating system drops the lock when the process ends, however it ends.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(out.parent / "publish.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def publish(material: Material, *, templates: Templates, out: Path) -> Published:
    """Write all public files into ``out`` and remove those of ours that are no longer produced; see ``in_turn``.

    Raises ValueError, before anything is removed, for an id that is no safe part of a path and for an issue that
    names an entry, or a revision, which was not handed in; TemplateError for a template.
    """
    press = _Press(material, templates)
    written = unchanged = 0
    produced = set()
    for path, body in press.files():
        produced.add(path)
        if _write(out / path, body):
            written += 1
        else:
            unchanged += 1
    removed = _remove_stale(out, produced)
    return Published(written=written, unchanged=unchanged, removed=removed, feeds=len(press.feeds))


def issue_page_of(public: Path, issue: Issue) -> str:
    """Return the page of an issue as it was published; empty before that."""
    page = public / site.issue_path(_safe(issue.digest), issue.number) / "index.html"
    return page.read_text(encoding="utf-8") if page.is_file() else ""


class _Press:
    """Turns the material into files, one after the other."""

    def __init__(self, material: Material, templates: Templates) -> None:
        self.material = material
        self.templates = templates
        self.url = material.url.rstrip("/") + "/"
        self.site = site.Site(
            title=material.title,
            url=self.url,
            dates=partial(words.date_words, language=material.language),
            language=material.language,
            description=material.description,
            contact=material.contact,
        )
        self.sources = {source.id: source for source in material.sources}
        self.shown = [self._shown(kept) for kept in material.entries if not kept.into]
        self.kept = {kept.entry.id: kept for kept in material.entries}
        self.issues = [(self._head(archived.issue), archived) for archived in material.issues]
        # path of a feed → (its name, its entries)
        self.feeds = {path: (name, entries) for group in self._groups() for path, name, entries in group[1]}

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give (path, content) of every file; the pages that link to others come after them."""
        stylesheet = Path(self.templates.path("style/site.css"))
        yield "style/site.css", stylesheet.read_bytes()
        for kept in self.material.entries:
            shown = self._shown(kept)
            yield f"entry/{kept.entry.id}/index.html", self._entry(shown, kept)
            if kept.entry.event is not None and (meeting := exports.calendar(shown.title, [shown])) is not None:
                yield f"entry/{kept.entry.id}/meeting.ics", meeting
        for head, archived in self.issues:
            yield f"{head.path}index.html", self._issue(head, archived)
        for path in self.feeds:
            yield from self._feed(path)
        yield "sources.opml", exports.opml(self.material.title, self.material.sources)
        meetings = exports.calendar(self.material.title, self.shown)
        if meetings is not None:
            yield "calendar.ics", meetings
        yield "index.html", self._index(calendar=meetings is not None)

    def _groups(self) -> Iterator[tuple[str, list[tuple[str, str, list[Shown]]]]]:
        """Give (title of the group, its feeds as (path, name, entries))."""
        yield "Everything", [("feeds/all", self.material.title, self.shown)]
        yield "Digests", [(_path("digest", one.id), one.title, self._of_digest(one)) for one in self.material.digests]
        by_topic = _shelves(self.shown, lambda entry: entry.topics)
        by_kind = _shelves(self.shown, lambda entry: (entry.kind,))
        by_source = _shelves(self.shown, lambda entry: (entry.source,))
        names = sorted(by_topic, key=lambda one: (self._topic_name(one).casefold(), one))
        yield "Topics", [(_path("topic", one), self._topic_name(one), by_topic[one]) for one in names]
        yield "Kinds", [(_path("kind", one), one.capitalize(), by_kind[one]) for one in sorted(by_kind)]
        yield (
            "Sources",
            [(_path("source", one.id), one.name or one.id, by_source.get(one.id, [])) for one in self.material.sources],
        )

    def _feed(self, path: str) -> Iterator[tuple[str, bytes]]:
        name, every = self.feeds[path]
        entries = every[: ALL_ENTRIES if path == "feeds/all" else FEED_ENTRIES]
        title = self.material.title
        for form, write in (("rss", feed.rss), ("atom", feed.atom), ("json", feed.json_feed)):
            channel = feed.Channel(
                title=title if path == "feeds/all" else f"{name} – {title}",
                description=self.material.description or f"{name}: what is new",
                site_url=self.url,
                feed_url=f"{self.url}{path}.{form}",
                updated=max((shown.changed for shown in entries), default=_NOTHING_YET),
                language=self.material.language,
                author=title,
                rights=self.material.rights,
                hub=self.material.hub,
            )
            yield f"{path}.{form}", write(channel, entries)

    def _index(self, *, calendar: bool) -> bytes:
        groups = [
            site.FeedGroup(title=title, feeds=tuple(site.Feeds(name=name, path=path) for path, name, _ in feeds))
            for title, feeds in self._groups()
            if feeds
        ]
        return site.index_page(
            self.templates,
            self.site,
            entries=self.shown[:ALL_ENTRIES],
            issues=[head for head, _ in self.issues],
            feeds=groups,
            total=len(self.shown),
            calendar=calendar,
        )

    def _entry(self, shown: Shown, kept: Kept) -> bytes:
        seen = [
            site.Sighting(source=self._source(source).name or source, url=url, at=at) for source, url, at in kept.seen
        ]
        return site.entry_page(
            self.templates,
            self.site,
            shown,
            revisions=kept.revisions,
            changes=kept.changes,
            seen=seen,
            now_at=f"../{kept.into}/" if kept.into else "",
        )

    def _issue(self, head: site.IssueHead, archived: Archived) -> bytes:
        sections = [
            (title, [self._as_sent(one, archived) for one in entries]) for title, entries in archived.issue.sections
        ]
        changed = {
            one: self.kept[one].changed
            for one, number in archived.revisions.items()
            if one in self.kept and self.kept[one].revisions[-1].number > number
        }
        return site.issue_page(self.templates, self.site, head, sections=sections, changed=changed)

    def _as_sent(self, entry: str, archived: Archived) -> Shown:
        """Return an entry in the words that the issue carried, whatever it says by now."""
        if entry not in self.kept:
            message = f"issue {archived.issue.id} names the entry {entry}, which was not handed in"
            raise ValueError(message)
        kept = self.kept[entry]
        for revision in kept.revisions:
            if revision.number == archived.revisions.get(entry):
                return self._shown(replace(kept, entry=entry_store.as_of(kept.entry, revision)))
        message = f"issue {archived.issue.id} carries the entry {entry} in a revision which was not handed in"
        raise ValueError(message)

    def _of_digest(self, digest: Digest) -> list[Shown]:
        """Return what the digest's public issues brought, newest first."""
        named = {
            one for _, archived in self.issues if archived.issue.digest == digest.id for one in archived.issue.entries
        }
        return [shown for shown in self.shown if shown.entry.id in named]

    def _head(self, issue: Issue) -> site.IssueHead:
        titles = {digest.id: digest.title for digest in self.material.digests}
        return site.IssueHead(
            digest=titles.get(issue.digest, issue.digest),
            number=issue.number,
            subject=issue.subject,
            path=site.issue_path(_safe(issue.digest), issue.number),
            at=issue.due_at,
        )

    def _shown(self, kept: Kept) -> Shown:
        entry = kept.entry
        urn(entry)  # only a uuid may become a folder's name
        when, precision = entry.published, entry.precision or "day"
        if when is None and entry.event is not None:
            when, precision = entry.event.start, "day"
        return Shown(
            entry=entry,
            source=self._source(entry.source),
            page=f"{self.url}entry/{entry.id}/",
            date=self.site.dates(when, precision) if when else "",
            changed=kept.changed,
            topics=tuple((one, self._topic_name(one)) for one in entry.topics),
        )

    def _source(self, source: str) -> Source:
        """Return the source; one that is no longer configured is known by its id alone."""
        return self.sources.get(source) or Source(id=source, kind="", url="")

    def _topic_name(self, topic: str) -> str:
        return self.material.topics.get(topic, topic)


def _shelves(entries: Iterable[Shown], words_of: Callable[[Entry], Iterable[str]]) -> dict[str, list[Shown]]:
    """Sort entries by the words that each stands under; within a word their order stays."""
    shelves: dict[str, list[Shown]] = {}
    for shown in entries:
        for word in dict.fromkeys(words_of(shown.entry)):
            shelves.setdefault(word, []).append(shown)
    return shelves


def _safe(word: str) -> str:
    if not _SAFE_ID.fullmatch(word):
        message = f"{word!r} cannot be part of a path: ids are letters, digits, dots, dashes and underscores"
        raise ValueError(message)
    return word


def _path(sort: str, word: str) -> str:
    return f"feeds/{sort}/{_safe(word)}"


def _write(path: Path, body: bytes) -> bool:
    """Put ``body`` at ``path`` in one step unless it is there already; tell whether it was written."""
    if path.is_file() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, because a rename is one step only within a file system.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(body)
    part.replace(path)
    return True


def _remove_stale(out: Path, produced: set[str]) -> int:
    """Remove what we wrote earlier and no longer produce, and folders that are empty then."""
    removed = 0
    for name in _OURS:
        for folder, _, files in os.walk(out / name, topdown=False):
            for file in files:
                path = Path(folder, file)
                if path.relative_to(out).as_posix() not in produced:
                    path.unlink()
                    removed += 1
            if not any(Path(folder).iterdir()):
                Path(folder).rmdir()
    for name in _OURS_AT_THE_TOP:
        if name not in produced and (out / name).is_file():
            (out / name).unlink()
            removed += 1
    return removed
