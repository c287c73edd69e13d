"""What a provider's loopback fake says to a call, as the provider documents it; it knows whom it really accepted.

The engine (``tests/sinks/engine.py``) reads calls and plays the faults of a network; a service only answers. One
service a provider stands in ``tests/sinks/<name>.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as it arrived: ``path`` without the query, names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service says. accepted: addresses that this very call made it send to, each once."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        return b"" if self.document is None else json.dumps(self.document).encode()


class Service(Protocol):
    """One provider. Any number of threads may ask at once.

    options: what ``[providers.NAME]`` holds, without ``base_url``. bad: addresses that it refuses.
    asked: how many calls were searches, not messages. faults: sentences about calls that were right for the service and
    wrong for us: tracking not switched off, no one-click header, a variable without a value.
    """

    name: str
    options: Mapping[str, str]
    bad: set[str]
    asked: int
    faults: list[str]

    def answer(self, call: Call) -> Answer:
        """Judge one call, and remember what it accepted: searches and equal idempotency keys find it."""
        ...

    def is_send(self, call: Call) -> bool:
        """Tell whether the call hands over messages: only these meet faults."""
        ...
