"""Reads the answer of a living page: its HTML, or the same content as WordPress's REST interface gives it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from msdigest.collect.livingpage.cutting import cut, date_line
from msdigest.errors import AnswerError, LayoutError
from msdigest.markup.links import canonical_link
from msdigest.markup.page import page
from msdigest.markup.text import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from msdigest.collect.livingpage.cutting import Piece
    from msdigest.markup.page import Page
    from msdigest.model.source import Source
    from msdigest.ports import Reply

_CHALLENGES = ("just a moment", "attention required", "access denied", "are you a robot", "verify you are human")
_MOST_ENTRIES = 2_000
_EVERYTHING = "body"


@dataclass(frozen=True, slots=True)
class Content:
    """What is needed of a page that was read: its language, all its headings, and its pieces."""

    language: str | None
    headings: frozenset[str]
    pieces: tuple[Piece, ...]


def read(source: Source, reply: Reply) -> Content:
    """Read the page's answer into pieces. Pure; raises LayoutError and AnswerError."""
    try:
        stamp = date_line(source.options.get("stamp"))
    except re.error as error:
        raise LayoutError(unusable(source, str(error))) from error
    seen = page_of(source, reply, alone=lambda line: stamp(line) is not None)
    headings = frozenset(block.text for block in seen.blocks if block.kind == "heading")
    return Content(seen.language, headings, tuple(cut(seen.blocks, stamp)[:_MOST_ENTRIES]))


def page_of(
    source: Source,
    reply: Reply,
    *,
    selector: str | None = None,
    alone: Callable[[str], bool] | None = None,
) -> Page:
    """Read an answer as a page, its content found by ``selector``, else as the source's settings say."""
    wanted = selector or source.options.get("content")
    html = decode(reply.body, reply.headers.get("content-type", ""))
    base_url = reply.url
    if source.options.get("rest"):
        # What the interface gives is the content and nothing else.
        html, base_url, wanted = _rendered(source, reply), source.url, wanted or _EVERYTHING
    try:
        seen = page(html, base_url=base_url, selector=wanted, alone=alone)
    except ValueError as error:
        raise LayoutError(unusable(source, str(error))) from error
    refuse_challenge(source, reply, title=seen.title)
    return seen


def refuse_challenge(source: Source, reply: Reply, *, title: str = "") -> None:
    """Raise LayoutError for a page that asks whether we are a robot."""
    if "cf-mitigated" in reply.headers or title.casefold().startswith(_CHALLENGES):
        message = f"{source.url} answered with a check for robots instead of the page; nothing was changed"
        raise LayoutError(message)


def unusable(source: Source, why: str) -> str:
    """Say that the settings of ``source`` cannot be used."""
    return f"the settings of source {source.id} cannot be used: {why}"


# --------------------------------------------------------------------------------------------------- WordPress's REST


def address(source: Source) -> str:
    """Return where the content is asked for: the page itself, or its place in the site's REST interface."""
    if not source.options.get("rest"):
        return source.url
    parts = urlsplit(source.url)
    slug = unquote(parts.path.rstrip("/").rpartition("/")[2])
    if not slug:
        raise LayoutError(unusable(source, "rest needs the address of a page, not of a whole site"))
    return f"{parts.scheme}://{parts.netloc}/wp-json/wp/v2/pages?slug={quote(slug, safe='')}&_fields=link,title,content"


def _rendered(source: Source, reply: Reply) -> str:
    """Return the content of the page that the interface gave as a document of its own."""
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        message = f"{reply.url} answered with something that is no JSON: leave out rest to read the page itself"
        raise AnswerError(message) from error
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    meant = [row for row in rows if canonical_link(str(row.get("link"))) == canonical_link(source.url)] or rows
    content = _text(meant[0].get("content")) if len(meant) == 1 else None
    if content is None:
        message = f"{reply.url} gives no content of a page at {source.url}: leave out rest to read the page itself"
        raise AnswerError(message)
    title = escape(_text(meant[0].get("title")) or "")
    return f"<html><head><title>{title}</title></head><body>{content}</body></html>"


def _text(told: Any) -> str | None:
    """Return what an interface's field says in HTML; None for what is closed or no such field."""
    rendered = told.get("rendered") if isinstance(told, dict) and not told.get("protected") else None
    return rendered if isinstance(rendered, str) else None
