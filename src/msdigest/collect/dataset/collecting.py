"""Visits a published JSON data set, described by configuration alone: each row that the filter takes is an entry.

Rows are recognised by their key. A row that a later answer does not have is still there, unless the source says
``complete``: many data sets show only what is recent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.collect.dataset.described import OPTIONS, addresses_of, columns_of
from msdigest.collect.dataset.reading import read
from msdigest.errors import AnswerError
from msdigest.model import answers
from msdigest.model.source import Kind
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msdigest.collect.dataset.reading import Rows
    from msdigest.model.entry import Entry, Known
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Sandbox

ACCEPT = "application/json, */*;q=0.5"
_NOT_FOUND = 404
_MOST_WARNINGS = 20

# Rows are edited in place, so their dates do not tell how often there is news.
KIND = Kind(name="dataset", options=OPTIONS, interval=timedelta(hours=24), own_rhythm=False, max_bytes=20 * 2**20)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One address: ``rows`` None = nothing to read, because it is ``same`` as before or there is nothing (404)."""

    rows: Rows | None = None
    same: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    fresh: float | None = None
    moved_to: str | None = None


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit a data set at its address, or with ``for_each`` at one address for each name.

    Where there are several, one that answers 404 has no rows for its name, and one that is unchanged shows none.
    """
    columns_of(source)
    urls = addresses_of(source)
    complete = bool(source.options.get("complete"))
    known = memory.known() if complete else ()
    visit = _Visit(source, memory, http, sandbox, tuple(one.key for one in known))
    pages = [visit.page(url, alone=len(urls) == 1) for url in urls]
    found = [page.rows for page in pages if page.rows is not None]
    if not found and not any(page.same for page in pages):
        message = f"source {source.id}: none of its {len(urls)} addresses has anything, e.g. {urls[0]}"
        raise AnswerError(message)
    notes = {name: value for page in pages for name, value in page.notes.items()}
    all_read = complete and not any(page.same for page in pages)
    return Collected(
        status="ok" if found else "unchanged",
        entries=tuple(_dated(found, memory)),
        filtered=True,
        gone=_gone(known, found) if all_read else (),
        # What each address gave stands in the notes; this only says that they hold.
        body_hash=answers.body_hash("\n".join(urls).encode()),
        notes=notes,
        moved_to=pages[0].moved_to if len(pages) == 1 else None,
        min_interval=max((page.fresh for page in pages if page.fresh is not None), default=None),
        warnings=_bounded(warning for rows in found for warning in rows.warnings),
    )


class _Visit:
    """One visit: asks an address conditionally, and has its answer read."""

    def __init__(self, source: Source, memory: Memory, http: Http, sandbox: Sandbox, known: Sequence[str]) -> None:
        self._source = source
        self._now = memory.now
        self._http = http
        self._sandbox = sandbox
        self._known = known
        # Without the hash everything is to be read again: another filter or vocabulary takes other rows.
        self._notes = memory.notes if memory.body_hash else {}

    def page(self, url: str, *, alone: bool) -> _Page:
        before = answers.kept(self._notes, url)
        reply = self._http.get(url, validators=before, accept=ACCEPT)
        fresh, hashed = answers.max_age(reply.headers), self._notes.get(f"hash {url}")
        if reply.status == _NOT_FOUND and not alone:
            return _Page()
        if reply.status == answers.NOT_MODIFIED and hashed:
            kept = answers.renewed(reply.headers, before)
            notes = {**answers.noted(url, kept), f"hash {url}": hashed}
            return _Page(same=True, notes=notes, fresh=fresh, moved_to=reply.moved_to)
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=url)
        now_hashed = answers.body_hash(reply.body)
        notes = {**answers.noted(url, answers.validators(reply.headers)), f"hash {url}": now_hashed}
        same = now_hashed == hashed
        rows = None if same else self._sandbox.run(read, self._source, reply, self._now, self._known)
        return _Page(rows=rows, same=same, notes=notes, fresh=fresh, moved_to=reply.moved_to)


def _dated(found: Sequence[Rows], memory: Memory) -> Iterator[Entry]:
    """Return each entry once; one that tells only its last change keeps the date by which it was first known.

    Else each new version of a label would be dated anew, which is told as a change of its own.
    """
    entries: dict[str, Entry] = {}
    for entry in (entry for rows in found for entry in rows.entries):
        entries.setdefault(entry.key, entry)
    undated = {key for rows in found for key in rows.undated}
    first = {one.key: one.published for one in memory.known() if one.published} if undated else {}
    for key, entry in entries.items():
        yield replace(entry, published=first[key]) if key in undated and key in first else entry


def _gone(known: Sequence[Known], found: Sequence[Rows]) -> tuple[str, ...]:
    # A data set without any row is being rebuilt; nothing is gone.
    if not any(rows.count for rows in found):
        return ()
    there = {key for rows in found for key in rows.there}
    return tuple(one.key for one in known if not one.gone and one.key not in there)


def _bounded(warnings: Iterable[str]) -> tuple[str, ...]:
    told_once = list(dict.fromkeys(warnings))
    more = len(told_once) - _MOST_WARNINGS
    return (*told_once[:_MOST_WARNINGS], f"… and {more} more of this kind.") if more > 0 else tuple(told_once)
