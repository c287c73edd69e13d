"""All of the field's real sources in one configuration: exactly what is there is found, and exactly what changes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

import pytest
from tests import world as worlds

from msdigest.model.clock import FixedClock
from msdigest.store import entries as entry_store

pytestmark = pytest.mark.skipif(not worlds.HERE, reason="the world is not beside this repository")
# First versions, and the days between which everything changed: each source has its own.
DAYS = ("2020-06-01", "2025-12-05", "2026-03-15", "2026-05-10", "2026-06-05", "2026-07-01", "2026-11-20")
# Of the names by which expected.json calls the fields of registers, the ones by which facts are called.
FIELDS = {
    "primaryCompletionDateStruct": "primaryCompletionDate",
    "primaryCompletionDateStruct.date": "primaryCompletionDate",
    "completionDateStruct": "completionDate",
    "completionDateStruct.date": "completionDate",
    "startDateStruct": "startDate",
    "enrollmentInfo.count": "enrollment",
    "resultsFirstPostDateStruct": "resultsFirstPostDate",
}


@pytest.fixture(scope="module")
def expected():
    return json.loads((worlds.WORLD / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world():
    with worlds.running() as running:
        yield running


@pytest.fixture(scope="module")
def told(world, tmp_path_factory):
    """Collect everything day by day, twice each day; return reports, entries by source and key, and changes."""
    clock = FixedClock(worlds.LATE)
    rounds = []
    with worlds.opened(world.site(tmp_path_factory.mktemp("site")), clock, patience=worlds.Patience(world)) as app:
        for day in DAYS:
            world.do(as_of=day)
            clock.instant = datetime.fromisoformat(day + "T20:05:00+00:00")
            rounds.append((app.collect(), app.collect()))
        entries = worlds.shown(app)
        by_place: dict[str, dict[str, entry_store.Entry]] = {}
        with app.database.reading() as connection:
            for entry in entries:
                for place in entry_store.places_of(connection, entry.id):
                    by_place.setdefault(place.source, {})[place.key] = entry
        yield {"rounds": rounds, "entries": entries, "by_place": by_place, "changes": worlds.changes(app),
               "summary": world.summary()}  # fmt: skip


def test_every_source_is_read_and_a_second_round_brings_nothing(told) -> None:
    """No failure on any day; asked again at once, 0 entries are new and 0 are changed."""
    for day, (first, second) in zip(DAYS, told["rounds"], strict=True):
        failed = {report.id for report in (*first, *second) if report.failed}
        # In 2020 the world has no label of any medicine, which the interface tells as 404.
        assert failed == ({"openfda-labels"} if day == DAYS[0] else set())
        assert [(report.id, report.new, report.changed) for report in second if report.new or report.changed] == []


def test_no_webmaster_has_to_complain(told) -> None:
    """The world saw no impolite request."""
    assert told["summary"]["violations"] == []


@pytest.mark.parametrize(("source", "blog"), [("ms-blog", "ms-blog"), ("iwims-posts", "iwims")])
def test_posts_are_what_they_are(told, expected, world, source, blog) -> None:
    """Every post with its author, date, categories, disclosures and comments; recordings with their file."""
    found = {key.rpartition("?p=")[2]: entry for key, entry in told["by_place"][source].items()}

    assert set(found) == {str(post["id"]) for post in expected["posts"][blog]}
    for post in expected["posts"][blog]:
        entry = found[str(post["id"])]
        facts = {fact.name: fact.value for fact in entry.facts}
        assert (entry.title, entry.authors) == (post["title"], (post["author"],))
        assert entry.published == datetime.fromisoformat(post["published"])
        assert entry.url == world.bases[blog] + post["path"]
        assert set(entry.categories) == set(post["categories"])
        assert (entry.coi, entry.disclaimer) == (post["coi"], post["disclaimer"])
        assert (facts["comments"], facts["authorReplies"]) == (str(post["comments"]), str(post["author_replies"]))
        file = post.get("enclosure")
        assert entry.kind == ("recording" if file else "post")
        if file:
            minutes, seconds = map(int, file["duration"].split(":"))
            (enclosure,) = entry.enclosures
            assert (enclosure.length, enclosure.type, enclosure.duration) == (
                file["length"], file["type"], 60 * minutes + seconds,
            )  # fmt: skip
            assert enclosure.url == world.bases[blog] + file["path"]


def test_no_commenter_is_carried_on(told) -> None:
    """Neither names nor stories: what only comments say stands nowhere."""
    everything = " ".join(f"{entry.title} {entry.text} {entry.authors}" for entry in told["entries"])

    for words in ("Leave a Reply", "pregnant", "says:", "Akismet", "thoughts on"):
        assert words not in everything


def test_identifiers_of_posts_and_pages_are_found(told, expected) -> None:
    """Every number of a work or trial that a post prints, and no other."""
    named: dict[str, set[tuple[str, str]]] = {}
    page = {entry.id for entry in told["by_place"]["iwims-covid"].values()}
    for entry in told["entries"]:
        slug = "iwims-ms-and-covid-19" if entry.id in page else entry.url.rstrip("/").rsplit("/", 1)[-1]
        named.setdefault(slug, set()).update((each.scheme, each.value) for each in entry.identifiers)
    for slug, wanted in expected["identifiers"].items():
        numbers = {("doi", doi) for doi in wanted.get("dois", ())}
        numbers |= {("nct", number) for number in wanted.get("nct", ())}
        numbers |= {("isrctn", number) for number in wanted.get("isrctn", ())}
        numbers |= {("ctis", number) for number in wanted.get("ctis", ())}
        numbers |= {("pmid", number) for number in wanted.get("pmids", ())}
        assert named[slug] == numbers, slug


def test_the_living_page_has_its_entries_and_its_call(told, expected) -> None:
    """36 entries; the call is one event at one instant, with the twelve cities that were told."""
    entries = list(told["by_place"]["iwims-covid"].values())
    events = [entry for entry in entries if entry.event is not None]
    call = expected["call"]

    assert len(entries) == expected["living_page"]["items"]["all"]
    assert [(event.kind, event.event.start) for event in events] == [("event", datetime.fromisoformat(call["instant"]))]
    assert [(place.city, place.zone, place.local) for place in events[0].event.places] == [
        (city["city"], city["zone"], city["local"]) for city in call["cities"]
    ]


def test_the_registers_give_the_trials(told, expected) -> None:
    """Those that the search finds; one trial that three registers know is one entry seen in three places."""
    places = told["by_place"]
    not_found = expected["trials"]["not_found"]
    one = next(entry for key, entry in places["ctgov-ms"].items() if key == "NCT90000013")

    assert len(places["ctgov-ms"]) == expected["trials"]["total"]
    assert set(expected["trials"]["not_about_ms_but_found"]) <= set(places["ctgov-ms"])
    assert not set(not_found) & set(places["ctgov-ms"])
    assert {entry.kind for source in ("ctgov-ms", "isrctn-ms", "ctis-ms") for entry in places[source].values()} == {
        "trial"
    }
    for source in ("isrctn-ms", "ctis-ms"):
        assert one.id in {entry.id for entry in places[source].values()}


def trial_changes(expected):
    for trial in expected["trials"]["changes"]:
        for change in trial["changes"]:
            yield trial["nct"], FIELDS.get(change["field"], change["field"]), change["before"], change["after"]


def shown_as(value):
    """Return what a fact says for a value of expected.json."""
    if value is None or isinstance(value, bool):
        return {None: None, True: "yes", False: "no"}[value]
    if isinstance(value, dict):
        return f"{value['date']} ({value['type'].lower()})"
    return str(value).lower().replace("_", " ") if str(value).isupper() else str(value)


def test_exactly_the_listed_changes_of_trials_are_made(told, expected) -> None:
    """Each with before and after; a record that was only indexed anew makes none."""
    by_entry = {entry.id: key for key, entry in told["by_place"]["ctgov-ms"].items()}
    made = sorted(
        (by_entry[each.entry], each.name, each.before, each.after)
        for each in told["changes"]
        if each.source == "ctgov-ms"
    )
    wanted = sorted(
        (nct, name, shown_as(before), shown_as(after)) for nct, name, before, after in trial_changes(expected)
    )

    assert [row[:2] for row in made] == [row[:2] for row in wanted]
    for (*_, before, after), (*_, was, now) in zip(made, wanted, strict=True):
        # Where only the date differs, expected.json does not repeat whether it is an estimate.
        assert (before or "").startswith(was or "")
        assert (after or "").startswith(now or "")


def test_exactly_the_listed_changes_of_the_other_registers_are_made(told, expected) -> None:
    """ISRCTN's date; CTIS's states, which come with the start date that the same version brings."""
    made = Counter((each.source, each.name) for each in told["changes"] if each.source in {"isrctn-ms", "ctis-ms"})
    (date,) = [each for each in told["changes"] if (each.source, each.name) == ("isrctn-ms", "recruitmentStart")]
    wanted = expected["trials"]["isrctn_changes"][0]

    assert (date.before, date.after, date.material) == (wanted["before"], wanted["after"], True)
    # ISRCTN tells no status: it follows from the dates, and a planned day that passes is no news.
    assert made == {
        ("isrctn-ms", "recruitmentStart"): 1, ("isrctn-ms", "status"): 1,
        ("ctis-ms", "ctPublicStatusCode"): 2, ("ctis-ms", "ctStatus"): 2, ("ctis-ms", "startDateEU"): 1,
    }  # fmt: skip
    assert not [each for each in told["changes"] if each.name == "status" and each.material]


def test_works_are_followed_on_their_way(told, expected) -> None:
    """Retracted, corrected, in its final issue; a preprint and its paper are one entry."""
    made = {(each.kind, each.after) for each in told["changes"] if each.source in {"pubmed-ms", "epmc-preprints"}}
    listed = {each["kind"]: each for each in expected["literature"]["stage_1_to_2"]}
    preprint, paper = listed["published-as"]["doi"], listed["published-as"]["published"]
    names = {each.value for entry in told["entries"] for each in entry.same_as if each.scheme == "doi"}
    one = [entry for entry in told["entries"] if preprint in {each.value for each in entry.same_as}]

    assert {
        ("retraction", listed["retraction"]["notice"]),
        ("correction", listed["correction"]["notice"]),
        ("published-as", paper),
        ("final-issue", "final"),
    } <= made
    assert not names & set(expected["literature"]["not_about_ms"])
    assert len(one) == 1
    assert {"epmc-preprints", "pubmed-ms"} == {
        source for source, there in told["by_place"].items() if one[0].id in {entry.id for entry in there.values()}
    }
    review = next(
        entry for entry in told["entries"]
        if expected["literature"]["systematic_review"][0] in {each.value for each in entry.same_as}
    )  # fmt: skip
    assert review.evidence == "systematic-review"


def test_safety_notices_that_matter_are_found_and_no_others(told, expected) -> None:
    """Medicines of MS in, everything else out: the iris of the eye is no IRIS."""
    sources = ("ema-dhpc", "ema-medicines", "ema-shortages", "mhra-dsu", "fda-medwatch", "openfda-labels", "ema-news")
    found = [entry for source in sources for entry in told["by_place"].get(source, {}).values()]
    words = " ".join(f"{entry.title} {entry.url}" for entry in found).casefold()
    made = {(each.source, each.name): (each.before, each.after) for each in told["changes"] if each.source in sources}

    for notice in expected["safety"]["relevant"]:
        assert notice["name"].casefold() in words, notice
    for notice in expected["safety"]["irrelevant"]:
        assert notice["name"].casefold() not in words, notice
    assert set(made) == {
        ("ema-shortages", "supply_shortage_status"), ("mhra-dsu", "withdrawn_notice"),
        ("openfda-labels", "version"), ("openfda-labels", "effective_time"), ("openfda-labels", "recent_major_changes"),
    }  # fmt: skip
    assert made["ema-shortages", "supply_shortage_status"] == ("Ongoing", "Resolved")
    assert made["openfda-labels", "version"] == ("17", "18")
    assert made["mhra-dsu", "withdrawn_notice"][0] is None


def test_a_date_in_2099_is_flagged_and_sorts_nothing_first(told) -> None:
    """The label that names it is kept without it, and the editor is told."""
    future = next(entry for entry in told["entries"] if "EXAMPLE FUMARATE" in entry.title.upper())
    warnings = [warning for first, _ in told["rounds"] for report in first for warning in report.warnings]

    assert future.published is None
    assert any("20991231" in warning for warning in warnings)
    assert told["entries"][0].id != future.id
