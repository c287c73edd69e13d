"""Visiting a data set that answers from a script, and remembering what it showed as the store does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from msdigest.collect.dataset.collecting import collect
from msdigest.collect.dataset.reading import Rows, read
from msdigest.model.entry import Entry, Known
from msdigest.model.source import Source, Validators
from msdigest.ports import NO_VALIDATORS, Collected, Memory, Reply
from msdigest.sandbox.fake import InProcess

URL = "https://data.example/notices.json"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SOURCE = Source(id="notices", kind="dataset", url=URL, audience=("patient",), evidence="regulatory")


def answer(document: Any, status: int = 200, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, url=URL, headers=named, body=body)


@dataclass
class Script:
    """An ``Http`` that answers by address, and remembers what it was asked."""

    pages: dict[str, Reply]
    asked: list[tuple[str, Validators]] = field(default_factory=list)

    def get(self, url, *, validators=NO_VALIDATORS, accept="*/*") -> Reply:
        assert "json" in accept
        self.asked.append((url, validators))
        return self.pages[url]

    def post(self, url, *, body, content_type, accept="*/*") -> Reply:
        raise AssertionError(f"a data set is not asked with a body: {url}")


def source(**options: Any) -> Source:
    own = {name: options.pop(name) for name in ("url", "filter", "entry_kind") if name in options}
    return replace(SOURCE, options=options, **own)


def read_rows(rows: Any, **options: Any) -> Rows:
    return read(source(**options), answer(rows), NOW, ())


def entry_of(row: dict[str, Any], **options: Any) -> Entry:
    (entry,) = read_rows([row], **options).entries
    return entry


@dataclass
class Desk:
    """Visits again and again."""

    source: Source
    memory: Memory = field(default_factory=lambda: Memory(now=NOW))
    known: dict[str, Known] = field(default_factory=dict)
    http: Script = field(default_factory=lambda: Script({}))

    def visit(self, pages: Any) -> Collected:
        self.http = Script(
            pages if isinstance(pages, dict) and URL not in pages and "data" not in pages else {URL: pages}
        )
        memory = replace(self.memory, known=lambda: tuple(self.known.values()))
        came = collect(self.source, memory, self.http, InProcess())
        self.memory = replace(self.memory, since=NOW, body_hash=came.body_hash, notes=came.notes)
        for entry in came.entries:
            first = self.known.get(entry.key)
            assert first is None or not first.gone
            self.known[entry.key] = Known(entry.key, entry.text, (), entry.published, gone=False)
        for key in came.gone:
            self.known[key] = replace(self.known[key], gone=True)
        return came
