"""A literature service that answers by what it is asked, and remembers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from msdigest.ports import Reply


@dataclass
class Service:
    """An ``Http`` whose ``answer`` makes a body of the tool (last part of the path) and the parameters.

    asked: (tool, parameters) in order. longest: the longest address.
    """

    answer: Callable[[str, dict[str, str]], str | bytes]
    status: int = 200
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def get(self, url, *, validators=None, accept="*/*") -> Reply:
        parts = urlsplit(url)
        tool, told = parts.path.rsplit("/", 1)[-1], dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked.append((tool, told))
        self.addresses.append(url)
        body = self.answer(tool, told)
        return Reply(status=self.status, url=url, headers={}, body=body if isinstance(body, bytes) else body.encode())

    def post(self, url, *, body, content_type, accept="*/*") -> Reply:
        raise AssertionError(f"literature is not asked with a body: {url}")
