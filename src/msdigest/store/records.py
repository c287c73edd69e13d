"""Entries as JSON documents and back."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msdigest.model.change import content_of
from msdigest.model.entry import Enclosure, Entry, Fact, Identifier
from msdigest.store.details import DETAILS, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable

_OWN_COLUMNS = {"id", "revision", "first_seen"}
_INSTANTS = {"published", "updated"}
_TUPLES = {"authors", "section", "categories", "topics", "audience"}
_IDENTIFIERS = {"same_as", "identifiers"}
# Decided anew at every visit, never kept.
_PASSING = {"doubts"}


# Asking a dataclass for its fields took a third of the time.
_KEPT = tuple(field.name for field in fields(Entry) if field.name not in _OWN_COLUMNS | _PASSING)


def to_record(entry: Entry) -> dict[str, Any]:
    """Return ``entry`` as plain JSON values; columns of its row (id, revision, first_seen) left out."""
    record: dict[str, Any] = {}
    for name in _KEPT:
        value = getattr(entry, name)
        if value is None or value in ((), ""):
            continue
        if name in _INSTANTS:
            value = value.isoformat()
        elif name in _IDENTIFIERS:
            value = [[each.scheme, each.value] for each in value]
        elif name == "enclosures":
            value = [[each.url, each.type, each.length, each.duration] for each in value]
        elif name == "facts":
            value = facts_to_record(value)
        elif name in DETAILS:
            value = to_plain(value)
        elif name in _TUPLES:
            value = list(value)
        record[name] = value
    return record


def from_record(record: dict[str, Any], *, id: str, revision: int, first_seen: datetime | None) -> Entry:  # noqa: A002  # the field's own name
    """Return the entry of a document made by ``to_record``."""
    values: dict[str, Any] = {}
    for name, kept in record.items():
        value = kept
        if name in _INSTANTS:
            value = datetime.fromisoformat(value)
        elif name in _IDENTIFIERS:
            value = tuple(Identifier(*each) for each in value)
        elif name == "enclosures":
            value = tuple(Enclosure(*each) for each in value)
        elif name == "facts":
            value = facts_from_record(value)
        elif name in DETAILS:
            value = DETAILS[name](value)
        elif name in _TUPLES:
            value = tuple(value)
        values[name] = value
    values.setdefault("title", "")
    values.setdefault("url", "")
    return replace(Entry(**values), id=id, revision=revision, first_seen=first_seen)


def facts_to_record(facts: Iterable[Fact]) -> list[list[Any]]:
    """Return ``facts`` as plain JSON values."""
    return [[each.name, each.value, each.label, each.change, each.material] for each in facts]


def facts_from_record(record: Iterable[Iterable[Any]]) -> tuple[Fact, ...]:
    """Return the facts of a document made by ``facts_to_record``."""
    return tuple(
        Fact(name=name, value=value, label=label, change=change, material=material)
        for name, value, label, change, material in record
    )


def content_hash(entry: Entry) -> str:
    """Return SHA-256 (hex) over all that makes a revision; no part can hold the sign that stands between two."""
    said = "\x1d".join(map(str, content_of(entry)))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
