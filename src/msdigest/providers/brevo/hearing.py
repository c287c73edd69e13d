"""What Brevo tells by webhook: one event a call, or up to 500 in an array, proven by the bearer token it was given.

Kinds of events and their fields: Brevo's documentation of transactional webhooks. Nothing in a call tells when it was
made: one that was taken before is known by its bytes alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msdigest.errors import ForgedError
from msdigest.model.delivery import Event, Heard
from msdigest.postal.answers import text_of, told
from msdigest.postal.echoes import epoch, issue_of, objects, word
from msdigest.postal.proofs import same

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.delivery import EventKind
    from msdigest.ports import Posted

# Opened and clicked are not here, in none of their names.
_KINDS: Mapping[str, EventKind] = {
    "request": "accepted",
    "sent": "accepted",
    "deferred": "deferred",
    "delivered": "delivered",
    "hard_bounce": "bounced",
    "soft_bounce": "bounced",
    "invalid_email": "bounced",
    "blocked": "rejected",
    "error": "rejected",
    "spam": "complained",
    "complaint": "complained",
    "unsubscribe": "unsubscribed",
    "unsubscribed": "unsubscribed",
}
_FOR_GOOD = frozenset(("hard_bounce", "invalid_email"))
_MILLISECONDS = 1_000


def hear(posted: Posted, token: str, *, now: datetime) -> Heard:
    """Return what was told; raises ForgedError or UnreadableError."""
    if not token or not same(posted.headers.get("authorization", ""), f"Bearer {token}"):
        raise ForgedError
    events = [event for said in objects(posted.body) if (event := _event(said, now))]
    return Heard(events=events, once=hashlib.sha256(posted.body).hexdigest())


def _event(said: Mapping[str, Any], now: datetime) -> Event | None:
    name = word(said, "event")
    kind = _KINDS.get(name)
    if kind is None:
        return None
    marks, tags = _marks(said.get("X-Mailin-custom")), said.get("tags")
    return Event(
        kind=kind,
        # A clock of theirs that is ahead is no reason to put a thing into the future.
        at=min(_moment(said), now),
        address=word(said, "email"),
        issue=max(map(issue_of, tags), default=0) if isinstance(tags, list) else 0,
        delivery=marks.get("delivery", ""),
        attempt=marks.get("attempt", ""),
        provider_id=(text_of(said.get("message-id")) or "").strip("<>") or None,
        permanent=name in _FOR_GOOD,
        reason=told(text_of(said.get("reason")) or "") or None,
    )


def _moment(said: Mapping[str, Any]) -> datetime:
    """Return when it happened; other fields follow the account's zone."""
    exact = said.get("ts_epoch")
    if isinstance(exact, int | float):
        return epoch(exact, parts=_MILLISECONDS)
    return epoch(said.get("ts_event"))


def _marks(custom: object) -> Mapping[str, str]:
    """Read the header that we sent along: ``delivery:…|attempt:…``."""
    pairs = (pair.partition(":") for pair in (text_of(custom) or "").split("|"))
    return {name: value for name, _, value in pairs}
