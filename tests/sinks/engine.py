"""A loopback server that hands whole calls to a ``Service``, breaks some of them on purpose, and knows who got mail.

Raw sockets in threads, so that a fault is played byte by byte. Nothing here waits longer than for the other side: a
hang ends when the client goes or the engine closes. ``port_closed`` and ``pool_exhausted`` happen before any byte
reaches a server: for them there are ``Engine.closed_url`` and ``full_pool``.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from tests.sinks.service import Answer, Call, Service
from tests.sinks.wire import GoneError, Wire

from msdigest.ports import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msdigest.fetch.client import HttpClient

ACTED = " acted"
# What may end a call of which the provider read the whole body: each also exists as "NAME acted".
AMBIGUOUS = (
    "read_then_close", "read_then_reset", "read_then_hang", "success_cut_short", "success_then_hang", "garbage",
    "status_500",
)  # fmt: skip
# Nothing was sent to anybody, and the service never saw the whole call.
UNHEARD = ("stops_reading", "closed_on_accept", "reset_in_body", "early_413", "closed_at_reuse")
# Answers of a provider that did nothing.
ANSWERS = {
    "status_401": Answer(status=401, document={"message": "who are you?"}),
    "status_429": Answer(status=429, document={"message": "slow down"}, headers={"Retry-After": "7"}),
    "status_500": Answer(status=500, document={"message": "something broke"}),
    "status_503": Answer(status=503, document={"message": "come back later"}),
}
# The call itself is answered as ever; the connection is closed after it, before it is used again.
IDLE = "closed_while_idle"
FAULTS = (*UNHEARD, *AMBIGUOUS, *(name + ACTED for name in AMBIGUOUS), "status_401", "status_429", "status_503", IDLE)
# The client learns of these by waiting.
HANGS = frozenset(
    name for name in FAULTS if name.removesuffix(ACTED) in {"stops_reading", "read_then_hang", "success_then_hang"}
)
_SMALL = 4_096


@dataclass
class Engine:
    """Listens on 127.0.0.1; ``with Engine(service) as engine`` gives ``engine.base_url``.

    plan: number of a send call (from 0) → name of its fault, or None. latency: seconds before each answer.
    keep: whether whole calls are kept. accepted: address → how often mail went there.
    first_call: on the monotonic clock; 0 = none yet. sent_calls: how many calls handed over messages.
    played: how many of these were answered, or broken as planned.
    troubles: what went wrong in the engine or a service; a test looks that it is empty.
    """

    service: Service
    plan: Callable[[int], str | None] = lambda _number: None
    latency: float = 0.0
    keep: bool = True
    accepted: Counter[str] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    first_call: float = 0.0
    sent_calls: int = 0
    played: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Condition()
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._unheard = socket.socket()
        self._unheard.bind(("127.0.0.1", 0))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._begin(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._unheard.close()

    @property
    def base_url(self) -> str:
        """Where the engine listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def closed_url(self) -> str:
        """Where nobody listens, and nobody else can while this engine is open."""
        return f"http://127.0.0.1:{self._unheard.getsockname()[1]}"

    def wait_until_played(self, calls: int, *, most: float = 20.0) -> bool:
        """Wait until so many send calls had their effect: a client that gave up may have been faster than we are."""
        with self._lock:
            return self._lock.wait_for(lambda: self.played >= calls, timeout=most)

    def _begin(self, work: Callable[..., None], *values: object) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                shut = self._closing.is_set() or self._refuses()
                if not shut:
                    self._open.add(sock)
            if shut:
                sock.close()
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._begin(self._serve, sock)

    def _refuses(self) -> bool:
        """Tell whether the next send call finds its connection closed as soon as it is made."""
        refuses = self.plan(self.sent_calls) == "closed_on_accept"
        self.sent_calls += refuses
        self.played += refuses
        return refuses

    def _serve(self, sock: socket.socket) -> None:
        wire = Wire(sock)
        try:
            while not self._closing.is_set() and self._one(wire):
                continue
        except (GoneError, OSError):
            # Clients break connections, too: what matters is whom the service accepted until then.
            pass
        except Exception as error:  # noqa: BLE001  # a test reads it; a thread's own would be lost
            self.troubles.append(f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _one(self, wire: Wire) -> bool:
        """Take one call; return whether the connection goes on."""
        call, length = wire.head()
        fault = self._fault_of(call)
        if fault in UNHEARD:
            self._count(call)
            self._ignore(wire, fault, length)
            return False
        call = replace(call, body=wire.body(length))
        with self._lock:
            if self.keep:
                self.calls.append(call)
        self._closing.wait(self.latency)
        if fault is None or fault == IDLE:
            # A call that is to be met on a new connection needs the old one closed.
            last = fault == IDLE or self.plan(self.sent_calls) == "closed_on_accept"
            answer = self._act(call)
            self._count(call)
            wire.say(answer, last=last)
            return not last
        return self._break(wire, fault, call)

    def _fault_of(self, call: Call) -> str | None:
        """Number a send call and look its fault up; other calls have none."""
        with self._lock:
            self.first_call = self.first_call or time.monotonic()
            if not self.service.is_send(call):
                return None
            number, self.sent_calls = self.sent_calls, self.sent_calls + 1
        return self.plan(number)

    def _count(self, call: Call) -> None:
        with self._lock:
            self.played += self.service.is_send(call)
            self._lock.notify_all()

    def _act(self, call: Call) -> Answer:
        answer = self.service.answer(call)
        with self._lock:
            self.accepted.update(answer.accepted)
        return answer

    def _ignore(self, wire: Wire, fault: str, length: int) -> None:
        """End a call before its body was read."""
        if fault == "stops_reading":
            wire.hang()
        elif fault == "reset_in_body":
            wire.body(min(length // 2, _SMALL))
            wire.reset()
        elif fault == "early_413":
            wire.say(Answer(status=413, document={"message": "too large"}, headers={"Connection": "close"}))
            wire.drain()

    def _break(self, wire: Wire, fault: str, call: Call) -> bool:
        """End a call whose body was read; return whether the connection goes on."""
        name = fault.removesuffix(ACTED)
        answer = self._act(call) if fault.endswith(ACTED) else Answer(status=200, document={})
        self._count(call)
        if name in ANSWERS:
            wire.say(ANSWERS[name])
            return True
        if name == "garbage":
            wire.sock.sendall(b"\x16\x03\x01 what is this\r\n\r\n")
        elif name.startswith("success"):
            wire.say(answer, missing=100)
        if name.endswith("hang"):
            wire.hang()
        elif name.endswith("reset"):
            wire.reset()
        return False


@contextmanager
def full_pool(http: HttpClient) -> Iterator[None]:
    """Keep the only connection of ``http`` (made with ``connections=1``) busy: the next call gets none in its time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        busy = Request(method="GET", url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread = threading.Thread(target=http.send, args=(busy,), daemon=True)
        thread.start()
        taken, _ = listener.accept()
        try:
            yield
        finally:
            taken.close()
            thread.join()
