"""What can only be seen of an issue as a whole: the same thing twice, what is too old, how its entries were kept."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.lint.finding import Finding
from msdigest.markup.links import canonical_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.lint.finding import Level
    from msdigest.lint.inspected import Inspected
    from msdigest.model.entry import Entry

# The cleaner lets none of it through; attributes' values stand in double quotes there.
_IN_FEEDS = re.compile(
    r"<(?:script|iframe|form|object|embed|style)\b[^<>]{0,40}"
    r"|<[a-z][a-z0-9]*(?:\s+[^\s=<>\"]++(?:=\"[^\"]*+\")?+)*?\s+(?:on[a-z]+|style)\s*=[^<>]{0,40}",
    re.IGNORECASE,
)
_LENGTHS = {"year": timedelta(days=366), "month": timedelta(days=31), "day": timedelta(days=1)}
_DOI = re.compile(r"(?:dx\.)?doi\.org/(10\..+)")


def issue(inspected: Inspected) -> Iterator[Finding]:
    """Look at the entries that any message holds."""
    mailed = dict.fromkeys(entry for specimen in inspected.specimens for entry in specimen.entries)
    entries = [inspected.entries[entry] for entry in mailed if entry in inspected.entries]
    yield from _twice(entries)
    for entry in entries:
        yield from _stale(entry, inspected)
        if "<" in entry.html and (match := _IN_FEEDS.search(entry.html)):
            yield _finding(
                "html.forbidden",
                "error",
                "the kept text of an entry holds what the cleaner takes out",
                entry,
                excerpt=match[0],
                way_out="Collect its source again: the entry was kept without being cleaned.",
            )
    yield from _message_ids(inspected)


def _twice(entries: Sequence[Entry]) -> Iterator[Finding]:
    known: dict[str, Entry] = {}
    for entry in entries:
        names = _names(entry)
        twin = next((known[name] for name in names if name in known), None)
        if twin is not None:
            yield _finding(
                "body.duplicate",
                "warning",
                f"“{twin.title[:80]}” is the same thing, by its address or number",
                entry,
                excerpt=entry.url,
                way_out="Take one of them out of the issue.",
            )
        for name in names:
            known.setdefault(name, entry)
    yield from _about_one(entries)


def _names(entry: Entry) -> list[str]:
    """Return what says that two entries are one: their address, and the numbers that they are (not those they name)."""
    link = canonical_link(entry.url) if entry.url else ""
    doi = _DOI.fullmatch(link)
    names = [f"doi {doi[1].lower()}"] if doi else [link] if link and not _is_part(entry) else []
    return [*names, *(f"{one.scheme} {one.value.lower()}" for one in entry.same_as)]


def _is_part(entry: Entry) -> bool:
    """Tell whether an entry is one of many on a living page, which all have its address."""
    return entry.kind == "note" or bool(entry.section)


def _about_one(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Tell posts about one paper: two blogs may well discuss it, and an editor may want to put them together."""
    about: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        for doi in dict.fromkeys(one.value.lower() for one in entry.identifiers if one.scheme == "doi"):
            about[doi].append(entry)
    for doi, found in about.items():
        if len(found) > 1:
            yield _finding(
                "body.duplicate",
                "info",
                f"{len(found)} entries are about one work",
                found[1],
                excerpt=doi,
                way_out="Nothing needs to be done if each has something of its own to say.",
            )


def _stale(entry: Entry, inspected: Inspected) -> Iterator[Finding]:
    if entry.event is not None:
        if entry.event.start < inspected.at and not entry.event.recording:
            yield _finding(
                "body.stale",
                "warning",
                "the meeting is over, and there is no recording",
                entry,
                excerpt=f"{entry.event.start:%Y-%m-%d %H:%M} UTC",
                way_out="Take it out of the issue, or add where it can be heard.",
            )
        return
    # What has changed since we met it, or is watched for changes, is news however old it is.
    if entry.published is None or entry.revision > 1 or entry.facts:
        return
    latest = entry.published + _LENGTHS.get(entry.precision or "minute", timedelta())
    if latest < inspected.oldest:
        yield _finding(
            "body.stale",
            "warning",
            f"its own date, {entry.published:%Y-%m-%d}, is older than what the issue is to tell",
            entry,
            excerpt=f"{entry.published:%Y-%m-%d}",
            way_out="Take it out of the issue unless its age is the point.",
        )


def _message_ids(inspected: Inspected) -> Iterator[Finding]:
    seen: set[str] = set()
    for specimen in inspected.specimens:
        told = next((value.strip() for name, value in specimen.headers if name.lower() == "message-id"), "")
        if told and told in seen:
            yield Finding(
                id="hdr.message-id",
                level="error",
                message="two messages have one Message-ID: programs show only one of them",
                place=f"headers of the {specimen.which} selection",
                part="headers",
                variant=specimen.variant,
                way_out="Make it of the delivery's own id.",
            )
        seen.add(told)


def _finding(check: str, level: Level, message: str, entry: Entry, *, excerpt: str, way_out: str) -> Finding:
    return Finding(
        id=check,
        level=level,
        message=message,
        place=f"entry “{' '.join(entry.title.split())[:80]}”",
        part="issue",
        entry=entry.id,
        excerpt=" ".join(excerpt[:80].split()),
        way_out=way_out,
    )
