"""ISRCTN registry: the trials of a condition, at first all, then those that were edited.

It tells no status: that follows from the dates of a record and turns without an edit. So all trials are asked for
again by the first visit after one of those dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msdigest.collect.isrctn.record import next_turn, record_entry
from msdigest.errors import AnswerError
from msdigest.markup.records import read_records
from msdigest.model import answers, registers, trials
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from datetime import date, datetime

    from msdigest.model.entry import Entry
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Sandbox

OVERLAP = timedelta(days=2)
# The register gives everything in one answer.
MOST_TRIALS = 2_000

KIND = Kind(
    name="isrctn",
    options={"query": Option("text", 'a search in the register\'s words; left out: condition:"multiple sclerosis"')},
    interval=timedelta(hours=24),
    # What is new in a register are changed records more than new ones: their first dates tell no rhythm.
    own_rhythm=False,
    # A record has 5 to 20 kB.
    max_bytes=50 * 2**20,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit the register: all trials that the query finds, or those edited since the last visit."""
    query = str(source.options.get("query", f'condition:"{trials.MULTIPLE_SCLEROSIS}"'))
    today, turn = memory.now.date(), memory.notes.get("turn", "")
    since = registers.asked_since(memory.since, memory.notes, query=query, now=memory.now)
    if turn and turn <= today.isoformat():
        since = None
    address = f"{registers.register_of(source.url)}/api/query/format/default"
    reply = http.get(f"{address}?{_question(query, since)}", accept="application/xml")
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address)
    found = sandbox.run(read_answer, reply.body, address, source, today)
    turns = [day for day in (turn if since else "", found.turn) if day]
    notes = registers.asked(
        memory.notes,
        query=query,
        served=reply.headers.get("date"),
        now=memory.now,
        found=None if since else len(found.entries),
    )
    return Collected(
        status="ok",
        entries=found.entries,
        notes=notes | ({"turn": min(turns)} if turns else {}),
        warnings=found.warnings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an answer came to; turn: the next day (ISO 8601) on which one of the statuses will be another."""

    entries: tuple[Entry, ...]
    turn: str
    warnings: tuple[str, ...]


def read_answer(body: bytes, url: str, source: Source, today: date) -> Found:
    """Make entries of the answer to a query; statuses are those of ``today``. Pure; raises AnswerError."""
    try:
        told = read_records(body)
    except ValueError as error:
        message = f"{url} answered with something that cannot be read: {error}"
        raise AnswerError(message) from error
    if told.name != "allTrials":
        message = f"{url} answered with something that is no list of trials"
        raise AnswerError(message)
    records = list(told.all("fullTrial"))
    entries = [entry for record in records if (entry := record_entry(record, source, today))]
    turns = [turn.isoformat() for record in records if (turn := next_turn(record, today))]
    return Found(
        entries=tuple({entry.key: entry for entry in entries}.values()),
        turn=min(turns, default=""),
        warnings=tuple(_warnings(len(records), len(entries), told.attribute("totalCount"))),
    )


def _question(query: str, since: datetime | None) -> str:
    if since is not None:
        bound = f"({query})" if " OR " in query else query
        query = f"{bound} AND lastEdited GE {since - OVERLAP:%Y-%m-%d}T00:00:00.000Z"
    return urlencode({"q": query, "limit": MOST_TRIALS})


def _warnings(given: int, named: int, total: str) -> list[str]:
    warnings = []
    if named < given:
        warnings.append(f"{given - named} records without a number were left out.")
    if re.fullmatch(r"[0-9]{1,9}", total) and int(total) > given:
        warnings.append(f"The register gave {given} of {total} trials: make the source's query narrower.")
    return warnings
