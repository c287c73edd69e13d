"""Changes in the store: what is watched, what turns out to be one thing, and what is held for an editor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from msdigest.errors import HeldError
from msdigest.model.dates import PartialDate
from msdigest.model.details import Event, Figure, LocalTime, Speaker, Trial, TrialDate, Work
from msdigest.model.entry import Entry, Fact, Identifier
from msdigest.store import deliveries, entries, keeping, merging, sources
from msdigest.store.keeping import Found, Rules
from msdigest.store.records import from_record, to_record
from msdigest.store.schema import deliveries as delivery_table
from msdigest.store.schema import issues, selection_entries, selections

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NCT, ISRCTN = Identifier("nct", "NCT90000013"), Identifier("isrctn", "ISRCTN90000013")


def fact(value, name="overallStatus", *, change="status", material=True):
    return Fact(name=name, value=value, label="status", change=change, material=material)


def trial(key="NCT90000013", *facts, source="ctgov", same_as=(NCT,), **more):
    words = {"title": "SENTINEL-MS", "url": f"https://register.example/{key}", "text": "A trial.", "kind": "trial"}
    return Entry(key=key, source=source, facts=facts, same_as=same_as, **(words | more))


USUAL = Rules()


def keep(database, *shown, now=NOW, rules=USUAL):
    """Keep entries as one visit to the source of the first one found them."""
    found = [
        Found(entry=each, shown=each.text, marks=tuple(f"{name.scheme}:{name.value}" for name in each.same_as))
        for each in shown
    ]
    with database.writing() as connection:
        return keeping.keep(connection, found, source=shown[0].source, gone=(), now=now, rules=rules)


def ask(database, question, *values, **words):
    with database.reading() as connection:
        return question(connection, *values, **words)


def told(changes):
    return [(each.source, each.kind, each.name, each.before, each.after, each.material) for each in changes]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((fact("recruiting"),), (fact("completed"),), [("status", "recruiting", "completed", True)]),
        ((fact("recruiting"),), (fact("recruiting"),), []),
        ((), (fact("yes", change="results"),), [("results", None, "yes", True)]),
        ((fact("yes", change="results"),), (), [("results", "yes", None, True)]),
        ((fact("500", material=False),), (fact("2000", material=False),), [("status", "500", "2000", False)]),
        ((fact("7", change="comments", material=False),), (fact("8", change="comments", material=False),),
         [("comments", "7", "8", False)]),
    ],
    ids=["changes", "stays", "appears", "disappears", "does not matter", "comments"],
)  # fmt: skip
def test_a_fact_that_differs_is_a_change(database, before, after, expected) -> None:
    """With before, after and when; a material one is a revision and moves the entry on, comments are neither."""
    (first,) = keep(database, trial("k", *before))
    (again,) = keep(database, trial("k", *after), now=NOW + DAY)
    changes = ask(database, entries.changes_of, first.id)
    revisions = ask(database, entries.revisions_of, first.id)

    assert told(changes) == [("ctgov", kind, "overallStatus", *values) for kind, *values in expected]
    assert {each.seen for each in changes} <= {NOW + DAY}
    assert (again.changes, again.id) == (len(expected), first.id)
    tells = bool(expected) and expected[0][0] != "comments"
    assert [each.change for each in revisions] == ["new", *([expected[0][0]] if tells else [])]
    assert ask(database, entries.get, first.id).facts == after
    assert ask(database, entries.changes_between, after=NOW, until=NOW + DAY) == changes
    assert ask(database, entries.changes_between, after=NOW + DAY, until=NOW + 2 * DAY) == []


def test_a_register_that_words_its_summary_anew_has_no_news(database) -> None:
    """Where facts are watched, other words are a revision and never material."""
    keep(database, trial("k", fact("recruiting"), text="One summary of a trial in some words."))
    (again,) = keep(database, trial("k", fact("recruiting"), text="Quite another text about it all."), now=NOW + DAY)

    assert (again.change, again.material, again.changes) == ("edited", False, 1)


def test_what_is_told_for_the_first_time_by_other_rules_is_no_news(database) -> None:
    """After the configuration changed, a new fact is taken in silence and a changed one is still told."""
    (kept,) = keep(database, trial("k", fact("recruiting")))
    other = fact("3", "phase", change="label")
    keep(database, trial("k", fact("completed"), other), now=NOW + DAY, rules=Rules(rereading=True))

    assert told(ask(database, entries.changes_of, kept.id)) == [
        ("ctgov", "status", "overallStatus", "recruiting", "completed", True)
    ]
    assert len(ask(database, entries.get, kept.id).facts) == 2


def test_one_visit_can_change_one_and_bring_another(database) -> None:
    """In whatever order they stand; the earlier words are kept with their revision."""
    (first,) = keep(database, trial("k", fact("recruiting")))
    kept = keep(database, trial("k", fact("completed"), text="Other."), trial("n", same_as=()), now=NOW + DAY)

    assert [each.change for each in kept] == ["status", "new"]
    assert [each.entry.facts[0].value for each in ask(database, entries.revisions_of, first.id)] == [
        "recruiting",
        "completed",
    ]


def test_every_register_tells_its_own_changes_of_one_trial(database) -> None:
    """The first one's words count; a change that another one shows is a change and a revision with the same words."""
    (first,) = keep(database, trial("NCT90000013", fact("recruiting"), text="As one register words it."))
    other = trial("ISRCTN90000013", fact("2026-05"), source="isrctn", same_as=(ISRCTN, NCT), text="In other words.")
    (second,) = keep(database, other, now=NOW + HOUR)
    (third,) = keep(database, replace(other, facts=(fact("2026-06"),)), now=NOW + DAY)
    entry = ask(database, entries.get, first.id)

    assert {first.id, second.id, third.id} == {first.id}
    assert (second.change, third.change, third.material) == (None, "status", True)
    assert told(ask(database, entries.changes_of, first.id)) == [
        ("isrctn", "status", "overallStatus", "2026-05", "2026-06", True)
    ]
    assert (entry.revision, entry.text, entry.facts) == (2, "As one register words it.", (fact("recruiting"),))
    candidates = ask(
        database, entries.candidates, after=NOW + HOUR, until=NOW + DAY, oldest=NOW - DAY, by_own_date=False
    )
    assert [each.id for each in candidates] == [first.id]


@pytest.mark.parametrize("by_own_date", [False, True])
def test_a_change_of_an_old_trial_is_news(database, by_own_date) -> None:
    """It was registered years ago; what an issue may carry goes by the date of the change, not by that."""
    old = trial("k", fact("recruiting"), published=datetime(2019, 1, 1, tzinfo=UTC), precision="day")
    keep(database, old)
    window = {"oldest": NOW - 30 * DAY, "by_own_date": by_own_date}
    before = ask(database, entries.candidates, after=NOW - DAY, until=NOW, **window)
    keep(database, replace(old, facts=(fact("completed"),)), now=NOW + DAY)
    after = ask(database, entries.candidates, after=NOW, until=NOW + DAY, **window)
    later = ask(database, entries.candidates, after=NOW + DAY, until=NOW + 2 * DAY, **window)

    assert ([each.title for each in before], [each.title for each in after]) == ([], ["SENTINEL-MS"])
    assert later == []


# ------------------------------------------------------------------------------------------------------- one thing


def test_two_entries_that_turn_out_to_be_one_live_on_as_the_elder(database) -> None:
    """Places and changes are joined; the younger keeps its page and leaves every listing."""
    preprint, paper = Identifier("doi", "10.64898/p"), Identifier("doi", "10.5555/a")
    (elder,) = keep(database, trial("P1", source="epmc", same_as=(preprint,), kind="work"))
    (younger,) = keep(database, trial("A1", source="pubmed", same_as=(paper,), kind="work"), now=NOW + HOUR)
    (again,) = keep(database, trial("P1", source="epmc", same_as=(preprint, paper), kind="work"), now=NOW + 2 * HOUR)
    (once_more,) = keep(database, trial("A1", source="pubmed", same_as=(paper,), kind="work"), now=NOW + 3 * HOUR)
    window = {"after": NOW - DAY, "until": NOW + DAY, "oldest": NOW - DAY, "by_own_date": False}

    assert elder.id != younger.id
    assert (again.id, once_more.id, once_more.change) == (elder.id, elder.id, None)
    assert [each.id for each in ask(database, entries.newest)] == [elder.id]
    assert [each.id for each in ask(database, entries.candidates, **window)] == [elder.id]
    assert [(each.id, into) for each, into in ask(database, entries.ended)] == [(younger.id, elder.id)]
    assert [place.source for place in ask(database, entries.places_of, elder.id)] == ["epmc", "pubmed"]


def test_one_visit_can_join_two(database) -> None:
    """A record that names two entries joins them, in whatever order they stand, and the joined one is read once."""
    one, other = Identifier("doi", "10.1/a"), Identifier("doi", "10.1/b")
    (elder,) = keep(database, trial("a", source="x", same_as=(one,)))
    keep(database, trial("b", source="x", same_as=(other,)), now=NOW + HOUR)
    both = keep(
        database,
        trial("b", source="x", same_as=(other, one), text="b"),
        trial("a", source="x", same_as=(one,), text="a"),
        now=NOW + DAY,
    )

    assert [each.id for each in both] == [elder.id, elder.id]
    assert len(ask(database, entries.newest)) == 1


def test_what_a_visit_reads_of_an_entry_that_ends_is_kept_with_the_other(database) -> None:
    """The place of the one that was read first leads to the one that lives on."""
    one, other = Identifier("doi", "10.1/a"), Identifier("doi", "10.1/b")
    (elder,) = keep(database, trial("a", source="x", same_as=(one,)))
    (younger,) = keep(database, trial("b", source="x", same_as=(other,)), now=NOW + HOUR)
    keep(
        database,
        trial("b", source="x", same_as=(other,), text="Other words of b altogether."),
        trial("c", source="x", same_as=(one, other)),
        now=NOW + DAY,
    )

    assert [each.id for each in ask(database, entries.newest)] == [elder.id]
    assert len(ask(database, entries.places_of, elder.id)) == 3
    assert ask(database, entries.places_of, younger.id) == []


def test_a_feed_joins_nothing(database) -> None:
    """Whoever writes a feed could else make two papers one, and one of them would be gone."""
    one, other = Identifier("doi", "10.1/a"), Identifier("doi", "10.1/b")
    keep(database, trial("a", source="pubmed", same_as=(one,), kind="work"))
    keep(database, trial("b", source="pubmed", same_as=(other,), kind="work"), now=NOW + HOUR)
    keep(database, trial("f", source="blog", same_as=(one, other)), now=NOW + DAY, rules=Rules(whole=True))

    assert ask(database, entries.ended) == []
    assert len(ask(database, entries.newest)) == 2


def test_two_trials_of_one_register_stay_two(database) -> None:
    """An extension that names the number of its parent elsewhere is recognised as itself, and never joined."""
    euro = Identifier("eudract", "2015-000001-10")
    (parent,) = keep(database, trial("NCT1", same_as=(Identifier("nct", "NCT00000001"), euro)))
    (child,) = keep(database, trial("NCT2", same_as=(Identifier("nct", "NCT00000002"), euro)), now=NOW + HOUR)
    (again,) = keep(database, trial("NCT2", same_as=(Identifier("nct", "NCT00000002"), euro)), now=NOW + DAY)

    assert parent.id != child.id == again.id
    assert ask(database, entries.ended) == []


def test_whoever_was_sent_the_younger_was_sent_the_elder(database) -> None:
    """Nobody is sent an entry twice because it had two names."""
    one, other = Identifier("doi", "10.1/a"), Identifier("doi", "10.1/b")
    (elder,) = keep(database, trial("a", source="x", same_as=(one,)))
    (younger,) = keep(database, trial("b", source="y", same_as=(other,)), now=NOW + HOUR)
    with database.writing() as connection:
        connection.execute(
            issues.insert().values(
                id=1, digest="w", number=1, state="sent", cut_off=NOW, due_at=NOW, not_later_than=NOW, subject="s",
                sections=[], approvals=[], hash="h",
            )
        )  # fmt: skip
        connection.execute(selections.insert().values(id=7, issue=1, hash="h"))
        connection.execute(selection_entries.insert().values(selection=7, entry=younger.id))
        connection.execute(
            delivery_table.insert().values(
                issue=1, subscriber="s1", position=1, due_at=NOW, selection=7, variant="v", state="accepted", attempts=1
            )
        )
    keep(database, trial("b", source="y", same_as=(other, one)), now=NOW + DAY)
    people = {"first": "s0", "last": "s9", "entries": [elder.id], "but_issue": 2}

    assert ask(database, merging.same_things, [elder.id]) == dict.fromkeys([younger.id, elder.id], (elder.id,))
    assert ask(database, merging.same_things, [younger.id]) == dict.fromkeys([younger.id, elder.id], (younger.id,))
    assert ask(database, deliveries.already_sent, **people | {"entries": [younger.id]}) == {"s1": {younger.id}}
    assert ask(database, deliveries.already_sent, **people) == {"s1": {elder.id}}
    assert ask(database, deliveries.any_sent, entries=[elder.id], but_issue=2)

    # An issue that was composed before the two were joined still holds both.
    both = [elder.id, younger.id]
    assert ask(database, merging.same_things, both) == dict.fromkeys(both, tuple(both))
    assert ask(database, deliveries.already_sent, **people | {"entries": both}) == {"s1": set(both)}
    assert ask(database, deliveries.told_of, first="s0", last="s9", entries=both) == {"s1": dict.fromkeys(both, NOW)}


# ------------------------------------------------------------------------------------------------- whose words count

DOI = Identifier("doi", "10.5555/a")


def show(database, entry, *, feed, owned, now):
    """Keep ``entry`` as a feed or a service showed it; a feed's names are what anybody may write."""
    told = "told:" if feed else ""
    marks = (
        *(f"{told}{name.scheme}:{name.value}" for name in entry.same_as),
        f"link:{entry.url.removeprefix('https://')}",
    )
    with database.writing() as connection:
        found = [Found(entry=entry, shown=entry.text, marks=marks, owned=owned)]
        (kept,) = keeping.keep(connection, found, source=entry.source, gone=(), now=now, rules=Rules(whole=feed))
    return kept


def paper(key, source, **more):
    words = {"title": "A trial of a drug in early MS", "text": "It slowed disability in one of three people."}
    return trial(key, source=source, same_as=(DOI,), **({"kind": "work"} | words | more))


@pytest.mark.parametrize("feed_first", [True, False])
def test_a_feed_that_names_a_paper_is_not_the_paper(database, feed_first) -> None:
    """A post about a paper stays a post of its own, and nobody's post keeps the paper from being told."""
    post = {
        "title": "What we think of this week's news",
        "text": "Nine thoughts about quite different things.",
        "kind": "post",
    }
    told = [(paper("p", "blog", **post), True), (paper("m", "pubmed"), False)]
    first, second = (
        show(database, entry, feed=feed, owned=not feed, now=NOW + number * HOUR)
        for number, (entry, feed) in enumerate(told if feed_first else told[::-1])
    )

    assert first.id != second.id
    assert (first.change, second.change) == ("new", "new")


def test_a_feed_that_tells_a_paper_in_its_words_is_the_paper(database) -> None:
    """The table of contents of a journal tells the same paper that the index tells later."""
    first = show(database, paper("p", "journal"), feed=True, owned=True, now=NOW)
    second = show(database, paper("m", "pubmed"), feed=False, owned=True, now=NOW + HOUR)

    assert (second.id, second.change) == (first.id, None)
    assert ask(database, entries.get, first.id).source == "journal"


def test_whoever_is_at_home_takes_over_from_whoever_links(database) -> None:
    """A feed that gives another site's link with words of its own has them until the site itself speaks."""
    link = "https://charity.example/news"
    other = {"url": link, "title": "Miracle cure", "text": "Send money for it to this account.", "kind": "post"}
    own = {"url": link, "title": "Our results of 2026", "text": "What we gave to research.", "kind": "post"}
    linker = trial("p", source="links", same_as=(), **other)
    first = show(database, linker, feed=True, owned=False, now=NOW)
    second = show(database, trial("q", source="charity", same_as=(), **own), feed=True, owned=True, now=NOW + HOUR)
    third = show(database, replace(linker, text="Send more."), feed=True, owned=False, now=NOW + DAY)
    now = ask(database, entries.get, first.id)

    assert (second.id, second.change, second.material) == (first.id, "edited", True)
    assert (third.id, third.change) == (first.id, None)
    assert (now.title, now.source, now.text) == (own["title"], "charity", own["text"])
    assert len(ask(database, entries.newest)) == 1


def test_a_retraction_is_told_once_by_whoever_tells_it_first(database) -> None:
    """Also by a source that never showed the paper before; another that follows is no news again."""
    retracted = fact("10.1/notice", name="retracted", change="retraction")
    show(database, paper("m", "pubmed"), feed=False, owned=True, now=NOW)
    with_notice = replace(paper("e", "epmc"), facts=(retracted,))
    second = show(database, with_notice, feed=False, owned=True, now=NOW + DAY)
    later = replace(paper("m", "pubmed"), facts=(replace(retracted, value="PMID 1"),))
    third = show(database, later, feed=False, owned=True, now=NOW + 2 * DAY)
    changes = ask(database, entries.changes_of, second.id)

    assert (second.change, second.material) == ("retraction", True)
    assert not third.material
    assert sorted((each.source, each.kind, each.material) for each in changes) == [
        ("epmc", "retraction", True),
        ("pubmed", "retraction", False),
    ]


# -------------------------------------------------------------------------------------------------------- held


def posts(prefix, dates):
    return [
        Entry(key=f"{prefix}{number}", source="blog", title=f"{prefix} {number}", url=f"https://b.example/{prefix}{number}",
              text=f"Words of {prefix} {number}.", published=date, precision="minute")
        for number, date in enumerate(dates)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ages", "rules", "held"),
    [
        ([20, 21, 22, 23, 24], Rules(since=NOW - DAY, whole=True), True),
        ([20, 21, 22, 23, 24], Rules(since=NOW - DAY, whole=True, accept=True), False),
        ([20, 21, 22, 23, 24], Rules(since=NOW - DAY, whole=False), False),
        ([20, 21, 22, 23, 24], Rules(since=None, whole=True), False),
        ([20, 21, 22], Rules(since=NOW - DAY, whole=True), False),
        ([0, 0, 0, 0, 1, 1, 1], Rules(since=NOW - 2 * DAY, whole=True), False),
    ],
    ids=["other names", "an editor looked", "a search", "the first visit", "a few", "real news after a gap"],
)
def test_old_entries_under_new_names_are_held(database, ages, rules, held) -> None:
    """Most of a feed unknown and yet older than the last visit: nothing is kept."""
    keep(database, *posts("old", [NOW - 30 * DAY]), now=NOW - 2 * DAY)
    fresh = posts("new", [NOW - age * DAY for age in ages])
    if held:
        with pytest.raises(HeldError, match="as if it had given known posts other ids"):
            keep(database, *fresh, rules=rules)
    else:
        keep(database, *fresh, rules=rules)

    assert len(ask(database, entries.newest)) == 1 + (0 if held else len(ages))


def test_what_is_held_stays_until_it_is_taken(database) -> None:
    """What was held before keeps the day when that began, also when its source shows it no more."""

    def hold(*things, now, released=()):
        with database.writing() as connection:
            sources.hold(connection, "page", things, released=released, now=now)
        return sorted((each.title, each.reason, each.since) for each in ask(database, sources.all_held))

    hold(("a", "A", "jumped"), ("b", "B", "unsure"), now=NOW)
    b, long = ("B", "unsure", NOW), ("long", "name", NOW + DAY)

    assert hold(("a", "A", "jumped more"), ("x" * 900, "long", "name"), now=NOW + DAY) == [
        ("A", "jumped more", NOW), b, long
    ]  # fmt: skip
    assert hold(now=NOW + 2 * DAY, released=["a"]) == [b, long]
    assert hold(now=NOW + 3 * DAY, released=["x" * 900, "b", "never held"]) == []


# ------------------------------------------------------------------------------------------------------- details

DETAILS = [
    {"trial": Trial(registry="ctgov", number="NCT90000013")},
    {
        "trial": Trial(
            registry="isrctn", number="ISRCTN90000013", acronym="S", status="recruiting", status_derived=True,
            phase="phase 3", study_type="interventional", enrollment=500,
            start=TrialDate(PartialDate(2026, 5), actual=False),
            completion=TrialDate(PartialDate(2027, 3, 1), actual=True),
            primary_completion=TrialDate(PartialDate(2026)), has_results=True, why_stopped="slow", sponsor="Somebody",
            conditions=("MS",), interventions=("a", "b"), countries=("GB",),
        )
    },
    {"work": Work(journal="J", volume="1", issue="2", pages="3-4", stage="preprint", types=("Review",), published_as="d")},
    {
        "event": Event(
            start=NOW, places=(LocalTime("Paris", "Europe/Paris", "2026-11-20T13:00"),),
            speakers=(Speaker("A. Speaker", "GB"), Speaker("B")), join="https://j.example", recording="https://r.example",
        )
    },
    {"figure": Figure(name="people", number=52_000.0, unit="people", as_of=PartialDate(2026, 5))},
    {"facts": (fact("a"), fact("b", "c", change="label", material=False))},
]  # fmt: skip


@pytest.mark.parametrize("details", DETAILS)
def test_details_come_back_as_they_were(details) -> None:
    """Whatever is known because of an entry's kind goes through its record."""
    entry = Entry(key="k", source="s", title="t", url="https://x.example", **details)

    assert from_record(to_record(entry), id="", revision=0, first_seen=None) == entry


def test_doubts_are_not_kept() -> None:
    """They are decided anew at every visit."""
    entry = Entry(key="k", source="s", title="t", url="https://x.example", doubts=("odd",))

    assert from_record(to_record(entry), id="", revision=0, first_seen=None).doubts == ()
