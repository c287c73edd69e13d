"""What Resend tells by webhook: one event a call, signed the way of Svix over the body's very bytes.

Kinds of events and their fields: Resend's API description. Signature: the documentation of Svix, and of Standard
Webhooks. A call that is repeated keeps its id and is signed anew.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from msdigest.errors import ForgedError, UnreadableError
from msdigest.model.delivery import Event, Heard
from msdigest.postal.answers import text_of, told
from msdigest.postal.echoes import epoch, issue_of, moment, objects, word
from msdigest.postal.proofs import check_time, hmac_base64, same

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.delivery import EventKind
    from msdigest.ports import Posted

_WINDOW = timedelta(minutes=5)
_ID, _MOMENT = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,200}"), re.compile(r"[0-9]{1,12}")
_VERSION = "v1,"
# More than a change of keys ever needs.
_MOST_SIGNATURES = 10
# Opened, clicked, scheduled, received and all that is not about a message are not here.
_KINDS: Mapping[str, EventKind] = {
    "email.sent": "accepted",
    "email.delivered": "delivered",
    "email.delivery_delayed": "deferred",
    "email.bounced": "bounced",
    "email.complained": "complained",
    "email.failed": "rejected",
    "email.suppressed": "rejected",
}


def hear(posted: Posted, secret: str, *, now: datetime) -> Heard:
    """Return what was told; raises ForgedError, StaleError or UnreadableError."""
    once = _check(posted, secret, now)
    events = [event for said in objects(posted.body) if (event := _event(said, now))]
    return Heard(events=events, once=once)


def _check(posted: Posted, secret: str, now: datetime) -> str:
    """Check the proof and return the call's id; one of several signatures is enough, while keys change."""
    call, at = posted.headers.get("svix-id", ""), posted.headers.get("svix-timestamp", "")
    if not _ID.fullmatch(call) or not _MOMENT.fullmatch(at):
        raise ForgedError
    proof = _VERSION + hmac_base64(_key(secret), f"{call}.{at}.".encode() + posted.body)
    given = posted.headers.get("svix-signature", "").split()[:_MOST_SIGNATURES]
    # All are compared: which one fits is nobody's business.
    if not sum(same(each, proof) for each in given):
        raise ForgedError
    check_time(epoch(int(at)), now=now, oldest=_WINDOW, ahead=_WINDOW)
    return call


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ForgedError from None
    if not key:
        raise ForgedError
    return key


def _event(said: Mapping[str, Any], now: datetime) -> Event | None:
    kind = _KINDS.get(word(said, "type"))
    if kind is None:
        return None
    data, at = said.get("data"), moment(word(said, "created_at"))
    if not isinstance(data, dict):
        raise UnreadableError
    marks = _tags(data.get("tags"))
    return Event(
        kind=kind,
        # A clock of theirs that is ahead is no reason to put a thing into the future.
        at=min(at, now),
        address=_address(data.get("to")),
        issue=issue_of(marks.get("issue")),
        delivery=text_of(marks.get("delivery")) or "",
        attempt=text_of(marks.get("attempt")) or "",
        provider_id=text_of(data.get("email_id")),
        permanent=kind == "bounced" and _part(data, "bounce").get("type") == "Permanent",
        reason=_reason(data),
    )


def _tags(tags: object) -> Mapping[str, Any]:
    """Return our marks: the description has them as an object, the documentation as pairs."""
    if isinstance(tags, list):
        return {str(each.get("name")): each.get("value") for each in tags if isinstance(each, dict)}
    return tags if isinstance(tags, dict) else {}


def _address(to: object) -> str:
    """Return whom a message was for; each of ours is for one person."""
    first = to[0] if isinstance(to, list) and to else None
    address = parseaddr(first)[1] if isinstance(first, str) else ""
    if not address:
        raise UnreadableError
    return address


def _reason(data: Mapping[str, Any]) -> str | None:
    bounce, failed, suppressed = (_part(data, name) for name in ("bounce", "failed", "suppressed"))
    words = (bounce.get("subType"), bounce.get("message"), failed.get("reason"), suppressed.get("reason"))
    return told(": ".join(filter(None, map(text_of, words)))) or None


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}
