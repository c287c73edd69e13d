"""PubMed through its E-utilities: what is new for a query, and what becomes of the works that are known.

Three looks a visit: works that entered PubMed since the last one, known works whose record was changed since then,
and some of all known works in turn, since not every change moves the date by which changed records are found.
Requests name the tool, never a person: whom to ask stands in the User-Agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msdigest.collect.pubmed.reading import found_in, works_in
from msdigest.errors import AnswerError, CollectError
from msdigest.model import answers, works
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from msdigest.model.source import Source
    from msdigest.model.works import Told
    from msdigest.ports import Http, Memory, Sandbox

QUERY = '"Multiple Sclerosis"[Mesh] OR "multiple sclerosis"[tiab]'
_BELOW = "/entrez/eutils"
_DATES = frozenset({"crdt", "edat", "mdat", "mhda", "pdat"})
# Dates are days of the US east coast, and a record may be found some hours after the date that it has.
_OVERLAP = timedelta(days=2)
_PAGE = 1_000
# A search gives no more than its first 9,999 works, and so many in one visit are a query that is too wide anyway.
_MOST_NEW = 3_000
_MOST_CHANGED = 9_000
# A record has 10 to 40 kB; those with many references are the long ones.
_RECORDS = 100
_IN_TURN = 200
_LAST = "last looked at"

KIND = Kind(
    name="pubmed",
    options={
        "query": Option("text", f"the search in PubMed's own language; left out: {QUERY}"),
        "datetype": Option("text", "by which of a record's dates it is new: edat (entered, the default), crdt, pdat …"),
        "window_days": Option("number", "how many days the first visit looks back; left out: 7"),
    },
    min_delay=0.34,
    interval=timedelta(hours=12),
    max_bytes=30 * 2**20,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit PubMed; ``source.options``: ``query``, ``datetype``, ``window_days``."""
    desk = _Desk(source, http, sandbox)
    known = {one.key for one in memory.known() if not one.gone}
    new, warnings = desk.new(memory)
    changed = desk.changed(memory) & known
    before = memory.notes.get(_LAST, "")
    turn = works.in_turn(known.difference(new, changed), after=before, most=_IN_TURN)
    asked = tuple(dict.fromkeys((*new, *sorted(changed), *turn)))
    found = {told.key: told for told in desk.records(asked)}
    missing = [pmid for pmid in asked if pmid not in found]
    if missing:
        warnings += (f"PubMed did not give the records of {len(missing)} works: {', '.join(missing[:10])}.",)
    return Collected(
        status="ok",
        entries=tuple(works.entry_of(told, source) for told in found.values()),
        notes={_LAST: turn[-1] if turn else before},
        warnings=warnings,
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """Asks PubMed for one source."""

    source: Source
    http: Http
    sandbox: Sandbox

    def new(self, memory: Memory) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the works that entered since the last visit, and sentences about the search."""
        by = self.source.options.get("datetype", "edat")
        if by not in _DATES:
            message = f"datetype of source {self.source.id} must be one of {', '.join(sorted(_DATES))}, not {by!r}"
            raise CollectError(message)
        days = works.window_days(self.source.options)
        # Without our notes the question may have been another one last time.
        dates = _since(memory, days=None if _LAST in memory.notes else days) or {"reldate": str(days)}
        return self._search({"datetype": by, **dates}, most=_MOST_NEW)

    def changed(self, memory: Memory) -> set[str]:
        """Return the works, known or not, whose record was changed since the last visit."""
        dates = _since(memory)
        # What a yearly revision of the whole index changes beyond the limit is looked at in its turn.
        return set(self._search({"datetype": "mdat", **dates}, most=_MOST_CHANGED)[0]) if dates else set()

    def records(self, pmids: Sequence[str]) -> Iterator[Told]:
        """Return the records of these works."""
        for place in range(0, len(pmids), _RECORDS):
            chunk = ",".join(pmids[place : place + _RECORDS])
            url, body = self._ask("efetch", {"id": chunk, "retmode": "xml"}, accept="text/xml")
            yield from self.sandbox.run(works_in, body, url)

    def _search(self, dates: Mapping[str, str], *, most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        query = {"term": self.source.options.get("query", QUERY), **dates}
        pmids: dict[str, None] = {}
        given = 0
        # Twice the pages that are needed: some may be shorter than asked for.
        for _ in range(2 * most // _PAGE):
            page = {**query, "retmode": "json", "retstart": str(given), "retmax": str(_PAGE)}
            url, body = self._ask("esearch", page, accept="application/json")
            found = self.sandbox.run(found_in, body, url)
            pmids.update(dict.fromkeys(found.pmids))
            given += len(found.pmids)
            if not found.pmids or given >= min(found.count, most):
                break
        if given < min(found.count, most):
            message = f"{url} promised {found.count} works and gave only {given}"
            raise AnswerError(message)
        told = f"The query finds {found.count} works at once; only {most} were read: make it narrower."
        return tuple(pmids), (*found.warnings, told) if found.count > most else found.warnings

    def _ask(self, tool: str, parameters: Mapping[str, str], *, accept: str) -> tuple[str, bytes]:
        """Return the address without its parameters, as errors tell it, and the answer's body."""
        address = f"{self.source.url.rstrip('/').removesuffix(_BELOW)}{_BELOW}/{tool}.fcgi"
        query = urlencode({"db": "pubmed", "tool": "msdigest", **parameters})
        reply = self.http.get(f"{address}?{query}", accept=accept)
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address)
        return address, reply.body


def _since(memory: Memory, *, days: int | None = None) -> dict[str, str]:
    """Return the dates of what happened since the last visit, and at least for ``days``; nothing at the first."""
    if memory.since is None:
        return {}
    first = works.asked_from(memory.since, now=memory.now, overlap=_OVERLAP, days=days)
    return {"mindate": f"{first:%Y/%m/%d}", "maxdate": f"{memory.now + timedelta(days=1):%Y/%m/%d}"}
