"""What is kept of a visit: its entries, or its failure, and when the source is visited again."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.errors import CollectError, FetchError, HeldError, StatusError
from msdigest.model import rhythm
from msdigest.steps.collecting.reports import SourceReport, Visited, reason
from msdigest.store import entries as entry_store
from msdigest.store import keeping
from msdigest.store import sources as source_store
from msdigest.store.keeping import Rules
from msdigest.store.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.ports import Collected
    from msdigest.store.database import Database, Transaction
    from msdigest.store.keeping import Kept
    from msdigest.store.sources import SourceState

log = logging.getLogger(__name__)

_GONE = 410
# So many dates of a feed tell its rhythm, and more than so many are old.
_TELLING, _NEWEST = 4, 11
# So many failures in a row at an address that a redirect led to: the one of the configuration is asked again.
_FALL_BACK_AFTER = 3


def keep_all(database: Database, visits: Sequence[Visited], clock: Clock) -> list[SourceReport]:
    """Keep what came of ``visits``, in their order and in one transaction; one report each.

    What one of them would hold or cannot keep is undone alone.
    """
    reports, states = [], []
    with database.writing() as connection:
        # The time is told when it is our turn: an issue's cut-off may have been drawn while we waited.
        turn = take_turn(connection)
        now = clock.now()
        for done in visits:
            report, state = _keep(connection, done, now, turn=turn)
            reports.append(report)
            states.append((done.source, state))
        source_store.remember(connection, states)
    return reports


def _keep(connection: Transaction, done: Visited, now: datetime, *, turn: datetime) -> tuple[SourceReport, SourceState]:
    result = done.result
    if isinstance(result, FetchError | CollectError):
        return _failed(done, result, now=now)
    if result.status == "unchanged" and not done.found and not result.gone:
        state = _after_success(
            done, result, fresh=0, interval=_interval_of_quiet(connection, done, result, now), now=now
        )
        return _report(done, result, (), state), state
    rules = Rules(
        turn=turn,
        since=done.state.last_success,
        whole=result.whole,
        accept="" in done.looked_at,
        rereading=done.rereading,
        first=done.state.last_success is None,
    )
    try:
        with connection.begin_nested():
            kept = keeping.keep(connection, done.found, source=done.source.id, gone=result.gone, now=now, rules=rules)
    except HeldError as error:
        return _hold_all(connection, done, error, now=now)
    if result.status != "unchanged":
        doubtful = [(each.entry.key, each.entry.title, reason(each)) for each in done.doubtful]
        certain = {each.entry.key for each in done.found} | {""} | done.looked_at
        source_store.hold(connection, done.source.id, doubtful, released=certain, now=now)
    fresh = sum(each.change == "new" for each in kept)
    last_new = now if fresh else done.state.last_new
    interval = _interval(connection, done, result, quiet=now - (last_new or now))
    state = _after_success(done, result, fresh=fresh, interval=interval, now=now)
    return _report(done, result, kept, state), state


def _report(done: Visited, result: Collected, kept: Sequence[Kept], state: SourceState) -> SourceReport:
    changes = Counter("new" if each.change == "new" else "changed" if each.changes else None for each in kept)
    doubts = [f"{each.entry.title}: {reason(each)}" for each in done.doubtful]
    report = SourceReport(
        id=done.source.id,
        status="held" if doubts else result.status,
        new=changes["new"],
        changed=changes["changed"],
        unchanged=changes[None],
        warnings=(*doubts, *result.warnings, *_moved(done, state)),
    )
    log.info("collected source=%s status=%s new=%d changed=%d", report.id, report.status, report.new, report.changed)
    return report


def _moved(done: Visited, state: SourceState) -> Sequence[str]:
    """Tell the editor of a move: the address in the configuration is theirs to change."""
    there = state.address or state.moved_to
    if there is None or there == done.source.url:
        return ()
    asked = " and is asked there by now" if state.address else ""
    return (f"{done.source.url} has moved for good{asked}: write {there} into config/sources.toml.",)


# ------------------------------------------------------------------------------------------------------- success


def _interval(connection: Transaction, done: Visited, result: Collected, *, quiet: timedelta) -> timedelta:
    return done.source.interval or rhythm.adaptive_interval(
        done.source.id,
        usual=done.source.usual_interval,
        dates=_dates(connection, done, result) if done.source.own_rhythm else (),
        quiet=quiet,
        asked=result.min_interval,
    )


def _dates(connection: Transaction, done: Visited, result: Collected) -> Sequence[datetime]:
    """Return when the source's newest entries were published; a feed has just told them."""
    told = sorted((each.entry.published for each in done.found if each.entry.published), reverse=True)
    return (
        told[:_NEWEST] if result.whole and len(told) >= _TELLING else entry_store.rhythm_of(connection, done.source.id)
    )


def _interval_of_quiet(connection: Transaction, done: Visited, result: Collected, now: datetime) -> timedelta:
    """Return the interval after a visit that brought nothing: the one before, until another quiet day is over."""
    before = done.state
    quiet, then = (moment - (before.last_new or moment) for moment in (now, before.last_success or now))
    if before.interval and not done.source.interval and quiet.days == then.days and not result.min_interval:
        return before.interval
    return _interval(connection, done, result, quiet=quiet)


def _after_success(done: Visited, result: Collected, *, fresh: int, interval: timedelta, now: datetime) -> SourceState:
    before = done.state
    last_new = now if fresh else before.last_new
    status = "held" if done.doubtful else before.status if _still_held(before, result) else result.status
    return replace(
        _with_move(before, done, result, now=now),
        validators=result.validators,
        body_hash=f"{done.read_as}:{result.body_hash or ''}",
        notes=result.notes,
        status=status,
        error=before.error if status == "held" and not done.doubtful else _doubts(done),
        failures=0,
        last_attempt=now,
        last_success=now,
        last_new=last_new,
        interval=interval,
        next_check=now + interval,
        not_before=None,
        gone_times=0,
        gone_since=None,
    )


def _still_held(before: SourceState, result: Collected) -> bool:
    return before.status == "held" and result.status == "unchanged"


def _doubts(done: Visited) -> str | None:
    if not done.doubtful:
        return None
    first = done.doubtful[0]
    more = f" (and {len(done.doubtful) - 1} more)" if len(done.doubtful) > 1 else ""
    return f"{first.entry.title}: {reason(first)}{more}"


def _with_move(state: SourceState, done: Visited, result: Collected, *, now: datetime) -> SourceState:
    """Return ``state`` with what a permanent redirect, or its absence, tells."""
    asked = state.address or done.source.url
    there = result.moved_to
    if there is None or there == asked:
        return replace(state, moved_to=None, moved_times=0, moved_since=None)
    if there != state.moved_to or state.moved_since is None:
        return replace(state, moved_to=there, moved_times=1, moved_since=now)
    times = state.moved_times + 1
    if rhythm.is_believed(times, since=state.moved_since, now=now):
        log.warning("source moved source=%s", done.source.id)
        return replace(state, address=there, moved_to=None, moved_times=0, moved_since=None)
    return replace(state, moved_times=times)


# ------------------------------------------------------------------------------------------------------- failure


def _hold_all(
    connection: Transaction, done: Visited, error: HeldError, *, now: datetime
) -> tuple[SourceReport, SourceState]:
    """Keep nothing of what the source shows until an editor has looked; it is asked again as usual."""
    whole = ("", done.source.name or done.source.id, str(error))
    source_store.hold(connection, done.source.id, [whole], released=(), now=now)
    interval = done.source.interval or done.state.interval or done.source.usual_interval
    held = replace(
        done.state, status="held", error=str(error), last_attempt=now, interval=interval, next_check=now + interval
    )
    log.warning("source held source=%s", done.source.id)
    return SourceReport(id=done.source.id, status="held", error=str(error)), held


def _failed(done: Visited, error: FetchError | CollectError, *, now: datetime) -> tuple[SourceReport, SourceState]:
    state = done.state
    failures = state.failures + 1
    wait = rhythm.retry_after_failure(failures)
    not_before = None
    asked: float | None = getattr(error, "retry_after", None)
    if asked is not None:
        not_before = now + min(timedelta(seconds=asked), rhythm.LONGEST_WAIT)
        wait = max(wait, not_before - now)
    failed = replace(
        _with_gone(state, error, now=now),
        # An address that a redirect led to may be the mistake.
        address=state.address if failures < _FALL_BACK_AFTER else None,
        status="failed",
        error=str(error),
        failures=failures,
        last_attempt=now,
        next_check=now + wait,
        not_before=not_before,
    )
    log.warning("source failed source=%s error=%s", done.source.id, error)
    return SourceReport(id=done.source.id, status="failed", failed=1, error=str(error)), failed


def _with_gone(state: SourceState, error: FetchError | CollectError, *, now: datetime) -> SourceState:
    """Return ``state`` with a "gone for good" counted: two of them, a day apart, end the visits."""
    if not isinstance(error, StatusError) or error.status != _GONE:
        return replace(state, gone_times=0, gone_since=None)
    if state.gone_since is None:
        return replace(state, gone_times=1, gone_since=now)
    if rhythm.is_another_day(state.gone_since, now):
        return replace(state, gone_times=state.gone_times + 1)
    return state
