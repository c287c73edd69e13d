"""Readers: who gets a batch is read in one statement, with why somebody may not get it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from tests.contracts.ledgers import NOW, Ledger, decided, person
from tests.contracts.test_store_audience import CONSENT, add, people

from msdigest.store import audience, ledger, readers
from msdigest.store.ledger import Batch


@pytest.fixture
def books(database):
    return Ledger(database)


def test_people_are_read_with_their_batch(books, vault) -> None:
    """In order of position, with what a message is made of; who left, paused or must not be mailed is marked."""
    everybody = people(6)
    add(books.database, vault, *everybody[:4])
    add(books.database, vault, everybody[4], state="paused")
    issue = books.freeze([decided(number) for number in range(6)], max_recipients=10)
    books.write(audience.end_subscription, subscriber=person(1), digest="weekly", now=NOW)
    books.write(audience.suppress, vault.look_up(everybody[2].address), reason="complained", now=NOW)
    books.write(ledger.withdraw, person(3), issue_ids=[issue], reason="left")
    batch = books.claim()
    queue, found = books.read(readers.of_batch, vault, "weekly", batch)
    ids = [each.subscriber for each in queue]

    assert queue == books.queued(batch)
    assert ids == [person(number) for number in (0, 1, 2, 4, 5)]
    assert {who: each.stopped for who, each in found.items()} == {
        person(0): None, person(1): "left", person(2): "suppressed", person(4): "paused",
    }  # fmt: skip
    assert found == books.read(readers.by_ids, vault, "weekly", ids)
    first = found[person(0)]
    assert (first.id, first.address, first.name) == (person(0), everybody[0].address, everybody[0].name)
    assert (first.zone, first.consent) == (everybody[0].zone, CONSENT)


def test_what_was_chosen_for_another_digest_is_nobody_s_business(books, vault) -> None:
    """Only the subscription to the issue's own digest counts, and only the batch's own positions."""
    add(books.database, vault, *people(4))
    add(books.database, vault, people(5)[4], digest="daily")
    books.freeze([decided(number) for number in range(5)], max_recipients=3)
    books.claim()
    queue, found = books.read(readers.of_batch, vault, "weekly", books.claim())

    assert [each.position for each in queue] == [4, 5]
    assert list(found) == [person(3)]


def test_a_reader_shows_nobody(books, vault) -> None:
    """Neither address nor name, however it is written out."""
    add(books.database, vault, *people(1))
    found = books.read(readers.by_ids, vault, "weekly", [person(0)])

    assert repr(found) == f"{{'{person(0)}': Reader(id='{person(0)}')}}"
    assert str(found[person(0)]) == f"Reader(id='{person(0)}')"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_plan_of_reading_a_batch(books) -> None:
    """By the range of positions, then one person after the other by key; nothing is walked through or sorted."""
    statement = readers.in_batch("weekly", Batch(issue=1, lo=1, hi=1_000, tries=0, owner="me"))
    words = statement.compile(books.database.engine, compile_kwargs={"literal_binds": True})
    with books.database.reading() as connection:
        plan = [row[3] for row in connection.execute(text(f"explain query plan {words}"))]

    assert plan[0] == "SEARCH deliveries USING INDEX deliveries_by_position (issue=? AND position>? AND position<?)"
    assert [step.split(" ")[:2] for step in plan[1:]] == [
        ["SEARCH", "subscriptions"], ["SEARCH", "subscribers"], ["SEARCH", "suppressions"],
    ]  # fmt: skip
