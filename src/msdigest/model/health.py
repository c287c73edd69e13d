"""How a source fares, in words for a volunteer: decided from what is remembered of its visits, and from now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal

from msdigest.model import rhythm
from msdigest.model.typed import EDITOR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.model.source import Source

# What one word says of a source.
#   ok, unchanged   the last visit went well; in the second case there was nothing to read
#   new             never visited at this address
#   waiting         it asked not to be visited before some time
#   held            it shows something that an editor must look at
#   failed, gone    the last visit failed; it said for good that it is no more
#   disabled        nobody asks it
Status = Literal["ok", "unchanged", "new", "waiting", "held", "failed", "gone", "disabled"]

# Silence is told after so many of a source's usual gaps, and never before so long.
_GAPS = 5
_LEAST_SILENCE = timedelta(days=30)
# Fewer gaps between entries tell no rhythm.
_LEAST_GAPS = 3
_DAY, _WEEK, _MONTH, _YEAR = (timedelta(days=days) for days in (1, 7, 30.4, 365))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is remembered of the visits to a source; ``SourceState`` of the store explains each."""

    url: str
    status: str
    error: str | None = None
    failures: int = 0
    last_success: datetime | None = None
    last_new: datetime | None = None
    next_check: datetime | None = None
    not_before: datetime | None = None
    moved_to: str | None = None
    address: str | None = None
    gone_times: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one source fares.

    sentence: why it is so and what to do. attention: an editor should look at it.
    error: of the last visit. failures: visits that failed in a row. held: how many things wait for an editor.
    silent: nothing new for much longer than usual. rhythm: how often it has something new; empty = not known.
    moved_to: where it has moved for good; None where that is not so, or in the configuration already.
    """

    status: Status
    sentence: str
    attention: bool = False
    error: str | None = None
    failures: int = 0
    held: int = 0
    silent: bool = False
    rhythm: str = ""
    moved_to: str | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None
    next_check: datetime | None = None


def health(
    source: Source, past: Past | None, *, reasons: Sequence[str], dates: Sequence[datetime], now: datetime
) -> Health:
    """Return how ``source`` fares; ``past`` None = it was never visited.

    reasons: a sentence for each thing that is held, oldest first. dates: of its newest entries, newest first.
    """
    here = past if past is not None and past.url == source.url else None
    status = _status(source, here, held=bool(reasons), now=now)
    gap = usual_gap(dates) if source.own_rhythm else None
    quiet = now - dates[0] if gap is not None else timedelta()
    silent = status in {"ok", "unchanged"} and gap is not None and quiet >= max(_GAPS * gap, _LEAST_SILENCE)
    moved_to = _moved_to(source, here)
    sentences = [_sentence(source, past, status=status, reasons=reasons)]
    if silent:
        sentences = [f"Nothing new for {quiet.days} days, but before {often(gap)}: look whether it has ended or moved."]
    if moved_to:
        moved = f"It has moved for good: write {moved_to} into config/sources.toml."
        sentences = [moved] if status in {"ok", "unchanged"} and not silent else [*sentences, moved]
    return Health(
        status=status,
        sentence=" ".join(sentences),
        attention=status in {"waiting", "held", "failed", "gone"} or silent or bool(moved_to or reasons),
        error=here.error if here else None,
        failures=here.failures if here else 0,
        held=len(reasons),
        silent=silent,
        rhythm=often(gap),
        moved_to=moved_to,
        last_success=past.last_success if past else None,
        last_new=past.last_new if past else None,
        next_check=here.next_check if here and status not in {"disabled", "gone"} else None,
    )


def usual_gap(dates: Sequence[datetime]) -> timedelta | None:
    """Return the usual time between two of the entries of ``dates``, newest first; None if they are too few."""
    gaps = [(newer - older).total_seconds() for newer, older in pairwise(dates)]
    return timedelta(seconds=median(gaps)) if len(gaps) >= _LEAST_GAPS else None


def often(gap: timedelta | None) -> str:
    """Say how often something comes with ``gap`` in between: ``about every 3 days``; nothing if it is not known."""
    if gap is None:
        return ""
    if gap < _DAY * 0.75:
        return "several times a day"
    for unit, name, until in ((_DAY, "day", _WEEK * 0.93), (_WEEK, "week", _MONTH * 1.75), (_MONTH, "month", _YEAR)):
        if gap < until:
            return _every(round(gap / unit), name)
    return _every(round(gap / _YEAR), "year")


def _every(number: int, name: str) -> str:
    return f"about every {name}" if number <= 1 else f"about every {number} {name}s"


def _status(source: Source, past: Past | None, *, held: bool, now: datetime) -> Status:
    """Return what matters most: a thing that is held can wait until the source answers again."""
    if not source.enabled:
        return "disabled"
    if past is None or past.status == "new":
        return "held" if held else "ok" if source.kind == EDITOR else "new"
    asked_to_wait = past.not_before is not None and past.not_before > now
    told: tuple[tuple[bool, Status], ...] = (
        (past.gone_times >= rhythm.GONE_AFTER, "gone"),
        (asked_to_wait, "waiting"),
        (past.status == "failed", "failed"),
        (held or past.status == "held", "held"),
        (past.status == "unchanged", "unchanged"),
    )
    return next((status for true, status in told if true), "ok")


def _moved_to(source: Source, past: Past | None) -> str | None:
    there = (past.address or past.moved_to) if past else None
    return None if there == source.url else there


def _sentence(source: Source, past: Past | None, *, status: Status, reasons: Sequence[str]) -> str:
    """Say why the source is as it is, and what to do; ``past`` may be of another address."""
    again = f"`msdigest collect --source {source.id}`"
    if status == "disabled":
        return source.note or "It is disabled in config/sources.toml, and no note says why."
    if source.kind == EDITOR:
        return "Nobody is asked: editors type its entries with `msdigest entry add`."
    if status == "held":
        told = reasons[0] if reasons else (past and past.error) or ""
        return _held(source, told, more=len(reasons) - 1)
    if past is None or status == "new":
        before = "Its address was changed, and this one" if past and past.last_success else "It"
        return f"{before} was not visited yet: {again} does it now."
    if status in {"waiting", "failed"}:
        return _failed(past, status)
    return {
        "gone": "It said on two days that it is gone for good, and is not asked any more: correct its address or "
        f"disable it in config/sources.toml; {again} asks once more.",
        "ok": "All is well.",
        "unchanged": "All is well; at the last visit nothing was different.",
    }[status]


def _held(source: Source, reason: str, *, more: int) -> str:
    others = f" (and {more} more)" if more > 0 else ""
    command = f"msdigest collect --source {source.id} --accept"
    return f"{_ended(reason)}{others} Look at it; if it is right, `{command}` takes it."


def _failed(past: Past, status: Status) -> str:
    times = f" It failed {past.failures} times in a row." if past.failures > 1 else ""
    if status == "waiting" and past.not_before is not None:
        again = f" It asked not to be visited before {past.not_before:%Y-%m-%d %H:%M} UTC."
    else:
        again = " It is asked again by itself, less and less often."
    return f"{_ended(past.error or '')}{times}{again}".strip()


def _ended(sentence: str) -> str:
    """Return a fault's words as a sentence of their own."""
    told = sentence.strip()
    told = told if told.startswith("http") else told[:1].upper() + told[1:]
    return told if not told or told.endswith((".", "!", "?")) else f"{told}."
