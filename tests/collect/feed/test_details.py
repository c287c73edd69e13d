"""What a feed leaves out is asked for, once, and only for entries that the filter takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.collect.feed.script import FEED, Script, atom, entry

from msdigest.collect.feed.collecting import collect
from msdigest.collect.feed.details import MOST_DETAILS, address_of
from msdigest.errors import CollectError, StatusError, TooLargeError, UnreachableError
from msdigest.model.entry import Entry, Fact
from msdigest.model.source import Source, Validators
from msdigest.ports import Collected, Memory
from msdigest.sandbox.fake import InProcess

API = "https://gov.example/api/content/notices/"
SOURCE = Source(id="notices", kind="feed", url=FEED, filter="Examplimab", options={"detail": "https://gov.example/api/content{path}"})  # fmt: skip
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE, TWO = entry("one", "2026-10-01T14:00:00+01:00"), entry("two", "2026-11-02T10:00:00Z")
NOTICE = {
    "first_published_at": "2025-10-07T14:00:00+01:00",
    "public_updated_at": "2026-10-01T14:00:00+01:00",
    "details": {"body": '<h2 id="x">Advice</h2><p onclick="x">See <a href="/more">more</a>.</p>'},
    "withdrawn_notice": {},
}


class Desk:
    """Visits again and again."""

    def __init__(self, source: Source = SOURCE) -> None:
        self.source = source
        self.memory = Memory(now=NOW)
        self.http = Script({})

    def visit(self, feed: Any, *, after: timedelta = timedelta(hours=6), **details: Any) -> Collected:
        self.http = Script({FEED: feed, **{API + slug: page for slug, page in details.items()}})
        came = collect(self.source, self.memory, self.http, InProcess())
        self.memory = Memory(
            now=self.memory.now + after,
            since=self.memory.now,
            validators=came.validators,
            body_hash=came.body_hash,
            notes=came.notes,
        )
        return came


def only(came: Collected) -> Entry:
    (one,) = came.entries
    return one


def slugs(came: Collected) -> list[str]:
    return [one.url.rpartition("/")[2] for one in came.entries]


def test_details() -> None:
    """Body, first publication and last update come from the details; the summary stays where the body lacks it."""
    one = only(Desk().visit(atom(ONE), one=NOTICE))

    assert one.html == (
        'Summary of one.<h2>Advice</h2><p>See <a href="https://gov.example/more" rel="noopener">more</a>.</p>'
    )
    assert one.text == "Summary of one.\n\nAdvice\n\nSee more."
    assert (one.published, one.precision) == (datetime(2025, 10, 7, 13, 0, tzinfo=UTC), "minute")
    assert one.updated == datetime(2026, 10, 1, 13, 0, tzinfo=UTC)
    assert one.facts == ()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>Here is a Summary of one. And more.</p>", "Here is a Summary of one. And more."),
        ([{"content_type": "text/govspeak", "content": "x"}, {"content_type": "text/html", "content": "<p>y</p>"}], "Summary of one.\n\ny"),
        ([7, {"content_type": "text/govspeak", "content": "x"}], "Summary of one."),
        (None, "Summary of one."),
        (7, "Summary of one."),
    ],
)  # fmt: skip
def test_bodies(body: Any, text: str) -> None:
    """A body in several languages of markup is read in HTML; without one the summary is all there is."""
    assert only(Desk().visit(atom(ONE), one={"details": {"body": body}})).text == text


@pytest.mark.parametrize("told", [{}, {"details": None}, {"details": [], "first_published_at": 7, "public_updated_at": "soon", "withdrawn_notice": "no"}])  # fmt: skip
def test_details_that_tell_nothing(told: Any) -> None:
    """What is missing or of the wrong type leaves the entry as the feed tells it."""
    one = only(Desk().visit(atom(ONE), one=told))

    assert (one.text, one.published, one.facts) == ("Summary of one.", datetime(2026, 10, 1, 13, 0, tzinfo=UTC), ())


@pytest.mark.parametrize(
    ("notice", "value"),
    [
        ({"explanation": "<p>Replaced by newer advice.</p>", "withdrawn_at": "2026-06-16T14:00:00+01:00"}, "2026-06-16: Replaced by newer advice."),
        ({"withdrawn_at": "2026-06-16T14:00:00+01:00"}, "2026-06-16"),
        ({"explanation": "Gone."}, "Gone."),
    ],
)  # fmt: skip
def test_withdrawn(notice: dict[str, str], value: str) -> None:
    """That a notice was taken back is a fact of its own, with its day and its words."""
    one = only(Desk().visit(atom(ONE), one={**NOTICE, "withdrawn_notice": notice}))

    assert one.facts == (Fact(name="withdrawn_notice", value=value, label="withdrawn", change="withdrawn"),)


def test_only_what_is_wanted_is_asked() -> None:
    """Other entries stay as they are; what the feed tells nothing new of is neither asked nor shown again."""
    desk = Desk()
    other = entry("other", "2026-11-01T10:00:00Z", title="Otherimab")
    first = desk.visit(atom(TWO, other, ONE), one=NOTICE, two=({**NOTICE}, {"etag": '"2"'}))

    assert slugs(first) == ["two", "other", "one"]
    assert [url for url, _ in desk.http.asked] == [FEED, f"{API}two", f"{API}one"]
    edited = entry("two", "2026-11-19T10:00:00Z")
    second = desk.visit(atom(edited, other, ONE), two=NOTICE)
    assert slugs(second) == ["two", "other"]
    assert second.entries[0].key == first.entries[0].key
    assert desk.http.asked[1:] == [(f"{API}two", Validators('"2"'))]
    third = desk.visit(atom(ONE))
    assert (slugs(third), third.status) == ([], "ok")
    assert sorted(third.notes) == ["detail https://gov.example/notices/one", "full"]


def test_details_that_are_the_same() -> None:
    """After a 304 the entry is not shown, and not asked again until the feed tells something new."""
    desk = Desk()
    desk.visit(atom(ONE), one=(NOTICE, {"etag": '"1"'}))
    again = entry("one", "2026-11-19T10:00:00Z")

    assert desk.visit(atom(again), one=(304, {"etag": '"1b"'})).entries == ()
    assert desk.visit(atom(again, TWO), two=NOTICE).entries[0].url.endswith("two")
    assert [url for url, _ in desk.http.asked] == [FEED, f"{API}two"]


def test_once_a_week_everything_is_asked() -> None:
    """A notice may be withdrawn without being listed anew."""
    desk = Desk()
    desk.visit(atom(ONE), one=NOTICE, after=timedelta(days=8))
    gone = {**NOTICE, "withdrawn_notice": {"explanation": "Gone."}}

    assert only(desk.visit(atom(ONE), one=gone)).facts[0].value == "Gone."
    assert desk.visit(atom(ONE)).status == "unchanged"


def test_new_settings_show_everything_again() -> None:
    """Without the hash of the last visit, all details are asked for without validators."""
    desk = Desk()
    desk.visit(atom(ONE), one=(NOTICE, {"etag": '"1"'}))
    desk.memory = replace(desk.memory, body_hash=None)

    assert slugs(desk.visit(atom(ONE), one=NOTICE)) == ["one"]
    assert desk.http.asked[1] == (f"{API}one", Validators())


@pytest.mark.parametrize("status", [404, 410])
def test_nothing_there(status: int) -> None:
    """An entry without details is shown as the feed tells it, with a warning, and not asked for again."""
    desk = Desk()
    came = desk.visit(atom(ONE), one=status)

    assert only(came).text == "Summary of one."
    assert came.warnings == (f"Examplimab: one: there are no details at {API}one.",)
    assert desk.visit(atom(ONE, TWO), two=NOTICE).entries[0].url.endswith("two")


@pytest.mark.parametrize("page", [500, 403, b"<html>", b"[1]", b'{"a": ', TooLargeError(API)])
def test_details_that_cannot_be_read(page: Any) -> None:
    """The entry is shown as the feed tells it, and its details are asked for an hour later, though all is unchanged."""
    desk = Desk()
    came = desk.visit(atom(ONE), one=page, after=timedelta(minutes=30))

    assert only(came).text == "Summary of one."
    assert "are asked for again" in came.warnings[0]
    assert desk.visit(atom(ONE), after=timedelta(minutes=30)).status == "unchanged"
    assert only(desk.visit(atom(ONE), one=NOTICE)).text.endswith("See more.")
    assert desk.visit(atom(ONE)).status == "unchanged"


@pytest.mark.parametrize(
    ("page", "error"), [(429, StatusError), (503, StatusError), (UnreachableError(API), UnreachableError)]
)
def test_a_server_that_asks_to_wait(page: Any, error: type[Exception]) -> None:
    """The whole visit waits, so that nothing is lost."""
    with pytest.raises(error):
        Desk().visit(atom(ONE), one=page)


def test_details_are_bounded() -> None:
    """No feed makes us ask for ever."""
    many = [entry(f"n{number}", "2026-11-01T10:00:00Z") for number in range(MOST_DETAILS + 3)]
    desk = Desk()
    came = desk.visit(atom(*many))

    assert (len(came.entries), len(desk.http.asked)) == (MOST_DETAILS + 3, MOST_DETAILS + 1)
    assert came.warnings[-1] == "3 entries are shown without details: 200 were asked for."


def test_addresses() -> None:
    """An entry's path or the last part of it is filled in."""
    link = "https://gov.example/notices/one/?x=y#z"

    assert address_of("https://api.example{path}?a", link) == "https://api.example/notices/one/?a"
    assert address_of("https://api.example/n/{slug}.json", link) == "https://api.example/n/one.json"


@pytest.mark.parametrize("template", ["https://api.example/", "/api{path}", "https://api.example/{id}", "https://a.example/{path}/{}"])  # fmt: skip
def test_templates_that_cannot_be(template: str) -> None:
    """The operator is told what an address of details looks like."""
    with pytest.raises(CollectError, match=r"`detail` must be an address with {path} or {slug}"):
        Desk(replace(SOURCE, options={"detail": template})).visit(atom(ONE))
