"""Asks the feed of a site, conditionally: it tells cheaply that nothing changed, and how long recordings are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.collect.wordpress.asking import CLOSED
from msdigest.errors import TooLargeError
from msdigest.markup.media import channel
from msdigest.model import answers
from msdigest.model.feedxml import safe_xml
from msdigest.model.source import Validators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.collect.wordpress.asking import Site
    from msdigest.collect.wordpress.notebook import Notebook
    from msdigest.markup.media import Channel, Item
    from msdigest.ports import Memory, Reply

PATH = "/feed/"
_ACCEPT = "application/rss+xml, application/xml;q=0.9, */*;q=0.5"
_ASKED_AGAIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What the feed told.

    quiet: no post was published or edited since the last visit; WordPress dates its feed by the latest of both.
    items: by guid. moved_to: the new address of the site, if it moved for good.
    """

    quiet: bool = False
    items: Mapping[str, Item] = field(default_factory=dict)
    moved_to: str | None = None
    min_interval: float | None = None


def read_feed(body: bytes) -> Channel | None:
    """Read the feed of a site; None if it is none. Pure: it runs in the sandbox."""
    return channel(safe_xml(body).body)


def ask_feed(site: Site, book: Notebook, *, memory: Memory, again: bool) -> Feed:
    """Ask the feed for what changed; ``again``: its whole text is wanted, whatever was read before.

    A site without a feed is read all the same, only less cheaply; it is asked for one again after a week.
    """
    if book.no_feed and not again and memory.now - book.no_feed < _ASKED_AGAIN:
        return Feed()
    before = Validators() if again else book.validators
    try:
        reply = site.http.get(f"{site.home}{PATH}", validators=before, accept=_ACCEPT)
    except TooLargeError:
        return _without(site, book, memory=memory, why="is larger than the limit")
    if reply.status in CLOSED:
        return _without(site, book, memory=memory, why=f"answered {reply.status}")
    feed = Feed(moved_to=_home_of(reply.moved_to), min_interval=answers.max_age(reply.headers))
    if reply.status == answers.NOT_MODIFIED and before != Validators():
        book.validators = answers.renewed(reply.headers, before)
        return replace(feed, quiet=True)
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=reply.url)
    return _read(site, book, feed, reply=reply, again=again) or _without(site, book, memory=memory, why="is no feed")


def _read(site: Site, book: Notebook, feed: Feed, *, reply: Reply, again: bool) -> Feed | None:
    """Return what the answer tells; None if it is no feed, whose 304 would tell nothing about posts."""
    fingerprint, given = answers.body_hash(reply.body), answers.validators(reply.headers)
    if fingerprint == book.feed and not again:
        book.validators = given
        return replace(feed, quiet=True)
    read = site.sandbox.run(read_feed, reply.body)
    if read is None:
        return None
    book.feed, book.validators, book.no_feed = fingerprint, given, None
    book.language = read.language or book.language
    return replace(feed, items={item.guid: item for item in read.items})


def _without(site: Site, book: Notebook, *, memory: Memory, why: str) -> Feed:
    book.no_feed, book.feed, book.validators = memory.now, None, Validators()
    site.warnings.append(f"{site.home}{PATH} {why}: how long recordings are may stay unknown.")
    return Feed()


def _home_of(moved_to: str | None) -> str | None:
    return moved_to.removesuffix(PATH) if moved_to and moved_to.endswith(PATH) else None
