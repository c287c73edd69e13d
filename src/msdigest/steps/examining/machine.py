"""This machine: the database, room on the disk, the clock, and the vault's key."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from msdigest.ports import Reply
from msdigest.steps.examining.verdicts import bad, good, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from msdigest.ports import Failure, Verdict

LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000
OFF, FAR_OFF = timedelta(seconds=60), timedelta(minutes=5)
_MEGA, _GIGA = 1_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call of the provider: its answer, and our clock before and after it."""

    reply: Reply | Failure
    before: datetime
    after: datetime


def there(folder: Path) -> Path:
    """Return ``folder``, or the nearest one above it that exists already."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def room(folder: Path) -> int:
    """Return how many bytes are free where ``folder`` is, or will be."""
    return shutil.disk_usage(there(folder)).free


def judge_room(free: int, *, folder: Path) -> Verdict:
    """Say whether there is room for what is collected, composed and written."""
    told = f"{free / _GIGA:.1f} GB" if free >= _GIGA else f"{free // _MEGA} MB"
    if free < TOO_LITTLE:
        return bad("disk", f"{told} are free at {folder}: make room, or nothing can be kept")
    if free < LITTLE:
        return warning("disk", f"{told} are free at {folder}: make room soon")
    return good("disk", f"{told} are free at {folder}")


def offset(calls: Sequence[Called]) -> timedelta | None:
    """Return how far the provider's clock is ahead of ours, by its quickest answer; None if it told no time."""
    told = [(call.after - call.before, there - _middle(call)) for call in calls if (there := _date(call)) is not None]
    return min(told)[1] if told else None


def _middle(call: Called) -> datetime:
    return call.before + (call.after - call.before) / 2


def _date(call: Called) -> datetime | None:
    if not isinstance(call.reply, Reply):
        return None
    try:
        at = parsedate_to_datetime(call.reply.headers.get("date", ""))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def judge_clock(off: timedelta | None) -> Iterator[Verdict]:
    """Say whether signatures and schedules can hold."""
    if off is None:
        yield warning("clock", "the clock could not be compared: the provider told no time; see that NTP is at work")
        return
    seconds = abs(round(off.total_seconds()))
    way = "behind" if off > timedelta(0) else "ahead of"
    told = f"this machine's clock is {seconds} s {way} the provider's"
    if abs(off) > FAR_OFF:
        yield bad("clock", f"{told}: signatures fail, and webhooks are refused; set it by NTP")
    elif abs(off) > OFF:
        yield warning("clock", f"{told}: set it by NTP")
    else:
        yield good("clock", "this machine's clock agrees with the provider's")
