"""Rebuilding: every request that a provider took is built again from what is stored, and compared byte for byte.

Nothing is sent and nothing is changed. What cannot be the same any more is told person by person, by opaque id.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.delivery import Shipment
from msdigest.render.mime import message as whole_message
from msdigest.render.program import decode
from msdigest.steps.delivering.press import Press, recipient
from msdigest.store import attempts as attempt_store
from msdigest.store import audience, ledger
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from msdigest.model.compiled import Choice
    from msdigest.model.delivery import Coding, Letter, Recipient
    from msdigest.model.issue import Issue
    from msdigest.ports import Provider
    from msdigest.steps.delivering.press import Post
    from msdigest.store.attempts import Attempt
    from msdigest.store.audience import Member
    from msdigest.store.database import Database, Transaction
    from msdigest.store.ledger import Queued
    from msdigest.vault import Vault

FORGOTTEN = "forgotten: nothing is known of this person any more"
CHANGED = "changed: name, zone, settings or evidence of consent became another after the message was sent"
# A record that was read for a request may have been changed in the moments before the request began.
_MARGIN = timedelta(minutes=1)
# So many letters of an opaque id are enough if no other begins with them.
_BEGINNING = 6
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Different:
    """A request that is not the same though nothing tells why; ``lo`` to ``hi``: its positions."""

    attempt: str
    lo: int
    hi: int
    reason: str


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """What rebuilding came to.

    requests: how many a provider took. same: how many of them were built again, byte for byte.
    missing: opaque id → why this person's message, and with it the request it was in, cannot be built again.
    different: requests that should be the same and are not. written: how many messages were written as files.
    """

    requests: int = 0
    same: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    different: list[Different] = field(default_factory=list)
    written: int = 0


@dataclass(frozen=True, slots=True)
class _People:
    """Who was in a request, and what is known of them now."""

    ids: Sequence[str]
    queue: Sequence[Queued]
    members: Mapping[str, Member]
    choices: Mapping[int, Choice]


class Rebuilding:
    """Builds the requests of one issue again."""

    def __init__(self, database: Database, vault: Vault, *, issue: Issue, provider: Provider, post: Post) -> None:
        """Take what the requests were made of; raises RefusedError for the provider of another time."""
        if issue.provider is not None and issue.provider != provider.name:
            message = (
                f"issue {issue.id} was sent through provider {issue.provider!r}, and [mail] provider is "
                f"{provider.name!r}: change it back while you rebuild"
            )
            raise RefusedError(message)
        self._database = database
        self._vault = vault
        self._issue = issue
        self._provider = provider
        self._post = post
        self._press = lru_cache(maxsize=_KEPT)(self._read_press)
        self._letter = lru_cache(maxsize=_KEPT)(self._make_letter)

    def run(
        self, *, who: str = "", out: Path | None = None, progress: Callable[[int], None] = lambda _: None
    ) -> Rebuilt:
        """Build every request that was taken again, or those in which ``who`` was; write messages into ``out``.

        who: an opaque id or enough of its beginning. Raises RefusedError if there is nothing to rebuild.
        """
        done = Rebuilt()
        with self._database.reading() as connection:
            person, position = self._person(connection, who) if who else ("", None)
            attempts = attempt_store.taken(connection, self._issue.id)
        for attempt in attempts:
            if who and (position is None or not attempt.lo <= position <= attempt.hi):
                continue
            people = self._people(attempt)
            if person and person not in people.ids:
                continue
            done.requests += 1
            lost = self._compare(attempt, people, done)
            if out is not None and lost is not None:
                done.written += self._write(people, out, but=lost, only=person)
            progress(len(people.queue))
        if not done.requests:
            message = (
                f"nothing of issue {self._issue.id} was accepted yet{' for this person' if who else ''}: "
                f"there is nothing to rebuild (`msdigest deliveries {self._issue.id}` tells where everybody is)"
            )
            raise RefusedError(message)
        return done

    def _person(self, connection: Transaction, who: str) -> tuple[str, int | None]:
        """Return the id that begins so, and its position."""
        issue = self._issue.id
        found = attempt_store.places(connection, issue, who.lower()) if len(who) >= _BEGINNING else []
        if not found:
            message = (
                f"nobody with that id is in the account of issue {issue}: `msdigest deliveries {issue}` lists everybody"
            )
            raise RefusedError(message)
        if len(found) > 1:
            message = "the ids of several people begin so: write more of the one that is meant"
            raise RefusedError(message)
        return found[0]

    def _people(self, attempt: Attempt) -> _People:
        with self._database.reading() as connection:
            queue = attempt_store.people_in(connection, attempt)
            ids = [each.subscriber for each in queue]
            members = audience.members_by_ids(connection, self._vault, self._issue.digest, ids)
            choices = delivery_store.choices_of(connection, self._issue, [each.selection for each in queue])
        return _People(ids, queue, members, choices)

    def _compare(self, attempt: Attempt, people: _People, done: Rebuilt) -> Collection[str] | None:
        """Compare one request; return whose messages are not what was sent, or None if nobody knows whose."""
        reason = f"the ledger tells of {attempt.recipients} people in it, and {len(people.ids)} are found"
        if len(people.ids) == attempt.recipients:
            lost = dict.fromkeys((each for each in people.ids if each not in people.members), FORGOTTEN)
            if not lost and self._hash(attempt, people) == attempt.payload_hash:
                done.same += 1
                return ()
            changed = self._changed_after(attempt, people)
            lost |= dict.fromkeys((each for each in people.ids if each in changed), CHANGED)
            done.missing |= lost
            if lost:
                return lost
            reason = "nobody in it changed: were [site] url, [mail] from or the vault's newest key others then?"
        done.different.append(Different(attempt=attempt.id, lo=attempt.lo, hi=attempt.hi, reason=reason))
        return None

    def _changed_after(self, attempt: Attempt, people: _People) -> set[str]:
        with self._database.reading() as connection:
            since = attempt.started_at - _MARGIN
            return audience.changed_since(connection, self._issue.digest, people.ids, since)

    def _hash(self, attempt: Attempt, people: _People) -> str:
        coding = self._provider.caps.coding
        parts = []
        for (variant, selection), stretch in ledger.runs(people.queue):
            recipients = [self._recipient(each, people) for each in stretch]
            parts.append((self._letter(variant, people.choices[selection], coding), recipients))
        request = self._provider.build(Shipment(attempt=attempt.id, parts=parts))
        return hashlib.sha256(request.body).hexdigest()

    def _write(self, people: _People, out: Path, *, but: Collection[str], only: str) -> int:
        """Write everybody's whole message, as provider ``file`` does; return how many."""
        written = 0
        for each in people.queue:
            if each.subscriber in but or (only and each.subscriber != only):
                continue
            letter = self._letter(each.variant, people.choices[each.selection], "mime")
            person = self._recipient(each, people)
            _write(out / f"{person.delivery}.eml", whole_message(letter, person))
            written += 1
        return written

    def _recipient(self, queued: Queued, people: _People) -> Recipient:
        member = people.members[queued.subscriber]
        press = self._press(queued.variant, self._provider.caps.coding)
        return recipient(self._vault, self._post, press, person=member.subscriber, chosen=member.subscription)

    def _read_press(self, variant: str, coding: Coding) -> Press:
        with self._database.reading() as connection:
            compiled = decode(issue_store.program_of(connection, self._issue.id, variant))
        return Press(self._issue, compiled, coding=coding)

    def _make_letter(self, variant: str, choice: Choice, coding: Coding) -> Letter:
        return self._press(variant, coding).letter(choice, self._post)


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.unlink(missing_ok=True)
    # Made anew each time: a file that others may read, or a link that leads elsewhere, is never written into.
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
        file.write(raw)
    half.replace(path)
