"""Europe PMC's search: new preprints (or papers) for a query, and what becomes of those that are known.

Three looks a visit: what was first indexed since the last one, known works whose record was updated since then, and
some of all known works in turn, since not every change moves the date by which updated records are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from msdigest.collect.europepmc.reading import PUBMED, dois_in, page_in, with_dois
from msdigest.errors import AnswerError, CollectError
from msdigest.model import answers, works
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from msdigest.model.source import Source
    from msdigest.model.works import Told
    from msdigest.ports import Http, Memory, Sandbox

T = TypeVar("T")
QUERY = '(TITLE:"multiple sclerosis" OR ABSTRACT:"multiple sclerosis") AND SRC:PPR'
_BELOW = "/europepmc/webservices/rest"
_DATE_FIELDS = frozenset({"CREATION_DATE", "E_PDATE", "FIRST_IDATE", "FIRST_PDATE", "UPDATE_DATE"})
# What is indexed on a day can be found a day or two later.
_OVERLAP = timedelta(days=3)
_PAGE = 100
# So many in one visit are a query that is too wide.
_MOST = 3_000
_IN_TURN = 100
_NAMED_AT_ONCE = 50
_LAST = "last looked at"

KIND = Kind(
    name="europepmc",
    options={
        "query": Option("text", f"the search in Europe PMC's own language; left out: {QUERY}"),
        "date_field": Option("text", "by which of a record's dates it is new: FIRST_IDATE (indexed, the default) …"),
        "window_days": Option("number", "how many days the first visit looks back; left out: 7"),
    },
    min_delay=0.5,
    interval=timedelta(hours=24),
    max_bytes=30 * 2**20,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit Europe PMC; ``source.options``: ``query``, ``date_field``, ``window_days``."""
    desk = _Desk(source, http, sandbox)
    known = {one.key for one in memory.known() if not one.gone}
    found, warnings = desk.new(memory)
    for told in desk.updated(memory) if known else ():
        if told.key in known:
            found.setdefault(told.key, told)
    before = memory.notes.get(_LAST, "")
    turn = works.in_turn(known.difference(found), after=before, most=_IN_TURN)
    for told in desk.named(turn):
        found.setdefault(told.key, told)
    dois = desk.dois(found.values())
    return Collected(
        status="ok",
        entries=tuple(works.entry_of(with_dois(told, dois), source) for told in found.values()),
        notes={_LAST: turn[-1] if turn else before},
        warnings=warnings,
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """Asks Europe PMC for one source."""

    source: Source
    http: Http
    sandbox: Sandbox

    def new(self, memory: Memory) -> tuple[dict[str, Told], tuple[str, ...]]:
        """Return what is new since the last visit by key, and sentences about the search."""
        by = self.source.options.get("date_field", "FIRST_IDATE")
        if by not in _DATE_FIELDS:
            known = ", ".join(sorted(_DATE_FIELDS))
            message = f"date_field of source {self.source.id} must be one of {known}, not {by!r}"
            raise CollectError(message)
        first = _first_day(memory, days=works.window_days(self.source.options))
        told, hits, left_out = self._search(self._between(by, first, memory.now))
        warnings = []
        if hits > _MOST:
            warnings.append(f"The query finds {hits} works at once; only {_MOST} were read: make it narrower.")
        if left_out:
            warnings.append(f"Europe PMC gave {left_out} works without a name or a title; they were left out.")
        return {one.key: one for one in told}, tuple(warnings)

    def updated(self, memory: Memory) -> Sequence[Told]:
        """Return the works, known or not, whose record was updated since the last visit."""
        if memory.since is None:
            return ()
        return self._search(self._between("UPDATE_DATE", memory.since - _OVERLAP, memory.now))[0]

    def named(self, keys: Iterable[str]) -> Iterator[Told]:
        """Return the works of these keys, as far as Europe PMC still shows them."""
        sources: dict[str, list[str]] = {}
        for key in keys:
            where, _, own = key.partition("/")
            sources.setdefault(where, []).append(own)
        for where, numbers in sources.items():
            for query in _naming(numbers, where):
                yield from self._search(query)[0]

    def dois(self, told: Iterable[Told]) -> dict[str, str]:
        """Return the DOIs of the papers that preprints name by their PMID alone, as Europe PMC usually does."""
        alone = (one.paper for one in told if one.paper and all(name.scheme != "doi" for name in one.paper))
        found: dict[str, str] = {}
        for query in _naming(sorted({name.value for names in alone for name in names}), PUBMED):
            found.update(self._ask(query, dois_in, result="lite"))
        return found

    def _between(self, field: str, first: datetime, last: datetime) -> str:
        query = self.source.options.get("query", QUERY)
        return f"({query}) AND ({field}:[{first:%Y-%m-%d} TO {last + timedelta(days=1):%Y-%m-%d}])"

    def _search(self, query: str) -> tuple[list[Told], int, int]:
        """Return what ``query`` finds, how much that is, and how many results named no work."""
        told: list[Told] = []
        hits = given = left_out = 0
        mark, following = "", "*"
        # Twice the pages that are needed: some may be shorter than asked for.
        for _ in range(2 * _MOST // _PAGE):
            mark = following
            page = self._ask(query, page_in, mark=mark)
            told += page.told
            hits, following = page.hits, page.mark
            given += page.given
            left_out += page.left_out
            if not page.given or following in {"", mark} or given >= min(hits, _MOST):
                break
        if given < min(hits, _MOST):
            message = f"{self._address} promised {hits} works and gave only {given}"
            raise AnswerError(message)
        return told, hits, left_out

    @property
    def _address(self) -> str:
        """The search without its parameters, as errors tell it."""
        return f"{self.source.url.rstrip('/').removesuffix(_BELOW)}{_BELOW}/search"

    def _ask(self, query: str, read: Callable[[bytes, str], T], *, mark: str = "*", result: str = "core") -> T:
        asked = {"query": query, "format": "json", "resultType": result, "pageSize": str(_PAGE), "cursorMark": mark}
        reply = self.http.get(f"{self._address}?{urlencode(asked)}", accept="application/json")
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=self._address)
        return self.sandbox.run(read, reply.body, self._address)


def _first_day(memory: Memory, *, days: int) -> datetime:
    if memory.since is None:
        return memory.now - timedelta(days=days)
    # Without our notes the question may have been another one last time.
    least = None if _LAST in memory.notes else days
    return works.asked_from(memory.since, now=memory.now, overlap=_OVERLAP, days=least)


def _naming(own: Sequence[str], where: str) -> Iterator[str]:
    """Return searches for works by their numbers in one of Europe PMC's sources."""
    for place in range(0, len(own), _NAMED_AT_ONCE):
        numbers = " OR ".join(f"EXT_ID:{number}" for number in own[place : place + _NAMED_AT_ONCE])
        yield f"({numbers}) AND SRC:{where}"
