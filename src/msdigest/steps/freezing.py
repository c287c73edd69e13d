"""Freezing: decide who gets what of an issue, in one transaction; from then on nothing about it changes."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest import words
from msdigest.errors import RefusedError
from msdigest.model.compiled import Variant
from msdigest.model.subscriber import THEMES
from msdigest.store import audience, ledger
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Account
    from msdigest.model.entry import Entry
    from msdigest.model.issue import Digest, Issue
    from msdigest.ports import Caps
    from msdigest.store.audience import Member
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

CHUNK = 2_000
# How long after an issue the next one is due for somebody who chose a slower frequency than the digest's cadence;
# a little less than the word says, because issues do not fall on the second.
GAPS = {"weekly": timedelta(days=6, hours=12), "monthly": timedelta(days=27, hours=12)}


class Chooser:
    """Chooses entries for people; equal choices of topics are worked out once."""

    def __init__(self, issue: Issue, entries: Mapping[str, Entry]) -> None:
        """Take the issue and its entries by id."""
        self._ids = issue.entries
        self._entries = [entries[entry_id] for entry_id in self._ids]
        self._known: dict[tuple[tuple[str, ...], str, bool], tuple[str, ...]] = {}

    def choose(self, member: Member, *, sent: frozenset[str] | set[str]) -> tuple[str, ...]:
        """Return the ids of what this person is to get, in the order of the issue."""
        key = (
            member.subscription.topics,
            member.subscriber.audience,
            member.subscription.frequency == "safety",
        )
        if key not in self._known:
            self._known[key] = self._wanted(*key)
        wanted = self._known[key]
        return tuple(entry for entry in wanted if entry not in sent) if sent else wanted

    def _wanted(self, topics: tuple[str, ...], group: str, safety_only: bool) -> tuple[str, ...]:  # noqa: FBT001  # private; the key's third part
        asked = set(topics)
        return tuple(
            entry.id
            for entry in self._entries
            if (not asked or not asked.isdisjoint(entry.topics))
            and (not group or not entry.audience or group in entry.audience)
            and (not safety_only or entry.kind == "safety")
        )


def freeze(
    database: Database,
    vault: Vault,
    clock: Clock,
    *,
    issue: Issue,
    digest: Digest,
    caps: Caps,
    provider: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Account:
    """Write one delivery a subscriber and the batches; return the account.

    People are streamed, so memory does not grow with their number. Raises RefusedError if the issue needs
    approvals that it does not have, or was frozen already. A late issue may be sent for as long again as a new one:
    the timetable holds it and sends nothing, so an editor decided that.
    """
    _refuse_unless_ready(issue, digest)
    with database.writing() as connection:
        ledger.take_turn(connection)
        _hold_still(connection, issue)
        chooser = Chooser(issue, entry_store.get_many(connection, issue.entries))
        repeats = delivery_store.any_sent(connection, entries=issue.entries, but_issue=issue.id)
        after = ""
        while chunk := audience.members(connection, vault, digest.id, after=after, limit=CHUNK):
            first, after = chunk[0].subscriber.id, chunk[-1].subscriber.id
            people = {"first": first, "last": after}
            sent = (
                delivery_store.already_sent(connection, **people, entries=issue.entries, but_issue=issue.id)
                if repeats
                else {}
            )
            latest = delivery_store.last_sent(connection, **people, digest=digest.id)
            decided = [
                _decide(member, chooser, sent=sent.get(member.subscriber.id, set()), due_at=issue.due_at, latest=latest)
                for member in chunk
                if member.subscription.state != "ended"
            ]
            ledger.add_deliveries(connection, issue.id, decided, due_at=issue.due_at)
            progress(len(decided))
        ledger.line_up(connection, issue.id, max_recipients=caps.max_recipients, one_selection=caps.substitutes)
        issue_store.freeze(connection, issue.id, provider=provider, now=clock.now())
        if issue.not_later_than < clock.now():
            issue_store.postpone(connection, issue.id, not_later_than=clock.now() + digest.latest)
        account = delivery_store.account(connection, issue.id)
        if not account.candidates:
            # Frozen for nobody it would be sent, and what it carries would count as told.
            message = f"nobody is subscribed to {digest.id}: `msdigest subscribers import FILE`, then send again"
            raise RefusedError(message)
    log.info("frozen issue=%d candidates=%d pending=%d", issue.id, account.candidates, account.pending)
    return account


def _refuse_unless_ready(issue: Issue, digest: Digest) -> None:
    if issue.state not in {"draft", "approved", "held"} or issue.provider is not None:
        message = f"issue {issue.id} is {issue.state}: it cannot be sent again"
        raise RefusedError(message)
    missing = digest.approval - len(issue.approvals)
    if missing > 0:
        way_out = f"`msdigest issue approve {issue.id} --as NAME`"
        if issue.state != "draft":
            way_out = "cancel it and compose it again"
        message = f"issue {issue.id} needs {missing} more approval(s): {way_out}"
        raise RefusedError(message)


def _hold_still(connection: Transaction, issue: Issue) -> None:
    """Keep others from changing the issue until the transaction ends; raises RefusedError if somebody just did."""
    as_it_was = issue_store.set_state(connection, issue.id, issue.state, only_from=(issue.state,))
    current = issue_store.get(connection, issue.id) if as_it_was else None
    if current is None or current.hash != issue.hash:
        message = f"issue {issue.id} was changed in the meantime: look at it again"
        raise RefusedError(message)


def _decide(
    member: Member,
    chooser: Chooser,
    *,
    sent: set[str],
    due_at: datetime,
    latest: Mapping[str, datetime],
) -> ledger.Decided:
    person = member.subscriber
    reason = _reason(member, due_at=due_at, latest=latest.get(person.id))
    entries: Sequence[str] = ()
    if reason is None:
        entries = chooser.choose(member, sent=sent)
        reason = None if entries else "nothing chosen"
    if reason is not None:
        return ledger.Decided(subscriber=person.id, reason=reason)
    return ledger.Decided(subscriber=person.id, entries=tuple(entries), variant=variant_of(member).id)


def _reason(member: Member, *, due_at: datetime, latest: datetime | None) -> str | None:
    if member.suppressed:
        return "suppressed"
    if member.subscription.state == "paused":
        return "paused"
    gap = GAPS.get(member.subscription.frequency)
    if gap is not None and latest is not None and due_at - latest < gap:
        return "not due"
    return None


def variant_of(member: Member) -> Variant:
    """Return how a person's issue looks: their theme, and their language if we speak it."""
    spoken = words.languages()
    language = member.subscriber.language.partition("-")[0].lower()
    theme = member.subscriber.theme
    return Variant(
        language=language if language in spoken else spoken[0], theme=theme if theme in THEMES else THEMES[0]
    )
