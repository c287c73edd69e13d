"""People: who they are stays in the vault; here is the shape of what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Frequency = Literal["each", "weekly", "monthly", "safety"]
FREQUENCIES: tuple[Frequency, ...] = ("each", "weekly", "monthly", "safety")
THEMES = ("standard", "large", "low-glare")
AUDIENCES = ("patient", "clinician", "researcher")

#   active   gets the digest
#   paused   asked for a break
#   ended    left, or was taken off
SubscriptionState = Literal["active", "paused", "ended"]

# How the source of a consent begins that nothing tells the date of.
CARRIED_OVER = "import:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How a person's agreement is evidenced: when, to which words, by which way."""

    at: datetime
    text: str = ""
    source: str = ""

    @property
    def evidenced(self) -> bool:
        """Whether it is known when the person agreed; if not, ``at`` is when an import carried them over."""
        return not self.source.startswith(CARRIED_OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One person. Outside the vault only ``id`` is ever written anywhere.

    id: uuid in hex, opaque.
    address: as typed, its domain lower case.
    language: BCP 47; zone: IANA name. neutral: no word of the disease where others may see the mail.
    """

    id: str
    address: str = field(repr=False)
    name: str = field(default="", repr=False)
    language: str = "en"
    zone: str = "UTC"
    theme: str = "standard"
    audience: str = ""
    neutral: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a person chose for one digest; ``topics`` or ``kinds`` empty = all."""

    subscriber: str
    digest: str
    consent: Consent
    topics: tuple[str, ...] = field(default=(), repr=False)
    kinds: tuple[str, ...] = field(default=(), repr=False)
    frequency: Frequency = "each"
    state: SubscriptionState = "active"
