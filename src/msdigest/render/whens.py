"""Dates as pages show them: in words for people, and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from msdigest.render.instants import rfc3339

if TYPE_CHECKING:
    from msdigest.model.entry import Precision

_ISO_LENGTH: dict[Precision, int] = {"year": 4, "month": 7, "day": 10}


class Dates(Protocol):
    """Tells a date in the words of the site's language, no more precisely than it is known."""

    def __call__(self, instant: datetime, precision: Precision, /) -> str:
        """Return e.g. ``December 2026``."""
        ...


@dataclass(frozen=True, slots=True)
class When:
    """A date in words and for machines, both as precise as it is known; both empty = not told."""

    words: str = ""
    machine: str = ""


def told_when(dates: Dates, instant: datetime | None, precision: Precision) -> When:
    """Tell a date as precisely as it is known; None = not told."""
    if instant is None:
        return When()
    iso = rfc3339(instant)
    return When(dates(instant, precision), iso[: _ISO_LENGTH.get(precision, len(iso))])


def told_at(dates: Dates, instant: datetime | None) -> When:
    """Tell an instant with its time of day, which a date in words leaves out."""
    if instant is None:
        return When()
    day = told_when(dates, instant, "minute")
    return When(f"{day.words}, {instant.astimezone(UTC):%H:%M} UTC", day.machine)
