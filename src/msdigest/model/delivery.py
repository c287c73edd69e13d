"""A delivery: one issue for one subscriber, and what became of it.

States only go forward::

    pending ──start──> in_flight ──settle──> accepted | rejected | unknown
       │                   └──not sent──> pending
       └──excluded (suppressed, nothing chosen, paused, not due, cancelled, left)
    accepted ──event──> deferred | delivered | bounced | complained
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
