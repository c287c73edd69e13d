"""Reads JSON Feed 1.0 and 1.1."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from msdigest.collect.feed.document import (
    MOST_ENTRIES,
    Document,
    Found,
    enclosures_of,
    language_of,
    paragraphs,
    precise,
    telling,
)
from msdigest.errors import NotAFeedError
from msdigest.markup.links import absolute
from msdigest.markup.text import without_controls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.entry import Precision


def read_json(body: bytes, url: str) -> Document:
    """Read JSON Feed 1.0 or 1.1. Pure; raises NotAFeedError."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = f"{url} is no readable JSON: {type(error).__name__}"
        raise NotAFeedError(message) from error
    if not str(told.get("version", "")).startswith("https://jsonfeed.org/version/") or not isinstance(
        told.get("items"), list
    ):
        message = f"{url} is JSON, but no JSON Feed"
        raise NotAFeedError(message)
    items = [one for one in told["items"] if isinstance(one, dict)]
    more = len(items) - MOST_ENTRIES
    cut = f"The document is truncated to its first {MOST_ENTRIES} entries; {more} were left out."
    return Document(
        found=telling(_found(one, told, url) for one in items[:MOST_ENTRIES]),
        older=absolute(_text(told, "next_url"), url),
        warnings=(cut,) if more > 0 else (),
    )


def _found(one: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> Found:
    link = next((href for name in ("url", "external_url") if (href := absolute(_text(one, name), url))), "")
    published, precision = _date(_text(one, "date_published"))
    updated, updated_precision = _date(_text(one, "date_modified"))
    files = [file for file in _list(one, "attachments") if isinstance(file, dict)]
    guid = without_controls(_text(one, "id")).strip()
    return Found(
        guid=guid,
        link=next((href for href in (link, absolute(guid, "")) if href.startswith("http")), ""),
        title=escape(_text(one, "title"), quote=False),
        html=_text(one, "content_html") or paragraphs(_text(one, "content_text") or _text(one, "summary")),
        base=link or url,
        authors=_authors(one) or _authors(feed),
        published=published or updated,
        precision=precision or updated_precision,
        updated=updated,
        categories=tuple(tag for tag in _list(one, "tags") if isinstance(tag, str)),
        enclosures=enclosures_of(
            (
                (file.get("url"), file.get("mime_type"), file.get("size_in_bytes"), file.get("duration_in_seconds"))
                for file in files
            ),
            url,
        ),
        language=language_of(one.get("language"), feed.get("language")),
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else []


def _authors(told: Mapping[str, Any]) -> tuple[str, ...]:
    people = told.get("authors") if isinstance(told.get("authors"), list) else [told.get("author")]
    return tuple(_text(person, "name") for person in people or () if isinstance(person, dict))


def _date(raw: str) -> tuple[datetime | None, Precision | None]:
    try:
        moment = datetime.fromisoformat(raw.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None, None
    return precise(moment, raw.strip())
