"""A page that is edited in place: entries that keep their identity, or the one figure for which it is watched.

One entry for each paragraph and list entry of the content. What an entry is called is decided when it is first seen
and never again; later versions of it are recognised by likeness.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.collect.livingpage.figures import KEY, doubts_about, entry_of, figure_faults, read_figure
from msdigest.collect.livingpage.layout import gone, named, under_known_headings, unlike_itself
from msdigest.collect.livingpage.reading import address, read, refuse_challenge
from msdigest.collect.livingpage.recognising import recognise
from msdigest.errors import LayoutError
from msdigest.markup.text import plain_title
from msdigest.model import answers
from msdigest.model.entry import Entry
from msdigest.model.prose import title_of
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msdigest.collect.livingpage.cutting import Piece
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Reply, Sandbox

_HTML = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_JSON = "application/json"
_LINK = re.compile(r"<a [^>]*>(.*?)</a>", re.DOTALL)

KIND = Kind(
    name="livingpage",
    options={
        "content": Option("text", "CSS selector of the part that counts; left out: the main content"),
        "stamp": Option("pattern", "regular expression of its date lines; left out: [Updated YYYY/MM/DD]"),
        "rest": Option("flag", "read the page through WordPress's REST interface: without the theme around it"),
        "figure": Option(
            "table", "the one number for which the page is watched, instead of its entries", check=figure_faults
        ),
    },
    interval=timedelta(hours=6),
    own_rhythm=False,
    robots=True,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit a living page: all entries that it shows now, and the known ones that it shows no more; or its figure.

    ``source.options``: see ``KIND``; ``stamp``: see ``date_line``; ``figure``: a table of ``regex`` (the number in a
    group or in one called ``number``, perhaps another called ``day``), ``selector``, ``name``, ``unit``, ``min``,
    ``max``, ``max_jump`` (a share) and ``as_of`` (the pattern of its date).
    Raises LayoutError, and no entry is touched, if the page looks unlike itself.
    """
    rest = bool(source.options.get("rest"))
    reply = http.get(address(source), validators=memory.validators, accept=_JSON if rest else _HTML)
    if reply.status == answers.NOT_MODIFIED and memory.body_hash:
        return _unchanged(source, reply, memory)
    refuse_challenge(source, reply)
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address(source))
    if answers.body_hash(reply.body) == memory.body_hash:
        return _unchanged(source, reply, memory)
    show = _figure if "figure" in source.options else _entries
    return show(source, memory, reply, sandbox)


def _unchanged(source: Source, reply: Reply, memory: Memory) -> Collected:
    given = answers.validators(reply.headers)
    if reply.status == answers.NOT_MODIFIED:
        given = answers.renewed(reply.headers, memory.validators)
    return Collected(
        status="unchanged",
        validators=given,
        body_hash=memory.body_hash,
        moved_to=_moved_to(source, reply),
        min_interval=answers.max_age(reply.headers),
    )


def _shown(
    source: Source, reply: Reply, entries: Iterable[Entry], *, lost: tuple[str, ...], warnings: tuple[str, ...] = ()
) -> Collected:
    return Collected(
        status="ok",
        entries=tuple(entries),
        gone=lost,
        validators=answers.validators(reply.headers),
        body_hash=answers.body_hash(reply.body),
        moved_to=_moved_to(source, reply),
        min_interval=answers.max_age(reply.headers),
        warnings=warnings,
    )


def _moved_to(source: Source, reply: Reply) -> str | None:
    """Return the page's new address; where the interface of its site has gone says nothing about the page."""
    return None if source.options.get("rest") else reply.moved_to


def _url(source: Source, reply: Reply) -> str:
    return _moved_to(source, reply) or source.url


# ------------------------------------------------------------------------------------------------------ entries


def _entries(source: Source, memory: Memory, reply: Reply, sandbox: Sandbox) -> Collected:
    seen = sandbox.run(read, source, reply)
    known = memory.known()
    alive = [one for one in known if not one.gone]
    keys = sandbox.run(recognise, seen.pieces, known)
    pieces = under_known_headings(seen.pieces, keys, alive=alive, headings=seen.headings)
    if not pieces:
        wanted = source.options.get("content")
        _refuse(source, f"nothing is found by the selector {wanted!r}" if wanted else "no content is found")
    if not memory.accept and (what := unlike_itself(pieces, alive, keys)):
        _refuse(source, what)
    names = named(source.id, pieces, keys, known=known)
    entries = (
        _entry(source, piece, key=key, url=_url(source, reply), language=seen.language)
        for piece, key in zip(pieces, names, strict=True)
    )
    return _shown(source, reply, entries, lost=gone(alive, keys))


def _refuse(source: Source, what: str) -> None:
    message = f"{source.url}: {what}; compare the page with the source's content and stamp settings"
    raise LayoutError(message)


def _entry(source: Source, piece: Piece, *, key: str, url: str, language: str | None) -> Entry:
    return Entry(
        key=key,
        source=source.id,
        kind=source.entry_kind or "note",
        title=title_of(piece.text, map(plain_title, _LINK.findall(piece.html))),
        url=url,
        html=piece.html,
        text=piece.text,
        published=piece.day,
        precision="day" if piece.day else None,
        section=piece.section,
        audience=source.audience,
        evidence=source.evidence,
        language=language,
    )


# ------------------------------------------------------------------------------------------------------- figure


def _figure(source: Source, memory: Memory, reply: Reply, sandbox: Sandbox) -> Collected:
    seen = sandbox.run(read_figure, source, reply)
    known = {one.key: one for one in memory.known()}
    facts = known[KEY].facts if KEY in known else {}
    doubts = doubts_about(source, seen.number, known=facts)
    entry = entry_of(source, seen, url=_url(source, reply), doubts=doubts)
    lost = tuple(one.key for one in known.values() if one.key != KEY and not one.gone)
    return _shown(source, reply, [entry], lost=lost, warnings=(seen.warning,) if seen.warning else ())
