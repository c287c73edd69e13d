"""Sources, issues and fires in the store: what is remembered between two visits, two commands, two rings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy.exc import IntegrityError

from msdigest.model.entry import Entry
from msdigest.model.issue import Edits, Issue, Override
from msdigest.model.source import Source, Validators
from msdigest.store import fires, issues, sources
from msdigest.store.sources import SourceState

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOURCE = Source(id="blog", kind="feed", url="https://blog.example/feed")
STATE = SourceState(
    id="blog",
    url=SOURCE.url,
    validators=Validators('W/"abc"', "Fri, 20 Nov 2026 12:00:00 GMT"),
    body_hash="0" * 64,
    status="failed",
    error="the server said 503",
    failures=3,
    last_attempt=NOW,
    last_success=NOW - DAY,
    last_new=NOW - 2 * DAY,
    next_check=NOW + HOUR,
    not_before=NOW + DAY,
)
ENTRIES = [Entry(key=key, source="blog", title=key, url="https://x.example", id=key, revision=3) for key in "ab"]


def make(database, digest="weekly", **changes):
    """Add an issue and fill it; return it."""
    with database.writing() as connection:
        number = issues.next_number(connection, digest)
        made = Issue(
            id=issues.add(connection, digest=digest, number=number, at=NOW),
            digest=digest,
            number=number,
            state="draft",
            cut_off=NOW,
            subject="What is new – ½ page",
            sections=(("Trials", ("a",)), ("Rest", ("b",))),
            hash="f" * 64,
            due_at=NOW + HOUR,
            not_later_than=NOW + DAY,
            approvals=("Grace",),
        )
        made = replace(made, **changes)
        issues.keep(connection, made, entries=ENTRIES, bodies={"en.standard": b"\0\xff", "en.large": b"x"})
    return made


def ask(database, question, *values, **words):
    with database.reading() as connection:
        return question(connection, *values, **words)


def change(database, question, *values, **words):
    with database.writing() as connection:
        return question(connection, *values, **words)


def test_a_source_is_remembered_whole(database) -> None:
    """Every field, and at the next visit the newer state only."""
    change(database, sources.remember, [(SOURCE, STATE)])
    first = ask(database, sources.states)
    fresh = SourceState(id="blog", url="https://new.example/feed", status="ok")
    change(database, sources.remember, [(replace(SOURCE, url=fresh.url), fresh)])

    assert first == {"blog": STATE}
    assert ask(database, sources.states) == {"blog": fresh}


def test_an_issue_comes_back_as_it_was(database) -> None:
    """With its sections in their order, its programs byte for byte and its entries in their revisions."""
    made = make(database)

    assert ask(database, issues.get, made.id) == made
    assert made.entries == ("a", "b")
    assert ask(database, issues.programs_of, made.id) == {"en.standard": b"\0\xff", "en.large": b"x"}
    assert ask(database, issues.revisions_in, made.id) == {"a": 3, "b": 3}
    assert ask(database, issues.get, made.id + 1) is None


def test_composing_again_replaces_a_draft(database) -> None:
    """Nothing of what it was before is left."""
    made = make(database)
    again = replace(made, subject="Another", sections=(("Only", ("a",)),), approvals=(), cut_off=NOW + DAY)
    change(database, issues.keep, again, entries=ENTRIES[:1], bodies={"de.standard": b"y"})

    assert ask(database, issues.get, made.id) == again
    assert ask(database, issues.programs_of, made.id) == {"de.standard": b"y"}
    assert ask(database, issues.revisions_in, made.id) == {"a": 3}

    change(database, issues.keep, again, entries=[], bodies={"de.standard": b"y"})
    assert ask(database, issues.revisions_in, made.id) == {}


def test_numbers_count_within_a_digest(database) -> None:
    """From 1, each once."""
    made = [make(database, digest) for digest in ("weekly", "weekly", "daily")]

    assert [issue.number for issue in made] == [1, 2, 1]
    assert len({issue.id for issue in made}) == 3
    with pytest.raises(IntegrityError):
        change(database, issues.add, digest="weekly", number=2, at=NOW)


def test_issues_are_found(database) -> None:
    """By digest, state and time, newest first."""
    one = make(database)
    two = make(database, state="sent", due_at=NOW + DAY)
    three = make(database, "daily")

    def ids(**words):
        return [issue.id for issue in ask(database, issues.find, **words)]

    assert ids() == [three.id, two.id, one.id]
    assert ids(digest="weekly") == [two.id, one.id]
    assert ids(states=("sent", "held")) == [two.id]
    assert ids(digest="weekly", due_at=NOW + HOUR) == [one.id]
    assert ids(digest="none") == []


@pytest.mark.parametrize(
    ("state", "counts"),
    [("draft", False), ("approved", True), ("sending", True), ("sent", True), ("held", True), ("cancelled", False)],
)
def test_the_next_issue_starts_where_one_counts(database, state, counts) -> None:
    """A draft's and a cancelled issue's entries are free again; the newest cut-off is taken."""
    assert ask(database, issues.previous_cut_off, "weekly") is None
    make(database, state="sent", cut_off=NOW - DAY)
    make(database, state=state, cut_off=NOW)
    make(database, "daily", state="sent", cut_off=NOW + DAY)

    assert ask(database, issues.previous_cut_off, "weekly") == (NOW if counts else NOW - DAY)


def test_an_issue_moves_on_from_where_it_is(database) -> None:
    """A move from another state is refused and changes nothing."""
    made = make(database)
    moved = change(database, issues.set_state, made.id, "approved", only_from=("draft",), approvals=("Grace", "Alan"))
    again = change(database, issues.set_state, made.id, "cancelled", only_from=("draft", "held"))
    approved = ask(database, issues.get, made.id)
    change(database, issues.freeze, made.id, provider="file", now=NOW)
    change(database, issues.postpone, made.id, not_later_than=NOW + 2 * DAY)
    change(database, issues.set_state, made.id, "sent", only_from=("sending",), sent_at=NOW + HOUR)

    assert (moved, again) == (True, False)
    assert approved == replace(made, state="approved", approvals=("Grace", "Alan"))
    assert ask(database, issues.get, made.id) == replace(
        approved, state="sent", provider="file", sent_at=NOW + HOUR, not_later_than=NOW + 2 * DAY
    )


def test_two_cannot_both_approve_last(database) -> None:
    """Two threads that make the same move: one succeeds."""
    made = make(database)
    gate = Barrier(2)

    def approve(_):
        gate.wait()
        return change(database, issues.set_state, made.id, "approved", only_from=("draft",))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, range(2))) == [False, True]


def take(database, task="collect", *, at=NOW, now=NOW, stale=NOW - HOUR, **words):
    return change(database, fires.take, task, scheduled_for=at, now=now, stale=stale, **words)


def test_a_fire_is_taken_once(database) -> None:
    """Per task and time; also after it was finished, and with an error."""
    taken = [take(database), take(database), take(database, "compose"), take(database, at=NOW + HOUR)]
    change(database, fires.finish, "collect", scheduled_for=NOW, now=NOW, error="broken")

    assert taken == [True, False, True, True]
    assert not take(database, stale=NOW + DAY)


def test_a_dead_process_fire_is_taken_again(database) -> None:
    """Once its time is over, and once only."""
    take(database)
    early = take(database, now=NOW + HOUR, stale=NOW)
    late = [take(database, now=NOW + 2 * HOUR, stale=NOW + HOUR) for _ in range(2)]

    assert early is False
    assert late == [True, False]


def test_two_threads_take_one_fire(database) -> None:
    """Of a new one and of a stale one."""
    for task, now, stale in (("new", NOW, NOW - HOUR), ("stale", NOW + 2 * HOUR, NOW + HOUR)):
        if task == "stale":
            take(database, task)
        gate = Barrier(2)

        def both(_, task=task, now=now, stale=stale, gate=gate):
            gate.wait()
            return take(database, task, now=now, stale=stale)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(both, range(2))) == [False, True], task


def test_a_fire_that_failed_may_be_taken_again_soon(database) -> None:
    """One whose process may still be at it may not; one that is finished never."""
    soon = {"now": NOW + HOUR / 2, "stale": NOW - HOUR / 2, "failed": NOW + HOUR / 4}
    for task in ("at work", "failed", "done"):
        take(database, task)
    change(database, fires.fail, "failed", scheduled_for=NOW, error="the disk is full")
    change(database, fires.finish, "done", scheduled_for=NOW, now=NOW, error="refused")
    at_once = take(database, "failed", **{**soon, "failed": NOW})

    assert not at_once
    assert [take(database, task, **soon) for task in ("at work", "failed", "done", "failed")] == [
        False,
        True,
        False,
        False,
    ]


def test_a_fact_is_written_once_by_many(database) -> None:
    """Whoever is first decides, and the others hear it."""
    gate = Barrier(4)

    def state(word):
        gate.wait()
        return change(database, fires.fact, "vault", word)

    with ThreadPoolExecutor(4) as pool:
        told = set(pool.map(state, ["one", "two", "three", "four"]))

    assert len(told) == 1
    assert change(database, fires.fact, "vault", "five") == told.pop()


# ------------------------------------------------------------------------------------------- edits, overrides, programs

EDITS = Edits(intro="Dear *all*", pinned=("b",), hidden=("c",), order=("b", "a"), notes={"a": "½ a note"})


def test_what_an_editor_changed_is_kept(database) -> None:
    """With the notices and the templates that it was compiled with; overrides are kept beside it."""
    issue = make(database, edits=EDITS, notices=("change-7",), templates="f" * 64)
    override = Override(check="size.clip", reason="this once", by="Ada", at=NOW)
    with database.writing() as connection:
        issues.set_overrides(connection, issue.id, [override])
        issues.keep(connection, issue, entries=ENTRIES, bodies={})

    with database.reading() as connection:
        assert issues.get(connection, issue.id) == replace(issue, overrides=(override,))


def test_programs_are_added(database) -> None:
    """Those that are there stay as they are."""
    issue = make(database)
    with database.writing() as connection:
        issues.add_programs(connection, issue.id, {"de.standard": b"y"})
        issues.add_programs(connection, issue.id, {})

    with database.reading() as connection:
        assert issues.variants_of(connection, issue.id) == ["de.standard", "en.large", "en.standard"]
        assert issues.program_of(connection, issue.id, "en.standard") == b"\0\xff"
