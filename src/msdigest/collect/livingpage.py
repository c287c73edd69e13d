"""Door to RapidFuzz: a page that is edited in place, told apart into entries that keep their identity.

One entry for each paragraph and list entry of the content, under its headings and the date line in force. What an
entry is called is decided when it is first seen and never again; later versions of it are recognised by likeness.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from rapidfuzz import fuzz

from msdigest.errors import LayoutError
from msdigest.markup.page import page
from msdigest.markup.text import decode, plain_title
from msdigest.model import answers
from msdigest.model.entry import Entry
from msdigest.model.prose import title_of
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from msdigest.markup.blocks import Block
    from msdigest.markup.page import Page
    from msdigest.model.entry import Known
    from msdigest.model.source import Source, Validators
    from msdigest.ports import Http, Memory, Reply, Sandbox

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/.-](?P<month>\d{1,2})[/.-](?P<day>\d{1,2})")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?P<month>[A-Za-z]{3,9})\.?,?\s+(?P<year>\d{4})")
_MONTH_FIRST = re.compile(r"(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})")
_DATES = (_YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST)
_DATE_LINE = re.compile(
    r"[\[(]?\s*(?:last\s+)?(?:updated?|added|posted|revised)\s*(?:on\b)?\s*[:–-]?\s*(?P<date>\w[^\[\]()]{5,24}?)\s*[\])]?\.?"
    r"|\[\s*(?P<bare>\w[^\[\]()]{5,24}?)\s*\]",
    re.IGNORECASE,
)
_LONGEST_DATE_LINE = 120
_LINK = re.compile(r"<a [^>]*>(.*?)</a>", re.DOTALL)
_CHALLENGES = ("just a moment", "attention required", "access denied", "are you a robot", "verify you are human")
_MOST_ENTRIES = 2_000

# Measured on 8,573 pairs of versions: nothing wrongly matched, 0.14 % missed.
_ALIKE = 70.0
_SURELY_ALIKE = 85.0
# Different entries of one page shared at most 0.21, rewritten ones at least 0.31.
_OWN_WORDS = 0.25
_SAME_SECTION = 8.0
_SAME_DAY = 6.0
_PART = 0.9  # what a part that is found whole in the other text is worth
_LONG = 40  # characters; parts of shorter texts are found everywhere
_COMPARED = 2_000  # characters
_FEW = 4  # known entries below which a share says nothing
_MANY = 0.5  # a larger share of entries that vanish or stand elsewhere is a new layout

_Label = TypeVar("_Label")
DateLine = tuple[datetime | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph or list entry of the page; ``day``: of the date line in force, midnight UTC."""

    section: tuple[str, ...]
    day: datetime | None
    text: str
    html: str

    @property
    def words(self) -> str:
        """The text by which an equal one is recognised."""
        return _words(self.text)


KIND = Kind(
    name="livingpage",
    options={
        "content": Option("text", "CSS selector of the part that counts; left out: the main content"),
        "stamp": Option("pattern", "regular expression of its date lines; left out: [Updated YYYY/MM/DD]"),
    },
    interval=timedelta(hours=6),
    robots=True,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit a living page: all entries that it shows now, and the known ones that it shows no more.

    ``source.options``: ``content`` (CSS selector), ``stamp`` (regular expression of a date line, see ``date_line``).
    Raises LayoutError, and no entry is touched, if the page looks unlike itself.
    """
    reply = http.get(source.url, validators=memory.validators, accept=ACCEPT)
    fresh = answers.max_age(reply.headers)
    if reply.status == answers.NOT_MODIFIED:
        kept = answers.renewed(reply.headers, memory.validators)
        return _unchanged(reply, memory.body_hash, kept, fresh)
    _refuse_challenge(source, reply, title="")
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=source.url)
    given, fingerprint = answers.validators(reply.headers), answers.body_hash(reply.body)
    if fingerprint == memory.body_hash:
        return _unchanged(reply, fingerprint, given, fresh)
    seen, pieces = sandbox.run(read, source, reply)
    known = memory.known()
    alive = [one for one in known if not one.gone]
    keys = _recognised(pieces, known)
    headings = {block.text for block in seen.blocks if block.kind == "heading"}
    pieces = _under_known_headings(pieces, keys, alive, headings)
    _refuse_new_layout(source, pieces, alive, keys)
    return Collected(
        status="ok",
        entries=tuple(_entries(source, reply, seen, pieces, _named(source, pieces, keys, known))),
        gone=_gone(alive, keys),
        validators=given,
        body_hash=fingerprint,
        moved_to=reply.moved_to,
        min_interval=fresh,
    )


def date_line(pattern: str | None) -> Callable[[str], DateLine | None]:
    """Return a reader of lines: ``None`` = no date line; else a tuple of its day, which is ``None`` if unreadable.

    pattern: regular expression for the whole line with a group ``date``, groups ``year``, ``month`` and ``day``, or
    three unnamed groups in that order; ``None``: ``[Updated 2020/08/23]``, ``Updated: 4 April 2020`` and the like.
    Raises re.error.
    """
    own = re.compile(pattern) if pattern else None

    def read(line: str) -> DateLine | None:
        match = (own or _DATE_LINE).fullmatch(line.strip()) if len(line) <= _LONGEST_DATE_LINE else None
        if match is None:
            return None
        if own is None:
            told = match["date"] or match["bare"]
            return (_day(told),) if any(form.match(told) for form in _DATES) else None
        groups = match.groupdict()
        if "date" in groups:
            return (_day(groups["date"] or ""),)
        parts = [groups[name] for name in ("year", "month", "day")] if "year" in groups else list(match.groups())
        return (_day("/".join(str(part) for part in parts)),)

    return read


def cut(blocks: Iterable[Block], stamp: Callable[[str], DateLine | None]) -> list[Piece]:
    """Cut a page's content into pieces; a heading, a rule or the next date line ends the reach of a date line."""
    path: list[tuple[int, str]] = []
    day: datetime | None = None
    pieces = []
    for block in blocks:
        line = stamp(block.text)
        if line is not None:
            day = line[0]
        elif block.kind == "rule":
            day = None
        elif block.kind == "heading":
            path = [*(above for above in path if above[0] < block.level), (block.level, block.text)]
            day = None
        else:
            pieces.append(Piece(tuple(heading for _, heading in path), day, block.text, block.html))
    return pieces


# ------------------------------------------------------------------------------------------------------ reading


def _unchanged(reply: Reply, fingerprint: str | None, kept: Validators, fresh: float | None) -> Collected:
    return Collected(
        status="unchanged", validators=kept, body_hash=fingerprint, moved_to=reply.moved_to, min_interval=fresh
    )


def _refuse_challenge(source: Source, reply: Reply, *, title: str) -> None:
    if "cf-mitigated" in reply.headers or title.casefold().startswith(_CHALLENGES):
        message = f"{source.url} answered with a check for robots instead of the page; nothing was changed"
        raise LayoutError(message)


def read(source: Source, reply: Reply) -> tuple[Page, list[Piece]]:
    """Read the page's answer into pieces. Pure; raises LayoutError."""
    try:
        stamp = date_line(source.options.get("stamp"))
        seen = page(
            decode(reply.body, reply.headers.get("content-type", "")),
            base_url=reply.url,
            selector=source.options.get("content"),
            alone=lambda line: stamp(line) is not None,
        )
    except (ValueError, re.error) as error:
        message = f"the settings of source {source.id} cannot be used: {error}"
        raise LayoutError(message) from error
    _refuse_challenge(source, reply, title=seen.title)
    return seen, cut(seen.blocks, stamp)[:_MOST_ENTRIES]


def _day(text: str) -> datetime | None:
    match = next((match for form in _DATES if (match := form.match(text.strip()))), None)
    if match is None:
        return None
    month = match["month"]
    name = month.lower()[:3]
    number = int(month) if month.isdigit() else _MONTHS.index(name) + 1 if name in _MONTHS else 0
    try:
        return datetime(int(match["year"]), number, int(match["day"]), tzinfo=UTC)
    except ValueError:
        return None


def _words(text: str) -> str:
    return " ".join(text.split())


# -------------------------------------------------------------------------------------------------- recognising


def _recognised(pieces: Sequence[Piece], known: Sequence[Known]) -> dict[int, str]:
    """Return the known key of each piece (by its place in ``pieces``) that was seen before.

    Equal words in the same place, then in the same section, then anywhere; then the most alike; last, equal words
    of an entry that was gone.
    """
    keys: dict[int, str] = {}
    alive, gone = [one for one in known if not one.gone], [one for one in known if one.gone]
    _take(
        keys,
        pieces,
        alive,
        lambda one: (one.words, one.section, one.day),
        lambda one: (_words(one.text), one.section, one.published),
    )
    _take(keys, pieces, alive, lambda one: (one.words, one.section), lambda one: (_words(one.text), one.section))
    _take(keys, pieces, alive, lambda one: one.words, lambda one: _words(one.text))
    _take_alike(keys, pieces, alive)
    _take(keys, pieces, gone, lambda one: one.words, lambda one: _words(one.text))
    return keys


def _take(
    keys: dict[int, str],
    pieces: Sequence[Piece],
    known: Iterable[Known],
    here: Callable[[Piece], _Label],
    there: Callable[[Known], _Label],
) -> None:
    taken = set(keys.values())
    waiting: defaultdict[_Label, list[str]] = defaultdict(list)
    for one in known:
        if one.key not in taken:
            waiting[there(one)].append(one.key)
    for place, piece in enumerate(pieces):
        if place not in keys and waiting[here(piece)]:
            keys[place] = waiting[here(piece)].pop(0)


def _take_alike(keys: dict[int, str], pieces: Sequence[Piece], known: Iterable[Known]) -> None:
    taken = set(keys.values())
    waiting = [one for one in known if one.key not in taken]
    open_places = [place for place in range(len(pieces)) if place not in keys]
    everything = {piece.words for piece in pieces} | {_words(one.text) for one in waiting}
    common = Counter(token for text in everything for token in _tokens(text))
    pairs = [
        (likeness, place, one.key)
        for place in open_places
        for one in waiting
        if (likeness := _likeness(pieces[place], one, common)) >= _ALIKE
    ]
    for _, place, key in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if place not in keys and key not in taken:
            keys[place] = key
            taken.add(key)


def _likeness(piece: Piece, known: Known, common: Counter[str]) -> float:
    """Return how alike two texts are, 0 to 114; where they stand counts, too.

    common: in how many texts a word occurs: "can be found here" makes no two entries one.
    """
    mine, theirs = piece.words[:_COMPARED], _words(known.text)[:_COMPARED]
    near = _SAME_SECTION * (piece.section == known.section) + _SAME_DAY * (piece.day == known.published)
    alike = fuzz.token_sort_ratio(mine, theirs)
    if min(len(mine), len(theirs)) > _LONG:
        alike = max(alike, _PART * fuzz.partial_ratio(mine, theirs))
    if alike + near >= _ALIKE and alike < _SURELY_ALIKE and _shared(mine, theirs, common) < _OWN_WORDS:
        return 0.0
    return alike + near


def _shared(mine: str, theirs: str, common: Counter[str]) -> float:
    """Return the share of words that two texts have in common, rare ones counting most, 0 to 1."""

    def weight(tokens: Iterable[str]) -> float:
        return sum(1 / max(1, common[token]) for token in tokens)

    one, other = _tokens(mine), _tokens(theirs)
    return 2 * weight(one & other) / (weight(one) + weight(other) or 1)


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


# ----------------------------------------------------------------------------------------------------- deciding


def _gone(alive: Iterable[Known], keys: dict[int, str]) -> tuple[str, ...]:
    shown = set(keys.values())
    return tuple(one.key for one in alive if one.key not in shown)


def _refuse_new_layout(source: Source, pieces: Sequence[Piece], alive: Sequence[Known], keys: dict[int, str]) -> None:
    """Raise LayoutError if the page looks unlike itself: the editor decides then, and nobody is mailed."""
    before = {one.key: one for one in alive}
    same = [(pieces[place], before[key]) for place, key in keys.items() if key in before]
    gone = _gone(alive, keys)
    what = ""
    if not pieces:
        wanted = source.options.get("content")
        what = f"nothing is found by the selector {wanted!r}" if wanted else "no content is found"
    elif any(one.published for one in alive) and not any(piece.day for piece in pieces):
        what = "no date line is found, though there were some"
    elif any(one.section for one in alive) and not any(piece.section for piece in pieces):
        what = "no heading is found, though there were some"
    elif len(alive) >= _FEW and len(gone) > _MANY * len(alive):
        what = f"{len(gone)} of {len(alive)} known entries are missing"
    elif _shuffled([(piece.section, one.section) for piece, one in same]):
        what = "most entries stand under other headings"
    elif _shuffled([(piece.day, one.published) for piece, one in same]):
        what = "most entries stand under other date lines"
    if what:
        message = f"{source.url}: {what}; compare the page with the source's content and stamp settings"
        raise LayoutError(message)


def _shuffled(pairs: Sequence[tuple[object, object]]) -> bool:
    """Tell whether most of the (now, before) differ; one heading renamed or one date line renewed is no shuffle."""
    changed = [before for now, before in pairs if now != before]
    return len(pairs) >= _FEW and len(changed) > _MANY * len(pairs) and len(set(changed)) > 1


def _under_known_headings(
    pieces: list[Piece], keys: dict[int, str], alive: Sequence[Known], headings: set[str]
) -> list[Piece]:
    """Keep the known heading paths where only their levels changed: a redesign moves nothing.

    A path that was never seen is read as the known one of its entries, if that ends in the same heading and all of
    its headings are still on the page.
    """
    sections = {one.key: one.section for one in alive}
    known = set(sections.values())
    votes: defaultdict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for place, key in keys.items():
        path = sections.get(key, ())
        if path and pieces[place].section[-1:] == path[-1:] and headings.issuperset(path):
            votes[pieces[place].section][path] += 1
    meant = {path: found.most_common(1)[0][0] for path, found in votes.items() if path not in known}
    return [Piece(meant.get(one.section, one.section), one.day, one.text, one.html) for one in pieces]


def _named(source: Source, pieces: Sequence[Piece], keys: dict[int, str], known: Iterable[Known]) -> list[str]:
    """Return the key of each piece; a new one is made of what it says at first sight."""
    taken = {one.key for one in known}
    names = []
    for place, piece in enumerate(pieces):
        if place in keys:
            names.append(keys[place])
            continue
        day = piece.day.date().isoformat() if piece.day else ""
        said = "\0".join((source.id, *piece.section, day, piece.words))
        name = base = sha256(said.encode()).hexdigest()[:16]
        number = 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name)
        names.append(name)
    return names


def _entries(source: Source, reply: Reply, seen: Page, pieces: Iterable[Piece], keys: Iterable[str]) -> Iterable[Entry]:
    for piece, key in zip(pieces, keys, strict=True):
        yield Entry(
            key=key,
            source=source.id,
            kind="note",
            title=title_of(piece.text, map(plain_title, _LINK.findall(piece.html))),
            url=reply.moved_to or source.url,
            html=piece.html,
            text=piece.text,
            published=piece.day,
            precision="day" if piece.day else None,
            section=piece.section,
            audience=source.audience,
            evidence=source.evidence,
            language=seen.language,
        )
