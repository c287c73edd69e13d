"""Freezing in the ledger: everybody gets a place, each choice is kept once; and what is asked of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from tests.contracts.ledgers import DAY, NOW, Ledger, decided, person

from msdigest.model.compiled import Choice
from msdigest.model.delivery import STATES, Account
from msdigest.steps.freezing import MissingVariantsError
from msdigest.store import deliveries as delivery_store
from msdigest.store import ledger, lining
from msdigest.store.ledger import Queued
from msdigest.store.schema import deliveries, selection_entries, selections

SPOKEN = {"pending", "in_flight", "unknown", "accepted", "deferred", "delivered", "bounced", "complained"}


@pytest.fixture
def books(database):
    return Ledger(database)


def mixed(count=23):
    """Two variants and three choices, interleaved, and two people left out."""
    choices = [("e1",), ("e1", "e2"), ("e3",)]
    everybody = [
        decided(number, *choices[number % 3], variant="en.large" if number % 2 else "en.standard")
        for number in range(count)
    ]
    return [*everybody, decided(900, reason="paused"), decided(901, reason="suppressed")]


@pytest.mark.parametrize("one_selection", [False, True])
@pytest.mark.parametrize("chunk", [4, 1_000])
def test_freezing_gives_everybody_a_place(books, one_selection, chunk) -> None:
    """Positions run from 1 without a gap, batches cover them exactly, one body stands together."""
    issue = books.freeze(mixed(), max_recipients=3, one_selection=one_selection, chunk=chunk)
    line, ranges = books.positions(issue), [(row["lo"], row["hi"]) for row in books.batches()]

    assert books.lined_up == 23
    assert [place for place, *_ in line] == list(range(1, 24))
    assert [each[1:3] for each in line] == sorted(each[1:3] for each in line)
    assert [place for lo, hi in ranges for place in range(lo, hi + 1)] == list(range(1, 24))
    assert all(1 <= hi - lo + 1 <= 3 for lo, hi in ranges)
    assert len(ranges) == (11 if one_selection else 8)
    if one_selection:
        bodies = {place: body for place, *body, _ in line}
        assert all(bodies[lo] == bodies[hi] for lo, hi in ranges)
    assert books.account(issue) == Account(
        candidates=25, excluded=2, pending=23, in_flight=0, accepted=0, rejected=0, unknown=0
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_batch_s_rows_are_neighbours(books) -> None:
    """They stand in the file in the order of their positions: marking a batch touches few pages, however many people."""
    books.freeze(mixed(), max_recipients=3, one_selection=True, chunk=4)
    with books.database.reading() as connection:
        rows = connection.exec_driver_sql("select position from deliveries order by rowid").scalars().all()

    assert rows == [*range(1, 24), None, None]


def test_nothing_is_left_of_a_freeze_but_its_rows(books) -> None:
    """Whether it was kept or undone: where decisions wait is not found by the next one, of another issue."""

    def undone(connection):
        lining.add_deliveries(connection, 1, [decided(77)], due_at=NOW)
        raise MissingVariantsError(set())

    with pytest.raises(MissingVariantsError):
        books.write(undone)
    issue = books.freeze([decided(1)])
    again = books.freeze([decided(2)], digest="daily")

    assert [who for *_, who in books.positions(issue)] == [person(1)]
    assert [who for *_, who in books.positions(again)] == [person(2)]


def test_equal_choices_are_kept_once(books) -> None:
    """Over chunks, whatever the order of the words; other issues have their own."""
    choice, turned = decided(1, "e1", "e2"), decided(2, "e2", "e1")
    issue = books.freeze([choice, turned, decided(3, "e1"), decided(4, "e1", "e2")], chunk=1)
    books.freeze([choice], digest="daily")
    of = SimpleNamespace(entries=("e2", "e1"), notices=())
    kept = books.read(delivery_store.choices_of, of, {selection for _, _, selection, _ in books.positions(issue)})

    assert set(kept.values()) == {Choice(("e1",)), Choice(("e2", "e1"))}
    assert len(books.rows(selections)) == 3
    assert len(books.rows(selection_entries)) == 5


def test_a_choice_is_kept_with_notices_and_what_is_left_to_the_web(books) -> None:
    """Two that differ in nothing else are two; entries and notices come back in the order of the issue."""
    choices = [
        Choice(("e1",), ("change-7", "change-3"), 2),
        Choice(("e1",), ("change-7", "change-3")),
        Choice((), ("change-3",)),
    ]
    people = [replace(decided(number), choice=choice) for number, choice in enumerate(choices, 1)]
    issue = books.freeze(people)
    of = SimpleNamespace(entries=("e1",), notices=("change-3", "change-7"))
    places = {who: selection for _, _, selection, who in books.positions(issue)}
    kept = books.read(delivery_store.choices_of, of, places.values())

    assert kept[places[person(1)]] == Choice(("e1",), ("change-3", "change-7"), 2)
    assert kept[places[person(2)]] == Choice(("e1",), ("change-3", "change-7"))
    assert kept[places[person(3)]] == Choice((), ("change-3",))


def test_some_people_of_an_issue_are_found_all_over_it(books) -> None:
    """The first, the last and some between them; no more than there are."""
    issue = books.freeze([decided(number, f"e{number % 2}") for number in range(1, 21)])
    of = SimpleNamespace(id=issue, entries=("e0", "e1"), notices=())
    places = {who: place for place, _, _, who in books.positions(issue)}
    some = books.read(partial(delivery_store.some_choices, limit=5), of)
    everybody = books.read(partial(delivery_store.some_choices, limit=50), of)

    assert sorted(places[who] for who, _, _ in some) == [1, 5, 10, 15, 20]
    assert len(everybody) == 20
    assert {choice for _, _, choice in everybody} == {Choice(("e0",)), Choice(("e1",))}


def test_an_issue_for_nobody(books) -> None:
    """Everybody left out, or nobody there at all: no batch, and the issue is done."""
    alone, empty = books.freeze([decided(1, reason="paused")]), books.freeze([])
    books.write(lining.add_deliveries, empty, [], due_at=NOW)

    assert books.batches() == []
    assert books.claim() is None
    assert books.read(ledger.finished) == [alone, empty]
    assert books.account(empty).candidates == 0


def test_a_batch_tells_who_is_in_it(books) -> None:
    """In order of position, in stretches of one body."""
    issue = books.freeze(mixed(7))
    queue = books.queued(books.claim())
    stretches = list(ledger.runs(queue))

    assert [(each.position, each.variant, each.selection, each.subscriber) for each in queue] == books.positions(issue)
    assert [len(people) for _, people in stretches] == [1, 1, 1, 2, 1, 1]
    assert [each for _, people in stretches for each in people] == queue
    assert all({(each.variant, each.selection)} == {body} for body, people in stretches for each in people)


@pytest.mark.parametrize("state", STATES)
def test_nobody_is_sent_an_entry_twice(books, state) -> None:
    """What a person has or may have got is told; what was rejected or withdrawn may be sent again."""
    issue = books.freeze([decided(1, "e1", "e2"), decided(2, "e3"), decided(3, "e1")])
    one = update(deliveries).where(deliveries.c.subscriber == person(1)).values(state=state)
    with books.database.writing() as connection:
        connection.execute(one)
    asked = {"first": person(1), "last": person(2), "entries": ["e1", "e3", "e9"]}
    found = books.read(delivery_store.already_sent, **asked, but_issue=99)
    latest = books.read(delivery_store.last_sent, first=person(1), last=person(2), digest="weekly")

    assert found == ({person(1): {"e1"}} if state in SPOKEN else {}) | {person(2): {"e3"}}
    assert set(latest) == ({person(1)} if state in SPOKEN else set()) | {person(2)}
    assert books.read(delivery_store.already_sent, **asked, but_issue=issue) == {}


def test_whether_an_entry_was_ever_chosen(books) -> None:
    """By another issue; the question spares a first issue the walk over what everybody got."""
    issue = books.freeze([decided(1, "e1", "e2")])

    assert books.read(delivery_store.any_sent, entries=["e2", "e9"], but_issue=issue + 1)
    assert not books.read(delivery_store.any_sent, entries=["e2"], but_issue=issue)
    assert not books.read(delivery_store.any_sent, entries=["e9"], but_issue=issue + 1)


def test_when_a_person_last_got_a_digest(books) -> None:
    """The newest time; other digests do not count."""
    books.freeze([decided(1), decided(2)], due_at=NOW - DAY)
    books.freeze([decided(1), decided(2, reason="paused")], due_at=NOW)
    books.freeze([decided(2)], due_at=NOW + DAY, digest="daily")
    latest = books.read(delivery_store.last_sent, first=person(0), last=person(9), digest="weekly")

    assert latest == {person(1): NOW, person(2): NOW - DAY}


def test_records_are_listed_by_state(books) -> None:
    """In order of position, those left out last; asking for them leaves the connection as it was."""
    issue = books.freeze([decided(1), decided(2), decided(3, reason="paused")])
    with books.database.reading() as connection:
        every = [(each.subscriber, each.state, each.reason) for each in delivery_store.records(connection, issue)]
        out = [each.subscriber for each in delivery_store.records(connection, issue, state="excluded")]
        options = connection.get_execution_options()

    assert every == [(person(1), "pending", None), (person(2), "pending", None), (person(3), "excluded", "paused")]
    assert out == [person(3)]
    assert "yield_per" not in options


def test_what_was_decided_for_one_person(books) -> None:
    """Their place, selection and variant; None for those left out and for strangers."""
    issue = books.freeze([decided(1), decided(3, reason="paused")])
    (place,) = books.positions(issue)

    assert books.read(delivery_store.one, issue, person(1)) == Queued(
        subscriber=person(1), position=1, selection=place[2], variant="en.standard"
    )
    assert books.read(delivery_store.one, issue, person(3)) is None
    assert books.read(delivery_store.one, issue, person(9)) is None
