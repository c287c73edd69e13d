"""The bell: a task runs once for each of its times, whoever rings and whoever dies."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from msdigest.engines.bell import RETRY_AFTER, STALE_AFTER, Rung, TaskSpec, ring
from msdigest.engines.clock import SystemClock
from msdigest.errors import RefusedError, StoreError
from msdigest.model.clock import Cadence, FixedClock
from msdigest.store.database import Database
from msdigest.store.schema import fires

FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
WEEKLY = Cadence.parse("weekly mon 07:00", "Europe/London")
RAN, RESTED = Rung(ran=True), Rung(ran=False)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Diary:
    """A task that writes down for which times it was run."""

    def __init__(self, *, cadence=None, every=None, name="task", fail=None):
        self.times, self.fail = [], fail
        self.spec = TaskSpec(name=name, step=self.write, cadence=cadence, every=every)

    def write(self, scheduled_for):
        self.times.append(scheduled_for)
        if self.fail:
            raise self.fail


def rows(database):
    with database.reading() as connection:
        return connection.execute(select(fires).order_by(fires.c.scheduled_for)).all()


def met(database, clock, diary, at=FRIDAY):
    """Let the database meet the task's cadence."""
    clock.instant = at
    assert ring(database, clock, diary.spec) == RESTED


def test_a_time_is_rung_for_once(database, clock) -> None:
    """Before its time nothing happens; after it, once, however often it is rung."""
    diary = Diary(cadence=WEEKLY)
    met(database, clock, diary)
    rung = []
    for instant in (MONDAY - SECOND, MONDAY, MONDAY + SECOND, MONDAY + 3 * DAY, MONDAY + 7 * DAY):
        clock.instant = instant
        rung.append(ring(database, clock, diary.spec))

    assert rung == [RESTED, RAN, RESTED, RESTED, RAN]
    assert diary.times == [MONDAY, MONDAY + 7 * DAY]
    assert [(row.task, row.scheduled_for, row.error) for row in rows(database)] == [
        ("task", MONDAY, None),
        ("task", MONDAY + 7 * DAY, None),
    ]


@only_sqlite
def test_a_new_installation_sends_nothing_for_last_week(database, clock) -> None:
    """A cadence is first rung for a time after it was met; a task with a gap runs at once."""
    weekly, often = Diary(cadence=WEEKLY, name="weekly"), Diary(every=5 * timedelta(minutes=1), name="often")
    clock.instant = MONDAY + HOUR

    assert [ring(database, clock, each.spec) for each in (weekly, often)] == [RESTED, RAN]
    assert ring(database, clock, weekly.spec) == RESTED

    clock.instant = MONDAY + 7 * DAY

    assert ring(database, clock, weekly.spec) == RAN


@only_sqlite
def test_a_time_that_falls_on_the_first_meeting_counts(database, clock) -> None:
    """Started at seven sharp, the issue of seven o'clock is made."""
    diary = Diary(cadence=WEEKLY)
    clock.instant = MONDAY

    assert ring(database, clock, diary.spec) == RAN


@only_sqlite
def test_another_cadence_is_met_anew(database, clock) -> None:
    """Who moves a digest from Monday to Thursday on a Friday is sent nothing for yesterday."""
    thursdays = Cadence.parse("weekly thu 07:00", "Europe/London")
    monday, thursday = Diary(cadence=WEEKLY), Diary(cadence=thursdays)
    met(database, clock, monday, FRIDAY - 7 * DAY)
    clock.instant = FRIDAY

    assert ring(database, clock, thursday.spec) == RESTED

    clock.advance(7 * DAY)

    assert ring(database, clock, thursday.spec) == RAN
    assert thursday.times == [datetime(2026, 11, 26, 7, 0, tzinfo=UTC)]


def test_of_missed_times_only_the_latest_is_made_up_for(database, clock) -> None:
    """After five weeks of silence: one issue, for the last Monday."""
    diary = Diary(cadence=WEEKLY)
    met(database, clock, diary)
    clock.instant = MONDAY + 33 * DAY
    rung = [ring(database, clock, diary.spec) for _ in range(3)]

    assert rung == [RAN, RESTED, RESTED]
    assert diary.times == [MONDAY + 28 * DAY]


@only_sqlite
@pytest.mark.parametrize(
    ("cadence", "zone", "day", "times"),
    [
        ("daily 07:00", "Europe/London", datetime(2026, 3, 28, tzinfo=UTC), ["28 07:00", "29 06:00", "30 06:00"]),
        ("daily 07:00", "Europe/London", datetime(2026, 10, 24, tzinfo=UTC), ["24 06:00", "25 07:00", "26 07:00"]),
        ("daily 03:00", "Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC), ["28 02:00", "29 01:00", "30 01:00"]),
        ("daily 03:00", "Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), ["24 01:00", "25 02:00", "26 02:00"]),
        # Here clocks change late in the evening, forwards and back: once a day all the same.
        (
            "daily 22:30",
            "America/Nuuk",
            datetime(2026, 3, 28, tzinfo=UTC),
            ["28 00:30", "29 00:30", "29 23:30", "30 23:30"],
        ),
        ("daily 23:30", "America/Nuuk", datetime(2026, 10, 24, tzinfo=UTC), ["24 00:30", "25 00:30", "26 01:30"]),
    ],
)
def test_days_when_clocks_change(database, clock, cadence, zone, day, times) -> None:
    """Rung every ten minutes for three days: once a day at the local time."""
    diary = Diary(cadence=Cadence.parse(cadence, zone))
    met(database, clock, diary, day)
    while clock.instant < day + 3 * DAY:
        ring(database, clock, diary.spec)
        clock.advance(timedelta(minutes=10))

    assert [f"{time:%d %H:%M}" for time in diary.times] == times


@only_sqlite
def test_a_task_with_a_gap_runs_once_in_each(database, clock) -> None:
    """Its times are the same for every process: counted from midnight, not from the start."""
    diary = Diary(every=timedelta(minutes=5))
    clock.instant = FRIDAY + timedelta(minutes=7)
    for _ in range(13):
        ring(database, clock, diary.spec)
        clock.advance(timedelta(minutes=1))

    assert [f"{time:%H:%M}" for time in diary.times] == ["12:05", "12:10", "12:15"]


# --------------------------------------------------------------------------------------------------- many at once


def test_threads_ring_once(database, clock) -> None:
    """Eight at a time for one time: one of them runs it."""
    diary = Diary(cadence=WEEKLY)
    met(database, clock, diary)
    clock.instant = MONDAY
    gate = threading.Barrier(8)

    def pull(_):
        gate.wait()
        return ring(database, clock, diary.spec)

    with ThreadPoolExecutor(8) as pool:
        rung = list(pool.map(pull, range(8)))

    assert sorted(each.ran for each in rung) == [False] * 7 + [True]
    assert diary.times == [MONDAY]


def test_two_that_opened_the_database_ring_once(database, clock) -> None:
    """Two processes' worth of connections, rung in turns."""
    diary = Diary(cadence=WEEKLY)
    met(database, clock, diary)
    other = Database(database.url)
    try:
        clock.instant = MONDAY
        rung = [ring(each, clock, diary.spec) for each in (other, database, other)]
    finally:
        other.close()

    assert rung == [RAN, RESTED, RESTED]


def _ring_in_a_process(url, gate, told):
    database = Database(url)
    diary = Diary(cadence=WEEKLY)
    gate.wait(30)
    ran = ring(database, FixedClock(MONDAY), diary.spec).ran
    database.close()
    told.put((ran, len(diary.times)))


def test_processes_ring_once(database, clock) -> None:
    """Three processes at once on one database: one of them runs it."""
    met(database, clock, Diary(cadence=WEEKLY))
    context = multiprocessing.get_context("spawn")
    gate, told = context.Barrier(3), context.Queue()
    processes = [context.Process(target=_ring_in_a_process, args=(database.url, gate, told)) for _ in range(3)]
    for process in processes:
        process.start()
    answers = [told.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)

    assert sorted(answers) == [(False, 0), (False, 0), (True, 1)]
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(rows(database)) == 1


# ------------------------------------------------------------------------------------------------------- crashes


def crash(database, clock, spec_of):
    """Let a process die in the middle of a fire."""
    dying = TaskSpec(name=spec_of.name, cadence=spec_of.cadence, every=spec_of.every, step=_die)
    with pytest.raises(KeyboardInterrupt):
        ring(database, clock, dying)


def _die(_):
    raise KeyboardInterrupt


def test_a_start_under_the_lock_runs_an_unfinished_fire_again(database, clock) -> None:
    """Nobody else can be at work on it; without the lock somebody may be, for an hour."""
    diary = Diary(cadence=WEEKLY)
    met(database, clock, diary)
    clock.instant = MONDAY
    crash(database, clock, diary.spec)
    (row,) = rows(database)

    assert (row.finished_at, ring(database, clock, diary.spec)) == (None, RESTED)
    assert ring(database, clock, diary.spec, alone=True) == RAN
    assert ring(database, clock, diary.spec, alone=True) == RESTED
    assert diary.times == [MONDAY]
    assert rows(database)[0].finished_at == MONDAY


def test_without_the_lock_an_unfinished_fire_is_a_dead_ones_after_an_hour(database, clock) -> None:
    """Then one of those who ring takes it, and the next hour counts from there."""
    diary = Diary(cadence=WEEKLY)
    met(database, clock, diary)
    clock.instant = MONDAY
    crash(database, clock, diary.spec)
    clock.advance(STALE_AFTER)
    early = ring(database, clock, diary.spec)
    clock.advance(SECOND)
    crash(database, clock, diary.spec)
    clock.advance(STALE_AFTER)
    again = ring(database, clock, diary.spec)
    clock.advance(SECOND)

    assert (early, again) == (RESTED, RESTED)
    assert ring(database, clock, diary.spec) == RAN


# -------------------------------------------------------------------------------------------------------- errors


@only_sqlite
def test_an_error_is_written_down_and_the_bell_goes_on(database, clock, caplog) -> None:
    """A sentence of ours with the fire and in the log; the time is over, the next one is rung for."""
    diary = Diary(cadence=WEEKLY, fail=RefusedError("issue 7 is approved and not sent yet"))
    met(database, clock, diary)
    clock.instant = MONDAY
    failed, again = ring(database, clock, diary.spec), ring(database, clock, diary.spec)
    clock.advance(7 * DAY)
    diary.fail = None
    after = ring(database, clock, diary.spec)

    assert failed == Rung(ran=True, error="issue 7 is approved and not sent yet")
    assert (again, after) == (RESTED, RAN)
    assert [(row.error, row.finished_at) for row in rows(database)] == [
        ("issue 7 is approved and not sent yet", MONDAY),
        (None, MONDAY + 7 * DAY),
    ]
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "task failed task=task" in record.getMessage()
    assert record.exc_info is None


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), StoreError("locked")], ids=["disk", "ours"])
@only_sqlite
def test_a_cadence_that_failed_is_tried_again(database, clock, error) -> None:
    """Not at once, but long before its next time; when it is done, it is done."""
    diary = Diary(cadence=WEEKLY, fail=error)
    met(database, clock, diary)
    clock.instant = MONDAY
    failed, at_once = ring(database, clock, diary.spec), ring(database, clock, diary.spec)
    (written,) = rows(database)
    clock.advance(RETRY_AFTER + SECOND)
    still = ring(database, clock, diary.spec)
    clock.advance(RETRY_AFTER + SECOND)
    diary.fail = None
    after = [ring(database, clock, diary.spec) for _ in range(2)]
    (row,) = rows(database)

    assert [bool(failed.error), at_once, bool(still.error), *after] == [True, RESTED, True, RAN, RESTED]
    assert (written.error, written.finished_at) == (failed.error, None)
    assert (row.error, row.finished_at) == (None, clock.now())
    assert diary.times == [MONDAY] * 3


@only_sqlite
def test_a_fault_of_ours_is_logged_with_its_trace_and_the_bell_goes_on(database, clock, caplog) -> None:
    """What nobody expected must not end the process that also sends; its words may be personal and stay in the log."""
    diary = Diary(every=HOUR, fail=ZeroDivisionError("by zero"))
    failed = ring(database, clock, diary.spec)

    assert failed == Rung(ran=True, error="a fault of msdigest: ZeroDivisionError")
    assert [row.error for row in rows(database)] == ["a fault of msdigest: ZeroDivisionError"]
    assert "Traceback" in caplog.text


def test_names_may_be_as_long_as_a_digests(database, clock) -> None:
    """A digest's id has up to 63 characters, and both databases take it."""
    diary = Diary(cadence=WEEKLY, name=f"issue:{'d' * 63}")
    met(database, clock, diary)
    clock.instant = MONDAY

    assert ring(database, clock, diary.spec) == RAN


def test_the_real_clock_tells_aware_time() -> None:
    """In UTC, never backwards."""
    clock = SystemClock()
    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert first <= second
