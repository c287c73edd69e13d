"""Reconciling: what became of calls that ended in doubt.

A provider that takes the same call only once is called again with the very same bytes. Another is asked what it knows.
Whoever stays unknown is mailed again only if an editor decides so. Nothing here raises for what a provider says: the
answer stands with the attempt, where the editor reads it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.errors import ProviderError, RefusedError
from msdigest.model.delivery import Doubt, Found, Outcome
from msdigest.ports import Searchable
from msdigest.steps.delivering.pace import LONGEST_ASKED
from msdigest.store import attempts as attempt_store
from msdigest.store import doubts
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Shipment
    from msdigest.model.issue import Digest, Issue
    from msdigest.ports import Provider, Request
    from msdigest.steps.delivering.loading import Loaded, Loader
    from msdigest.steps.delivering.pace import Pace
    from msdigest.store.attempts import Attempt
    from msdigest.store.database import Database

log = logging.getLogger(__name__)

# How long after a call it is asked about first: providers do not list at once what they took.
FIRST_ASK = timedelta(seconds=2)
# How long after each answer that tells nothing it is asked again; the last one goes on.
GAPS = tuple(map(timedelta, (0, 0, 0, 0, 0, 0), (30, 120, 600, 1_800, 7_200, 21_600)))
# Nobody else asks about the same call meanwhile.
_HELD = timedelta(seconds=90)
# What cannot be done just now is looked at again then.
_LATER = timedelta(minutes=5)
_MOST_PAGES = 100
# Of two machines; less than what every provider's ``repeats`` leaves out.
_CLOCKS_APART = timedelta(minutes=2)


class Reconciling:
    """Finds out about calls of one provider. Any number of threads may do so."""

    def __init__(self, database: Database, clock: Clock, *, provider: Provider, loader: Loader, pace: Pace) -> None:
        """Take where doubts are kept, whom to ask, and how fast."""
        self._database = database
        self._clock = clock
        self._provider = provider
        self._loader = loader
        self._pace = pace

    def next_one(self, *, issue: int | None = None) -> Counter[str] | None:
        """Ask about what is due next; return how many ended in which state, or None if nothing is due."""
        now = self._clock.now()
        with self._database.reading() as connection:
            attempt_id = doubts.due(connection, now=now, issue=issue)
        if attempt_id is None:
            return None
        try:
            return self._ask(attempt_id, due=now)
        finally:
            # A question tells nothing of how sending fares: whoever was to probe that, gives it back.
            self._pace.unused()

    def every_one(self, *, issue: int | None = None) -> Counter[str]:
        """Ask now about everything that is in doubt, also where it was given up."""
        with self._database.reading() as connection:
            attempts = doubts.open_ones(connection, issue=issue)
        return sum((self._ask(attempt.id) for attempt in attempts), Counter[str]())

    def _ask(self, attempt_id: str, *, due: datetime | None = None) -> Counter[str]:
        now = self._clock.now()
        with self._database.writing() as connection:
            attempt = doubts.take(connection, attempt_id, until=now + _HELD, due=due)
            if attempt is None:
                return Counter()
            unknown = doubts.people(connection, attempt)
            if not unknown:
                doubts.put_off(connection, attempt, at=None, evidence=attempt.evidence or "", counts=False)
                return Counter()
            issue = issue_store.get(connection, attempt.issue)
        if issue is None or attempt.provider != self._provider.name:
            said = (
                f"{attempt.provider} cannot be asked while [mail] provider is {self._provider.name!r}: change it back"
            )
            self._put_off(attempt, at=now + _LATER, evidence=said)
            return Counter()
        with self._database.reading() as connection:
            loaded = self._loader.load(connection, attempt.issue, attempt_store.people_in(connection, attempt))
        still = {each.subscriber for each in unknown}
        try:
            if request := self._same_again(attempt, issue, loaded, still=still):
                return self._repeat(attempt, *request, still=still)
            return self._search(attempt, loaded, still=still)
        except ProviderError as error:
            self._put_off(attempt, at=now + _LATER, evidence=str(error))
            return Counter()

    def _same_again(
        self, attempt: Attempt, issue: Issue, loaded: Loaded, *, still: set[str]
    ) -> tuple[Request, Shipment] | None:
        """Build the very same request again, if making it again is safe and wanted; else None."""
        now, repeats = self._clock.now(), self._provider.caps.repeats
        # A call out of the future was begun by another clock than this one: how long ago, nobody knows.
        if repeats is None or not -_CLOCKS_APART <= now - attempt.started_at <= repeats:
            return None
        wanted = issue.state in {"sending", "sent"} and now <= issue.not_later_than
        if not wanted or still & loaded.stopped().keys() or len(loaded.members) < attempt.recipients:
            return None
        shipment = self._loader.shipment(loaded, loaded.queue, attempt=attempt.id)
        request = self._provider.build(shipment)
        # Somebody's record, the site's address or a key is another by now: other bytes under the same key are refused.
        same = hashlib.sha256(request.body).hexdigest() == attempt.payload_hash
        return (request, shipment) if same else None

    def _repeat(self, attempt: Attempt, request: Request, shipment: Shipment, *, still: set[str]) -> Counter[str]:
        reply = self._provider.carry(request)
        outcomes = self._provider.parse(reply, shipment)
        now = self._clock.now()
        self._pace.heard(reply, outcomes, now=now)
        together = self._provider.caps.whole or len(set(outcomes)) == 1
        if together and {each.state for each in outcomes} == {"rejected"} and len(outcomes) > 1:
            return self._queue_refused(attempt)
        told = zip((each.subscriber for each in shipment.recipients), outcomes, strict=True)
        return self._resolve(attempt, [(who, each) for who, each in told if who in still])

    def _queue_refused(self, attempt: Attempt) -> Counter[str]:
        """Queue everybody of a call that is refused as a whole: nobody got it, and halving finds the cause."""
        with self._database.writing() as connection:
            queued = doubts.requeue(connection, attempt, now=self._clock.now())
            issue_store.set_state(connection, attempt.issue, "sending", only_from=("sent",))
        return self._told(attempt, Counter({"pending": queued}))

    def _search(self, attempt: Attempt, loaded: Loaded, *, still: set[str]) -> Counter[str]:
        caps, now = self._provider.caps, self._clock.now()
        if not isinstance(self._provider, Searchable) or caps.remembers is None:
            said = f"{self._provider.name} cannot be asked: its events tell, or an editor decides"
            self._put_off(attempt, at=None, evidence=said)
            return Counter()
        people = [each for each in loaded.queue if each.subscriber in still and each.subscriber in loaded.members]
        if not people:
            self._put_off(attempt, at=None, evidence="whoever is unknown was forgotten: nobody can be asked about")
            return Counter()
        shipment = self._loader.shipment(loaded, people, attempt=attempt.id)
        doubt = Doubt(
            issue=attempt.issue,
            attempt=attempt.id,
            started_at=attempt.started_at,
            recipients=shipment.recipients,
        )
        found = self._found(self._provider, doubt)
        if found.accepted:
            return self._accept(attempt, doubt, found)
        if found.trouble:
            wait = min(timedelta(seconds=found.retry_after), LONGEST_ASKED) if found.retry_after else _LATER
            self._put_off(attempt, at=now + wait, evidence=found.trouble)
            return Counter()
        at = now + GAPS[min(attempt.asked, len(GAPS) - 1)]
        said = f"asked {attempt.asked + 1} x, {self._provider.name} does not know of it (last {now:%Y-%m-%d %H:%M} UTC)"
        self._put_off(attempt, at=at if at - attempt.started_at < caps.remembers else None, evidence=said, counts=True)
        return Counter()

    def _found(self, provider: Searchable, doubt: Doubt) -> Found:
        """Ask for page after page until everybody is found or there is no more."""
        accepted: dict[str, str | None] = {}
        wanted, page = {each.delivery for each in doubt.recipients}, ""
        for _ in range(_MOST_PAGES):
            found = provider.found(self._provider.carry(provider.search(doubt, page=page)), doubt)
            accepted |= found.accepted
            page = found.more
            if not self._provider.caps.whole:
                # What it tells of others settles nobody here.
                accepted = {delivery: its_id for delivery, its_id in accepted.items() if delivery in wanted}
            enough = wanted <= accepted.keys() or (accepted and self._provider.caps.whole)
            if found.trouble or not page or enough:
                return Found(accepted=accepted, trouble=found.trouble, retry_after=found.retry_after)
        return Found(accepted=accepted, trouble=f"its answer has more than {_MOST_PAGES} pages")

    def _accept(self, attempt: Attempt, doubt: Doubt, found: Found) -> Counter[str]:
        """Settle those whom the provider knows of; where it takes a call as a whole, that is everybody."""
        if self._provider.caps.whole:
            ids = set(found.accepted.values())
            with self._database.writing() as connection:
                one = ids.pop() if len(ids) == 1 else None
                settled = doubts.accept_all(connection, attempt, provider_id=one, now=self._clock.now())
            return self._told(attempt, Counter({"accepted": settled}))
        outcomes = [
            (each.subscriber, Outcome("accepted", provider_id=found.accepted[each.delivery]))
            for each in doubt.recipients
            if each.delivery in found.accepted
        ]
        return self._resolve(attempt, outcomes)

    def _resolve(self, attempt: Attempt, outcomes: list[tuple[str, Outcome]]) -> Counter[str]:
        now = self._clock.now()
        with self._database.writing() as connection:
            states = doubts.resolve(connection, attempt, outcomes, now=now)
            if doubts.people(connection, attempt):
                asked = timedelta(seconds=max((each.retry_after or 0.0 for _, each in outcomes), default=0.0))
                wait = max(GAPS[min(attempt.asked, len(GAPS) - 1)] / 5, min(asked, LONGEST_ASKED))
                said = next((each.reason for _, each in outcomes if each.reason), None) or "some are still unknown"
                doubts.put_off(connection, attempt, at=now + wait, evidence=said, counts=True)
        return self._told(attempt, states)

    def _put_off(self, attempt: Attempt, *, at: datetime | None, evidence: str, counts: bool = False) -> None:
        with self._database.writing() as connection:
            doubts.put_off(connection, attempt, at=at, evidence=evidence, counts=counts)
        log.info("still in doubt issue=%d positions=%d-%d", attempt.issue, attempt.lo, attempt.hi)

    def _told(self, attempt: Attempt, states: Counter[str]) -> Counter[str]:
        log.info("reconciled issue=%d positions=%d-%d %s", attempt.issue, attempt.lo, attempt.hi, dict(states))
        return states


def send_again(
    database: Database, clock: Clock, *, issue: Issue, digest: Digest, provider: str = "", name: str = ""
) -> int:
    """Queue everybody who is unknown once more, although they may have got it; return how many.

    provider: who would carry it; if it is told, it has to be the one that the issue is queued for. name: who decided.
    """
    now, reason = clock.now(), f"sent again by {name or 'an editor'}"
    if provider not in {"", issue.provider}:
        message = (
            f"issue {issue.id} is queued for provider {issue.provider!r}, and [mail] provider is {provider!r}: "
            "change it back until the issue is sent"
        )
        raise RefusedError(message)
    with database.writing() as connection:
        if issue.state not in {"sending", "sent", "held"}:
            message = f"issue {issue.id} is {issue.state}: nobody is sent it any more"
            raise RefusedError(message)
        queued = doubts.send_again(connection, issue.id, now=now, reason=reason)
        if queued:
            issue_store.postpone(connection, issue.id, not_later_than=now + digest.latest)
            issue_store.set_state(connection, issue.id, "sending", only_from=("sent",))
    return queued


def count_as_sent(database: Database, *, issue: Issue, name: str) -> int:
    """Take everybody who is unknown to have got it, because ``name`` says so; return how many."""
    reason = f"counted as sent by {name or 'an editor'}"
    with database.writing() as connection:
        return doubts.count_as_sent(connection, issue.id, reason=reason)
