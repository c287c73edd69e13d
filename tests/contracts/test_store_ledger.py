"""The ledger's moves one by one: claimed, started, settled, split, voided, withdrawn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from tests.contracts.ledgers import DAY, HOUR, MINUTE, NOW, Ledger, counted_statements, decided, person

from msdigest.model.delivery import Outcome
from msdigest.store import deliveries as delivery_store
from msdigest.store import doubts, events, issues, ledger
from msdigest.store.ledger import Batch

ACCEPTED, REJECTED = Outcome("accepted", "id-1"), Outcome("rejected", reason="mailbox unknown")
UNKNOWN, PENDING = Outcome("unknown", reason="connection lost"), Outcome("pending", reason="try later")


@pytest.fixture
def books(database):
    return Ledger(database)


def test_batches_are_claimed_in_order(books) -> None:
    """Earlier issues first, then by position; each once; one issue alone where that is asked."""
    late = books.freeze([decided(number) for number in range(25)], due_at=NOW)
    early = books.freeze([decided(number) for number in range(15)], due_at=NOW - HOUR, digest="daily")
    only = books.claim(issue=late)
    claimed = [books.claim(owner=f"w{number}") for number in range(5)]

    assert only == Batch(issue=late, lo=1, hi=10, tries=0, owner="me")
    assert [(batch.issue, batch.lo, batch.hi) for batch in claimed[:4]] == [
        (early, 1, 10),
        (early, 11, 15),
        (late, 11, 20),
        (late, 21, 25),
    ]
    assert claimed[4] is None
    assert books.account(late).pending == 25
    assert {(row["state"], row["owner"]) for row in books.batches() if row["issue"] == early} == {
        ("claimed", "w0"),
        ("claimed", "w1"),
    }


def test_nothing_is_claimed_before_its_time(books) -> None:
    """Nor of an issue that is not in sending; ``next_due`` tells when to come back."""
    issue = books.freeze([decided(1)], due_at=NOW + HOUR)
    other = books.freeze([decided(1)], due_at=NOW + DAY, digest="daily")
    before, due = books.claim(), books.read(ledger.next_due)
    books.write(issues.set_state, issue, "held", only_from=("sending",))

    assert (before, due) == (None, NOW + HOUR)
    assert books.claim(now=NOW + HOUR) is None
    assert books.read(ledger.next_due) == NOW + DAY
    assert books.read(ledger.next_due, issue=issue) is None
    assert books.read(ledger.next_due, issue=other) == NOW + DAY


def test_a_start_is_written_down_before_the_call(books) -> None:
    """State, tries, lease, and the hash and size of what is sent."""
    issue = books.freeze([decided(1), decided(2)])
    batch = books.claim()
    began, attempt = books.start(batch, now=NOW + MINUTE)
    (row,), (call,) = books.batches(), books.attempt_rows()

    assert began
    assert set(books.states(issue).values()) == {"in_flight"}
    assert (row["state"], row["tries"], row["lease_until"]) == ("in_flight", 1, NOW + 2 * MINUTE)
    assert (call["id"], call["recipients"], call["payload_bytes"], call["started_at"]) == (attempt, 2, 7, NOW + MINUTE)
    assert (len(call["payload_hash"]), call["ended_at"]) == (64, None)


def test_a_start_without_somebody_who_left_is_refused(books) -> None:
    """Nothing is written; built again without them it goes out."""
    issue = books.freeze([decided(number) for number in range(3)])
    batch = books.claim()
    queue = books.queued(batch)
    books.write(ledger.withdraw, person(1), issue_ids=[issue], reason="left")
    refused, _ = books.start(batch, recipients=len(queue))
    after = (books.states(issue), books.attempt_rows(), books.batches()[0]["state"])
    books.write(ledger.release, batch, due_at=NOW)
    books.drain()

    assert refused is False
    assert after == ({person(0): "pending", person(1): "excluded", person(2): "pending"}, [], "claimed")
    assert books.states(issue) == {person(0): "accepted", person(1): "excluded", person(2): "accepted"}


def _void(books, batch):
    books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False)


def _void_and_claim(books, batch):
    _void(books, batch)
    assert books.claim(now=NOW + HOUR, owner="another")


@pytest.mark.parametrize("loss", [_void, _void_and_claim], ids=["voided", "taken by another"])
@pytest.mark.parametrize("move", ["start", "release", "close"])
def test_who_lost_the_lease_changes_nothing(books, loss, move) -> None:
    """A process that slept too long finds that the batch is no longer its own."""
    issue = books.freeze([decided(1), decided(2)])
    batch = books.claim()
    loss(books, batch)
    before = (books.batches(), books.states(issue))
    if move == "start":
        assert books.start(batch) == (False, f"{1:032x}")
    elif move == "release":
        books.write(ledger.release, batch, due_at=NOW + DAY)
    else:
        books.write(ledger.close, batch)

    assert (books.batches(), books.states(issue)) == before


def test_an_older_claim_of_the_same_owner_is_told_apart(books) -> None:
    """Between two claims a call was made, so the tries differ."""
    books.freeze([decided(1)])
    old = books.claim()
    books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False)
    books.send(books.claim(), PENDING, retry_at=NOW)
    newer = books.claim()
    books.write(ledger.close, old)

    assert (newer.owner, newer.tries) == (old.owner, 1)
    assert books.batches()[0]["state"] == "claimed"


def test_a_claim_of_the_whole_is_told_apart_from_one_of_a_half(books) -> None:
    """After a split the first half has the number, the owner and the tries of the old claim, but not its end."""
    issue = books.freeze([decided(number) for number in range(4)])
    old = books.claim()
    books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False)
    whole = books.claim()
    _, attempt = books.start(whole)
    books.write(ledger.split, whole, attempt=attempt, now=NOW, reason="refused")
    half = books.claim()
    began, _ = books.start(old)

    assert (half.lo, half.hi, half.tries, half.owner) == (old.lo, 2, old.tries, old.owner)
    assert not began
    assert set(books.states(issue).values()) == {"pending"}


@pytest.mark.parametrize("move", ["settle", "split"])
def test_a_late_answer_stays_with_the_attempt(books, move) -> None:
    """After the lease ran out the deliveries are unknown until they are reconciled, whatever is told too late."""
    issue = books.freeze([decided(1), decided(2)])
    batch = books.claim()
    _, attempt = books.start(batch)
    _void(books, batch)
    before = books.batches()
    if move == "settle":
        books.settle(batch, attempt, [(person(1), ACCEPTED), (person(2), PENDING)], now=NOW + DAY)
    else:
        books.write(ledger.split, batch, attempt=attempt, now=NOW + DAY, reason="refused")
    (call,) = books.attempt_rows()

    assert set(books.states(issue).values()) == {"unknown"}
    assert books.batches() == before
    assert (call["outcome"], call["ended_at"]) == ("mixed" if move == "settle" else "split", NOW + DAY)


@pytest.mark.parametrize("move", ["settle", "split"])
def test_a_late_answer_is_not_taken_for_one_to_the_next_call(books, move) -> None:
    """An editor queued everybody again, and the same process calls again: what the first call says is its own."""
    issue = books.freeze([decided(1), decided(2)])
    first = books.claim()
    _, late = books.start(first)
    _void(books, first)
    books.write(doubts.send_again, issue, now=NOW)
    second = books.claim()
    _, attempt = books.start(second)
    if move == "settle":
        settled = books.settle(first, late, [(person(1), PENDING), (person(2), PENDING)])
    else:
        settled = books.write(ledger.split, first, attempt=late, now=NOW, reason="refused")
    under_way = set(books.states(issue).values())

    assert (first, settled, under_way) == (second, False, {"in_flight"})
    assert books.settle(second, attempt, [(person(1), ACCEPTED), (person(2), ACCEPTED)])
    assert set(books.states(issue).values()) == {"accepted"}


@pytest.mark.parametrize("outcome", [ACCEPTED, REJECTED, UNKNOWN])
def test_one_outcome_for_all_is_one_statement(books, outcome) -> None:
    """The whole range moves at once, with the provider's name and reason."""
    issue = books.freeze([decided(number) for number in range(10)])
    batch = books.claim()
    queue = books.queued(batch)
    _, attempt = books.start(batch)
    with counted_statements(books.database) as sent:
        books.settle(batch, attempt, [(each.subscriber, outcome) for each in queue])
    records = books.read(lambda connection: list(delivery_store.records(connection, issue)))
    (row,), (call,) = books.batches(), books.attempt_rows()

    assert sum("UPDATE deliveries" in statement for statement, _ in sent) == 1
    assert not any(many for _, many in sent)
    assert {(each.state, each.provider_id, each.reason, each.attempts) for each in records} == {
        (outcome.state, outcome.provider_id, outcome.reason, 1)
    }
    assert (row["state"], row["owner"], row["lease_until"]) == ("settled", None, None)
    assert (call["outcome"], call["evidence"], call["ended_at"]) == (outcome.state, outcome.reason, NOW)


def test_each_person_has_an_outcome_of_their_own(books) -> None:
    """Everybody gets theirs; who was surely not sent is tried again, and nobody else."""
    issue = books.freeze([decided(number) for number in range(4)])
    batch = books.claim()
    _, attempt = books.start(batch)
    outcomes = [ACCEPTED, REJECTED, UNKNOWN, PENDING]
    books.settle(batch, attempt, [(person(number), each) for number, each in enumerate(outcomes)])
    early, again = books.claim(), books.claim(now=NOW + HOUR)
    left = books.queued(again)
    books.send(again, Outcome("accepted", "id-2"))
    records = {each.subscriber: each for each in books.read(lambda c: list(delivery_store.records(c, issue)))}

    assert early is None
    assert (again.tries, [each.subscriber for each in left]) == (1, [person(3)])
    assert [
        (records[person(n)].state, records[person(n)].provider_id, records[person(n)].attempts) for n in range(4)
    ] == [
        ("accepted", "id-1", 1),
        ("rejected", None, 1),
        ("unknown", None, 1),
        ("accepted", "id-2", 2),
    ]
    assert [call["outcome"] for call in books.attempt_rows()] == ["mixed", "accepted"]


def test_what_a_provider_wrote_is_cut_to_size(books) -> None:
    """Endless reasons, NUL and half letters do not stop the settling after the mail is out."""
    hostile = "no\0\ud800 such mailbox " * 100
    issue = books.freeze([decided(1), decided(2)])
    batch = books.claim()
    _, attempt = books.start(batch)
    outcomes = [Outcome("rejected", "x" * 999, hostile), Outcome("accepted", hostile)]
    books.settle(batch, attempt, [(person(number), each) for number, each in enumerate(outcomes, 1)])
    records = {each.subscriber: each for each in books.read(lambda c: list(delivery_store.records(c, issue)))}

    assert records[person(1)].reason.startswith("no? such mailbox")
    assert records[person(1)].provider_id == "x" * 200
    assert records[person(2)].state == "accepted"


def test_a_refused_batch_is_split_until_the_bad_address_is_found(books) -> None:
    """Everybody else gets their mail, and all positions stay covered."""
    issue = books.freeze([decided(number) for number in range(10)])
    bad, calls = person(6), 0
    while batch := books.claim(now=NOW + DAY):
        queue = [each.subscriber for each in books.queued(batch)]
        _, attempt = books.start(batch, now=NOW + DAY, lease=HOUR)
        calls += 1
        if bad not in queue:
            books.settle(batch, attempt, [(each, ACCEPTED) for each in queue])
        elif len(queue) == 1:
            books.settle(batch, attempt, [(bad, REJECTED)])
        else:
            books.write(ledger.split, batch, attempt=attempt, now=NOW, reason="a bad address")
        ranges = [(row["lo"], row["hi"]) for row in books.batches()]
        assert [place for lo, hi in ranges for place in range(lo, hi + 1)] == list(range(1, 11))

    assert {who for who, state in books.states(issue).items() if state != "accepted"} == {bad}
    assert books.states(issue)[bad] == "rejected"
    assert calls < 10
    assert {call["outcome"] for call in books.attempt_rows()} == {"split", "accepted", "rejected"}


def test_a_batch_in_which_nobody_is_left_is_closed(books) -> None:
    """Then the issue is done."""
    issue = books.freeze([decided(1)])
    batch = books.claim()
    books.write(ledger.withdraw, person(1), issue_ids=None, reason="left")
    unfinished = books.read(ledger.finished)
    books.write(ledger.close, batch)

    assert (books.queued(batch), unfinished) == ([], [])
    assert books.read(ledger.finished) == [issue]


@pytest.mark.parametrize(
    ("all_of_them", "now", "unknown", "pending"),
    [(True, NOW, 10, 20), (False, NOW, 0, 20), (False, NOW + HOUR, 10, 20)],
    ids=["under the lock", "leases still running", "leases run out"],
)
def test_dead_processes_lose_what_they_held(books, all_of_them, now, unknown, pending) -> None:
    """Claimed goes back, in flight becomes unknown; leases that still run are left alone."""
    issue = books.freeze([decided(number) for number in range(30)])
    started, claimed = books.claim(), books.claim()
    _, attempt = books.start(started)
    became = books.write(ledger.void_leases, now=now, all_of_them=all_of_them)
    again = books.claim(now=now)
    held = all_of_them or now > NOW
    (call,) = books.attempt_rows()

    assert became == unknown
    assert (books.account(issue).unknown, books.account(issue).pending) == (unknown, pending)
    assert (again.lo, again.tries) == ((claimed.lo if held else 21), 0)
    assert [row["state"] for row in books.batches()] == [
        "settled" if held else "in_flight",
        "claimed",
        "pending" if held else "claimed",
    ]
    assert (call["id"], call["outcome"]) == (attempt, "unknown" if held else None)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_undoing_what_dead_processes_held_waits_for_nobody(books) -> None:
    """Whoever hears events holds the same batches in another order: each would wait for the other for ever."""
    books.freeze([decided(number) for number in range(20)])
    books.claim()
    books.start(books.claim())
    with ThreadPoolExecutor() as pool, books.database.writing() as connection:
        events.take_turn(connection)
        beside = pool.submit(books.write, ledger.void_leases, now=NOW + HOUR, all_of_them=False).result(timeout=5)

    assert beside == 0
    assert books.write(ledger.void_leases, now=NOW + HOUR, all_of_them=False) == 10
    assert [batch["state"] for batch in books.batches()] == ["pending", "settled"]


def test_nobody_is_mailed_again_on_a_guess(books) -> None:
    """What is unknown stays out of every later batch."""
    issue = books.freeze([decided(number) for number in range(5)])
    books.start(books.claim())
    books.write(ledger.void_leases, now=NOW, all_of_them=True)
    books.drain()

    assert set(books.states(issue).values()) == {"unknown"}
    assert books.read(ledger.finished) == [issue]


def test_withdrawing_reaches_only_what_is_queued(books) -> None:
    """Of the named issues, or of all; what was started goes its way."""
    first = books.freeze([decided(1), decided(2)])
    second = books.freeze([decided(1), decided(2)], digest="daily")
    books.start(books.claim())
    none = books.write(ledger.withdraw, person(1), issue_ids=[first], reason="left")
    nobody = books.write(ledger.withdraw, person(9), issue_ids=None, reason="left")
    every = books.write(ledger.withdraw, person(1), issue_ids=None, reason="left")

    assert (none, nobody, every) == (0, 0, 1)
    assert books.states(first) == {person(1): "in_flight", person(2): "in_flight"}
    assert books.states(second) == {person(1): "excluded", person(2): "pending"}


def test_withdrawing_a_whole_issue(books) -> None:
    """What is queued is excluded with the reason; another issue is untouched."""
    issue = books.freeze([decided(number) for number in range(25)])
    other = books.freeze([decided(1)], digest="daily", due_at=NOW + HOUR)
    books.send(books.claim())

    assert books.write(ledger.withdraw_all, issue, reason="cancelled") == 15
    assert (books.account(issue).accepted, books.account(issue).excluded) == (10, 15)
    assert books.account(other).pending == 1


def test_cancelling_in_the_moment_in_which_a_call_comes_back(books) -> None:
    """Neither sees what the other one has not yet written down, and still nobody waits for a cancelled issue."""
    issue = books.freeze([decided(1), decided(2)])
    batch = books.claim()
    _, attempt = books.start(batch)

    def cancel():
        with books.database.writing() as connection:
            issues.set_state(connection, issue, "cancelled", only_from=("sending",))
            ledger.withdraw_all(connection, issue, reason="cancelled")

    with ThreadPoolExecutor() as pool:
        with books.database.writing() as connection:
            told = [(person(number), PENDING) for number in (1, 2)]
            ledger.settle(connection, batch, told, attempt=attempt, now=NOW, retry_at=NOW, ask_at=NOW)
            other = pool.submit(cancel)
            sleep(0.3)  # so that it has begun, and waits
        other.result()

    assert set(books.states(issue).values()) == {"excluded"}


def test_rejections_are_taken_back_also_inside_a_batch(books) -> None:
    """Whoever was rejected is sent to again, alone in their batch or beside others, and nobody else is."""
    issue = books.freeze([decided(number) for number in range(12)])
    first, second = books.claim(), books.claim()
    queue = books.queued(first)
    _, attempt = books.start(first)
    outcomes = [REJECTED if each.position in {3, 4} else ACCEPTED for each in queue]
    books.settle(first, attempt, [(each.subscriber, outcome) for each, outcome in zip(queue, outcomes, strict=True)])
    books.send(second, REJECTED)
    back = books.write(ledger.take_back_rejections, issue)
    books.drain()
    tries = {each.subscriber: each.attempts for each in books.read(lambda c: list(delivery_store.records(c, issue)))}

    assert back == 4
    assert books.account(issue).accepted == 12
    assert {each.position: tries[each.subscriber] for each in queue} == {n: 1 + (n in {3, 4}) for n in range(1, 11)}
