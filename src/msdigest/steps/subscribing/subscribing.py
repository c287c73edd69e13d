"""Subscribing: people come, change their mind, and leave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.subscriber import Subscription
from msdigest.steps.subscribing.reading import ImportReport, mail_address, read_rows
from msdigest.store import audience, ledger
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.subscriber import Subscriber
    from msdigest.model.topic import Vocabulary
    from msdigest.steps.subscribing.reading import Row
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

_OF_THE_PERSON = ("name", "language", "zone", "theme", "audience", "neutral")
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
    """Subscribe everybody in a CSV file to ``digests``, chunk by chunk: of each row only 8 bytes are remembered.

    Somebody who is suppressed, or left one of ``digests``, stays so. Repeating an import changes nothing. A column
    that the file lacks changes nothing about people who are there already.
    """
    report = ImportReport()
    seen: set[int] = set()
    rows = read_rows(lines, vocabulary, file=file, now=clock.now(), report=report)
    while chunk := list(islice(rows, _CHUNK)):
        wanted = _once(vault, chunk, seen=seen, report=report)
        with database.writing() as connection:
            _keep_chunk(connection, vault, wanted, digests=digests, now=clock.now(), report=report)
        progress(len(chunk))
    report.refused.sort()
    return report


def _once(vault: Vault, rows: Sequence[Row], *, seen: set[int], report: ImportReport) -> dict[str, Row]:
    """Return keyed hash → row, the first of each address in the file."""
    wanted: dict[str, Row] = {}
    for row in rows:
        lookup = vault.look_up(row.person.address)
        mark = int(lookup[:16], 16)
        if mark in seen:
            report.refused.append((row.line, "the same address stands in an earlier line"))
        else:
            seen.add(mark)
            wanted[lookup] = row
    return wanted


def _keep_chunk(
    connection: Transaction,
    vault: Vault,
    wanted: Mapping[str, Row],
    *,
    digests: Sequence[str],
    now: datetime,
    report: ImportReport,
) -> None:
    suppressed = audience.suppressed_among(connection, list(wanted))
    there = audience.by_lookups(connection, vault, list(wanted))
    chosen: defaultdict[str, dict[str, Subscription]] = defaultdict(dict)
    everything = audience.subscriptions_of(connection, vault, [person.id for person in there.values()])
    for (subscriber, digest), subscription in everything.items():
        chosen[subscriber][digest] = subscription
    people, subscriptions = [], []
    for lookup, row in wanted.items():
        old = there.get(lookup)
        theirs = chosen[old.id] if old else {}
        left = {digest for digest, each in theirs.items() if each.state == "ended"}
        welcome = [digest for digest in digests if digest not in left]
        if lookup in suppressed or not welcome:
            report.suppressed += 1
            continue
        if not row.evidenced:
            report.without_evidence += 1
        person = _after(old, row)
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
            consent=row.consent if row.evidenced else before.consent,
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
