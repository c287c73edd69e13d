"""A register that answers from a script, and a desk that visits it again and again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from msdigest.model.source import Source
from msdigest.ports import Collected, Memory, Reply
from msdigest.sandbox.fake import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = "https://register.example"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """One question: ``what`` are its parameters, or the JSON of its body."""

    path: str
    what: dict
    posted: bool = False


@dataclass
class Register:
    """An ``Http`` that gives what ``answer`` makes of each question: a body, or a whole reply."""

    answer: Callable[[Asked], object]
    asked: list[Asked] = field(default_factory=list)
    date: str | None = None

    def get(self, url, *, validators=None, accept="*/*") -> Reply:
        assert accept != "*/*"
        parts = urlsplit(url)
        return self._reply(url, Asked(parts.path, dict(parse_qsl(parts.query))))

    def post(self, url, *, body, content_type, accept="*/*") -> Reply:
        assert (content_type, accept) == ("application/json", "application/json")
        return self._reply(url, Asked(urlsplit(url).path, json.loads(body), posted=True))

    def _reply(self, url: str, asked: Asked) -> Reply:
        self.asked.append(asked)
        told = self.answer(asked)
        if isinstance(told, Reply):
            return told
        body = (
            told if isinstance(told, bytes) else told.encode() if isinstance(told, str) else json.dumps(told).encode()
        )
        headers = {"date": self.date} if self.date else {}
        return Reply(status=200, url=url, headers=headers, body=body)


@dataclass
class Desk:
    """Remembers what a collector asked to be remembered."""

    module: ModuleType
    register: Register
    options: dict = field(default_factory=dict)
    since: datetime | None = None
    notes: dict[str, str] = field(default_factory=dict)

    def visit(self, now: datetime = START) -> Collected:
        """Visit at ``now``; what was asked is in ``register.asked``."""
        self.register.asked.clear()
        kind = self.module.KIND.name
        source = Source(id="trials", kind=kind, url=f"{BASE}/", audience=("patient",), options=self.options)
        memory = Memory(now=now, since=self.since, notes=self.notes)
        collected = self.module.collect(source, memory, self.register, InProcess())
        self.since, self.notes = now, dict(collected.notes)
        return collected


def status(code: int, **headers: str) -> Reply:
    """A reply that is no success."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=code, url=BASE, headers=named, body=b"no")


def told(entry) -> dict[str, str]:
    """What is watched on an entry, by name."""
    return {fact.name: fact.value for fact in entry.facts}
