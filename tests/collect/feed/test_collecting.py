"""A feed is asked politely; what is no feed becomes a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.collect.feed.visiting import GIVEN, POST, SOURCE, URL, OneAnswer, rss_document, visit

from msdigest.collect.feed.collecting import collect
from msdigest.errors import EmptyAnswerError, NotAFeedError, StatusError
from msdigest.model.source import Validators
from msdigest.ports import NEVER, NO_VALIDATORS, Collected, Memory
from msdigest.sandbox.fake import InProcess

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!doctype html><html><head><title>Just a moment...</title></head></html>", "titled “Just a moment...”"),
        (
            b'<html><link rel="alternate" type="application/rss+xml" href="/rss/"></html>',
            "it points to https://blog.example/rss/",
        ),
        (b"hello", "no feed but a page"),
        (b"/etc/passwd", "no feed but a page"),
        (b"\x89PNG\r\n\x1a\n\x00", "no feed but a page"),
        (b'{"title": "x"}', "JSON, but no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "JSON, but no JSON Feed"),
        (b'{"version": ', "no readable JSON"),
        (b'{"version": ' + b"[" * 200_000, "no readable JSON"),
    ],
)
def test_what_is_no_feed(body: bytes, sentence: str) -> None:
    """The editor is told what was found instead, and where the feed may be."""
    with pytest.raises(NotAFeedError, match=sentence):
        visit(body)


def test_unchanged() -> None:
    """After a 304, or for an equal body, nothing is read; validators are renewed."""
    first = visit(rss_document(POST), etag=GIVEN.etag)
    memory = Memory(validators=GIVEN, body_hash=first.body_hash)
    http = OneAnswer(status=304, headers={"etag": '"2"', "cache-control": "max-age=60"})

    assert first.validators == Validators(etag='W/"1"')
    assert collect(SOURCE, memory, http, InProcess()) == Collected(
        status="unchanged",
        validators=Validators(etag='"2"', last_modified=GIVEN.last_modified),
        body_hash=first.body_hash,
        notes={"full": NEVER.isoformat()},
        min_interval=60.0,
    )
    assert http.asked == [(URL, GIVEN)]
    same = visit(rss_document(POST), memory=memory)
    assert (same.status, same.entries, same.validators, same.body_hash) == (
        "unchanged",
        (),
        Validators(),
        first.body_hash,
    )
    assert visit(rss_document(POST + POST), memory=memory).status == "ok"


def test_a_full_visit_once_a_week() -> None:
    """A server that answers 304 for ever is found out: after a week everything is asked for."""
    first = visit(rss_document(POST), memory=Memory(now=NOW), etag=GIVEN.etag)
    notes = first.notes
    for days, asked in ((1, GIVEN), (6, GIVEN), (7, NO_VALIDATORS), (1, GIVEN)):
        memory = Memory(
            now=datetime.fromisoformat(notes["full"]) + timedelta(days=days),
            validators=GIVEN,
            body_hash=first.body_hash,
            notes=notes,
        )
        http = OneAnswer(rss_document(POST))

        assert collect(SOURCE, memory, http, InProcess()).status == "unchanged"
        assert http.asked == [(URL, asked)]
        notes = collect(SOURCE, memory, http, InProcess()).notes

    with pytest.raises(StatusError, match="though it was asked for everything"):
        collect(SOURCE, replace(memory, now=NOW + timedelta(days=30)), OneAnswer(status=304), InProcess())


@pytest.mark.parametrize("notes", [{}, {"full": "last week"}])
def test_without_notes_the_week_begins_now(notes: dict[str, str]) -> None:
    """A visit of which nothing is known but its validators is conditional."""
    http = OneAnswer(status=304)
    memory = Memory(now=NOW, validators=GIVEN, body_hash="0", notes=notes)

    assert "full" in collect(SOURCE, memory, http, InProcess()).notes
    assert http.asked == [(URL, GIVEN)]


def test_an_edit_makes_no_new_entry() -> None:
    """An id that is the entry's link with the moment of its last edit is the link; any other stays whole."""

    def key(guid: str) -> str:
        body = rss_document(f"<item><title>t</title><link>https://gov.example/a</link><guid>{guid}</guid></item>")
        return visit(body).entries[0].key

    assert key("https://gov.example/a#2026-05-19T14:00:00+01:00") == "https://gov.example/a"
    assert key("https://gov.example/a#2026-06-16T14:00:00Z") == "https://gov.example/a"
    assert key("https://gov.example/b#2026-06-16T14:00:00Z") == "https://gov.example/b#2026-06-16T14:00:00Z"
    assert key("https://gov.example/a#comment-2026") == "https://gov.example/a#comment-2026"


def test_refusals() -> None:
    """A status is told with its waiting time; an empty body is no feed."""
    with pytest.raises(StatusError) as caught:
        collect(SOURCE, Memory(), OneAnswer(b"x", status=503, headers={"retry-after": "120"}), InProcess())

    assert (caught.value.status, caught.value.retry_after) == (503, 120.0)
    for body in (b"", b"\xef\xbb\xbf", b" \n"):
        with pytest.raises(EmptyAnswerError):
            visit(body)


@pytest.mark.parametrize(
    ("head", "cache", "seconds"),
    [
        ("<ttl>60</ttl>", "", 3_600.0),
        ("<ttl>9999999</ttl>", "", None),
        ("<ttl>99999</ttl>", "", 86_400.0),
        ("<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", "", 1_800.0),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>x</sy:updateFrequency>", "", 86_400.0),
        ("<ttl>1</ttl>", "max-age=7200", 7_200.0),
        ("", "", None),
    ],
)
def test_interval(head: str, cache: str, seconds: float | None) -> None:
    """The feed's own wish and the server's are both heard."""
    http = OneAnswer(
        rss_document(POST, head=head), headers={"cache-control": cache}, moved_to="https://new.example/feed/"
    )
    collected = collect(SOURCE, Memory(), http, InProcess())

    assert collected.min_interval == seconds
    assert collected.moved_to == "https://new.example/feed/"
