"""The page of sources: what an editor must decide comes first."""

from __future__ import annotations

from datetime import timedelta

import lxml.html
import pytest
from tests.web.scene import NOW

from msdigest.model.source import Source
from msdigest.store import sources as source_store
from msdigest.store.sources import SourceState
from msdigest.web.sources import away

HOUR = timedelta(hours=1)
HOSTILE = '<script>alert("1")</script>'


def _source(id_: str, **more: object) -> Source:
    return Source(id=id_, kind="feed", url=f"https://{id_}.example/feed", **{"name": id_.title(), **more})


SOURCES = (
    _source("well"),
    _source("failing"),
    _source("held"),
    _source("moved"),
    _source("new"),
    _source("off", enabled=False, note=f"No feed {HOSTILE}"),
    Source(id="manual", kind="editor", url="https://digest.example", name="Typed"),
)
STATES = {
    "well": {"status": "ok"},
    "failing": {"status": "failed", "failures": 3, "error": f"no answer {HOSTILE}"},
    "held": {"status": "held", "error": "x"},
    "moved": {"status": "unchanged", "moved_to": "https://there.example/feed"},
}


@pytest.fixture
def watched(app):
    """The site with a source in every state."""
    object.__setattr__(app.settings, "sources", SOURCES)
    visited = {"last_success": NOW - 2 * HOUR, "last_new": NOW - 50 * HOUR, "next_check": NOW + HOUR}
    states = [
        (one, SourceState(id=one.id, url=one.url, **(visited | STATES[one.id]))) for one in SOURCES if one.id in STATES
    ]
    with app.database.writing() as connection:
        source_store.remember(connection, states)
        things = [(str(number), f"Thing {number} {HOSTILE}", f"a jump {number}") for number in range(60)]
        source_store.hold(connection, "held", things, released=(), now=NOW - HOUR)
    return app


def _page(reply) -> lxml.html.HtmlElement:
    assert reply.status_code == 200, reply.text
    return lxml.html.document_fromstring(reply.text)


def _words(element) -> str:
    return " ".join(element.text_content().split())


def test_sources_stand_in_the_order_of_need(watched, ask_editor) -> None:
    """Held, failing, moved, well, new, disabled; each once, and counted above."""
    page = _page(ask_editor("GET", "/sources"))

    assert [_words(one) for one in page.xpath("//section/h2")] == [
        "Held for you 1", "Failing 1", "Silent or moved 1", "Well 2", "Not visited yet 1", "Disabled 1",
    ]  # fmt: skip
    assert [_words(one) for one in page.xpath("//h3")] == ["Held", "Failing", "Moved", "Well", "Typed", "New", "Off"]
    assert "7 sources: 1 held for you, 1 failing, 1 silent or moved, 2 well, 1 not visited yet, 1 disabled." in _words(
        page
    )


def test_each_source_is_told_in_words(watched, ask_editor) -> None:
    """Its state as a word, why it is so, commands as such, and when it was visited."""
    rows = {_words(one.find(".//h3")): one for one in _page(ask_editor("GET", "/sources")).xpath("//li[h3 or .//h3]")}

    assert _words(rows["Failing"].find(".//*[@class='side']")) == (
        "failed last success 2 hours ago last new entry 2 days ago next visit in 1 hour"
    )
    assert "It failed 3 times in a row." in _words(rows["Failing"])
    assert "write https://there.example/feed into config/sources.toml" in _words(rows["Moved"])
    assert rows["New"].xpath(".//code/text()") == ["msdigest collect --source new"]
    assert rows["Failing"].xpath(".//time/@datetime")[0] == "2026-11-20T10:00:00Z"
    assert _words(rows["Off"]) == f"Off off · feed No feed {HOSTILE} disabled"


def test_what_is_held_has_its_reason_and_the_command(watched, ask_editor) -> None:
    """The first 50, and how many more; the command that takes them."""
    page = _page(ask_editor("GET", "/sources"))
    things = [_words(one) for one in page.xpath("//ul[@class='held']/li")]

    assert things[0].startswith(f"Thing 0 {HOSTILE} a jump 0 held since 20 November 2026")
    assert (len(things), things[-1]) == (51, "and 10 more")
    assert page.xpath("//section[h2[@id='held']]//code/text()") == ["msdigest collect --source held --accept"]


def test_nothing_hostile_gets_through(watched, ask_editor) -> None:
    """What sources and operators wrote is text."""
    page = _page(ask_editor("GET", "/sources"))

    assert not page.xpath("//script")


def test_silence_is_shown(app, ask_editor) -> None:
    """A source that has fallen silent stands before those that are well."""
    source = app.settings.sources[0]
    with app.database.writing() as connection:
        state = SourceState(id=source.id, url=source.url, status="ok", last_success=NOW)
        source_store.remember(connection, [(source, state)])
    app.clock.advance(timedelta(days=90))
    page = _page(ask_editor("GET", "/sources"))

    assert _words(page.find(".//section/h2")) == "Silent or moved 1"
    assert "silent" in _words(page.find(".//*[@class='side']"))
    assert "Nothing new for 91 days, but before several times a day" in _words(page)


def test_a_site_without_sources_says_what_to_do(app, ask_editor) -> None:
    """Where they are written."""
    object.__setattr__(app.settings, "sources", ())

    assert "There are no sources yet: add them to config/sources.toml." in _words(_page(ask_editor("GET", "/sources")))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_page_only_reads(watched, ask_editor, method) -> None:
    """What is held is taken on the command line."""
    assert ask_editor(method, "/sources").status_code == 405


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=59), "now"),
        (-timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "in 59 minutes"),
        (-timedelta(hours=23), "23 hours ago"),
        (timedelta(days=1), "in 1 day"),
        (-timedelta(days=400), "400 days ago"),
    ],
)
def test_how_far_away_an_instant_is(distance, words) -> None:
    """In its largest whole unit."""
    assert away(NOW + distance, NOW) == words
