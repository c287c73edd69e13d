"""What one message of SES through SNS tells: an object about one mail, and whom of its recipients it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msdigest.errors import UnreadableError
from msdigest.model.delivery import Event
from msdigest.postal.answers import text_of, told
from msdigest.postal.echoes import issue_of, moment, objects, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from msdigest.model.delivery import EventKind

# Kind of event → in our words, where its details stand, whom they are about. Opened and clicked are not here.
_KINDS: Mapping[str, tuple[EventKind, str, str]] = {
    "Send": ("accepted", "send", ""),
    "DeliveryDelay": ("deferred", "deliveryDelay", "delayedRecipients"),
    "Delivery": ("delivered", "delivery", "recipients"),
    "Bounce": ("bounced", "bounce", "bouncedRecipients"),
    "Complaint": ("complained", "complaint", "complainedRecipients"),
    "Reject": ("rejected", "reject", ""),
    "Rendering Failure": ("rejected", "failure", ""),
}
# SES did not even try: the address stands on a list of those that bounced or complained before.
_NOT_TRIED = frozenset(("Suppressed", "OnAccountSuppressionList"))
_SAID = ("bounceType", "bounceSubType", "complaintSubType", "complaintFeedbackType", "delayType", "reason")


def events(message: str, now: datetime) -> Sequence[Event]:
    """Return what a message tells; raises UnreadableError if it makes no sense."""
    said = objects(message.encode(errors="replace"))[0] if message.startswith("{") else {}
    # Without a configuration set, the kind has another name.
    kind = _KINDS.get(word(said, "eventType" if "eventType" in said else "notificationType"))
    if kind is None:
        return ()
    mail, details = _object(said, "mail"), _object(said, kind[1], required=bool(kind[2]))
    # What a mail client's user takes back: it was no spam.
    if details.get("complaintFeedbackType") == "not-spam":
        return ()
    people = _addresses(details.get(kind[2]) if kind[2] else mail.get("destination"))
    at = min(moment(word(details if "timestamp" in details else mail, "timestamp")), now)
    return [_event(kind[0], address, at, mail=mail, details=details) for address in people]


def _event(
    kind: EventKind, address: str, at: datetime, *, mail: Mapping[str, Any], details: Mapping[str, Any]
) -> Event:
    tags = mail.get("tags")
    tags = tags if isinstance(tags, dict) else {}
    not_tried = {text_of(details.get(name)) for name in ("bounceSubType", "complaintSubType")} & _NOT_TRIED
    kind = "rejected" if not_tried else kind
    return Event(
        kind=kind,
        at=at,
        address=address,
        issue=issue_of(_tag(tags, "issue")),
        delivery=_tag(tags, "delivery"),
        attempt=_tag(tags, "attempt"),
        provider_id=text_of(mail.get("messageId")),
        permanent=kind == "bounced" and details.get("bounceType") == "Permanent",
        reason=told(" ".join(filter(None, (text_of(details.get(name)) for name in _SAID)))) or None,
    )


def _object(said: Mapping[str, Any], name: str, *, required: bool = True) -> Mapping[str, Any]:
    found = said.get(name)
    if isinstance(found, dict):
        return found
    if required:
        raise UnreadableError
    return {}


def _addresses(told_ones: object) -> list[str]:
    """Return addresses that are told as they are, or each in an object."""
    if not isinstance(told_ones, list) or not told_ones:
        raise UnreadableError
    return [word(one if isinstance(one, dict) else {"emailAddress": one}, "emailAddress") for one in told_ones]


def _tag(tags: Mapping[str, Any], name: str) -> str:
    values = tags.get(name)
    return (text_of(values[0]) if isinstance(values, list) and values else None) or ""
