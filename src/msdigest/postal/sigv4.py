"""Requests signed as Amazon's services want them: Signature Version 4. Pure: the moment is handed in.

All headers of a request are signed, and a date that is added; whoever sends it may put more beside them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from urllib.parse import SplitResult

    from msdigest.ports import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}
_OURS = frozenset(("authorization", "x-amz-date"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs, for one service in one region."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str

    def signed(self, request: Request, *, at: datetime) -> Request:
        """Return ``request`` with its signature, in place of any that it has; ``at``: now, aware."""
        moment = at.strftime("%Y%m%dT%H%M%SZ")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        headers["X-Amz-Date"] = moment
        names, canonical = _canonical(request, headers)
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        told = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        signature = hmac.new(self._key(scope), told.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"{_ALGORITHM} Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return replace(request, headers=headers)

    def _key(self, scope: str) -> bytes:
        """Return the key for one day, region and service."""
        return reduce(
            lambda key, part: hmac.new(key, part.encode(), hashlib.sha256).digest(),
            scope.split("/"),
            f"AWS4{self.secret_key}".encode(),
        )


def _canonical(request: Request, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the names of the signed headers, and the one way in which this request can be written."""
    url = urlsplit(request.url)
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()} | {"host": _host(url)}
    names = ";".join(sorted(signed))
    lines = (
        request.method,
        # Encoded once more than it is: every service but S3 wants that.
        quote(url.path or "/", safe="/~"),
        "&".join("=".join(pair) for pair in sorted(_pairs(url.query))),
        *(f"{name}:{signed[name]}" for name in sorted(signed)),
        "",
        names,
        hashlib.sha256(request.body).hexdigest(),
    )
    return names, "\n".join(lines)


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return names and values of a query, encoded as they are."""
    split = (pair.partition("=") for pair in query.split("&") if pair)
    return [(name, value) for name, _, value in split]


def _host(url: SplitResult) -> str:
    """Return the host as it stands in its header."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    return host if url.port in {None, _PORTS.get(url.scheme)} else f"{host}:{url.port}"
