"""Joins what is told of the files of a post: by its text, by the feed, by the site's library of media, and before.

The REST interface gives a post's text with its players, but neither length nor type of a file. The feed tells these
of the newest posts, the library of media of all that was uploaded with a post; each file is looked up there once.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msdigest.collect.wordpress.notebook import Noted
from msdigest.collect.wordpress.rows import PER_PAGE, rows_of, text
from msdigest.markup.links import absolute
from msdigest.markup.media import seconds, size, type_of
from msdigest.model.enclosures import is_recording, joined, without_scheme
from msdigest.model.entry import Enclosure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from msdigest.collect.wordpress.asking import Site
    from msdigest.collect.wordpress.notebook import Notebook
    from msdigest.collect.wordpress.posts import Post
    from msdigest.markup.media import Item


@dataclass(frozen=True, slots=True)
class Library:
    """One page of uploaded files; ``told``: its length as the site gave it."""

    told: int
    files: tuple[Enclosure, ...]


def read_library(body: bytes, url: str) -> Library:
    """Read what the library of media tells of sounds and films; raises AnswerError. Pure: it runs in the sandbox."""
    listed = rows_of(body, url)
    return Library(listed.told, tuple(file for row in listed.rows if (file := _uploaded(row))))


def files_of(
    site: Site, book: Notebook, posts: Sequence[Post], *, items: Mapping[str, Item]
) -> dict[int, tuple[Enclosure, ...]]:
    """Return the files of each of ``posts``, and write into ``book`` what was told of them."""
    told = {post.id: _told(post, items.get(post.entry.key), book.files.get(post.id, ())) for post in posts}
    wanted = {post.id: _wanted(site, book, post, told=told[post.id]) for post in posts}
    library = _library(site, {post: files for post, files in wanted.items() if files})
    found = {}
    for post in posts:
        looked_up = (library.get(without_scheme(file.url), file) for file in wanted[post.id])
        files = joined(told[post.id], looked_up)
        _note(book, post, files, wanted=wanted[post.id])
        found[post.id] = joined(files, post.played)
    return found


def _told(post: Post, item: Item | None, noted: Sequence[Noted]) -> tuple[Enclosure, ...]:
    """Return what was told of the files of a post: by the feed if it shows the post now, and by what was noted.

    A file that the text played once and plays no more was taken away: nobody is led to it.
    """
    current = {without_scheme(file.url) for file in post.played}
    if item is None:
        return tuple(one.file for one in noted if not one.played or without_scheme(one.file.url) in current)
    shown = tuple(Enclosure(*astuple(file)) for file in item.files)
    current |= {without_scheme(file.url) for file in shown}
    return joined(shown, (one.file for one in noted if without_scheme(one.file.url) in current))


def _wanted(site: Site, book: Notebook, post: Post, *, told: Sequence[Enclosure]) -> tuple[Enclosure, ...]:
    """Return the site's own files of which length or duration is not known and that were never looked up."""
    known = {without_scheme(one.file.url) for one in book.files.get(post.id, ()) if one.looked_up}
    here = urlsplit(site.home).hostname
    return tuple(
        Enclosure(file.url, file.type)
        for file in joined(told, post.played)
        if is_recording([file])
        and (file.length is None or file.duration is None)
        and urlsplit(file.url).hostname == here
        and without_scheme(file.url) not in known
    )


def _library(site: Site, wanted: Mapping[int, Sequence[Enclosure]]) -> dict[str, Enclosure]:
    """Look up files that were uploaded with the posts ``wanted``, sounds and films apart; a closed library has none."""
    found: dict[str, Enclosure] = {}
    for kind in ("audio", "video"):
        posts = [post for post, files in wanted.items() if any(file.type.startswith(kind) for file in files)]
        for start in range(0, len(posts), PER_PAGE):
            parents = ",".join(map(str, posts[start : start + PER_PAGE]))
            query = (("parent", parents), ("media_type", kind), ("_fields", "source_url,mime_type,media_details"))
            page = site.first("media", *query, read=read_library)
            found.update((without_scheme(file.url), file) for file in (page.files if page else ()))
    return found


def _note(book: Notebook, post: Post, files: Iterable[Enclosure], *, wanted: Iterable[Enclosure]) -> None:
    played = {without_scheme(file.url) for file in post.played}
    looked_up = {without_scheme(file.url) for file in wanted}
    looked_up |= {without_scheme(one.file.url) for one in book.files.get(post.id, ()) if one.looked_up}
    noted = tuple(
        Noted(file, played=place in played, looked_up=place in looked_up)
        for file in files
        for place in (without_scheme(file.url),)
    )
    book.files.pop(post.id, None)
    if noted:
        book.files[post.id] = noted


def _uploaded(row: Mapping[str, Any]) -> Enclosure | None:
    url, details = absolute(text(row.get("source_url")), ""), row.get("media_details")
    kind = type_of(row.get("mime_type"), url)
    if not url.startswith("http") or not kind:
        return None
    told = details if isinstance(details, dict) else {}
    duration = seconds(told.get("length")) or seconds(told.get("length_formatted"))
    return Enclosure(url, kind, size(told.get("filesize")), duration)
