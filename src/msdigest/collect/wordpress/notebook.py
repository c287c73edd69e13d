"""What the collector remembers of a site between two visits: names by number, figures of files, times."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msdigest.model import answers
from msdigest.model.entry import Enclosure
from msdigest.model.source import Validators

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTE = "wordpress"
_MOST_NAMES = 500
_MOST_POSTS = 200
Names = dict[int, str]


@dataclass(frozen=True, slots=True)
class Noted:
    """A file of a post with what was told of it.

    played: the text of the post played it then. looked_up: the site's library of media was asked about it.
    """

    file: Enclosure
    played: bool
    looked_up: bool


@dataclass(slots=True, kw_only=True)
class Notebook:
    """What is known of a site; written by the visit, kept only if the visit succeeds.

    users, categories, tags: names by number. files: of posts by number, what was told of them.
    pages: when a page was last edited, by slug. language: as the feed tells it.
    asked: when the posts were last asked for; newest: the latest time that a post was touched, by the site's clock.
    comments: when the newest comments were last asked for.
    feed: fingerprint of the feed's last body; no_feed: when there was found to be none.
    """

    users: Names = field(default_factory=dict)
    categories: Names = field(default_factory=dict)
    tags: Names = field(default_factory=dict)
    files: dict[int, tuple[Noted, ...]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    language: str | None = None
    asked: datetime | None = None
    newest: datetime | None = None
    comments: datetime | None = None
    feed: str | None = None
    no_feed: datetime | None = None
    validators: Validators = field(default_factory=Validators)


def opened(notes: Mapping[str, str], feed_url: str) -> Notebook:
    """Return what an earlier visit wrote down; what cannot be read, e.g. by an older version, is asked for again."""
    try:
        told = json.loads(notes.get(_NOTE, "{}"))
        book = Notebook(
            users=_names(told.get("users", {})),
            categories=_names(told.get("categories", {})),
            tags=_names(told.get("tags", {})),
            files={int(post): tuple(map(_file, files)) for post, files in told.get("files", {}).items()},
            pages={str(slug): str(stamp) for slug, stamp in told.get("pages", {}).items()},
            language=told.get("language"),
            asked=_moment(told.get("asked")),
            newest=_moment(told.get("newest")),
            comments=_moment(told.get("comments")),
            feed=told.get("feed"),
            no_feed=_moment(told.get("no_feed")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Notebook()
    book.validators = answers.kept(notes, feed_url)
    return book


def notes_of(book: Notebook, feed_url: str) -> dict[str, str]:
    """Return the notes of which ``opened`` makes the same book again; beyond a limit the oldest fall out."""
    told = {
        "users": _last(book.users),
        "categories": _last(book.categories),
        "tags": _last(book.tags),
        "files": {post: [_told(noted) for noted in book.files[post]] for post in sorted(book.files)[-_MOST_POSTS:]},
        "pages": book.pages,
        "language": book.language,
        "asked": _written(book.asked),
        "newest": _written(book.newest),
        "comments": _written(book.comments),
        "feed": book.feed,
        "no_feed": _written(book.no_feed),
    }
    return {_NOTE: json.dumps(told, ensure_ascii=False), **answers.noted(feed_url, book.validators)}


def _last(names: Names) -> Names:
    return dict(list(names.items())[-_MOST_NAMES:])


def _names(told: Mapping[str, Any]) -> Names:
    return {int(number): str(name) for number, name in told.items()}


def _told(noted: Noted) -> dict[str, Any]:
    return {**asdict(noted.file), "played": noted.played, "looked_up": noted.looked_up}


def _file(told: Mapping[str, Any]) -> Noted:
    fields = dict(told)
    flags = {name: bool(fields.pop(name)) for name in ("played", "looked_up")}
    return Noted(file=Enclosure(**fields), **flags)


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
