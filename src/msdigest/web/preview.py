"""What an editor sees of an issue: for one subscriber or a selection, made by the very functions that send it.

Nothing is written. Nobody's address leaves this room, nor the token with which anybody could end a subscription.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.compiled import Choice, Variant
from msdigest.model.subscriber import Consent, Subscriber, Subscription
from msdigest.render import mime
from msdigest.render.program import join
from msdigest.render.values import selection_values
from msdigest.steps import freezing
from msdigest.steps.delivering.press import Press, recipient
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store.audience import Member
from msdigest.store.variants import variant_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.app import App
    from msdigest.model.delivery import Letter, Recipient
    from msdigest.model.issue import Issue
    from msdigest.store.database import Transaction
    from msdigest.web.desk.editions import Edition

EVERYTHING = "everything"
TOPICS = "topics"
# The selections that lie between all messages; see ``steps.delivering.inspecting``.
SELECTIONS = ("largest", "median", "smallest")
# Stands for whatever else was asked for, which is not repeated.
NOBODY = "nobody"
LISTED = 100
_ID = re.compile(r"[0-9a-f]{32}")
_MOST_TOPICS = 50
# No vault signs it; repeated up to the length of a real one, it changes neither sizes nor where lines are broken.
_STAND_IN = "the-readers-own-token-"
# The reader who is nobody: the headers that would name them are made the same way as everybody's.
_NOBODY = Subscriber(id="0" * 32, address="subscriber@example.invalid")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose message is looked at.

    who: a subscriber's opaque id, ``everything``, one of ``SELECTIONS``, or ``topics``.
    topics: ids or names, with commas, for ``topics``. variant: id of the variant; empty = the person's own, or the
        most common one.
    """

    who: str = EVERYTHING
    topics: str = ""
    variant: str = ""

    @classmethod
    def of(cls, who: str, topics: str, variant: str) -> Wanted:
        """Take what an address says; what can be nobody's id is ``nobody``."""
        known = who in (EVERYTHING, TOPICS, *SELECTIONS) or _ID.fullmatch(who)
        return cls(who if known else NOBODY, topics, variant)

    @property
    def is_person(self) -> bool:
        """Whether somebody in particular is meant."""
        return bool(_ID.fullmatch(self.who))


@dataclass(frozen=True, slots=True)
class Reader:
    """One choice in the list of readers: an opaque id and a few words that name nobody."""

    who: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One message as it is sent.

    words: whose it is, naming nobody. choice: what it holds. selection: the values of the choice's slots.
    letter: in the coding ``plain``, mime: in that one. notes: why it would not go out to this subscriber after all.
    stands_in: in place of the reader's own token there is one that opens nothing.
    """

    issue: Issue
    words: str
    variant: str
    choice: Choice
    titles: Mapping[str, str]
    notices: Mapping[str, str]
    selection: Mapping[str, str]
    letter: Letter
    mime: Letter
    recipient: Recipient
    notes: tuple[str, ...] = ()
    stands_in: bool = False

    @cached_property
    def html(self) -> str:
        """The HTML part."""
        return join(self.letter.html, self.recipient.values, form="html").decode()

    @cached_property
    def text(self) -> str:
        """The plain-text part."""
        return join(self.letter.text, self.recipient.values, form="text").decode()

    @cached_property
    def source(self) -> bytes:
        """The whole message as provider ``file`` writes it."""
        return mime.message(self.mime, self.recipient)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The message's headers as they are sent, but for the address of who gets it."""
        head = self.source.partition(b"\r\n\r\n")[0].decode("ascii")
        pairs = (line.split(":", 1) for line in re.split(r"\r\n(?![ \t])", head))
        return [(name, "the subscriber’s address" if name == "To" else value.strip()) for name, value in pairs]

    @property
    def shown_source(self) -> str:
        """The whole message, but for the address of who gets it."""
        head, blank, body = self.source.decode("ascii").partition("\r\n\r\n")
        lines = re.split(r"\r\n(?![ \t])", head)
        kept = ["To: the subscriber’s address" if line.startswith("To:") else line for line in lines]
        return ("\r\n".join(kept) + blank + body).replace("\r\n", "\n")

    def with_stand_in(self) -> Preview:
        """Return the same message with a token as long as the reader's own, that opens nothing, in its place."""
        person = self.recipient
        place, _, token = person.leave_url.rpartition("/")
        leave_url = f"{place}/{(_STAND_IN * (len(token) // len(_STAND_IN) + 1))[: len(token)]}"
        values = {**person.values, "leave_url": leave_url}
        return replace(self, recipient=replace(person, leave_url=leave_url, values=values), stands_in=True)


def readers(app: App, issue: Issue) -> list[Reader]:
    """Return the first people, in the order of their ids, who may get ``issue``."""
    with app.database.reading() as connection:
        members = audience.members(connection, app.vault, issue.digest, limit=LISTED)
    return [Reader(one.subscriber.id, _words(one)) for one in members if one.subscription.state == "active"]


def _words(member: Member) -> str:
    topics = len(member.subscription.topics)
    words = [
        member.subscriber.id[:8],
        "all topics" if topics == 0 else f"{topics} topic{'' if topics == 1 else 's'}",
        *variant_of(member.subscriber).id.split("."),
    ]
    return " · ".join(words)


def preview(app: App, edition: Edition, wanted: Wanted, *, own_token: bool = False) -> Preview:
    """Return what ``wanted`` gets of an issue; with the token of somebody in particular only if ``own_token``.

    Raises RefusedError, without repeating what was asked for, if nobody is known under it or if they get nothing.
    """
    with app.database.reading() as connection:
        if wanted.who in (EVERYTHING, TOPICS, *SELECTIONS):
            return _Selected(app, edition, wanted).preview()
        member = _member(app, connection, edition.issue, wanted.who)
        # The provider is written down when it is decided who gets what.
        draft = edition.issue.provider is None
        shown = (_as_it_stands if draft else _as_decided)(app, connection, edition, member)
        return shown if own_token else shown.with_stand_in()


def _member(app: App, connection: Transaction, issue: Issue, who: str) -> Member:
    found = audience.by_ids(connection, app.vault, [who]).get(who) if _ID.fullmatch(who) else None
    chosen = audience.subscriptions_of(connection, app.vault, [who], digest=issue.digest).get((who, issue.digest))
    if found is None or chosen is None:
        message = "Nobody with that id ever subscribed to this digest."
        raise RefusedError(message)
    lookup = app.vault.look_up(found.address)
    suppressed = lookup in audience.suppressed_among(connection, [lookup])
    return Member(subscriber=found, subscription=chosen, suppressed=suppressed)


class _Selected:
    """What nobody in particular gets: everything, an extreme, or the entries of some topics."""

    def __init__(self, app: App, edition: Edition, wanted: Wanted) -> None:
        self._app, self._edition, self._wanted = app, edition, wanted
        self._variant = wanted.variant or Variant().id
        if self._variant not in (*edition.variants, Variant().id):
            message = "Nobody reads this issue in that variant."
            raise RefusedError(message)

    def preview(self) -> Preview:
        wanted, issue = self._wanted, self._edition.issue
        if wanted.who == EVERYTHING:
            return self._made(Choice(issue.entries, issue.notices), "everything")
        if wanted.who == TOPICS:
            return self._of_topics()
        for example in self._edition.examples(self._variant):
            if example.which == wanted.who:
                # With the values of the very person whom the checks look at: the same bytes.
                return self._made(example.choice, f"the {example.which} selection", example.recipient)
        message = "This issue has no entries to choose from."
        raise RefusedError(message)

    def _of_topics(self) -> Preview:
        vocabulary = self._app.settings.vocabulary
        typed = [word.strip() for word in self._wanted.topics.split(",") if word.strip()][:_MOST_TOPICS]
        found = {word: word if word in vocabulary else vocabulary.resolve(word) for word in typed}
        unknown = [word for word, topic in found.items() if topic is None]
        if unknown or not found:
            message = f"There is no topic {unknown[0][:60]!r}." if unknown else "Name one topic at least."
            raise RefusedError(message)
        topics = tuple(topic for topic in found.values() if topic)
        chooser = freezing.Chooser(
            self._edition.issue,
            self._edition.entries,
            self._edition.weighed(self._variant),
            most=self._app.digest(self._edition.issue.digest).max_entries,
        )
        choice = chooser.choose(self._nobody(topics))
        if not choice:
            message = "No entry of this issue has these topics."
            raise RefusedError(message)
        return self._made(choice, f"topics {', '.join(map(vocabulary.name, topics))}")

    def _made(self, choice: Choice, words: str, person: Recipient | None = None) -> Preview:
        if self._variant != Variant().id:
            words = f"{words} · {self._variant}"
        maker = _Maker(self._app, self._edition, self._variant)
        return maker.made(self._nobody(), choice, words=words, person=person)

    def _nobody(self, topics: tuple[str, ...] = ()) -> Member:
        issue = self._edition.issue
        consent = Consent(at=issue.cut_off)
        chosen = Subscription(subscriber=_NOBODY.id, digest=issue.digest, consent=consent, topics=topics)
        return Member(subscriber=_NOBODY, subscription=chosen, suppressed=False)


def _as_it_stands(app: App, connection: Transaction, edition: Edition, member: Member) -> Preview:
    """Choose as freezing would if it came now."""
    issue, variant = edition.issue, variant_of(member.subscriber).id
    most = app.digest(issue.digest).max_entries
    choice = freezing.choice_for(connection, issue, member, most=most, compiled=edition.weighed(variant))
    if not choice:
        message = "This subscriber gets nothing of this issue: none of its entries is new to them and in their topics."
        raise RefusedError(message)
    notes = _notes(connection, issue, member)
    return _Maker(app, edition, variant).made(member, choice, words=_words(member), notes=notes)


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


def _as_decided(app: App, connection: Transaction, edition: Edition, member: Member) -> Preview:
    """Show what freezing decided, whatever the subscriber changed since."""
    issue = edition.issue
    queued = delivery_store.one(connection, issue.id, member.subscriber.id)
    if queued is None:
        message = (
            "This subscriber was sent nothing of this issue: "
            f"`msdigest deliveries {issue.id} --state excluded` tells why, if they were subscribed then."
        )
        raise RefusedError(message)
    choice = delivery_store.choices_of(connection, issue, [queued.selection])[queued.selection]
    left = member.subscription.state == "ended"
    notes = ("This subscriber has left: what was still queued for them then was not sent.",) if left else ()
    return _Maker(app, edition, queued.variant).made(member, choice, words=_words(member), notes=notes)


class _Maker:
    """Makes one variant's messages."""

    def __init__(self, app: App, edition: Edition, variant: str) -> None:
        self._app, self._issue, self._variant = app, edition.issue, variant
        self._compiled = edition.compiled(variant)

    def made(
        self,
        member: Member,
        choice: Choice,
        *,
        words: str,
        notes: tuple[str, ...] = (),
        person: Recipient | None = None,
    ) -> Preview:
        app, compiled = self._app, self._compiled
        press = Press(self._issue, compiled, coding="plain")
        return Preview(
            issue=self._issue,
            words=words,
            variant=self._variant,
            choice=choice,
            titles=compiled.titles,
            notices=compiled.notices,
            selection=selection_values(compiled, choice),
            letter=press.letter(choice, app.post),
            mime=Press(self._issue, compiled, coding="mime").letter(choice, app.post),
            recipient=person
            or recipient(app.vault, app.post, press, person=member.subscriber, chosen=member.subscription),
            notes=notes,
        )
