"""Calls to the operator's own mail provider, which tell "surely not sent" from "perhaps sent".

What counts is whether the whole body was written: until then no server can have acted on it.
"""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import httpx

from msdigest.errors import BlockedAddressError, FetchError, ProviderError
from msdigest.fetch.decode import decoded
from msdigest.fetch.exchange import Exchange, RefusedAddress
from msdigest.fetch.faults import translated
from msdigest.fetch.redirects import is_web, origin
from msdigest.fetch.transport import reply_headers
from msdigest.ports import Failure, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msdigest.model.network import Address

MAX_ANSWER = 2**20


class Sender:
    """Makes the calls; any number of threads may share one."""

    def __init__(self, client: httpx.Client, *, clock: Callable[[], float]) -> None:
        """Take over ``client``, whose addresses are checked by nobody but ``send``."""
        self._client = client
        self._clock = clock

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(self, request: Request, *, timeout: float) -> Reply | Failure:
        """Make one call within ``timeout`` seconds, from the lookup to the last byte.

        An answer that reports a failure (300 and above) is given even if its body was cut; a cut success
        is a Failure: it holds no complete word on what was accepted.
        Raises ProviderError for an address that is not https, unless it is on this machine.
        """
        url = _trusted(request.url)
        exchange = Exchange(self._clock() + timeout, self._clock, _anywhere if url.scheme == "https" else _this_machine)
        call = _Call()
        try:
            with exchange.running(), translated(origin(url)):
                self._carry(request, url, call=call, timeout=timeout)
        except BlockedAddressError as error:
            raise ProviderError(str(error)) from error
        except FetchError as error:
            return call.broken(url, str(error))
        return call.finished(url)

    def _carry(self, request: Request, url: httpx.URL, *, call: _Call, timeout: float) -> None:
        """Make the call and note in ``call`` how far it came."""
        with self._client.stream(
            request.method,
            url,
            headers=[(name.encode(), value.encode()) for name, value in request.headers.items()],
            content=request.body,
            timeout=httpx.Timeout(None, pool=timeout),
            extensions={"trace": call.trace},
        ) as response:
            call.status, call.headers = response.status_code, reply_headers(response)
            encoding = call.headers.get("content-encoding", "")
            for piece in decoded(response.iter_raw(), encoding, limit=MAX_ANSWER, url=origin(url)):
                call.body += piece


class _Call:
    """How far a call came."""

    def __init__(self) -> None:
        self.written = False
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    def trace(self, event: str, _: dict[str, Any]) -> None:
        """Note what httpcore reports."""
        self.written = self.written or event == "http11.send_request_body.complete"

    @property
    def _success(self) -> bool:
        return self.status is not None and self.status < HTTPStatus.MULTIPLE_CHOICES

    def finished(self, url: httpx.URL) -> Reply | Failure:
        """Judge a call whose answer came whole."""
        if self._success and not self.written:
            return Failure("maybe", f"it answered {self.status} before it had the whole request ({origin(url)})")
        return self._reply(url)

    def broken(self, url: httpx.URL, reason: str) -> Reply | Failure:
        """Judge a call that went wrong for ``reason``."""
        if self.status is None:
            return Failure("maybe" if self.written else "no", reason)
        if self._success:
            return Failure("maybe", f"it answered {self.status}, then: {reason}")
        return self._reply(url)

    def _reply(self, url: httpx.URL) -> Reply:
        return Reply(status=self.status or 0, url=str(url), headers=self.headers, body=bytes(self.body))


def _trusted(text: str) -> httpx.URL:
    """Read a provider's address; raises ProviderError unless it is https, or http on this machine."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        message = "the provider's base_url is no web address"
        raise ProviderError(message) from None
    if is_web(url) and (url.scheme == "https" or _names_this_machine(url.host)):
        return url
    message = f"the provider's base_url must be https unless it is on this machine ({origin(url)})"
    raise ProviderError(message)


def _names_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _anywhere(host: str, port: int, addresses: Sequence[Address]) -> None:
    """Allow whatever the operator wrote down: TLS proves that it is the one that was meant."""


def _this_machine(host: str, port: int, addresses: Sequence[Address]) -> None:  # noqa: ARG001 - a Rule
    """Refuse a localhost that is elsewhere."""
    for address in addresses:
        if not address.is_loopback:
            message = f"{host} is {address}, which is not on this machine: write https in the provider's base_url"
            raise RefusedAddress(message)
