"""Entries in the store: one entry once, with every place and every revision; what an issue may carry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pytest

from msdigest.model.entry import Enclosure, Entry, Identifier, Known
from msdigest.store import entries, keeping, turns
from msdigest.store.keeping import Found
from msdigest.store.records import content_hash, from_record, to_record

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = "Walking outside in the morning helped the people of one small study to sleep through the night again"
FULL = Entry(
    key="k",
    source="blog",
    title="Sleep & walks",
    url="https://blog.example/walks",
    kind="work",
    html="<p>Walks <b>help</b>.</p>",
    text="Walks help.",
    authors=("A. Author", "B. Author"),
    published=datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
    precision="day",
    updated=datetime(2026, 11, 2, tzinfo=UTC),
    section=("Trials", "Sleep"),
    categories=("one", "two"),
    enclosures=(Enclosure("https://blog.example/a.mp3", "audio/mpeg", 1234), Enclosure("https://b.example/c", "x/y")),
    same_as=(Identifier("doi", "10.1/x"),),
    identifiers=(Identifier("nct", "NCT06441617"), Identifier("pmid", "1")),
    coi="None relevant",
    disclaimer="Not advice",
    topics=("sleep",),
    audience=("patient",),
    evidence="commentary",
    language="en",
)


def entry(key="k", *, source="blog", **changes):
    return replace(
        Entry(key=key, source=source, title="A walk", url=f"https://blog.example/{key}", text=WORDS), **changes
    )


def keep(database, *found, source="blog", gone=(), now=NOW, marks=()):
    """Keep entries as one visit found them; ``marks`` go to each of them."""
    visit = [each if isinstance(each, Found) else Found(entry=each, shown=each.text, marks=marks) for each in found]
    with database.writing() as connection:
        return keeping.keep(connection, visit, source=source, gone=gone, now=now)


def ask(database, question, *values, **words):
    with database.reading() as connection:
        return question(connection, *values, **words)


@pytest.mark.parametrize("whole", [FULL, entry(), entry(title="😀 \"'\\ é\u2028", text="a\tb")])
def test_an_entry_comes_back_as_it_was(database, whole) -> None:
    """Every field, told or not, through the record and through the database."""
    (kept,) = keep(database, whole)
    back = ask(database, entries.get, kept.id)

    assert from_record(to_record(whole), id="", revision=0, first_seen=None) == whole
    assert back == replace(whole, id=kept.id, revision=1, first_seen=NOW)


def test_what_is_new_is_told_once(database) -> None:
    """The first visit brings it, the second finds nothing new about it; the place remembers both."""
    first, second = keep(database, entry()), keep(database, entry(), now=NOW + HOUR)
    (place,) = ask(database, entries.places_of, first[0].id)

    assert [(kept.change, kept.material) for kept in first + second] == [("new", True), (None, False)]
    assert first[0].id == second[0].id
    assert (place.first_seen, place.last_seen, place.gone_at) == (NOW, NOW + HOUR, None)
    assert len(ask(database, entries.revisions_of, first[0].id)) == 1


@pytest.mark.parametrize(
    ("before", "after", "change", "material"),
    [
        (entry(), entry(text=WORDS.replace("Walking", "Waking")), "edited", False),
        (entry(), entry(text="The study was withdrawn because its data could not be found"), "edited", True),
        (entry(), entry(title="A walk!"), "edited", False),
        (entry(), entry(coi="Paid by a maker of shoes"), "edited", False),
        (entry(section=("Old",)), entry(section=("New",)), "moved", False),
        (entry(published=NOW), entry(published=NOW + DAY), "redated", True),
        (entry(), entry(published=NOW), "redated", True),
        (entry(), entry(topics=("sleep",)), None, False),
        (entry(), entry(evidence="preprint", kind="work"), None, False),
    ],
    ids=["typing error", "other words", "title", "disclosure", "moved", "redated", "dated", "topics", "label and kind"],
)
def test_a_change_makes_a_revision(database, before, after, change, material) -> None:
    """What readers should know moves ``changed_at``; what we read out of an entry makes no revision."""
    keep(database, before)
    (kept,) = keep(database, after, now=NOW + HOUR)
    back = ask(database, entries.get, kept.id)
    revisions = ask(database, entries.revisions_of, kept.id)
    late = ask(database, entries.candidates, after=NOW, until=NOW + DAY, oldest=NOW - DAY, by_own_date=False)

    assert (kept.change, kept.material) == (change, material)
    assert back == replace(after, id=kept.id, revision=2 if change else 1, first_seen=NOW)
    assert [(each.change, each.material) for each in revisions] == [("new", True), (change, material)][
        : 2 if change else 1
    ]
    assert bool(late) is material


def test_every_revision_is_kept(database) -> None:
    """Each with its own words, number and time; an old one can be shown again."""
    for hour, words in enumerate(["one two three", "four five six", "seven eight nine"]):
        (kept,) = keep(database, entry(text=words), now=NOW + hour * HOUR)
    newest = ask(database, entries.get, kept.id)
    revisions = ask(database, entries.revisions_of, kept.id)

    assert [(each.number, each.seen, each.entry.text) for each in revisions] == [
        (1, NOW, "one two three"),
        (2, NOW + HOUR, "four five six"),
        (3, NOW + 2 * HOUR, "seven eight nine"),
    ]
    assert entries.as_of(newest, revisions[0]) == replace(newest, text="one two three", revision=1)


def test_two_sources_one_entry(database) -> None:
    """Recognised by a mark: two places, ``new`` once, and the words of the source that saw it first."""
    (first,) = keep(database, entry("a"), marks=("doi:10.1/x", "link:l"))
    other = entry("b", source="journal", title="Another title", text="other words altogether")
    (second,) = keep(database, other, source="journal", marks=("doi:10.1/x", "link:m"), now=NOW + HOUR)
    (third,) = keep(database, entry("c", source="third"), source="third", marks=("link:m",), now=NOW + DAY)

    assert [kept.change for kept in (first, second, third)] == ["new", None, None]
    assert {first.id, second.id, third.id} == {first.id}
    assert ask(database, entries.get, first.id).title == "A walk"
    assert [place.source for place in ask(database, entries.places_of, first.id)] == ["blog", "journal", "third"]


def test_a_new_guid_in_one_source_is_recognised(database) -> None:
    """A blog that moved gives new guids; a mark tells that the entry is the old one, and its words count."""
    (old,) = keep(database, entry("http://a"), marks=("link:a",))
    (moved,) = keep(database, entry("https://a", text="quite other words now"), marks=("link:a",), now=NOW + HOUR)
    (again,) = keep(database, entry("https://a", text="quite other words now"), now=NOW + DAY)

    assert [(each.id, each.change) for each in (moved, again)] == [(old.id, "edited"), (old.id, None)]
    assert [place.key for place in ask(database, entries.places_of, old.id)] == ["http://a", "https://a"]


def test_the_key_counts_more_than_a_mark(database) -> None:
    """An entry that gets another one's link later stays itself."""
    one, two = keep(
        database,
        Found(entry=entry("1"), shown="", marks=("link:m1",)),
        Found(entry=entry("2"), shown="", marks=("link:m2",)),
    )
    (kept,) = keep(database, Found(entry=entry("2"), shown="", marks=("link:m1", "link:m2")))

    assert kept.id == two.id != one.id


@pytest.mark.parametrize("keys", [("k", "k"), ("k", "other")], ids=["one guid", "one link"])
def test_what_a_visit_shows_twice_is_read_once(database, keys) -> None:
    """Two texts under one name do not take turns in being the newer revision."""
    shown = [entry(keys[0], text="one two three"), entry(keys[1], text="four five six")]
    changes = [
        [kept.change for kept in keep(database, *shown, marks=("link:same",), now=NOW + hour * HOUR)]
        for hour in range(4)
    ]
    (only,) = ask(database, entries.newest)

    assert changes == [["new", None], [None, None], [None, None], [None, None]]
    assert (only.text, only.revision) == ("one two three", 1)


def test_gone_and_back(database) -> None:
    """A place knows since when it no longer shows the entry, and forgets that when it is back."""
    (kept,) = keep(database, entry(section=("S",), published=NOW))
    keep(database, gone=["k", "never seen"], now=NOW + HOUR)
    keep(database, gone=["k"], now=NOW + 2 * HOUR)
    (gone,) = ask(database, entries.places_of, kept.id)
    known = ask(database, entries.known_of, "blog")
    (back,) = keep(database, entry(section=("S",), published=NOW), now=NOW + DAY)
    (place,) = ask(database, entries.places_of, kept.id)

    assert (gone.gone_at, place.gone_at) == (NOW + HOUR, None)
    assert known == [Known("k", WORDS, ("S",), NOW, gone=True)]
    assert (back.id, back.change) == (kept.id, None)


def test_sources_with_the_same_key(database) -> None:
    """Each has its own entry and place: seen again or gone in one says nothing of the other."""
    keep(database, entry())
    keep(database, entry(source="other"), source="other")
    (kept,) = keep(database, entry(source="other", text="other words"), source="other", now=NOW + HOUR)
    keep(database, source="other", gone=["k"], now=NOW + DAY)

    assert kept.change == "edited"
    assert [known.text for known in ask(database, entries.known_of, "blog")] == [WORDS]

    assert [known.gone for known in ask(database, entries.known_of, "blog")] == [False]
    assert [known.gone for known in ask(database, entries.known_of, "other")] == [True]


def test_two_sources_at_once_bring_one_entry(database) -> None:
    """Two threads that keep the same thing under one mark: it is new once, and nobody fails."""
    for round_number in range(5):
        gate = Barrier(2)

        def visit(source, gate=gate, mark=f"doi:{round_number}"):
            gate.wait()
            return keep(database, entry(mark, source=source), source=source, marks=(mark,))

        with ThreadPoolExecutor(2) as pool:
            (one,), (other,) = pool.map(visit, ["blog", "journal"])

        assert one.id == other.id
        assert sorted([one.change or "", other.change or ""]) == ["", "new"]


@pytest.mark.parametrize(
    "name",
    ["x" * 20_000 + "\u00e9", "nul\0inside", "half \ud800 a letter", "é" * 500],
    ids=["very long", "NUL", "lone surrogate", "long in bytes"],
)
def test_hostile_names_are_recognised_again(database, name) -> None:
    """A guid, link or text that no database would take as it is does not stop a visit."""
    hostile = Found(
        entry=entry(name, url=f"https://x.example/{name}", title=name, text=name), shown=name, marks=(name,)
    )
    first, second = keep(database, hostile), keep(database, hostile, now=NOW + HOUR)
    elsewhere = keep(database, replace(hostile, entry=entry("z", source="other")), source="other")
    keep(database, gone=[name], now=NOW + DAY)

    assert [kept.change for kept in first + second + elsewhere] == ["new", None, None]
    assert [known.gone for known in ask(database, entries.known_of, "blog")] == [True]


def test_more_names_than_a_statement_takes(database) -> None:
    """SQLite ends at 32,766 variables, PostgreSQL at 65,535."""
    names = tuple(f"m{number}" for number in range(66_000))
    (kept,), (again,) = keep(database, entry(), marks=names), keep(database, entry("b"), marks=names)
    found = ask(database, entries.get_many, [*names, kept.id])

    assert again.id == kept.id
    assert list(found) == [kept.id]


CUT_OFF = NOW
LONG_AGO = NOW - 400 * DAY


@pytest.mark.parametrize(
    ("seen", "published", "later", "first"),
    [
        (HOUR, HOUR, True, True),
        (HOUR, None, True, True),
        (HOUR, -10 * DAY, True, False),
        (HOUR, -29 * DAY, True, False),
        (HOUR, -31 * DAY, False, False),
        (timedelta(0), HOUR, False, True),
        (timedelta(microseconds=1), HOUR, True, True),
        (-HOUR, None, False, False),
        (-HOUR, HOUR, False, True),
        (DAY, HOUR, True, True),
        (DAY + HOUR, HOUR, False, False),
    ],
    ids=[
        "new and of today", "without a date", "new to us, ten days old", "nearly too old", "too old",
        "seen at the last cut-off", "seen just after it", "seen before", "seen before, dated after",
        "seen at this cut-off", "seen after this cut-off",
    ],
)  # fmt: skip
def test_what_an_issue_may_carry(database, seen, published, later, first) -> None:
    """First seen after the last cut-off and not too old; for the first issue its own date counts instead."""
    own = None if published is None else CUT_OFF + published
    keep(database, entry(published=own), now=CUT_OFF + seen)
    window = {"after": CUT_OFF, "until": CUT_OFF + DAY, "oldest": CUT_OFF - 30 * DAY}

    assert bool(ask(database, entries.candidates, **window, by_own_date=False)) is later
    assert bool(ask(database, entries.candidates, **window, by_own_date=True)) is first


@pytest.mark.parametrize(
    ("published", "precision", "there"),
    [
        (datetime(2026, 10, 1, tzinfo=UTC), "month", True),
        (datetime(2026, 10, 1, tzinfo=UTC), "day", False),
        (datetime(2026, 9, 1, tzinfo=UTC), "month", False),
        (datetime(2026, 1, 1, tzinfo=UTC), "year", True),
        (datetime(2026, 1, 1, tzinfo=UTC), "month", False),
        (datetime(2025, 1, 1, tzinfo=UTC), "year", False),
        (datetime(2024, 12, 1, tzinfo=UTC), "month", False),
    ],
)
def test_a_period_is_as_old_as_its_last_day(database, published, precision, there) -> None:
    """ "October 2026" may be its last day, and "2026" is not over."""
    keep(database, entry(published=published, precision=precision), now=NOW + HOUR)
    found = ask(
        database, entries.candidates, after=NOW, until=NOW + DAY, oldest=NOW - 30 * DAY, by_own_date=False
    )  # fmt: skip

    assert bool(found) is there


@pytest.mark.parametrize(
    ("kept_by", "drawn_by", "drawn"),
    [(NOW, NOW + HOUR, NOW + HOUR), (NOW, NOW, NOW), (NOW + HOUR, NOW, NOW + HOUR)],
    ids=["one after the other", "at once", "by a clock that has stepped back"],
)
@pytest.mark.parametrize("back", [timedelta(0), HOUR], ids=["", "then the clock steps back"])
def test_an_entry_lies_on_one_side_of_a_cut_off(database, kept_by, drawn_by, drawn, back) -> None:
    """All that was kept before the line is not later than it, all that is kept after it is later."""
    keep(database, entry("before"), now=kept_by)
    with database.writing() as connection:
        line = turns.draw_line(connection, now=drawn_by)
    keep(database, entry("after"), now=line - back)
    seen = {each.key: each.first_seen for each in ask(database, entries.newest)}

    assert line == drawn
    assert seen == {"before": kept_by, "after": line + timedelta(microseconds=1)}


def test_a_line_waits_for_who_is_keeping(database) -> None:
    """An entry whose transaction ends after the line was asked for lies before it."""
    asked, drawn = Event(), Event()

    def draw():
        asked.set()
        with database.writing() as connection:
            line = turns.draw_line(connection, now=NOW)
            drawn.set()
            return line

    with ThreadPoolExecutor(1) as pool:
        with database.writing() as connection:
            turns.take_turn(connection)
            waiting = pool.submit(draw)
            assert asked.wait(10)
            early = drawn.wait(0.2)
            found = Found(entry=entry(), shown="", marks=())
            keeping.keep(connection, [found], source="blog", gone=(), now=NOW + HOUR)
        line = waiting.result(30)

    assert not early
    assert line == NOW + HOUR


LONG = " ".join(f"word{number}" for number in range(60))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"title": "Notice A", "text": "one two"}, {"title": "A bridge is closed", "text": "one two"}, False),
        ({"title": "Bulletin 12", "text": LONG}, {"title": "Bulletin 13", "text": LONG}, False),
        ({"title": "News of spring"}, {"title": "News of spring", "text": "quite other words"}, True),
        ({"title": "A walk in spring"}, {"title": "A Walk in Spring!"}, True),
        ({"title": "Old name", "text": LONG}, {"title": "Quite another", "text": f"{LONG} and more"}, True),
        ({"title": "A walk in the wood"}, {"title": "A walk in a wood"}, True),
        ({"title": "Trial opens in Leeds", "text": ""}, {"title": "Trial opens in York", "text": ""}, False),
    ],
    ids=["another post", "another number", "same title", "same words", "same long text", "a slip", "no text"],
)
@pytest.mark.parametrize("shared", ["link", "guid"])
def test_one_link_or_guid_for_one_post_after_the_other(database, before, after, same, shared) -> None:
    """A source whose posts share an address or a guid loses none of them; a reworded one stays itself."""
    keys, links = (("1", "2"), ("a", "a")) if shared == "link" else (("site", "site"), ("a", "b"))
    visits = [
        Found(
            entry=entry(key, url=f"https://blog.example/{link}", **words),
            shown="",
            marks=(f"link:blog.example/{link}",),
        )
        for key, link, words in zip(keys, links, (before, after), strict=True)
    ]
    ids = [keep(database, visit, now=NOW + hour * HOUR)[0].id for hour, visit in enumerate(visits)]
    again = [keep(database, visit, now=NOW + DAY)[0].id for visit in visits] if not same else ids

    assert (ids[0] == ids[1]) is same
    assert again == ids


@pytest.mark.parametrize(
    ("owned", "same"), [((True, False), True), ((False, True), True), ((True, True), True), ((False, False), False)]
)
def test_another_source_is_recognised_by_the_link_alone(database, owned, same) -> None:
    """It may call the post what it likes, if either of the two stands at home: two who only link may mean two things."""
    other = entry("b", source="twin", title="Quite another name", text="Other words.")
    (first,), (second,) = (
        keep(
            database,
            Found(entry=each, shown=each.text, marks=("link:l",), owned=at_home),
            source=each.source,
        )
        for each, at_home in zip((entry("a"), other), owned, strict=True)
    )

    assert (second.id == first.id) is same


def test_newest_first(database) -> None:
    """By own date, else first seen; narrowed by source, topic, time and number."""
    keep(database, entry("old", published=LONG_AGO, topics=("sleep",)), entry("dated", published=NOW - DAY))
    keep(database, entry("undated", topics=("sleep", "walking")), now=NOW + HOUR)
    keep(database, entry("else", source="other", published=NOW), source="other", now=NOW + DAY)

    def keys(**words):
        return [each.key for each in ask(database, entries.newest, **words)]

    assert keys() == ["undated", "else", "dated", "old"]
    assert keys(limit=2) == ["undated", "else"]
    assert keys(source="other") == ["else"]
    assert keys(topic="sleep") == ["undated", "old"]
    assert keys(topic="sleep", limit=1) == ["undated"]
    assert keys(since=NOW + HOUR) == ["undated", "else"]
    assert keys(topic="walking", since=NOW + DAY) == []


def test_a_source_shows_what_it_did_not_see_first(database) -> None:
    """An entry is listed under each source that shows it."""
    (kept,) = keep(database, entry(), marks=("m",))
    keep(database, entry("b", source="other"), source="other", marks=("m",))

    assert [each.id for each in ask(database, entries.newest, source="other")] == [kept.id]


def test_unknown_entries_are_missing(database) -> None:
    """Asking for nobody gives nobody."""
    assert ask(database, entries.get, "nobody") is None
    assert ask(database, entries.get_many, []) == {}
    assert ask(database, entries.known_of, "nobody") == []


def test_the_content_hash_tells_revisions_apart() -> None:
    """It changes with what makes a revision and with nothing else, also for text that is no Unicode."""
    assert content_hash(FULL) == content_hash(replace(FULL, topics=(), id="x", revision=4))
    assert content_hash(FULL) != content_hash(replace(FULL, title="Sleep"))
    assert len(content_hash(replace(FULL, text="\ud800"))) == 64


def test_ids_that_begin_so(database) -> None:
    """At most as many as are asked for; a sign that databases take for any letter is only itself."""
    first, second = (kept.id for kept in keep(database, entry("a"), entry("b")))

    assert ask(database, entries.ids_beginning, first[:12]) == [first]
    assert sorted(ask(database, entries.ids_beginning, "")) == sorted([first, second])
    assert len(ask(database, entries.ids_beginning, "", limit=1)) == 1
    assert ask(database, entries.ids_beginning, "%") == ask(database, entries.ids_beginning, "_") == []
