"""What an editor sees of an issue: for one subscriber or with everything, made by the very functions that send it.

Nothing is written. Nobody's address leaves this room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.subscriber import Consent, Subscriber, Subscription
from msdigest.providers import file
from msdigest.render.program import decode, join
from msdigest.steps import delivering, freezing
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store.audience import Member

if TYPE_CHECKING:
    from msdigest.app import App
    from msdigest.model.delivery import Letter, Recipient
    from msdigest.model.issue import Issue
    from msdigest.store.database import Transaction

EVERYTHING = "everything"
LISTED = 100
_ID = re.compile(r"[0-9a-f]{32}")
# The reader who is nobody: the headers that would name them are made the same way as everybody's.
_NOBODY = Subscriber(id="0" * 32, address="subscriber@example.invalid")


@dataclass(frozen=True, slots=True)
class Reader:
    """One choice in the list of readers: an opaque id and a few words that name nobody."""

    who: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One message as it is sent.

    entries: ids of those that it holds. notes: sentences on why it would not go out to this subscriber after all.
    """

    issue: Issue
    variant: str
    entries: frozenset[str]
    titles: dict[str, str]
    letter: Letter
    recipient: Recipient
    notes: tuple[str, ...] = ()

    @cached_property
    def html(self) -> str:
        """The HTML part."""
        return join(self.letter.html, self.recipient.values, html=True)

    @cached_property
    def text(self) -> str:
        """The plain-text part."""
        return join(self.letter.text, self.recipient.values, html=False)

    @cached_property
    def source(self) -> bytes:
        """The whole message as provider ``file`` writes it."""
        return file.message(self.letter, self.recipient)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The message's headers as they are sent, but for the address of who gets it."""
        head = self.source.partition(b"\r\n\r\n")[0].decode("ascii")
        pairs = (line.split(":", 1) for line in re.split(r"\r\n(?![ \t])", head))
        return [(name, "the subscriber’s address" if name == "To" else value.strip()) for name, value in pairs]


def readers(app: App, issue: Issue) -> list[Reader]:
    """Return the first people, in the order of their ids, who may get ``issue``."""
    with app.database.reading() as connection:
        members = audience.members(connection, app.vault, issue.digest, limit=LISTED)
    return [_reader(member) for member in members if member.subscription.state == "active"]


def _reader(member: Member) -> Reader:
    topics = len(member.subscription.topics)
    words = [
        member.subscriber.id[:8],
        "all topics" if topics == 0 else f"{topics} topic{'' if topics == 1 else 's'}",
        member.subscriber.theme,
    ]
    return Reader(member.subscriber.id, " · ".join(words))


def preview(app: App, issue: Issue, who: str) -> Preview:
    """Return what ``who`` (an opaque id, or ``everything``) gets of ``issue``.

    Raises RefusedError, without repeating ``who``, if nobody is known under it or if they get nothing.
    """
    with app.database.reading() as connection:
        if who == EVERYTHING:
            return _everything(app, connection, issue)
        member = _member(app, connection, issue, who)
        # The provider is written down when it is decided who gets what.
        if issue.provider is None:
            return _as_it_stands(app, connection, issue, member)
        return _as_decided(app, connection, issue, member)


def _member(app: App, connection: Transaction, issue: Issue, who: str) -> Member:
    found = audience.by_ids(connection, app.vault, [who]).get(who) if _ID.fullmatch(who) else None
    chosen = audience.subscriptions_of(connection, app.vault, [who], digest=issue.digest).get((who, issue.digest))
    if found is None or chosen is None:
        message = "Nobody with that id ever subscribed to this digest."
        raise RefusedError(message)
    lookup = app.vault.look_up(found.address)
    suppressed = lookup in audience.suppressed_among(connection, [lookup])
    return Member(subscriber=found, subscription=chosen, suppressed=suppressed)


def _everything(app: App, connection: Transaction, issue: Issue) -> Preview:
    consent = Consent(at=issue.cut_off)
    chosen = Subscription(subscriber=_NOBODY.id, digest=issue.digest, consent=consent)
    member = Member(subscriber=_NOBODY, subscription=chosen, suppressed=False)
    return _made(app, connection, issue, member, variant=freezing.variant_of(member).id, entries=issue.entries)


def _as_it_stands(app: App, connection: Transaction, issue: Issue, member: Member) -> Preview:
    """Choose as freezing would if it came now."""
    who = member.subscriber.id
    chooser = freezing.Chooser(issue, entry_store.get_many(connection, issue.entries))
    sent = delivery_store.already_sent(connection, first=who, last=who, entries=issue.entries, but_issue=issue.id)
    entries = chooser.choose(member, sent=sent.get(who, set()))
    if not entries:
        message = "This subscriber gets nothing of this issue: none of its entries is new to them and in their topics."
        raise RefusedError(message)
    notes = _notes(connection, issue, member)
    variant = freezing.variant_of(member).id
    return _made(app, connection, issue, member, variant=variant, entries=entries, notes=notes)


def _notes(connection: Transaction, issue: Issue, member: Member) -> tuple[str, ...]:
    who, notes = member.subscriber.id, []
    if member.subscription.state == "ended":
        notes.append("This subscriber has left: the issue is not sent to them.")
    if member.subscription.state == "paused":
        notes.append("This subscriber asked for a break: the issue is not sent to them.")
    if member.suppressed:
        notes.append("This subscriber’s address is suppressed: the issue is not sent to them.")
    gap = freezing.GAPS.get(member.subscription.frequency)
    latest = delivery_store.last_sent(connection, first=who, last=who, digest=issue.digest).get(who)
    if gap is not None and latest is not None and issue.due_at - latest < gap:
        notes.append(f"This subscriber chose {member.subscription.frequency} and is not due yet.")
    return tuple(notes)


def _as_decided(app: App, connection: Transaction, issue: Issue, member: Member) -> Preview:
    """Show what freezing decided, whatever the subscriber changed since."""
    queued = delivery_store.one(connection, issue.id, member.subscriber.id)
    if queued is None:
        message = (
            "This subscriber was sent nothing of this issue: "
            f"`msdigest deliveries {issue.id} --state excluded` tells why, if they were subscribed then."
        )
        raise RefusedError(message)
    entries = delivery_store.entries_of(connection, [queued.selection])[queued.selection]
    left = member.subscription.state == "ended"
    notes = ("This subscriber has left: what was still queued for them then was not sent.",) if left else ()
    return _made(app, connection, issue, member, variant=queued.variant, entries=entries, notes=notes)


def _made(
    app: App,
    connection: Transaction,
    issue: Issue,
    member: Member,
    *,
    variant: str,
    entries: frozenset[str] | tuple[str, ...],
    notes: tuple[str, ...] = (),
) -> Preview:
    compiled = decode(issue_store.programs_of(connection, issue.id)[variant])
    return Preview(
        issue=issue,
        variant=variant,
        entries=frozenset(entries),
        titles=compiled.titles,
        letter=delivering.letter(issue, compiled, entries=frozenset(entries), post=app.post),
        recipient=delivering.recipient(
            app.vault,
            app.post,
            issue=issue,
            person=member.subscriber,
            chosen=member.subscription,
            language=compiled.variant.language,
        ),
        notes=notes,
    )
