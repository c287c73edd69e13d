"""Subscribing: people come, change their mind, and leave."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from msdigest.errors import RefusedError
from msdigest.markup.text import without_controls
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
_OF_THE_PERSON = ("name", "language", "zone", "theme", "audience")
_CHUNK = 1_000
_MAX_FIELD = 2_000
_MAX_NAME = 200
_SHOWN = 60
# So many letters of an opaque id are enough if no other begins with them.
_BEGINNING = 6
_LOCAL = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})*\.(?!\d+\Z){_LABEL}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of an imported file, checked.

    line: where the row begins. given: the columns that the file has; what has no column is not spoken of.
    """

    line: int
    given: frozenset[str]
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

    Raises RefusedError if the first line does not name a column ``email``, or one of ours twice.
    """
    reader = csv.reader(_readable(lines), strict=True)
    header = _header(reader, file=file)
    report.unknown_columns = tuple(dict.fromkeys(name for name in header if name and name not in COLUMNS))
    for line, values in _records(reader, report):
        if not any(value.strip() for value in values):
            continue
        cells = {name: value.strip() for name, value in zip(header, values, strict=False)}
        try:
            _check_width(values, header)
            yield _row(cells, vocabulary, line=line, file=file, now=now)
        except ValueError as error:
            report.refused.append((line, str(error)))


def _readable(lines: Iterable[str]) -> Iterator[str]:
    """Drop the byte order mark, which would hide the quotes of the first name, and NUL."""
    rest = iter(lines)
    for line in chain((first.removeprefix("\ufeff") for first in islice(rest, 1)), rest):
        yield line.replace("\0", "")


def _header(reader: Iterator[list[str]], *, file: str) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        message = f"{file}: the first line is no CSV: {error}"
        raise RefusedError(message) from None
    if len(header) == 1 and ";" in header[0]:
        message = f"{file}: separate columns with commas, not semicolons"
        raise RefusedError(message)
    if "email" not in header:
        message = f"{file}: there is no column 'email' in the first line; known columns: {', '.join(COLUMNS)}"
        raise RefusedError(message)
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        message = f"{file}: the first line names {', '.join(twice)} twice"
        raise RefusedError(message)
    return header


def _records(reader: Any, report: ImportReport) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where it begins, fields) of each record; what is no CSV goes into ``report``."""
    while True:
        before = reader.line_num
        try:
            yield before + 1, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num > before + 1:
                # A quote that never ends: what follows may be the inside of a field, and is nobody's row.
                report.refused.append((before + 1, f"the file cannot be read on from here: {error}"))
                return
            report.refused.append((before + 1, f"is no CSV: {error}"))


def _check_width(values: Sequence[str], header: Sequence[str]) -> None:
    if len(values) > len(header):
        hint = ": separate topics with ;" if "topics" in header else ""
        message = f"has {len(values)} fields, the first line names {len(header)}{hint}"
        raise ValueError(message)


def _row(cells: Mapping[str, str], vocabulary: Vocabulary, *, line: int, file: str, now: datetime) -> Row:
    if any(len(value) > _MAX_FIELD for value in cells.values()):
        message = f"a field is longer than {_MAX_FIELD} characters"
        raise ValueError(message)
    topics = []
    for word in filter(None, (part.strip() for part in cells.get("topics", "").split(";"))):
        topic = vocabulary.resolve(word)
        if topic is None:
            message = f"topic {_shown(word)} is not in config/topics.toml{_instead(word, vocabulary)}"
            raise ValueError(message)
        topics.append(topic)
    return Row(
        line=line,
        given=frozenset(cells),
        person=_person(cells),
        topics=tuple(dict.fromkeys(topics)),
        frequency=cast("Frequency", _one_of(cells, "frequency", FREQUENCIES)),
        consent=_consent(cells, file=file, now=now),
        evidenced=bool(cells.get("consent_at")),
    )


def _instead(word: str, vocabulary: Vocabulary) -> str:
    if "," in word:
        return ": separate topics with ;"
    near = None if "@" in word else vocabulary.nearest(word)
    return f": did you mean {near}?" if near else ""


def _consent(cells: Mapping[str, str], *, file: str, now: datetime) -> Consent:
    """Return the evidence; without its date nobody may be told that they asked then, so the import is named."""
    text, told = (without_controls(cells.get(name, "")) for name in ("consent_text", "consent_source"))
    if cells.get("consent_at"):
        return Consent(at=_instant(cells["consent_at"]), text=text, source=told or f"import:{file}")
    return Consent(at=now, text=text, source=f"import:{file}" + (f": {told}" if told not in {"", file} else ""))


def _person(cells: Mapping[str, str]) -> Subscriber:
    address = mail_address(cells.get("email", ""))
    language = cells.get("language") or "en"
    if not _LANGUAGE.fullmatch(language):
        message = f"language {_shown(language)} is no language tag such as en or de"
        raise ValueError(message)
    zone = cells.get("zone") or "UTC"
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f"zone {_shown(zone)} is no time zone such as Europe/London"
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


def mail_address(address: str) -> str:
    """Return ``address`` as mail can be sent there: its domain lower case and in ASCII.

    Raises ValueError, without repeating the address, if no mail can be sent there.
    """
    if not address:
        message = "the address is missing"
        raise ValueError(message)
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        message = "the part before the @ has letters that most mail servers cannot take"
        raise ValueError(message)
    name = _domain_name(domain)
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(name):
        message = "the address is no mail address"
        raise ValueError(message)
    return f"{local}@{name}"


def _domain_name(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        name = domain.encode("idna").decode("ascii").lower()
        same = name.encode("ascii").decode("idna") == unicodedata.normalize("NFC", domain).lower()
    except UnicodeError:
        same = False
    if not same:
        # Invisible letters vanish on the way, and a sharp s becomes two: that would be somebody else's domain.
        message = "the domain of the address is not valid; one with other letters than a to z can be written as xn--…"
        raise ValueError(message)
    return name


def _shown(value: str) -> str:
    """Return a refused value for the report: where columns are mixed up it may be an address, or a whole life."""
    if "@" in value:
        return "(not repeated here: it holds an @)"
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")


def _one_of(cells: Mapping[str, str], name: str, words: Sequence[str]) -> str:
    value = cells.get(name, "") or words[0]
    if value not in words:
        message = f"{name} {_shown(value)} is not one of {', '.join(filter(None, words))}"
        raise ValueError(message)
    return value


def _instant(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        message = f"consent_at {_shown(text)} is no date such as 2026-05-03 or 2026-05-03T10:00:00Z"
        raise ValueError(message) from None
    try:
        return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        message = f"consent_at {_shown(text)} is no date that anybody can have agreed on"
        raise ValueError(message) from None


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
        if _change(connection, vault, row, old=old, person=person, chosen=before) or fresh:
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
        subscriber=subscriber, digest=digest, consent=row.consent, topics=row.topics, frequency=row.frequency
    )


def _change(
    connection: Transaction,
    vault: Vault,
    row: Row,
    *,
    old: Subscriber,
    person: Subscriber,
    chosen: Sequence[Subscription],
) -> bool:
    """Keep what the row says otherwise of somebody who is there; tell whether that was anything."""
    changed = person != old
    if changed:
        audience.change_person(connection, vault, person)
    for before in chosen:
        after = replace(
            before,
            topics=row.topics if "topics" in row.given else before.topics,
            frequency=row.frequency if "frequency" in row.given else before.frequency,
            # Evidence of consent that is there is never replaced by a later import without any.
            consent=row.consent if row.evidenced else before.consent,
        )
        if after != before:
            audience.change_subscription(connection, vault, after)
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
