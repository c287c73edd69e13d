"""What SendGrid tells by webhook: an array a call, signed over its moment and its very bytes.

Kinds and fields: SendGrid's reference of its event webhook. Arguments of ours stand beside its own fields, of which one
is called ``attempt``: so ours have names of their own.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msdigest.errors import ForgedError
from msdigest.model.delivery import Event, Heard
from msdigest.postal.answers import text_of, told
from msdigest.postal.echoes import epoch, issue_of, objects, word
from msdigest.postal.proofs import check_ecdsa, check_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.delivery import EventKind
    from msdigest.ports import Posted

DELIVERY, ATTEMPT = "delivery_mark", "attempt_mark"
_SIGNATURE, _TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
# It tries for 24 hours; whether it signs anew each time is not written anywhere.
_OLDEST, _AHEAD = timedelta(hours=25), timedelta(minutes=5)
_SECONDS = re.compile(r"[0-9]{1,12}")
# Opened and clicked are not here, nor who came back to a group.
_KINDS: Mapping[str, EventKind] = {
    "processed": "accepted",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "dropped": "rejected",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
# What follows the name that the answer to a call tells: which machine of theirs made it.
_MACHINE = re.compile(r"\.(?:filter|recvd)")


def hear(posted: Posted, *, public_key: str, now: datetime) -> Heard:
    """Return what was told; raises ForgedError, StaleError or UnreadableError."""
    timestamp = posted.headers.get(_TIMESTAMP, "")
    signed = timestamp.encode(errors="replace") + posted.body
    check_ecdsa(public_key, posted.headers.get(_SIGNATURE, ""), signed)
    if not _SECONDS.fullmatch(timestamp):
        raise ForgedError
    check_time(epoch(int(timestamp)), now=now, oldest=_OLDEST, ahead=_AHEAD)
    events = [event for each in objects(posted.body) if (event := _event(each, now))]
    # Not the signature itself: anybody can make another valid one of it.
    return Heard(events=events, once=hashlib.sha256(signed).hexdigest())


def message_of(told_name: object) -> str | None:
    """Return the name of a message as the answer to its call told it (``X-Message-Id``)."""
    name = text_of(told_name)
    return _MACHINE.split(name)[0] or None if name else None


def _event(said: Mapping[str, Any], now: datetime) -> Event | None:
    kind = _KINDS.get(word(said, "event"))
    if kind is None:
        return None
    return Event(
        kind=kind,
        # A clock of theirs that is ahead is no reason to put a thing into the future.
        at=min(epoch(said.get("timestamp")), now),
        address=word(said, "email"),
        issue=_issue(said.get("category")),
        delivery=text_of(said.get(DELIVERY)) or "",
        attempt=text_of(said.get(ATTEMPT)) or "",
        provider_id=message_of(said.get("sg_message_id")),
        permanent=kind == "bounced" and _is_for_good(said),
        reason=_reason(said),
    )


def _issue(category: object) -> int:
    """Return the issue that a category names: one is told as a text, several as an array."""
    categories = category if isinstance(category, list) else [category]
    return max(map(issue_of, categories), default=0)


def _is_for_good(said: Mapping[str, Any]) -> bool:
    """Tell whether an address will never take mail: neither blocked for now nor told with a temporary status."""
    return said.get("type") == "bounce" and not (text_of(said.get("status")) or "").startswith("4")


def _reason(said: Mapping[str, Any]) -> str | None:
    words = text_of(said.get("reason"), most=1_000) or text_of(said.get("response"), most=1_000)
    return told(words) or None if words else None
