"""A frozen issue for the tests of the ledger, and short words for its moves."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from msdigest.model.compiled import Choice
from msdigest.model.delivery import Outcome
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues, ledger, lining
from msdigest.store.schema import attempts, batches, deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def person(number):
    return f"{number:032x}"


def decided(number, *entries, variant="en.standard", reason=None):
    if reason:
        return lining.Decided(subscriber=person(number), reason=reason)
    return lining.Decided(subscriber=person(number), choice=Choice(entries or ("e1",)), variant=variant)


class Ledger:
    """One database with the ledger's moves as one-line transactions."""

    def __init__(self, database):
        self.database = database
        self.attempts = 0

    def freeze(self, decisions, *, max_recipients=10, one_selection=False, digest="weekly", due_at=NOW, chunk=1_000):
        """Freeze an issue as the step does; return its id."""
        with self.database.writing() as connection:
            number = issues.next_number(connection, digest)
            issue = issues.add(connection, digest=digest, number=number, at=due_at)
            for begin in range(0, len(decisions), chunk):
                lining.add_deliveries(connection, issue, decisions[begin : begin + chunk], due_at=due_at)
            self.lined_up = lining.line_up(
                connection, issue, max_recipients=max_recipients, one_selection=one_selection
            )
            issues.freeze(connection, issue, provider="file", now=due_at)
        return issue

    def write(self, move, *values, **words):
        with self.database.writing() as connection:
            return move(connection, *values, **words)

    def read(self, question, *values, **words):
        with self.database.reading() as connection:
            return question(connection, *values, **words)

    def claim(self, *, now=NOW, owner="me", lease=MINUTE, issue=None):
        return self.write(ledger.claim, now=now, owner=owner, lease_until=now + lease, issue=issue)

    def start(self, batch, *, recipients=None, now=NOW, lease=MINUTE):
        """Start a call with what is queued; return (whether it began, its attempt)."""
        self.attempts += 1
        attempt = f"{self.attempts:032x}"
        count = len(self.queued(batch)) if recipients is None else recipients
        began = self.write(
            ledger.start,
            batch,
            attempt=attempt,
            provider="file",
            payload=b"payload",
            recipients=count,
            now=now,
            lease_until=now + lease,
        )
        return began, attempt

    def settle(self, batch, attempt, outcomes, *, now=NOW, retry_at=NOW + HOUR):
        return self.write(
            ledger.settle, batch, outcomes, attempt=attempt, now=now, retry_at=retry_at, ask_at=now + MINUTE
        )

    def queued(self, batch):
        return self.read(ledger.queued, batch)

    def states(self, issue):
        """Return subscriber → state."""
        return {
            record.subscriber: record.state for record in self.read(lambda c: list(delivery_store.records(c, issue)))
        }

    def account(self, issue):
        return self.read(delivery_store.account, issue)

    def rows(self, table, *order):
        with self.database.reading() as connection:
            return [row._asdict() for row in connection.execute(select(table).order_by(*order))]

    def batches(self):
        return self.rows(batches, batches.c.issue, batches.c.lo)

    def attempt_rows(self):
        return self.rows(attempts, attempts.c.id)

    def positions(self, issue):
        """Return (position, variant, selection, subscriber) of everybody in line."""
        with self.database.reading() as connection:
            columns = (deliveries.c.position, deliveries.c.variant, deliveries.c.selection, deliveries.c.subscriber)
            here = (deliveries.c.issue == issue) & deliveries.c.position.is_not(None)
            return [
                tuple(row) for row in connection.execute(select(*columns).where(here).order_by(deliveries.c.position))
            ]

    def send(self, batch, outcome=Outcome("accepted", "id"), **words):  # noqa: B008  # frozen
        """Start and settle a batch with one outcome for everybody in it."""
        queue = self.queued(batch)
        _, attempt = self.start(batch)
        self.settle(batch, attempt, [(each.subscriber, outcome) for each in queue], **words)

    def drain(self, outcome=Outcome("accepted", "id"), *, now=NOW):  # noqa: B008  # frozen
        """Send all that is due; return the batches in the order of their claims."""
        sent = []
        while batch := self.claim(now=now):
            self.send(batch, outcome)
            sent.append(batch)
        return sent


@contextmanager
def counted_statements(database):
    """Collect the statements that are sent to the database."""
    from sqlalchemy import event

    sent = []

    def note(_connection, _cursor, statement, _parameters, _context, executemany):
        sent.append((statement, executemany))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
