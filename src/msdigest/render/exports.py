"""What other programs take over: the sources as OPML 2.0, the meetings as iCalendar (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from msdigest.render.instants import utc
from msdigest.render.plain import one_line
from msdigest.render.references import web_address
from msdigest.render.shown import urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdigest.model.source import Source
    from msdigest.render.shown import Shown

# Kinds whose address is a feed that any reader can follow.
_FEED_KINDS = {"feed"}
_LINE_OCTETS = 75


def opml(title: str, sources: Sequence[Source]) -> bytes:
    """Write the sources in the given order; one without a public address is only named."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = one_line(title)
    body = ET.SubElement(root, "body")
    for source in sources:
        ET.SubElement(body, "outline", _outline(source))
    ET.indent(root, space=" ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def calendar(title: str, entries: Iterable[Shown]) -> bytes | None:
    """Write the meetings among ``entries``; None if there are none, for an empty calendar is not a valid one.

    A meeting is an entry of kind event that tells its instant, or whose own date is known to the day and lies after
    we first saw it: an older date may be the day of its announcement, and then nobody knows when people meet.
    """
    meetings = [(shown, begin) for shown in entries if (begin := meeting_time(shown))]
    if not meetings:
        return None
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//msdigest//EN", f"X-WR-CALNAME:{_text(title)}"]
    for shown, begin in meetings:
        lines += _event(shown, begin)
    lines.append("END:VCALENDAR")
    return "".join(_fold(line) for line in lines).encode()


def meeting_time(shown: Shown) -> datetime | None:
    """Return when an event begins that tells its instant or was announced ahead for a known day, else None."""
    entry = shown.entry
    if entry.kind == "event" and entry.event is not None:
        return entry.event.start
    if entry.kind != "event" or entry.precision not in {"day", "minute"}:
        return None
    if entry.published is None or entry.first_seen is None or entry.published <= entry.first_seen:
        return None
    return entry.published


def _outline(source: Source) -> dict[str, str]:
    name = one_line(source.name) or source.id
    about = {"text": name, "title": name}
    if not (url := web_address(source.url)):
        return about
    return about | ({"type": "rss", "xmlUrl": url} if source.kind in _FEED_KINDS else {"type": "link", "url": url})


def _event(shown: Shown, begin: datetime) -> list[str]:
    event = shown.entry.event
    lines = ["BEGIN:VEVENT", f"UID:{urn(shown.entry)}", f"DTSTAMP:{_instant(shown.changed)}"]
    lines += _start(begin, exact=event is not None or shown.entry.precision == "minute")
    lines += [f"SUMMARY:{_text(shown.title)}", f"URL:{one_line(shown.link)}"]
    if event is not None and (join := web_address(event.join)):
        # Calendars show the place as what is opened to get there.
        lines.append(f"LOCATION:{_text(join)}")
    if shown.summary:
        lines.append(f"DESCRIPTION:{_text(shown.summary)}")
    # The number tells a calendar that an event which it has already was given another date.
    lines += [f"SEQUENCE:{max(0, shown.entry.revision - 1)}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return lines


def _start(begin: datetime, *, exact: bool) -> list[str]:
    if exact:
        return [f"DTSTART:{_instant(begin)}"]
    day = begin.astimezone(UTC).date()
    return [f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"]


def _instant(when: datetime) -> str:
    return f"{utc(when):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    escaped = one_line(words).replace("\\", "\\\\")
    return escaped.replace(";", "\\;").replace(",", "\\,")


def _fold(line: str) -> str:
    """Break a line after at most 75 octets, never inside a character."""
    parts, size = [""], 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _LINE_OCTETS:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += width
    return "\r\n".join(parts) + "\r\n"
