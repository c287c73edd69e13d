"""Composing: what is new, in which sections, how much of it fits, and who may still change it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from msdigest.errors import NotCompilableError, RefusedError, TemplateError
from msdigest.lint.finding import Finding
from msdigest.model.clock import Cadence
from msdigest.model.compiled import Choice, Variant
from msdigest.model.entry import Entry, Fact
from msdigest.model.issue import Digest, Edits, Section
from msdigest.model.subscriber import Subscriber
from msdigest.render.email import check_compiled, compile_issue
from msdigest.render.fitting import SIZE_LIMIT, html_size, weigh
from msdigest.render.program import decode, encode
from msdigest.render.template import Templates, stock_templates
from msdigest.steps.composing import checking, whole
from msdigest.steps.composing.checking import add_variants, check_templates
from msdigest.steps.composing.composing import compose, compose_due
from msdigest.steps.composing.editing import approve, edit, moved, with_intro, with_note
from msdigest.steps.composing.overruling import override, refuse_unless_sound
from msdigest.steps.composing.whole import Imprint
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store import keeping, variants

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DIGEST = Digest(
    id="weekly",
    title="MS Research Digest",
    cadence=Cadence.parse("weekly mon 07:00", "Europe/London"),
    sections=(Section(title="Safety", kinds=("safety",)), Section(title="From the blogs", kinds=("post",))),
)
IMPRINT = Imprint(
    site_title="A charity",
    site_url="https://digest.example.org",
    postal_address="1 Example Street, London",
    source_names={"blog": "The Blog"},
    topic_names={"pml": "PML"},
)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def entry(number, *, published=NOW - DAY, kind="post", text="A sentence about a study. Another one.", **words):
    values = {"url": f"https://blog.example/{number}/", "key": f"key-{number}", **words}
    return Entry(
        source="blog", title=f"Entry {number}", kind=kind, text=text, published=published,
        precision=published and "day", **values,
    )  # fmt: skip


class Desk:
    """A database, a clock, templates, and the editor's moves."""

    def __init__(self, database, clock, templates, vault):
        self.database, self.clock, self.templates, self.vault = database, clock, templates, vault

    def keep(self, *entries):
        """Let the blog show ``entries`` now; return their ids."""
        found = [keeping.Found(entry=each, shown=each.text, marks=()) for each in entries]
        with self.database.writing() as connection:
            kept = keeping.keep(connection, found, source="blog", gone=(), now=self.clock.now())
        return [each.id for each in kept]

    def compose(self, digest=DIGEST, **words):
        return compose(
            self.database, self.clock, digest=digest, imprint=IMPRINT, templates=self.templates, vault=self.vault, **words
        )  # fmt: skip

    def edit(self, issue, edits):
        edit(
            self.database, issue=issue, edits=edits, digest=DIGEST, imprint=IMPRINT, templates=self.templates, vault=self.vault
        )  # fmt: skip
        return self.get(issue.id)

    def titles(self, issue):
        with self.database.reading() as connection:
            entries = entry_store.get_many(connection, issue.entries)
        return [entries[each].title for each in issue.entries]

    def get(self, issue_id):
        with self.database.reading() as connection:
            return issue_store.get(connection, issue_id)

    def all(self):
        with self.database.reading() as connection:
            return issue_store.find(connection)

    def bodies(self, issue):
        with self.database.reading() as connection:
            return issue_store.programs_of(connection, issue.id)

    def carried(self, issue):
        with self.database.reading() as connection:
            return issue_store.revisions_in(connection, issue.id)

    def move(self, issue, state):
        """Let the issue be in ``state``, whatever it was."""
        states = ("draft", "approved", "sending", "sent", "held", "cancelled")
        with self.database.writing() as connection:
            assert issue_store.set_state(connection, issue.id, state, only_from=states)


@pytest.fixture(scope="module")
def templates():
    return Templates([stock_templates()])


@pytest.fixture
def desk(database, clock, templates, vault):
    return Desk(database, clock, templates, vault)


# ----------------------------------------------------------------------------------------------- what is a candidate


@pytest.mark.parametrize(
    ("cadence", "age", "there"),
    [
        ("weekly mon 07:00", timedelta(days=6, hours=23), True),
        ("weekly mon 07:00", timedelta(days=7), False),
        ("weekly mon,thu 07:00", timedelta(days=3, hours=11), True),
        ("weekly mon,thu 07:00", timedelta(days=3, hours=13), False),
        ("daily 07:00", timedelta(hours=23), True),
        ("daily 07:00", timedelta(hours=25), False),
        ("monthly 1 07:00", timedelta(days=29), True),
        ("monthly 1 07:00", timedelta(days=32), False),
    ],
)
@only_sqlite
def test_the_first_issue_takes_what_is_as_recent_as_one_cadence(desk, cadence, age, there) -> None:
    """Everything was first seen just now; an entry's own date decides, so that nobody is mailed a blog's old posts."""
    desk.keep(entry(1, published=NOW - age))
    issue = desk.compose(replace(DIGEST, cadence=Cadence.parse(cadence, "Europe/London")))

    assert (issue is not None) == there


@only_sqlite
def test_without_a_date_the_first_sight_counts_in_the_first_issue(desk) -> None:
    """An undated entry is as old as we know it."""
    desk.keep(entry(1, published=None))
    desk.clock.advance(8 * DAY)
    desk.keep(entry(2, published=None), entry(3, published=desk.clock.now() - 9 * DAY))
    issue = desk.compose()

    assert desk.titles(issue) == ["Entry 2"]


def test_a_later_issue_takes_what_was_first_seen_since(desk) -> None:
    """From one cut-off to the next: an older post that was met later is in, one that was met before is not."""
    desk.keep(entry(1))
    first = desk.compose()
    desk.move(first, "sent")
    desk.clock.advance(7 * DAY)
    desk.keep(entry(2, published=NOW - 20 * DAY), entry(3, published=None))
    second = desk.compose()

    assert sorted(desk.titles(second)) == ["Entry 2", "Entry 3"]
    assert (first.number, second.number) == (1, 2)
    assert second.cut_off == NOW + 7 * DAY


@pytest.mark.parametrize(
    ("age", "max_age", "there"),
    [(29, 30, True), (31, 30, False), (31, 40, True), (8, 7, False), (400, 30, False)],
)
@only_sqlite
def test_what_is_older_than_max_age_is_not_mailed(desk, age, max_age, there) -> None:
    """However new it is to us."""
    desk.keep(entry(1))
    desk.move(desk.compose(), "sent")
    desk.clock.advance(DAY)
    desk.keep(entry(2, published=desk.clock.now() - age * DAY))
    issue = desk.compose(replace(DIGEST, max_age=max_age * DAY))

    assert (issue is not None) == there


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({"text": "Quite other words than before, every one of them."}, True),
        ({"published": NOW + 5 * DAY}, True),
        ({"text": "A sentence about a study! Another one."}, False),
        ({"section": ("Elsewhere",)}, False),
        ({}, False),
    ],
    ids=["reworded", "dated anew", "a comma", "moved", "the same"],
)
@only_sqlite
def test_a_material_change_is_a_candidate_again(desk, change, there) -> None:
    """What readers of the old text should know is news; a corrected comma or another heading is not."""
    desk.keep(entry(1))
    desk.move(desk.compose(), "sent")
    desk.clock.advance(7 * DAY)
    desk.keep(replace(entry(1), **change))
    issue = desk.compose()

    assert (issue is not None) == there
    if there:
        assert list(desk.carried(issue).values()) == [2]


@pytest.mark.parametrize(
    ("state", "again"),
    [("approved", None), ("sending", False), ("sent", False), ("held", False), ("cancelled", True), ("draft", True)],
)
@only_sqlite
def test_which_issues_speak_for_their_entries(desk, state, again) -> None:
    """What was sent, is being sent or held is not in the next issue; what was cancelled is."""
    desk.keep(entry(1))
    desk.move(desk.compose(), state)
    desk.clock.advance(HOUR)
    if again is None:
        with pytest.raises(RefusedError, match="approved and not sent yet"):
            desk.compose()
        return

    assert (desk.compose() is not None) == again


def test_what_only_a_cancelled_issue_carries_is_not_lost(desk) -> None:
    """Held, passed over by a later issue and cancelled: its entries come with the next, unless they are too old."""
    desk.keep(entry(0))
    desk.move(desk.compose(), "sent")
    desk.clock.advance(DAY)
    desk.keep(entry(1), entry(2, published=NOW - 27 * DAY))
    held = desk.compose()
    desk.move(held, "held")
    desk.clock.advance(DAY)
    desk.keep(entry(3))
    later = desk.compose()
    desk.move(later, "sent")
    desk.move(held, "cancelled")
    desk.clock.advance(2 * DAY)
    desk.keep(entry(4))
    last = desk.compose()
    other = desk.compose(replace(DIGEST, id="other"))
    desk.move(last, "sent")
    desk.clock.advance(HOUR)

    assert (desk.titles(later), sorted(desk.titles(last))) == (["Entry 3"], ["Entry 1", "Entry 4"])
    assert "Entry 2" not in desk.titles(other)
    assert desk.compose() is None


def test_what_is_kept_while_an_issue_is_composed_comes_with_the_next(desk) -> None:
    """Its visit told the time before the cut-off, and was kept after it."""
    desk.keep(entry(1))
    early = desk.clock.now()
    desk.clock.advance(HOUR)
    first = desk.compose()
    desk.clock.instant = early
    desk.keep(entry(2))
    desk.clock.instant = first.cut_off + DAY
    desk.move(first, "sent")

    assert desk.titles(desk.compose()) == ["Entry 2"]


@only_sqlite
def test_digests_count_for_themselves(desk) -> None:
    """Another digest's first issue looks back by its own cadence, and its approved issue stops only itself."""
    other = replace(DIGEST, id="daily", cadence=Cadence.parse("daily 07:00", "Europe/London"))
    desk.keep(entry(1, published=NOW - 2 * DAY), entry(2, published=NOW - HOUR))
    weekly, daily = desk.compose(), desk.compose(other)
    desk.move(weekly, "approved")

    assert (desk.titles(weekly), desk.titles(daily)) == (["Entry 2", "Entry 1"], ["Entry 2"])
    assert (weekly.number, daily.number) == (1, 1)
    assert desk.compose(other).id == daily.id


@only_sqlite
def test_nothing_new_is_no_issue(desk) -> None:
    """None, and nothing is left behind; the next issue has the number that this one would have had."""
    nothing = desk.compose()
    desk.keep(entry(1, published=NOW - 100 * DAY))
    too_old = desk.compose()
    made = desk.all()
    desk.keep(entry(2))

    assert (nothing, too_old, made) == (None, None, [])
    assert desk.compose().number == 1


@only_sqlite
def test_sections_in_their_order(desk) -> None:
    """First match wins, the rest goes last, newest first; what is empty is left out."""
    desk.keep(
        entry(1, kind="note"),
        entry(2, published=NOW - 3 * DAY),
        entry(3, published=NOW - 2 * DAY),
        entry(4, kind="event"),
    )
    issue = desk.compose()

    assert [title for title, _ in issue.sections] == ["From the blogs", "Also new"]
    assert desk.titles(issue)[:2] == ["Entry 3", "Entry 2"]
    assert sorted(desk.titles(issue)[2:]) == ["Entry 1", "Entry 4"]


# ----------------------------------------------------------------------------------------------- composing once more


def test_composing_again_replaces_the_draft_in_place(desk) -> None:
    """The id and the number stay; words, entries, bodies, cut-off and hash are the new ones, approvals are gone."""
    (first_id,) = desk.keep(entry(1))
    first = desk.compose(replace(DIGEST, approval=2))
    approve(desk.database, issue=first, required=2, name="Ada")
    before = desk.bodies(first)
    desk.clock.advance(HOUR)
    (second_id,) = desk.keep(entry(2))
    second = desk.compose(replace(DIGEST, approval=2))

    assert (second.id, second.number, second.state) == (first.id, first.number, "draft")
    assert set(second.entries) == {first_id, second_id}
    assert second.hash != first.hash
    assert second.cut_off == NOW + HOUR
    assert desk.all() == [second]
    assert desk.get(second.id).approvals == ()
    assert desk.carried(second) == {first_id: 1, second_id: 1}
    assert desk.bodies(second).keys() == before.keys()
    assert all(desk.bodies(second)[variant] != body for variant, body in before.items())


@only_sqlite
def test_the_hash_changes_with_what_is_sent_and_with_nothing_else(desk) -> None:
    """The same words again: the same hash. One word, one section's title, one date: another."""
    desk.keep(entry(1))
    hashes = [desk.compose().hash, desk.compose().hash]
    desk.clock.advance(HOUR)
    hashes.append(desk.compose().hash)
    same = set(hashes)
    desk.keep(entry(1, text="A sentence about the study. Another one."))
    hashes.append(desk.compose().hash)
    hashes.append(desk.compose(replace(DIGEST, sections=(Section(title="Blogs"),))).hash)
    hashes.append(desk.compose(replace(DIGEST, title="Other Digest")).hash)
    desk.clock.advance(DAY)
    hashes.append(desk.compose().hash)

    assert len(same) == 1
    assert len(set(hashes)) == 5


@only_sqlite
def test_stored_bodies_are_what_encoding_them_again_gives(desk) -> None:
    """Each variant's program is kept to the byte; decoding loses nothing."""
    desk.keep(*(entry(number, topics=("pml",), coi="COI: none.") for number in range(5)))
    issue = desk.compose()
    stored = desk.bodies(issue)

    assert set(stored) == {"en.standard"}
    for body in stored.values():
        assert encode(decode(body)) == body
        assert tuple(decode(body).titles) == issue.entries


# --------------------------------------------------------------------------------------------------- how much fits


@only_sqlite
def test_an_issue_carries_no_more_than_can_be_compiled(desk, monkeypatch) -> None:
    """What matters most is carried; nobody's message comes near that number."""
    monkeypatch.setattr(whole, "MOST_CARRIED", 5)
    ids = desk.keep(*(entry(number, published=NOW - number * HOUR) for number in range(8)))
    issue = desk.compose()

    assert list(issue.entries) == ids[:5]
    assert set(desk.carried(issue)) == set(ids[:5])


@only_sqlite
def test_an_issue_is_never_longer_than_a_mail_may_be(desk) -> None:
    """A hundred long entries: the largest message stays below the limit in every variant, and says what is left."""
    long = {"text": "ä word " * 80, "coi": "COI: fees " * 60, "disclaimer": "Disclaimer: own views " * 30}
    ids = desk.keep(*(entry(number, published=NOW - number * HOUR, **long) for number in range(100)))
    issue = desk.compose()
    compiled = [decode(body) for body in desk.bodies(issue).values()]
    largest = weigh(compiled).fitting(Choice(issue.entries), compiled[0].ranking, most=100)
    sizes = [html_size(one, largest) for one in compiled]

    assert set(issue.entries) == set(ids)
    assert 5 < len(largest.entries) < 100
    assert largest.entries == issue.entries[: len(largest.entries)]
    assert largest.more == 100 - len(largest.entries)
    assert max(sizes) <= SIZE_LIMIT == 95_000
    assert max(sizes) > 0.9 * SIZE_LIMIT


# ---------------------------------------------------------------------------------------------------- what was edited


@only_sqlite
def test_composing_again_keeps_what_an_editor_changed(desk) -> None:
    """Hidden stays hidden, pinned stays first, words stay; what came since is there too."""
    first, second, third = desk.keep(*(entry(number, published=NOW - number * HOUR) for number in range(1, 4)))
    issue = desk.compose()
    edited = desk.edit(issue, Edits(intro="Dear *all*", hidden=(first,), pinned=(third,), notes={second: "Read it."}))
    (late,) = desk.keep(entry(9, published=NOW - HOUR / 2))
    again = desk.compose()

    assert edited.entries == (third, second)
    assert again.entries == (third, late, second)
    assert again.edits == edited.edits
    assert again.hash != edited.hash != issue.hash
    assert "Dear " in str(decode(desk.bodies(again)["en.standard"]).html.nodes)


@only_sqlite
def test_an_edit_looks_at_what_the_draft_has(desk) -> None:
    """Neither what came since nor newer words: what is looked at does not change under an editor's hands."""
    first, second = desk.keep(entry(1), entry(2, published=NOW - 2 * DAY))
    issue = desk.compose()
    desk.clock.advance(HOUR)
    desk.keep(replace(entry(1), text="Quite other words, every one of them new."), entry(3))
    edited = desk.edit(issue, Edits(pinned=(second,)))

    assert edited.entries == (second, first)
    assert edited.cut_off == issue.cut_off
    assert desk.carried(edited) == desk.carried(issue)
    assert "Quite other words" not in str(desk.bodies(edited))


@only_sqlite
def test_hidden_entries_come_back_when_they_are_shown(desk) -> None:
    """They are kept with the draft; with all of them hidden there is no issue."""
    first, second = desk.keep(entry(1), entry(2, published=NOW - 2 * DAY))
    issue = desk.edit(desk.compose(), Edits(hidden=(first,)))

    with pytest.raises(RefusedError, match="nothing would be left"):
        desk.edit(issue, Edits(hidden=(first, second)))
    assert desk.edit(issue, moved(issue, "show", first)).entries == (first, second)


@only_sqlite
def test_an_edit_voids_approvals_and_needs_a_draft(desk) -> None:
    """Who approved has not seen it; what is approved is not edited any more; two editors do not overwrite each other."""
    (first,) = desk.keep(entry(1))
    half = approve(desk.database, issue=desk.compose(), required=2, name="Ada")
    edited = desk.edit(half, Edits(intro="Hello"))

    assert edited.approvals == ()
    with pytest.raises(RefusedError, match="changed in the meantime"):
        desk.edit(half, Edits(intro="Another"))
    approved = approve(desk.database, issue=edited, required=0)
    with pytest.raises(RefusedError, match="is approved: only a draft can be edited"):
        desk.edit(approved, Edits(notes={first: "Too late"}))


@pytest.mark.parametrize(
    ("move", "entry_", "order"),
    [
        ("up", "c", "acbd"),
        ("up", "a", "abcd"),
        ("down", "a", "bacd"),
        ("down", "d", "abcd"),
        ("first", "d", "dabc"),
        ("last", "a", "bcda"),
        ("pin", "c", "cabd"),
        ("hide", "b", "acd"),
    ],
)
@only_sqlite
def test_an_entry_is_moved(desk, move, entry_, order) -> None:
    """Within its section, by one place or to an end."""
    names = dict(
        zip("abcd", desk.keep(*(entry(number, published=NOW - number * HOUR) for number in range(1, 5))), strict=True)
    )
    issue = desk.compose()
    edited = desk.edit(issue, moved(issue, move, names[entry_]))

    assert [name for each in edited.entries for name, one in names.items() if one == each] == list(order)


@pytest.mark.parametrize("move", ["up", "pin", "hide", "show"])
@only_sqlite
def test_only_what_is_there_is_moved(desk, move) -> None:
    """An id of another issue is refused by name."""
    desk.keep(entry(1))
    issue = desk.compose()

    with pytest.raises(RefusedError, match="has no entry 'nothing'"):
        moved(issue, move, "nothing")
    with pytest.raises(RefusedError, match="has no entry 'nothing'"):
        with_note(issue, "nothing", "x")


@only_sqlite
def test_unpinning_and_notes(desk) -> None:
    """Each can be taken back; what is too long is refused with a number."""
    (first,) = desk.keep(entry(1))
    issue = desk.edit(
        desk.compose(), with_note(replace(desk.compose(), edits=Edits(pinned=(first,))), first, " A \n note ")
    )

    assert issue.edits == Edits(pinned=(first,), notes={first: "A note"})
    assert moved(issue, "unpin", first).pinned == ()
    assert with_note(issue, first, "").notes == {}
    assert with_intro(issue.edits, " # Hello\n\nyou\x00 ").intro == "# Hello\n\nyou"
    with pytest.raises(RefusedError, match="5,001 characters"):
        with_intro(issue.edits, "x" * 5_001)


# ------------------------------------------------------------------------------------------------------ in which ways


@only_sqlite
def test_an_issue_is_compiled_in_the_ways_that_people_read(desk) -> None:
    """The standard one always; another once somebody chose it, and it can be added later without a change of the rest."""
    desk.keep(entry(1))
    issue = desk.compose()
    with desk.database.writing() as connection:
        variants.note(
            connection, desk.vault, [Subscriber(id="0" * 32, address="", language="de-AT", theme="large", neutral=True)]
        )
    more = desk.compose()
    before = desk.bodies(more)
    add_variants(
        desk.database, more, digest=DIGEST, imprint=IMPRINT, templates=desk.templates, vault=desk.vault,
        variants=[Variant(audience="professional")],
    )  # fmt: skip

    assert issue.id == more.id
    assert set(before) == {"en.standard", "de.large.neutral"}
    assert desk.bodies(more) == {**before, "en.standard.professional": desk.bodies(more)["en.standard.professional"]}
    assert "MS Research Digest" not in decode(before["de.large.neutral"]).subject


@only_sqlite
def test_further_ways_are_refused_after_the_words_changed(desk) -> None:
    """Who comes late would read something else than the others."""
    desk.keep(entry(1))
    issue = desk.compose()

    with pytest.raises(RefusedError, match="changed since it was composed: cancel it and compose it again"):
        add_variants(
            desk.database, issue, digest=DIGEST, imprint=replace(IMPRINT, site_title="Another"),
            templates=desk.templates, vault=desk.vault, variants=[Variant(theme="large")],
        )  # fmt: skip


@only_sqlite
def test_a_variant_is_not_added_to_what_somebody_changed(desk) -> None:
    """Whoever edits while it is compiled would find the old words in it; a cancelled issue gets none at all."""
    desk.keep(entry(1))
    issue = desk.compose()
    words = {"digest": DIGEST, "imprint": IMPRINT, "templates": desk.templates, "vault": desk.vault}
    desk.edit(issue, Edits(intro="New words"))

    with pytest.raises(RefusedError, match=r"what it is made of|changed in the meantime"):
        add_variants(desk.database, issue, **words, variants=[Variant(theme="large")])
    assert set(desk.bodies(issue)) == {"en.standard"}


@only_sqlite
def test_a_variant_that_is_added_is_part_of_the_hash_and_remembered(desk) -> None:
    """The next issue is compiled in it from the start, and looked at."""
    desk.keep(entry(1))
    issue = desk.compose()
    add_variants(
        desk.database, issue, digest=DIGEST, imprint=IMPRINT, templates=desk.templates, vault=desk.vault,
        variants=[Variant(theme="large")],
    )  # fmt: skip

    assert desk.get(issue.id).hash != issue.hash
    assert desk.compose().hash != issue.hash
    assert set(desk.bodies(issue)) == {"en.standard", "en.large"}


# ------------------------------------------------------------------------------------- what must not be lost or repeated


@only_sqlite
def test_a_month_is_not_longer_than_an_entry_lives(desk) -> None:
    """What came right after the last monthly issue is in the next one, 31 days later, whatever max_age says."""
    monthly = replace(DIGEST, cadence=Cadence.parse("monthly 1 07:00", "UTC"))
    desk.clock.instant = datetime(2026, 12, 1, 7, tzinfo=UTC)
    desk.keep(entry(1, published=desk.clock.now()))
    desk.move(desk.compose(monthly), "sent")
    desk.clock.advance(2 * HOUR)
    late = desk.keep(entry(2, published=desk.clock.now()))
    desk.clock.instant = datetime(2027, 1, 1, 7, tzinfo=UTC)

    assert list(desk.compose(monthly).entries) == late


@only_sqlite
def test_composing_again_after_cancelling_keeps_the_edits(desk) -> None:
    """What was hidden does not come back; an intro is kept for whoever reads it, not for the timetable."""
    first, second = desk.keep(entry(1), entry(2))
    issue = desk.edit(desk.compose(), Edits(intro="Words", hidden=(first,), notes={second: "A note"}))
    desk.move(issue, "cancelled")
    by_hand = desk.compose()
    desk.move(by_hand, "cancelled")
    by_itself = desk.compose(due_at=NOW)

    assert by_hand.edits == issue.edits
    assert by_hand.entries == by_itself.entries == (second,)
    assert by_itself.edits == replace(issue.edits, intro="")


@only_sqlite
def test_two_who_edit_at_once_do_not_overwrite_each_other(desk) -> None:
    """Also where the second edit would give the same bytes."""
    (only,) = desk.keep(entry(1))
    issue = desk.compose()
    desk.edit(issue, Edits(pinned=(only,)))

    with pytest.raises(RefusedError, match="changed in the meantime"):
        desk.edit(issue, Edits(intro="x"))


def test_of_real_people_nothing_is_shown_where_a_comparison_fails(templates) -> None:
    """Neither a name nor a token reaches the error, and hence the log."""
    sample = checking._sample()
    view = whole.view_of(sample, IMPRINT, Variant())
    compiled = compile_issue(templates, view, Variant())
    wrong = replace(compiled, text=replace(compiled.text, nodes=("Other words. ", *compiled.text.nodes)))
    person = {"greeting": "Hello Ada Secretname,", "leave_url": "https://x.example/t0ken", "reason": "Because."}
    person |= dict.fromkeys(compiled.meetings, "Later")

    with pytest.raises(NotCompilableError) as told:
        check_compiled(templates, view, wrong, [(Choice(view.ids), person)], real=True)
    assert "Secretname" not in str(told.value)
    assert "says" not in str(told.value)
    with pytest.raises(NotCompilableError, match="Other words"):
        check_compiled(templates, view, wrong, [(Choice(view.ids), person)])


@only_sqlite
def test_titles_are_told_in_each_language(desk) -> None:
    """As the configuration gives them; where it gives none, its own words stand."""
    desk.keep(entry(1), entry(2, kind="safety"), entry(3, kind="work"))
    digest = replace(
        DIGEST, titles={"de": "MS-Forschung"}, sections=(Section(title="Blogs", titles={"de": "Aus Blogs"}, kinds=("post",)),)
    )  # fmt: skip
    with desk.database.writing() as connection:
        variants.note(connection, desk.vault, [Subscriber(id="0" * 32, address="", language="de")])
    issue = desk.compose(digest)
    german, english = (decode(desk.bodies(issue)[one]) for one in ("de.standard", "en.standard"))

    assert [title for title, _ in issue.sections] == ["Safety", "Blogs", "Also new"]
    assert german.subject == "MS-Forschung · 20. November 2026"
    assert all(f">{title}</h2>" in str(german.html.nodes) for title in ("Sicherheit", "Aus Blogs", "Außerdem neu"))
    assert all(f">{title}</h2>" in str(english.html.nodes) for title in ("Safety", "Blogs", "Also new"))


# ---------------------------------------------------------------------------------------------------------- overruling


def _finding(check, level="error"):
    return Finding(id=check, level=level, message="It is so.", place="everywhere")


@only_sqlite
def test_an_error_is_overridden_with_a_reason_that_is_kept(desk) -> None:
    """Else it stays an error; warnings never were in the way."""
    desk.keep(entry(1))
    issue = desk.compose()
    refuse_unless_sound(issue, [_finding("img.http", "warning")])

    with pytest.raises(RefusedError, match=r"has errors \(size.clip\)"):
        refuse_unless_sound(issue, [_finding("size.clip"), _finding("size.clip")])
    found = [_finding("size.clip")]
    words = {"issue": issue, "findings": found, "check": "size.clip"}
    with pytest.raises(RefusedError, match="say why"):
        override(desk.database, desk.clock, **words, reason=" ")
    after = override(desk.database, desk.clock, **words, reason="Long,\nthis once", by="Ada")
    refuse_unless_sound(after, [_finding("size.clip")])
    assert desk.get(issue.id).overrides == after.overrides
    assert [(one.check, one.reason, one.by) for one in after.overrides] == [("size.clip", "Long, this once", "Ada")]
    assert desk.edit(after, Edits(intro="x")).overrides == after.overrides
    desk.move(issue, "sent")
    with pytest.raises(RefusedError, match="is sent: it is decided already"):
        override(desk.database, desk.clock, **{**words, "issue": desk.get(issue.id)}, reason="x")


@only_sqlite
def test_an_override_is_for_what_was_found_then(desk) -> None:
    """Another fault of the same check, or one on an issue that somebody changed, needs a reason of its own."""
    desk.keep(entry(1))
    issue = desk.compose()
    one, other = (replace(_finding("tpl.placeholder"), excerpt=told) for told in ("{{ x }}", "{{ first_name }}"))
    after = override(desk.database, desk.clock, issue=issue, findings=[one], check="tpl.placeholder", reason="A quote.")

    refuse_unless_sound(after, [one])
    with pytest.raises(RefusedError, match=r"tpl\.placeholder"):
        refuse_unless_sound(after, [one, other])
    both = override(desk.database, desk.clock, issue=issue, findings=[], check="img.http", reason="Another.")
    assert {kept.check for kept in desk.get(issue.id).overrides} == {"tpl.placeholder", "img.http"}
    assert both.hash == issue.hash
    desk.edit(issue, Edits(intro="Other words"))
    with pytest.raises(RefusedError, match="changed in the meantime"):
        override(desk.database, desk.clock, issue=issue, findings=[one], check="tpl.placeholder", reason="Stale.")


# -------------------------------------------------------------------------------------------------------- approving


@pytest.mark.parametrize(
    ("required", "names", "states"),
    [
        (0, [""], ["approved"]),
        (0, ["Ada"], ["approved"]),
        (1, ["Ada"], ["approved"]),
        (2, ["Ada", "Ben"], ["draft", "approved"]),
    ],
)
@only_sqlite
def test_an_issue_is_approved_by_as_many_as_it_needs(desk, required, names, states) -> None:
    """One after the other; what they said is kept."""
    desk.keep(entry(1))
    issue = desk.compose()
    seen = []
    for name in names:
        issue = approve(desk.database, issue=issue, required=required, name=name)
        seen.append(issue.state)

    assert seen == states
    assert desk.get(issue.id) == issue
    assert issue.approvals == tuple(filter(None, names))


@pytest.mark.parametrize(
    "second",
    [
        "Ada Lovelace",
        "ada lovelace",
        "  Ada   Lovelace ",
        "Ada\u202e Lovelace",
        "ＡＤＡ Lovelace",
        "A\u200bda Lovelace",
    ],
)
@only_sqlite
def test_two_approvals_are_two_people(desk, second) -> None:
    """The same name in another spelling is the same name."""
    desk.keep(entry(1))
    issue = approve(desk.database, issue=desk.compose(), required=2, name="Ada Lovelace")

    with pytest.raises(RefusedError, match="somebody else must be the second"):
        approve(desk.database, issue=issue, required=2, name=second)
    assert desk.get(issue.id).state == "draft"


@pytest.mark.parametrize("name", ["", "  ", "\u202e"])
@only_sqlite
def test_who_approves_says_who_they_are(desk, name) -> None:
    """Where approvals are needed, one without a name is none."""
    desk.keep(entry(1))
    issue = desk.compose()

    with pytest.raises(RefusedError, match="add --as NAME"):
        approve(desk.database, issue=issue, required=1, name=name)


@pytest.mark.parametrize("state", ["approved", "sending", "sent", "held", "cancelled"])
@only_sqlite
def test_only_a_draft_can_be_approved(desk, state) -> None:
    """Whatever the caller was shown."""
    desk.keep(entry(1))
    draft = desk.compose()
    desk.move(draft, state)

    with pytest.raises(RefusedError, match="only a draft"):
        approve(desk.database, issue=desk.get(draft.id), required=1, name="Ada")
    with pytest.raises(RefusedError, match="in the meantime"):
        approve(desk.database, issue=draft, required=1, name="Ada")


def test_nobody_approves_what_they_did_not_see(desk) -> None:
    """An issue that was composed again meanwhile, or approved by somebody else, must be looked at again."""
    desk.keep(entry(1))
    seen = desk.compose()
    approve(desk.database, issue=seen, required=2, name="Ada")

    with pytest.raises(RefusedError, match="in the meantime"):
        approve(desk.database, issue=seen, required=2, name="Ben")
    assert desk.get(seen.id).approvals == ("Ada",)

    current = desk.get(seen.id)
    desk.keep(entry(2))
    desk.compose()

    with pytest.raises(RefusedError, match="in the meantime"):
        approve(desk.database, issue=current, required=2, name="Ben")
    assert desk.get(seen.id).approvals == ()


# ------------------------------------------------------------------------------------------- in the meantime


class Meddling(Templates):
    """Templates that let something happen while an issue is compiled."""

    def __init__(self, meddle):
        super().__init__([stock_templates()])
        self.meddle = meddle

    def render_marked(self, name, /, marks, context):
        meddle, self.meddle = self.meddle, lambda: None
        meddle()
        return super().render_marked(name, marks, context)


@pytest.mark.parametrize("meanwhile", ["approved", "sending", "sent", "cancelled"])
def test_a_draft_that_was_moved_on_while_it_was_composed_stays_as_it_is(desk, templates, meanwhile) -> None:
    """Nothing that is approved or being sent is ever overwritten."""
    desk.keep(entry(1))
    draft = desk.compose()
    stored = desk.bodies(draft)
    desk.keep(entry(2))
    desk.templates = Meddling(lambda: desk.move(draft, meanwhile))

    with pytest.raises(RefusedError):
        desk.compose()
    assert desk.get(draft.id) == replace(draft, state=meanwhile)
    assert desk.bodies(draft) == stored


def test_of_two_who_compose_at_once_one_is_told(desk, templates) -> None:
    """There is one draft and one number, and no error of the database."""
    desk.keep(entry(1))
    quick = Desk(desk.database, desk.clock, templates, desk.vault)
    desk.templates = Meddling(quick.compose)

    with pytest.raises(RefusedError, match="in the meantime"):
        desk.compose()
    assert [issue.number for issue in desk.all()] == [1]


# --------------------------------------------------------------------------------------------------- templates


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        pytest.param(
            "digest.html.jinja",
            "{{ person.greeting }}",
            "{% if person.greeting %}{{ person.greeting }}{% endif %}",
            "person.greeting is used for more than printing",
            id="logic on a subscriber's value",
        ),
        pytest.param(
            "digest.html.jinja",
            '<p class="hello">{{ person.greeting }}',
            '<p class="hello" style="content: {{ person.greeting }}">',
            "style",
            id="a value in a style",
        ),
        pytest.param("digest.txt.jinja", "{{ person.greeting }}", "{{ persn.greeting }}", "persn", id="a slip"),
        pytest.param(
            "digest.html.jinja", "{{ issue.digest }}", "{% if issue %}{{ issue.digest }}", "if", id="a tag left open"
        ),
    ],
)
@only_sqlite
def test_a_template_that_cannot_be_compiled_is_refused_with_file_and_line(desk, tmp_path, name, old, new, what) -> None:
    """By the check and by composing, and nothing is written."""
    own = replaced(tmp_path, name, old, new)
    line = own.read_text(encoding="utf-8").partition(new)[0].count("\n") + 1
    desk.templates = Templates([tmp_path, stock_templates()])
    desk.keep(entry(1), entry(2))

    for refuse in (lambda: check_templates(desk.templates, IMPRINT), desk.compose):
        with pytest.raises(TemplateError) as refused:
            refuse()
        assert (refused.value.file, what in str(refused.value)) == (str(own), True)
        assert f"{own}, line" in str(refused.value)
        assert refused.value.line >= line
    assert desk.all() == []


def replaced(folder, name, old, new):
    """Write a site's own template with one thing changed; return its file."""
    stock = (stock_templates() / "email" / name).read_text(encoding="utf-8")
    assert old in stock
    own = folder / "email" / name
    own.parent.mkdir()
    own.write_text(stock.replace(old, new, 1), encoding="utf-8")
    return own


@only_sqlite
def test_a_running_number_is_refused(desk, tmp_path) -> None:
    """Which section is the second depends on who reads; where the two ways part is shown."""
    own = replaced(tmp_path, "digest.html.jinja", "{{ section.title }}", "{{ loop.index }} {{ section.title }}")
    desk.templates = Templates([tmp_path, stock_templates()])
    desk.keep(entry(1), entry(2, kind="safety"))

    for refuse in (lambda: check_templates(desk.templates, IMPRINT), desk.compose):
        with pytest.raises(NotCompilableError, match="a running number") as refused:
            refuse()
        assert refused.value.file == str(own)


@only_sqlite
def test_a_stylesheet_that_counts_fragments_is_refused(desk, tmp_path) -> None:
    """What stands first depends on who reads: the selector is named."""
    sheet = tmp_path / "email" / "inline.css.jinja"
    sheet.parent.mkdir()
    sheet.write_text(
        (stock_templates() / "email" / "inline.css.jinja").read_text(encoding="utf-8")
        + "\n.entry:first-child { color: #000000 }\n",
        encoding="utf-8",
    )
    desk.templates = Templates([tmp_path, stock_templates()])
    desk.keep(entry(1))

    for refuse in (lambda: check_templates(desk.templates, IMPRINT), desk.compose):
        with pytest.raises(NotCompilableError, match="first-child") as refused:
            refuse()
        assert refused.value.file == str(sheet)


def test_the_stock_templates_pass_the_check(templates) -> None:
    """In every variant."""
    check_templates(templates, IMPRINT)


# ------------------------------------------------------------------------------------------------- on its time

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


class Timetable:
    """Rings for the digest's time, as the list of tasks does."""

    def __init__(self, desk, digest=DIGEST):
        self.desk, self.digest, self.sent = desk, digest, []

    def ring(self, *, send=None):
        compose_due(
            self.desk.database,
            self.desk.clock,
            digest=self.digest,
            scheduled_for=MONDAY,
            compose=lambda digest: self.desk.compose(digest, due_at=MONDAY),
            send=send or self.send,
        )

    def send(self, issue):
        self.sent.append(issue.id)
        self.desk.move(issue, "sending")


@pytest.fixture
def due(desk):
    desk.clock.instant = MONDAY + timedelta(seconds=3)
    desk.keep(entry(1, published=MONDAY - DAY))
    return desk


@only_sqlite
def test_the_issue_of_a_time_is_made_and_sent_once(due) -> None:
    """However often it is rung for."""
    timetable = Timetable(due)
    for _ in range(3):
        timetable.ring()
        due.clock.advance(HOUR)
    (issue,) = due.all()

    assert timetable.sent == [issue.id]
    assert (issue.due_at, issue.not_later_than, issue.cut_off) == (MONDAY, MONDAY + DAY, MONDAY + timedelta(seconds=3))


@only_sqlite
def test_a_crash_between_composing_and_sending_is_made_up_for(due) -> None:
    """The draft is found again, composed in place and sent."""
    timetable = Timetable(due)

    def die(issue):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        timetable.ring(send=die)
    (draft,) = due.all()
    due.clock.advance(HOUR)
    timetable.ring()

    assert draft.state == "draft"
    assert timetable.sent == [draft.id]
    assert len(due.all()) == 1


@pytest.mark.parametrize("state", ["approved", "sent", "held", "cancelled"])
@only_sqlite
def test_what_an_editor_did_with_the_issue_stays_done(due, state) -> None:
    """A cancelled issue is not made again, nor a held one sent."""
    timetable = Timetable(due)
    timetable.ring(send=lambda issue: due.move(issue, state))
    timetable.ring()

    assert timetable.sent == []
    assert [issue.state for issue in due.all()] == [state]


@pytest.mark.parametrize(
    ("late", "latest", "sent"),
    [(23 * HOUR, DAY, True), (25 * HOUR, DAY, False), (25 * HOUR, 2 * DAY, True), (2 * HOUR, HOUR, False)],
)
@only_sqlite
def test_a_late_issue_is_held_not_sent(due, late, latest, sent) -> None:
    """The editor decides about it; its entries are spoken for."""
    due.clock.instant = MONDAY + late
    timetable = Timetable(due, replace(DIGEST, latest=latest))
    timetable.ring()
    (issue,) = due.all()

    assert issue.state == ("sending" if sent else "held")
    assert bool(timetable.sent) == sent
    assert due.compose() is None


@pytest.mark.parametrize("late", [HOUR, 3 * DAY])
@only_sqlite
def test_an_issue_that_needs_approval_waits_as_a_draft(due, late) -> None:
    """On time or late: nobody sends it but the editor."""
    due.clock.instant = MONDAY + late
    timetable = Timetable(due, replace(DIGEST, approval=1))
    timetable.ring()

    assert [issue.state for issue in due.all()] == ["draft"]
    assert timetable.sent == []


@only_sqlite
def test_nothing_new_at_its_time_is_no_issue(desk) -> None:
    """And no error."""
    desk.clock.instant = MONDAY
    Timetable(desk).ring()

    assert desk.all() == []


@only_sqlite
def test_an_editors_draft_is_taken_up_at_its_time(desk) -> None:
    """The draft of the weekend becomes Monday's issue, with what was new since."""
    desk.keep(entry(1))
    draft = desk.compose()
    desk.clock.instant = MONDAY
    (later,) = desk.keep(entry(2, published=MONDAY - HOUR))
    timetable = Timetable(desk)
    timetable.ring()

    assert timetable.sent == [draft.id]
    assert later in desk.get(draft.id).entries
    assert desk.get(draft.id).due_at == MONDAY


# ------------------------------------------------------------------------------------------------ what became different


@only_sqlite
def test_what_became_different_is_told_with_the_entry(desk) -> None:
    """From what it was in the last issue to what it is now; what nobody needs to know, and what was told, is not."""
    (trial,) = desk.keep(fact_entry("recruiting", "June 2027"))
    desk.move(desk.compose(), "sent")
    for status, end in (("suspended", "June 2027"), ("completed", "June 2027"), ("completed", "May 2027")):
        desk.clock.advance(HOUR)
        desk.keep(fact_entry(status, end))
    issue = desk.compose()
    body = str(decode(desk.bodies(issue)["en.standard"]).html.nodes)
    text = str(decode(desk.bodies(issue)["en.standard"]).text.nodes)

    assert issue.entries == (trial,)
    for part in (body, text):
        assert "status: recruiting → completed" in part
        assert "suspended" not in part
        assert "May 2027" not in part
    assert desk.edit(issue, Edits(intro="x")).news == issue.news
    desk.move(issue, "sent")
    desk.clock.advance(HOUR)
    assert desk.compose() is None


def fact_entry(status, end):
    facts = (
        Fact(name="overallStatus", value=status, label="status", change="status"),
        Fact(name="end", value=end, label="expected end", change="date", material=False),
    )
    return entry(1, kind="trial", facts=facts)
