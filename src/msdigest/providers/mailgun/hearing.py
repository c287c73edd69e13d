"""What Mailgun tells by webhook: one event a call, in JSON.

Signature and kinds of events: Mailgun's API description and its manual. The signature does not cover the event, only a
moment and a token, so a token that was seen once is worth nothing afterwards (``Heard.once``). Calls are repeated for
eight hours with the signature of the first one.
Not verified: that "bounce" is the reason of every refusal for good; where the server's own code says otherwise, it is
believed.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msdigest.errors import ForgedError, UnreadableError
from msdigest.model.delivery import Event, Heard
from msdigest.postal.answers import text_of, told
from msdigest.postal.echoes import epoch, issue_of, word
from msdigest.postal.proofs import check_time, hmac_hex, same

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.delivery import EventKind
    from msdigest.ports import Posted

_OLDEST, _AHEAD = timedelta(hours=9), timedelta(minutes=5)
# Moment and token are signed without anything between them: with fewer digits, some of them could change sides.
_MOMENT, _TOKEN = re.compile(r"[0-9]{10}"), re.compile(r"[A-Za-z0-9]{20,100}")
# Opened and clicked are not here.
_KINDS: Mapping[str, EventKind] = {
    "accepted": "accepted",
    "delivered": "delivered",
    "failed": "bounced",
    "rejected": "rejected",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
}
# Codes of the reader's server that speak of the address itself, not of a full mailbox, a filter or a network.
_NO_SUCH_ADDRESS = ("5.0.", "5.1.", "5.2.0", "5.2.1")


def hear(posted: Posted, key: str, *, now: datetime) -> Heard:
    """Return what was told; raises ForgedError, StaleError or UnreadableError."""
    call = _read(posted.body)
    token = _check(call.get("signature"), key, now)
    event = call.get("event-data")
    if not isinstance(event, dict):
        raise UnreadableError
    kind = _KINDS.get(word(event, "event"))
    return Heard(events=[_event(event, kind, now)] if kind else [], once=token)


def _read(body: bytes) -> dict[str, Any]:
    """Return the object of a call; what holds none has no signature either."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise ForgedError from None
    if not isinstance(call, dict):
        raise ForgedError
    return call


def _check(signature: object, key: str, now: datetime) -> str:
    """Check the proof and return its token."""
    proof: Mapping[str, Any] = signature if isinstance(signature, dict) else {}
    at, token, given = str(proof.get("timestamp")), proof.get("token"), proof.get("signature")
    if not key or not _MOMENT.fullmatch(at) or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ForgedError
    if not isinstance(given, str) or not same(given, hmac_hex(key, f"{at}{token}".encode())):
        raise ForgedError
    check_time(epoch(int(at)), now=now, oldest=_OLDEST, ahead=_AHEAD)
    return token


def _event(said: Mapping[str, Any], kind: EventKind, now: datetime) -> Event:
    marks, tags = _part(said, "user-variables"), said.get("tags")
    if kind == "bounced":
        kind, permanent = _failure(said)
    else:
        permanent = False
    return Event(
        kind=kind,
        # A clock of theirs that is ahead is no reason to put a thing into the future.
        at=min(epoch(said.get("timestamp")), now),
        address=word(said, "recipient"),
        issue=max(map(issue_of, tags), default=0) if isinstance(tags, list) else 0,
        delivery=text_of(marks.get("delivery")) or "",
        attempt=text_of(marks.get("attempt")) or "",
        provider_id=(text_of(_part(_part(said, "message"), "headers").get("message-id")) or "").strip("<>") or None,
        permanent=permanent,
        reason=_reason(said),
    )


def _failure(said: Mapping[str, Any]) -> tuple[EventKind, bool]:
    """Return what a failure is in our words, and whether the address will never take mail."""
    if said.get("severity") != "permanent":
        return "deferred", False
    reason = text_of(said.get("reason")) or ""
    if reason.startswith("suppress"):
        return "rejected", False
    code = text_of(_part(said, "delivery-status").get("enhanced-code"))
    return "bounced", reason == "bounce" and (code is None or code.startswith(_NO_SUCH_ADDRESS))


def _reason(said: Mapping[str, Any]) -> str | None:
    status = _part(said, "delivery-status")
    words = (said.get("reason"), _part(said, "reject").get("reason"), status.get("description"), status.get("message"))
    return told(": ".join(filter(None, map(text_of, words)))) or None


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}
