"""What is kept of events: marks of calls, where deliveries stand, soft bounces, suppressions. In both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.contracts.ledgers import DAY, NOW, Ledger, counted_statements, decided, person

from msdigest.model.delivery import Outcome
from msdigest.model.hearing import SoftBounces
from msdigest.store import audience, events
from msdigest.store.events import Standing
from msdigest.store.schema import deliveries, hooks, soft_bounces, subscribers

MANY = 1_000


@pytest.fixture
def books(database):
    return Ledger(database)


def look(number: int) -> str:
    return f"{number:064x}"


def people(books, *numbers: int) -> None:
    """Keep people under their keyed hashes; nobody opens what is sealed."""
    rows = [{"id": person(each), "lookup": look(each), "sealed": b"", "created": NOW} for each in numbers]
    with books.database.writing() as connection:
        connection.execute(insert(subscribers), rows)


def told(books, issue: int) -> dict[str, tuple]:
    """Return (state, provider's id, reason) of everybody."""
    return {
        row["subscriber"]: (row["state"], row["provider_id"], row["reason"])
        for row in books.rows(deliveries, deliveries.c.subscriber)
        if row["issue"] == issue
    }


def test_a_mark_is_taken_once(books) -> None:
    """Whoever comes second with it is told so, and others are not concerned."""
    taken = [books.write(events.take_mark, mark, now=NOW) for mark in (look(1), look(1), look(2))]

    assert taken == [True, False, True]
    assert books.read(events.is_marked, look(1))
    assert not books.read(events.is_marked, look(3))


def test_a_mark_is_kept_only_with_what_follows_from_it(books) -> None:
    """A call that fails half way may be repeated."""

    def fail_after_the_mark(connection):
        events.take_mark(connection, look(1), now=NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        books.write(fail_after_the_mark)

    assert books.write(events.take_mark, look(1), now=NOW)


def test_old_marks_are_deleted(books) -> None:
    """Nobody can repeat a call of eleven days ago any more, and the table stays small."""
    for days in (0, 5, 11):
        books.write(events.take_mark, look(days), now=NOW + days * DAY)

    assert {row["mark"] for row in books.rows(hooks, hooks.c.at)} == {look(5), look(11)}


def test_people_and_their_issues_are_found(books) -> None:
    """By keyed hash, without opening anything; an address that nobody has is missing."""
    people(books, 1, 2)
    first = books.freeze([decided(1), decided(2)])
    second = books.freeze([decided(1)], digest="daily")

    assert books.read(events.ids_of, [look(1), look(9)]) == {look(1): person(1)}
    assert books.read(events.issues_of, [person(1), person(2)]) == {person(1): [second, first], person(2): [first]}


def test_deliveries_move_and_others_stay(books) -> None:
    """State, reason and the provider's name, cut to their columns and cleaned of what a database refuses."""
    issue = books.freeze([decided(number) for number in range(3)])
    other = books.freeze([decided(1)], digest="daily")
    books.drain()
    moved = {
        (issue, person(0)): Standing(state="delivered", provider_id="id", reason=None),
        (issue, person(1)): Standing(state="bounced", provider_id="x" * 300, reason="no\0such\ud800 box" * 50),
    }
    books.write(events.move, moved)
    after = told(books, issue)

    assert after[person(0)] == ("delivered", "id", None)
    assert after[person(1)][:2] == ("bounced", "x" * 200)
    assert after[person(1)][2].startswith("nosuch? boxnosuch?")
    assert len(after[person(1)][2]) == 200
    assert after[person(2)] == told(books, other)[person(1)] == ("accepted", "id", None)
    assert books.account(issue).closed


def test_where_deliveries_stand(books) -> None:
    """Of exactly those that were asked for, also where one person gets several issues."""
    first = books.freeze([decided(1), decided(2), decided(3, reason="paused")])
    second = books.freeze([decided(1)], digest="daily")
    batch = books.claim(issue=first)
    books.send(batch, Outcome("unknown", reason="connection lost"))
    keys = {(first, person(1)), (first, person(3)), (second, person(1)), (second, person(9))}

    assert books.write(events.standings, keys) == {
        (first, person(1)): Standing(state="unknown", provider_id=None, reason="connection lost"),
        (first, person(3)): Standing(state="excluded", provider_id=None, reason="paused"),
        (second, person(1)): Standing(state="pending", provider_id=None, reason=None),
    }


def test_soft_bounces_are_kept_and_forgotten(books) -> None:
    """A count that was cleared goes with the marks, and one that is three months old means nothing any more."""
    fresh = SoftBounces(times=1, first_at=NOW, last_at=NOW)
    cleared = SoftBounces(times=0, first_at=NOW, last_at=NOW)
    books.write(events.keep_soft_bounces, {look(1): fresh, look(2): fresh}, known=(), now=NOW)
    books.write(events.keep_soft_bounces, {look(2): cleared, look(3): fresh}, known={look(2)}, now=NOW)
    first = books.read(events.soft_bounces_of, [look(number) for number in range(5)])
    times = [NOW + timedelta(days=days) for days in (11, 91)]
    left = []
    for now in times:
        books.write(events.keep_soft_bounces, {}, known=(), now=now)
        left.append([row["lookup"] for row in books.rows(soft_bounces, soft_bounces.c.lookup)])

    assert first == {look(1): fresh, look(2): cleared, look(3): fresh}
    assert left == [[look(1), look(3)], []]


def test_addresses_are_suppressed_once(books) -> None:
    """The first reason stays, and only what is new is counted."""
    books.write(audience.suppress, look(1), reason="forgotten", now=NOW)
    added = books.write(events.suppress, {look(1): "bounced", look(2): "complained"}, now=NOW)

    assert added == 1
    assert books.read(audience.suppressed_among, [look(1), look(2)]) == {look(1): "forgotten", look(2): "complained"}


def test_what_is_queued_is_withdrawn(books) -> None:
    """Of all issues, with each person's own reason; what was started is not touched."""
    first = books.freeze([decided(number) for number in range(3)])
    books.start(books.claim(issue=first))
    second = books.freeze([decided(number) for number in range(3)], digest="daily")
    books.write(events.withdraw, {person(0): "bounced", person(1): "complained"})
    after = told(books, second)

    assert set(books.states(first).values()) == {"in_flight"}
    assert [after[person(number)] for number in range(3)] == [
        ("excluded", None, "bounced"),
        ("excluded", None, "complained"),
        ("pending", None, None),
    ]
    assert books.account(second).closed


def test_one_statement_for_many(books) -> None:
    """A thousand events are no more statements than ten."""
    issue = books.freeze([decided(number) for number in range(MANY)], max_recipients=MANY)
    books.drain()
    people(books, *range(MANY))
    keys = {(issue, person(number)) for number in range(MANY)}
    with counted_statements(books.database) as sent, books.database.writing() as connection:
        events.take_turn(connection)
        begun = len(sent)
        found = events.standings(connection, keys)
        events.move(connection, {key: Standing(state="delivered", provider_id=None, reason=None) for key in found})
        events.ids_of(connection, [look(number) for number in range(MANY)])
        events.suppress(connection, {look(number): "bounced" for number in range(MANY)}, now=NOW)
        events.withdraw(connection, {person(number): "bounced" for number in range(MANY)})

    assert len(sent) - begun == 6
    assert set(books.states(issue).values()) == {"delivered"}


def test_nothing_changes_without_anybody(books) -> None:
    """Empty sets are no statement at all where one would fail or touch everybody."""
    issue = books.freeze([decided(1)])
    for nothing in (events.move, events.withdraw):
        books.write(nothing, {})

    assert books.write(events.standings, set()) == books.read(events.ids_of, []) == {}
    assert books.write(events.suppress, {}, now=NOW) == 0
    assert books.states(issue) == {person(1): "pending"}


def test_what_was_heard_before_a_call_is_settled_stays(books) -> None:
    """A provider may tell of a message before it answers the call that brought it."""
    issue = books.freeze([decided(number) for number in range(2)])
    batch = books.claim()
    _, attempt = books.start(batch)
    with books.database.writing() as connection:
        events.take_turn(connection)
        moved = Standing(state="delivered", provider_id="told", reason=None)
        events.move(connection, {(issue, person(1)): moved})
    books.settle(batch, attempt, [(person(number), Outcome("accepted", "id")) for number in range(2)])

    assert told(books, issue) == {person(0): ("accepted", "id", None), person(1): ("delivered", "told", None)}
