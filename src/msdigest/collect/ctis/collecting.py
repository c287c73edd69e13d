"""CTIS, the register of the EU: a search finds the trials of a condition, the new and changed ones are read.

While the last visit is less than its feed's seven days ago, the feed tells cheaply whether anything changed at all.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msdigest.collect.ctis.record import read_trial
from msdigest.collect.ctis.rows import read_feed, read_rows
from msdigest.model import answers, registers, trials
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.collect.ctis.rows import Row
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Reply, Sandbox

# The feed tells seven days; the visit after a longer pause searches.
FEED_REACH = timedelta(days=6)
FEED_SIZE = 15
# About 130 of its trials are about multiple sclerosis. What is not read in one visit waits for the next.
MOST_TRIALS = 2_000
MOST_RECORDS = 150
_PAGE_SIZE = 100
# It answers so now and then, and answers the next time.
_TRANSIENT = frozenset({403, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_SEEN = "trial "

KIND = Kind(
    name="ctis",
    options={"query": Option("text", "the medical condition that is searched for; left out: multiple sclerosis")},
    min_delay=2.0,
    interval=timedelta(hours=24),
    # What is new in a register are changed records more than new ones: their first dates tell no rhythm.
    own_rhythm=False,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit the register: the trials of the condition that are new or changed since they were read last."""
    query = str(source.options.get("query", trials.MULTIPLE_SCLEROSIS))
    visit = _Visit(source, query, http, sandbox)
    seen = _seen(memory, query)
    if _feed_reaches(memory, query) and not visit.hears_news(seen, memory.notes):
        return Collected(status="ok", notes={**memory.notes, **visit.asked(memory)})
    rows, warnings = visit.rows()
    changed = [row for row in rows if seen.get(row.key) != row.state]
    waiting = changed[MOST_RECORDS:]
    if waiting:
        warnings.append(f"{len(waiting)} more trials are new or changed; they wait for the next visit.")
    entries, unread = visit.entries(changed[:MOST_RECORDS])
    warnings += [f"CTIS lists {row.number}, but has no record of it." for row in unread]
    states = {row.key: row.state for row in rows} | {row.key: seen.get(row.key, "") for row in (*waiting, *unread)}
    return Collected(
        status="ok",
        entries=tuple(entries),
        notes=visit.asked(memory) | _noted(states, waiting=bool(waiting or unread)),
        warnings=tuple(warnings),
    )


class _Visit:
    """What is asked of the register in one visit."""

    def __init__(self, source: Source, query: str, http: Http, sandbox: Sandbox) -> None:
        self._source = source
        self._query = query
        self._criteria = {"medicalCondition": query}
        self._http = http
        self._sandbox = sandbox
        self._served: str | None = None
        self._api = f"{registers.register_of(source.url)}/ctis-public-api"

    def asked(self, memory: Memory) -> dict[str, str]:
        """Return what the next visit is to know of when this one was."""
        return registers.asked({}, query=self._query, served=self._served, now=memory.now, found=None)

    def hears_news(self, seen: Mapping[str, str], notes: Mapping[str, str]) -> bool:
        """Tell whether the feed is full, names a trial that is new or changed, or has a gap by the register's clock."""
        address = f"{self._api}/rss/updates.rss"
        asked = urlencode({"search_criteria": json.dumps(self._criteria, separators=(",", ":"))})
        reply = self._http.get(f"{address}?{asked}", accept="application/rss+xml, application/xml;q=0.9")
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address)
        self._served = reply.headers.get("date")
        pause = registers.pause(notes, self._served)
        heard = self._sandbox.run(read_feed, reply.body, address)
        known = [bool(one.state) and f"{seen.get(one.key, '')} ".startswith(f"{one.state} ") for one in heard]
        return len(heard) >= FEED_SIZE or not all(known) or (pause is not None and pause >= FEED_REACH)

    def rows(self) -> tuple[list[Row], list[str]]:
        """Return all trials that the search finds, the last updated first, and warnings.

        All pages are read: the order that is asked for is not strictly kept. Of several applications for one trial
        the last counts.
        """
        address = f"{self._api}/search"
        found: dict[str, Row] = {}
        nameless, page, pages = 0, 0, 1
        while page < min(pages, MOST_TRIALS // _PAGE_SIZE):
            page += 1
            told = self._sandbox.run(read_rows, self._searched(address, page).body, address)
            pages, nameless = told.pages, nameless + told.nameless
            for row in told.rows:
                if row.key not in found or found[row.key].number <= row.number:
                    found[row.key] = row
        warnings = [f"{nameless} trials without a number were left out."] if nameless else []
        if page < pages:
            warnings.append(f"CTIS finds more than {MOST_TRIALS} trials: make the source's query narrower.")
        return sorted(found.values(), key=lambda row: str(row.updated), reverse=True), warnings

    def entries(self, rows: Sequence[Row]) -> tuple[list[Entry], list[Row]]:
        """Read the record of each of ``rows``; return entries, and the rows that have no record."""
        entries, unread = [], []
        for row in rows:
            address = f"{self._api}/retrieve/{row.number}"
            reply = self._retrieved(address)
            if reply.status in _GONE:
                unread.append(row)
            else:
                answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address)
            body = None if reply.status in _GONE else reply.body
            entries.append(self._sandbox.run(read_trial, body, address, row, self._source))
        return entries, unread

    def _searched(self, address: str, page: int) -> Reply:
        asked = {
            "pagination": {"page": page, "size": _PAGE_SIZE},
            "searchCriteria": self._criteria,
            "sort": {"property": "lastUpdated", "direction": "DESC"},
        }
        reply = self._http.post(
            address, body=json.dumps(asked).encode(), content_type="application/json", accept="application/json"
        )
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address)
        self._served = self._served or reply.headers.get("date")
        return reply

    def _retrieved(self, address: str) -> Reply:
        reply = self._http.get(address, accept="application/json")
        if reply.status in _TRANSIENT and answers.retry_after(reply.headers) is None:
            return self._http.get(address, accept="application/json")
        return reply


def _feed_reaches(memory: Memory, query: str) -> bool:
    """Tell whether the feed tells all that happened since the last visit, and nothing else is waiting."""
    if memory.since is None or memory.notes.get("query") != query or "waiting" in memory.notes:
        return False
    return memory.now - memory.since < FEED_REACH


def _seen(memory: Memory, query: str) -> dict[str, str]:
    """Return the state in which each trial was read; none if another query was asked."""
    if memory.notes.get("query") != query:
        return {}
    return {name.removeprefix(_SEEN): state for name, state in memory.notes.items() if name.startswith(_SEEN)}


def _noted(states: Mapping[str, str], *, waiting: bool) -> dict[str, str]:
    notes = {f"{_SEEN}{key}": state for key, state in states.items() if state}
    return notes | ({"waiting": "yes"} if waiting else {})
