"""httpx on a connection pool whose connections we make ourselves."""

from __future__ import annotations

from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Protocol, cast

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

# Shorter than what servers keep open: a connection that is closed while it is taken up again leaves open
# whether the request was heard.
_KEEPALIVE = 5.0


@cache
def shared_tls() -> ssl.SSLContext:
    """Return the one TLS context of this process: reading the authorities takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


def new_pool(
    backend: httpcore.NetworkBackend, *, connections: int, tls: ssl.SSLContext | None
) -> httpcore.ConnectionPool:
    """Make a pool of connections that ``backend`` makes."""
    return httpcore.ConnectionPool(
        ssl_context=tls or shared_tls(),
        max_connections=connections,
        keepalive_expiry=_KEEPALIVE,
        network_backend=backend,
    )


def new_client(pool: httpcore.ConnectionPool, *, headers: Mapping[str, str]) -> httpx.Client:
    """Make a client that takes nothing from the environment, follows no redirect and keeps no cookie."""
    return httpx.Client(
        transport=_Transport(pool),
        headers=headers,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        event_hooks={"response": [_set_headers_aside]},
        trust_env=False,
    )


def reply_headers(response: httpx.Response) -> dict[str, str]:
    """Return an answer's headers: names in lower case, repeated ones joined, each byte one character."""
    headers: dict[str, str] = response.extensions["headers"]
    return headers


def joined_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers with names in lower case, repeated ones joined, each byte one character."""
    found: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _set_headers_aside(response: httpx.Response) -> None:
    """Keep the headers as they came, and the redirect from httpx.

    It builds the next request even when it is told not to follow, and raises InvalidURL for a Location
    such as ``javascript:alert(1)``.
    """
    response.extensions["headers"] = joined_headers(response.headers.raw)
    response.headers.pop("location", None)


class _Transport(httpx.BaseTransport):
    """Hands requests to the pool; httpcore's errors pass through as they are."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, the body still to be read."""
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=target,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(cast("_Stream", answer.stream)),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Stream(Protocol):
    """What the pool gives as a body; its own types do not tell that it can be closed."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class _Body(httpx.SyncByteStream):
    """An answer's body as httpx wants it."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()
