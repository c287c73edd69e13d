"""Visits a feed: asks the server, pages back to the last visit where it can, asks for details where they are wanted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msdigest.collect.feed.details import AGAIN, Detailed, refuse_template, with_details
from msdigest.collect.feed.paging import paged_back, shown
from msdigest.collect.feed.reading import read
from msdigest.errors import StatusError
from msdigest.model import answers
from msdigest.model.source import Kind, Option
from msdigest.ports import NO_VALIDATORS, Collected

if TYPE_CHECKING:
    from collections.abc import Callable

    from msdigest.collect.feed.paging import Pages
    from msdigest.collect.feed.reading import Entries
    from msdigest.model.source import Source, Validators
    from msdigest.ports import Http, Memory, Reply, Sandbox

ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_PAST_THE_END = {400, 404, 410}
# Some servers answer 304 for ever, and a notice may be withdrawn without being listed anew.
_FULL_AFTER = timedelta(days=7)
_AGAIN_AFTER = timedelta(hours=1)
_FULL = "full"

KIND = Kind(
    name="feed",
    options={
        "detail": Option(
            "text", "address of an entry's details with {path} or {slug}, as GOV.UK's content API has them"
        ),
        "page": Option("text", "query parameter that numbers older pages; left out: the feed's own links, WordPress"),
    },
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit a feed; its text is read, never the comments on it.

    Once a week it is read in full, whatever its validators, and all details are asked for again.
    """
    if "detail" in source.options:
        refuse_template(source)
    full = _full_is_due(memory)
    asked = NO_VALIDATORS if full else memory.validators
    reply = http.get(source.url, validators=asked, accept=ACCEPT)
    since = memory.now.isoformat() if full or _FULL not in memory.notes else memory.notes[_FULL]
    if reply.status == answers.NOT_MODIFIED:
        if asked == NO_VALIDATORS:
            message = f"{source.url} says that nothing changed, though it was asked for everything"
            raise StatusError(reply.status, message)
        kept = answers.renewed(reply.headers, memory.validators)
        return _unchanged(reply, memory, validators=kept, full=since)
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=source.url)
    given, fingerprint = answers.validators(reply.headers), answers.body_hash(reply.body)
    if fingerprint == memory.body_hash and not (full and "detail" in source.options):
        return _unchanged(reply, memory, validators=given, full=since)
    # What is filtered or gets details is enriched afterwards: both look at the words as they were printed.
    enrich = None if source.filter or "detail" in source.options else memory.enrich

    def entries_of(told: Reply) -> Entries:
        return sandbox.run(read, told.body, told.headers.get("content-type", ""), told.url, source, enrich)

    first = entries_of(reply)
    pages = paged_back(first, source=source, memory=memory, turn=lambda url: _turned(url, http, entries_of))
    came = _detailed(pages, source, memory, http, sandbox)
    return Collected(
        status="ok",
        entries=tuple(came.entries),
        whole=True,
        enriched=enrich is not None,
        # After a document that was cut short, a 304 would hide the entry that is missing.
        validators=NO_VALIDATORS if first.cut else given,
        body_hash=fingerprint,
        notes={_FULL: since, **shown(first.entries), **came.notes},
        moved_to=reply.moved_to,
        min_interval=max(filter(None, (first.interval, answers.max_age(reply.headers))), default=None),
        warnings=(*first.warnings, *pages.warnings, *came.warnings),
    )


def _full_is_due(memory: Memory) -> bool:
    """Tell whether the feed is to be read in full; on a first visit and after new settings it is anyway."""
    if memory.body_hash is None:
        return True
    try:
        last = datetime.fromisoformat(memory.notes[_FULL])
    except (KeyError, ValueError):
        return False
    return memory.now - last >= (_AGAIN_AFTER if AGAIN in memory.notes else _FULL_AFTER)


def _unchanged(reply: Reply, memory: Memory, *, validators: Validators, full: str) -> Collected:
    return Collected(
        status="unchanged",
        validators=validators,
        body_hash=memory.body_hash,
        notes={**memory.notes, _FULL: full},
        moved_to=reply.moved_to,
        min_interval=answers.max_age(reply.headers),
    )


def _turned(url: str, http: Http, entries_of: Callable[[Reply], Entries]) -> Entries | None:
    """Return an older page, asked for once and so without validators; None past the end."""
    reply = http.get(url, accept=ACCEPT)
    if reply.status in _PAST_THE_END:
        return None
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=url)
    return entries_of(reply)


def _detailed(pages: Pages, source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Detailed:
    if "detail" not in source.options:
        return Detailed(entries=list(pages.entries))
    return with_details(
        pages.entries,
        source=source,
        # After new settings everything is to be shown again, so a 304 would be of no use.
        before=memory.notes if memory.body_hash else {},
        everything=_full_is_due(memory),
        http=http,
        sandbox=sandbox,
    )
