"""Asks for what a feed leaves out: the details of an entry at an address of its own, as GOV.UK's content API has them.

Only entries that the filter takes are asked for, and only when the feed tells something new of them. One that it
tells nothing new of is not shown again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msdigest.collect.feed.document import precise
from msdigest.errors import AnswerError, CollectError, EncodingError, RedirectError, TooLargeError
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.values import read_json
from msdigest.model import answers
from msdigest.model.dates import read_date
from msdigest.model.entry import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from msdigest.model.entry import Entry, Precision
    from msdigest.model.source import Source
    from msdigest.ports import Http, Reply, Sandbox

ACCEPT = "application/json, */*;q=0.5"
MOST_DETAILS = 200
AGAIN = "again"
_PLACE = re.compile(r"\{(\w*)\}")
_NOTHING_THERE = {404, 410}
_COME_LATER = {429, 503}


@dataclass(slots=True)
class Detailed:
    """What came of asking. ``notes``: what was told of each entry, for the next visit; bounded by the feed's length."""

    entries: list[Entry] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def with_details(
    entries: Iterable[Entry],
    *,
    source: Source,
    before: Mapping[str, str],
    everything: bool,
    http: Http,
    sandbox: Sandbox,
) -> Detailed:
    """Return ``entries`` with their details, without those that are known as they are.

    before: the notes of the last visit. everything: ask for all, whether or not the feed tells something new.
    Where details cannot be had, the entry is shown as the feed tells it, with a warning; only a server that asks to
    wait makes the whole visit wait.
    """
    visit = _Visit(source, before, http, sandbox, everything=everything)
    for entry in entries:
        if source.takes(entry.title, entry.text):
            visit.add(entry)
        else:
            visit.came.entries.append(entry)
    if (more := visit.asked - MOST_DETAILS) > 0:
        visit.came.warnings.append(f"{more} entries are shown without details: {MOST_DETAILS} were asked for.")
    return visit.came


def address_of(template: str, link: str) -> str:
    """Fill an entry's ``{path}`` and ``{slug}`` (its last part) into ``template``."""
    path = urlsplit(link).path
    places = {"path": path, "slug": path.rstrip("/").rpartition("/")[2]}
    return _PLACE.sub(lambda place: places[place[1]], template)


def refuse_template(source: Source) -> None:
    """Raise CollectError unless ``detail`` is an address with an entry's ``{path}`` or ``{slug}`` in it."""
    template = str(source.options["detail"])
    places = set(_PLACE.findall(template))
    if not template.startswith(("https://", "http://")) or not places or places - {"path", "slug"}:
        message = f"source {source.id}: `detail` must be an address with {{path}} or {{slug}}, not {template!r}"
        raise CollectError(message)


def detailed(entry: Entry, reply: Reply) -> Entry:
    """Return ``entry`` with what its details tell. Pure; raises AnswerError."""
    told = read_json(reply.body, reply.url)
    inner = told.get("details")
    body = _body(inner.get("body") if isinstance(inner, dict) else None)
    html = clean(_joined(entry, body), base_url=entry.url) if body else entry.html
    published, precision = _moment(told.get("first_published_at"))
    updated, _ = _moment(told.get("public_updated_at"))
    withdrawn = _withdrawn(told.get("withdrawn_notice"))
    return replace(
        entry,
        html=html,
        text=plain(html),
        published=published or entry.published,
        precision=precision or entry.precision,
        updated=updated or entry.updated,
        facts=(*entry.facts, withdrawn) if withdrawn else entry.facts,
    )


class _Visit:
    """Goes through the entries that the filter takes."""

    def __init__(
        self, source: Source, before: Mapping[str, str], http: Http, sandbox: Sandbox, *, everything: bool
    ) -> None:
        self.came = Detailed()
        self.asked = 0
        self._everything = everything
        self._template = str(source.options["detail"])
        self._before = before
        self._http = http
        self._sandbox = sandbox

    def add(self, entry: Entry) -> None:
        url, name, now_told = address_of(self._template, entry.url), f"detail {entry.key}", _fingerprint(entry)
        if self._before.get(name) == now_told and not self._everything:
            self.came.notes |= {name: now_told, **answers.noted(url, answers.kept(self._before, url))}
            return
        self.asked += 1
        if self.asked > MOST_DETAILS:
            self.came.entries.append(entry)
            return
        try:
            notes, shown = self._ask(entry, url, known=name in self._before)
        except (AnswerError, EncodingError, RedirectError, TooLargeError) as error:
            self._without(entry, str(error))
            return
        self.came.notes |= {name: now_told, **notes}
        self.came.entries += shown

    def _ask(self, entry: Entry, url: str, *, known: bool) -> tuple[dict[str, str], list[Entry]]:
        """Return the notes and what is to be shown; raises AnswerError where the details are to be asked for again."""
        given = answers.kept(self._before, url)
        reply = self._http.get(url, validators=given, accept=ACCEPT)
        if reply.status == answers.NOT_MODIFIED and known:
            return answers.noted(url, answers.renewed(reply.headers, given)), []
        if reply.status in _NOTHING_THERE:
            self.came.warnings.append(f"{entry.title}: there are no details at {url}.")
            return {}, [entry]
        if reply.status != answers.OK and reply.status not in _COME_LATER:
            message = f"{url} answered {reply.status}"
            raise AnswerError(message)
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=url)
        return answers.noted(url, answers.validators(reply.headers)), [self._sandbox.run(detailed, entry, reply)]

    def _without(self, entry: Entry, why: str) -> None:
        self.came.entries.append(entry)
        self.came.notes[AGAIN] = "1"
        self.came.warnings.append(f"{entry.title}: its details could not be read and are asked for again: {why}.")


def _fingerprint(entry: Entry) -> str:
    """Return 12 hex digits of what the feed itself tells."""
    told = "\n".join((entry.title, entry.text, entry.url, str(entry.published), str(entry.updated)))
    return sha256(told.encode()).hexdigest()[:12]


def _body(told: Any) -> str:
    """Return the HTML of a body: text, or a list of the same in several languages of markup."""
    if isinstance(told, list):
        kinds = {str(one.get("content_type")): one.get("content") for one in told if isinstance(one, dict)}
        told = kinds.get("text/html")
    return told if isinstance(told, str) else ""


def _joined(entry: Entry, body: str) -> str:
    """Put the feed's summary before the body, unless it is a part of it: the filter may have found its word there."""
    said = " ".join(entry.text.split())
    return body if said in " ".join(plain(body).split()) else f"{entry.html}{body}"


def _moment(told: Any) -> tuple[datetime | None, Precision | None]:
    try:
        moment = datetime.fromisoformat(told.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, ValueError, OverflowError):
        return None, None
    return precise(moment, told.strip())


def _withdrawn(notice: Any) -> Fact | None:
    """Return the fact that a notice was taken back: on which day, and in its own words why."""
    if not isinstance(notice, dict):
        return None
    day = read_date(str(notice.get("withdrawn_at") or ""))
    why = " ".join(plain(str(notice.get("explanation") or "")).split())
    value = ": ".join(text for text in (str(day or ""), why) if text)
    if not value:
        return None
    return Fact(name="withdrawn_notice", value=value, label="withdrawn", change="withdrawn")
