"""Subscribing: people come, change their mind, and leave."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from msdigest.errors import RefusedError
from msdigest.markup import without_controls
from msdigest.model.subscriber import AUDIENCES, FREQUENCIES, THEMES, Consent, Frequency, Subscriber, Subscription
from msdigest.store import audience, ledger
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.topic import Vocabulary
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

COLUMNS = (
    "email", "name", "language", "zone", "topics", "frequency", "theme", "audience",
    "consent_at", "consent_text", "consent_source",
)  # fmt: skip
_CHUNK = 1_000
_MAX_FIELD = 2_000
_MAX_NAME = 200
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s@<>\"(),:;\[\]\\]{1,253}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of an imported file, checked."""

    line: int
    person: Subscriber
    topics: tuple[str, ...]
    frequency: Frequency
    consent: Consent
    evidenced: bool


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What an import came to; ``refused`` holds (line, reason), without any address."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    without_evidence: int = 0
    unknown_columns: tuple[str, ...] = ()
    refused: list[tuple[int, str]] = field(default_factory=list)


def read_rows(
    lines: Iterable[str], vocabulary: Vocabulary, *, file: str, now: datetime, report: ImportReport
) -> Iterator[Row]:
    """Read CSV ``lines``; a row with a fault goes into ``report`` with its line and reason.

    Raises RefusedError if there is no column ``email``.
    """
    reader = csv.reader((line.replace("\0", "") for line in lines), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if header:
            header[0] = header[0].removeprefix("\ufeff")
        if "email" not in header:
            message = f"{file}: there is no column 'email' in the first line; known columns: {', '.join(COLUMNS)}"
            raise RefusedError(message)
        report.unknown_columns = tuple(name for name in header if name and name not in COLUMNS)
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            cells = {name: value.strip() for name, value in zip(header, values, strict=False)}
            try:
                _check_width(values, header)
                yield _row(cells, vocabulary, line=reader.line_num, file=file, now=now)
            except ValueError as error:
                report.refused.append((reader.line_num, str(error)))
    except csv.Error as error:
        report.refused.append((reader.line_num, f"the file cannot be read on from here: {error}"))


def _check_width(values: Sequence[str], header: Sequence[str]) -> None:
    if len(values) > len(header):
        message = f"has {len(values)} fields, the first line names {len(header)}"
        raise ValueError(message)


def _row(cells: Mapping[str, str], vocabulary: Vocabulary, *, line: int, file: str, now: datetime) -> Row:
    if any(len(value) > _MAX_FIELD for value in cells.values()):
        message = f"a field is longer than {_MAX_FIELD} characters"
        raise ValueError(message)
    topics = []
    for word in filter(None, (part.strip() for part in cells.get("topics", "").split(";"))):
        topic = vocabulary.resolve(word)
        if topic is None:
            message = f"topic {word!r} is not in config/topics.toml"
            raise ValueError(message)
        topics.append(topic)
    evidenced = bool(cells.get("consent_at"))
    consent = Consent(
        at=_instant(cells["consent_at"]) if evidenced else now,
        text=without_controls(cells.get("consent_text", "")),
        source=without_controls(cells.get("consent_source", "")) or f"import:{file}",
    )
    return Row(
        line=line,
        person=_person(cells),
        topics=tuple(dict.fromkeys(topics)),
        frequency=cast("Frequency", _one_of(cells, "frequency", FREQUENCIES)),
        consent=consent,
        evidenced=evidenced,
    )


def _person(cells: Mapping[str, str]) -> Subscriber:
    address = cells.get("email", "")
    check_address(address)
    language = cells.get("language") or "en"
    if not _LANGUAGE.fullmatch(language):
        message = f"language {language!r} is no language tag such as en or de"
        raise ValueError(message)
    zone = cells.get("zone") or "UTC"
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f"zone {zone!r} is no time zone such as Europe/London"
        raise ValueError(message) from None
    return Subscriber(
        id=audience.new_subscriber_id(),
        address=address,
        name=" ".join(without_controls(cells.get("name", "")).split())[:_MAX_NAME],
        language=language,
        zone=zone,
        theme=_one_of(cells, "theme", THEMES),
        audience=_one_of(cells, "audience", ("", *AUDIENCES)),
    )


def check_address(address: str) -> None:
    """Raise ValueError, without repeating the address, if no mail can be sent there."""
    if not address:
        message = "the address is missing"
        raise ValueError(message)
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        message = "the part before the @ has letters that most mail servers cannot take"
        raise ValueError(message)
    if not _ADDRESS.fullmatch(address) or "." not in domain or ".." in address or address.startswith("."):
        message = "the address is no mail address"
        raise ValueError(message)
    try:
        domain.encode("idna")
    except UnicodeError:
        message = "the domain of the address is not valid"
        raise ValueError(message) from None


def _one_of(cells: Mapping[str, str], name: str, words: Sequence[str]) -> str:
    value = cells.get(name, "") or words[0]
    if value not in words:
        message = f"{name} {value!r} is not one of {', '.join(filter(None, words))}"
        raise ValueError(message)
    return value


def _instant(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        message = f"consent_at {text!r} is no date such as 2026-05-03 or 2026-05-03T10:00:00Z"
        raise ValueError(message) from None
    if when.time() == time() and len(text) <= len("2026-05-03"):
        return when.replace(tzinfo=UTC)
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)


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
    """Subscribe everybody in a CSV file to ``digests``; chunk by chunk, so memory stays flat.

    Somebody who left or is suppressed stays so. Repeating an import changes nothing.
    """
    report = ImportReport()
    rows = read_rows(lines, vocabulary, file=file, now=clock.now(), report=report)
    while chunk := list(islice(rows, _CHUNK)):
        with database.writing() as connection:
            _keep_chunk(connection, vault, chunk, digests=digests, now=clock.now(), report=report)
        progress(len(chunk))
    return report


def _keep_chunk(
    connection: Transaction,
    vault: Vault,
    rows: Sequence[Row],
    *,
    digests: Sequence[str],
    now: datetime,
    report: ImportReport,
) -> None:
    wanted: dict[str, Row] = {}
    for row in rows:
        lookup = vault.look_up(row.person.address)
        if lookup in wanted:
            report.refused.append((row.line, f"the same address stands in line {wanted[lookup].line}"))
        else:
            wanted[lookup] = row
    suppressed = audience.suppressed_among(connection, list(wanted))
    report.suppressed += len(suppressed)
    there = audience.by_lookups(connection, vault, list(wanted))
    chosen = audience.subscriptions_of(connection, vault, [person.id for person in there.values()])
    people, subscriptions = [], []
    for lookup, row in wanted.items():
        if lookup in suppressed:
            continue
        old = there.get(lookup)
        person = row.person if old is None else replace(row.person, id=old.id)
        theirs = {key: value for key, value in chosen.items() if key[0] == person.id}
        if old is not None and any(theirs[key].state == "ended" for key in theirs if key[1] in digests):
            report.suppressed += 1
            continue
        if not row.evidenced:
            report.without_evidence += 1
        fresh = [_subscription(row, person.id, digest) for digest in digests if (person.id, digest) not in theirs]
        subscriptions += fresh
        if old is None:
            people.append((lookup, person))
            report.new += 1
        elif _change(connection, vault, row, person, old=old, theirs=theirs, digests=digests) or fresh:
            report.updated += 1
        else:
            report.unchanged += 1
    audience.add_people(connection, vault, people, now=now)
    audience.add_subscriptions(connection, vault, subscriptions, now=now)


def _subscription(row: Row, subscriber: str, digest: str) -> Subscription:
    return Subscription(
        subscriber=subscriber, digest=digest, consent=row.consent, topics=row.topics, frequency=row.frequency
    )


def _change(
    connection: Transaction,
    vault: Vault,
    row: Row,
    person: Subscriber,
    *,
    old: Subscriber,
    theirs: Mapping[tuple[str, str], Subscription],
    digests: Sequence[str],
) -> bool:
    changed = False
    if replace(person, address=old.address) != old:
        audience.change_person(connection, vault, replace(person, address=old.address))
        changed = True
    for digest in digests:
        before = theirs.get((person.id, digest))
        if before is None:
            continue
        # Evidence of consent that is there is never replaced by a later import without any.
        consent = row.consent if row.evidenced else before.consent
        after = replace(before, topics=row.topics, frequency=row.frequency, consent=consent)
        if after != before:
            audience.change_subscription(connection, vault, after)
            changed = True
    return changed


def find(database: Database, vault: Vault, who: str) -> Subscriber:
    """Return a person by opaque id or by address; raises RefusedError without repeating the address."""
    with database.reading() as connection:
        if "@" in who:
            found = next(iter(audience.by_lookups(connection, vault, [vault.look_up(who)]).values()), None)
        else:
            found = audience.by_ids(connection, vault, [who]).get(who)
    if found is None:
        message = "nobody is known under that address or id"
        raise RefusedError(message)
    return found


def leave(database: Database, clock: Clock, *, subscriber: str, digest: str, reason: str = "left") -> tuple[int, int]:
    """End a subscription and withdraw what is queued; return (subscriptions ended, deliveries withdrawn)."""
    with database.writing() as connection:
        ended = audience.end_subscription(connection, subscriber=subscriber, digest=digest, now=clock.now())
        running = [issue.id for issue in issue_store.find(connection, digest=digest, states=("sending",))]
        withdrawn = ledger.withdraw(connection, subscriber, issue_ids=running, reason=reason)
    return ended, withdrawn


def suppress(database: Database, vault: Vault, clock: Clock, *, address: str, reason: str) -> bool:
    """Never mail an address again, whoever it belongs to; False if that was so already."""
    lookup = vault.look_up(address)
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
