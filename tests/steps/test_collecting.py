"""Collecting on pages of our own: what is new once, what changes stays itself, and nobody's fault is another's."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from msdigest.app import COLLECTORS
from msdigest.enrich import disclosures, identifiers
from msdigest.errors import BlockedAddressError, CollectError, StoreError, TooLargeError, UnreachableError
from msdigest.fetch.fake import FakeHttp
from msdigest.model.entry import Entry, Identifier
from msdigest.model.source import Source
from msdigest.ports import Collected, Reply
from msdigest.sandbox.fake import InProcess
from msdigest.steps.collecting.rounds import collect
from msdigest.steps.collecting.visiting import Visitors
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store
from msdigest.store import turns

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEED, TWIN, PAGE = "https://blog.example/feed/", "https://blog.example/feed/atom/", "https://page.example/registries/"
BLOG = Source(id="blog", kind="feed", url=FEED)
ATOM = Source(id="twin", kind="feed", url=TWIN)
LIVING = Source(
    id="page", kind="livingpage", url=PAGE, options={"content": ".content"}, usual_interval=6 * HOUR, own_rhythm=False
)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def one_by_one(enrichments):
    """Return what applies ``enrichments`` to each of some entries."""

    def enrich(entries):
        for each in enrichments:
            entries = [each(entry) for entry in entries]
        return entries

    return enrich


class Round:
    """A database, a scripted network, a clock, and rounds of collecting."""

    def __init__(self, database, clock):
        self.database, self.clock, self.http = database, clock, FakeHttp()

    def __call__(self, *sources, **words):
        visitors = Visitors(
            database=self.database,
            network=self.http,
            sandbox=InProcess(),
            clock=self.clock,
            collectors=words.pop("collectors", COLLECTORS),
            enrich=one_by_one(words.pop("enrichments", (disclosures.enrich, identifiers.enrich))),
            words=words.pop("read_as", ""),
        )
        return collect(visitors, sources=sources, **words)

    def shows(self, url, body, *, status=200, **headers):
        """Let ``url`` answer so; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.http.pages[url] = Reply(status=status, url=url, headers=named, body=body.encode())

    def entries(self):
        with self.database.reading() as connection:
            return entry_store.newest(connection)

    def by_title(self, beginning):
        (entry,) = [entry for entry in self.entries() if entry.title.startswith(beginning)]
        return entry

    def places(self, entry):
        with self.database.reading() as connection:
            return entry_store.places_of(connection, entry.id)

    def revisions(self, entry):
        with self.database.reading() as connection:
            return entry_store.revisions_of(connection, entry.id)

    def living(self, source="page"):
        with self.database.reading() as connection:
            return {known.key for known in entry_store.known_of(connection, source) if not known.gone}

    def state(self, source):
        with self.database.reading() as connection:
            return source_store.states(connection)[source]


@pytest.fixture
def visit(database, clock):
    return Round(database, clock)


def post(number, *, title=None, date="Thu, 19 Nov 2026 08:00:00 +0000", body="<p>Words about a study.</p>", link=None):
    return (
        f"<item><title>{title or f'Post {number}'}</title><link>{link or f'https://blog.example/{number}/'}</link>"
        f'<guid isPermaLink="false">https://blog.example/?p={number}</guid><pubDate>{date}</pubDate>'
        f"<description><![CDATA[{body}]]></description></item>"
    )


def rss(*posts):
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title>{"".join(posts)}</channel></rss>'


def atom(*numbers):
    told = "".join(
        f'<entry><title>Post {number}</title><link href="https://blog.example/{number}/"/>'
        f"<id>tag:blog.example,2026:{number}</id><updated>2026-11-19T08:00:00Z</updated>"
        f'<content type="html">&lt;p&gt;Words about a study.&lt;/p&gt;</content></entry>'
        for number in numbers
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>{told}</feed>'


# ------------------------------------------------------------------------------------------- one thing, two places


def test_a_feed_and_its_twin_give_each_entry_once(visit) -> None:
    """The same links in two feeds: entries are new at the first, seen in both, and never changed by the second."""
    visit.shows(FEED, rss(post(1), post(2)))
    visit.shows(TWIN, atom(1, 2, 3))

    first = visit(BLOG, ATOM)
    seen = {entry.title: [place.source for place in visit.places(entry)] for entry in visit.entries()}
    again = visit(ATOM, BLOG)

    assert [(each.id, each.status, each.new, each.unchanged) for each in first] == [
        ("blog", "ok", 2, 0),
        ("twin", "ok", 1, 2),
    ]
    assert seen == {"Post 1": ["blog", "twin"], "Post 2": ["blog", "twin"], "Post 3": ["twin"]}
    assert [(each.id, each.status, each.new, each.changed) for each in again] == [
        ("twin", "unchanged", 0, 0),
        ("blog", "unchanged", 0, 0),
    ]
    assert {entry.revision for entry in visit.entries()} == {1}


@only_sqlite
@pytest.mark.parametrize("slow", ["blog", "twin"])
def test_new_is_counted_at_the_first_source_whoever_answers_first(visit, slow) -> None:
    """Sources are visited side by side, and kept in their order: which server is faster decides nothing."""
    other = Event()

    def collector(source, memory, http, sandbox):
        if source.id == slow:
            assert other.wait(10)
        else:
            other.set()
        entry = Entry(key=f"{source.id}-1", source=source.id, title="A", url="https://a.example/1")
        return Collected(status="ok", entries=(entry,))

    told = []
    reports = visit(BLOG, ATOM, collectors={"feed": collector}, progress=lambda report: told.append(report.id))

    assert [(each.id, each.new, each.unchanged) for each in reports] == [("blog", 1, 0), ("twin", 0, 1)]
    assert told == ["blog", "twin"]


@only_sqlite
def test_an_own_name_recognises_an_entry_under_another_link(visit) -> None:
    """A paper that two sources show under their own links is one entry by its DOI."""

    def collector(source, memory, http, sandbox):
        own = (Identifier("doi", "10.1000/x1"),)
        url = f"https://{source.id}.example/paper"
        return Collected(status="ok", entries=(Entry(key="k", source=source.id, title="P", url=url, same_as=own),))

    reports = visit(BLOG, ATOM, collectors={"feed": collector})

    assert [each.new for each in reports] == [1, 0]
    assert [place.url for place in visit.places(visit.by_title("P"))] == [
        "https://blog.example/paper",
        "https://twin.example/paper",
    ]


@only_sqlite
def test_a_link_that_several_entries_share_names_none_of_them(visit) -> None:
    """Entries that all lead to the blog's first page stay entries of their own."""
    home = "https://blog.example/"
    visit.shows(FEED, rss(post(1, link=home), post(2, link=home)))

    assert visit(BLOG)[0].new == 2


@only_sqlite
@pytest.mark.parametrize("moved", [False, True])
def test_a_page_of_one_entry_is_not_that_entry(visit, moved) -> None:
    """A living page's address, old or new, recognises no entry of another source."""
    content = "<p>[Updated 2026/11/01]</p><p>The only entry there is today.</p>"
    there = "https://page.example/moved/" if moved else PAGE
    visit.http.pages[PAGE] = Reply(
        status=200, url=there, headers={}, body=page(content).encode(), moved_to=there if moved else None
    )
    visit.shows(FEED, rss(post(1, title="About the page", link=there)))
    reports = visit(LIVING, BLOG)

    assert [each.new for each in reports] == [1, 1]
    assert reports[0].warnings == (
        (f"{PAGE} has moved for good: write {there} into config/sources.toml.",) if moved else ()
    )


@only_sqlite
@pytest.mark.parametrize(
    "visits",
    [
        pytest.param([[("a", "alerts")], [("b", "alerts")]], id="a link for one post after the other"),
        pytest.param([[("a", "news#1")], [("b", "news#2")]], id="places on one page"),
        pytest.param([[("site", "1")], [("site", "2")]], id="the same guid for every post"),
        pytest.param([[("g", "1")], [("h", "2"), ("g", "1")], [("h", "2")]], id="guids of their own"),
        pytest.param([[("g", "1")], [("g", "2"), ("g", "1")], [("g", "2")]], id="a guid that two share"),
    ],
)
def test_different_posts_stay_different(visit, visits) -> None:
    """Whatever they share, none becomes another one's revision, nor is it new twice."""
    titles = {"a": "The bridge", "b": "Snow falls", "1": "The bridge", "2": "Snow falls", "news#1": "The bridge"}
    for shown in visits:
        told = [
            f"<item><title>{titles.get(link) or titles[guid]}</title><guid isPermaLink='false'>{guid}</guid>"
            f"<link>https://blog.example/{link}</link><description>Read more on our pages.</description></item>"
            for guid, link in shown
        ]
        visit.shows(FEED, rss(*told))
        visit(BLOG)
        visit.clock.advance(HOUR)

    assert sorted((entry.title, entry.revision) for entry in visit.entries()) == [("Snow falls", 1), ("The bridge", 1)]


@only_sqlite
def test_places_on_one_page_are_recognised_elsewhere(visit) -> None:
    """Where entries share a page, the fragment of their link names them."""
    told = [post(number, title=f"News {number}", link=f"https://blog.example/news#n{number}") for number in (1, 2)]
    visit.shows(FEED, rss(*told))
    visit.shows(TWIN, rss(*(each.replace("?p=", "?q=") for each in told)))

    assert [each.new for each in visit(BLOG, ATOM)] == [2, 0]


# ------------------------------------------------------------------------------------------------- a living page

REPORT = "The register of the coast now follows 4,310 people in 18 clinics and has begun to ask about fatigue and work."
CALL = "The lowland register for children looks for families who answer two questionnaires a year without blood tests."
CLOSED = "The island register is closed to new reports; researchers may still ask for its data in writing."
TRIAL = "WHIMBREL is recruiting: twelve weeks of exercise at home for people who walk with one or two sticks."
RESULT = "LANTERN has closed recruitment with 240 people, and first results are expected in about two years."
GUIDE = "A new booklet explains in plain words how to plan a journey with medicines that must be kept cold."
FRESH = "PLOVER begins in spring: it compares two ways of teaching people how to save their strength at work."


def page(content):
    return f'<html><body><nav><p>Menu</p></nav><div class="content"><h1>Registries</h1>{content}</div></body></html>'


def section(title, *blocks):
    lines = "".join(
        f"<p>[Updated {day}]</p>" + "".join(f"<p>{words}</p>" for words in paragraphs) for day, *paragraphs in blocks
    )
    return f"<h2>{title}</h2>{lines}"


AT_FIRST = page(
    section("Registers", ("2026/11/10", REPORT), ("2026/11/02", CALL, CLOSED))
    + section("Trials", ("2026/11/08", TRIAL, RESULT), ("2026/10/01", GUIDE))
)
REWORDED = REPORT.replace(
    "4,310 people in 18 clinics", "4,386 persons with MS in 19 clinics, the smallest on an island"
)
STATES = {
    "reworded": page(
        section("Registers", ("2026/11/10", REWORDED), ("2026/11/02", CALL, CLOSED))
        + section("Trials", ("2026/11/08", TRIAL, RESULT), ("2026/10/01", GUIDE))
    ),
    "moved": page(
        section("Registers", ("2026/11/10", REPORT), ("2026/11/02", CALL, CLOSED))
        + section("Trials", ("2026/11/08", TRIAL, RESULT))
        + section("To read", ("2026/10/01", GUIDE))
    ),
    "redated": page(
        section("Registers", ("2026/11/10", REPORT), ("2026/11/02", CALL, CLOSED))
        + section("Trials", ("2026/11/19", RESULT), ("2026/11/08", TRIAL), ("2026/10/01", GUIDE))
    ),
    "removed": page(
        section("Registers", ("2026/11/10", REPORT), ("2026/11/02", CALL))
        + section("Trials", ("2026/11/08", TRIAL, RESULT), ("2026/10/01", GUIDE))
    ),
    "added": page(
        section("Registers", ("2026/11/10", REPORT), ("2026/11/02", CALL, CLOSED))
        + section("Trials", ("2026/11/19", FRESH), ("2026/11/08", TRIAL, RESULT), ("2026/10/01", GUIDE))
    ),
}


@pytest.mark.parametrize(
    ("state", "counts", "words", "change", "material"),
    [
        ("reworded", (0, 1, 5), "The register of the coast", "edited", True),
        ("moved", (0, 1, 5), "A new booklet", "moved", False),
        ("redated", (0, 1, 5), "LANTERN", "redated", True),
        ("removed", (0, 0, 5), "The island register", "new", True),
        ("added", (1, 0, 6), "PLOVER", "new", True),
    ],
)
@only_sqlite
def test_a_page_edited_in_place(visit, state, counts, words, change, material) -> None:
    """What is reworded, moved or dated anew stays the same entry with one revision more; nothing else moves."""
    visit.shows(PAGE, AT_FIRST)
    visit(LIVING)
    ids = {entry.id for entry in visit.entries()}
    visit.clock.advance(DAY)
    visit.shows(PAGE, STATES[state])
    (report,) = visit(LIVING)
    entry = visit.by_title(words)
    newest = visit.revisions(entry)[-1]

    assert (report.new, report.changed, report.unchanged) == counts
    assert (newest.change, newest.material, newest.number) == (change, material, 1 if change == "new" else 2)
    assert ids <= {each.id for each in visit.entries()}
    assert len(visit.living()) == {"removed": 5, "added": 7}.get(state, 6)


def test_a_page_through_all_its_states_and_back(visit) -> None:
    """Day by day through every state: nothing is ever new twice, and what comes back is what it was."""
    visit.shows(PAGE, AT_FIRST)
    new = [visit(LIVING)[0].new]
    for state in [*STATES, "reworded", "removed"]:
        visit.clock.advance(DAY)
        visit.shows(PAGE, STATES[state])
        new.append(visit(LIVING)[0].new)
    visit.clock.advance(DAY)
    visit.shows(PAGE, AT_FIRST)
    (last,) = visit(LIVING)

    assert new == [6, 0, 0, 0, 0, 1, 0, 0]
    assert (last.new, len(visit.living()), len(visit.entries())) == (0, 6, 7)


@pytest.mark.parametrize(
    ("redesign", "what"),
    [
        pytest.param(AT_FIRST.replace("content", "prose"), "nothing is found", id="the content has another class"),
        pytest.param(AT_FIRST.replace("[Updated", "[Seen"), "no date line", id="date lines look otherwise"),
        pytest.param(AT_FIRST.replace("h2>", "b>").replace("h1>", "b>"), "no heading", id="headings are no headings"),
        pytest.param(
            page("<p>[Updated 2026/11/19]</p><p>We have moved.</p>"),
            "6 of 6 known entries are missing",
            id="another page",
        ),
        pytest.param("<html><title>Just a moment...</title><p>Checking</p></html>", "robots", id="a check for robots"),
    ],
)
@only_sqlite
def test_a_redesign_is_an_error_and_touches_nothing(visit, redesign, what) -> None:
    """The editor is told what is wrong, every entry stays as it was, and the old design is read again as if nothing."""
    visit.shows(PAGE, AT_FIRST, etag='"1"')
    visit(LIVING)
    before = visit.entries(), visit.living()
    visit.shows(PAGE, redesign, etag='"2"')
    (report,) = visit(LIVING)

    assert (report.status, report.failed, report.new, report.changed) == ("failed", 1, 0, 0)
    assert what in report.error
    assert (visit.entries(), visit.living()) == before
    assert visit.state("page").validators.etag == '"1"'

    visit.shows(PAGE, AT_FIRST, etag='"3"')

    assert visit(LIVING)[0].status == "unchanged"
    assert (visit.entries(), visit.living()) == before


# --------------------------------------------------------------------------------- failing, waiting, asking again


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (UnreachableError(FEED), "could not be reached"),
        (BlockedAddressError(FEED), "private"),
        (TooLargeError(FEED), "larger than the limit"),
        (Reply(status=404, url=FEED, headers={}, body=b"gone"), "404"),
        (Reply(status=200, url=FEED, headers={}, body=b""), "empty"),
        (Reply(status=200, url=FEED, headers={}, body=b"<html><p>no feed</p></html>"), "feed"),
    ],
    ids=["unreachable", "blocked", "too large", "not found", "empty", "no feed"],
)
@only_sqlite
def test_one_failing_source_does_not_stop_the_others(visit, answer, words) -> None:
    """It is reported with a sentence, and tried again later; the other is kept."""
    visit.http.pages[FEED] = answer
    visit.shows(TWIN, atom(1))
    failed, fine = visit(BLOG, ATOM)

    assert (failed.status, failed.failed, failed.new) == ("failed", 1, 0)
    assert words in failed.error
    assert (fine.status, fine.failed, fine.new) == ("ok", 0, 1)
    assert (visit.state("blog").failures, visit.state("blog").error) == (1, failed.error)
    assert visit.state("twin").failures == 0


@only_sqlite
def test_a_fault_of_ours_in_one_source_does_not_stop_the_others(visit, caplog) -> None:
    """What a collector or an enrichment should never raise is written to the log with its trace, and told."""

    def broken(source, memory, http, sandbox):
        message = "nobody thought of this"
        raise ZeroDivisionError(message)

    def picky(entry):
        if entry.title == "Post 2":
            raise RecursionError
        return entry

    odd = Source(id="odd", kind="odd", url="https://odd.example/")
    new = Source(id="new", kind="unheard-of", url="https://new.example/")
    visit.shows(FEED, rss(post(1)))
    visit.shows(TWIN, atom(2))
    reports = visit(odd, new, ATOM, BLOG, collectors={**COLLECTORS, "odd": broken}, enrichments=(picky,))

    assert [each.status for each in reports] == ["failed", "failed", "failed", "ok"]
    assert "a fault of msdigest (ZeroDivisionError)" in reports[0].error
    assert "'unheard-of'" in reports[1].error
    assert "RecursionError" in reports[2].error
    assert [entry.title for entry in visit.entries()] == ["Post 1"]
    assert "nobody thought of this" in caplog.text


@only_sqlite
def test_a_broken_database_stops_the_round(visit) -> None:
    """It is no fault of the source's: nothing is written down about the source."""

    def asks(source, memory, http, sandbox):
        raise StoreError

    with pytest.raises(StoreError):
        visit(BLOG, collectors={"feed": asks})

    with visit.database.reading() as connection:
        assert source_store.states(connection) == {}


@pytest.mark.parametrize("due_only", [False, True])
@only_sqlite
def test_retry_after_is_obeyed_in_any_case(visit, due_only) -> None:
    """Until its time the server is not asked, and the report says until when; then it is."""
    visit.shows(FEED, "", status=429, retry_after="7200")
    (refused,) = visit(BLOG)
    visit.shows(FEED, rss(post(1)))
    visit.clock.advance(HOUR)
    waiting = visit(BLOG, due_only=due_only)
    asked = len(visit.http.asked)
    visit.clock.advance(HOUR)
    (fine,) = visit(BLOG, due_only=due_only)

    assert (refused.status, refused.failed) == ("failed", 1)
    assert [(each.status, each.failed, each.error) for each in waiting] == [
        ("waiting", 0, "the server asked not to be visited before 2026-11-20 14:00 UTC")
    ]
    assert asked == 1
    assert (fine.status, fine.new, visit.state("blog").not_before) == ("ok", 1, None)


@only_sqlite
def test_nobody_may_send_us_away_for_ever(visit) -> None:
    """Retry-After counts for a week at most."""
    visit.shows(FEED, "", status=503, retry_after="999999999")
    visit(BLOG)

    assert visit.state("blog").not_before == NOW + 7 * DAY


@only_sqlite
def test_an_unchanged_feed_is_told_by_its_server(visit) -> None:
    """Asked with the validators it gave: 304 is enough, and they are kept."""
    visit.shows(FEED, rss(post(1)), etag='W/"a"', last_modified="Thu, 19 Nov 2026 08:00:00 GMT")
    visit(BLOG)
    visit.shows(FEED, "", status=304)
    reports = [visit(BLOG)[0] for _ in range(2)]

    assert [(each.status, each.new, each.changed, each.failed) for each in reports] == [("unchanged", 0, 0, 0)] * 2
    for asked in visit.http.asked[1:]:
        assert asked.headers["if-none-match"] == 'W/"a"'
        assert asked.headers["if-modified-since"] == "Thu, 19 Nov 2026 08:00:00 GMT"
    assert visit.state("blog").last_success == NOW


@only_sqlite
def test_an_unchanged_body_is_not_read_again(visit) -> None:
    """A server without validators that gives the same bytes: unchanged; other bytes: read."""
    visit.shows(FEED, rss(post(1)))
    visit(BLOG)
    (same,) = visit(BLOG)
    visit.shows(FEED, rss(post(2), post(1)))
    (other,) = visit(BLOG)

    assert (same.status, same.new) == ("unchanged", 0)
    assert (other.status, other.new, other.unchanged) == ("ok", 1, 1)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param(replace(BLOG, filter="(?i)post"), "", id="the filter"),
        pytest.param(replace(BLOG, audience=("patient",)), "", id="whom it is for"),
        pytest.param(BLOG, "another vocabulary", id="the vocabulary"),
    ],
)
@only_sqlite
def test_an_unchanged_body_is_read_anew_when_it_is_read_otherwise(visit, source, words) -> None:
    """What the operator changed counts at the next visit, not when the source next changes; a failure between counts
    for nothing."""
    visit.shows(FEED, rss(post(1), post(2)), etag='"a"')
    before = replace(BLOG, filter="(?i)post 1") if source.filter else BLOG
    visit(before)
    fine = visit.http.pages[FEED]
    visit.shows(FEED, "", status=500)
    visit(source, read_as=words)
    visit.http.pages[FEED] = fine
    (read,) = visit(source, read_as=words)
    asked = visit.http.asked[-1].headers
    (same,) = visit(source, read_as=words)

    assert (read.status, read.new) == ("ok", 1 if source.filter else 0)
    assert "if-none-match" not in asked
    assert visit.http.asked[-1].headers["if-none-match"] == '"a"'
    assert same.status == "unchanged"
    assert {entry.audience for entry in visit.entries()} == {source.audience}


def test_the_time_of_a_visit_is_told_when_its_turn_has_come(visit) -> None:
    """While it waited for another writer an issue's cut-off may have passed."""
    read = Event()

    def collector(source, memory, http, sandbox):
        read.set()
        return Collected(status="ok", entries=(Entry(key="k", source="blog", title="A", url="https://a.example/1"),))

    with ThreadPoolExecutor(1) as pool:
        with visit.database.writing() as connection:
            line = turns.draw_line(connection, now=NOW)
            waiting = pool.submit(visit, BLOG, collectors={"feed": collector})
            assert read.wait(10)
            assert wait([waiting], timeout=0.3).not_done
            visit.clock.advance(DAY)
        waiting.result(30)
    (entry,) = visit.entries()

    assert entry.first_seen == line + DAY


@only_sqlite
def test_only_those_that_are_due(visit) -> None:
    """``due_only`` visits new sources and those whose time has come; without it all are visited."""
    visit.shows(FEED, rss(post(1)))
    visit.shows(TWIN, atom(1))
    daily = Source(id="twin", kind="feed", url=TWIN, interval=DAY)
    both = [[each.id for each in visit(BLOG, daily, due_only=True)]]
    both.append([each.id for each in visit(BLOG, daily, due_only=True)])
    visit.clock.advance(1.1 * HOUR)
    both.append([each.id for each in visit(BLOG, daily, due_only=True)])
    both.append([each.id for each in visit(BLOG, daily)])

    assert both == [["blog", "twin"], [], ["blog"], ["blog", "twin"]]


@only_sqlite
def test_a_visit_under_a_clock_that_was_ahead_stops_no_source(visit) -> None:
    """It is due when the clock is right again, and nobody's wait reaches further than the longest there is."""
    visit.shows(FEED, rss(post(1)))
    visit.clock.advance(90 * DAY)
    visit(BLOG)
    visit.clock.advance(-90 * DAY)
    visit.shows(FEED, rss(post(1), post(2)))

    assert [(each.id, each.new) for each in visit(BLOG, due_only=True)] == [("blog", 1)]


@pytest.mark.parametrize(
    ("source", "headers", "quiet", "expected"),
    [
        pytest.param(BLOG, {}, 0 * DAY, HOUR, id="a feed"),
        pytest.param(LIVING, {}, 0 * DAY, 6 * HOUR, id="a living page"),
        pytest.param(BLOG, {}, 2 * DAY, 4 * HOUR, id="nothing new for two days"),
        pytest.param(BLOG, {}, 300 * DAY, DAY, id="nothing new for most of a year"),
        pytest.param(BLOG, {"cache_control": "max-age=10800"}, 0 * DAY, 3 * HOUR, id="the server asks for more"),
        pytest.param(BLOG, {"cache_control": "max-age=999999999"}, 0 * DAY, DAY, id="the server asks for years"),
        pytest.param(
            Source(id="blog", kind="feed", url=FEED, interval=HOUR / 2),
            {"cache_control": "max-age=10800"},
            9 * DAY,
            HOUR / 2,
            id="the operator decided",
        ),
    ],
)
@only_sqlite
def test_how_long_until_the_next_visit(visit, source, headers, quiet, expected) -> None:
    """The operator's interval, else the usual one, longer for a quiet source or where the server asks, a day at most."""
    visit.shows(source.url, AT_FIRST if source is LIVING else rss(post(1)), **headers)
    visit(source)
    visit.clock.advance(quiet)
    if quiet:
        visit(source)

    # Sources are spread by up to a tenth, so that they are not all asked in the same minute.
    assert 0.9 * expected <= visit.state(source.id).next_check - visit.clock.now() <= 1.1 * expected


@only_sqlite
def test_a_failing_source_is_asked_less_and_less_often(visit) -> None:
    """After half an hour, an hour, …, a day at most, whatever its interval; a success forgets it all."""
    visit.shows(FEED, "", status=500)
    waits = []
    for _ in range(8):
        visit(BLOG)
        waits.append((visit.state("blog").next_check - visit.clock.now()) / HOUR)
        visit.clock.advance(2 * DAY)
    visit.shows(FEED, rss(post(1)))
    visit(BLOG)
    state = visit.state("blog")

    assert waits == [0.5, 1, 2, 4, 8, 16, 24, 24]
    assert (state.failures, state.error) == (0, None)
    assert HOUR <= state.next_check - visit.clock.now() <= 1.1 * HOUR


@only_sqlite
def test_a_failure_keeps_what_is_needed_to_ask_again(visit) -> None:
    """After a fault of the network the next visit is conditional, as the one before was."""
    visit.shows(FEED, rss(post(1)), etag='"a"')
    visit(BLOG)
    visit.http.pages[FEED] = UnreachableError(FEED)
    visit(BLOG)
    visit.shows(FEED, "", status=304)
    (report,) = visit(BLOG)

    assert report.status == "unchanged"
    assert visit.http.asked[-1].headers["if-none-match"] == '"a"'


@only_sqlite
def test_another_address_is_another_beginning(visit) -> None:
    """Validators, the body's hash, waiting and the next visit belong to the old address; the entries stay."""
    elsewhere = Source(id="blog", kind="feed", url="https://new.example/feed/")
    visit.shows(FEED, rss(post(1)), etag='"a"')
    visit(BLOG)
    visit.shows(FEED, "", status=429, retry_after="86400")
    visit(BLOG)
    visit.shows(elsewhere.url, rss(post(1)), etag='"b"')
    (report,) = visit(elsewhere, due_only=True)
    state = visit.state("blog")

    assert (report.status, report.new, report.unchanged) == ("ok", 0, 1)
    assert "if-none-match" not in visit.http.asked[-1].headers
    assert (state.url, state.validators.etag, state.not_before, state.failures) == (elsewhere.url, '"b"', None, 0)


@only_sqlite
def test_a_new_address_that_fails_remembers_nothing_of_the_old_one(visit) -> None:
    """The first failure there is the first, and the next visit is unconditional."""
    elsewhere = Source(id="blog", kind="feed", url="https://new.example/feed/")
    visit.shows(FEED, rss(post(1)), etag='"a"')
    visit(BLOG)
    visit(elsewhere)
    visit(elsewhere)

    assert visit.state("blog").failures == 2
    assert visit.state("blog").last_success == NOW
    assert "if-none-match" not in visit.http.asked[-1].headers


# ------------------------------------------------------------------------------------------------ what is believed


@only_sqlite
@pytest.mark.parametrize(
    ("date", "believed"),
    [
        ("Fri, 20 Nov 2026 13:00:00 +0000", True),
        ("Sat, 21 Nov 2026 11:00:00 +0000", True),
        ("Sat, 28 Nov 2026 12:00:00 +0000", False),
        ("Fri, 20 Nov 2099 12:00:00 +0000", False),
    ],
)
def test_a_date_that_lies_ahead_is_none(visit, date, believed) -> None:
    """Else it would stand first for ever; a clock that is wrong by hours is forgiven."""
    visit.shows(FEED, rss(post(1, date=date)))
    visit(BLOG)
    (entry,) = visit.entries()

    assert (entry.published is not None) == believed
    assert (entry.precision is not None) == believed
    assert entry.first_seen == NOW


@only_sqlite
@pytest.mark.parametrize("body", ["<p>About Multiple Sclerosis.</p>", "<p>About <b>MS</b> and work.</p>"])
def test_a_filter_lets_through_what_it_names(visit, body) -> None:
    """Title or text, in any case; what it does not let through is not kept, not even as a place."""
    filtered = Source(id="blog", kind="feed", url=FEED, filter=r"(?i:\bms\b|multiple sclerosis)")
    visit.shows(FEED, rss(post(1, body=body), post(2, title="Dogs", body="<p>About dogs.</p>")))
    (report,) = visit(filtered)

    assert (report.new, [entry.title for entry in visit.entries()]) == (1, ["Post 1"])
    assert len(visit.living("blog")) == 1


@only_sqlite
def test_what_the_source_showed_is_remembered_before_it_is_enriched(visit) -> None:
    """A living page recognises its entry although a disclosure was taken out of it."""

    def enrich(entry):
        return replace(entry, text="Short.", html="<p>Short.</p>", coi="All of it.")

    visit.shows(PAGE, AT_FIRST)
    visit(LIVING, enrichments=(enrich,))
    texts = {entry.text for entry in visit.entries()}
    visit.shows(PAGE, AT_FIRST + "<!-- other bytes -->")
    (report,) = visit(LIVING, enrichments=(enrich,))

    assert texts == {"Short."}
    assert (report.new, report.changed, report.unchanged) == (0, 0, 6)


def test_hostile_names_and_words_are_kept_by_both_databases(visit) -> None:
    """NUL, lone surrogates, endless guids: kept, found again, and no failure."""
    nasty = "\0 \ud800 \u202e \U0001f642 " + "x" * 9_000
    entry = Entry(
        key=nasty,
        source="blog",
        title=f"Title {nasty}",
        url=f"https://blog.example/{nasty}",
        html=f"<p>{nasty}</p>",
        text=nasty,
        authors=(nasty,),
        section=(nasty,),
        categories=(nasty,),
    )

    def collector(source, memory, http, sandbox):
        return Collected(status="ok", entries=(entry,), gone=(nasty + "gone",))

    reports = [visit(BLOG, collectors={"feed": collector})[0] for _ in range(2)]

    assert [(each.error, each.new, each.changed, each.unchanged) for each in reports] == [
        (None, 1, 0, 0),
        (None, 0, 0, 1),
    ]
    assert len(visit.living("blog")) == 1


@only_sqlite
def test_reports_come_in_the_order_of_the_sources(visit) -> None:
    """Whoever waits, fails or answers: one report each, in the order in which they were given."""
    slow = Source(id="slow", kind="feed", url="https://slow.example/feed")
    visit.shows(slow.url, "", status=503, retry_after="7200")
    visit(slow)
    visit.shows(FEED, rss(post(1)))
    orders = [[each.id for each in visit(*order)] for order in [(ATOM, slow, BLOG), (BLOG, ATOM, slow)]]

    assert orders == [["twin", "slow", "blog"], ["blog", "twin", "slow"]]


@only_sqlite
def test_warnings_are_passed_on(visit) -> None:
    """A document that ends in the middle is kept as far as it goes, and the editor is told."""
    visit.shows(FEED, rss(post(1), post(2))[:-60])
    (report,) = visit(BLOG)

    assert (report.status, report.new) == ("ok", 1)
    assert "the last entry is held" in report.warnings[0]


def test_nothing_of_a_page_goes_into_the_log(visit, caplog) -> None:
    """The log tells the source and figures; what entries say is not for it."""
    caplog.set_level(logging.DEBUG)
    visit.shows(FEED, rss(post(1, title="Zebra"), post(2)))
    visit.http.pages[TWIN] = CollectErrorPage()
    visit(BLOG, ATOM)

    assert "source=blog status=ok new=2 changed=0" in caplog.text
    assert "source failed source=twin" in caplog.text
    assert "Zebra" not in caplog.text


class CollectErrorPage:
    """A page whose visit raises what a collector may raise."""

    def __call__(self, asked):
        message = f"{asked.url} is no feed"
        raise CollectError(message)
