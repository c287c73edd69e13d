"""Collecting as a good guest: moves are remembered, what is gone is left alone, what is doubtful is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from tests.steps.test_collecting import BLOG, DAY, FEED, HOUR, LIVING, PAGE, Round, post, rss

from msdigest.errors import RobotsError
from msdigest.model.entry import Entry, Fact
from msdigest.ports import Collected, Reply
from msdigest.steps.collecting import rounds
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store

NEW = "https://new.example/feed/"
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def visit(database, clock):
    return Round(database, clock)


def moved(visit, body):
    visit.http.pages[FEED] = Reply(status=200, url=NEW, headers={}, body=body.encode(), moved_to=NEW)
    visit.http.pages[NEW] = Reply(status=200, url=NEW, headers={}, body=body.encode())


@only_sqlite
def test_a_permanent_redirect_is_remembered_after_three_visits(visit) -> None:
    """Told at once; asked there after three visits over a day; entries stay the same; a mistake is taken back."""
    moved(visit, rss(post(1)))
    for _ in range(3):
        (report,) = visit(BLOG)
        visit.clock.advance(13 * HOUR)
    assert report.warnings == (
        f"{FEED} has moved for good and is asked there by now: write {NEW} into config/sources.toml.",
    )
    visit(BLOG)
    assert [asked.url for asked in visit.http.asked] == [FEED, FEED, FEED, NEW]
    assert len(visit.entries()) == 1

    visit.shows(NEW, "", status=404)
    for _ in range(4):
        visit(BLOG)
    assert [asked.url for asked in visit.http.asked[4:]] == [NEW, NEW, NEW, FEED]


@only_sqlite
def test_a_redirect_that_ends_is_forgotten(visit) -> None:
    """Two sightings, then the old address answers again: counting begins anew."""
    moved(visit, rss(post(1)))
    visit(BLOG)
    visit.clock.advance(DAY)
    visit(BLOG)
    visit.shows(FEED, rss(post(1), post(2)))
    (report,) = visit(BLOG)
    state = visit.state("blog")

    assert report.warnings == ()
    assert (state.moved_to, state.moved_times, state.moved_since, state.address) == (None, 0, None, None)


@only_sqlite
def test_an_address_that_the_operator_corrects_is_asked(visit) -> None:
    """What was remembered of the old address does not follow."""
    moved(visit, rss(post(1)))
    for _ in range(3):
        visit(BLOG)
        visit.clock.advance(13 * HOUR)
    other = replace(BLOG, url="https://third.example/feed/")
    visit.shows(other.url, rss(post(1)))
    visit(other)

    assert visit.http.asked[-1].url == other.url


@only_sqlite
def test_gone_for_good_ends_the_visits_on_the_second_day(visit) -> None:
    """Two answers of 410, a day apart; then only an editor who names the source makes it be asked."""
    visit.shows(FEED, "", status=410)
    first = [visit(BLOG)[0].status, visit(BLOG)[0].status]
    visit.clock.advance(DAY)
    visit(BLOG)
    asked = len(visit.http.asked)
    (left,) = visit(BLOG)
    visit.shows(FEED, rss(post(1)))
    (named,) = visit(BLOG, by_name=True)
    (again,) = visit(BLOG)

    assert first == ["failed", "failed"]
    assert (asked, len(visit.http.asked)) == (3, 5)
    assert (left.status, left.failed) == ("failed", 1)
    assert "said on two days that it is gone for good" in left.error
    assert (named.status, named.new, again.status) == ("ok", 1, "unchanged")


@only_sqlite
def test_robots_txt_that_cannot_be_had_now_is_waited_for(visit) -> None:
    """Its Retry-After is as good as the page's own."""
    visit.http.pages[PAGE] = RobotsError(PAGE, "robots.txt answered 503", retry_after=7200.0)
    visit(LIVING)
    (report,) = visit(LIVING)

    assert (report.status, len(visit.http.asked)) == ("waiting", 1)
    assert visit.state("page").not_before == visit.clock.now() + 2 * HOUR


# ------------------------------------------------------------------------------------------------------------ held


class Counter:
    """A collector of one figure, which is doubtful above a hundred; ``memory.accept`` is left to the step."""

    def __init__(self):
        self.number = 90
        self.memories = []

    def __call__(self, source, memory, http, sandbox):
        self.memories.append(memory)
        doubts = (f"{self.number} is too many.",) if self.number > 100 else ()
        fact = Fact(name="figure", value=str(self.number), label="people", change="figure")
        entry = Entry(
            key="figure", source=source.id, title="People", url=source.url, kind="figure", facts=(fact,), doubts=doubts
        )
        return Collected(status="ok", entries=(entry,), body_hash="h", notes={"n": "1"})


FIGURE = replace(BLOG, id="figure", kind="figure", url="https://count.example/")


@pytest.fixture
def counter():
    return Counter()


@only_sqlite
def test_a_doubtful_entry_is_held_until_an_editor_has_looked(visit, counter) -> None:
    """The old one stays; held again it keeps its day; accepted, the change is told; certain again, nothing is held."""

    def look(**words):
        (report,) = visit(FIGURE, collectors={"figure": counter}, enrichments=(), **words)
        return report

    def held():
        with visit.database.reading() as connection:
            return [(each.key, each.reason, each.since) for each in source_store.all_held(connection)]

    look()
    since = visit.clock.now() + DAY
    visit.clock.advance(DAY)
    counter.number = 9000
    reports = [look()]
    visit.clock.advance(DAY)
    reports.append(look())
    assert [(each.status, each.new, each.changed, each.failed) for each in reports] == [("held", 0, 0, 0)] * 2
    assert reports[0].warnings == ("People: 9000 is too many.",)
    assert held() == [("figure", "9000 is too many.", since)]
    assert (visit.state("figure").status, visit.state("figure").error) == ("held", "People: 9000 is too many.")

    accepted = look(accept=True)
    (entry,) = visit.entries()
    with visit.database.reading() as connection:
        changes = entry_store.changes_of(connection, entry.id)
    assert (accepted.status, accepted.changed, held()) == ("ok", 1, [])
    assert [(each.before, each.after) for each in changes] == [("90", "9000")]
    assert [(each.accept, each.body_hash, dict(each.notes)) for each in counter.memories[-2:]] == [
        (False, "h", {"n": "1"}),
        (True, None, {}),
    ]


@only_sqlite
def test_what_is_held_is_said_until_it_is_over(visit, counter) -> None:
    """A 304 in between is no reason to forget it."""
    counter.number = 500
    unchanged = lambda *_: Collected(status="unchanged")  # noqa: E731 - one line says it all
    visit(FIGURE, collectors={"figure": counter}, enrichments=())
    visit(FIGURE, collectors={"figure": unchanged}, enrichments=())
    between = visit.state("figure")
    counter.number = 50
    visit(FIGURE, collectors={"figure": counter}, enrichments=())

    assert (between.status, between.error) == ("held", "People: 500 is too many.")
    assert (visit.state("figure").status, visit.state("figure").error) == ("ok", None)


@only_sqlite
def test_only_what_was_held_is_accepted(visit, counter) -> None:
    """What appeared since an editor looked is held in its turn, and what the page shows no more stays held till then."""

    def look(**words):
        (report,) = visit(FIGURE, collectors={"figure": counter}, enrichments=(), **words)
        with visit.database.reading() as connection:
            return report, [each.title for each in source_store.all_held(connection)]

    look()
    unseen, titles = look(accept=True)
    counter.number = 9000
    at_once, held = look(accept=True)
    counter.number = 9_000_000
    grown, still = look(accept=True)
    counter.number = 50
    calm, after = look()

    assert (unseen.status, titles) == ("ok", [])
    assert (at_once.status, at_once.changed, held) == ("held", 0, ["People"])
    assert (grown.status, grown.changed, still) == ("held", 0, ["People"])
    assert (calm.status, after) == ("ok", [])


@only_sqlite
def test_what_is_held_and_shown_no_more_waits_for_an_editor(visit, counter) -> None:
    """Until it is shown again, now beyond doubt, or an editor has looked."""

    def look(*, shown=True, number=50, **words):
        counter.number = number
        nothing = lambda *_: Collected(status="ok", body_hash="n")  # noqa: E731 - one line says it all
        visit(FIGURE, collectors={"figure": counter if shown else nothing}, enrichments=(), **words)
        with visit.database.reading() as connection:
            return [each.title for each in source_store.all_held(connection)]

    held = [look(number=500), look(shown=False), look(shown=False), look()]
    looked_at = [look(number=500), look(shown=False), look(shown=False, accept=True)]

    assert held == [["People"], ["People"], ["People"], []]
    assert looked_at == [["People"], ["People"], []]


def dated(numbers, day):
    return rss(*(post(number, date=f"{day} Oct 2026 08:00:00 +0000") for number in numbers))


@only_sqlite
def test_a_feed_whose_names_all_changed_is_held(visit) -> None:
    """Other guids, links and titles on old posts: nothing is mailed before an editor has looked; then they are taken."""
    visit.shows(FEED, dated(range(5), "10"))
    visit(BLOG)
    visit.clock.advance(DAY)
    visit.shows(FEED, dated(range(100, 105), "11"))
    (held,) = visit(BLOG)
    state = visit.state("blog")
    (again,) = visit(BLOG)
    (taken,) = visit(BLOG, accept=True)

    assert (held.status, held.new, again.status) == ("held", 0, "held")
    assert "as if it had given known posts other ids" in held.error
    assert (state.status, state.next_check > visit.clock.now()) == ("held", True)
    assert (taken.status, taken.new, len(visit.entries())) == ("ok", 5, 10)


@only_sqlite
@pytest.mark.parametrize("retitled", [False, True], ids=["same words", "other words"])
def test_a_post_under_another_guid_and_link_is_the_same_if_it_says_the_same(visit, retitled) -> None:
    """Title, day and words tell; with other words it is another post."""
    first = post(1, title="A walk in the park")
    visit.shows(FEED, rss(first, post(2)))
    visit(BLOG)
    renamed = first.replace("?p=1", "?page=1").replace("blog.example/1/", "blog.example/walk/")
    if retitled:
        renamed = renamed.replace("Words about a study.", "Nothing of what was said before stands here any longer.")
    visit.shows(FEED, rss(renamed, post(2)))
    (report,) = visit(BLOG)

    assert report.new == int(retitled)
    assert len(visit.entries()) == 2 + retitled


@only_sqlite
def test_two_posts_that_say_the_same_are_two_while_both_are_shown(visit) -> None:
    """What is shown beside it under its own name cannot be it."""
    one = post(1, title="Weekly news")
    visit.shows(FEED, rss(one))
    visit(BLOG)
    visit.shows(FEED, rss(one, post(2, title="Weekly news")))
    (report,) = visit(BLOG)

    assert report.new == 1


@only_sqlite
def test_many_visits_are_kept_in_order_however_many_are_under_way(visit) -> None:
    """Two hundred sources, each once, in the order of the configuration; one that holds undoes no other."""
    sources = [replace(BLOG, id=f"blog-{number}", url=f"https://{number}.example/") for number in range(200)]
    for number, source in enumerate(sources):
        visit.shows(source.url, rss(post(number, link=f"https://{number}.example/p/")))
    told = []
    reports = visit(*sources, progress=lambda report: told.append(report.id))

    assert [report.id for report in reports] == [source.id for source in sources]
    assert sorted(told) == sorted(source.id for source in sources)
    assert {report.new for report in reports} == {1}
    assert visit.clock.now() == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert timedelta() < visit.state("blog-7").next_check - visit.clock.now() <= DAY


@only_sqlite
def test_a_slow_source_keeps_no_other_waiting(visit, monkeypatch) -> None:
    """A hundred sources are kept while the first of them has not answered yet."""
    sources = [replace(BLOG, id=f"blog-{number}", url=f"https://{number}.example/") for number in range(100)]
    monkeypatch.setattr(rounds, "_PATIENCE", 0.01)
    others = Event()
    kept = []

    def slow(_):
        assert others.wait(30)
        return Reply(status=200, url=sources[0].url, headers={}, body=rss(post(0)).encode())

    def told(report):
        kept.append(report.id)
        if len(kept) == 70:
            others.set()

    for number, source in enumerate(sources[1:], 1):
        visit.shows(source.url, rss(post(number, link=f"https://{number}.example/p/")))
    visit.http.pages[sources[0].url] = slow
    reports = visit(*sources, progress=told)

    assert "blog-0" not in kept[:70]
    assert {report.new for report in reports} == {1}
    assert [report.id for report in reports] == [source.id for source in sources]
