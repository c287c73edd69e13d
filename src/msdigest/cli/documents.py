"""Entries as commands tell them: the JSON of listings, dates as they are known, details in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msdigest.store.details import DETAILS, to_plain

if TYPE_CHECKING:
    from msdigest.model.entry import Change, Entry


def entry_document(entry: Entry) -> dict[str, Any]:
    """Return an entry as the JSON of listings."""
    return {
        "id": entry.id,
        "source": entry.source,
        "kind": entry.kind,
        "title": entry.title,
        "url": entry.url,
        "authors": entry.authors,
        "published": entry.published,
        "precision": entry.precision,
        "section": entry.section,
        "topics": entry.topics,
        "identifiers": [{"scheme": each.scheme, "value": each.value} for each in entry.identifiers],
        "coi": entry.coi,
        "disclaimer": entry.disclaimer,
        "evidence": entry.evidence,
        "revision": entry.revision,
        "first_seen": entry.first_seen,
        "updated": entry.updated,
        "categories": entry.categories,
        "enclosures": entry.enclosures,
        "facts": [{"name": each.name, "label": each.label, "value": each.value} for each in entry.facts],
        **{name: details_of(entry, name) for name in DETAILS},
    }


def change_document(change: Change) -> dict[str, Any]:
    """Return one thing that became different."""
    return {
        "seen": change.seen,
        "source": change.source,
        "kind": change.kind,
        "name": change.name,
        "label": change.label,
        "before": change.before,
        "after": change.after,
        "material": change.material,
    }


def details_of(entry: Entry, name: str) -> dict[str, Any] | None:
    """Return what is known of an entry as a trial, a work, an event or a figure; None if it is none."""
    detail = getattr(entry, name)
    if detail is None:
        return None
    started = {"start": entry.event.start} if name == "event" and entry.event else {}
    return {**to_plain(detail), **started}


def details_in_words(entry: Entry) -> list[tuple[str, str]]:
    """Return the same for people: a line for each thing that is known."""
    told = [detail for name in DETAILS if (detail := details_of(entry, name))]
    return [(name.replace("_", " "), _words(value)) for detail in told for name, value in detail.items()]


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_words(each) for each in value.values())
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def date_of(entry: Entry) -> str:
    """Return an entry's own date, as exactly as it is known, else when it was seen."""
    if entry.published is None:
        return f"seen {entry.first_seen:%Y-%m-%d}"
    form = {"year": "%Y", "month": "%Y-%m"}.get(entry.precision or "day", "%Y-%m-%d")
    return entry.published.strftime(form)
