"""What Postmark tells by webhook: one object a call, proven by the user and password that its address was given.

Kinds and bounce types: Postmark's developer documentation. Nothing in a call tells when it was made: one that was taken
before is known by its bytes alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msdigest.model.delivery import Event, Heard
from msdigest.postal.answers import text_of, told
from msdigest.postal.echoes import issue_of, moment, objects, word
from msdigest.postal.proofs import check_basic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.delivery import EventKind
    from msdigest.ports import Posted

# Kind of record → where its moment stands. Opened and clicked are not here.
_MOMENTS = {
    "Delivery": "DeliveredAt",
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "SubscriptionChange": "ChangedAt",
}
# Type of a bounce → what it is in our words, and whether the address will never take mail.
_BOUNCES: Mapping[str, tuple[EventKind, bool]] = {
    "HardBounce": ("bounced", True),
    "BadEmailAddress": ("bounced", True),
    "SoftBounce": ("bounced", False),
    "Blocked": ("bounced", False),
    "DMARCPolicy": ("bounced", False),
    # A filter's judgement more often than a person's.
    "SpamNotification": ("bounced", False),
    "VirusNotification": ("bounced", False),
    "Unknown": ("bounced", False),
    "Transient": ("deferred", False),
    "DnsError": ("deferred", False),
    "OpenRelayTest": ("deferred", False),
    "ManuallyDeactivated": ("rejected", False),
    "Unconfirmed": ("rejected", False),
    "SMTPApiError": ("rejected", False),
    "TemplateRenderingFailed": ("rejected", False),
    "SpamComplaint": ("complained", False),
    "Unsubscribe": ("unsubscribed", False),
}
# Not about delivery: somebody is on holiday, asks who writes, or wishes to join.
_NO_NEWS = frozenset(("AutoResponder", "AddressChange", "ChallengeVerification", "Subscribe", "InboundError"))


def hear(posted: Posted, options: Mapping[str, str], *, now: datetime) -> Heard:
    """Return what was told; raises ForgedError or UnreadableError."""
    check_basic(
        posted.headers.get("authorization", ""),
        user=options.get("webhook_user", ""),
        password=options.get("webhook_password", ""),
    )
    events = [event for told_one in objects(posted.body) if (event := _event(told_one, now))]
    return Heard(events=events, once=hashlib.sha256(posted.body).hexdigest())


def _event(said: Mapping[str, Any], now: datetime) -> Event | None:
    record = word(said, "RecordType")
    if record not in _MOMENTS:
        return None
    kind, permanent = _meaning(record, said)
    if kind is None:
        return None
    marks = said.get("Metadata")
    marks = marks if isinstance(marks, dict) else {}
    return Event(
        kind=kind,
        # A clock of theirs that is ahead is no reason to put a thing into the future.
        at=min(moment(word(said, _MOMENTS[record])), now),
        address=word(said, "Recipient" if "Recipient" in said else "Email"),
        issue=issue_of(said.get("Tag")),
        delivery=text_of(marks.get("delivery")) or "",
        attempt=text_of(marks.get("attempt")) or "",
        provider_id=text_of(said.get("MessageID")),
        permanent=permanent,
        reason=told(text_of(said.get("Name")) or "") or None,
    )


def _meaning(record: str, said: Mapping[str, Any]) -> tuple[EventKind | None, bool]:
    """Return what a record means in our words, and whether it is for good."""
    if record == "Delivery":
        return "delivered", False
    if record == "SpamComplaint":
        return "complained", False
    if record == "SubscriptionChange":
        return _changed(said)
    bounce = word(said, "Type")
    return (None, False) if bounce in _NO_NEWS else _BOUNCES.get(bounce, ("bounced", False))


def _changed(said: Mapping[str, Any]) -> tuple[EventKind | None, bool]:
    """Return what it means that an address was put on, or taken from, the list of those that get nothing."""
    if said.get("SuppressSending") is not True:
        return None, False
    if said.get("SuppressionReason") == "HardBounce":
        return "bounced", True
    if said.get("SuppressionReason") == "SpamComplaint":
        return "complained", False
    return ("unsubscribed" if said.get("Origin") == "Recipient" else "rejected"), False
