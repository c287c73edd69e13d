"""Publishing: the whole public folder, the same every time, touched only where something changed."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import feedparser
import pytest
from tests.site import opened, write_site

from msdigest.app import App
from msdigest.model.clock import Cadence
from msdigest.model.details import Event
from msdigest.model.entry import Entry, Revision
from msdigest.model.issue import Digest, Issue
from msdigest.model.source import Source
from msdigest.ports import Failure
from msdigest.providers.fake import FakeProvider, accepting
from msdigest.render.template import Templates, stock_templates
from msdigest.steps.composing.editing import approve
from msdigest.steps.delivering import delivering
from msdigest.steps.publishing import Archived, Kept, Material, Published, publish
from msdigest.steps.subscribing import subscribing
from msdigest.store import issues as issue_store
from msdigest.store import keeping

SEEN = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
SOURCES = (
    Source(id="fog", kind="feed", url="https://fog.example/feed", name="Fog"),
    Source(id="quiet", kind="feed", url="https://quiet.example/feed", name="Quiet"),
)
DIGEST = Digest(id="weekly", title="Weekly", cadence=Cadence.parse("weekly mon 07:00", "UTC"))


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates([stock_templates()])


def _kept(number: int, **changes) -> Kept:
    facts = {
        "key": f"k{number}", "source": "fog", "title": f"Entry {number}", "url": f"https://fog.example/{number}",
        "html": f"<p>Words {number}</p>", "text": f"Words {number}", "topics": ("pml",), "id": str(UUID(int=number)),
        "published": SEEN - timedelta(days=number), "precision": "day", "first_seen": SEEN, "revision": 1,
    }  # fmt: skip
    entry = Entry(**(facts | changes))
    revision = Revision(
        number=1, seen=SEEN - timedelta(minutes=number), change="new", material=False, entry=entry
    )  # fmt: skip
    return Kept(entry=entry, revisions=(revision,), seen=(("fog", f"https://fog.example/{number}", SEEN),))


def _issue(number: int, entries: tuple[int, ...], *, digest="weekly", revision=1) -> Archived:
    ids = tuple(str(UUID(int=one)) for one in entries)
    issue = Issue(
        id=100 + number, digest=digest, number=number, state="sent", cut_off=SEEN, subject=f"Issue {number}",
        sections=(("New", ids),), hash="", due_at=SEEN, not_later_than=SEEN,
    )  # fmt: skip
    return Archived(issue, dict.fromkeys(ids, revision))


def _material(*kept: Kept, **changes) -> Material:
    facts = Material(
        title="MS Digest", url="https://digest.example", entries=kept, sources=SOURCES, digests=(DIGEST,),
        topics={"pml": "PML", "fatigue": "Fatigue"},
    )  # fmt: skip
    return replace(facts, **changes)


def _files(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def _titles(out: Path, path: str) -> list[str]:
    return [entry["title"] for entry in json.loads((out / path).read_bytes())["items"]]


def test_the_public_folder(templates, tmp_path: Path) -> None:
    """Feeds in three formats, pages, calendar, sources and stylesheet stand where they are expected."""
    call = _kept(3, kind="event", published=SEEN + timedelta(days=9), topics=("fatigue",))

    done = publish(
        _material(call, _kept(1), issues=(_issue(1, (1,)),)), templates=templates, out=tmp_path / "public"
    )  # fmt: skip

    feeds = [
        "all",
        "digest/weekly",
        "kind/event",
        "kind/post",
        "source/fog",
        "source/quiet",
        "topic/fatigue",
        "topic/pml",
    ]
    assert sorted(_files(tmp_path / "public")) == sorted(
        [f"feeds/{feed}.{form}" for feed in feeds for form in ("rss", "atom", "json")]
        + [f"entry/{UUID(int=number)}/index.html" for number in (1, 3)]
        + ["issue/weekly/1/index.html", "index.html", "calendar.ics", "sources.opml", "style/site.css"]
    )
    assert done == Published(written=31, unchanged=0, removed=0, feeds=8)


def test_a_meeting_is_taken_into_a_calendar_from_its_page(templates, tmp_path: Path) -> None:
    """Mails and the entry's page lead there; it holds that one meeting, at its instant."""
    event = Event(start=datetime(2026, 12, 3, 19, tzinfo=UTC), join="https://meet.example/a")
    call = _kept(3, kind="event", event=event)

    publish(_material(call, _kept(1)), templates=templates, out=tmp_path)

    page = tmp_path / "entry" / str(UUID(int=3))
    lines = (page / "meeting.ics").read_text(encoding="utf-8").splitlines()
    assert lines.count("BEGIN:VEVENT") == 1
    assert "DTSTART:20261203T190000Z" in lines
    assert 'href="meeting.ics"' in (page / "index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "entry" / str(UUID(int=1)) / "meeting.ics").exists()


def test_each_feed_has_its_own_entries(templates, tmp_path: Path) -> None:
    """A topic's, kind's, source's and digest's feed carries its entries, newest first, and every feed is read well."""
    kept = (_kept(1), _kept(2, topics=("fatigue", "pml")), _kept(3, kind="trial", topics=()))

    publish(_material(*kept, issues=(_issue(1, (3, 1)),)), templates=templates, out=tmp_path)

    assert _titles(tmp_path, "feeds/all.json") == ["Entry 1", "Entry 2", "Entry 3"]
    assert _titles(tmp_path, "feeds/topic/pml.json") == ["Entry 1", "Entry 2"]
    assert _titles(tmp_path, "feeds/topic/fatigue.json") == ["Entry 2"]
    assert _titles(tmp_path, "feeds/kind/trial.json") == ["Entry 3"]
    assert _titles(tmp_path, "feeds/source/quiet.json") == []
    assert _titles(tmp_path, "feeds/digest/weekly.json") == ["Entry 1", "Entry 3"]
    for path in [*tmp_path.rglob("*.rss"), *tmp_path.rglob("*.atom")]:
        read = feedparser.parse(path.read_bytes(), response_headers={"content-type": "application/xml"})
        assert not read.bozo, path
        told = {link.href for link in read.feed.links if link.rel == "self"}
        assert told == {f"https://digest.example/{path.relative_to(tmp_path).as_posix()}"}


def test_a_second_round_touches_nothing(templates, tmp_path: Path) -> None:
    """Files that are right stay as they are, to the time they were written."""
    material = _material(_kept(1), issues=(_issue(1, (1,)),))
    first = publish(material, templates=templates, out=tmp_path)
    for path in tmp_path.rglob("*"):
        os.utime(path, (1, 1))

    again = publish(material, templates=templates, out=tmp_path)

    assert again == Published(written=0, unchanged=first.written, removed=0, feeds=first.feeds)
    assert {path.stat().st_mtime for path in tmp_path.rglob("*") if path.is_file()} == {1.0}


def test_two_folders_are_equal(templates, tmp_path: Path) -> None:
    """The same material gives the same bytes wherever and whenever it is written."""
    material = _material(_kept(1), _kept(2), issues=(_issue(1, (1, 2)),))
    for name in ("one", "two"):
        publish(material, templates=templates, out=tmp_path / name)

    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def test_only_what_changed_is_written(templates, tmp_path: Path) -> None:
    """Another title of one entry leaves the page of the other, its topic's feed and the stylesheet alone."""
    one, two = _kept(1), _kept(2, topics=("fatigue",))
    publish(_material(one, two), templates=templates, out=tmp_path)
    before = _files(tmp_path)

    publish(_material(replace(one, entry=replace(one.entry, title="Better")), two), templates=templates, out=tmp_path)

    after = _files(tmp_path)
    changed = {path for path, body in after.items() if before[path] != body}
    assert f"entry/{UUID(int=1)}/index.html" in changed
    assert "feeds/topic/pml.rss" in changed
    assert not changed & {f"entry/{UUID(int=2)}/index.html", "feeds/topic/fatigue.rss", "style/site.css"}


def test_what_is_no_longer_produced_is_removed(templates, tmp_path: Path) -> None:
    """Feeds of a topic without entries, pages of an entry taken back and an outdated calendar go; others' files stay."""
    call = _kept(3, kind="event", published=SEEN + timedelta(days=9), topics=("fatigue",))
    publish(_material(call, _kept(1), issues=(_issue(1, (1,)),)), templates=templates, out=tmp_path)
    foreign = [tmp_path / "robots.txt", tmp_path / "style" / "logo.png", tmp_path / "about" / "index.html"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")

    done = publish(_material(_kept(1)), templates=templates, out=tmp_path)

    assert not (tmp_path / "entry" / str(UUID(int=3))).exists()
    assert not (tmp_path / "calendar.ics").exists()
    assert not (tmp_path / "issue").exists()
    assert not list((tmp_path / "feeds" / "topic").glob("fatigue.*"))
    assert [path.read_text(encoding="utf-8") for path in foreign] == ["mine"] * 3
    # fatigue and event feeds in three formats, a page, an issue, the calendar
    assert done.removed == 9


def test_leftovers_of_a_crash_are_swept(templates, tmp_path: Path) -> None:
    """A half-written file beside its place is removed by the next round."""
    (tmp_path / "feeds").mkdir()
    left = tmp_path / "feeds" / ".all.rss.4711.part"
    left.write_bytes(b"<rss")

    publish(_material(), templates=templates, out=tmp_path)

    assert not left.exists()


def test_an_issue_is_shown_as_it_was_sent(templates, tmp_path: Path) -> None:
    """What an entry says by now stands on its own page; the issue keeps the words that were mailed, and says so."""
    first = _kept(1, title="As it was mailed", text="The old claim.")
    now = replace(first.entry, title="Quite another claim", text="Altered.", revision=2)
    later = Revision(number=2, seen=SEEN + timedelta(days=2), change="edited", material=True, entry=now)
    kept = replace(first, entry=now, revisions=(*first.revisions, later))

    publish(
        _material(kept, issues=(_issue(2, (1,), revision=2), _issue(1, (1,)))), templates=templates, out=tmp_path
    )  # fmt: skip

    old, new = [(tmp_path / f"issue/weekly/{one}/index.html").read_text(encoding="utf-8") for one in (1, 2)]
    assert "As it was mailed" in old
    assert "The old claim." in old
    assert "Quite another claim" not in old
    assert "changed since this issue, on <time" in old
    assert "Quite another claim" in new
    assert "changed since this issue" not in new
    assert _titles(tmp_path, "feeds/digest/weekly.json") == ["Quite another claim"]


def test_a_revision_that_was_not_handed_in_is_refused(templates, tmp_path: Path) -> None:
    """Other words than those that were mailed are not passed off as them."""
    with pytest.raises(ValueError, match=r"issue 101 carries the entry \S+ in a revision"):
        publish(
            _material(_kept(1), issues=(_issue(1, (1,), revision=3),)), templates=templates, out=tmp_path
        )  # fmt: skip


def _put(app: App, number: int, **changes) -> None:
    entry = replace(_kept(number, key=f"k{number}", id="", revision=0, first_seen=None).entry, source="blog", **changes)
    with app.database.writing() as connection:
        keeping.keep(
            connection, [keeping.Found(entry=entry, shown=entry.text, marks=())], source="blog", gone=(),
            now=app.clock.now(),
        )  # fmt: skip


def _composed(app: App) -> Issue:
    """Subscribe two people and compose an issue of one entry."""
    subscribing.import_people(
        app.database, app.vault, app.clock, lines=["email\n", "ada@example.org\n", "ben@example.org\n"], file="p.csv",
        digests=["weekly"], vocabulary=app.settings.vocabulary,
    )  # fmt: skip
    _put(app, 1)
    return app.compose(app.digest("weekly"))


def _first_only(app: App) -> None:
    """Let the provider take the first of two people and be out of order for the second."""
    answers = iter([True])
    app.__dict__["provider"] = FakeProvider(
        lambda ids: accepting(ids) if next(answers, False) else Failure("no", "x"), max_recipients=1
    )


def _draft(_app: App, _issue: Issue) -> None:
    """Leave it as it was composed."""


def _approve(app: App, issue: Issue) -> None:
    approve(app.database, issue=issue, required=0, name="")


def _freeze(app: App, issue: Issue) -> None:
    app.freeze(issue)


def _send(app: App, issue: Issue) -> None:
    app.freeze(issue)
    app.deliver()


def _cancel_draft(app: App, issue: Issue) -> None:
    delivering.cancel(app.database, issue=issue)


def _cancel_before_anybody(app: App, issue: Issue) -> None:
    app.freeze(issue)
    delivering.cancel(app.database, issue=app.issue(issue.id))


def _cancel_after_one(app: App, issue: Issue) -> None:
    _first_only(app)
    app.freeze(issue)
    app.deliver()
    assert app.account(issue.id).accepted == 1
    delivering.cancel(app.database, issue=app.issue(issue.id))


def _held_unfrozen(app: App, issue: Issue) -> None:
    with app.database.writing() as connection:
        issue_store.set_state(connection, issue.id, "held", only_from=("draft",))


def _held_after_freezing(app: App, issue: Issue) -> None:
    app.freeze(issue)
    app.clock.advance(timedelta(days=30))
    delivering.hold_late(app.database, app.clock)
    assert app.issue(issue.id).state == "held"


@pytest.mark.parametrize(
    ("happens", "public"),
    [
        (_draft, False), (_approve, False), (_held_unfrozen, False), (_cancel_draft, False),
        (_cancel_before_anybody, False), (_freeze, True), (_send, True), (_held_after_freezing, True),
        (_cancel_after_one, True),
    ],
)  # fmt: skip
def test_an_issue_is_public_once_it_is_decided_who_gets_it(tmp_path: Path, happens, public) -> None:
    """Before, it may still change; cancelled, it is there if anybody was sent it. Its entries are in the digest's feed."""
    with opened(write_site(tmp_path)) as app:
        happens(app, _composed(app))
        app.publish()

        page = app.settings.public / "issue" / "weekly" / "1" / "index.html"
        assert page.exists() == public
        assert _titles(app.settings.public, "feeds/digest/weekly.json") == ["Entry 1"] * public
        assert ("MS Research Digest ·" in (app.settings.public / "index.html").read_text("utf-8")) == public


def test_the_page_of_an_issue_keeps_what_was_mailed(tmp_path: Path) -> None:
    """A source that alters its words afterwards alters its own page alone."""
    with opened(write_site(tmp_path)) as app:
        _send(app, _composed(app))
        app.clock.advance(timedelta(hours=1))
        _put(app, 1, title="Altered afterwards, quite another claim")
        app.publish()

        page = (app.settings.public / "issue/weekly/1/index.html").read_text(encoding="utf-8")
        assert ">Entry 1</a>" in page
        assert "Altered afterwards" not in page
        assert "changed since this issue, on <time" in page


def test_two_that_publish_at_once_take_turns(tmp_path: Path) -> None:
    """Neither trips over the other's half-written files, and what the last one read is what stands there."""
    with opened(write_site(tmp_path)) as app:
        _put(app, 1)
        app.publish()

        def publish_more(first: int) -> None:
            for number in range(first, first + 4):
                _put(app, number)
                app.publish()

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(publish_more, (10, 20, 30)))

        assert len(list((app.settings.public / "entry").iterdir())) == 13
        assert len(_titles(app.settings.public, "feeds/all.json")) == 13
        assert list(app.settings.public.rglob("*.part")) == []


def test_feeds_are_limited(templates, tmp_path: Path) -> None:
    """The feed of everything has the newest 100 entries, the others the newest 50; every entry has its page."""
    publish(_material(*(_kept(number) for number in range(1, 131))), templates=templates, out=tmp_path)

    assert _titles(tmp_path, "feeds/all.json") == [f"Entry {number}" for number in range(1, 101)]
    assert _titles(tmp_path, "feeds/topic/pml.json") == [f"Entry {number}" for number in range(1, 51)]
    assert len(list((tmp_path / "entry").iterdir())) == 130
    assert "newest 100 of 130 entries" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_site_without_entries(templates, tmp_path: Path) -> None:
    """Before the first round there are valid, empty feeds with a fixed date."""
    publish(_material(), templates=templates, out=tmp_path)

    assert b"1970-01-01T00:00:00+00:00" in (tmp_path / "feeds" / "all.atom").read_bytes()
    assert "Nothing was collected yet." in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "material",
    [
        pytest.param(_material(_kept(1, topics=("../../etc",))), id="topic"),
        pytest.param(_material(_kept(1, kind="a/b")), id="kind"),
        pytest.param(_material(sources=(replace(SOURCES[0], id=".."),)), id="source"),
        pytest.param(_material(digests=(replace(DIGEST, id="a\\b"),)), id="digest"),
        pytest.param(_material(_kept(1, id="../../../etc")), id="entry"),
        pytest.param(_material(issues=(_issue(1, (), digest="../x"),)), id="issue"),
    ],
)
def test_no_id_leads_out_of_the_folder(templates, tmp_path: Path, material: Material) -> None:
    """An id that is no plain word is refused before a file is written."""
    with pytest.raises(ValueError, match=r"part of a path|hexadecimal"):
        publish(material, templates=templates, out=tmp_path / "public")

    assert not list(tmp_path.iterdir())


def test_an_issue_with_an_unknown_entry_is_refused(templates, tmp_path: Path) -> None:
    """A page with a hole in it is not published, and nothing that was public is removed."""
    publish(_material(_kept(1), _kept(2)), templates=templates, out=tmp_path)
    before = set(_files(tmp_path))

    with pytest.raises(ValueError, match="issue 101 names the entry"):
        publish(_material(_kept(1), issues=(_issue(1, (2,)),)), templates=templates, out=tmp_path)

    assert set(_files(tmp_path)) == before


def test_an_entry_outlives_its_source(templates, tmp_path: Path) -> None:
    """A source that an operator took out of the configuration is still named by its id."""
    publish(_material(_kept(1), sources=()), templates=templates, out=tmp_path)

    page = (tmp_path / "entry" / str(UUID(int=1)) / "index.html").read_text(encoding="utf-8")
    assert "<bdi>fog</bdi>" in page
    assert not (tmp_path / "feeds" / "source").exists()
