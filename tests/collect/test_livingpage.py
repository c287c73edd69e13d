"""A page that is edited in place: its entries keep their identity, or nothing is touched."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from msdigest.collect.livingpage.collecting import collect
from msdigest.collect.livingpage.cutting import date_line
from msdigest.errors import EmptyAnswerError, LayoutError, StatusError
from msdigest.model.entry import Entry, Known
from msdigest.model.source import Source, Validators
from msdigest.ports import Collected, Memory, Reply
from msdigest.sandbox.fake import InProcess

URL = "https://centre.example/living/"
SOURCE = Source(id="centre", kind="livingpage", url=URL, audience=("researcher",), evidence="guidance")


@dataclass
class OneAnswer:
    """An ``Http`` that gives one answer to everything."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    moved_to: str | None = None

    def get(self, url, *, validators=None, accept="*/*") -> Reply:
        assert url == SOURCE.url
        assert "html" in accept
        assert validators is not None
        return Reply(status=self.status, url=url, headers=self.headers, body=self.body.encode(), moved_to=self.moved_to)

    def send(self, request, *, timeout=60.0):
        raise AssertionError(f"a page sends nothing: {request} {timeout}")


@dataclass
class Desk:
    """Visits again and again, and remembers what it saw as the store does."""

    source: Source = SOURCE
    known: dict[str, Known] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    collected: Collected | None = None

    def visit(self, html: str, **answer) -> dict[str, Entry]:
        memory = Memory(known=lambda: list(self.known.values()))
        self.collected = collect(self.source, memory, OneAnswer(html, **answer), InProcess())
        entries = {entry.key: entry for entry in self.collected.entries}
        assert len(entries) == len(self.collected.entries), "a key was given twice"
        self.new = [entry.title for key, entry in entries.items() if key not in self.known]
        for key in self.collected.gone:
            self.known[key] = replace(self.known[key], gone=True)
        for key, one in entries.items():
            self.known[key] = Known(key, one.text, one.section, one.published, gone=False)
        return entries

    def key(self, start: str) -> str:
        (key,) = [key for key, one in self.known.items() if one.text.startswith(start)]
        return key


BLOCKS = """<p>We gather here what our centre learns about the new infusion.</p>
<h2>Calls</h2>
<p>[Updated 2024/05/20]</p>
<p>The next call is on Thursday 6 June at 15:00 in London; please bring your questions.</p>
<ul><li>Ada Byron: Lesions that vanish. A first look at the second cohort.</li><li>Grace Murray: Counting cells in Cairo</li></ul>
<p>The recordings of our calls can be found <a href="/calls">here</a>.</p>
<p>Podcasts of our sessions are also available for download.</p>
<hr>
<p>Follow the discussion under our own tag, which was opened by a nurse in Leeds.</p>
<h2>Registries</h2>
<p>[Updated 2024/05/12]<br>A registry for Wales collects reports from eleven clinics and wants more. It can be found here.</p>
<p>A registry for Egypt has opened with the help of two universities. More can be found here.</p>
<p>[Updated 2024/04/30]</p>
<p>The Baltic registry is still looking for funds.</p>
<h2>Science</h2>
<h3>Blood tests</h3>
<p>[Updated 2024/04/02]</p>
<p>A preliminary report on light chains was posted by a team in Ghent.</p>
<p>What light chains tell about the course of MS</p>
<h2>For patients</h2>
<p>If you miss anything here, please write to us.</p>"""


def _page(blocks: str = BLOCKS) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><title>Living page – Centre</title></head><body><nav><ul><li>Home</li></ul></nav>'
        f'<main><article><header class="entry-header"><h1>Living page</h1></header><div class="entry-content">{blocks}'
        '<div class="sharedaddy"><h3>Share this:</h3><ul><li>Twitter</li></ul></div></div></article>'
        '<div id="comments"><ol><li>A comment</li></ol></div><form><p>Leave a Reply</p></form></main>'
        "<aside><p>Recent Posts</p></aside><footer>Proudly powered</footer></body></html>"
    )


def _changed(*pairs: tuple[str, str]) -> str:
    blocks = BLOCKS
    for old, new in pairs:
        assert old in blocks
        blocks = blocks.replace(old, new)
    return _page(blocks)


def test_entries() -> None:
    """One entry for each paragraph and list entry, under its headings and the date line in force."""
    entries = list(Desk().visit(_page()).values())
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
    first = desk.visit(_page(BLOCKS + f"<p>Register of the North: {more}.</p>"))
    linked = '<a href="https://centre.example/r"><b>The Register</b> &amp; You: a guide</a>'
    again = desk.visit(_page(BLOCKS + f"<p>Register of the Far North, {more}: {linked}.</p>"))

    key = list(first)[-1]
    assert (first[key].title, again[key].title) == ("Register of the North", "The Register & You: a guide")
    assert desk.new == []


def test_the_same_page_twice() -> None:
    """The same words give the same keys, at the same desk and at another one."""
    desk, other = Desk(), Desk()
    first, again, elsewhere = desk.visit(_page()), desk.visit(_page() + "<!-- new -->"), other.visit(_page())

    assert list(first) == list(again) == list(elsewhere)
    assert desk.new == []
    assert desk.collected is not None
    assert desk.collected.gone == ()


WALES = "A registry for Wales collects reports from eleven clinics and wants more. It can be found here."


@pytest.mark.parametrize(
    "pairs",
    [
        [("Counting cells in Cairo", "Counting cells in Giza")],
        [(WALES, "The Welsh registry now collects reports from 31 clinics in Wales and England and wants more. It can be found here.")],
        [("[Updated 2024/05/20]", "[Updated 2024/05/27]")],
        [("[Updated 2024/04/30]", "[Updated 2024/05/01]"), ("looking for funds", "looking for money")],
        [("<h2>Registries</h2>", "<h2>Registries worldwide</h2>")],
        [("<h2>Science</h2>", "<h2>Laboratory</h2>")],
        [(f"<br>{WALES}", ""), ("<h2>For patients</h2>", f"<h2>For patients</h2><p>{WALES}</p>")],
        [("<p>Podcasts of our sessions", "<p>\n  Podcasts   of our sessions")],
        [("<li>Ada Byron", "<li><strong>Ada Byron</strong>"), ("<hr>", "<p></p><hr><p>&nbsp;</p>")],
    ],
    ids=["a word", "a rewriting", "a date line", "date and words", "a heading", "an outer heading", "a move", "white space", "markup"],
)  # fmt: skip
def test_edits_keep_the_key(pairs: list[tuple[str, str]]) -> None:
    """Whatever is reworded, re-dated, moved or renamed: nothing is new, nothing is gone."""
    desk = Desk()
    before = desk.visit(_page())
    after = desk.visit(_changed(*pairs))

    assert desk.new == []
    assert desk.collected is not None
    assert desk.collected.gone == ()
    assert set(after) == set(before)
    untouched = [key for key in before if before[key].text == after[key].text]
    assert len(untouched) >= len(before) - 1


def test_what_moves_tells_where() -> None:
    """An entry that moves is found under its new heading, without the old date."""
    desk = Desk()
    desk.visit(_page())
    key = desk.key("A registry for Wales")
    moved = desk.visit(
        _changed((f"<br>{WALES}", ""), ("<h2>For patients</h2>", f"<h2>For patients</h2><p>{WALES}</p>"))
    )[key]

    assert (moved.section, moved.published) == (("For patients",), None)


def test_new_and_gone() -> None:
    """What is added is new, what is taken away is gone, and neither takes the other's name."""
    desk = Desk()
    before = desk.visit(_page())
    podcasts = desk.key("Podcasts of our")
    egypt = desk.key("A registry for Egypt")
    after = desk.visit(
        _changed(
            ("<p>Podcasts of our sessions are also available for download.</p>", "<p>Slides of all talks may be had on request.</p>"),
            ("A registry for Egypt has opened with the help of two universities. More can be found here.", "An app that counts steps was tried in Oslo. More can be found here."),
        )
    )  # fmt: skip

    assert desk.new == [
        "Slides of all talks may be had on request",
        "An app that counts steps was tried in Oslo",
    ]
    assert desk.collected is not None
    assert set(desk.collected.gone) == {podcasts, egypt}
    assert set(before) - set(after) == {podcasts, egypt}


def test_what_comes_back_is_recognised() -> None:
    """An entry that was gone comes back under its own key, by equal words only."""
    desk = Desk()
    before = desk.visit(_page())
    key = desk.key("Podcasts of our")
    desk.visit(_changed(("<p>Podcasts of our sessions are also available for download.</p>", "")))
    other = desk.visit(_changed(("Podcasts of our sessions are also", "Podcasts of our sessions are")))

    assert key not in other
    assert desk.new == ["Podcasts of our sessions are available for download"]
    desk.visit(_changed(("<p>Podcasts of our sessions are also available for download.</p>", "")))
    assert list(desk.visit(_page())) == list(before)


def test_an_entry_that_splits() -> None:
    """One half keeps the key, the other is new; its neighbours keep theirs."""
    desk = Desk()
    before = desk.visit(_page())
    split = desk.visit(_changed(("vanish. A first look at the", "vanish.</li><li>A first look at the")))

    assert set(before) <= set(split)
    assert len(desk.new) == 1


def test_equal_words_twice() -> None:
    """The same words in two places are two entries, and stay so."""
    desk = Desk()
    twice = _page(BLOCKS + "<p>Same words.</p><p>Same words.</p>")
    first = desk.visit(twice)

    assert list(desk.visit(twice + " ")) == list(first)
    assert sum(key.endswith("-2") for key in first) == 1


def test_many_random_edits() -> None:
    """Edits of less than 15 % of the words never cost a key, and never mix two up."""
    chance = random.Random(7)  # noqa: S311 - edits, not secrets
    for _ in range(40):
        desk, blocks = Desk(), BLOCKS
        before = desk.visit(_page())
        for one in before.values():
            words = one.text.split()
            if len(words) > 6 and one.text in blocks:
                words[chance.randrange(1, len(words))] = chance.choice(["perhaps", "Cardiff", "12", "trial"])
                blocks = blocks.replace(one.text, " ".join(words))
        after = desk.visit(_page(blocks))

        assert list(after) == list(before)


# ---------------------------------------------------------------------------------------------------------- redesigns


def _redesigned(blocks: str = BLOCKS, **tags: str) -> str:
    for old, new in tags.items():
        blocks = blocks.replace(f"<{old}>", f"<{new}>").replace(f"</{old}>", f"</{new.split()[0]}>")
    return (
        '<html lang="en"><head><title>Living page – Centre</title></head><body class="t-page"><header>Centre</header>'
        f'<div id="content"><section class="t-card"><h2>Living page</h2><div class="t-body">{blocks}</div></section></div>'
        '<aside class="t-side"><h2>Recent Posts</h2><ul><li>One</li></ul></aside><footer>x</footer></body></html>'
    )


@pytest.mark.parametrize(
    "tags",
    [{}, {"h2": "h4"}, {"p": "div class=t"}, {"h2": "h3", "h3": "h5"}],
    ids=["frame", "levels of headings", "paragraphs", "all levels"],
)
def test_a_redesign_gives_the_same_entries(tags: dict[str, str]) -> None:
    """Other elements and classes around the same words change nothing at all."""
    desk = Desk()
    before = desk.visit(_page())
    after = desk.visit(_redesigned(**tags))

    assert after == before
    assert desk.collected is not None
    assert desk.collected.gone == ()


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        (_redesigned(h2="div class=h", h3="div class=h"), "no heading is found"),
        (_page(BLOCKS.replace("[Updated", "[Stand")), "no date line is found"),
        (_page("<p>[Updated 2024/06/01]</p><h2>Calls</h2><p>[Updated 2024/06/01]</p><p>We moved to another address.</p>"), "13 of 13 known entries are missing"),
        (_page(""), "no content is found"),
        (_page(BLOCKS.replace("<h2>Calls</h2>", "").replace("<h2>Registries</h2>", "").replace("<h2>Science</h2>", "").replace("h3>", "b>")), "under other headings"),
        ("<html><head><title>Just a moment...</title></head><body><p>x</p></body></html>", "a check for robots"),
    ],
    ids=["headings", "date lines", "content", "empty", "fewer headings", "challenge"],
)  # fmt: skip
def test_a_page_unlike_itself_is_refused(html: str, sentence: str) -> None:
    """The editor is told, and no entry is touched."""
    desk = Desk()
    desk.visit(_page())
    before = dict(desk.known)

    with pytest.raises(LayoutError, match=sentence):
        desk.visit(html)
    assert desk.known == before


def test_shuffled_dates_are_refused() -> None:
    """If most entries stand under other date lines than before, that is no edit."""
    desk = Desk()
    desk.visit(_page())
    shuffled = _changed(
        ("[Updated 2024/05/20]", "[Updated 2023/01/01]"),
        ("[Updated 2024/05/12]", "[Updated 2023/01/02]"),
        ("[Updated 2024/04/30]", "[Updated 2023/01/03]"),
    )

    with pytest.raises(LayoutError, match="under other date lines"):
        desk.visit(shuffled)


def test_challenges_by_header() -> None:
    """A check for robots is recognised by its header under any status."""
    with pytest.raises(LayoutError, match="check for robots"):
        Desk().visit(_page(), status=403, headers={"cf-mitigated": "challenge"})


def test_a_small_page_may_lose_most_of_itself() -> None:
    """Of three entries two may go; all three may not."""
    desk = Desk()
    desk.visit(_page("<p>One thing that is true.</p><p>Another matter entirely.</p><p>Third and last remark.</p>"))
    desk.visit(_page("<p>Third and last remark.</p>"))

    assert desk.collected is not None
    assert len(desk.collected.gone) == 2
    with pytest.raises(LayoutError, match="no content"):
        desk.visit(_page(""))


# ----------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("[Updated 2020/08/23]", "2020-08-23"),
        ("[updated 2020-08-23 14:00]", "2020-08-23"),
        ("(Last updated: 2020.8.3).", "2020-08-03"),
        ("Updated: 4 April 2020", "2020-04-04"),
        ("Updated on 4th Apr. 2020", "2020-04-04"),
        ("Update – April 4, 2020", "2020-04-04"),
        ("[2020/08/23]", "2020-08-23"),
        ("[4 April 2020]", "2020-04-04"),
        ("[Updated 2020/13/45]", "unreadable"),
        ("[Updated 4 Foo 2020]", "unreadable"),
        ("Updated guidance for clinics", None),
        ("4 April 2020", None),
        ("We updated 2020/08/23 the page", None),
        ("[see the appendix]", None),
        ("x" * 1000, None),
        ("", None),
    ],
)
def test_date_lines(line: str, day: str | None) -> None:
    """A date line stands alone and names a day; an impossible day ends the one before."""
    found = date_line(None)(line)
    told = None if found is None else found[0].date().isoformat() if found[0] else "unreadable"

    assert told == day


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (r"Stand: (?P<day>\d+)\.(?P<month>\d+)\.(?P<year>\d+)", "Stand: 3.4.2020"),
        (r"\[Updated (\d{4})/(\d\d)/(\d\d)\]", "[Updated 2020/04/03]"),
        (r"as of (?P<date>.+)", "as of April 3, 2020"),
    ],
)
def test_own_date_lines(pattern: str, line: str) -> None:
    """A source may say what its date lines look like."""
    read = date_line(pattern)

    assert read(line) == (datetime(2020, 4, 3, tzinfo=UTC),)
    assert read("[Updated 2020/04/04") is None


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
            desk.visit(_page())


# --------------------------------------------------------------------------------------------------------------- http


def test_unchanged() -> None:
    """After a 304, or for an equal body, the page is not read."""
    desk = Desk()
    desk.visit(_page(), headers={"etag": '"1"'}, moved_to="https://new.example/")
    seen = desk.collected
    assert seen is not None
    assert seen.validators == Validators(etag='"1"')
    assert {entry.url for entry in seen.entries} == {"https://new.example/"}
    memory = Memory(validators=seen.validators, body_hash=seen.body_hash)

    not_modified = collect(SOURCE, memory, OneAnswer(status=304, headers={"last-modified": "x"}), InProcess())
    equal = collect(SOURCE, memory, OneAnswer(_page()), InProcess())

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
