"""Doubts in the tables: which call is asked about next, who is unknown in it, and what settles them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, column, insert, select, table
from tests.contracts.ledgers import DAY, HOUR, MINUTE, NOW, Ledger, decided, person

from msdigest.model.delivery import Outcome
from msdigest.store import deliveries as delivery_store
from msdigest.store import doubts, issues, ledger
from msdigest.store.attempts import people_in
from msdigest.store.database import Database, _engine
from msdigest.store.schema import attempts, metadata

ACCEPTED, REJECTED = Outcome("accepted", "id-1"), Outcome("rejected", reason="mailbox unknown")
UNKNOWN, PENDING = Outcome("unknown", reason="connection lost"), Outcome("pending", reason="try later")


class Doubts(Ledger):
    """The ledger's moves, and those of doubts."""

    def call(self, *outcomes, now=NOW, retry_at=NOW):
        """Make one call with one outcome for everybody, or one for each in their order; return its attempt."""
        batch = self.claim(now=now)
        queue = [each.subscriber for each in self.queued(batch)]
        _, attempt = self.start(batch, now=now)
        each = outcomes if len(outcomes) > 1 else outcomes * len(queue)
        self.settle(batch, attempt, list(zip(queue, each, strict=True)), now=now, retry_at=retry_at)
        self.closed()
        return attempt

    def split(self, *, now=NOW):
        """Make one call that is refused as a whole; return its attempt."""
        batch = self.claim(now=now)
        _, attempt = self.start(batch, now=now)
        self.write(ledger.split, batch, attempt=attempt, now=now, reason="refused")
        self.closed()
        return attempt

    def closed(self):
        """Everybody is somewhere, whatever was done."""
        for issue in {row["issue"] for row in self.batches()}:
            assert self.account(issue).closed

    def take(self, attempt, *, until=NOW, due=None):
        return self.write(doubts.take, attempt, until=until, due=due)

    def unknown_in(self, attempt):
        """Return the numbers of whoever a call left unknown."""
        return [int(each.subscriber, 16) for each in self.read(doubts.people, self.take(attempt))]

    def open_ones(self, **words):
        return [each.id for each in self.read(doubts.open_ones, **words)]

    def resolve(self, attempt, *outcomes, now=NOW):
        """Write down (number, outcome) of people."""
        told = [(person(number), outcome) for number, outcome in outcomes]
        states = self.write(doubts.resolve, self.take(attempt), told, now=now)
        self.closed()
        return states

    def row(self, attempt):
        return next(row for row in self.attempt_rows() if row["id"] == attempt)

    def numbers(self, issue, state):
        return sorted(int(who, 16) for who, its in self.states(issue).items() if its == state)

    def line(self, issue, number):
        records = self.read(lambda connection: list(delivery_store.records(connection, issue)))
        return next(each for each in records if each.subscriber == person(number))


@pytest.fixture
def books(database):
    return Doubts(database)


def frozen(books, count, **words):
    return books.freeze([decided(number) for number in range(1, count + 1)], **words)


# --------------------------------------------------------------------------------------------------- what is asked


def test_calls_are_asked_about_in_order(books) -> None:
    """By their time; one issue alone where that is asked; what is certain never."""
    first = frozen(books, 30)
    later, earlier = books.call(UNKNOWN, now=NOW + MINUTE), books.call(UNKNOWN, now=NOW)
    books.call(ACCEPTED, now=NOW)
    second = frozen(books, 1, digest="daily")
    other = books.call(UNKNOWN, now=NOW + 2 * MINUTE)

    assert [books.read(doubts.due, now=NOW + minutes * MINUTE) for minutes in (0, 1, 2)] == [None, earlier, earlier]
    assert books.read(doubts.due, now=NOW + HOUR, issue=second) == other
    assert books.read(doubts.next_due) == NOW + MINUTE
    assert books.read(doubts.next_due, issue=second) == NOW + 3 * MINUTE
    assert books.read(doubts.next_due, issue=first + second) is None
    assert books.open_ones() == [later, earlier, other]
    assert books.open_ones(issue=second) == [other]


@pytest.mark.parametrize("outcomes", [(ACCEPTED,), (REJECTED,), (PENDING,), (ACCEPTED, REJECTED, PENDING)])
def test_what_is_certain_is_no_doubt(books, outcomes) -> None:
    """Whoever was refused, or was surely not sent, needs no question."""
    frozen(books, 3)
    attempt = books.call(*outcomes)

    assert books.row(attempt)["ask_at"] is None
    assert (books.read(doubts.due, now=NOW + DAY), books.open_ones()) == (None, [])


def test_some_calls_are_looked_at_alone(books) -> None:
    """Whoever has heard of a call does not walk through everybody of all the others."""
    frozen(books, 30)
    calls = [books.call(UNKNOWN), books.call(ACCEPTED), books.call(UNKNOWN)]

    assert books.open_ones(ids=calls[1:]) == calls[2:]
    assert books.open_ones(ids=()) == []
    assert books.open_ones() == [calls[0], calls[2]]


def test_taking_holds_it_for_a_while(books) -> None:
    """Another process finds nothing on the list, not even if it read the list before; later it is due again."""
    frozen(books, 2)
    attempt = books.call(UNKNOWN)
    due = NOW + MINUTE
    listed = books.read(doubts.due, now=due)
    taken = books.take(listed, until=due + HOUR, due=due)
    second = books.take(listed, until=due + HOUR, due=due)
    after = [books.read(doubts.due, now=due + wait) for wait in (timedelta(), HOUR)]

    assert (taken.id, taken.ask_at, taken.asked, taken.turn, taken.recipients) == (attempt, due, 0, 1, 2)
    assert second is None
    assert after == [None, attempt]


def test_what_is_not_there_cannot_be_taken(books) -> None:
    """Nor what nobody is to be asked about any more; whoever asks out of turn takes that all the same."""
    frozen(books, 1)
    attempt = books.call(UNKNOWN)
    books.write(doubts.put_off, books.take(attempt), at=None, evidence="never heard of it", counts=True)

    assert books.take("f" * 32) is None
    assert books.take(attempt, due=NOW + DAY) is None
    assert books.take(attempt).id == attempt


def test_two_take_one_call_at_once(books) -> None:
    """On PostgreSQL a call that another process holds just now is left to it; on SQLite one waits for the other."""
    frozen(books, 1)
    attempt = books.call(UNKNOWN)
    due = NOW + MINUTE
    if books.database.is_sqlite:
        first, second = (books.take(attempt, until=due + HOUR, due=due) for _ in range(2))
    else:
        with books.database.writing() as connection:
            first = doubts.take(connection, attempt, until=due + HOUR, due=due)
            second = books.take(attempt, until=due + HOUR, due=due)

    assert (first.id, second) == (attempt, None)


@pytest.mark.parametrize("counts", [True, False])
def test_putting_off(books, counts) -> None:
    """Until a moment or for good; it counts only if the provider answered; endless evidence is cut."""
    frozen(books, 1)
    attempt = books.call(UNKNOWN)
    books.write(doubts.put_off, books.take(attempt), at=NOW + HOUR, evidence="no\0thing " * 99, counts=counts)
    row, due = books.row(attempt), books.read(doubts.due, now=NOW + HOUR)
    books.write(doubts.put_off, books.take(attempt), at=None, evidence="enough", counts=counts)
    last = books.row(attempt)

    assert (row["ask_at"], row["asked"], len(row["evidence"]), due) == (NOW + HOUR, int(counts), 300, attempt)
    assert (last["ask_at"], last["asked"], last["evidence"]) == (
        None,
        2 * counts,
        "connection lost · asked since: enough",
    )
    assert books.open_ones() == [attempt]


# ------------------------------------------------------------------------------------------------- who is unknown


def test_people_after_a_split(books) -> None:
    """The half that is in doubt has its people, the call before it and the other half have none."""
    frozen(books, 4)
    whole = books.split()
    first, second = books.call(ACCEPTED), books.call(UNKNOWN)

    assert [books.unknown_in(each) for each in (whole, first, second)] == [[], [], [3, 4]]
    assert books.open_ones() == [second]


def test_people_after_retries(books) -> None:
    """Only the call that was their last has them."""
    frozen(books, 3)
    tried = [books.call(PENDING), books.call(PENDING), books.call(UNKNOWN)]

    assert [books.unknown_in(each) for each in tried] == [[], [], [1, 2, 3]]
    assert [books.row(each)["turn"] for each in tried] == [1, 2, 3]


def test_people_after_mixed_outcomes(books) -> None:
    """Each call has those whom it itself left unknown, although the same batch was called again and again."""
    frozen(books, 6)
    first = books.call(UNKNOWN, ACCEPTED, PENDING, PENDING, PENDING, REJECTED)
    second = books.call(ACCEPTED, UNKNOWN, PENDING)
    third = books.call(UNKNOWN)

    assert [books.unknown_in(each) for each in (first, second, third)] == [[1], [4], [5]]
    assert books.open_ones() == [first, second, third]


def test_people_of_a_dead_process(books) -> None:
    """What it left in flight is asked about at once; who was withdrawn before the call is not in it."""
    issue = frozen(books, 3)
    books.write(ledger.withdraw, person(2), issue_ids=[issue], reason="left")
    _, attempt = books.start(books.claim())
    books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False)

    assert books.read(doubts.due, now=NOW + HOUR) == attempt
    assert books.unknown_in(attempt) == [1, 3]


def test_people_have_what_a_message_is_made_of(books) -> None:
    """Position, selection and variant, in order of position."""
    books.freeze([decided(1, "e1"), decided(2, "e2", variant="en.large"), decided(3, "e1")])
    attempt = books.call(UNKNOWN)
    batch = ledger.Batch(issue=1, lo=1, hi=3, tries=0, owner="me")
    found = books.read(doubts.people, books.take(attempt))
    books.write(doubts.send_again, 1, now=NOW)

    assert found == books.queued(batch)
    assert [each.position for each in found] == [1, 2, 3]


# ------------------------------------------------------------------------------------------------ what settles them


@pytest.mark.parametrize(
    ("first", "steps", "told", "outcome", "left"),
    [
        ((UNKNOWN,), [((1, ACCEPTED), (2, ACCEPTED), (3, ACCEPTED))], [{"accepted": 3}], "accepted", []),
        ((UNKNOWN,), [((1, REJECTED), (2, REJECTED), (3, REJECTED))], [{"rejected": 3}], "rejected", []),
        ((UNKNOWN,), [((1, ACCEPTED), (2, REJECTED), (3, ACCEPTED))], [{"accepted": 2, "rejected": 1}], "mixed", []),
        ((UNKNOWN,), [((2, ACCEPTED),)], [{"accepted": 1}], "mixed", [1, 3]),
        ((UNKNOWN,), [((2, ACCEPTED),), ((1, REJECTED), (3, ACCEPTED))], [{"accepted": 1}, {"rejected": 1, "accepted": 1}], "mixed", []),
        ((UNKNOWN,), [((1, UNKNOWN), (2, PENDING), (3, UNKNOWN))], [{}], "unknown", [1, 2, 3]),
        ((UNKNOWN,), [()], [{}], "unknown", [1, 2, 3]),
        ((ACCEPTED, UNKNOWN, REJECTED), [((2, ACCEPTED),)], [{"accepted": 1}], "mixed", []),
        # Whoever was settled is not asked about, and is not moved by an answer about others.
        ((ACCEPTED, UNKNOWN, REJECTED), [((1, REJECTED), (3, ACCEPTED))], [{}], "mixed", [2]),
    ],
    ids=[
        "everybody", "everybody rejected", "each their own", "one of three", "one, then the others", "nothing is told",
        "nobody is named", "the one who was in doubt", "others",
    ],
)  # fmt: skip
def test_resolving(books, first, steps, told, outcome, left) -> None:
    """Each gets what is known of them; the call tells that, and is asked about no more when nobody is left."""
    issue = frozen(books, 3)
    attempt = books.call(*first)
    found = [+books.resolve(attempt, *step, now=NOW + HOUR) for step in steps]
    row = books.row(attempt)

    assert found == told
    assert books.numbers(issue, "unknown") == left
    assert (row["outcome"], row["ask_at"] is None) == (outcome, not left)
    assert (books.open_ones() == [attempt]) == bool(left)


def test_what_is_resolved_has_its_name_and_reason(books) -> None:
    """As if the answer had come in time, cut to size."""
    issue = frozen(books, 2)
    attempt = books.call(UNKNOWN)
    books.resolve(attempt, (1, Outcome("accepted", "x" * 999)), (2, Outcome("rejected", reason="no\0" * 200)))
    one, other = books.line(issue, 1), books.line(issue, 2)

    assert (one.state, one.provider_id, one.reason) == ("accepted", "x" * 200, None)
    assert (other.state, other.provider_id, len(other.reason)) == ("rejected", None, 200)


def test_resolving_whom_an_event_settled(books) -> None:
    """They stay as they are, and are not counted twice."""
    issue = frozen(books, 3)
    attempt = books.call(UNKNOWN)
    taken = books.take(attempt)
    with books.database.writing() as connection:
        connection.exec_driver_sql("update deliveries set state = 'bounced' where position = 2")
    told = [(person(number), ACCEPTED) for number in (1, 2, 3)]
    states = books.write(doubts.resolve, taken, told, now=NOW)
    books.closed()

    assert states == {"accepted": 2}
    assert (books.numbers(issue, "accepted"), books.numbers(issue, "bounced")) == ([1, 3], [2])


def test_resolving_one_call_leaves_the_others(books) -> None:
    """Whoever another call of the same batch left unknown waits for the answer about that one."""
    issue = frozen(books, 2)
    first, second = books.call(UNKNOWN, PENDING), books.call(UNKNOWN)
    states = books.resolve(first, (1, ACCEPTED), (2, ACCEPTED))

    assert states == {"accepted": 1}
    assert (books.numbers(issue, "accepted"), books.unknown_in(second)) == ([1], [2])


@pytest.mark.parametrize(
    ("first", "settled", "outcome"),
    [((UNKNOWN,), 3, "accepted"), ((REJECTED, UNKNOWN, UNKNOWN), 2, "mixed"), ((ACCEPTED,), 0, "accepted")],
)
def test_accepting_a_whole_call(books, first, settled, outcome) -> None:
    """Everybody who is unknown in it has it; nobody else is touched, and nobody is asked again."""
    issue = frozen(books, 3)
    attempt = books.call(*first)
    count = books.write(doubts.accept_all, books.take(attempt), provider_id="found", now=NOW)
    books.closed()
    row = books.row(attempt)

    assert count == settled
    assert (books.numbers(issue, "unknown"), row["outcome"], row["ask_at"]) == ([], outcome, None)
    assert books.line(issue, 3).provider_id == ("found" if settled else "id-1")


# ------------------------------------------------------------------------------------------------ an answer too late


@pytest.mark.parametrize(
    ("late", "outcome"),
    [
        ((PENDING,), "pending"), ((UNKNOWN,), "unknown"), ((ACCEPTED, PENDING), "mixed"), ((REJECTED, UNKNOWN), "mixed"),
        ("split", "split"),
    ],
)  # fmt: skip
def test_whoever_a_late_answer_leaves_unknown_is_listed(books, late, outcome) -> None:
    """Whatever it says of the call: nobody is unknown without a call that can be asked about or decided on."""
    issue = frozen(books, 2)
    batch = books.claim()
    _, attempt = books.start(batch)
    books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False)
    if late == "split":
        done = books.write(ledger.split, batch, attempt=attempt, now=NOW, reason="refused")
    else:
        each = late if len(late) > 1 else late * 2
        done = books.settle(batch, attempt, [(person(number), one) for number, one in enumerate(each, 1)])
    listed = books.open_ones()
    queued = books.write(doubts.send_again, issue, now=NOW + HOUR)
    books.drain(now=NOW + HOUR)

    assert (done, books.row(attempt)["outcome"]) == (False, outcome)
    assert (listed, queued) == ([attempt], 2)
    assert books.numbers(issue, "accepted") == [1, 2]


def test_a_late_answer_says_itself_what_the_call_came_to(books) -> None:
    """Resolving its people afterwards makes it no less accepted."""
    issue = frozen(books, 2)
    batch = books.claim()
    _, attempt = books.start(batch)
    books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False)
    books.settle(batch, attempt, [(person(1), ACCEPTED), (person(2), ACCEPTED)])
    states = books.resolve(attempt, (1, ACCEPTED), (2, ACCEPTED))

    assert states == {"accepted": 2}
    assert (books.row(attempt)["outcome"], books.row(attempt)["ask_at"]) == ("accepted", None)
    assert books.numbers(issue, "accepted") == [1, 2]


# ------------------------------------------------------------------------------------------------- an editor decides


def test_sending_again(books) -> None:
    """Whoever is unknown is queued and sent once more, and nobody else; the old call is asked about no more."""
    issue = frozen(books, 25)
    calls = [books.call(UNKNOWN), books.call(ACCEPTED), books.call(UNKNOWN)]
    queued = books.write(doubts.send_again, issue, now=NOW + DAY)
    books.closed()
    pending, account = books.numbers(issue, "pending"), books.account(issue)
    early, sent = books.claim(now=NOW + DAY - MINUTE), books.drain(now=NOW + DAY)

    assert (queued, account.unknown, account.pending) == (15, 0, 15)
    assert len(pending) == 15
    assert (early, [(batch.lo, batch.hi, batch.tries) for batch in sent]) == (None, [(1, 10, 0), (21, 25, 0)])
    assert [books.row(call)["ask_at"] for call in calls] == [None] * 3
    assert (books.account(issue).accepted, books.open_ones()) == (25, [])
    assert books.write(doubts.send_again, issue, now=NOW) == 0


def test_sending_again_after_a_split(books) -> None:
    """The half that is in doubt is sent, whole; the other one is not."""
    issue = frozen(books, 4)
    books.split()
    books.call(UNKNOWN)
    books.call(ACCEPTED)
    queued = books.write(doubts.send_again, issue, now=NOW)
    sent = books.drain()

    assert (queued, [(batch.lo, batch.hi) for batch in sent]) == (2, [(1, 2)])
    assert set(books.states(issue).values()) == {"accepted"}


def test_sending_again_in_halves(books) -> None:
    """A batch that was divided since the call brings its people back in both halves."""
    issue = frozen(books, 4)
    books.call(UNKNOWN, PENDING, PENDING, UNKNOWN)
    books.write(ledger.divide, books.claim(), now=NOW)
    books.call(ACCEPTED)
    books.call(ACCEPTED)
    queued = books.write(doubts.send_again, issue, now=NOW)
    sent = books.drain()

    assert (queued, [(batch.lo, batch.hi) for batch in sent]) == (2, [(1, 2), (3, 4)])
    assert set(books.states(issue).values()) == {"accepted"}


def test_sending_again_beside_others_who_wait(books) -> None:
    """A batch that waits for its next try keeps its time; all who are in that call are found again if it is lost."""
    issue = frozen(books, 3)
    first = books.call(UNKNOWN, PENDING, ACCEPTED)
    second = books.call(PENDING, retry_at=NOW + HOUR)
    queued = books.write(doubts.send_again, issue, now=NOW)
    early = books.claim()
    third = books.call(UNKNOWN, now=NOW + HOUR)

    assert (queued, early) == (1, None)
    assert [books.unknown_in(each) for each in (first, second, third)] == [[], [], [1, 2]]
    assert books.resolve(third, (1, ACCEPTED), (2, ACCEPTED)) == {"accepted": 2}
    assert set(books.states(issue).values()) == {"accepted"}


def test_sending_again_whom_several_calls_left_unknown(books) -> None:
    """They travel in one call, and that one has both."""
    frozen(books, 2)
    books.call(UNKNOWN, PENDING)
    books.call(UNKNOWN)
    queued = books.write(doubts.send_again, 1, now=NOW)
    third = books.call(UNKNOWN)

    assert queued == 2
    assert books.unknown_in(third) == [1, 2]
    assert [int(each.subscriber, 16) for each in books.read(people_in, books.take(third))] == [1, 2]


@pytest.mark.parametrize("at_work", ["claimed", "in flight"])
def test_sending_again_while_their_batch_is_at_work(books, at_work) -> None:
    """They stay unknown until it has ended: a batch that is closed would leave them queued for ever."""
    issue = frozen(books, 2)
    first = books.call(UNKNOWN, PENDING)
    batch = books.claim()
    attempt = books.start(batch)[1] if at_work == "in flight" else None
    meanwhile = books.write(doubts.send_again, issue, now=NOW)
    books.closed()
    attempt = attempt or books.start(batch)[1]
    books.settle(batch, attempt, [(person(2), ACCEPTED)])
    kept, after = books.open_ones(), books.write(doubts.send_again, issue, now=NOW)
    books.drain()

    assert (meanwhile, kept, after) == (0, [first], 1)
    assert set(books.states(issue).values()) == {"accepted"}
    assert books.read(ledger.finished) == [issue]


def test_dividing_what_is_too_large_for_a_call(books) -> None:
    """Two halves with everybody in them, tried as often as before; whoever lost the batch divides nothing."""
    issue = frozen(books, 5)
    books.call(PENDING)
    batch = books.claim()
    books.write(ledger.divide, batch, now=NOW)
    halves = books.batches()
    books.write(ledger.divide, batch, now=NOW)
    after = books.batches()
    sent = books.drain()

    assert [(row["lo"], row["hi"], row["state"], row["tries"]) for row in halves] == [
        (1, 3, "pending", 1),
        (4, 5, "pending", 1),
    ]
    assert after == halves
    assert len(sent) == 2
    assert set(books.states(issue).values()) == {"accepted"}


def test_sending_again_what_was_cancelled_meanwhile(books) -> None:
    """Nobody would ever send it: they are excluded, or its entries would count as told for ever."""
    issue = frozen(books, 25)
    books.call(UNKNOWN)
    books.write(issues.set_state, issue, "cancelled", only_from=("sending",))
    books.write(ledger.withdraw_all, issue, reason="cancelled")
    books.write(doubts.send_again, issue, now=NOW)

    assert set(books.states(issue).values()) == {"excluded"}
    assert books.account(issue).excluded == 25


def test_sending_again_concerns_one_issue(books) -> None:
    """Another one with the same positions stays as it is."""
    first, second = frozen(books, 2), frozen(books, 2, digest="daily")
    books.call(UNKNOWN)
    books.call(UNKNOWN)

    assert books.write(doubts.send_again, first, now=NOW) == 2
    assert (books.account(first).pending, books.account(second).unknown) == (2, 2)
    assert len(books.open_ones()) == 1


def test_counting_as_sent(books) -> None:
    """Everybody of the issue who is unknown has it, with the reason; nobody is asked or sent again."""
    issue, other = frozen(books, 25), frozen(books, 2, digest="daily", due_at=NOW + HOUR)
    calls = [books.call(UNKNOWN), books.call(REJECTED), books.call(UNKNOWN)]
    books.call(UNKNOWN, now=NOW + HOUR)
    counted = books.write(doubts.count_as_sent, issue, reason="counted as sent by Ada" + "!" * 300)
    books.closed()

    assert (counted, books.account(issue).accepted, books.account(issue).rejected) == (15, 15, 10)
    assert books.line(issue, 1).reason.startswith("counted as sent by Ada!")
    assert [books.row(call)["ask_at"] for call in calls] == [None] * 3
    assert (books.account(other).unknown, len(books.open_ones())) == (2, 1)
    assert books.write(doubts.count_as_sent, issue, reason="again") == 0
    assert books.drain(now=NOW + DAY) == []


def test_whatever_is_decided_nobody_is_lost(books) -> None:
    """A long story of one issue: at each step the account is closed, and in the end everybody has it."""
    issue = frozen(books, 40)
    books.split()
    moves = [
        lambda: books.call(UNKNOWN), lambda: books.call(ACCEPTED, REJECTED, UNKNOWN, PENDING, UNKNOWN),
        lambda: books.call(PENDING), lambda: books.write(doubts.send_again, issue, now=NOW),
        lambda: books.call(UNKNOWN), lambda: books.call(UNKNOWN),
        lambda: books.write(doubts.accept_all, books.take(books.open_ones()[0]), provider_id=None, now=NOW),
        lambda: books.write(doubts.send_again, issue, now=NOW), books.drain,
    ]  # fmt: skip
    seen = [books.account(issue)]
    for move in moves:
        move()
        seen.append(books.account(issue))

    assert all(each.closed and each.candidates == 40 for each in seen)
    assert any(before.unknown > after.unknown for before, after in pairwise(seen))
    assert Counter(books.states(issue).values()) == {"accepted": 39, "rejected": 1}
    assert books.open_ones() == []


# ---------------------------------------------------------------------------------------------- an older database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """Return the URL of a database without any table, once of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("empty_postgres")
    return f"sqlite:///{tmp_path}/msdigest.db"


def _fill_older(url, revision, rows_of):
    """Make a database of an older time, and put rows (name of the table → rows) into it."""
    engine = _engine(url)
    config = Config()
    config.set_main_option("script_location", "msdigest.store:migrations")
    with engine.execution_options(msdigest_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        older = MetaData()
        older.reflect(connection)
        for name, rows in rows_of.items():
            types = {each.name: each.type for each in metadata.tables[name].columns}
            there = [each.name for each in older.tables[name].columns if each.name in rows[0]]
            typed = table(name, *(column(each, types[each]) for each in there))
            connection.execute(insert(typed), [{each: row[each] for each in there} for row in rows])
    engine.dispose()


# number of the call → (lo, hi, outcome), as they were made before anything could be asked.
CALLS = {
    1: (1, 8, "split"), 2: (1, 4, "mixed"), 3: (5, 8, "unknown"), 4: (1, 4, "pending"), 5: (1, 4, "unknown"),
    6: (9, 9, "rejected"), 7: (9, 9, "accepted"), 8: (10, 12, "unknown"), 9: (13, 13, None),
}  # fmt: skip
# position → (state, calls).
PEOPLE = {
    1: ("accepted", 2), 2: ("unknown", 2), 3: ("unknown", 4), 4: ("unknown", 4),
    **dict.fromkeys(range(5, 9), ("unknown", 2)),
    9: ("accepted", 2), 10: ("delivered", 1), 11: ("unknown", 1), 12: ("excluded", 0), 13: ("in_flight", 1),
}  # fmt: skip


def test_an_older_database_asks_about_its_doubts(empty_url) -> None:
    """Which call each was for its people is counted right, so everybody who is unknown is found in their last one."""
    call = {"provider": "file", "payload_hash": "h", "payload_bytes": 1, "recipients": 1}
    calls = [
        call | {
            "id": str(number), "issue": issue, "lo": lo, "hi": hi, "outcome": outcome,
            "started_at": NOW + number * MINUTE, "ended_at": outcome and NOW + number * MINUTE + HOUR,
        }
        for issue, made in ((1, CALLS), (2, {20: (1, 8, "unknown")}))
        for number, (lo, hi, outcome) in made.items()
    ]  # fmt: skip
    delivery = {"issue": 1, "due_at": NOW, "selection": None, "variant": None, "reason": None}
    people = [
        delivery | {"subscriber": person(position), "position": position, "state": state, "attempts": tries}
        for position, (state, tries) in PEOPLE.items()
    ]
    _fill_older(empty_url, "0004", {"attempts": calls, "deliveries": people})
    database = Database(empty_url)
    with database.reading() as connection:
        rows = {row.id: row for row in connection.execute(select(attempts))}
        listed = doubts.open_ones(connection)
        found = {each.id: [int(one.subscriber, 16) for one in doubts.people(connection, each)] for each in listed}
    database.close()

    assert {number: rows[str(number)].turn for number in CALLS} == {
        1: 1,
        2: 2,
        3: 2,
        4: 3,
        5: 4,
        6: 1,
        7: 2,
        8: 1,
        9: 1,
    }
    assert rows["20"].turn == 1
    assert {number for number, row in rows.items() if row.ask_at} == {"2", "3", "5", "8", "20"}
    assert all(row.ask_at == row.ended_at and row.asked == 0 for row in rows.values() if row.ask_at)
    assert found == {"2": [2], "3": [5, 6, 7, 8], "5": [3, 4], "8": [11]}
