"""A server that answers by address, and feeds and notices in the shape of GOV.UK's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from msdigest.model.source import Validators
from msdigest.ports import NO_VALIDATORS, Reply

FEED = "https://gov.example/notices.atom"


@dataclass
class Script:
    """An ``Http`` that answers by address (404 elsewhere), and remembers what it was asked."""

    pages: dict[str, Any]
    asked: list[tuple[str, Validators]] = field(default_factory=list)

    def get(self, url, *, validators=NO_VALIDATORS, accept="*/*") -> Reply:
        assert accept
        self.asked.append((url, validators))
        page = self.pages.get(url, 404)
        if isinstance(page, Exception):
            raise page
        status, headers = 200, {}
        if isinstance(page, tuple):
            page, headers = page
        if isinstance(page, int):
            status, page = page, b""
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        return Reply(status=status, url=url, headers=headers, body=body)

    def post(self, url, *, body, content_type, accept="*/*") -> Reply:
        raise AssertionError(f"a feed is not asked with a body: {url}")

    @property
    def addresses(self) -> list[str]:
        return [url.removeprefix("https://gov.example") for url, _ in self.asked]


def atom(*entries: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Notices</title>{head}{"".join(entries)}</feed>'.encode()


def entry(slug: str, updated: str | None = None, *, title: str = "Examplimab", more: str = "") -> str:
    stamp = f"<updated>{updated}</updated>" if updated else ""
    fragment = f"#{updated}" if updated else ""
    return (
        f"<entry><id>https://gov.example/notices/{slug}{fragment}</id>{stamp}"
        f'<link rel="alternate" type="text/html" href="https://gov.example/notices/{slug}"/>'
        f'<title>{title}: {slug}</title><summary type="html">Summary of {slug}.</summary>{more}</entry>'
    )
