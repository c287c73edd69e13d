"""All of the field's real sources in one configuration: exactly what is there is found, and exactly what changes."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from tests import world as worlds

from msdigest.model.clock import FixedClock
from msdigest.store import entries as entry_store

pytestmark = pytest.mark.skipif(not worlds.HERE, reason="the world is not beside this repository")
# As the registers and services tell it: first versions, then what came later.
DAYS = ("2025-12-05", "2026-03-15", "2026-11-20")


@pytest.fixture(scope="module")
def expected():
    return json.loads((worlds.WORLD / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world():
    with worlds.running() as running:
        yield running


@pytest.fixture(scope="module")
def told(world, tmp_path_factory):
    """Collect everything day by day, twice each day; return reports, entries and changes."""
    clock = FixedClock(worlds.LATE)
    rounds = []
    with worlds.opened(world.site(tmp_path_factory.mktemp("site")), clock, patience=worlds.Patience(world)) as app:
        for day in DAYS:
            world.do(as_of=day)
            clock.instant = datetime.fromisoformat(day + "T20:05:00+00:00")
            rounds.append((app.collect(), app.collect()))
        entries = worlds.shown(app)
        with app.database.reading() as connection:
            places = {entry.id: entry_store.places_of(connection, entry.id) for entry in entries}
        yield {"rounds": rounds, "entries": entries, "changes": worlds.changes(app), "places": places,
               "summary": world.summary()}  # fmt: skip


def of(told, source):
    """Return the entries that a source showed, by the last part of their address there."""
    seen = {}
    for entry in told["entries"]:
        for place in told["places"][entry.id]:
            if place.source == source:
                seen[place.key] = entry
    return seen


def test_every_source_is_read(told) -> None:
    """No failure in any round; the second of a day brings nothing."""
    for first, second in told["rounds"]:
        assert [(report.id, report.error) for report in first if report.failed] == []
        assert [(report.id, report.new, report.changed, report.error) for report in second
                if report.new or report.changed or report.failed] == []  # fmt: skip


def test_no_webmaster_has_to_complain(told) -> None:
    """The world saw no impolite request, and made no fault of its own."""
    assert told["summary"].get("violations") in ({}, [], 0), told["summary"]
