"""The configuration: ``config/*.toml`` and the environment, read into frozen settings.

Every fault of every file is named at once, with file and key; nothing is guessed and an unknown key is a fault,
because a misspelt one would be silently without effect. So every table is read by itself: a fault in one hides none
in another.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from msdigest.config.carriers import TABLES
from msdigest.config.sentences import told
from msdigest.config.settings import Settings
from msdigest.config.shapes import (
    PROVIDERS,
    DigestTable,
    EnvironmentName,
    FetchTable,
    MailTable,
    RegistryTable,
    Shape,
    SiteTable,
    SourceTable,
    StorageTable,
    database_address,
    option_value,
)
from msdigest.errors import ConfigurationError, Fault
from msdigest.model.clock import Cadence
from msdigest.model.issue import Digest, Section
from msdigest.model.registry import Registry
from msdigest.model.source import Kind, Source
from msdigest.model.topic import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_MAIN = ("site", "storage", "mail", "providers", "fetch")
# What needs a table of its own before it can be chosen: an account, or an address.
_NEEDS_NO_TABLE = frozenset(("file",))
_SQLITE = "sqlite:///"
_TOML_FAULT = re.compile(r"(?P<what>.*) \(at (?P<place>line \d+, column \d+|end of document)\)", re.DOTALL)
# What people write who have not written TOML before: curly quotes, no quotes, True.
_VALUE_FAULTS = ("Invalid value", "Expected newline", "Illegal character", "Unterminated string")
_HOW_VALUES_STAND = 'text stands in straight quotes "…", true and false are small'
T = TypeVar("T", bound=Shape)


def load(path: Path, environment: Mapping[str, str] | None = None, *, kinds: Mapping[str, Kind]) -> Settings:
    """Read ``path`` (``msdigest.toml``) and the files beside it; ``kinds`` of sources are those with a collector.

    Raises ConfigurationError with all faults of all files.
    """
    reader = _Reader(path.absolute(), os.environ if environment is None else environment)
    document = reader.toml(reader.main, allowed=_MAIN)
    parts = {} if document is None else _read_main(reader, document)
    vocabulary = _read_vocabulary(reader)
    rows = _SourceRows(reader, kinds, vocabulary, site_url=parts.get("site_url", ""))
    sources, source_ids, registries = rows.read()
    digests = _read_digests(reader, sources=source_ids, vocabulary=vocabulary)
    if reader.faults or vocabulary is None:
        raise ConfigurationError(reader.faults)
    return Settings(
        root=reader.root,
        config_dir=reader.folder,
        templates=reader.root / "templates",
        keys=reader.environment.get("MSDIGEST_KEYS"),
        sources=tuple(sources),
        digests=tuple(digests),
        registries=tuple(registries),
        vocabulary=vocabulary,
        **parts,
    )


class _Reader:
    """Reads the files one after the other and remembers every fault."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.main = path
        self.folder = path.parent
        self.root = path.parent.parent if path.parent.name == "config" else path.parent
        self.environment = environment
        self.faults: list[Fault] = []

    def fault(self, path: Path, key: str, message: str) -> None:
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        self.faults.append(Fault(str(shown), key, message))

    def toml(self, path: Path, *, allowed: Sequence[str] = ()) -> dict[str, Any] | None:
        """Read a file; None if there is none or it is no TOML. Keys beside ``allowed`` are faults."""
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.fault(path, "", "there is no such file: `msdigest init DIR` writes one to start from")
            return None
        except UnicodeDecodeError:
            self.fault(path, "", "cannot be read: save it as UTF-8")
            return None
        except OSError as error:
            self.fault(path, "", f"cannot be read: {error.strerror}")
            return None
        except tomllib.TOMLDecodeError as error:
            self.fault(path, *_unreadable(error))
            return None
        for key in document:
            if allowed and key not in allowed:
                self.fault(path, key, f"is not known here: only {', '.join(allowed)} can stand here")
        return document

    def table(
        self, kind: type[T], data: object, *, path: Path, prefix: str, context: Mapping[str, Any] | None = None
    ) -> T | None:
        """Read one table; None if it has faults."""
        if not isinstance(data, dict):
            self.fault(path, prefix, "must be a table")
            return None
        try:
            return kind.model_validate(data, context=context)
        except ValidationError as error:
            for key, message in told(error):
                self.fault(path, f"{prefix}.{key}", message)
            return None

    def rows(self, path: Path, word: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the tables [[word]] of a file, each with the path by which faults call it: its id if it has one."""
        return self.tables(self.toml(path, allowed=(word,)) or {}, word, path=path)

    def tables(self, document: Mapping[str, Any], word: str, *, path: Path) -> list[tuple[str, dict[str, Any]]]:
        """Return the tables [[word]] of a file that was read, as ``rows`` does."""
        data = document.get(word, [])
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            self.fault(path, word, f"must be tables: write [[{word}]] above each")
            return []
        seen: set[str] = set()
        rows = []
        for place, row in enumerate(data, 1):
            name = row["id"] if isinstance(row.get("id"), str) else str(place)
            if name in seen:
                self.fault(path, f"{word}[{name}].id", "is there twice: give each its own")
            seen.add(name)
            rows.append((f"{word}[{name}]", row))
        return rows

    def secret(self, value: object, *, path: Path, key: str) -> str | None:
        """Return a value of the file, or the one of the environment that it names."""
        if not isinstance(value, EnvironmentName):
            return None if value is None else str(value)
        found = self.environment.get(value.env)
        if not found:
            self.fault(path, key, f"the environment variable {value.env} is not set")
        return found


def _unreadable(error: tomllib.TOMLDecodeError) -> tuple[str, str]:
    """Return where a file stops being TOML, and the sentence about it."""
    found = _TOML_FAULT.fullmatch(str(error))
    what, place = (found["what"], found["place"]) if found else (str(error), "")
    hint = f": {_HOW_VALUES_STAND}" if what.startswith(_VALUE_FAULTS) else ""
    return place, f"cannot be read as TOML ({what}){hint}"


def _read_main(reader: _Reader, document: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of ``msdigest.toml``; what has faults is missing."""

    def table(kind: type[T], name: str, *, needed: bool = False) -> T | None:
        if needed and name not in document:
            reader.fault(reader.main, name, f"is missing: write a table [{name}]")
            return None
        return reader.table(kind, document.get(name, {}), path=reader.main, prefix=name)

    parts: dict[str, Any] = {}
    if site := table(SiteTable, "site", needed=True):
        parts |= {"site_title": site.title, "site_url": site.url.rstrip("/"), "site_contact": site.contact}
    if storage := table(StorageTable, "storage"):
        parts["database"] = _database_url(reader, storage)
        parts["data_dir"] = reader.root / storage.data_dir
        parts["key_file"] = reader.root / storage.key_file if storage.key_file else reader.folder / "vault.key"
    if mail := table(MailTable, "mail", needed=True):
        parts |= {
            "provider": mail.provider,
            "sender": mail.sender,
            "neutral_sender": mail.neutral_from or "",
            "postal_address": mail.postal_address,
        }
    parts["provider_options"] = _provider_options(reader, document)
    if fetch := table(FetchTable, "fetch"):
        parts |= {
            "fetch_contact": fetch.contact or parts.get("site_contact"),
            "allow_private": fetch.allow_private,
        }
    return parts


def _database_url(reader: _Reader, storage: StorageTable) -> str:
    key = "storage.database"
    url = reader.secret(storage.database, path=reader.main, key=key) or ""
    if url:
        try:
            database_address(url)
        except ValueError as error:
            reader.fault(reader.main, key, str(error))
    return _SQLITE + str(reader.root / url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else url


def _provider_options(reader: _Reader, document: dict[str, Any]) -> dict[str, str]:
    """Read the tables of all providers, and the secrets of the chosen one."""
    path, tables, mail = reader.main, document.get("providers", {}), document.get("mail", {})
    if not isinstance(tables, dict):
        reader.fault(path, "providers", "must be tables: write [providers.NAME]")
        return {}
    read = {}
    for name, data in tables.items():
        if name in TABLES:
            read[name] = reader.table(TABLES[name], data, path=path, prefix=f"providers.{name}")
        else:
            reader.fault(path, f"providers.{name}", f"is not known: {', '.join(PROVIDERS)} are")
    chosen = mail.get("provider", "file") if isinstance(mail, dict) else None
    if chosen in TABLES and chosen not in tables and chosen not in _NEEDS_NO_TABLE:
        sentence = f"is missing, and [mail] provider is {chosen!r}: write a table [providers.{chosen}]"
        reader.fault(path, f"providers.{chosen}", sentence)
    table = read.get(chosen) if isinstance(chosen, str) else None
    if table is None:
        return {}
    values = {
        key: reader.secret(getattr(table, key), path=path, key=f"providers.{chosen}.{key}")
        for key in type(table).model_fields
    }
    return {key: str(value) for key, value in values.items() if value is not None}


def _read_vocabulary(reader: _Reader) -> Vocabulary | None:
    path = reader.folder / "topics.toml"
    document = reader.toml(path)
    if document is None:
        return None
    try:
        return Vocabulary.from_toml_data(document)
    except ValueError as error:
        for line in str(error).splitlines():
            key, _, message = line.partition(": ")
            reader.fault(path, key, message)
        return None


class _SourceRows:
    """Reads ``sources.toml``: what every source has by its shape, what only its kind has by the kind's options."""

    def __init__(
        self, reader: _Reader, kinds: Mapping[str, Kind], vocabulary: Vocabulary | None, *, site_url: str
    ) -> None:
        self.reader = reader
        self.kinds = kinds
        self.vocabulary = vocabulary
        self.site_url = site_url
        self.path = reader.folder / "sources.toml"

    def read(self) -> tuple[list[Source], set[str] | None, list[Registry]]:
        """Return sources and registries without faults, and in between the ids of all sources that are written.

        These are None if the file is unreadable.
        """
        faults = len(self.reader.faults)
        document = self.reader.toml(self.path, allowed=("source", "registry")) or {}
        rows = self.reader.tables(document, "source", path=self.path)
        ids = None if not rows and len(self.reader.faults) > faults else {str(row.get("id")) for _, row in rows}
        sources = [found for place, row in rows if (found := self._source(place, row)) is not None]
        named = self.reader.tables(document, "registry", path=self.path)
        tables = [self.reader.table(RegistryTable, row, path=self.path, prefix=place) for place, row in named]
        return sources, ids, [Registry(**table.model_dump()) for table in tables if table is not None]

    def _source(self, place: str, row: dict[str, Any]) -> Source | None:
        kind = self._kind(place, row)
        own, common = {}, dict(row)
        for key in row:
            if kind is not None and key in kind.options:
                own[key] = common.pop(key)
            elif key not in SourceTable.model_fields and (owners := self._owners(key)):
                common.pop(key)
                if kind is not None:
                    message = f"means nothing for kind {kind.name!r}, only for {' and '.join(map(repr, owners))}"
                    self.reader.fault(self.path, f"{place}.{key}", message)
        if kind is not None and not kind.has_url and not row.get("url"):
            # What editors type stands on the site itself.
            common["url"] = self.site_url or "https://site.invalid"
        table = self.reader.table(
            SourceTable, common, path=self.path, prefix=place, context={"topics.toml": self.vocabulary}
        )
        options = self._options(place, own, kind)
        return None if table is None else _source(table, kind, options)

    def _kind(self, place: str, row: dict[str, Any]) -> Kind | None:
        word = row.get("kind")
        if not isinstance(word, str):
            return None
        if word not in self.kinds and row.get("enabled", True) is not False:
            message = f"{word!r} is no kind of source: {', '.join(self.kinds)} are"
            self.reader.fault(self.path, f"{place}.kind", message)
        return self.kinds.get(word)

    def _owners(self, key: str) -> list[str]:
        return [kind.name for kind in self.kinds.values() if key in kind.options]

    def _options(self, place: str, own: Mapping[str, Any], kind: Kind | None) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if kind is None:
            return values
        for key, option in kind.options.items():
            if key in own:
                try:
                    values[key] = option_value(option, own[key], self.vocabulary)
                except ValueError as error:
                    self.reader.fault(self.path, f"{place}.{key}", str(error))
            elif option.required:
                self.reader.fault(self.path, f"{place}.{key}", f"is missing: {option.about}")
        return values


def _source(table: SourceTable, kind: Kind | None, options: Mapping[str, Any]) -> Source:
    kind = kind or Kind(name=table.kind)
    return Source(
        id=table.id,
        kind=table.kind,
        url=table.url,
        name=table.name or table.id,
        interval=table.interval,
        usual_interval=kind.interval,
        own_rhythm=kind.own_rhythm,
        enabled=table.enabled,
        audience=table.audience,
        evidence=table.evidence,
        licence=table.licence,
        note=table.note,
        entry_kind=table.entry_kind,
        filter=table.filter,
        min_delay=kind.min_delay if table.min_delay_s is None else table.min_delay_s,
        max_bytes=table.max_bytes or kind.max_bytes,
        robots=kind.robots,
        reading=kind.reading,
        options=options,
    )


def _read_digests(reader: _Reader, *, sources: set[str] | None, vocabulary: Vocabulary | None) -> list[Digest]:
    path = reader.folder / "digests.toml"
    context = {"sources.toml": sources, "topics.toml": vocabulary}
    tables = [
        reader.table(DigestTable, row, path=path, prefix=place, context=context)
        for place, row in reader.rows(path, "digest")
    ]
    return [
        Digest(
            id=table.id,
            title=table.title,
            titles=table.titles,
            neutral=table.neutral,
            cadence=Cadence.parse(table.cadence, table.zone),
            sections=tuple(Section(**section.model_dump()) for section in table.sections),
            approval=table.approval,
            max_age=table.max_age,
            max_entries=table.max_entries,
            latest=table.latest,
        )
        for table in tables
        if table is not None
    ]
