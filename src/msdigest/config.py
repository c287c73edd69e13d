"""The configuration: ``config/*.toml`` and the environment, read into frozen settings.

The one door to pydantic. Every fault of every file is named at once, with file and key; nothing is guessed and an
unknown key is a fault, because a misspelt one would be silently without effect.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from msdigest.errors import ConfigurationError, Fault
from msdigest.model.clock import Cadence
from msdigest.model.issue import Digest, Section
from msdigest.model.network import parse_allowed
from msdigest.model.source import Source
from msdigest.model.subscriber import AUDIENCES
from msdigest.model.topic import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS = ("feed", "livingpage")
PROVIDERS = ("file", "mailgun")
ENTRY_KINDS = (
    "post", "note", "work", "trial", "event", "recording", "figure", "guidance", "safety", "resource",
)  # fmt: skip
# Keys that only one kind of source knows.
KIND_KEYS = {"livingpage": ("content", "stamp")}
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DURATION = re.compile(r"(\d+)\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the operator decided.

    root: the folder that holds ``config/``; relative paths start there.
    config_dir: the folder of the configuration files. templates: the site's own templates (may be missing).
    database: SQLAlchemy-like URL, with an absolute path for SQLite.
    provider_options: the keys of the chosen provider, secrets already taken from the environment.
    keys: text of the vault's keys if the environment gives them, else None and ``key_file`` holds them.
    """

    root: Path
    config_dir: Path
    templates: Path
    site_title: str
    site_url: str
    site_contact: str
    database: str
    data_dir: Path
    key_file: Path
    keys: str | None
    provider: str
    provider_options: Mapping[str, str]
    sender: str
    postal_address: str
    fetch_contact: str
    allow_private: tuple[str, ...]
    sources: tuple[Source, ...]
    digests: tuple[Digest, ...]
    vocabulary: Vocabulary

    @property
    def public(self) -> Path:
        """Where feeds and pages are written."""
        return self.data_dir / "public"

    def digest(self, digest_id: str) -> Digest | None:
        """Return the digest of that id, if there is one."""
        return next((digest for digest in self.digests if digest.id == digest_id), None)


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        message = "is no web address: write http:// or https:// and a host, without a name or password"
        raise ValueError(message)
    return value


def _base_address(value: str) -> str:
    parts = urlsplit(_web_address(value))
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        message = "must begin with https:// (http:// only for this very machine)"
        raise ValueError(message)
    return value.rstrip("/")


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        message = "may hold small letters, digits and hyphens only, at most 63"
        raise ValueError(message)
    return value


def _mailbox(value: str) -> str:
    if not re.fullmatch(r"(?:[^<>\r\n@]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)", value):
        message = "is no mail address: write name@example.org or Title <name@example.org>"
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


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
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


def _allowed(value: str) -> str:
    parse_allowed(value)
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")):
        message = "must begin with sqlite:/// or postgresql://"
        raise ValueError(message)
    return value


Line = Annotated[str, AfterValidator(_one_line)]
Word = Annotated[str, AfterValidator(_word)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
BaseAddress = Annotated[str, AfterValidator(_base_address)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _EnvironmentName(_Table):
    env: str = Field(min_length=1)


class _Site(_Table):
    title: Line
    url: BaseAddress | WebAddress
    contact: Line


class _Storage(_Table):
    database: Annotated[str, AfterValidator(_database)] | _EnvironmentName = "sqlite:///var/msdigest.db"
    data_dir: Line = "var"
    key_file: Line | None = None


class _Mail(_Table):
    provider: Literal["file", "mailgun"] = "file"
    sender: Annotated[str, AfterValidator(_mailbox)] = Field(alias="from")
    postal_address: Line


class _FileProvider(_Table):
    pass


class _MailgunProvider(_Table):
    domain: Line
    api_key: _EnvironmentName
    webhook_key: _EnvironmentName | None = None
    region: Literal["us", "eu"] = "us"
    base_url: BaseAddress | None = None


class _Providers(_Table):
    file: _FileProvider = _FileProvider()
    mailgun: _MailgunProvider | None = None


class _Fetch(_Table):
    allow_private: tuple[Annotated[str, AfterValidator(_allowed)], ...] = Field(default=(), strict=False)
    contact: Line | None = None


class _Main(_Table):
    site: _Site
    storage: _Storage = _Storage()
    mail: _Mail
    providers: _Providers = _Providers()
    fetch: _Fetch = _Fetch()


class _Source(_Table):
    id: Word
    kind: str
    url: WebAddress
    name: str = ""
    interval: Annotated[timedelta | None, BeforeValidator(_interval)] = None
    enabled: bool = True
    audience: tuple[Literal["patient", "clinician", "researcher"], ...] = Field(default=(), strict=False)
    evidence: str | None = None
    licence: str | None = None
    query: str | None = None
    filter: str | None = None
    content: str | None = None
    stamp: str | None = None


class _Section(_Table):
    title: Line
    kinds: tuple[str, ...] = Field(default=(), strict=False)
    topics: tuple[str, ...] = Field(default=(), strict=False)
    sources: tuple[str, ...] = Field(default=(), strict=False)
    audience: tuple[str, ...] = Field(default=(), strict=False)


class _Digest(_Table):
    id: Word
    title: Line
    cadence: str
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    sections: tuple[_Section, ...] = Field(default=(), strict=False)
    approval: int = Field(default=0, ge=0, le=2)
    max_age: Duration = timedelta(days=30)
    max_entries: int = Field(default=60, ge=1, le=500)
    latest: Duration = timedelta(hours=24)


T = TypeVar("T", bound=BaseModel)


class _Reader:
    """Reads the files one after the other and remembers every fault."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.main = path
        self.folder = path.parent
        self.root = path.parent.parent if path.parent.name == "config" else path.parent
        self.environment = environment
        self.faults: list[Fault] = []

    def name(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def fault(self, path: Path, key: str, message: str) -> None:
        self.faults.append(Fault(self.name(path), key, message))

    def toml(self, path: Path, allowed: Iterable[str] | None = None) -> dict[str, Any] | None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.fault(path, "", "there is no such file: write it with `msdigest init DIR`")
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.fault(path, "", f"cannot be read ({type(error).__name__})")
            return None
        except tomllib.TOMLDecodeError as error:
            self.fault(path, "", f"is no TOML: {error}")
            return None
        for key in set(document) - set(allowed or document):
            self.fault(path, key, f"is not known here: {', '.join(sorted(allowed or ()))} is")
        return {key: value for key, value in document.items() if allowed is None or key in allowed}

    def table(self, kind: type[T], data: object, *, path: Path, prefix: str = "") -> T | None:
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for key, message in _told(error):
                self.fault(path, f"{prefix}.{key}".strip("."), message)
            return None

    def rows(self, kind: type[T], data: object, *, path: Path, word: str) -> list[T]:
        """Read an array of tables; each fault names its row by id where it has one."""
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            self.fault(path, word, f"must be tables: write [[{word}]] above each")
            return []
        seen: set[str] = set()
        rows = []
        for place, row in enumerate(data, 1):
            name = row["id"] if isinstance(row.get("id"), str) else str(place)
            if name in seen:
                self.fault(path, f"{word}[{name}].id", "is there twice: ids are unique")
            seen.add(name)
            parsed = self.table(kind, row, path=path, prefix=f"{word}[{name}]")
            if parsed is not None:
                rows.append(parsed)
        return rows

    def secret(self, value: object, *, path: Path, key: str) -> str | None:
        if not isinstance(value, _EnvironmentName):
            return None if value is None else str(value)
        found = self.environment.get(value.env)
        if not found:
            self.fault(path, key, f"the environment variable {value.env} is not set")
        return found


def load(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read ``path`` (``msdigest.toml``) and the files beside it.

    Raises ConfigurationError with all faults of all files.
    """
    reader = _Reader(path.absolute(), os.environ if environment is None else environment)
    main = _read_main(reader)
    vocabulary = _read_vocabulary(reader)
    sources = _read_sources(reader)
    digests = _read_digests(reader, sources={source.id for source in sources}, vocabulary=vocabulary)
    options = _provider_options(reader, main) if main else {}
    database = _database_url(reader, main) if main else ""
    if reader.faults or main is None or vocabulary is None:
        raise ConfigurationError(reader.faults)
    data_dir = reader.root / main.storage.data_dir
    key_file = reader.root / main.storage.key_file if main.storage.key_file else reader.folder / "vault.key"
    return Settings(
        root=reader.root,
        config_dir=reader.folder,
        templates=reader.root / "templates",
        site_title=main.site.title,
        site_url=main.site.url.rstrip("/"),
        site_contact=main.site.contact,
        database=database,
        data_dir=data_dir,
        key_file=key_file,
        keys=reader.environment.get("MSDIGEST_KEYS"),
        provider=main.mail.provider,
        provider_options=options,
        sender=main.mail.sender,
        postal_address=main.mail.postal_address,
        fetch_contact=main.fetch.contact or main.site.contact,
        allow_private=main.fetch.allow_private,
        sources=tuple(sources),
        digests=tuple(digests),
        vocabulary=vocabulary,
    )


def _read_main(reader: _Reader) -> _Main | None:
    document = reader.toml(reader.main)
    return None if document is None else reader.table(_Main, document, path=reader.main)


def _read_vocabulary(reader: _Reader) -> Vocabulary | None:
    path = reader.folder / "topics.toml"
    document = reader.toml(path)
    if document is None:
        return None
    try:
        return Vocabulary.from_toml_data(document)
    except ValueError as error:
        for line in str(error).splitlines():
            reader.fault(path, "", line)
        return None


def _read_sources(reader: _Reader) -> list[Source]:
    path = reader.folder / "sources.toml"
    document = reader.toml(path, allowed=("source", "registry"))
    rows = reader.rows(_Source, (document or {}).get("source", []), path=path, word="source")
    sources = []
    for row in rows:
        place = f"source[{row.id}]"
        if row.enabled and row.kind not in KINDS:
            reader.fault(path, f"{place}.kind", f"{row.kind!r} is no kind of source: {', '.join(KINDS)} are")
        options = {key: value for key in ("content", "stamp") if (value := getattr(row, key)) is not None}
        for key in options:
            if key not in KIND_KEYS.get(row.kind, ()):
                reader.fault(path, f"{place}.{key}", f"means nothing for kind {row.kind!r}")
        if "stamp" in options:
            _check_pattern(reader, path=path, key=f"{place}.stamp", pattern=options["stamp"])
        if row.filter is not None:
            _check_pattern(reader, path=path, key=f"{place}.filter", pattern=row.filter)
            options["filter"] = row.filter
        if row.query is not None:
            options["query"] = row.query
        sources.append(
            Source(
                id=row.id,
                kind=row.kind,
                url=row.url,
                name=row.name or row.id,
                interval=row.interval,
                enabled=row.enabled,
                audience=row.audience,
                evidence=row.evidence,
                licence=row.licence,
                options=options,
            )
        )
    return sources


def _check_pattern(reader: _Reader, *, path: Path, key: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        reader.fault(path, key, f"is no regular expression: {error}")


def _read_digests(reader: _Reader, *, sources: set[str], vocabulary: Vocabulary | None) -> list[Digest]:
    path = reader.folder / "digests.toml"
    document = reader.toml(path, allowed=("digest",))
    rows = reader.rows(_Digest, (document or {}).get("digest", []), path=path, word="digest")
    digests = []
    for row in rows:
        place = f"digest[{row.id}]"
        try:
            cadence = Cadence.parse(row.cadence, row.zone)
        except ValueError as error:
            reader.fault(path, f"{place}.cadence", str(error))
            continue
        for number, section in enumerate(row.sections, 1):
            known = {
                "kinds": set(ENTRY_KINDS),
                "topics": set(vocabulary.ids) if vocabulary else set(section.topics),
                "sources": sources,
                "audience": set(AUDIENCES),
            }
            for key, words in known.items():
                for word in getattr(section, key):
                    if word not in words:
                        reader.fault(path, f"{place}.sections[{number}].{key}", f"{word!r} is not known")
        digests.append(
            Digest(
                id=row.id,
                title=row.title,
                cadence=cadence,
                sections=tuple(Section(**section.model_dump()) for section in row.sections),
                approval=row.approval,
                max_age=row.max_age,
                max_entries=row.max_entries,
                latest=row.latest,
            )
        )
    return digests


def _provider_options(reader: _Reader, main: _Main) -> dict[str, str]:
    chosen = getattr(main.providers, main.mail.provider)
    prefix = f"providers.{main.mail.provider}"
    if chosen is None:
        reader.fault(reader.main, prefix, f"is missing, and [mail] provider is {main.mail.provider!r}")
        return {}
    options = {}
    for key in type(chosen).model_fields:
        value = reader.secret(getattr(chosen, key), path=reader.main, key=f"{prefix}.{key}")
        if value is not None:
            options[key] = value
    return options


def _database_url(reader: _Reader, main: _Main) -> str:
    url = reader.secret(main.storage.database, path=reader.main, key="storage.database") or ""
    prefix = "sqlite:///"
    if not url.startswith(prefix):
        return url
    return prefix + str(reader.root / url.removeprefix(prefix))


def _told(error: ValidationError) -> Iterable[tuple[str, str]]:
    """Translate pydantic's findings into (dotted key, sentence)."""
    sentences = {
        "missing": "is missing",
        "extra_forbidden": "is not known here: check the spelling",
        "string_type": "must be text in quotes",
        "int_type": "must be a whole number",
        "bool_type": "must be true or false",
        "tuple_type": "must be a list in [ ]",
        "model_type": "must be a table",
        "model_attributes_type": "must be a table",
        "dict_type": "must be a table",
    }
    told: dict[str, str] = {}
    for found in error.errors(include_url=False, include_context=True):
        # Branches of a union are named by their type in the path; the operator did not write those.
        path = [part for part in found["loc"] if not (isinstance(part, str) and part[:1] in {"_", "f"} and "[" in part)]
        words: list[str] = []
        for part in path:
            if isinstance(part, int):
                words[-1:] = [f"{words[-1] if words else ''}[{part + 1}]"]
            elif not part.startswith("_"):
                words.append(part)
        message = sentences.get(found["type"])
        if message is None:
            cause = found.get("ctx", {}).get("error")
            message = str(cause) if cause is not None else found["msg"][:1].lower() + found["msg"][1:]
            value = found.get("input")
            if isinstance(value, str | int | float) and repr(value) not in message:
                message = f"{value!r} {message}" if cause is not None else f"{message}, found {value!r}"
        told.setdefault(".".join(words), message)
    return told.items()
