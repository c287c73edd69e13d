"""The field's real sources, served on loopback: msdigest finds exactly what is there, day by day.

Runs whenever the world is there (MSDIGEST_WORLD, else ``../shared/world`` beside the repository); the same things
are proven on our own pages in ``tests/collect`` and ``tests/steps/test_collecting.py`` in any case.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.site import opened, write_site

from msdigest.model.clock import FixedClock
from msdigest.store import entries as entry_store

ROOT = Path(__file__).resolve().parents[1]
WORLD = Path(os.environ.get("MSDIGEST_WORLD", ROOT / ".." / "shared" / "world"))
pytestmark = pytest.mark.skipif(not (WORLD / "serve.py").is_file(), reason="the world is not beside this repository")
LATE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def expected():
    return json.loads((WORLD / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def world():
    """The world as a program of its own, and a way to move it."""
    with subprocess.Popen(
        [sys.executable, str(WORLD / "serve.py"), "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield World(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(10)


class World:
    def __init__(self, ready):
        self.control = ready["control"]
        self.bases = {name: source["base"] for name, source in ready["sources"].items()}

    def do(self, **verbs):
        request = urllib.request.Request(self.control, json.dumps(verbs).encode(), method="POST")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    def site(self, folder, *names):
        sources = {
            "blog": {"id": "blog", "kind": "feed", "url": self.bases["ms-blog"] + "/feed/"},
            "twin": {"id": "twin", "kind": "feed", "url": self.bases["ms-blog"] + "/feed/atom/"},
            "page": {"id": "page", "kind": "livingpage", "url": self.bases["iwims"] + "/ms-and-covid-19/"},
        }
        return write_site(folder, sources=[sources[name] for name in names])


def shown(app):
    with app.database.reading() as connection:
        return entry_store.newest(connection)


def living(app):
    with app.database.reading() as connection:
        return {known.key: known for known in entry_store.known_of(connection, "page") if not known.gone}


def test_the_blog_and_its_twin_give_four_entries_seen_twice(world, expected, tmp_path) -> None:
    """Posts, authors, dates, COI and disclaimer are what they are; each entry was seen in both feeds."""
    with opened(world.site(tmp_path, "blog", "twin"), FixedClock(LATE)) as app:
        first = app.collect()
        found = {entry.url.rstrip("/").rsplit("/", 1)[-1]: entry for entry in shown(app)}
        with app.database.reading() as connection:
            places = {entry.id: entry_store.places_of(connection, entry.id) for entry in found.values()}
        again = app.collect()

    assert [report.error for report in first] == [None, None]
    assert sum(report.new for report in first) == 4
    assert set(found) == {post["slug"] for post in expected["posts"]["ms-blog"]}
    for post in expected["posts"]["ms-blog"]:
        entry = found[post["slug"]]
        assert (entry.title, entry.authors) == (post["title"], (post["author"],))
        assert entry.published == datetime.fromisoformat(post["published"])
        assert (entry.coi, entry.disclaimer) == (post["coi"], post["disclaimer"])
        assert set(entry.categories) == set(post["categories"])
        assert entry.url == world.bases["ms-blog"] + post["path"]
        for words in (post["coi"], post["disclaimer"]):
            assert words is None or (words not in entry.text and words not in entry.html)
    assert {tuple(sorted(place.source for place in there)) for there in places.values()} == {("blog", "twin")}
    assert [(report.status, report.new, report.changed) for report in again] == [("unchanged", 0, 0)] * 2


def test_the_identifiers_of_the_blog_are_found(world, expected, tmp_path) -> None:
    """Every DOI that a post prints is an identifier of its entry, and nothing else is."""
    with opened(world.site(tmp_path, "blog"), FixedClock(LATE)) as app:
        app.collect()
        found = {entry.url.rstrip("/").rsplit("/", 1)[-1]: entry for entry in shown(app)}

    for slug, entry in found.items():
        dois = [each.value for each in entry.identifiers if each.scheme == "doi"]
        assert dois == expected["identifiers"][slug]["dois"], slug


def test_the_living_page_is_read_as_entries(world, expected, tmp_path) -> None:
    """One entry a paragraph, with its heading path and the date line in force; no furniture."""
    page = expected["living_page"]
    with opened(world.site(tmp_path, "page"), FixedClock(LATE)) as app:
        (report,) = app.collect()
        entries = shown(app)

    assert (report.error, report.new) == (None, page["items"]["all"])
    dated = [entry for entry in entries if entry.published]
    assert (len(dated), len(entries) - len(dated)) == (page["items"]["dated"], page["items"]["undated"])
    assert {entry.precision for entry in dated} == {"day"}
    blocks = {}
    for entry in dated:
        blocks.setdefault((entry.published.date().isoformat(), entry.section), []).append(entry)
    found = sorted((stamp, section, len(group)) for (stamp, section), group in blocks.items())
    assert found == sorted((each["stamp"], tuple(each["section"]), each["items"]) for each in page["stamps"])
    for each in page["stamps"]:
        group = blocks[each["stamp"], tuple(each["section"])]
        assert any(entry.text.startswith(each["first_words"]) for entry in group), each["first_words"]
    undated = [entry for entry in entries if not entry.published]
    for words in page["undated_first_words"]:
        assert sum(entry.text.startswith(words) for entry in undated) == 1, words
    everything = " ".join(entry.title + entry.text for entry in entries)
    for words in page["furniture_that_must_not_appear"]:
        assert words not in everything


def test_day_by_day_exactly_what_appeared_is_new(world, expected, tmp_path) -> None:
    """Moving the world on yields the entries of each day, never one twice and none gone."""
    days = expected["living_page"]["visible_by_day"]
    clock = FixedClock(LATE)
    before = 0
    world.do(as_of=next(iter(days)))
    with opened(world.site(tmp_path, "page"), clock) as app:
        for day, visible in days.items():
            world.do(as_of=day)
            clock.instant = datetime.fromisoformat(day + "T21:00:00+00:00")
            (report,) = app.collect()

            assert report.error is None, day
            assert report.new == visible["items"] - before, day
            assert len(living(app)) == visible["items"], day
            before = visible["items"]
        revisions = [entry.revision for entry in shown(app)]

    assert len(revisions) == expected["living_page"]["items"]["all"]
    assert set(revisions) == {1}


@pytest.mark.parametrize(
    ("verb", "change", "material"),
    [
        ({"revise": "registry"}, "edited", True),
        ({"revise": "typo"}, "edited", False),
        ({"move": {"entry": "leoss", "to": "Clinical Perspectives"}}, None, None),
    ],
    ids=["reworded", "typo", "moved"],
)
def test_an_entry_that_changes_becomes_a_revision(world, tmp_path, verb, change, material) -> None:
    """Reworded, corrected or moved: the same entry, one more revision, nothing new."""
    with opened(world.site(tmp_path, "page"), FixedClock(LATE)) as app:
        app.collect()
        world.do(**verb)
        (report,) = app.collect()
        (entry,) = [entry for entry in shown(app) if entry.revision == 2]
        with app.database.reading() as connection:
            newest = entry_store.revisions_of(connection, entry.id)[-1]

    assert (report.new, report.changed) == (0, 1)
    if change is not None:
        assert (newest.change, newest.material) == (change, material)
    else:
        assert "Clinical Perspectives" in entry.section


def test_an_entry_that_is_removed_is_gone_and_nothing_else(world, expected, tmp_path) -> None:
    """A removal makes nothing new; the entry stays, its place is over."""
    with opened(world.site(tmp_path, "page"), FixedClock(LATE)) as app:
        app.collect()
        world.do(remove="leoss")
        (report,) = app.collect()

        assert (report.new, report.changed, report.error) == (0, 0, None)
        assert len(living(app)) == expected["living_page"]["items"]["all"] - 1
        assert len(shown(app)) == expected["living_page"]["items"]["all"]


def test_a_redesign_is_an_error_or_no_change_at_all(world, expected, tmp_path) -> None:
    """Another theme around the same words never makes new or lost entries."""
    with opened(world.site(tmp_path, "page"), FixedClock(LATE)) as app:
        app.collect()
        keys = set(living(app))
        world.do(redesign=True)
        (report,) = app.collect()

        assert (report.new, report.changed) == (0, 0)
        assert report.failed == 0 or "layout" in report.error
        assert set(living(app)) == keys
        assert len(keys) == expected["living_page"]["items"]["all"]
