"""A test message: what somebody would get, sent to an address of the editors' own, through the same provider.

It is in no ledger: no delivery, no batch, no attempt. It names nobody, and its link to leave leads nowhere.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from msdigest.errors import RefusedError
from msdigest.model.compiled import Choice, Variant
from msdigest.model.delivery import Recipient, Shipment
from msdigest.model.subscriber import Consent
from msdigest.render.programs import Programs
from msdigest.render.values import person_values
from msdigest.steps.delivering.inspecting import extremes
from msdigest.steps.delivering.press import Press
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store
from msdigest.store.variants import variant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.issue import Issue
    from msdigest.ports import Provider
    from msdigest.steps.delivering.press import Post
    from msdigest.store.audience import Member
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

MARK = "[TEST]"
# No vault signed it: the page of leaving answers it as a link that does not work, and nothing happens.
TOKEN = "test-message"  # noqa: S105  # it opens nothing
_NOBODY = "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was sent. delivery: its name, under which provider ``file`` writes it; it means nothing in any ledger."""

    delivery: str
    variant: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What the message holds, how it looks, and whose clock tells its meetings."""

    variant: str
    choice: Choice
    zone: str = "UTC"


class Trying:
    """Sends one message of an issue to somebody who asked for it."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        provider: Provider,
        post: Post,
        choose: Callable[[Transaction, Issue, Member], Choice],
        most: int,
    ) -> None:
        """Take who sends; ``choose``: as freezing would for somebody; ``most``: entries in one message."""
        self._database = database
        self._vault = vault
        self._provider = provider
        self._post = post
        self._choose = choose
        self._most = most

    def send(self, issue: Issue, address: str, *, subscriber: str = "", variant: str = "") -> Trial:
        """Send to ``address`` what the ``subscriber`` (an opaque id) gets, or else the largest message.

        variant: how it looks, instead of as the subscriber reads it. Raises RefusedError if there is nothing to send,
        if the provider did not take it, or if nothing may ever be sent there.
        """
        with self._database.reading() as connection:
            if audience.suppressed_among(connection, [self._vault.look_up(address)]):
                message = "this address is suppressed: no test message goes there either"
                raise RefusedError(message)
            compiled = Programs(issue_store.programs_of(connection, issue.id))
            reading = (
                self._as_read(connection, issue, subscriber)
                if subscriber
                else _Reading(variant=Variant().id, choice=self._largest(compiled))
            )
        reading = replace(reading, variant=variant or reading.variant)
        if reading.variant not in compiled:
            known = ", ".join(sorted(compiled))
            message = f"issue {issue.id} is not compiled as {reading.variant!r}, but as {known}"
            raise RefusedError(message)
        return self._send(issue, address, reading, compiled[reading.variant])

    def _largest(self, compiled: Mapping[str, CompiledIssue]) -> Choice:
        ranking = compiled[next(iter(compiled))].ranking
        return extremes(compiled, ranking, most=self._most)["largest"]

    def _as_read(self, connection: Transaction, issue: Issue, subscriber: str) -> _Reading:
        """Return what was decided for somebody, or would be if the issue were frozen now."""
        member = audience.members_by_ids(connection, self._vault, issue.digest, [subscriber]).get(subscriber)
        if member is None:
            message = f"this person never subscribed to {issue.digest}"
            raise RefusedError(message)
        variant, choice = variant_of(member.subscriber).id, Choice(())
        if issue.provider is None:
            choice = self._choose(connection, issue, member)
        elif queued := delivery_store.one(connection, issue.id, subscriber):
            choices = delivery_store.choices_of(connection, issue, [queued.selection])
            variant, choice = queued.variant, choices[queued.selection]
        if not choice:
            message = f"this person gets nothing of issue {issue.id}: leave --subscriber out for its largest message"
            raise RefusedError(message)
        return _Reading(variant=variant, choice=choice, zone=member.subscriber.zone)

    def _send(self, issue: Issue, address: str, reading: _Reading, compiled: CompiledIssue) -> Trial:
        press = Press(issue, compiled, coding=self._provider.caps.coding)
        letter = press.letter(reading.choice, self._post)
        marked = replace(letter, subject=f"{MARK} {letter.subject}")
        leave_url = f"{self._post.site_url}/leave/{TOKEN}"
        person = _addressee(issue, compiled, address, leave_url=leave_url, zone=reading.zone)
        shipment = Shipment(attempt=uuid4().hex, parts=[(marked, [person])])
        (outcome,) = self._provider.parse(self._provider.carry(self._provider.build(shipment)), shipment)
        log.info("test message issue=%d variant=%s %s", issue.id, reading.variant, outcome.state)
        if outcome.state != "accepted":
            message = f"the test message was not accepted ({outcome.state}): {outcome.reason or 'no reason given'}"
            raise RefusedError(message)
        return Trial(delivery=person.delivery, variant=reading.variant, entries=len(reading.choice.entries))


def _addressee(issue: Issue, compiled: CompiledIssue, address: str, *, leave_url: str, zone: str) -> Recipient:
    """Return somebody without a name, who is in no ledger; two test messages are two, also to a mail client."""
    values = person_values(
        name="",
        consent=Consent(at=issue.cut_off),
        leave_url=leave_url,
        language=compiled.variant.language,
        zone=zone,
        meetings=compiled.meetings,
    )
    delivery = f"test-{uuid4().hex}"
    return Recipient(
        subscriber=_NOBODY, delivery=delivery, address=address, name="", leave_url=leave_url, values=values
    )
