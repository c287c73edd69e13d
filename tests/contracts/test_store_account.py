"""The account of an issue: right at every step, whoever works at once and whoever dies."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import text, update
from tests.contracts.ledgers import DAY, MINUTE, NOW, Ledger, decided, person

from msdigest.errors import StoreError
from msdigest.model.delivery import STATES, Account, Outcome
from msdigest.store import ledger
from msdigest.store.ledger import Batch
from msdigest.store.schema import deliveries


@pytest.fixture
def books(database):
    return Ledger(database)


# What may follow each state; everything else is a step back.
FORWARD = {
    "pending": {"pending", "in_flight", "excluded"},
    "in_flight": {"in_flight", "pending", "accepted", "rejected", "unknown"},
}


class Walk:
    """Random moves of three workers, some of whom sleep too long, and of people who leave."""

    def __init__(self, books, seed):
        self.books, self.dice, self.now = books, random.Random(seed), NOW  # noqa: S311  # dice, no secret
        self.issue = books.freeze([decided(n, f"e{n % 3}") for n in range(40)] + [decided(99, reason="paused")])
        self.held = []  # [batch, its attempt or None, who was in the call]
        self.calls = Counter()  # calls that began, by subscriber
        self.unsent = Counter()  # of these: surely not sent

    def claim(self):
        batch = self.books.claim(now=self.now, owner=self.dice.choice("abc"))
        if batch:
            self.held.append([batch, None, []])

    def start(self):
        for one in self.held:
            if one[1] is None:
                people = [each.subscriber for each in self.books.queued(one[0])]
                if people:
                    began, attempt = self.books.start(one[0], recipients=len(people), now=self.now)
                    if began:
                        one[1:] = [attempt, people]
                        self.calls.update(people)
                return

    def end(self):
        """Settle, split, give back or close what some worker holds."""
        if not self.held:
            return
        batch, attempt, people = self.held.pop(self.dice.randrange(len(self.held)))
        before = self.books.states(self.issue)
        if attempt is None and self.books.queued(batch):
            self.books.write(ledger.release, batch, due_at=self.now)
        elif attempt is None:
            self.books.write(ledger.close, batch)
        elif self.dice.random() < 0.2 and batch.lo < batch.hi:
            self.books.write(ledger.split, batch, attempt=attempt, now=self.now, reason="refused")
        else:
            states = ["accepted", "rejected", "unknown", "pending"]
            every = [self.dice.choice(states)] * len(people)
            if self.dice.random() < 0.5:
                every = self.dice.choices(states, [6, 1, 1, 2], k=len(people))
            self.books.settle(
                batch, attempt, [(who, Outcome(state)) for who, state in zip(people, every, strict=True)],
                now=self.now, retry_at=self.now + MINUTE,
            )  # fmt: skip
        after = self.books.states(self.issue)
        self.unsent.update(who for who in people if (before[who], after[who]) == ("in_flight", "pending"))

    def leave(self):
        self.books.write(ledger.withdraw, person(self.dice.randrange(45)), issue_ids=None, reason="left")

    def void(self):
        """Let time pass, so that some leases run out, and undo them."""
        self.now += self.dice.choice([MINUTE / 4, MINUTE, 2 * MINUTE])
        self.books.write(ledger.void_leases, now=self.now, all_of_them=False)

    def step(self):
        moves = [self.claim, self.start, self.end, self.leave, self.void]
        self.dice.choices(moves, [6, 6, 5, 1, 2])[0]()


@pytest.mark.parametrize("seed", range(5))
def test_the_account_is_right_at_every_step(books, seed) -> None:
    """However workers, crashes and people interleave: the sum is right and states only move forward."""
    walk = Walk(books, seed)
    states = books.states(walk.issue)
    for _ in range(70):
        walk.step()
        before, states = states, books.states(walk.issue)
        steps = {(before[who], state) for who, state in states.items()}
        account = books.account(walk.issue)

        assert account.closed
        assert (account.candidates, set(states)) == (41, set(before))
        assert {step for step in steps if step[1] not in FORWARD.get(step[0], {step[0]})} == set()

    while walk.held:
        walk.end()
    books.write(ledger.void_leases, now=NOW + DAY, all_of_them=True)
    mailed = Counter(walk.calls)
    mailed.subtract(walk.unsent)
    while batch := books.claim(now=NOW + DAY):
        queue = books.queued(batch)
        mailed.update(each.subscriber for each in queue)
        if queue:
            books.send(batch)
        else:
            books.write(ledger.close, batch)

    assert books.read(ledger.finished) == [walk.issue]
    assert {who for who, calls in mailed.items() if calls > 1} == set()
    for who, state in books.states(walk.issue).items():
        assert (state == "excluded") == (mailed[who] == 0), (who, state)
        assert state not in FORWARD, "nothing is left half done"


def test_an_account_that_does_not_add_up_is_an_error(books) -> None:
    """A word that nobody knows must not vanish from the sum."""
    issue = books.freeze([decided(1), decided(2)])
    with books.database.writing() as connection:
        connection.execute(update(deliveries).where(deliveries.c.subscriber == person(1)).values(state="lost"))

    with pytest.raises(StoreError, match="does not add up"):
        books.account(issue)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_place_in_the_account(books, state) -> None:
    """What is told after acceptance counts as accepted."""
    issue = books.freeze([decided(1), decided(2)])
    with books.database.writing() as connection:
        connection.execute(update(deliveries).where(deliveries.c.subscriber == person(1)).values(state=state))
    column = "accepted" if state in {"deferred", "delivered", "bounced", "complained"} else state
    expected = Account(candidates=2, excluded=0, pending=1, in_flight=0, accepted=0, rejected=0, unknown=0)

    assert books.account(issue) == replace(expected, **{column: getattr(expected, column) + 1})


def test_threads_claim_no_common_batch(books) -> None:
    """Four at a time until nothing is left: every position once."""
    books.freeze([decided(number) for number in range(200)], max_recipients=5)
    gate = Barrier(4)

    def work(name):
        gate.wait()
        mine = []
        while batch := books.claim(owner=name):
            mine.append(batch)
        return mine

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, "abcd"))
    places = [place for share in shares for batch in share for place in range(batch.lo, batch.hi + 1)]

    assert sorted(places) == list(range(1, 201))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_claim_passes_by_what_another_is_claiming(books) -> None:
    """On PostgreSQL a worker does not wait for the transaction of another."""
    books.freeze([decided(number) for number in range(20)])
    with books.database.writing() as connection:
        first = ledger.claim(connection, now=NOW, owner="a", lease_until=NOW)
        second = books.claim(owner="b")

    assert (first.lo, second.lo) == (1, 11)


def _plan(database, statement):
    words = str(statement.compile(database.engine, compile_kwargs={"literal_binds": True})).replace(":", "\\:")
    with database.reading() as connection:
        return " | ".join(row[3] for row in connection.execute(text(f"explain query plan {words}")))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_plans_of_the_hot_statements(books) -> None:
    """On SQLite claims and ranges use their indexes, and nothing walks over all deliveries."""
    books.freeze([decided(number) for number in range(50)])
    claim = _plan(books.database, ledger.next_batch(NOW))
    batch = Batch(issue=1, lo=1, hi=10, tries=0, owner="me")
    here = update(deliveries).where(ledger.in_range(batch), deliveries.c.state == "pending").values(state="in_flight")
    marking = _plan(books.database, here)

    assert "SEARCH batches USING INDEX batches_to_claim (state=? AND due_at<?)" in claim
    assert "TEMP B-TREE" not in claim
    assert marking == "SEARCH deliveries USING INDEX deliveries_by_position (issue=? AND position>? AND position<?)"
    assert "SCAN" not in claim + marking
