"""Reads posts and pages as the REST interface gives them. Pure: it runs in the sandbox."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Any

from msdigest.collect.wordpress.rows import moment, number, numbers, rendered, rows_of, text
from msdigest.markup.blocks import plain_of_clean
from msdigest.markup.clean import clean
from msdigest.markup.links import absolute, canonical_link
from msdigest.markup.media import media
from msdigest.markup.text import first_words, plain_title, without_controls
from msdigest.model.answers import body_hash
from msdigest.model.entry import Enclosure, Entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.entry import Precision
    from msdigest.model.source import Source

FIELDS = "id,slug,date,date_gmt,modified_gmt,guid,link,title,content,author,categories,tags"
_LONGEST_KEY = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post or page; authors and categories are numbers whose names are told elsewhere.

    modified: as the site wrote it, to be compared only. touched: when it was published or edited, the later of both.
    played: the sounds and films that its text plays.
    """

    id: int
    slug: str
    author: int
    categories: tuple[int, ...]
    tags: tuple[int, ...]
    modified: str
    touched: datetime | None
    played: tuple[Enclosure, ...]
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """One page of a list of posts; ``told``: its length as the site gave it, ``fingerprint``: of the whole page."""

    told: int
    posts: tuple[Post, ...]
    fingerprint: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamps:
    """When pages were last edited, by slug, as the site writes it."""

    told: int
    modified: Mapping[str, str]


def read_posts(body: bytes, url: str, source: Source, kind: str) -> Posts:
    """Read a page of posts into entries of ``kind``; raises AnswerError. What cannot be read is told in a warning."""
    listed = rows_of(body, url)
    open_ones = [row for row in listed.rows if not _is_protected(row)]
    posts = tuple(post for row in open_ones if (post := _post(row, source, kind)))
    warnings = []
    if unreadable := listed.told - len(listed.rows) + len(open_ones) - len(posts):
        warnings.append(f"{unreadable} of the entries that the site lists could not be read and were left out.")
    if closed := len(listed.rows) - len(open_ones):
        warnings.append(f"{closed} of the entries that the site lists ask for a password and were left out.")
    return Posts(told=listed.told, posts=posts, fingerprint=body_hash(body), warnings=tuple(warnings))


def read_stamps(body: bytes, url: str) -> Stamps:
    """Read when pages were last edited; raises AnswerError."""
    listed = rows_of(body, url)
    return Stamps(listed.told, {text(row.get("slug")): text(row.get("modified_gmt")) for row in listed.rows})


def _is_protected(row: Mapping[str, Any]) -> bool:
    content = row.get("content")
    return isinstance(content, dict) and content.get("protected") is True


def _post(row: Mapping[str, Any], source: Source, kind: str) -> Post | None:
    # The interface gives the guid as the database holds it: with &#038; for &, which a feed's reader turns back.
    guid = without_controls(unescape(rendered(row.get("guid")))).strip()
    link = next((url for told in (text(row.get("link")), guid) if (url := _web(told, source))), "")
    if not number(row.get("id")) or not link:
        return None
    html = clean(rendered(row.get("content")), base_url=link)
    said = plain_of_clean(html)
    published, precision = _published(row)
    modified = moment(row.get("modified_gmt"))
    entry = Entry(
        key=_key(guid or canonical_link(link)),
        source=source.id,
        kind=kind,
        title=plain_title(rendered(row.get("title"))) or first_words(said) or link,
        url=link,
        html=html,
        text=said,
        published=published,
        precision=precision,
        updated=modified,
        audience=source.audience,
        evidence=source.evidence,
    )
    return Post(
        id=number(row.get("id")),
        slug=text(row.get("slug")),
        author=number(row.get("author")),
        categories=numbers(row.get("categories")),
        tags=numbers(row.get("tags")),
        modified=text(row.get("modified_gmt")),
        touched=max(filter(None, (published, modified)), default=None),
        played=tuple(Enclosure(*astuple(file)) for file in media(rendered(row.get("content")), base_url=link)),
        entry=entry,
    )


def _web(told: str, source: Source) -> str:
    url = absolute(told, source.url) if told else ""
    return url if url.startswith("http") else ""


def _key(name: str) -> str:
    """Return the key that the site's feed would give, too: whoever changes the kind of source loses nothing."""
    return name if len(name) <= _LONGEST_KEY else sha256(name.encode()).hexdigest()


def _published(row: Mapping[str, Any]) -> tuple[datetime | None, Precision | None]:
    """Return when a post was published; of the site's own time, whose zone is not told, only the day is sure."""
    if exact := moment(row.get("date_gmt")):
        return exact, "minute"
    local = moment(row.get("date"))
    return (local.replace(hour=0, minute=0, second=0, microsecond=0), "day") if local else (None, None)
