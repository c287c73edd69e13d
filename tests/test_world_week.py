"""A simulated week among the field's real sources: nobody has to complain, and whatever breaks is made good."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests import world as worlds

from msdigest.model.clock import FixedClock
from msdigest.store import entries as entry_store

pytestmark = pytest.mark.skipif(not worlds.HERE, reason="the world is not beside this repository")
HOUR = timedelta(hours=1)
BEFORE, AFTER = "2026-05-10", "2026-11-20"
# What each fault of the world does to a whole answer. The others cannot hurt where nothing depends on the body.
FAULTS = {
    "429": {"retry_after": 600}, "503": {"retry_after": 600, "date": True}, "500": {}, "403": {}, "timeout": {},
    "drip": {"every": 0.2}, "redirect-private": {}, "redirect-loop": {}, "truncated": {}, "wrong-charset": {},
    "html": {}, "empty": {}, "gzip-bomb": {}, "gzip-stacked": {}, "huge": {}, "moved": {}, "gone": {},
    "not-modified": {},
}  # fmt: skip
# A fault that an answer may bear without harm.
BEARABLE = {"wrong-charset", "moved", "not-modified"}
SOURCES = ("ms-blog", "iwims", "ctgov", "isrctn", "ctis", "pubmed", "europepmc", "ema", "mhra", "fda", "openfda")
# All pairs take ten minutes (`make world`); the suite takes each fault and each source at least once.
PAIRS = [(fault, SOURCES[place % len(SOURCES)]) for place, fault in enumerate(FAULTS)]
if os.environ.get("MSDIGEST_ALL_FAULTS"):
    PAIRS = [(fault, source) for fault in FAULTS for source in SOURCES]


@pytest.fixture(scope="module")
def world():
    with worlds.running() as running:
        yield running


def test_a_week_of_visits_is_polite(world, tmp_path) -> None:
    """Every hour those that are due, on the sources' own clock: no request that a polite client would not make."""
    patience = worlds.Patience(world)
    clock = FixedClock(worlds.LATE)
    world.do(reset=True)
    with worlds.opened(world.site(tmp_path), clock, patience=patience) as app:
        for day in range(7):
            today = datetime.fromisoformat("2026-05-15T20:01:00+00:00") + timedelta(days=day)
            world.do(as_of=today.date().isoformat())
            for hour in range(24):
                if hour:
                    world.do(advance=3600)
                clock.instant = today + hour * HOUR
                reports = app.collect(due_only=True)
                assert [(report.id, report.error) for report in reports if report.failed] == []
    summary = world.summary()

    assert summary["violations"] == []
    assert summary["requests"] > 500
    # By their own rhythm: a quiet blog is asked a few times a day, not every hour.
    assert summary["by_source"]["ms-blog"] < 7 * 24


@dataclass(frozen=True, slots=True)
class State:
    """All that was collected, comparable: what each source shows with its facts, and what changed."""

    shown: frozenset[tuple[object, ...]]
    changes: frozenset[tuple[object, ...]]

    @classmethod
    def of(cls, app):
        shown = set()
        with app.database.reading() as connection:
            for source in worlds.EVERYTHING:
                shown |= {
                    (source, known.key, known.gone, known.section, tuple(sorted(known.facts.items())))
                    for known in entry_store.known_of(connection, source)
                }
        changes = {(each.source, each.kind, each.name, each.before, each.after) for each in worlds.changes(app)}
        return cls(frozenset(shown), frozenset(changes))

    def only(self, sources):
        return State(*(frozenset(row for row in rows if row[0] in sources) for rows in (self.shown, self.changes)))


def settled(world, config, *, patience):
    """Collect the later day until nothing is new; return what there is."""
    clock = FixedClock(datetime.fromisoformat(AFTER + "T23:30:00+00:00"))
    with worlds.opened(config, clock, patience=patience, deadline=20.0) as app:
        for _ in range(2):
            app.collect()
            clock.advance(8 * HOUR)
        return State.of(app)


@pytest.fixture(scope="module")
def before(world, tmp_path_factory):
    """A site that collected everything on the earlier day; others are copied from it."""
    folder = tmp_path_factory.mktemp("before")
    world.do(reset=True, as_of=BEFORE)
    config = world.site(folder, min_delay_s=0)
    with worlds.opened(config, FixedClock(datetime.fromisoformat(BEFORE + "T20:05:00+00:00"))) as app:
        app.collect()
    return folder


def copied(before, tmp_path):
    shutil.copytree(before, tmp_path / "site")
    return tmp_path / "site" / "config" / "msdigest.toml"


@pytest.fixture(scope="module")
def after(world, before, tmp_path_factory):
    """What there is on the later day if nothing breaks."""
    world.do(reset=True, as_of=AFTER)
    return settled(world, copied(before, tmp_path_factory.mktemp("after")), patience=None)


def of_base(source):
    return {name for name, told in worlds.EVERYTHING.items() if told["at"] == source}


@pytest.mark.parametrize(("fault", "source"), PAIRS)
def test_whatever_breaks_is_told_bears_no_others_and_is_made_good(
    world, before, after, tmp_path, fault, source
) -> None:
    """The round ends in time, the others are complete, the cause is named, and afterwards nothing is missing."""
    world.do(reset=True, as_of=AFTER, fault={"name": fault, "source": source, **FAULTS[fault]})
    config = copied(before, tmp_path)
    clock = FixedClock(datetime.fromisoformat(AFTER + "T20:05:00+00:00"))
    with worlds.opened(config, clock, deadline=2.0) as app:
        begun = time.monotonic()
        reports = {report.id: report for report in app.collect()}
        took = time.monotonic() - begun
        broken = State.of(app)
    world.do(clear_faults=True)
    healed = settled(world, config, patience=None)

    hit = of_base(source)
    assert took < 30 * len(hit)
    assert [name for name, report in reports.items() if report.failed and name not in hit] == []
    others = set(worlds.EVERYTHING) - hit
    assert broken.only(others).shown == after.only(others).shown
    if fault not in BEARABLE:
        failed = {name for name in hit if reports[name].status == "failed"}
        assert failed
        assert all(reports[name].error for name in failed)
        # An answer of 304 has no body that could be bent.
        assert {reports[name].status for name in hit - failed} <= {"unchanged"}
    assert healed.shown == after.shown
    assert {row for row in healed.changes if row[2] != "status"} == {row for row in after.changes if row[2] != "status"}
