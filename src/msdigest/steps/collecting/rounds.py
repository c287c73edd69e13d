"""Collecting: visit the sources side by side, keep what they show in their order."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from msdigest.model import rhythm
from msdigest.steps.collecting.outcomes import keep_all
from msdigest.steps.collecting.reports import SourceReport, Visited
from msdigest.steps.collecting.visiting import Visitors, visit
from msdigest.store import sources as source_store
from msdigest.store.sources import SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from msdigest.model.source import Source

VISITORS = 8
# So many visits may be under way or done and not yet kept: more would fill the memory.
_AHEAD = 48
# Seconds for which the others wait for one whose turn it is.
_PATIENCE = 1.0
# So many are kept in one transaction at most.
_TOGETHER = 24


def collect(
    visitors: Visitors,
    *,
    sources: Sequence[Source],
    due_only: bool = False,
    by_name: bool = False,
    accept: bool = False,
    progress: Callable[[SourceReport], None] = lambda _: None,
) -> list[SourceReport]:
    """Visit ``sources`` side by side and keep what they show, in their order; one report each.

    A source that fails never stops the others. ``due_only``: only those whose next visit is due. ``by_name``: an
    editor asked for just these, so one that was gone for good is asked again. ``accept``: what was held is taken.
    """
    with visitors.database.reading() as connection:
        states = source_store.states(connection)
    now = visitors.clock.now()
    reports: dict[str, SourceReport] = {}
    to_visit = []
    for source in sources:
        state = _of_this_address(source, states.get(source.id))
        left_out = _left_out(source, state, now=now, by_name=by_name)
        if left_out is not None:
            reports[source.id] = left_out
            progress(left_out)
        elif not due_only or _is_due(state, now):
            to_visit.append((source, state))
    for done in _visits(visitors, to_visit, accept=accept):
        for report in keep_all(visitors.database, done, visitors.clock):
            reports[report.id] = report
            progress(report)
    return [reports[source.id] for source in sources if source.id in reports]


def _visits(
    visitors: Visitors, to_visit: Sequence[tuple[Source, SourceState]], *, accept: bool
) -> Iterator[list[Visited]]:
    """Give the visits in order, those together that are done; no more than ``_AHEAD`` are begun before it is kept.

    Where the others would have to wait for one that is slow, they come first.
    """
    waiting = iter(to_visit)
    begun: list[Future[Visited]] = []
    with ThreadPoolExecutor(max_workers=VISITORS, thread_name_prefix="visitor") as threads:
        begin = partial(threads.submit, partial(visit, visitors, accept=accept))
        try:
            while True:
                begun.extend(begin(asked) for asked in islice(waiting, _AHEAD - len(begun)))
                if not begun:
                    return
                # In the order of the configuration, unless that would keep the others waiting.
                patience = 0.0 if len(begun) == _AHEAD else _PATIENCE
                if not wait(begun[:1], timeout=patience).done:
                    wait(begun, return_when=FIRST_COMPLETED)
                    ready = [each for each in begun if each.done()][:_TOGETHER]
                else:
                    ready = list(islice(takewhile(lambda each: each.done(), begun), _TOGETHER))
                for each in ready:
                    begun.remove(each)
                yield [each.result() for each in ready]
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _of_this_address(source: Source, state: SourceState | None) -> SourceState:
    """Return what is known of ``source``: what was remembered of another address belongs there."""
    if state is not None and state.url == source.url:
        return state
    fresh = SourceState(id=source.id, url=source.url)
    return replace(fresh, last_success=state.last_success, last_new=state.last_new) if state else fresh


def _is_due(state: SourceState, now: datetime) -> bool:
    """Tell whether a source's time has come; a visit that lies ahead was told by a clock that was wrong."""
    return state.next_check is None or state.next_check <= now or (state.last_attempt or now) > now


def _left_out(source: Source, state: SourceState, *, now: datetime, by_name: bool) -> SourceReport | None:
    """Return the report of a source that is not asked now, because it told us so."""
    if state.not_before and now < state.not_before <= now + rhythm.LONGEST_WAIT:
        until = f"the server asked not to be visited before {state.not_before:%Y-%m-%d %H:%M} UTC"
        return SourceReport(id=source.id, status="waiting", error=until)
    if state.gone_times >= rhythm.GONE_AFTER and not by_name:
        return SourceReport(id=source.id, status="failed", failed=1, error=gone_for_good(source))
    return None


def gone_for_good(source: Source) -> str:
    """Say that a source is not asked any more, and what to do."""
    return (
        f"{source.url} said on two days that it is gone for good and is not asked any more: correct its address or "
        f"disable it in config/sources.toml; `msdigest collect --source {source.id}` asks once more"
    )
