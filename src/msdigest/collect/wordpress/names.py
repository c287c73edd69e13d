"""Tells authors, categories and tags by their names: each is asked for once and then remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.collect.wordpress.rows import PER_PAGE, number, rows_of, text
from msdigest.markup.text import plain_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from msdigest.collect.wordpress.asking import Site
    from msdigest.collect.wordpress.notebook import Names, Notebook
    from msdigest.collect.wordpress.posts import Post
    from msdigest.markup.media import Item


@dataclass(frozen=True, slots=True)
class Told:
    """One page of names by number; ``told``: its length as the site gave it."""

    told: int
    names: Mapping[int, str]


def read_names(body: bytes, url: str) -> Told:
    """Read the names of people or terms, as printed; raises AnswerError. Pure: it runs in the sandbox."""
    listed = rows_of(body, url)
    named = {number(row.get("id")): plain_title(text(row.get("name"))) for row in listed.rows}
    return Told(listed.told, {one: name for one, name in named.items() if one and name})


def learn(site: Site, book: Notebook, posts: Sequence[Post], *, items: Mapping[str, Item]) -> None:
    """Write into ``book`` the names that ``posts`` need; ``items`` of the feed tell authors that the site hides."""
    _learn_authors(site, book, posts, items=items)
    for route, names in (("categories", book.categories), ("tags", book.tags)):
        wanted = {one for post in posts for one in getattr(post, route)}
        if not _ask(site, route, names, wanted=wanted):
            site.warnings.append(f"The site does not tell the names of its {route}.")


def _learn_authors(site: Site, book: Notebook, posts: Sequence[Post], *, items: Mapping[str, Item]) -> None:
    wanted = {post.author for post in posts} - {0}
    if wanted <= book.users.keys():
        return
    # All who ever wrote a post, in one request: it is also known then which comments are the blog's own.
    everybody = site.first("users", ("_fields", "id,name"), read=read_names)
    if everybody is not None:
        book.users.update(everybody.names)
    if everybody is not None and everybody.told >= PER_PAGE:
        _ask(site, "users", book.users, wanted=wanted)
    for post in posts:
        item = items.get(post.entry.key)
        if post.author not in book.users and item and len(item.authors) == 1:
            book.users[post.author] = item.authors[0]
    if everybody is None and wanted - book.users.keys():
        site.warnings.append("The site does not tell the names of its authors.")


def _ask(site: Site, route: str, names: Names, *, wanted: Iterable[int]) -> bool:
    """Ask for the names that are missing; tell whether the site told them."""
    missing = sorted(set(wanted) - names.keys())
    for start in range(0, len(missing), PER_PAGE):
        some = ",".join(map(str, missing[start : start + PER_PAGE]))
        found = site.first(route, ("include", some), ("_fields", "id,name"), read=read_names)
        if found is None:
            return False
        names.update(found.names)
    return True
