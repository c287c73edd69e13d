"""Freezing: decide who gets what of an issue, in one transaction; from then on nothing about it changes."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.compiled import Choice, Variant
from msdigest.model.issue import change_id, notice_id
from msdigest.render.fitting import weigh
from msdigest.render.programs import Programs
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store import lining, wishes
from msdigest.store.wishes import wish_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.delivery import Account
    from msdigest.model.entry import Change, Entry
    from msdigest.model.issue import Digest, Issue
    from msdigest.ports import Caps
    from msdigest.store.audience import Member
    from msdigest.store.database import Database, Transaction
    from msdigest.store.wishes import Candidate, Wish
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

CHUNK = 2_000
_NOTHING: frozenset[str] = frozenset()
# How long after an issue the next one is due for somebody who chose a slower frequency than the digest's cadence;
# a little less than the word says, because issues do not fall on the second.
GAPS = {"weekly": timedelta(days=6, hours=12), "monthly": timedelta(days=27, hours=12)}
_NO_GAP = timedelta.min


class MissingVariantsError(Exception):
    """Somebody reads the issue in a way that it was not compiled for, because they came since: their ``variants``."""

    def __init__(self, variants: set[Variant]) -> None:
        """Name the variants."""
        super().__init__(", ".join(sorted(variant.id for variant in variants)))
        self.variants = variants


class Chooser:
    """Chooses entries and notices for people; equal choices of topics are worked out once."""

    def __init__(
        self, issue: Issue, entries: Mapping[str, Entry], compiled: Mapping[str, CompiledIssue], *, most: int
    ) -> None:
        """Take the issue, its entries by id, and what was compiled; ``most``: entries in one message."""
        self._entries = [entries[entry_id] for entry_id in issue.entries]
        self._weights = weigh(compiled.values())
        self._ranking = next(iter(compiled.values())).ranking or issue.entries
        self._most = most
        self._known: dict[Wish, Choice] = {}

    def choose(
        self, member: Member, *, sent: frozenset[str] | set[str] = _NOTHING, notices: Sequence[str] = ()
    ) -> Choice:
        """Return what this person is to get, in the order of the issue.

        sent: the entries that they were sent already. notices: those that concern them.
        """
        return self.chosen(wish_of(member), sent=sent, notices=notices)

    def chosen(self, wish: Wish, *, sent: frozenset[str] | set[str] = _NOTHING, notices: Sequence[str] = ()) -> Choice:
        """Return what somebody with this wish is to get; see ``choose``."""
        if wish not in self._known:
            self._known[wish] = self._fitting(tuple(entry.id for entry in self._entries if _takes(wish, entry)))
        whole = self._known[wish]
        if sent and (whole.more or not sent.isdisjoint(whole.entries)):
            taken = (entry.id for entry in self._entries if _takes(wish, entry) and entry.id not in sent)
            whole = self._fitting(tuple(taken))
        return replace(whole, notices=tuple(notices)) if notices else whole

    def _fitting(self, entries: tuple[str, ...]) -> Choice:
        return self._weights.fitting(Choice(entries), self._ranking, most=self._most)


def _takes(wish: Wish, entry: Entry) -> bool:
    return (
        (not wish.topics or not set(wish.topics).isdisjoint(entry.topics))
        and (not wish.kinds or entry.kind in wish.kinds)
        and (not wish.audience or not entry.audience or wish.audience in entry.audience)
        and (wish.frequency != "safety" or entry.kind == "safety")
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
    check: Callable[[Transaction], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Account:
    """Write one delivery a subscriber and the batches; return the account.

    People are streamed, so memory does not grow with their number. ``check`` looks at what was decided; whatever it
    raises undoes all of it. Raises RefusedError if the issue needs approvals that it does not have, or was frozen
    already, and MissingVariantsError if it has to be compiled in further variants first. A late issue may be sent
    for as long again as a new one: the timetable holds it and sends nothing, so an editor decided that.
    """
    _refuse_unless_ready(issue, digest)
    with database.writing() as connection:
        lining.take_turn(connection)
        _hold_still(connection, issue)
        chooser = chooser_of(connection, issue, most=digest.max_entries)
        known, missing = frozenset(issue_store.variants_of(connection, issue.id)), set[Variant]()
        told = entry_store.changes_by_id(connection, [change_id(notice) for notice in issue.notices])
        repeats = delivery_store.any_sent(connection, entries=issue.entries, but_issue=issue.id)
        after = ""
        while chunk := wishes.candidates(connection, vault, digest.id, after=after, limit=CHUNK):
            first, after = chunk[0].id, chunk[-1].id
            people = {"first": first, "last": after}
            sent = (
                delivery_store.already_sent(connection, **people, entries=issue.entries, but_issue=issue.id)
                if repeats
                else {}
            )
            latest = delivery_store.last_sent(connection, **people, digest=digest.id)
            concerned = notices_for(connection, **people, changes=told)
            decided = [
                _decide(
                    each,
                    chooser,
                    sent=sent.get(each.id, _NOTHING),
                    notices=concerned.get(each.id, ()),
                    due_at=issue.due_at,
                    latest=latest.get(each.id),
                )
                for each in chunk
            ]
            read = {each.variant for each in decided if each.variant is not None}
            missing |= {Variant.of(variant) for variant in read - known}
            lining.add_deliveries(connection, issue.id, decided, due_at=issue.due_at)
            progress(len(decided))
        if missing:
            raise MissingVariantsError(missing)
        lining.line_up(connection, issue.id, max_recipients=caps.max_recipients, one_selection=caps.substitutes)
        check(connection)
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
        onwards = f"; `msdigest run` goes on with it, or `msdigest issue send {issue.id} --wait`"
        message = f"issue {issue.id} is {issue.state}: it cannot be sent again{onwards * (issue.state == 'sending')}"
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


def chooser_of(connection: Transaction, issue: Issue, *, most: int) -> Chooser:
    """Return what chooses for people from ``issue``."""
    compiled = Programs(issue_store.programs_of(connection, issue.id))
    return Chooser(issue, entry_store.get_many(connection, issue.entries), compiled, most=most)


def choice_for(
    connection: Transaction,
    issue: Issue,
    member: Member,
    *,
    most: int,
    compiled: Mapping[str, CompiledIssue] | None = None,
) -> Choice:
    """Return what one person would get of ``issue`` if it were decided now; ``compiled``: other than what is kept."""
    who = {"first": member.subscriber.id, "last": member.subscriber.id}
    told = entry_store.changes_by_id(connection, [change_id(notice) for notice in issue.notices])
    sent = delivery_store.already_sent(connection, **who, entries=issue.entries, but_issue=issue.id)
    concerned = notices_for(connection, **who, changes=told)
    chooser = (
        chooser_of(connection, issue, most=most)
        if compiled is None
        else Chooser(issue, entry_store.get_many(connection, issue.entries), compiled, most=most)
    )
    return chooser.choose(
        member,
        sent=sent.get(member.subscriber.id, _NOTHING),
        notices=concerned.get(member.subscriber.id, ()),
    )


def notices_for(
    connection: Transaction, *, first: str, last: str, changes: Sequence[Change]
) -> dict[str, tuple[str, ...]]:
    """Return which of ``changes`` concern people with ids from ``first`` to ``last``: id → notices.

    It concerns those who were told of the entry before it was seen to have changed, and not of the change.
    """
    if not changes:
        return {}
    names = {change.id: notice_id(change.id) for change in changes}
    about = list({change.entry for change in changes})
    told = delivery_store.told_of(connection, first=first, last=last, entries=[*about, *names.values()])
    found: dict[str, tuple[str, ...]] = {}
    for person, known in told.items():
        concerned = tuple(
            names[change.id]
            for change in changes
            if change.entry in known and known[change.entry] < change.seen and names[change.id] not in known
        )
        if concerned:
            found[person] = concerned
    return found


def _decide(
    who: Candidate,
    chooser: Chooser,
    *,
    sent: frozenset[str] | set[str],
    notices: Sequence[str],
    due_at: datetime,
    latest: datetime | None,
) -> lining.Decided:
    reason, wish = who.reason, who.wish
    if reason is None and latest is not None and due_at - latest < GAPS.get(wish.frequency, _NO_GAP):
        reason = "not due"
    if reason is None:
        choice = chooser.chosen(wish, sent=sent, notices=notices)
        if choice:
            return lining.Decided(subscriber=who.id, choice=choice, variant=wish.variant)
        reason = "nothing chosen"
    return lining.Decided(subscriber=who.id, reason=reason)
