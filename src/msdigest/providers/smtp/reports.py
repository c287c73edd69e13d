"""What mail servers report of messages, read without trust: delivery reports (RFC 3464) and complaints (RFC 5965).

Such a report is a mail, and nothing in it proves who wrote it. All it can show is a delivery's name, which only its
reader and the servers on the way ever saw: whoever acts on an ``Event`` of here first looks whether the delivery is one
of ours, and then acts on the person it was for. ``Event.address`` is what the report says, and no evidence.

What is read is a bounded part of the bytes, in steps that never look back: a report may be written to waste our time.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from msdigest.errors import UnreadableError
from msdigest.model.delivery import Event
from msdigest.postal.answers import ADDRESS
from msdigest.providers.smtp.phrases import told_without

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msdigest.model.delivery import EventKind

# A report may bring the whole message back. What matters stands before it.
_LONGEST = 262_144
_MOST_PARTS, _MOST_PEOPLE, _MOST_FIELDS, _LONGEST_FIELD = 12, 100, 200, 2_000
_LONGEST_ADDRESS = 320
_KINDS: Mapping[str, EventKind] = {"failed": "bounced", "delayed": "deferred", "delivered": "delivered"}
_STATUSES = frozenset(("message/delivery-status", "message/global-delivery-status"))
_HEADERS = frozenset(("text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global"))
_COMPLAINT = "message/feedback-report"
# An address that nobody has: no such mailbox (1.1), no such domain or one without mail (1.2, 1.10), impossible (1.3),
# moved away (1.6), switched off (2.1). A mailbox that is full (2.2), a message that is not wanted (7.x), a server that
# cannot be found just now (4.x) or that says nothing in particular (0.0) tells nothing for good of the person.
_GONE = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"))
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![\w.]*[0-9])")
_SAYS_NOTHING = re.compile(r"|[245]\.0\.0")
_DELIVERY = re.compile(r"[0-9a-f]{32}")
_MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@[^<>\s]{1,255}>")
_BOUNDARY = re.compile(r'boundary\s{0,9}=\s{0,9}(?:"([^"]{1,200})"|([^\s";]{1,200}))', re.IGNORECASE)
_FIELD = re.compile(r"([A-Za-z0-9-]{1,60})[ \t]{0,9}:[ \t]{0,9}(.*)", re.DOTALL)
_BLANK_LINE = re.compile(rb"\n[ \t]{0,9}\n")


def read_report(raw: bytes) -> list[Event]:
    """Return what a report tells, one event for each recipient in it; nothing for what no ``EventKind`` says.

    ``delivery`` is set in each, and 32 hex digits. Raises UnreadableError for what is no report or names no delivery.
    """
    head, body = _cut(raw[:_LONGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip())
    found = dict(reversed(list(_parts(head, body))))
    statuses = next((text for kind, text in found.items() if kind in _STATUSES), None)
    complaint = found.get(_COMPLAINT)
    if statuses is None and complaint is None:
        message = "this mail is no report of a delivery"
        raise UnreadableError(message)
    returned = next((_cut(text.lstrip(b"\n"))[0] for kind, text in found.items() if kind in _HEADERS), {})
    if statuses is None:
        return _complaint(_fields(complaint or b""), returned, head=head)
    return _bounces(statuses, returned, head=head)


def _bounces(statuses: bytes, returned: Mapping[str, str], *, head: Mapping[str, str]) -> list[Event]:
    """Read the blocks of a delivery report: the first is about the message, each other about one recipient."""
    first, *people = _BLANK_LINE.split(statuses.strip(b"\n") + b"\n", maxsplit=_MOST_PEOPLE)
    about = _fields(first)
    delivery = _delivery(about.get("original-envelope-id", ""), returned)
    events = []
    for block in people[: _MOST_PEOPLE - 1]:
        fields = _fields(block)
        kind = _KINDS.get(fields.get("action", "").lower())
        if kind is not None:
            at = _moment(fields.get("last-attempt-date"), about.get("arrival-date"), head.get("date"))
            events.append(_event(kind, fields, delivery=delivery, at=at))
    return events


def _event(kind: EventKind, fields: Mapping[str, str], *, delivery: str, at: datetime) -> Event:
    address = _address(fields.get("original-recipient", "")) or _address(fields.get("final-recipient", ""))
    diagnosis = fields.get("diagnostic-code", "").partition(";")[2].strip()
    status = _status(fields.get("status", ""))
    if _SAYS_NOTHING.fullmatch(status):
        # Some servers write 5.0.0 for everything, and the answer of the next one behind it.
        status = _status(diagnosis) or status
    return Event(
        kind=kind,
        at=at,
        address=address,
        delivery=delivery,
        permanent=kind == "bounced" and status in _GONE,
        reason=told_without(f"{status} {_without_status(diagnosis, status)}".strip(), address) or None,
    )


def _complaint(fields: Mapping[str, str], returned: Mapping[str, str], *, head: Mapping[str, str]) -> list[Event]:
    """Read a feedback report; only abuse is a complaint."""
    delivery = _delivery("", returned)
    if fields.get("feedback-type", "").lower() != "abuse":
        return []
    at = _moment(fields.get("arrival-date"), fields.get("received-date"), head.get("date"))
    address = _address("rfc822;" + fields.get("original-rcpt-to", ""))
    return [Event(kind="complained", at=at, address=address, delivery=delivery, reason="reported as spam")]


def _delivery(envelope: str, returned: Mapping[str, str]) -> str:
    """Return the delivery that a report is about: by the name it was handed over with, or that of its message."""
    if _DELIVERY.fullmatch(envelope):
        return envelope
    found = _MESSAGE_ID.fullmatch(returned.get("message-id", ""))
    if found is None:
        message = "this report names no delivery of msdigest"
        raise UnreadableError(message)
    return found[1]


def _parts(head: Mapping[str, str], body: bytes) -> Iterator[tuple[str, bytes]]:
    """Give kind and content of each part of a ``multipart/report``; its parts have no parts that matter."""
    kind = head.get("content-type", "")
    boundary = _BOUNDARY.search(kind)
    if not kind.lower().startswith("multipart/report") or boundary is None:
        return
    line = f"\n--{boundary[1] or boundary[2]}".encode("utf-8", "replace")
    for part in (b"\n" + body).split(line, maxsplit=_MOST_PARTS)[1 : _MOST_PARTS + 1]:
        if part.startswith(b"--"):
            return
        own, content = _cut(part.partition(b"\n")[2])
        name = own.get("content-type", "text/plain").partition(";")[0].strip().lower()
        yield name, _decoded(content, own.get("content-transfer-encoding", "").lower())


def _decoded(content: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return quopri.decodestring(content)
    if encoding != "base64":
        return content
    try:
        return base64.b64decode(content).replace(b"\r\n", b"\n")
    except (binascii.Error, ValueError):
        raise UnreadableError from None


def _cut(raw: bytes) -> tuple[dict[str, str], bytes]:
    """Cut at the first empty line: fields before it, content behind it."""
    if raw.startswith(b"\n"):
        return {}, raw[1:]
    head, _, body = raw.partition(b"\n\n")
    return _fields(head), body


def _fields(block: bytes) -> dict[str, str]:
    """Read fields, names in lower case; of two with one name the first counts, a folded one is one line."""
    lines: list[list[str]] = []
    for line in block.decode("utf-8", "replace").split("\n", _MOST_FIELDS)[:_MOST_FIELDS]:
        if line[:1] in {" ", "\t"} and lines:
            lines[-1].append(line)
        else:
            lines.append([line])
    read: dict[str, str] = {}
    for folded in lines:
        found = _FIELD.fullmatch("".join(folded)[:_LONGEST_FIELD])
        if found is not None:
            read.setdefault(found[1].lower(), " ".join(found[2].split()))
    return read


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[1] if found else ""


def _without_status(diagnosis: str, status: str) -> str:
    return diagnosis.replace(f"{status} ", "", 1) if status else diagnosis


def _address(typed: str) -> str:
    """Return the address of ``rfc822; somebody@example.org``; empty for what is none."""
    kind, _, address = typed.partition(";")
    found = ADDRESS.fullmatch(address.strip().strip("<>")[:_LONGEST_ADDRESS])
    return found[0] if found and kind.strip().lower() in {"rfc822", "utf-8"} else ""


def _moment(*told: str | None) -> datetime:
    """Return the first date that is one; one without a zone is UTC."""
    for text in told:
        try:
            found = parsedate_to_datetime((text or "")[:100])
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    message = "this report does not tell when"
    raise UnreadableError(message)
