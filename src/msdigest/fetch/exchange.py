"""One exchange with a server: its time, which covers everything, and its rule about addresses.

A read timeout starts anew with every byte, so that a server which drips may hold us for ever. Here every
wait, from the name's lookup to the last byte of the body, is cut to the time that the exchange has left.
"""

from __future__ import annotations

import selectors
import socket
import ssl
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from msdigest.model.network import Address

    Resolver = Callable[[str, int], Sequence[str]]
    Rule = Callable[[str, int, Sequence[Address]], None]


class RefusedAddress(httpcore.ConnectError):
    """The exchange's rule forbids this address; nothing was sent."""


class Unconnected(httpcore.ConnectError):
    """The name has no address, or nobody takes the connection there: no server was met."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What holds for one request and its answer.

    expires: moment on ``clock`` (seconds) when all is over.
    rule: gets host, port and all addresses before the connection is made; raises RefusedAddress.
    """

    expires: float
    clock: Callable[[], float]
    rule: Rule

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make this the exchange of the calling thread."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def patience(self, at_most: float | None = None) -> float:
        """Return how many seconds may still be waited; raises TimeoutError when there are none."""
        left = self.expires - self.clock()
        if left <= 0:
            raise TimeoutError
        return left if at_most is None else min(left, at_most)


# The thread's own exchange: a pooled connection is made by one thread and used by another.
_current: ContextVar[Exchange] = ContextVar("exchange")


def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Backend(httpcore.NetworkBackend):
    """Makes connections: looks a name up once, has all its addresses checked, and connects to one of those."""

    def __init__(self, resolver: Resolver = look_up) -> None:
        """Take the ``resolver`` (host, port → addresses); it may block, its thread is left behind then."""
        self._resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Connect to an address that the exchange's rule has seen; there is no second lookup in between."""
        exchange = _current.get()
        with _translated(httpcore.ConnectTimeout, Unconnected):
            addresses = _resolved(host, port, resolver=self._resolver, patience=exchange.patience(timeout))
            exchange.rule(host, port, addresses)
            sock = _connected(addresses, port, exchange=exchange, source=local_address)
            for option in (*(socket_options or ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)):
                sock.setsockopt(*option)
            return Stream(sock)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's interface
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.NetworkStream:
        """Refuse: no server of ours or of others is asked through a file."""
        message = f"{path} is a socket on this machine"
        raise RefusedAddress(message)


class Stream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what the running exchange has left."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over the connected ``sock``."""
        self._sock = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, empty at the end."""
        with _translated(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(_current.get().patience(timeout))
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of ``buffer``."""
        rest = memoryview(buffer)
        with _translated(httpcore.WriteTimeout, httpcore.WriteError):
            while rest:
                self._sock.settimeout(_current.get().patience(timeout))
                rest = rest[self._sock.send(rest) :]

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """Shake hands; the certificate must be the name's, whatever address was connected to."""
        try:
            with _translated(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._sock.settimeout(_current.get().patience(timeout))
                return Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Answer what httpcore asks: ``ssl_object`` and ``is_readable``."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "is_readable":
            return _readable(self._sock)
        return None


@contextmanager
def _translated(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Turn the system's errors into httpcore's, with a reason in words that hold nothing of the server's."""
    try:
        yield
    except TimeoutError as error:
        raise late from error
    except ssl.SSLCertVerificationError as error:
        message = f"its certificate is not accepted: {error.verify_message}"
        raise broken(message) from error
    except OSError as error:
        raise broken(error.strerror or type(error).__name__) from error
    except ValueError as error:  # a host name that cannot be encoded, for the lookup or for TLS
        message = "its name is no valid host name"
        raise broken(message) from error


def _resolved(host: str, port: int, *, resolver: Resolver, patience: float) -> tuple[Address, ...]:
    """Look ``host`` up in a thread, because the system's resolver knows no timeout."""
    answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            answers.put(error)

    Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=patience)
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return tuple(dict.fromkeys(ip_address(text) for text in answer))


def _connected(
    addresses: Sequence[Address], port: int, *, exchange: Exchange, source: str | None = None
) -> socket.socket:
    """Try one address after the other; each gets its fair share of the time."""
    failure = OSError(None, "its name has no address")
    for position, address in enumerate(addresses):
        share = exchange.patience() / (len(addresses) - position)
        try:
            return socket.create_connection(
                (str(address), port), share, source_address=(source, 0) if source is not None else None
            )
        except OSError as error:
            failure = error
    raise failure


def _readable(sock: socket.socket) -> bool:
    """Tell whether reading would not block: on an idle connection that means it was closed."""
    if sock.fileno() < 0:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(timeout=0))
