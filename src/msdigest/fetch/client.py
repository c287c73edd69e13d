"""The door to httpx: bounded, conditional and guarded for sources, exact about failures for mail providers."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Self

import httpcore

from msdigest.errors import RedirectError
from msdigest.fetch.decode import decoded
from msdigest.fetch.exchange import Backend, Exchange, look_up
from msdigest.fetch.faults import translated
from msdigest.fetch.guard import WEB_PORTS, Guard
from msdigest.fetch.headers import credentials, encoded, request_headers, user_agent
from msdigest.fetch.manners import USUAL, Manners, Visit
from msdigest.fetch.pacing import Pacing
from msdigest.fetch.redirects import REDIRECTS, Redirect, Trail, place, shown, web_address
from msdigest.fetch.robots import Robots
from msdigest.fetch.sending import Sender
from msdigest.fetch.transport import joined_headers, new_client, new_pool
from msdigest.model.network import parse_allowed
from msdigest.ports import NO_VALIDATORS, Failure, Reply, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    import httpx

    from msdigest.fetch.exchange import Resolver
    from msdigest.model.source import Source, Validators
    from msdigest.ports import Http

MAX_BYTES = 10 * 2**20

# httpx writes every address with its query at level INFO, httpcore the headers at DEBUG: people's addresses
# and the operator's keys may stand in them.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a source."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(slots=True)
class _Remaining:
    """The seconds that are left for one ``get`` with all its redirects."""

    left: float


class HttpClient:
    """The real ``Network``: close it, or use it as a context manager. Any number of threads may share one."""

    def __init__(  # noqa: PLR0913 - each is one setting or one thing that tests hand in, all named
        self,
        *,
        contact: str,
        site_url: str,
        version: str,
        allow_private: Sequence[str] = (),
        deadline: float = 30.0,
        max_bytes: int = MAX_BYTES,
        gap: float = 0.0,
        connections: int = 8,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = look_up,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Set up the two pools; no connection is made yet.

        contact, site_url, version: what servers are told about us.
        allow_private: as ``parse_allowed`` reads them; raises ValueError.
        deadline: seconds for one ``get`` with all its redirects, without the waiting for a host's turn.
        max_bytes: of an unpacked body. gap: seconds between two requests to one host. Sources may say otherwise.
        connections: kept in each pool at most; more than 8 cost more than they bring.
        tls: with other authorities than the usual ones. resolver: host, port → addresses; it may block.
        """
        agent = user_agent(contact=contact, site_url=site_url, version=version)
        self._allowed = tuple(parse_allowed(text) for text in allow_private)
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._clock = clock
        self._gap = gap
        self._pacing = Pacing(clock=clock, sleep=sleep)
        self._robots = Robots(clock=clock)
        # Whoever waits for a connection does not lose time of its own exchange.
        self._places = BoundedSemaphore(connections)

        def pool() -> httpcore.ConnectionPool:
            return new_pool(Backend(resolver), connections=connections, tls=tls)

        # Sources are asked through httpcore, which httpx stands on: building httpx's requests and responses took as
        # long as all the rest of a visit that brings nothing.
        self._pool = pool()
        self._headers = encoded({"user-agent": agent, "accept-encoding": "gzip"})
        own = {"user-agent": agent, "accept-encoding": "identity"}
        self._sender = Sender(new_client(pool(), headers=own), clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        self._sender.close()

    def visiting(self, source: Source) -> Http:
        """Return the network as the collector of ``source`` may use it."""
        manners = Manners(
            source_url=source.url or None,
            gap=source.min_delay,
            max_bytes=source.max_bytes,
            robots=source.robots,
        )
        return Visit(self, manners)

    def get(
        self,
        url: str,
        *,
        validators: Validators = NO_VALIDATORS,
        accept: str = "*/*",
        manners: Manners = USUAL,
    ) -> Reply:
        """Fetch ``url`` as ``Http.get`` says.

        The validators go to ``url`` itself, over http or https, and to no other address that it redirects
        to: another page may stand there, whose 304 would hide news.
        """
        trail = Trail([web_address(url)])
        clock = _Remaining(self._deadline)
        while True:
            headers = request_headers(validators if trail.still_the_same else NO_VALIDATORS, accept=accept)
            gap = self._asked_gap(trail.last, manners)
            answer = self._exchange(Call("GET", trail.last, headers), manners=manners, gap=gap, clock=clock)
            if isinstance(answer, Reply):
                return replace(answer, moved_to=trail.moved_to)
            trail.follow(answer)

    def post(self, url: str, *, body: bytes, content_type: str, accept: str = "*/*", manners: Manners = USUAL) -> Reply:
        """Ask ``url`` with a ``body`` as ``Http.post`` says."""
        headers = {**request_headers(NO_VALIDATORS, accept=accept), "content-type": content_type}
        call = Call("POST", web_address(url), headers, body)
        gap = self._asked_gap(call.url, manners)
        answer = self._exchange(call, manners=manners, gap=gap, clock=_Remaining(self._deadline))
        if isinstance(answer, Redirect):
            raise RedirectError(shown(call.url), "it redirects a question that has a body")
        return answer

    def _asked_gap(self, url: httpx.URL, manners: Manners) -> float:
        """Return the pause that source and site want; raises RobotsError if the site wants no visit there."""
        own = self._gap if manners.gap is None else manners.gap
        if not manners.robots:
            return own
        plainly = replace(manners, robots=False)
        return max(own, self._robots.asked(url, lambda rules: self.get(rules, manners=plainly)))

    def _exchange(self, call: Call, *, manners: Manners, gap: float, clock: _Remaining) -> Reply | Redirect:
        """Wait for the host's turn and make one request; the waiting costs none of its time."""
        guard = Guard(self._allowed, place(web_address(manners.source_url)) if manners.source_url else None)
        with self._pacing.turn("{}:{}".format(*place(call.url)), gap=gap), self._places:
            started = self._clock()
            with Exchange(started + clock.left, self._clock, guard.rule).running():
                answer = self._ask(call, guard=guard, limit=manners.max_bytes or self._max_bytes)
            clock.left -= self._clock() - started
        return answer

    def _ask(self, call: Call, *, guard: Guard, limit: int) -> Reply | Redirect:
        """Make one request of ``get`` or ``post``."""
        host, port = place(call.url)
        headers = call.headers
        if guard.named == (host, port) and port not in WEB_PORTS:
            # This source alone may use the port: no other shall find the connection in the pool.
            headers = {**headers, "connection": "close"}
        address, body = shown(call.url), bytearray()
        with translated(address), closing(self._pool.handle_request(self._request(call, headers))) as response:
            found = joined_headers(response.headers)
            if response.status in REDIRECTS and found.get("location"):
                return Redirect(response.status, found["location"].encode("latin-1").decode("utf-8", "replace"))
            encoding = found.get("content-encoding", "")
            for piece in decoded(response.iter_stream(), encoding, limit=limit, url=address):
                body += piece
        return Reply(status=response.status, url=address, headers=found, body=bytes(body))

    def _request(self, call: Call, headers: dict[str, str]) -> httpcore.Request:
        url = call.url
        headers = {"connection": "keep-alive"} | headers
        sent = [(b"host", url.netloc), *self._headers, *encoded(headers), *credentials(url)]
        if call.body is not None:
            sent.append((b"content-length", str(len(call.body)).encode()))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        return httpcore.Request(method=call.method, url=target, headers=sent, content=call.body)

    def send(self, request: Request, *, timeout: float = 60.0) -> Reply | Failure:
        """Call the mail provider as ``Http.send`` says.

        Raises ProviderError for an address that is not https, unless it is on this machine.
        """
        return self._sender.send(request, timeout=timeout)
