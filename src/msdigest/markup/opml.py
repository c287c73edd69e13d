"""Reads hostile OPML: the feeds that other programs follow, as they export them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.errors import AnswerError
from msdigest.markup.records import read_records
from msdigest.markup.text import plain_title

if TYPE_CHECKING:
    from msdigest.markup.records import Record

MOST_OUTLINES = 5_000
# Programs write it in every way.
_ADDRESS = ("xmlUrl", "xmlurl", "xmlURL", "XMLURL")
_NAME = ("title", "text")


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in a list: what it is called there (may be empty), and its address, whatever that is."""

    title: str
    url: str


def read_opml(body: bytes, name: str) -> tuple[Outline, ...]:
    """Return the feeds of an OPML document in its order, from folders too. Pure.

    Raises AnswerError that calls the document by ``name``.
    """
    try:
        root = read_records(body)
    except ValueError as error:
        message = f"{name} is no OPML: {error}"
        raise AnswerError(message) from error
    if root.name.lower() != "opml":
        message = f"{name} is no OPML: its first element is <{root.name[:40]}>, not <opml>"
        raise AnswerError(message)
    outlines = [*root.all("body//outline")]
    if len(outlines) > MOST_OUTLINES:
        message = f"{name} has {len(outlines):,} outlines: no more than {MOST_OUTLINES:,} are read at once"
        raise AnswerError(message)
    feeds = [Outline(plain_title(_told(one, _NAME)), url) for one in outlines if (url := _told(one, _ADDRESS))]
    if not feeds:
        message = f"{name} names no feed: no outline in it has an xmlUrl"
        raise AnswerError(message)
    return tuple(feeds)


def _told(outline: Record, names: tuple[str, ...]) -> str:
    """Return the first of the attributes that is not empty."""
    return next((value for name in names if (value := outline.attribute(name))), "")
