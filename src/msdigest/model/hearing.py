"""What later events make of a delivery, and of an address whose server refuses mail for now. Whatever their order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from msdigest.model.delivery import DeliveryState, Event, EventKind

# A delivery only ever climbs: told twice, or in another order, events end in the same state.
#   rejected    above accepted and deferred: what a provider took and then did not send was mailed to nobody, so it
#               leaves the account's "accepted", and what was in it may be sent with a later issue
#   delivered   above rejected: that the reader's server took it proves that it was sent
#   bounced     above delivered: servers take mail and send it back later
_LADDER: tuple[DeliveryState, ...] = ("accepted", "deferred", "rejected", "delivered", "bounced", "complained")
_RANKS = {state: rank for rank, state in enumerate(_LADDER, 1)}
# What became of these is decided here, not by a provider: an event about them is another message's.
UNTOUCHED: frozenset[DeliveryState] = frozenset(("excluded", "pending"))

# So many refusals for now, on as many days and over so long a time, are one for good.
MOST_SOFT_BOUNCES = 4
SOFT_BOUNCES_OVER = timedelta(days=14)
# What happened longer ago than this has nothing to do with what happens now.
LONGEST_PAUSE = timedelta(days=90)


def after(state: DeliveryState, kind: EventKind) -> DeliveryState:
    """Return the state of a delivery after an event."""
    if state in UNTOUCHED:
        return state
    # Who left by a button in the mail has got it.
    told: DeliveryState = "accepted" if kind == "unsubscribed" else kind
    return told if _RANKS[told] > _RANKS.get(state, 0) else state


def reason_to_stop(event: Event) -> str:
    """Return why nothing may be sent to an address any more after this very event; empty = it may."""
    if event.kind == "bounced":
        return "bounced" if event.permanent else ""
    return event.kind if event.kind in {"complained", "unsubscribed"} else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftBounces:
    """How often an address refused mail for now since something was delivered there; 0 times: since ``last_at``."""

    times: int
    first_at: datetime
    last_at: datetime

    @property
    def too_many(self) -> bool:
        """Whether this counts as a refusal for good."""
        return self.times >= MOST_SOFT_BOUNCES and self.last_at - self.first_at >= SOFT_BOUNCES_OVER


def refused(before: SoftBounces | None, at: datetime) -> SoftBounces:
    """Count one more refusal, at most one a day; one of a day before the last one was told late and counts nothing."""
    if before is None or at - before.last_at > LONGEST_PAUSE:
        return SoftBounces(times=1, first_at=at, last_at=at)
    if at.date() <= before.last_at.date():
        return before
    return SoftBounces(times=before.times + 1, first_at=before.first_at if before.times else at, last_at=at)


def took(before: SoftBounces | None, at: datetime) -> SoftBounces | None:
    """Begin anew after something was delivered, unless that was before all that is counted."""
    if before is None or at < before.first_at:
        return before
    latest = max(at, before.last_at)
    return SoftBounces(times=0, first_at=latest, last_at=latest)
