"""Hearing: what mail providers tell later of messages, and what follows for deliveries and for people.

What a provider proved decides about an address: hard bounces, complaints and leaving by its button end all mail there,
whoever's message it was about, for the account may send other mail, too, and silence does less harm than mail. Only a
correlation value of ours, for that very person, moves a delivery. Reports that anybody may send decide nothing without.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING

from msdigest.errors import ForgedError, ProviderError
from msdigest.model.hearing import UNTOUCHED, after, reason_to_stop, refused, took
from msdigest.ports import Audible, Reply, Request
from msdigest.postal.answers import told
from msdigest.store import doubts
from msdigest.store import events as event_store
from msdigest.store.events import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Event
    from msdigest.model.hearing import SoftBounces
    from msdigest.ports import Failure, Posted, Provider
    from msdigest.store.attempts import Attempt
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

# Seconds that a provider's address of confirmation may take: it does not wait long for our answer either.
VISIT_TIMEOUT = 10.0
# RFC 5321: no address is longer than 254 characters.
_LONGEST_ADDRESS = 320
_REDIRECT = 300
# How our attempts are named; nothing else is looked for.
_ATTEMPT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What hearing came to.

    repeated: the call was taken before, and changed nothing now. confirmed: False = an address that the provider wants
    visited did not answer; it has to tell us again. ours, unknown: events about a delivery of ours, and others.
    moved: deliveries that stand elsewhere now. suppressed: addresses that get nothing from now on.
    """

    repeated: bool = False
    confirmed: bool = True
    ours: int = 0
    unknown: int = 0
    moved: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with the keyed hash of its address; ``subscriber``: whose delivery it is about, if that is proven."""

    event: Event
    lookup: str
    subscriber: str = ""

    @property
    def key(self) -> tuple[int, str]:
        return self.event.issue, self.subscriber


def hear(
    database: Database,
    vault: Vault,
    clock: Clock,
    *,
    provider: Provider,
    posted: Posted,
    visit: Callable[[Request], Reply | Failure],
) -> Hearing:
    """Take what somebody posted, if the provider proves to have told it; all of it or nothing is kept.

    visit: makes the call by which a provider wants to be told that we listen. Raises HookError.
    """
    if not isinstance(provider, Audible):
        raise ForgedError
    now = clock.now()
    heard = provider.hear(posted, now=now)
    mark = hashlib.sha256(f"{provider.name}\0{heard.once}".encode(errors="replace")).hexdigest() if heard.once else ""
    if heard.confirm:
        with database.reading() as connection:
            if mark and event_store.is_marked(connection, mark):
                return Hearing(repeated=True)
        if not _visited(visit, heard.confirm):
            log.warning("webhook not confirmed provider=%s", provider.name)
            return Hearing(confirmed=False)
        log.info("webhook confirmed provider=%s", provider.name)
    elif not heard.events:
        return Hearing()
    with database.writing() as connection:
        event_store.take_turn(connection)
        if mark and not event_store.take_mark(connection, mark, now=now):
            return Hearing(repeated=True)
        everything = _told_of(vault, heard.events, now=now)
        proven = _proven(connection, vault, everything)
        whole = provider.name if provider.caps.whole else ""
        result = _keep(connection, everything, proven=proven, whole=whole, now=now)
    result = replace(result, unknown=len(heard.events) - len(proven))
    _log(provider.name, result)
    return result


def hear_reports(database: Database, vault: Vault, clock: Clock, *, provider: str, events: Sequence[Event]) -> Hearing:
    """Take what reports of mail servers tell, as far as our own correlation value proves that they answer our mail."""
    now = clock.now()
    with database.writing() as connection:
        event_store.take_turn(connection)
        proven = _proven(connection, vault, _told_of(vault, events, now=now))
        result = _keep(connection, proven, proven=proven, whole="", now=now)
    result = replace(result, unknown=len(events) - len(proven))
    _log(provider, result)
    return result


def _visited(visit: Callable[[Request], Reply | Failure], url: str) -> bool:
    try:
        reply = visit(Request(method="GET", url=url))
    except ProviderError:
        return False
    return isinstance(reply, Reply) and reply.status < _REDIRECT


def _log(provider: str, result: Hearing) -> None:
    counts = (result.ours, result.unknown, result.moved, result.suppressed)
    log.info("heard provider=%s ours=%d unknown=%d moved=%d suppressed=%d", provider, *counts)


def _told_of(vault: Vault, events: Sequence[Event], *, now: datetime) -> list[_Told]:
    """Return events with the keyed hashes of their addresses, without those that hold none."""
    lookups = {address: _look_up(vault, address) for address in {event.address for event in events}}
    # A clock that is ahead must not make everything that happens until then look late.
    return [
        _Told(event if event.at <= now else replace(event, at=now), lookup)
        for event in events
        if (lookup := lookups[event.address])
    ]


def _look_up(vault: Vault, address: str) -> str:
    try:
        return vault.look_up(address) if "@" in address and len(address) <= _LONGEST_ADDRESS else ""
    except UnicodeEncodeError:  # half a character
        return ""


def _proven(connection: Transaction, vault: Vault, everything: Sequence[_Told]) -> list[_Told]:
    """Return those that are about a delivery of ours to the person whose address it is."""
    ours = [each for each in everything if each.event.delivery]
    ids = event_store.ids_of(connection, {each.lookup for each in ours})
    known = [(each, ids[each.lookup]) for each in ours if each.lookup in ids]
    # Not every provider has room for the issue.
    without = {subscriber for each, subscriber in known if not each.event.issue}
    issues = event_store.issues_of(connection, without) if without else {}
    proven = []
    for each, subscriber in known:
        event = each.event
        for issue in (event.issue,) if event.issue else issues.get(subscriber, ()):
            if event.delivery == vault.correlate(str(issue), subscriber):
                event = event if event.issue else replace(event, issue=issue)
                proven.append(_Told(event, each.lookup, subscriber))
                break
    return proven


def _keep(
    connection: Transaction, everything: Sequence[_Told], *, proven: Sequence[_Told], whole: str, now: datetime
) -> Hearing:
    """Keep what follows from events. whole: the provider, if it takes or refuses each call as a whole."""
    doubtful = _doubtful(connection, proven)
    moved = _move(connection, proven)
    _settle(connection, doubtful, proven=proven, whole=whole, now=now)
    suppressed = _stop(connection, everything, now=now)
    return Hearing(ours=len(proven), moved=moved, suppressed=suppressed)


def _move(connection: Transaction, proven: Sequence[_Told]) -> int:
    """Let deliveries climb to where events say they are; return how many did."""
    before = event_store.standings(connection, {each.key for each in proven})
    standing = dict(before)
    for each in proven:
        if (old := standing.get(each.key)) is None or old.state in UNTOUCHED:
            continue
        state = after(old.state, each.event.kind)
        standing[each.key] = Standing(
            state=state,
            reason=old.reason if state == old.state else told(each.event.reason or "") or None,
            provider_id=old.provider_id or each.event.provider_id,
        )
    event_store.move(connection, {key: each for key, each in standing.items() if each != before[key]})
    return sum(each.state != before[key].state for key, each in standing.items())


def _doubtful(connection: Transaction, proven: Sequence[_Told]) -> list[Attempt]:
    """Return the calls that events are about and of which it is not known whether the provider acted on them."""
    named = {(each.event.issue, each.event.attempt) for each in proven if _ATTEMPT.fullmatch(each.event.attempt)}
    if not named:
        return []
    found = doubts.open_ones(connection, ids=sorted({attempt for _, attempt in named}))
    return [attempt for attempt in found if (attempt.issue, attempt.id) in named]


def _settle(
    connection: Transaction, doubtful: Sequence[Attempt], *, proven: Sequence[_Told], whole: str, now: datetime
) -> None:
    """Take calls out of doubt: those taken as a whole, and those in which nobody is unknown any more."""
    # A refusal says nothing of the others: it may have been one of the whole call.
    acted_on = {each.event.attempt for each in proven if each.event.kind != "rejected"}
    for attempt in doubtful:
        taken = attempt.provider == whole and attempt.id in acted_on
        if taken or not doubts.people(connection, attempt):
            doubts.accept_all(connection, attempt, provider_id=None, now=now)


def _stop(connection: Transaction, everything: Sequence[_Told], *, now: datetime) -> int:
    """Suppress addresses that do not take our mail or do not want it, and withdraw what is queued for them."""
    reasons = dict.fromkeys(_refusing(connection, everything, now=now), "soft bounces")
    reasons |= {each.lookup: reason for each in everything if (reason := reason_to_stop(each.event))}
    if not reasons:
        return 0
    people = event_store.ids_of(connection, reasons)
    event_store.withdraw(connection, {subscriber: reasons[lookup] for lookup, subscriber in people.items()})
    return event_store.suppress(connection, reasons, now=now)


def _refusing(connection: Transaction, everything: Sequence[_Told], *, now: datetime) -> list[str]:
    """Count who refused mail for now; return those (keyed hashes) who did it so often that it is for good."""
    heard: defaultdict[str, list[Event]] = defaultdict(list)
    for each in everything:
        if each.event.kind in {"bounced", "delivered"} and not each.event.permanent:
            heard[each.lookup].append(each.event)
    before = event_store.soft_bounces_of(connection, heard)
    counted = {}
    for lookup, events in heard.items():
        count = _counted(before.get(lookup), events)
        if count is not None and count != before.get(lookup):
            counted[lookup] = count
    if counted:
        event_store.keep_soft_bounces(connection, counted, known=before, now=now)
    return [lookup for lookup, count in counted.items() if count.too_many]


def _counted(count: SoftBounces | None, events: Sequence[Event]) -> SoftBounces | None:
    for event in sorted(events, key=attrgetter("at")):
        count = took(count, event.at) if event.kind == "delivered" else refused(count, event.at)
    return count
