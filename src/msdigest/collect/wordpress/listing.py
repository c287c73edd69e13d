"""Decides which posts and pages are asked for, and asks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from msdigest.collect.wordpress.posts import FIELDS, read_posts, read_stamps
from msdigest.collect.wordpress.rows import PER_PAGE
from msdigest.model.answers import body_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from msdigest.collect.wordpress.asking import Page, Site
    from msdigest.collect.wordpress.notebook import Notebook
    from msdigest.collect.wordpress.posts import Post, Posts
    from msdigest.ports import Memory

OVERLAP = timedelta(days=2)
# A feed that claims day after day that nothing happened may be a cache that was forgotten.
LONGEST_TRUST = timedelta(days=1)
_MOST_PAGES = 20
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Listing:
    """Posts, each once, and the fingerprint of the answers that they were read from."""

    posts: tuple[Post, ...]
    fingerprint: str


def listed_posts(site: Site, book: Notebook, memory: Memory, *, again: bool) -> Listing:
    """Return all posts that were published or edited since the last visit; at the first one the newest hundred.

    ``again``: what was read before is to be read anew, so the newest hundred are asked for besides.
    """
    pages: list[Posts] = []
    if again:
        newest = (("orderby", "date"), ("order", "desc"))
        pages += [page.found for page in islice(_posts(site, *newest), 1)]
    if memory.since is not None:
        pages += _since(site, _line(book, memory.since))
    posts = {post.id: post for page in reversed(pages) for post in page.posts}
    site.warnings.extend(dict.fromkeys(warning for page in pages for warning in page.warnings))
    book.asked = memory.now
    book.newest = max(filter(None, (book.newest, *(post.touched for post in posts.values()))), default=None)
    told = "".join(page.fingerprint for page in pages)
    return Listing(tuple(posts.values()), body_hash(told.encode()))


def posts_by_number(site: Site, numbers: Iterable[int]) -> Iterator[Post]:
    """Return the posts with these ``numbers``, as far as they are still there."""
    wanted = sorted(numbers, reverse=True)
    for start in range(0, len(wanted), PER_PAGE):
        some = ",".join(map(str, wanted[start : start + PER_PAGE]))
        for page in islice(_posts(site, ("include", some)), 1):
            yield from (post for post in page.found.posts if post.id in wanted)


def changed_pages(site: Site, book: Notebook, *, again: bool) -> list[Post]:
    """Return the pages of option ``pages`` that were edited; a small question tells first whether any was."""
    slugs = list(dict.fromkeys(name.strip("/").rpartition("/")[2] for name in site.source.options.get("pages", ())))
    if not slugs:
        return []
    slug = ("slug", ",".join(slugs))
    if not again:
        stamps: dict[str, str] = {}
        for page in islice(site.listed("pages", slug, ("_fields", "slug,modified_gmt"), read=read_stamps), 1):
            stamps.update(page.found.modified)
        _warn_of_missing(site, slugs, there=stamps)
        if all(book.pages.get(name) == stamp for name, stamp in stamps.items()):
            return []
    query = ("pages", slug, ("_fields", FIELDS))
    read = [page.found for page in islice(site.listed(*query, read=read_posts, more=(site.source, "resource")), 1)]
    pages = [post for found in read for post in found.posts if post.slug in slugs]
    site.warnings.extend(warning for found in read for warning in found.warnings)
    if again:
        _warn_of_missing(site, slugs, there=[post.slug for post in pages])
    book.pages = {post.slug: post.modified for post in pages}
    return pages


def _line(book: Notebook, since: datetime) -> datetime:
    """Return from when on posts are asked for; the newest one that was seen counts by the clock of the site itself."""
    return min(filter(None, (since, book.asked, book.newest))) - OVERLAP


def _since(site: Site, line: datetime) -> Iterator[Posts]:
    """Ask for what was touched after ``line``.

    A post that was written before it and set to appear after it keeps its old time of editing: WordPress does not
    touch that when the hour comes. So there is a second question, whose answer is nearly always empty.
    """
    edited = (("orderby", "modified"), ("order", "desc"), ("modified_after", _iso(line)))
    yield from _until(_posts(site, *edited), line, site=site)
    waited = (("after", _iso(line)), ("modified_before", _iso(line + _SECOND)), ("orderby", "date"), ("order", "desc"))
    yield from _until(_posts(site, *waited), line, site=site)


def _until(pages: Iterator[Page[Posts]], line: datetime, *, site: Site) -> Iterator[Posts]:
    """Stop where everything is older: before its version 5.7 WordPress takes no notice of ``modified_after``."""
    for number, page in enumerate(pages, 1):
        fresh = tuple(post for post in page.found.posts if post.touched is None or post.touched > line)
        yield replace(page.found, posts=fresh)
        if page.found.posts and not fresh:
            return
        if number == _MOST_PAGES and page.pages > number:
            site.warnings.append(
                f"More than {_MOST_PAGES * PER_PAGE} posts changed since the last visit: the oldest were left out."
            )
            return


def _posts(site: Site, *query: tuple[str, object]) -> Iterator[Page[Posts]]:
    kind = site.source.entry_kind or "post"
    return site.listed("posts", *query, ("_fields", FIELDS), read=read_posts, more=(site.source, kind))


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def _warn_of_missing(site: Site, slugs: Iterable[str], *, there: Iterable[str]) -> None:
    site.warnings.extend(f"The page {name!r} is not there." for name in slugs if name not in there)
