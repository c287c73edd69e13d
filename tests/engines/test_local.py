"""The bell of one process: APScheduler rings when the cadence says, and for what was missed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import select

from msdigest.engines import local
from msdigest.engines.bell import TaskSpec
from msdigest.engines.local import LocalEngine, trigger_of
from msdigest.errors import RefusedError
from msdigest.model.clock import Cadence
from msdigest.model.issue import DEFAULT_LATEST, Digest
from msdigest.store.schema import fires
from msdigest.tasks import COLLECT_EVERY, DELIVER_EVERY, task_list

FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKLY = Cadence.parse("weekly mon 07:00", "Europe/London")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def spec(name, told, *, cadence=None, every=None, fail=None):
    def step(scheduled_for):
        told.append(name)
        if fail:
            raise fail

    return TaskSpec(name=name, step=step, cadence=cadence, every=every)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "America/Nuuk", "Pacific/Chatham", "UTC"])
@pytest.mark.parametrize(
    "words",
    [
        "daily 07:00",
        "daily 22:30",
        "weekly mon 07:00",
        "weekly mon,thu 03:15",
        "weekly sat,sun 23:30",
        "monthly 1 07:00",
        "monthly 28 07:00",
        "monthly last 07:00",
    ],
)
def test_triggers_ring_when_the_cadence_says(words, zone) -> None:
    """A year and a bit, both changes of clocks included: the very same instants."""
    cadence = Cadence.parse(words, zone)
    trigger = trigger_of(spec("task", [], cadence=cadence))
    start = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    expected, rung = [], []
    previous, instant = None, start
    while instant < start + 400 * DAY:
        instant = cadence.after(instant)
        expected.append(instant)
        previous = trigger.get_next_fire_time(previous, previous or start)
        rung.append(previous)

    assert rung == expected
    assert len(set(rung)) == len(rung) >= 13
    assert all(cadence.at_or_before(time) == time for time in rung)


def test_a_task_with_a_gap_is_rung_at_its_gap() -> None:
    """In the gap that the list of tasks says."""
    trigger = trigger_of(spec("task", [], every=timedelta(minutes=5)))

    assert isinstance(trigger, IntervalTrigger)
    assert trigger.interval == timedelta(minutes=5)


@only_sqlite
def test_late_fires_are_let_through(database, clock) -> None:
    """However late, but one at a time and the latest only: the step judges what is too late, not the scheduler."""
    engine = LocalEngine(database, clock, [spec("task", [], cadence=WEEKLY)])
    engine.start()
    try:
        jobs = engine._scheduler.get_jobs()
    finally:
        engine.stop()

    assert {job.misfire_grace_time for job in jobs} == {None}
    assert {(job.coalesce, job.max_instances) for job in jobs} == {(True, 1)}
    assert {"task", "look again"} <= {job.id for job in jobs}
    assert local.LOOK_AGAIN < DEFAULT_LATEST


@only_sqlite
def test_ringing_for_everything_runs_what_is_due_in_order(database, clock) -> None:
    """In the order of the list; what failed is told and stops nothing, and is forgotten once it works."""
    told = []
    broken = spec("broken", told, every=HOUR, fail=RefusedError("not now"))
    tasks = [spec("a", told, every=HOUR), broken, spec("weekly", told, cadence=WEEKLY), spec("z", told, every=HOUR)]
    engine = LocalEngine(database, clock, tasks)
    first = engine.ring_all()
    second = engine.ring_all()
    clock.instant = MONDAY
    third = engine.ring_all()

    assert (first, second, third) == (["a", "broken", "z"], [], ["a", "broken", "weekly", "z"])
    assert told == first + third
    assert engine.errors == {"broken": "not now"}


def leave_unfinished(database, name, at):
    """Let there be a fire whose process died, or is still at it."""
    from msdigest.store import fires as fire_store

    with database.writing() as connection:
        assert fire_store.take(connection, name, scheduled_for=at, now=at, stale=at)


@only_sqlite
def test_on_sqlite_a_start_takes_up_what_a_dead_process_left(database, clock) -> None:
    """Its caller holds the lock: nobody else is alive."""
    told = []
    engine = LocalEngine(database, clock, [spec("weekly", told, cadence=WEEKLY)])
    engine.ring_all()
    clock.instant = MONDAY
    leave_unfinished(database, "weekly", MONDAY)

    assert engine.ring_all() == ["weekly"]


@only_postgresql
def test_on_postgresql_a_start_leaves_others_at_their_work(database, clock) -> None:
    """Another process may be in the middle of it; if it is not done in an hour, looking again finds it."""
    told = []
    engine = LocalEngine(database, clock, [spec("weekly", told, cadence=WEEKLY)])
    engine.ring_all()
    clock.instant = MONDAY
    leave_unfinished(database, "weekly", MONDAY)
    at_once = engine.ring_all()
    clock.advance(HOUR + timedelta(seconds=1))

    assert (at_once, engine.look_again(), told) == ([], ["weekly"], ["weekly"])


@only_sqlite
def test_looking_again_rings_for_cadences_alone(database, clock) -> None:
    """What the machine slept through is found without a trigger; tasks with a gap have their next gap."""
    told = []
    engine = LocalEngine(database, clock, [spec("often", told, every=HOUR), spec("weekly", told, cadence=WEEKLY)])
    engine.ring_all()
    clock.instant = MONDAY + 3 * DAY

    assert (engine.look_again(), engine.look_again()) == (["weekly"], [])


@only_sqlite
def test_a_started_engine_runs_what_is_due_and_stops(database, clock) -> None:
    """In a thread of its own, one task at a time; after stopping nothing runs any more."""
    ran = threading.Event()
    threads = []

    def step(_):
        threads.append(threading.current_thread())
        ran.set()

    engine = LocalEngine(database, clock, [TaskSpec(name="task", step=step, every=HOUR)])
    engine.start()
    assert ran.wait(30)
    engine.stop()
    clock.advance(HOUR)

    assert (engine.ring_all(), engine.look_again()) == ([], [])
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    assert not threads[0].is_alive()
    with database.reading() as connection:
        (row,) = connection.execute(select(fires)).all()
    assert (row.task, row.finished_at) == ("task", FRIDAY)


def test_the_list_of_tasks() -> None:
    """Collecting before issues, publishing after them, delivering last; each digest at its own times."""
    called = []
    digests = [Digest(id=name, title=name, cadence=WEEKLY) for name in ("weekly", "daily")]
    tasks = task_list(
        digests=digests,
        collect_due=lambda: called.append("collect"),
        issue_due=lambda digest, time: called.append((digest.id, time)),
        publish=lambda: called.append("publish"),
        deliver=lambda: called.append("deliver"),
    )
    for task in tasks:
        task.step(MONDAY)

    assert [task.name for task in tasks] == ["collect", "issue:weekly", "issue:daily", "publish", "deliver"]
    assert called == ["collect", ("weekly", MONDAY), ("daily", MONDAY), "publish", "deliver"]
    assert [task.cadence for task in tasks] == [None, WEEKLY, WEEKLY, None, None]
    assert [task.every for task in tasks] == [COLLECT_EVERY, None, None, COLLECT_EVERY, DELIVER_EVERY]
    assert all(len(task.name) <= 96 for task in tasks)
