"""Delivering: claim a batch, build the request, mark it started, call the provider, settle.

Two short transactions a batch. A process that dies between them leaves deliveries ``in_flight``; the next start
makes them ``unknown``, and nobody is mailed again on a guess.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from msdigest.errors import ProviderError, RefusedError, StoreError
from msdigest.model.delivery import Outcome
from msdigest.steps.delivering.loading import Loader
from msdigest.steps.delivering.pace import LONGEST_ASKED, Pace
from msdigest.steps.delivering.reconciling import FIRST_ASK, Reconciling
from msdigest.store import deliveries as delivery_store
from msdigest.store import doubts, ledger
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Shipment
    from msdigest.model.issue import Digest, Issue
    from msdigest.ports import Provider, Request
    from msdigest.steps.delivering.press import Post
    from msdigest.store.database import Database, Transaction
    from msdigest.store.ledger import Batch
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

# A call may take this long, in seconds; a lease is renewed when a call begins and outlives it.
CALL_TIMEOUT = 45.0
LEASE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
# So many people alone in their call, all rejected and nobody accepted: it is not their addresses.
ALL_REJECTED = 3
# Seconds: how long a signal may go unheard, and how long a thread waits for the provider rather than end the run.
_LONGEST_DEAF = 0.5
_LONGEST_IDLE = 2.0


class Delivery:
    """Delivers what is queued and asks about what is in doubt, for as long as something is due.

    One for each process: it remembers how its provider fares.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        *,
        provider: Provider,
        post: Post,
        idle: Callable[[float], object] | None = None,
    ) -> None:
        """Take what is needed; nothing happens before ``run``. idle: waits some seconds, or until it is stopped."""
        self._database = database
        self._clock = clock
        self._provider = provider
        self._owner = uuid4().hex
        self._stop = threading.Event()
        self._idle = idle or self._stop.wait
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._loader = Loader(database, vault, provider=provider, post=post)
        self._pace = Pace(provider.caps.pace)
        self.reconciling = Reconciling(database, clock, provider=provider, loader=self._loader, pace=self._pace)

    def stop(self) -> None:
        """Let running calls end and begin no new one; may be called from a signal handler."""
        self._stop.set()

    @property
    def not_before(self) -> datetime:
        """When the provider may be called next."""
        return self._pace.not_before

    def run(self, *, issue: int | None = None, progress: Callable[[int], None] = lambda _: None) -> Counter[str]:
        """Deliver everything that is due; return how many ended in which state.

        Raises ProviderError if the provider refuses the account or the settings; what was not sent stays pending.
        Returns with something still due where the provider asks for a longer pause.
        """
        self._counts.clear()
        recover(self._database, self._clock, all_of_them=False)
        workers, failed = self._provider.caps.parallel, threading.Event()
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="sender") as pool:
            tasks = [pool.submit(self._work, issue, progress, failed) for _ in range(workers)]
            # A signal that comes in the very moment in which a wait begins is heard when it ends: so none is long.
            while wait(tasks, timeout=_LONGEST_DEAF).not_done:
                continue
            for task in tasks:
                task.result()
        finish(self._database, self._clock)
        self._refuse_what_is_anothers(issue)
        return self._counts

    def _refuse_what_is_anothers(self, only: int | None) -> None:
        """Raise RefusedError if an issue waits for another provider: it hinders no other, and would wait unseen."""
        with self._database.reading() as connection:
            waiting = issue_store.find(connection, states=("sending",))
        for issue in waiting:
            if only in {None, issue.id}:
                self._loader.issue(issue.id)

    def _work(self, issue: int | None, progress: Callable[[int], None], failed: threading.Event) -> None:
        """Do one thing after the other until nothing is due; one that fails stops the others of this run."""
        try:
            while not (self._stop.is_set() or failed.is_set()):
                now = self._clock.now()
                if seconds := self._pace.turn(now):
                    if seconds > _LONGEST_IDLE:
                        return
                    self._idle(seconds)
                    if self._clock.now() == now:
                        # A clock that stands still, as in tests, would be waited for for ever.
                        return
                elif not self._next(issue, progress):
                    self._pace.unused()
                    return
        except BaseException:
            self._pace.unused()
            failed.set()
            raise

    def _next(self, issue: int | None, progress: Callable[[int], None]) -> bool:
        """Deliver the next batch, or else ask about the next call in doubt; False if neither is due."""
        now = self._clock.now()
        with self._database.writing() as connection:
            lease, name = now + LEASE, self._provider.name
            batch = ledger.claim(connection, now=now, owner=self._owner, lease_until=lease, issue=issue, provider=name)
        if batch is not None:
            progress(self._deliver(batch))
            return True
        found = self.reconciling.next_one(issue=issue)
        if found is not None:
            self._count(found)
        return found is not None

    def _deliver(self, batch: Batch) -> int:
        """Make one call; return how many recipients it settled."""
        attempt = uuid4().hex
        shipment = self._load(batch, attempt)
        if shipment is None:
            self._pace.unused()
            return 0
        request = self._provider.build(shipment)
        if not (self._keep_distance(batch) and self._start(batch, shipment, request)):
            self._pace.unused()
            return 0
        self._pace.begun(self._clock.now())
        try:
            reply = self._provider.carry(request)
            outcomes = self._provider.parse(reply, shipment)
        except ProviderError as error:
            self._settle(batch, shipment, [Outcome("pending", reason=str(error))] * len(shipment.recipients), attempt)
            raise
        self._pace.heard(reply, outcomes, now=self._clock.now())
        return self._settle(batch, shipment, outcomes, attempt)

    def _keep_distance(self, batch: Batch) -> bool:
        """Wait until the provider's rate allows the next call, before it counts as begun: nothing is in doubt yet.

        False, with the batch given back, if it must not begin: a stop or a pause was asked for meanwhile.
        """
        while seconds := self._pace.spacing(now := self._clock.now()):
            self._idle(seconds)
            if self._stop.is_set() or self._clock.now() == now:
                # Asked to stop; or a clock that stands still, as in tests.
                break
        if not self._stop.is_set() and self._pace.not_before <= now:
            return True
        with self._database.writing() as connection:
            ledger.release(connection, batch, due_at=max(now, self._pace.not_before))
        return False

    def _start(self, batch: Batch, shipment: Shipment, request: Request) -> bool:
        """Write down that the call begins; False if it must not: it is too large, or somebody left meanwhile."""
        now, people = self._clock.now(), shipment.recipients
        with self._database.writing() as connection:
            if len(request.body) > self._provider.caps.max_bytes and len(people) > 1:
                ledger.divide(connection, batch, now=now)
                return False
            started = ledger.start(
                connection,
                batch,
                attempt=shipment.attempt,
                provider=self._provider.name,
                payload=request.body,
                recipients=len(people),
                now=now,
                lease_until=now + LEASE,
            )
            if not started:
                # Somebody left while the request was built: it is built again without them.
                ledger.release(connection, batch, due_at=now)
        return started

    def _load(self, batch: Batch, attempt: str) -> Shipment | None:
        """Read a batch's people; whoever may no longer be mailed is excluded first."""
        with self._database.reading() as connection:
            loaded = self._loader.load_batch(connection, batch)
        stopped = loaded.stopped()
        left = [each for each in loaded.queue if each.subscriber not in stopped]
        if stopped or not left:
            with self._database.writing() as connection:
                for subscriber, reason in stopped.items():
                    ledger.withdraw(connection, subscriber, issue_ids=[batch.issue], reason=reason)
                if not left:
                    ledger.close(connection, batch)
                    return None
        return self._loader.shipment(loaded, left, attempt=attempt)

    def _settle(self, batch: Batch, shipment: Shipment, outcomes: Sequence[Outcome], attempt: str) -> int:
        people = [each.subscriber for each in shipment.recipients]
        if len(outcomes) != len(people):
            message = f"{self._provider.name} gave {len(outcomes)} outcomes for {len(people)} recipients"
            raise StoreError(message)
        now = self._clock.now()
        states: Counter[str] = Counter(outcome.state for outcome in outcomes)
        told = list(zip(people, outcomes, strict=True))
        with self._database.writing() as connection:
            # Where each has an answer of their own, it is about them.
            together = self._provider.caps.whole or len(set(outcomes)) == 1
            if together and states["rejected"] == len(people) > 1:
                reason = outcomes[0].reason or "refused"
                if not ledger.split(connection, batch, attempt=attempt, now=now, reason=reason):
                    doubts.take(connection, attempt, until=now)
                return 0
            retry_at, ask_at = now + _wait(batch, outcomes), now + FIRST_ASK
            if not ledger.settle(connection, batch, told, attempt=attempt, now=now, retry_at=retry_at, ask_at=ask_at):
                # It took so long that its people count as unknown; late as it is, the answer settles them.
                late = doubts.take(connection, attempt, until=now)
                if late is not None:
                    doubts.resolve(connection, late, told, now=now)
            blamed = states["rejected"] and self._hold_if_everybody_is_rejected(connection, batch.issue)
        if blamed:
            message = (
                f"{self._provider.name} rejects every message of issue {batch.issue} ({outcomes[0].reason}): "
                f"the issue is held and nobody is lost; mend the cause, then `msdigest issue send {batch.issue}`"
            )
            raise ProviderError(message)
        self._count(states)
        log.info("delivered issue=%d positions=%d-%d %s", batch.issue, batch.lo, batch.hi, dict(states))
        return len(people) - states["pending"]

    def _count(self, states: Mapping[str, int]) -> None:
        with self._counting:
            self._counts.update(states)

    def _hold_if_everybody_is_rejected(self, connection: Transaction, issue: int) -> bool:
        """Hold an issue that the provider refuses whoever it is for: a wrong sender, a domain that is not verified."""
        # Asked at every rejection, and everybody is counted only while nobody has got it.
        if delivery_store.reached_anybody(connection, issue):
            return False
        account = delivery_store.account(connection, issue)
        if account.accepted or account.unknown or account.rejected < ALL_REJECTED:
            return False
        # One that was cancelled during the call is sent no more: nobody is queued for it again.
        held = issue_store.set_state(connection, issue, "held", only_from=("sending", "held"))
        if held:
            ledger.take_back_rejections(connection, issue)
        return held


def _wait(batch: Batch, outcomes: Sequence[Outcome]) -> timedelta:
    """Return how long whoever was surely not sent waits for the next call."""
    asked = timedelta(seconds=max((outcome.retry_after or 0.0 for outcome in outcomes), default=0.0))
    doubled: timedelta = FIRST_WAIT * 2 ** min(batch.tries, 8)
    return max(min(doubled, LONGEST_WAIT), min(asked, LONGEST_ASKED))


def recover(database: Database, clock: Clock, *, all_of_them: bool) -> int:
    """Undo what dead processes held; return how many deliveries became unknown."""
    with database.writing() as connection:
        unknown = ledger.void_leases(connection, now=clock.now(), all_of_them=all_of_them)
    if unknown:
        log.warning("deliveries became unknown count=%d", unknown)
    return unknown


def hold_late(database: Database, clock: Clock) -> list[int]:
    """Hold issues in sending that are too late to be of use; return their ids."""
    now = clock.now()
    held = []
    with database.writing() as connection:
        for issue in issue_store.find(connection, states=("sending",)):
            if issue.not_later_than < now and delivery_store.account(connection, issue.id).pending:
                issue_store.set_state(connection, issue.id, "held", only_from=("sending",))
                held.append(issue.id)
    return held


def finish(database: Database, clock: Clock) -> list[int]:
    """Close issues of which nothing is left to send; return their ids."""
    with database.writing() as connection:
        done = ledger.finished(connection)
        for issue_id in done:
            issue_store.set_state(connection, issue_id, "sent", only_from=("sending",), sent_at=clock.now())
    return done


def pause(database: Database, *, issue: Issue) -> None:
    """Hand over no more messages of an issue until it is resumed; calls under way end first."""
    with database.writing() as connection:
        if not issue_store.set_state(connection, issue.id, "held", only_from=("sending",)):
            message = f"issue {issue.id} is {issue.state}: only an issue that is being sent can be paused"
            raise RefusedError(message)


def resume(database: Database, clock: Clock, *, issue: Issue, digest: Digest) -> None:
    """Send on what was held or paused after it was frozen: an editor decided that it is still of use."""
    if issue.state == "held" and issue.provider is None:
        message = f"nobody decided yet who gets issue {issue.id}: `msdigest issue send {issue.id}` does, and sends it"
        raise RefusedError(message)
    with database.writing() as connection:
        issue_store.postpone(connection, issue.id, not_later_than=clock.now() + digest.latest)
        if not issue_store.set_state(connection, issue.id, "sending", only_from=("held",)):
            message = f"issue {issue.id} is {issue.state}: only a held issue can be sent on"
            raise RefusedError(message)


def cancel(database: Database, *, issue: Issue) -> int:
    """Send nothing more of an issue; return how many were still queued."""
    with database.writing() as connection:
        moved = issue_store.set_state(
            connection, issue.id, "cancelled", only_from=("draft", "approved", "sending", "held")
        )
        if not moved:
            message = f"issue {issue.id} is {issue.state}: it cannot be cancelled"
            raise RefusedError(message)
        return ledger.withdraw_all(connection, issue.id, reason="cancelled")
