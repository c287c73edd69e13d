"""How every source fares, from what is remembered of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.entry import Entry
from msdigest.model.source import Source
from msdigest.steps.watching import watch
from msdigest.store import keeping
from msdigest.store import sources as source_store
from msdigest.store.sources import SourceState

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FEN = Source(id="fen", kind="feed", url="https://fen.example/feed", name="Fen Notes")
ATLAS = Source(id="atlas", kind="livingpage", url="https://atlas.example/", own_rhythm=False)
NEW = Source(id="new", kind="feed", url="https://new.example/")


def _kept(connection, source: Source, *days: int) -> None:
    found = [
        keeping.Found(
            entry=Entry(key=f"{day}", source=source.id, title=f"Day {day}", url=f"{source.url}{day}", published=NOW - day * DAY),
            shown="", marks=(),
        )
        for day in days
    ]  # fmt: skip
    keeping.keep(connection, found, source=source.id, gone=(), now=NOW - DAY)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_source_is_told_with_what_is_held(database) -> None:
    """Health in the order of the file; rhythm and silence by the entries' own dates; held things with their reason."""
    with database.writing() as connection:
        _kept(connection, FEN, 40, 42, 44, 46)
        _kept(connection, ATLAS, 400, 401, 402, 403)
        states = [(one, SourceState(id=one.id, url=one.url, status="ok", last_success=NOW)) for one in (FEN, ATLAS)]
        source_store.remember(connection, states)
        source_store.hold(connection, "atlas", [("figure", "Atlas: 90", "a jump")], released=(), now=NOW - 2 * DAY)
        source_store.hold(
            connection, "atlas", [("figure", "Atlas: 90", "a jump"), ("b", "B", "why")], released=(), now=NOW
        )
    with database.reading() as connection:
        fen, atlas, new = watch(connection, [FEN, ATLAS, NEW], now=NOW)

    assert (fen.health.status, fen.health.rhythm, fen.health.silent) == ("ok", "about every 2 days", True)
    assert (atlas.health.status, atlas.health.rhythm, atlas.health.silent) == ("held", "", False)
    assert [(one.title, one.since) for one in atlas.held] == [("Atlas: 90", NOW - 2 * DAY), ("B", NOW)]
    assert atlas.health.sentence.startswith("Atlas: 90: a jump. (and 1 more)")
    assert (new.health.status, new.held) == ("new", ())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_source_that_is_held_as_a_whole_says_why_alone(database) -> None:
    """Its name would only repeat itself."""
    with database.writing() as connection:
        source_store.hold(connection, "fen", [("", "Fen Notes", "all names changed")], released=(), now=NOW)
    with database.reading() as connection:
        (fen,) = watch(connection, [FEN], now=NOW)

    assert fen.health.sentence.startswith("All names changed. Look at it")
