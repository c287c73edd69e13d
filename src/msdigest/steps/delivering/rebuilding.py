"""Rebuilding: every request that a provider took is built again from what is stored, and compared byte for byte.

Nothing is sent and nothing is changed. What cannot be the same any more is told person by person, by opaque id.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.render.mime import message as whole_message
from msdigest.steps.delivering.loading import Loader
from msdigest.store import attempts as attempt_store
from msdigest.store import audience

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from msdigest.model.issue import Issue
    from msdigest.ports import Provider
    from msdigest.steps.delivering.loading import Loaded
    from msdigest.steps.delivering.press import Post
    from msdigest.store.attempts import Attempt
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

FORGOTTEN = "forgotten: nothing is known of this person any more"
CHANGED = "changed: name, zone, settings or evidence of consent became another after the message was sent"
# A record that was read for a request may have been changed in the moments before the request began.
_MARGIN = timedelta(minutes=1)
# So many letters of an opaque id are enough if no other begins with them.
_BEGINNING = 6
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


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
        self._issue = issue
        self._provider = provider
        self._loader = Loader(database, vault, provider=provider, post=post)

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
            if person and all(person != each.subscriber for each in people.queue):
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

    def _people(self, attempt: Attempt) -> Loaded:
        """Return who was in a call, and what is known of them now."""
        with self._database.reading() as connection:
            return self._loader.load(connection, self._issue.id, attempt_store.people_in(connection, attempt))

    def _compare(self, attempt: Attempt, people: Loaded, done: Rebuilt) -> Collection[str] | None:
        """Compare one request; return whose messages are not what was sent, or None if nobody knows whose."""
        ids = [each.subscriber for each in people.queue]
        reason = f"the ledger tells of {attempt.recipients} people in it, and {len(ids)} are found"
        if len(ids) == attempt.recipients:
            lost = dict.fromkeys((each for each in ids if each not in people.members), FORGOTTEN)
            if not lost and self._hash(attempt, people) == attempt.payload_hash:
                done.same += 1
                return ()
            changed = self._changed_after(attempt, ids)
            lost |= dict.fromkeys((each for each in ids if each in changed), CHANGED)
            done.missing |= lost
            if lost:
                return lost
            reason = "nobody in it changed: were [site] url, [mail] from or the vault's newest key others then?"
        done.different.append(Different(attempt=attempt.id, lo=attempt.lo, hi=attempt.hi, reason=reason))
        return None

    def _changed_after(self, attempt: Attempt, ids: Sequence[str]) -> set[str]:
        with self._database.reading() as connection:
            since = attempt.started_at - _MARGIN
            return audience.changed_since(connection, self._issue.digest, ids, since)

    def _hash(self, attempt: Attempt, people: Loaded) -> str:
        request = self._provider.build(self._loader.shipment(people, people.queue, attempt=attempt.id))
        return hashlib.sha256(request.body).hexdigest()

    def _write(self, people: Loaded, out: Path, *, but: Collection[str], only: str) -> int:
        """Write everybody's whole message, as provider ``file`` does; return how many."""
        written = 0
        for each in people.queue:
            if each.subscriber in but or (only and each.subscriber != only):
                continue
            letter, person = self._loader.letter(people, each, coding="mime"), self._loader.recipient(people, each)
            _write(out / f"{person.delivery}.eml", whole_message(letter, person))
            written += 1
        return written


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.unlink(missing_ok=True)
    # Made anew each time: a file that others may read, or a link that leads elsewhere, is never written into.
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
        file.write(raw)
    half.replace(path)
