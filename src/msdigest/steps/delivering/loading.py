"""Loading: people out of the ledger become a shipment that a provider can build a request of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError, StoreError
from msdigest.model.delivery import Shipment
from msdigest.render.program import decode
from msdigest.steps.delivering.press import Press, recipient
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store
from msdigest.store import ledger, readers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.compiled import Choice
    from msdigest.model.delivery import Coding, Letter, Recipient
    from msdigest.model.issue import Issue
    from msdigest.ports import Provider
    from msdigest.steps.delivering.press import Post
    from msdigest.store.database import Database, Transaction
    from msdigest.store.ledger import Batch, Queued
    from msdigest.store.readers import Reader
    from msdigest.vault import Vault

_LETTERS_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Some people of one issue with all that their messages are made of; ``members`` lacks those who are forgotten."""

    issue: Issue
    queue: Sequence[Queued]
    members: Mapping[str, Reader]
    choices: Mapping[int, Choice]

    def stopped(self) -> dict[str, str]:
        """Return who may no longer be mailed, and why: a freeze may have begun before they left."""
        found = {}
        for each in self.queue:
            member = self.members.get(each.subscriber)
            reason = member.stopped if member is not None else "forgotten"
            if reason is not None:
                found[each.subscriber] = reason
        return found


class Loader:
    """Loads for one provider; keeps what many batches have in common."""

    def __init__(self, database: Database, vault: Vault, *, provider: Provider, post: Post) -> None:
        """Take where people are kept, who carries the mail, and who sends it."""
        self._database = database
        self._vault = vault
        self._provider = provider
        self._post = post
        self._letters = lru_cache(maxsize=_LETTERS_KEPT)(self._make_letter)
        self._press = lru_cache(maxsize=_LETTERS_KEPT)(self._read_press)
        self.issue = lru_cache(maxsize=_LETTERS_KEPT)(self._read_issue)

    def load(self, connection: Transaction, issue_id: int, queue: Sequence[Queued]) -> Loaded:
        """Read people's records and choices."""
        issue = self.issue(issue_id)
        members = readers.by_ids(connection, self._vault, issue.digest, [each.subscriber for each in queue])
        return self._loaded(connection, issue, queue, members)

    def load_batch(self, connection: Transaction, batch: Batch) -> Loaded:
        """Read what is still to be made of a batch, with people's records and choices."""
        issue = self.issue(batch.issue)
        return self._loaded(connection, issue, *readers.of_batch(connection, self._vault, issue.digest, batch))

    def _loaded(
        self, connection: Transaction, issue: Issue, queue: Sequence[Queued], members: Mapping[str, Reader]
    ) -> Loaded:
        choices = delivery_store.choices_of(connection, issue, {each.selection for each in queue})
        return Loaded(issue=issue, queue=queue, members=members, choices=choices)

    def shipment(self, loaded: Loaded, queue: Sequence[Queued], *, attempt: str) -> Shipment:
        """Make the messages of ``queue``, of whom nobody is forgotten."""
        parts = [
            (self.letter(loaded, stretch[0]), [self.recipient(loaded, each) for each in stretch])
            for _, stretch in ledger.runs(queue)
        ]
        return Shipment(attempt=attempt, parts=parts)

    def letter(self, loaded: Loaded, queued: Queued, *, coding: Coding | None = None) -> Letter:
        """Return what somebody's message has in common with others; ``coding``: another than the provider's."""
        press = self._press(loaded.issue.id, queued.variant, coding or self._provider.caps.coding)
        return self._letters(press, loaded.choices[queued.selection])

    def recipient(self, loaded: Loaded, queued: Queued) -> Recipient:
        """Return somebody as a provider needs them; they must not be forgotten."""
        press = self._press(loaded.issue.id, queued.variant, self._provider.caps.coding)
        member = loaded.members[queued.subscriber]
        return recipient(self._vault, self._post, press, person=member, chosen=member)

    def _read_issue(self, issue_id: int) -> Issue:
        with self._database.reading() as connection:
            issue = issue_store.get(connection, issue_id)
        if issue is None:
            message = f"there is no issue {issue_id}"
            raise StoreError(message)
        if issue.provider != self._provider.name:
            message = (
                f"issue {issue_id} is queued for provider {issue.provider!r}, and [mail] provider is "
                f"{self._provider.name!r}: change it back until the issue is sent"
            )
            raise RefusedError(message)
        return issue

    def _read_press(self, issue_id: int, variant: str, coding: Coding) -> Press:
        with self._database.reading() as connection:
            compiled = decode(issue_store.program_of(connection, issue_id, variant))
        return Press(self.issue(issue_id), compiled, coding=coding)

    def _make_letter(self, press: Press, choice: Choice) -> Letter:
        return press.letter(choice, self._post)
