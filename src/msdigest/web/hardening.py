"""What every answer carries, and who may ask: middleware around both applications."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAMES_OF_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
_HTTP_PORT = 80
_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PUBLIC_HEADERS: Mapping[str, str] = _COMMON | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
EDITOR_HEADERS: Mapping[str, str] = _COMMON | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # A draft changes, and a reader's message is nobody's to keep.
    "Cache-Control": "no-store",
}
# On top of these, for a page with a form.
FORM_HEADERS: Mapping[str, str] = {"Referrer-Policy": "same-origin"}
# For an issue's page: one script of our own, which shows what was saved; everything works without it.
DESK_HEADERS: Mapping[str, str] = {
    **FORM_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
# A message brings its styles along; it may load nothing, run nothing and send nothing.
MESSAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


class Hardened:
    """Gives every answer ``headers`` unless it has its own, and answers HEAD without a body."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        """Wrap ``app``."""
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            elif message["type"] == "http.response.body" and scope["method"] == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, complete if scope["type"] == "http" else send)


class LoopbackOnly:
    """Answers only this machine, and only under a name of loopback with the right port.

    A page elsewhere can make a browser ask 127.0.0.1 under its own name (DNS rebinding); the Host header tells.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and not _is_local(scope):
            refusal = PlainTextResponse(
                "This page answers only on the machine where it was started, as localhost or 127.0.0.1.\n",
                status_code=403,
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None or not (_is_loopback(client[0]) and _is_loopback(server[0])):
        return False
    hosts = Headers(scope=scope).getlist("host")
    if len(hosts) != 1:
        return False
    port = server[1] or _HTTP_PORT
    allowed = {f"{name}:{port}" for name in _NAMES_OF_LOOPBACK}
    if port == _HTTP_PORT:
        allowed |= _NAMES_OF_LOOPBACK
    return hosts[0].lower() in allowed


def posted_from_here(request: Request) -> bool:
    """Tell whether a form was sent by a page of this very application.

    Browsers tell the origin of every POST, unless a page's referrer policy forbids it: a page with a form allows it
    for its own origin (``FORM_HEADERS``).
    """
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return [origin.lower() for origin in request.headers.getlist("origin")] == [own.lower()]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
