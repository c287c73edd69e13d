"""A page that is edited in place becomes entries, or an error that says why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.collect.livingpage.visiting import BLOCKS, SOURCE, URL, Desk, OneAnswer, page

from msdigest.collect.livingpage.collecting import collect
from msdigest.errors import EmptyAnswerError, LayoutError, StatusError
from msdigest.model.entry import Entry
from msdigest.model.source import Validators
from msdigest.ports import Collected, Memory
from msdigest.sandbox.fake import InProcess


def test_entries() -> None:
    """One entry for each paragraph and list entry, under its headings and the date line in force."""
    entries = list(Desk().visit(page()).values())
    told = [(one.section, one.published.strftime("%m-%d") if one.published else "", one.title[:22]) for one in entries]

    assert told == [
        ((), "", "We gather here what ou"),
        (("Calls",), "05-20", "The next call is on Th"),
        (("Calls",), "05-20", "Ada Byron: Lesions tha"),
        (("Calls",), "05-20", "Grace Murray: Counting"),
        (("Calls",), "05-20", "The recordings of our "),
        (("Calls",), "05-20", "Podcasts of our sessio"),
        (("Calls",), "", "Follow the discussion "),
        (("Registries",), "05-12", "A registry for Wales c"),
        (("Registries",), "05-12", "A registry for Egypt h"),
        (("Registries",), "04-30", "The Baltic registry is"),
        (("Science", "Blood tests"), "04-02", "A preliminary report o"),
        (("Science", "Blood tests"), "04-02", "What light chains tell"),
        (("For patients",), "", "If you miss anything h"),
    ]
    assert entries[4] == Entry(
        key=entries[4].key,
        source="centre",
        kind="note",
        title="The recordings of our calls can be found here",
        url=URL,
        html='<p>The recordings of our calls can be found <a href="https://centre.example/calls" rel="noopener">here</a>.</p>',
        text="The recordings of our calls can be found here.",
        published=datetime(2024, 5, 20, tzinfo=UTC),
        precision="day",
        section=("Calls",),
        audience=("researcher",),
        evidence="guidance",
        language="en",
    )
    assert entries[0].precision is None
    assert all(len(one.title) <= 90 for one in entries)


def test_a_title_is_found_in_words_and_links() -> None:
    """A clause, a link that is a title; and an entry keeps its key when another title is found for it."""
    more = "who may take part, what is asked of them, and how long everything takes until the end of the year"
    desk = Desk()
    first = desk.visit(page(BLOCKS + f"<p>Register of the North: {more}.</p>"))
    linked = '<a href="https://centre.example/r"><b>The Register</b> &amp; You: a guide</a>'
    again = desk.visit(page(BLOCKS + f"<p>Register of the Far North, {more}: {linked}.</p>"))

    key = list(first)[-1]
    assert (first[key].title, again[key].title) == ("Register of the North", "The Register & You: a guide")
    assert desk.new == []


def test_the_same_page_twice() -> None:
    """The same words give the same keys, at the same desk and at another one."""
    desk, other = Desk(), Desk()
    first, again, elsewhere = desk.visit(page()), desk.visit(page() + "<!-- new -->"), other.visit(page())

    assert list(first) == list(again) == list(elsewhere)
    assert desk.new == []
    assert desk.collected is not None
    assert desk.collected.gone == ()


def test_own_settings() -> None:
    """Selector and date line of the source decide."""
    options = {"content": "main section.log", "stamp": r"Stand: (?P<date>.+)"}
    desk = Desk(replace(SOURCE, options=options))
    html = "<main><p>not this</p><section class=log><p>Stand: 2020-04-03</p><p>but this</p></section></main>"
    (entry,) = desk.visit(html).values()

    assert (entry.text, entry.published) == ("but this", datetime(2020, 4, 3, tzinfo=UTC))
    with pytest.raises(LayoutError, match=r"nothing is found by the selector 'main section.log'"):
        desk.visit("<main><p>not this</p></main>")


@pytest.mark.parametrize("options", [{"content": "p["}, {"stamp": "("}, {"stamp": "x"}])
def test_settings_that_make_no_sense(options: dict[str, str]) -> None:
    """A selector or pattern that is none is told as such; a pattern without a date dates nothing."""
    desk = Desk(replace(SOURCE, options=options))
    if options == {"stamp": "x"}:
        assert [one.published for one in desk.visit("<p>x</p><p>text</p>").values()] == [None]
    else:
        with pytest.raises(LayoutError, match="settings of source centre"):
            desk.visit(page())


def test_challenges_by_header() -> None:
    """A check for robots is recognised by its header under any status."""
    with pytest.raises(LayoutError, match="check for robots"):
        Desk().visit(page(), status=403, headers={"cf-mitigated": "challenge"})


def test_unchanged() -> None:
    """After a 304, or for an equal body, the page is not read."""
    desk = Desk()
    desk.visit(page(), headers={"etag": '"1"'}, moved_to="https://new.example/")
    seen = desk.collected
    assert seen is not None
    assert seen.validators == Validators(etag='"1"')
    assert {entry.url for entry in seen.entries} == {"https://new.example/"}
    memory = Memory(validators=seen.validators, body_hash=seen.body_hash)

    not_modified = collect(SOURCE, memory, OneAnswer(status=304, headers={"last-modified": "x"}), InProcess())
    equal = collect(SOURCE, memory, OneAnswer(page()), InProcess())

    assert not_modified == Collected(
        status="unchanged", validators=Validators(etag='"1"', last_modified="x"), body_hash=seen.body_hash
    )
    assert equal == Collected(status="unchanged", body_hash=seen.body_hash)


def test_refusals() -> None:
    """A status and an empty page are told as what they are."""
    with pytest.raises(StatusError):
        Desk().visit("x", status=404)
    with pytest.raises(EmptyAnswerError):
        Desk().visit(" ")


def test_the_kind_that_the_source_tells() -> None:
    """A page of guidance holds guidance."""
    entries = Desk(replace(SOURCE, entry_kind="guidance")).visit(page())

    assert {entry.kind for entry in entries.values()} == {"guidance"}


def test_the_page_itself_is_asked_for() -> None:
    """Without settings a page is asked for as a browser would."""
    http = OneAnswer(page())
    collect(SOURCE, Memory(), http, InProcess())

    assert [url for url, accept in http.asked if "html" in accept] == [URL]
