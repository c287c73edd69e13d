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
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import uuid4

from msdigest.errors import ProviderError, RefusedError, StoreError
from msdigest.model.delivery import Outcome, Shipment
from msdigest.render.program import decode
from msdigest.steps.delivering.press import Press, recipient
from msdigest.store import audience, ledger
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.compiled import Choice
    from msdigest.model.delivery import Letter, Recipient
    from msdigest.model.issue import Digest, Issue
    from msdigest.ports import Provider
    from msdigest.steps.delivering.press import Post
    from msdigest.store.audience import Member
    from msdigest.store.database import Database, Transaction
    from msdigest.store.ledger import Batch, Queued
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

# A call may take this long, in seconds; a lease is renewed when a call begins and outlives it.
CALL_TIMEOUT = 45.0
LEASE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
# A provider may ask for more patience than we would have, but not for ever.
LONGEST_ASKED = timedelta(days=1)
# So many people alone in their call, all rejected and nobody accepted: it is not their addresses.
ALL_REJECTED = 3
_LETTERS_KEPT = 32
# Seconds.
_LONGEST_DEAF = 0.5


class Delivery:
    """Delivers what is queued, for as long as something is due. Make one for each run."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, *, provider: Provider, post: Post) -> None:
        """Take what is needed; nothing happens before ``run``."""
        self._database = database
        self._vault = vault
        self._clock = clock
        self._provider = provider
        self._post = post
        self._owner = uuid4().hex
        self._stop = threading.Event()
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._letters = lru_cache(maxsize=_LETTERS_KEPT)(self._make_letter)
        self._press = lru_cache(maxsize=_LETTERS_KEPT)(self._read_press)
        self._issue = lru_cache(maxsize=_LETTERS_KEPT)(self._read_issue)

    def stop(self) -> None:
        """Let running calls end and begin no new one; may be called from a signal handler."""
        self._stop.set()

    def run(self, *, issue: int | None = None, progress: Callable[[int], None] = lambda _: None) -> Counter[str]:
        """Deliver everything that is due; return how many ended in which state.

        Raises ProviderError if the provider refuses the account or the settings; what was not sent stays pending.
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
        return self._counts

    def _work(self, issue: int | None, progress: Callable[[int], None], failed: threading.Event) -> None:
        """Deliver batch after batch until none is due; one that fails stops the others of this run."""
        try:
            while not (self._stop.is_set() or failed.is_set()):
                now = self._clock.now()
                with self._database.writing() as connection:
                    batch = ledger.claim(connection, now=now, owner=self._owner, lease_until=now + LEASE, issue=issue)
                if batch is None:
                    return
                progress(self._deliver(batch))
        except BaseException:
            failed.set()
            raise

    def _deliver(self, batch: Batch) -> int:
        """Make one call; return how many recipients it settled."""
        attempt = uuid4().hex
        shipment = self._load(batch, attempt)
        if shipment is None:
            return 0
        request = self._provider.build(shipment)
        now = self._clock.now()
        with self._database.writing() as connection:
            started = ledger.start(
                connection,
                batch,
                attempt=attempt,
                provider=self._provider.name,
                payload=request.body,
                recipients=len(shipment.recipients),
                now=now,
                lease_until=now + LEASE,
            )
            if not started:
                # Somebody left while the request was built: it is built again without them.
                ledger.release(connection, batch, due_at=now)
                return 0
        try:
            outcomes = self._provider.parse(self._provider.carry(request), shipment)
        except ProviderError as error:
            self._settle(batch, shipment, [Outcome("pending", reason=str(error))] * len(shipment.recipients), attempt)
            raise
        return self._settle(batch, shipment, outcomes, attempt)

    def _load(self, batch: Batch, attempt: str) -> Shipment | None:
        """Read a batch's people; whoever may no longer be mailed is excluded first."""
        issue = self._issue(batch.issue)
        with self._database.reading() as connection:
            queue = ledger.queued(connection, batch)
            ids = [each.subscriber for each in queue]
            members = audience.members_by_ids(connection, self._vault, issue.digest, ids)
            choices = delivery_store.choices_of(connection, issue, [each.selection for each in queue])
        stopped = {each: reason for each in ids if (reason := _stopped(members.get(each)))}
        left = [each for each in queue if each.subscriber not in stopped]
        if stopped or not left:
            with self._database.writing() as connection:
                for subscriber, reason in stopped.items():
                    ledger.withdraw(connection, subscriber, issue_ids=[batch.issue], reason=reason)
                if not left:
                    ledger.close(connection, batch)
                    return None
        parts = []
        for (variant, selection), stretch in ledger.runs(left):
            press = self._press(batch.issue, variant)
            letter = self._letters(press, choices[selection])
            parts.append((letter, self._recipients(press, stretch, members=members)))
        return Shipment(attempt=attempt, parts=parts)

    def _recipients(self, press: Press, queue: Sequence[Queued], *, members: Mapping[str, Member]) -> list[Recipient]:
        return [
            recipient(
                self._vault,
                self._post,
                press,
                person=members[each.subscriber].subscriber,
                chosen=members[each.subscriber].subscription,
            )
            for each in queue
        ]

    def _settle(self, batch: Batch, shipment: Shipment, outcomes: Sequence[Outcome], attempt: str) -> int:
        people = [each.subscriber for each in shipment.recipients]
        if len(outcomes) != len(people):
            message = f"{self._provider.name} gave {len(outcomes)} outcomes for {len(people)} recipients"
            raise StoreError(message)
        now = self._clock.now()
        states = Counter(outcome.state for outcome in outcomes)
        with self._database.writing() as connection:
            if states["rejected"] == len(people) > 1:
                reason = outcomes[0].reason or "refused"
                ledger.split(connection, batch, attempt=attempt, now=now, reason=reason)
                return 0
            asked = timedelta(seconds=max((outcome.retry_after or 0.0 for outcome in outcomes), default=0.0))
            wait = max(min(FIRST_WAIT * 2 ** min(batch.tries, 8), LONGEST_WAIT), min(asked, LONGEST_ASKED))
            ledger.settle(
                connection,
                batch,
                list(zip(people, outcomes, strict=True)),
                attempt=attempt,
                now=now,
                retry_at=now + wait,
            )
            blamed = states["rejected"] and self._hold_if_everybody_is_rejected(connection, batch.issue)
        if blamed:
            message = (
                f"{self._provider.name} rejects every message of issue {batch.issue} ({outcomes[0].reason}): "
                f"the issue is held and nobody is lost; mend the cause, then `msdigest issue send {batch.issue}`"
            )
            raise ProviderError(message)
        with self._counting:
            self._counts.update(states)
        log.info("delivered issue=%d positions=%d-%d %s", batch.issue, batch.lo, batch.hi, dict(states))
        return len(people) - states["pending"]

    def _hold_if_everybody_is_rejected(self, connection: Transaction, issue: int) -> bool:
        """Hold an issue that the provider refuses whoever it is for: a wrong sender, a domain that is not verified."""
        account = delivery_store.account(connection, issue)
        if account.accepted or account.unknown or account.rejected < ALL_REJECTED:
            return False
        ledger.take_back_rejections(connection, issue)
        return issue_store.set_state(connection, issue, "held", only_from=("sending",))

    def _read_issue(self, issue_id: int) -> Issue:
        with self._database.reading() as connection:
            issue = issue_store.get(connection, issue_id)
        if issue is None:
            message = f"there is no issue {issue_id}"
            raise StoreError(message)
        if issue.provider != self._provider.name:
            message = (
                f"issue {issue_id} was frozen for provider {issue.provider!r}, and [mail] provider is "
                f"{self._provider.name!r}: change it back until the issue is sent"
            )
            raise RefusedError(message)
        return issue

    def _read_press(self, issue_id: int, variant: str) -> Press:
        with self._database.reading() as connection:
            compiled = decode(issue_store.program_of(connection, issue_id, variant))
        return Press(self._issue(issue_id), compiled, coding=self._provider.caps.coding)

    def _make_letter(self, press: Press, choice: Choice) -> Letter:
        return press.letter(choice, self._post)


def _stopped(member: Member | None) -> str | None:
    """Return why somebody who was queued is not mailed after all: a freeze may have begun before they left."""
    if member is None:
        return "forgotten"
    if member.suppressed:
        return "suppressed"
    return {"ended": "left", "paused": "paused"}.get(member.subscription.state)


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
            message = f"issue {issue.id} is {issue.state}: only an issue in sending can be paused"
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
