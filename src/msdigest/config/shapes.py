"""The shape of every table of the configuration, and what its values may be.

A value that is wrong raises ValueError with what is wrong and what would be right; the sentence never repeats what
may hold a password.
"""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
)

from msdigest.model.clock import Cadence
from msdigest.model.network import parse_allowed
from msdigest.model.subscriber import AUDIENCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from msdigest.model.source import Option
    from msdigest.model.topic import Vocabulary

PROVIDERS = ("file", "smtp", "mailgun", "resend", "postmark", "brevo", "ses", "sendgrid")
ENTRY_KINDS = (
    "post", "note", "work", "trial", "event", "recording", "figure", "guidance", "safety", "resource",
)  # fmt: skip
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MAILBOX = re.compile(r"[^<>@\s,]+@[^<>@\s,]+")
_DURATION = re.compile(r"([0-9]{1,6})\s*(m|h|d)")
_TOPICS = re.compile(r"topics\.([a-z-]+)")
_OPTION_FORMS = {
    "text": "text",
    "pattern": "text that is a regular expression",
    "number": "a number",
    "flag": "true or false",
    "texts": 'a list of one or more texts: ["a", "b"]',
    "table": "a table of texts and numbers",
    "topics": "topics.KIND, e.g. topics.dmt",
}
_OPTION_CHECKS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "pattern": lambda _: False,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "texts": lambda value: isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value),
    "table": lambda value: (
        isinstance(value, dict) and all(isinstance(one, str | int | float | bool) for one in value.values())
    ),
    "topics": lambda _: False,
}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(days=30)
_LAST_PORT = 65535


def _told_address(value: str) -> str:
    """Return what of an address may be repeated, quoted: no query, and nothing where a name or password may stand."""
    return "" if "@" in value else f"{re.split('[?#]', value)[0]!r} "


def _web_address(value: str) -> str:
    shown = _told_address(value)
    try:
        parts = urlsplit(value)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) <= _LAST_PORT
    except ValueError:  # half an IPv6 address, or a port that is no number
        fine = False
    if not fine or re.search(r"[\s\x00-\x1f\x7f]", value):
        message = f"{shown}is no web address: write http:// or https:// and a host"
        raise ValueError(message)
    if parts.username or parts.password:
        message = "must not hold a name or password"
        raise ValueError(message)
    return value


def _base_address(value: str) -> str:
    parts = urlsplit(_web_address(value))
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        message = f"{_told_address(value)}must begin with https:// (http:// only for this very machine)"
        raise ValueError(message)
    return value.rstrip("/")


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        message = f"{value!r} may hold small letters, digits and hyphens only, at most 63"
        raise ValueError(message)
    return value


def _mailbox(value: str) -> str:
    _, address = parseaddr(value)
    if not _MAILBOX.fullmatch(address) or address not in value or re.search(r"[\r\n\0]", value):
        message = (
            f"{value!r} is no mail address: write name@example.org or Title <name@example.org>, "
            'a title with commas as "One, two" <name@example.org>'
        )
        raise ValueError(message)
    return value


def _language(value: str) -> str:
    if not re.fullmatch("[a-z]{2,3}", value):
        message = f"{value!r} is no language: write its short name, such as de"
        raise ValueError(message)
    return value


def _one_line(value: str) -> str:
    if not value.strip() or re.search(r"[\r\n\0]", value):
        message = "must be one line of text and not empty"
        raise ValueError(message)
    return value.strip()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        message = f"{value!r} is no time zone: write a name such as Europe/London"
        raise ValueError(message) from None
    return value


def _cadence(value: str) -> str:
    Cadence.parse(value, "UTC")
    return value


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        message = f"{value!r} is no length of time: write 30m, 6h or 7d"
        raise ValueError(message)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _interval(value: object) -> timedelta | None:
    if value == "auto":
        return None
    length = _duration(value)
    if not _SHORTEST <= length <= _LONGEST:
        message = f"{value!r} is outside 30m to 30d (or write auto)"
        raise ValueError(message)
    return length


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"{value!r} is no regular expression: {error}"
        raise ValueError(message) from None
    return value


def _filter(value: str, info: ValidationInfo) -> str:
    """Return a regular expression: the one that was written, or the words of the topics that are named."""
    named = _TOPICS.fullmatch(value)
    if named is None:
        # What is written by hand is found in any case; the vocabulary's acronyms only in their own.
        return _pattern(value) if value.startswith("(?") else f"(?i:{_pattern(value)})"
    vocabulary = (info.context or {}).get("topics.toml")
    return value if vocabulary is None else str(vocabulary.pattern(named[1]))


def option_value(option: Option, value: Any, vocabulary: Vocabulary | None) -> Any:
    """Return the value of an option as ``Source.options`` holds it; raises ValueError."""
    if option.type == "topics" and isinstance(value, str) and (named := _TOPICS.fullmatch(value)):
        return () if vocabulary is None else vocabulary.names(named[1])
    if option.type == "pattern" and isinstance(value, str):
        return _pattern(value)
    if not _OPTION_CHECKS[option.type](value):
        message = f"must be {_OPTION_FORMS[option.type]}"
        raise ValueError(message)
    if option.check is not None and (faults := option.check(value)):
        raise ValueError("; ".join(faults))
    return tuple(value) if isinstance(value, list) else value


def _allowed(value: str) -> str:
    parse_allowed(value)
    return value


def database_address(value: str) -> str:
    """Return ``value`` if it says where the database is; raises ValueError."""
    if not re.fullmatch(r"(sqlite:///|postgresql://).+", value):
        message = "must be sqlite:///PATH or postgresql://USER@HOST/NAME"
        raise ValueError(message)
    return value


def _one_of(words: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in words:
            message = f"{value!r} is not known: {', '.join(words)} are"
            raise ValueError(message)
        return value

    return AfterValidator(check)


def _topic(value: str, info: ValidationInfo) -> str:
    """Check against the vocabulary, which comes as the context; None = topics.toml could not be read."""
    vocabulary = (info.context or {}).get("topics.toml")
    if vocabulary is not None and value not in vocabulary:
        near = vocabulary.nearest(value)
        message = f"{value!r} is not in topics.toml" + (f": did you mean {near}?" if near else "")
        raise ValueError(message)
    return value


def _source(value: str, info: ValidationInfo) -> str:
    """Check against the ids of the sources, which come as the context; None = sources.toml could not be read."""
    ids = (info.context or {}).get("sources.toml")
    if ids is not None and value not in ids:
        message = f"{value!r} is not in sources.toml"
        raise ValueError(message)
    return value


Line = Annotated[str, AfterValidator(_one_line)]
Word = Annotated[str, AfterValidator(_word)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
BaseAddress = Annotated[str, AfterValidator(_base_address)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Language = Annotated[str, AfterValidator(_language)]
Audience = Annotated[str, _one_of(AUDIENCES)]


class Shape(BaseModel):
    """A table: unknown keys are faults, values keep their types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EnvironmentName(Shape):
    """``{env = "NAME"}``: where a secret is found."""

    env: Line


def _text_or_table(value: Any) -> str:
    return "|table" if isinstance(value, dict | EnvironmentName) else "|text"


DatabaseAddress = Annotated[
    Annotated[str, AfterValidator(database_address), Tag("|text")] | Annotated[EnvironmentName, Tag("|table")],
    Discriminator(_text_or_table),
]


class SiteTable(Shape):
    """``[site]``."""

    title: Line
    url: WebAddress
    contact: Line


class StorageTable(Shape):
    """``[storage]``."""

    database: DatabaseAddress = "sqlite:///var/msdigest.db"
    data_dir: Line = "var"
    key_file: Line | None = None


class MailTable(Shape):
    """``[mail]``."""

    provider: Annotated[str, _one_of(PROVIDERS)] = "file"
    sender: Annotated[str, AfterValidator(_mailbox)] = Field(alias="from")
    neutral_from: Annotated[str, AfterValidator(_mailbox)] | None = None
    postal_address: Line


class FetchTable(Shape):
    """``[fetch]``."""

    allow_private: tuple[Annotated[str, AfterValidator(_allowed)], ...] = Field(default=(), strict=False)
    contact: Line | None = None


class SourceTable(Shape):
    """``[[source]]`` without the keys that only its kind knows."""

    id: Word
    kind: str
    url: WebAddress
    name: str = ""
    interval: Annotated[timedelta | None, BeforeValidator(_interval)] = None
    enabled: bool = True
    audience: tuple[Audience, ...] = Field(default=(), strict=False)
    evidence: str | None = None
    licence: str | None = None
    note: str = ""
    entry_kind: Annotated[str, _one_of(ENTRY_KINDS)] | None = None
    filter: Annotated[str, AfterValidator(_filter)] | None = None
    min_delay_s: float | None = Field(default=None, ge=0, le=3_600, strict=False)
    max_bytes: int | None = Field(default=None, ge=1_000, le=100_000_000)


class RegistryTable(Shape):
    """``[[registry]]``."""

    id: Word
    name: Line
    owner: str = ""
    region: str = ""
    scope: str = ""
    status: Literal["active", "archive"] = "active"


class SectionTable(Shape):
    """One of a digest's ``sections``."""

    title: Line
    titles: dict[Language, Line] = Field(default={})
    kinds: tuple[Annotated[str, _one_of(ENTRY_KINDS)], ...] = Field(default=(), strict=False)
    topics: tuple[Annotated[str, AfterValidator(_topic)], ...] = Field(default=(), strict=False)
    sources: tuple[Annotated[str, AfterValidator(_source)], ...] = Field(default=(), strict=False)
    audience: tuple[Audience, ...] = Field(default=(), strict=False)


class DigestTable(Shape):
    """``[[digest]]``."""

    id: Word
    title: Line
    titles: dict[Language, Line] = Field(default={})
    neutral: dict[Language, Line] = Field(default={})
    cadence: Annotated[str, AfterValidator(_cadence)]
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    sections: tuple[SectionTable, ...] = Field(default=(), strict=False)
    approval: int = Field(default=0, ge=0, le=2)
    max_age: Duration = timedelta(days=30)
    max_entries: int = Field(default=60, ge=1, le=500)
    latest: Duration = timedelta(hours=24)
