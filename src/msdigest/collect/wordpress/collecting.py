"""Visits a WordPress site through its REST interface: posts with authors and terms, chosen pages, recordings.

A visit first asks the feed whether anything changed at all. Only if so, or once a day, it asks for the posts that
were published or edited since the last visit, however many. Comments are counted, never read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdigest.collect.wordpress.asking import Site
from msdigest.collect.wordpress.comments import commented, facts_of
from msdigest.collect.wordpress.feed import PATH, ask_feed
from msdigest.collect.wordpress.listing import LONGEST_TRUST, changed_pages, listed_posts, posts_by_number
from msdigest.collect.wordpress.names import learn
from msdigest.collect.wordpress.notebook import notes_of, opened
from msdigest.collect.wordpress.recordings import files_of
from msdigest.errors import CollectError
from msdigest.model.enclosures import is_recording
from msdigest.model.source import Kind, Option
from msdigest.ports import NEVER, Collected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.collect.wordpress.notebook import Notebook
    from msdigest.collect.wordpress.posts import Post
    from msdigest.markup.media import Item
    from msdigest.model.entry import Enclosure, Entry
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Sandbox

_MOST_CATEGORIES = 50
_COMMENTS = ("count", "none")

KIND = Kind(
    name="wordpress",
    options={
        "api": Option("text", "address of the REST interface, or its path on the site; left out: /wp-json/wp/v2"),
        "pages": Option("texts", "slugs of pages that are entries, too, and are read anew whenever they are edited"),
        "comments": Option("text", "count (left out) tells how many comments a post has, none asks for no comments"),
    },
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit a WordPress site: posts since the last visit, chosen pages when they are edited, and comments counted."""
    counting = _counts_comments(source)
    site = Site(source, http, sandbox)
    feed_url = f"{site.home}{PATH}"
    book = opened(memory.notes, feed_url)
    # A body that is not remembered: nothing was read so far, or it is to be read in another way than before.
    again = memory.since is None or memory.body_hash is None
    feed = ask_feed(site, book, memory=memory, again=again)
    posts: tuple[Post, ...] = ()
    fingerprint = memory.body_hash
    if not feed.quiet or memory.now - (book.asked or NEVER) > LONGEST_TRUST:
        listing = listed_posts(site, book, memory, again=again)
        posts = listing.posts if listing.fingerprint != memory.body_hash else ()
        fingerprint = listing.fingerprint
    if counting:
        posts += _commented(site, book, memory, read=posts)
    entries = _entries(site, book, posts, items=feed.items, counting=counting)
    entries += _told(site, book, changed_pages(site, book, again=again), items={})
    return Collected(
        status="unchanged" if feed.quiet and not entries else "ok",
        entries=tuple(replace(entry, language=book.language) for entry in entries),
        body_hash=fingerprint,
        notes=notes_of(book, feed_url),
        moved_to=feed.moved_to,
        min_interval=feed.min_interval,
        warnings=tuple(site.warnings),
    )


def _counts_comments(source: Source) -> bool:
    told = source.options.get("comments", _COMMENTS[0])
    if told not in _COMMENTS:
        message = f"the settings of source {source.id} cannot be used: comments is {told!r}; write count or none"
        raise CollectError(message)
    return bool(told == "count")


def _commented(site: Site, book: Notebook, memory: Memory, *, read: Sequence[Post]) -> tuple[Post, ...]:
    """Return known posts that have new comments and were not edited, so that their counts can be told, too."""
    more = list(posts_by_number(site, commented(site, book, memory) - {post.id for post in read}))
    known = memory.seen(post.entry.key for post in more)
    return tuple(post for post in more if post.entry.key in known)


def _entries(
    site: Site, book: Notebook, posts: Sequence[Post], *, items: Mapping[str, Item], counting: bool
) -> list[Entry]:
    """Make entries of posts, with the number of their comments."""
    told = _told(site, book, posts, items=items)
    newest = sorted((post.id for post in posts), reverse=True)
    facts = facts_of(site, book, newest) if counting else {}
    return [replace(entry, facts=facts.get(post.id, ())) for post, entry in zip(posts, told, strict=True)]


def _told(site: Site, book: Notebook, posts: Sequence[Post], *, items: Mapping[str, Item]) -> list[Entry]:
    """Make entries of posts or pages: named by their authors and terms, with their files."""
    learn(site, book, posts, items=items)
    files = files_of(site, book, posts, items=items)
    return [_entry(book, post, files=files[post.id]) for post in posts]


def _entry(book: Notebook, post: Post, *, files: tuple[Enclosure, ...]) -> Entry:
    terms = (*(book.categories.get(one, "") for one in post.categories), *(book.tags.get(one, "") for one in post.tags))
    author = book.users.get(post.author, "")
    entry = post.entry
    return replace(
        entry,
        kind="recording" if entry.kind == "post" and is_recording(files) else entry.kind,
        authors=(author,) if author else (),
        categories=tuple(dict.fromkeys(filter(None, terms)))[:_MOST_CATEGORIES],
        enclosures=files,
    )
