"""Reading a file of people: CSV in, checked rows out; what is wrong is told by line and reason, without any address."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from msdigest.config.shapes import ENTRY_KINDS
from msdigest.errors import RefusedError
from msdigest.markup.text import without_controls
from msdigest.model.subscriber import (
    AUDIENCES,
    CARRIED_OVER,
    FREQUENCIES,
    THEMES,
    Consent,
    Frequency,
    Subscriber,
)
from msdigest.store import audience

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msdigest.model.topic import Vocabulary

COLUMNS = (
    "digest", "email", "name", "language", "zone", "topics", "kinds", "frequency", "theme", "audience", "neutral",
    "consent_at", "consent_text", "consent_source",
)  # fmt: skip
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0", "")
_MAX_FIELD = 2_000
_MAX_NAME = 200
_SHOWN = 60
_LOCAL = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})*\.(?!\d+\Z){_LABEL}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of an imported file, checked.

    line: where the row begins. digests: what it subscribes to. given: the columns that the file has; what has no column
    is not spoken of. An empty cell says the default, but for ``neutral``: nobody's mail tells more than before because
    nothing was written.
    """

    line: int
    digests: tuple[str, ...]
    given: frozenset[str]
    person: Subscriber
    topics: tuple[str, ...]
    kinds: tuple[str, ...]
    frequency: Frequency
    consent: Consent


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What an import came to, in rows; ``refused`` holds (line, reason), without any address.

    without_catalogue: people who read a language that mails are not written in.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    without_evidence: int = 0
    without_catalogue: int = 0
    unknown_columns: tuple[str, ...] = ()
    refused: list[tuple[int, str]] = field(default_factory=list)


def read_rows(
    lines: Iterable[str],
    vocabulary: Vocabulary,
    *,
    digests: Sequence[str],
    file: str,
    now: datetime,
    report: ImportReport,
) -> Iterator[Row]:
    """Read CSV ``lines``; a row with a fault goes into ``report`` with its line and reason.

    digests: what a row subscribes to, or one of them where the file has a column ``digest``.
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
            yield _row(cells, vocabulary, line=line, digests=digests, file=file, now=now)
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
        hint = ": separate topics and kinds with ;" if {"topics", "kinds"} & set(header) else ""
        message = f"has {len(values)} fields, the first line names {len(header)}{hint}"
        raise ValueError(message)


def _row(
    cells: Mapping[str, str], vocabulary: Vocabulary, *, line: int, digests: Sequence[str], file: str, now: datetime
) -> Row:
    if any(len(value) > _MAX_FIELD for value in cells.values()):
        message = f"a field is longer than {_MAX_FIELD} characters"
        raise ValueError(message)
    return Row(
        line=line,
        digests=_digests(cells, digests),
        given=frozenset(name for name, cell in cells.items() if cell or name != "neutral"),
        person=_person(cells),
        topics=_topics(cells.get("topics", ""), vocabulary),
        kinds=_kinds(cells.get("kinds", "")),
        frequency=cast("Frequency", _one_of(cells, "frequency", FREQUENCIES)),
        consent=_consent(cells, file=file, now=now),
    )


def _digests(cells: Mapping[str, str], digests: Sequence[str]) -> tuple[str, ...]:
    """Return what a row subscribes to; an empty cell is refused, for it would subscribe to more than was written."""
    if "digest" not in cells:
        return tuple(digests)
    digest = cells["digest"]
    if digest not in digests:
        told = f"digest {_shown(digest)} is not" if digest else "the digest is missing: it is not"
        message = f"{told} one of {', '.join(digests)}"
        raise ValueError(message)
    return (digest,)


def _parts(written: str) -> list[str]:
    """Return what stands between the semicolons, each once."""
    return list(dict.fromkeys(filter(None, (part.strip() for part in written.split(";")))))


def _topics(written: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    topics = []
    for word in _parts(written):
        topic = vocabulary.resolve(word)
        if topic is None:
            message = f"topic {_shown(word)} is not in config/topics.toml{_instead(word, vocabulary)}"
            raise ValueError(message)
        topics.append(topic)
    return tuple(dict.fromkeys(topics))


def _kinds(written: str) -> tuple[str, ...]:
    kinds = [word.lower() for word in _parts(written)]
    for kind in kinds:
        if kind not in ENTRY_KINDS:
            hint = ": separate kinds with ;" if "," in kind else ""
            message = f"kind {_shown(kind)} is not one of {', '.join(ENTRY_KINDS)}{hint}"
            raise ValueError(message)
    return tuple(dict.fromkeys(kinds))


def _instead(word: str, vocabulary: Vocabulary) -> str:
    if "," in word:
        return ": separate topics with ;"
    near = None if "@" in word else vocabulary.nearest(word)
    return f": did you mean {near}?" if near else ""


def _consent(cells: Mapping[str, str], *, file: str, now: datetime) -> Consent:
    """Return the evidence; without its date nobody may be told that they asked then, so the import is named.

    What an export tells of somebody who was carried over is taken as it is: the import that did it, and its day.
    """
    text, told = (without_controls(cells.get(name, "")) for name in ("consent_text", "consent_source"))
    if cells.get("consent_at"):
        return Consent(at=_instant(cells["consent_at"]), text=text, source=told or file)
    source = f"{CARRIED_OVER}{file}" + (f": {told}" if told not in {"", file} else "")
    return Consent(at=now, text=text, source=source[:_MAX_FIELD])


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
        neutral=_yes_or_no(cells, "neutral"),
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


def _yes_or_no(cells: Mapping[str, str], name: str) -> bool:
    value = cells.get(name, "").lower()
    if value not in (*_YES, *_NO):
        message = f"{name} {_shown(value)} is neither yes nor no"
        raise ValueError(message)
    return value in _YES


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
