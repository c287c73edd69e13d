"""An issue as a mail template sees it: for everybody at once while it is compiled, or for one choice alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count, product
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from msdigest.model.compiled import LONGEST_WITHOUT_BRIEF, MORE, brief_key, in_brief
from msdigest.render.glossing import Gloss
from msdigest.render.plain import one_line
from msdigest.render.view import entry_view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.markup.markdown import Paragraph
    from msdigest.model.compiled import Choice
    from msdigest.model.entry import Change, Entry
    from msdigest.render.glossing import Segment
    from msdigest.render.view import Conditions, EntryView, Telling

_NONE: frozenset[str] = frozenset()
# An excerpt is told in up to two to this power ways: with and without each word explained that an earlier entry may
# have explained already.
_MOST_OPEN_WORDS = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """Some text, or a part without any of its own, that stands or falls with ``conditions``; without any it falls."""

    conditions: Conditions
    text: str = ""


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section with its entries; there is at least one."""

    title: str
    entries: tuple[EntryView, ...]

    @property
    def conditions(self) -> Conditions:
        """Return what ``{% shown %}`` asks: the entries that the section stands or falls with."""
        return ((frozenset(entry.id for entry in self.entries), _NONE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """What became of an entry that a reader was sent before. url: of what tells it; may be empty."""

    id: str
    entry: str
    title: str
    what: str
    url: str = ""

    @property
    def conditions(self) -> Conditions:
        """Return what ``{% shown %}`` asks."""
        return ((frozenset((self.id,)), _NONE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """An issue as the mail tells it.

    digest: the digest's title. number: counted within the digest. date: in words. subject: the whole line.
    web_url: the issue's page, as ``render.site.issue_path`` puts it.
    ranking: entry ids, what matters most first. intro: the editors' own words.
    choice: what is told, and everything in the view is; None while it is compiled for all choices at once.
    """

    digest: str
    number: int
    date: str
    subject: str
    sections: tuple[SectionView, ...]
    web_url: str
    site_title: str
    postal_address: str
    ranking: tuple[str, ...] = ()
    notices: tuple[NoticeView, ...] = ()
    intro: tuple[Paragraph, ...] = ()
    choice: Choice | None = None

    @property
    def front_url(self) -> str:
        """Return the site's front page, which lists what is new: the page of an issue holds only what was mailed."""
        return urljoin(self.web_url, "../../../")

    def page(self, entry: str) -> str:
        """Return our own page about an entry, by its id."""
        return f"{self.front_url}entry/{entry}/"

    def link(self, entry: EntryView) -> str:
        """Return where ``entry`` leads: our own page about it if its address cannot stand in a mail."""
        return entry.url or self.page(entry.id)

    @property
    def entries(self) -> tuple[EntryView, ...]:
        """Return all entries in the order of print."""
        return tuple(entry for section in self.sections for entry in section.entries)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of all entries in the order of print."""
        return tuple(entry.id for entry in self.entries)

    @property
    def overview(self) -> tuple[Shown, ...]:
        """Return for each line of the short overview what it stands or falls with, and the id of its entry."""
        return tuple(Shown(_on(brief_key(entry)), entry) for entry in self._brief)

    @property
    def brief(self) -> Shown:
        """Return what the overview as a whole stands or falls with."""
        return Shown(_on(*map(brief_key, self._brief)) if self._brief else ())

    @property
    def corrections(self) -> Shown:
        """Return what the notices as a whole stand or fall with."""
        return Shown(_on(*(notice.id for notice in self.notices)) if self.notices else ())

    @property
    def fresh(self) -> Shown:
        """Return what stands or falls with there being any entry."""
        return Shown(_on(*self.ids) if self.ids else ())

    @property
    def more(self) -> Shown:
        """Return what stands or falls with there being more on the web."""
        return Shown(_on(MORE) if self.choice is None or self.choice.more else ())

    @property
    def _brief(self) -> tuple[str, ...]:
        if self.choice is not None:
            return in_brief(self.ranking, self.choice.entries)
        return self.ranking if len(self.ranking) > LONGEST_WITHOUT_BRIEF else ()

    def entry(self, entry_id: str) -> EntryView:
        """Return the entry of that id; raises LookupError if the issue has none."""
        for entry in self.entries:
            if entry.id == entry_id:
                return entry
        message = f"the issue has no entry {entry_id!r}"
        raise LookupError(message)

    def excerpts(self, entry: EntryView) -> tuple[Shown, ...]:
        """Return the ways in which an entry's excerpt is told: a word is explained where it stands first.

        Which entry that is depends on what somebody gets, so while the issue is compiled there may be several.
        """
        if not entry.excerpt:
            return ()
        earlier = [self._with(segment, before=entry) for segment in entry.segments]
        is_open = [place for place, others in enumerate(earlier) if others and self.choice is None]
        told = []
        for known in product((False, True), repeat=len(is_open)):
            explained = dict(zip(is_open, known, strict=True))
            conditions = (
                (earlier[place], _NONE) if again else (frozenset((entry.id,)), earlier[place])
                for place, again in explained.items()
            )
            words = (
                _told(segment, again=explained.get(place, bool(earlier[place])))
                for place, segment in enumerate(entry.segments)
            )
            told.append(Shown(tuple(conditions) or entry.conditions, "".join(words)))
        return tuple(told)

    def _with(self, segment: str | Gloss, *, before: EntryView) -> frozenset[str]:
        """Return the entries that stand earlier and have the same word; none for plain text."""
        if isinstance(segment, str):
            return _NONE
        found = set()
        for entry in self.entries:
            if entry.id == before.id:
                break
            if any(isinstance(other, Gloss) and other.key == segment.key for other in entry.segments):
                found.add(entry.id)
        return frozenset(found)

    def only(self, choice: Choice) -> IssueView:
        """Return the issue with what was chosen alone: what one person is to read."""
        kept = (
            SectionView(section.title, tuple(entry for entry in section.entries if entry.id in choice.entries))
            for section in self.sections
        )
        return replace(
            self,
            sections=tuple(section for section in kept if section.entries),
            notices=tuple(notice for notice in self.notices if notice.id in choice.notices),
            choice=choice,
        )


def _on(*keys: str) -> Conditions:
    return ((frozenset(keys), _NONE),)


def _told(segment: str | Gloss, *, again: bool) -> str:
    if isinstance(segment, str):
        return segment
    return segment.words if again else segment.told


def sections_view(
    sections: Sequence[tuple[str, Sequence[Entry]]],
    telling: Telling,
    *,
    notes: Mapping[str, str] | None = None,
    news: Sequence[Change] = (),
) -> tuple[SectionView, ...]:
    """Tell what ``model.arranging.arrange`` returns to the readers of ``telling``.

    notes: entry id → the editors' own words. news: what became different on entries, oldest first.
    """
    clocks, seen = count(1), set[str]()
    told = []
    for title, entries in sections:
        views = []
        for entry in entries:
            # A recording tells when it was: nobody needs that in a calendar.
            clock = f"clock_{next(clocks)}" if entry.event and entry.kind == "event" else ""
            changed = [change for change in news if change.entry == entry.id]
            view = entry_view(entry, telling, note=(notes or {}).get(entry.id, ""), clock=clock, news=changed)
            views.append(replace(view, segments=_bounded(view.segments, seen)))
            seen |= {segment.key for segment in view.segments if isinstance(segment, Gloss)}
        told.append(SectionView(one_line(title), tuple(views)))
    return tuple(told)


def _bounded(segments: Sequence[Segment], seen: set[str]) -> tuple[Segment, ...]:
    """Leave out the explanations that would make too many ways to tell an entry."""
    kept: list[Segment] = []
    is_open = 0
    for segment in segments:
        again = isinstance(segment, Gloss) and segment.key in seen
        is_open += again
        kept.append(segment.words if isinstance(segment, Gloss) and again and is_open > _MOST_OPEN_WORDS else segment)
    return tuple(kept)
