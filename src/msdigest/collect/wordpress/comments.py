"""Counts comments. Nothing else of them is read: no name, no text, no number of a reader."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from msdigest.collect.wordpress.asking import CLOSED
from msdigest.collect.wordpress.rows import PER_PAGE, moment, number, rows_of
from msdigest.errors import StatusError
from msdigest.model.entry import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.collect.wordpress.asking import Site
    from msdigest.collect.wordpress.notebook import Notebook
    from msdigest.ports import Memory

# Pages of comments that one visit asks for at most.
_MOST_PAGES = 30
_MOST_NEWEST = 5
# Posts without a new edit are looked after so often.
EVERY = timedelta(hours=6)
_OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment without anything that tells who wrote it; ``ours``: one of the blog's authors did."""

    id: int
    post: int
    ours: bool
    written: datetime | None


@dataclass(frozen=True, slots=True)
class Comments:
    """One page of comments; ``told``: its length as the site gave it."""

    told: int
    comments: tuple[Comment, ...]


def read_comments(body: bytes, url: str, authors: frozenset[int]) -> Comments:
    """Read which posts are commented on, and by whom of ``authors``; raises AnswerError. Pure, for the sandbox."""
    listed = rows_of(body, url)
    found = (
        Comment(
            number(row.get("id")),
            number(row.get("post")),
            ours=number(row.get("author")) in authors,
            written=moment(row.get("date_gmt")),
        )
        for row in listed.rows
    )
    return Comments(listed.told, tuple(one for one in found if one.id and one.post))


def commented(site: Site, book: Notebook, memory: Memory) -> frozenset[int]:
    """Return the posts that were commented on since this was last asked: one small request, every few hours."""
    since = book.comments
    if since is not None and memory.now - since < EVERY:
        return frozenset()
    book.comments = memory.now
    if since is None:
        return frozenset()
    since -= _OVERLAP
    query = (
        ("after", f"{since:%Y-%m-%dT%H:%M:%SZ}"),
        ("orderby", "date_gmt"),
        ("order", "desc"),
        ("_fields", "id,post,date_gmt"),
    )
    posts = set[int]()
    try:
        for page in islice(site.listed("comments", *query, read=read_comments, more=(frozenset(),)), _MOST_NEWEST):
            fresh = [one for one in page.found.comments if one.written is None or one.written > since]
            posts.update(one.post for one in fresh)
            if len(fresh) < len(page.found.comments):
                break
    except StatusError as error:
        if error.status not in CLOSED:
            raise
    return frozenset(posts)


def facts_of(site: Site, book: Notebook, posts: Sequence[int]) -> dict[int, tuple[Fact, ...]]:
    """Return how many comments each of ``posts`` has, and how many of them the blog's authors wrote.

    posts: newest first; where there are more comments than a visit may ask for, the last ones stay without facts.
    """
    facts: dict[int, tuple[Fact, ...]] = {}
    allowance = _Allowance(_MOST_PAGES)
    try:
        for start in range(0, len(posts), PER_PAGE):
            some = posts[start : start + PER_PAGE]
            facts.update(_counted(site, some, authors=frozenset(book.users), allowance=allowance))
    except StatusError as error:
        if error.status not in CLOSED:
            raise
        site.warnings.append('The site does not tell its comments; comments = "none" stops asking for them.')
        return {}
    if missing := len(posts) - len(facts):
        site.warnings.append(f"There are too many comments to count those of {missing} posts.")
    return facts


@dataclass(slots=True)
class _Allowance:
    """How many pages of comments may still be asked for."""

    pages: int


def _counted(
    site: Site, posts: Sequence[int], *, authors: frozenset[int], allowance: _Allowance
) -> dict[int, tuple[Fact, ...]]:
    """Count the comments of ``posts``; of the first half of them if there are too many to count them all."""
    if not posts or allowance.pages < 1:
        return {}
    query = (
        # One by one: a server that reads a single number here would find no comment under "1284,40311".
        *(("post[]", post) for post in posts),
        ("orderby", "id"),
        ("order", "asc"),
        ("_fields", "id,post,author"),
    )
    found: dict[int, Comment] = {}
    for number_of_page, page in enumerate(site.listed("comments", *query, read=read_comments, more=(authors,)), 1):
        allowance.pages -= 1
        if page.pages - number_of_page > allowance.pages:
            return _counted(site, posts[: len(posts) // 2], authors=authors, allowance=allowance)
        found.update((one.id, one) for one in page.found.comments)
    everybody = Counter(one.post for one in found.values())
    ours = Counter(one.post for one in found.values() if one.ours)
    return {post: _facts(everybody[post], ours[post]) for post in posts}


def _facts(everybody: int, ours: int) -> tuple[Fact, ...]:
    return (
        Fact(name="comments", value=str(everybody), label="comments", change="comments", material=False),
        Fact(
            name="authorReplies",
            value=str(ours),
            label="comments by the blog's authors",
            change="comments",
            material=False,
        ),
    )
