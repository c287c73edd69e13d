"""Subscribing: people come, change their mind, and leave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.subscriber import Subscription
from msdigest.steps.subscribing.reading import ImportReport, mail_address, read_rows
from msdigest.store import audience, ledger
from msdigest.store import issues as issue_store
from msdigest.words import is_spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.subscriber import Subscriber
    from msdigest.model.topic import Vocabulary
    from msdigest.steps.subscribing.reading import Row
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

_OF_THE_PERSON = ("name", "language", "zone", "theme", "audience", "neutral")
_told_of_the_person = attrgetter(*_OF_THE_PERSON)
_CHUNK = 1_000
# So many letters of an opaque id are enough if no other begins with them.
_BEGINNING = 6


def import_people(
    database: Database,
    vault: Vault,
    clock: Clock,
    *,
    lines: Iterable[str],
    file: str,
    digests: Sequence[str],
    vocabulary: Vocabulary,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Subscribe everybody in a CSV file to ``digests``, chunk by chunk: of each row only a few numbers are remembered.

    A row of a file with a column ``digest`` subscribes to that one alone, so a person may have several rows.
    Somebody who is suppressed, or left a digest, stays so. Repeating an import changes nothing. A column
    that the file lacks changes nothing about people who are there already.
    """
    report = ImportReport()
    seen = _Seen()
    rows = read_rows(lines, vocabulary, digests=digests, file=file, now=clock.now(), report=report)
    while chunk := list(islice(rows, _CHUNK)):
        wanted = _once(vault, chunk, seen=seen, report=report)
        with database.writing() as connection:
            unspoken = _keep_chunk(connection, vault, wanted, now=clock.now(), report=report)
        seen.unspoken |= {hash(subscriber) for subscriber in unspoken}
        progress(len(chunk))
    report.without_catalogue = len(seen.unspoken)
    report.refused.sort()
    return report


class _Seen:
    """What earlier lines of a file said, as hashes: a file may have a million of them."""

    def __init__(self) -> None:
        """Begin with the first line."""
        self.unspoken: set[int] = set()
        self._rows: set[int] = set()
        self._people: dict[int, int] = {}

    def refusal(self, lookup: str, row: Row) -> str:
        """Return why a row cannot be taken after those before it, or nothing and remember it."""
        apart = "digest" in row.given
        mark = hash((lookup, row.digests))
        if mark in self._rows:
            return f"the same address{' and digest' if apart else ''} stands in an earlier line"
        if apart:
            told = hash(_told_of_the_person(row.person))
            if self._people.setdefault(hash(lookup), told) != told:
                return f"{', '.join(_OF_THE_PERSON)} are not as in an earlier line of the same address"
        self._rows.add(mark)
        return ""


def _once(vault: Vault, rows: Sequence[Row], *, seen: _Seen, report: ImportReport) -> list[tuple[str, Row]]:
    """Return the rows with the keyed hashes of their addresses, without those that an earlier line contradicts."""
    wanted = []
    for row in rows:
        lookup = vault.look_up(row.person.address)
        if reason := seen.refusal(lookup, row):
            report.refused.append((row.line, reason))
        else:
            wanted.append((lookup, row))
    return wanted


def _keep_chunk(
    connection: Transaction,
    vault: Vault,
    wanted: Sequence[tuple[str, Row]],
    *,
    now: datetime,
    report: ImportReport,
) -> set[str]:
    """Keep a chunk of rows; return who of these people reads a language that mails are not written in."""
    lookups = list(dict(wanted))
    suppressed = audience.suppressed_among(connection, lookups)
    there = audience.by_lookups(connection, vault, lookups)
    chosen: defaultdict[str, dict[str, Subscription]] = defaultdict(dict)
    everything = audience.subscriptions_of(connection, vault, [person.id for person in there.values()])
    for (subscriber, digest), subscription in everything.items():
        chosen[subscriber][digest] = subscription
    people, subscriptions, unspoken = [], [], set()
    for lookup, row in wanted:
        old = there.get(lookup)
        theirs = chosen[old.id] if old else {}
        left = {digest for digest, each in theirs.items() if each.state == "ended"}
        welcome = [digest for digest in row.digests if digest not in left]
        if lookup in suppressed or not welcome:
            report.suppressed += 1
            continue
        if not row.consent.evidenced:
            report.without_evidence += 1
        person = there[lookup] = _after(old, row)
        if not is_spoken(person.language):
            unspoken.add(person.id)
        fresh = [_subscription(row, person.id, digest) for digest in welcome if digest not in theirs]
        subscriptions += fresh
        if old is None:
            people.append((lookup, person))
            report.new += 1
            continue
        before = [theirs[digest] for digest in welcome if digest in theirs]
        if _change(connection, vault, row, old=old, person=person, chosen=before, now=now) or fresh:
            report.updated += 1
        else:
            report.unchanged += 1
    audience.add_people(connection, vault, people, now=now)
    audience.add_subscriptions(connection, vault, subscriptions, now=now)
    return unspoken


def _after(old: Subscriber | None, row: Row) -> Subscriber:
    """Return the person as they are after the row was read."""
    if old is None:
        return row.person
    told = {name: getattr(row.person, name) for name in _OF_THE_PERSON if name in row.given}
    return replace(old, **told)


def _subscription(row: Row, subscriber: str, digest: str) -> Subscription:
    return Subscription(
        subscriber=subscriber,
        digest=digest,
        consent=row.consent,
        topics=row.topics,
        kinds=row.kinds,
        frequency=row.frequency,
    )


def _change(
    connection: Transaction,
    vault: Vault,
    row: Row,
    *,
    old: Subscriber,
    person: Subscriber,
    chosen: Sequence[Subscription],
    now: datetime,
) -> bool:
    """Keep what the row says otherwise of somebody who is there; tell whether that was anything."""
    changed = person != old
    if changed:
        audience.change_person(connection, vault, person, now=now)
    for before in chosen:
        after = replace(
            before,
            topics=row.topics if "topics" in row.given else before.topics,
            kinds=row.kinds if "kinds" in row.given else before.kinds,
            frequency=row.frequency if "frequency" in row.given else before.frequency,
            # Evidence of consent that is there is never replaced by a later import without any.
            consent=row.consent if row.consent.evidenced else before.consent,
        )
        if after != before:
            audience.change_subscription(connection, vault, after, now=now)
            changed = True
    return changed


def find(database: Database, vault: Vault, who: str) -> Subscriber:
    """Return a person by address, opaque id, or enough of its beginning.

    Raises RefusedError, without repeating the address, for nobody, and for a beginning that is not one person's alone.
    """
    with database.reading() as connection:
        if "@" in who:
            found = next(iter(audience.by_lookups(connection, vault, [vault.look_up(who)]).values()), None)
        else:
            ids = audience.ids_beginning(connection, who.lower()) if len(who) >= _BEGINNING else []
            if len(ids) > 1:
                message = "the ids of several people begin so: write more of the one that is meant"
                raise RefusedError(message)
            found = next(iter(audience.by_ids(connection, vault, ids).values()), None)
    if found is None:
        message = "nobody is known under that address or id"
        raise RefusedError(message)
    return found


def leave(database: Database, clock: Clock, *, subscriber: str, digest: str, reason: str = "left") -> tuple[int, int]:
    """End a subscription and withdraw what is queued; return (subscriptions ended, deliveries withdrawn)."""
    with database.writing() as connection:
        ended = audience.end_subscription(connection, subscriber=subscriber, digest=digest, now=clock.now())
        # What is held may be sent on later.
        running = [issue.id for issue in issue_store.find(connection, digest=digest, states=("sending", "held"))]
        withdrawn = ledger.withdraw(connection, subscriber, issue_ids=running, reason=reason)
    return ended, withdrawn


def suppress(database: Database, vault: Vault, clock: Clock, *, address: str, reason: str) -> bool:
    """Never mail an address again, whoever it belongs to; False if that was so already.

    Raises RefusedError for what is no address: a slip of the pen would protect nobody.
    """
    try:
        lookup = vault.look_up(mail_address(address.strip()))
    except ValueError as error:
        message = f"{error}: nothing was suppressed (write the address alone, as in ada@example.org)"
        raise RefusedError(message) from None
    with database.writing() as connection:
        added = audience.suppress(connection, lookup, reason=reason, now=clock.now())
        for person in audience.by_lookups(connection, vault, [lookup]).values():
            ledger.withdraw(connection, person.id, issue_ids=None, reason="suppressed")
    return bool(added)


def forget(database: Database, vault: Vault, clock: Clock, *, who: str) -> None:
    """Delete all that is known of a person; the address stays suppressed, as a keyed hash, so that it stays away."""
    person = find(database, vault, who)
    with database.writing() as connection:
        audience.suppress(connection, vault.look_up(person.address), reason="forgotten", now=clock.now())
        ledger.withdraw(connection, person.id, issue_ids=None, reason="forgotten")
        audience.forget(connection, person.id)
