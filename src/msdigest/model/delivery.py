"""A delivery: one issue for one subscriber, and what became of it.

States only go forward::

    pending ──start──> in_flight ──settle──> accepted | rejected | unknown
       │                   └──not sent──> pending
       └──excluded (suppressed, nothing chosen, paused, not due, cancelled, left)
    unknown ──the provider is asked, an event, or an editor's word──> accepted | rejected | pending
    accepted ──event──> deferred | delivered | bounced | complained
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

DeliveryState = Literal[
    "excluded", "pending", "in_flight", "accepted", "rejected", "unknown",
    "deferred", "delivered", "bounced", "complained",
]  # fmt: skip
# What a provider may still tell after it accepted a message: all of it counts as accepted.
AFTER_ACCEPTANCE: tuple[DeliveryState, ...] = ("accepted", "deferred", "delivered", "bounced", "complained")
STATES: tuple[DeliveryState, ...] = ("excluded", "pending", "in_flight", "rejected", "unknown", *AFTER_ACCEPTANCE)

# How bodies are written for who takes them: UTF-8, within the quotes of a JSON string, quoted-printable.
Coding = Literal["plain", "json", "mime"]
OutcomeState = Literal["accepted", "rejected", "unknown", "pending"]
# What providers tell of a message later, in one vocabulary:
#   accepted      the provider took it (queued, processed, sent)
#   deferred      the reader's server asked to wait; the provider goes on trying
#   delivered     the reader's server took it
#   bounced       the reader's server refused it, for good or not (``Event.permanent``)
#   rejected      the provider itself does not send it, e.g. because the address bounced before
#   complained    the reader called it spam
#   unsubscribed  the reader left by a button of the provider or of their mail client
# That somebody opened a mail or followed a link is not in it: it is dropped unread.
EventKind = Literal["accepted", "deferred", "delivered", "bounced", "rejected", "complained", "unsubscribed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where everybody is: ``candidates`` is always the sum of the rest."""

    candidates: int
    excluded: int
    pending: int
    in_flight: int
    accepted: int
    rejected: int
    unknown: int

    @property
    def closed(self) -> bool:
        """Tell whether the sum is right."""
        parts = (self.excluded, self.pending, self.in_flight, self.accepted, self.rejected, self.unknown)
        return self.candidates == sum(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One person in a batch, with what is put into the slots.

    delivery: correlation value without any meaning outside msdigest; also the local part of the Message-ID.
    values: slot name → plain value (not escaped).
    leave_url: where one click ends the subscription.
    """

    subscriber: str
    delivery: str
    address: str = field(repr=False)
    name: str = field(repr=False)
    leave_url: str = field(repr=False)
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What everybody in a batch has in common.

    html, text: alternating literals and names of person slots, literals first: ``lit, slot, lit, …, lit``.
    coding: how the literals are encoded, and how values have to be (see ``render/program.py``).
    headers: fixed ones, e.g. List-Id; nothing personal.
    """

    issue: int
    sender: str
    subject: str
    list_id: str
    html: Sequence[bytes | str] = field(repr=False)
    text: Sequence[bytes | str] = field(repr=False)
    coding: Coding = "plain"
    date: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A batch ready to be built into a provider's request.

    parts: (letter, its recipients) pairs; a provider that substitutes variables gets exactly one.
    attempt: correlation value of this attempt, no meaning outside msdigest.
    """

    attempt: str
    parts: Sequence[tuple[Letter, Sequence[Recipient]]]

    @property
    def recipients(self) -> list[Recipient]:
        """All recipients, in the order in which outcomes are returned."""
        return [recipient for _, people in self.parts for recipient in people]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recipient.

    state: pending = surely not sent, may be tried again.
    provider_id: the provider's own name of the message.
    reason: a short word or sentence without any address in it.
    """

    state: OutcomeState
    provider_id: str | None = None
    reason: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a provider told of one message.

    address: whom it is about. issue, delivery, attempt: our own correlation values as they were echoed; 0 and empty
    where the provider does not tell. at: when it happened. provider_id: the provider's name of the message.
    permanent: of a bounce, that this address will never take mail. reason: short, without any address in it.
    """

    kind: EventKind
    at: datetime
    address: str = field(repr=False)
    issue: int = 0
    delivery: str = ""
    attempt: str = ""
    provider_id: str | None = None
    permanent: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one webhook call brought, after it was found to be genuine.

    events: in the order in which they were told. once: this call's own mark; a call with a mark that was seen before is
    a replay or a repetition. confirm: an address that has to be visited before a provider begins to tell anything.
    """

    events: Sequence[Event] = ()
    once: str = ""
    confirm: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An attempt of which nobody knows whether the provider acted on it.

    attempt: its correlation value. started_at: when the call began. recipients: whoever is still unknown.
    """

    issue: int
    attempt: str
    started_at: datetime
    recipients: Sequence[Recipient] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one answer to a search told.

    accepted: delivery → the provider's name of its message, of those that the provider knows of.
    more: where the rest of the answer is found; empty = this was all. trouble: why the answer tells nothing.
    """

    accepted: Mapping[str, str | None] = field(default_factory=dict)
    more: str = ""
    trouble: str | None = None
    retry_after: float | None = None
