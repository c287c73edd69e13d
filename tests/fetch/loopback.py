"""A server on loopback that behaves as a test wants, and ends with it."""

from __future__ import annotations

import contextlib
import socket
import struct
from threading import Event, Lock, Thread

TIMES_UP = 10


class Server:
    """Accepts connections and leaves each to ``behave(connection, server)`` in a thread of its own.

    heads: the requests' first lines and headers as they came. over: set when the test is over.
    """

    def __init__(self, behave, host="127.0.0.1", port=0, tls=None):
        self.behave, self.tls = behave, tls
        self.heads: list[bytes] = []
        self.accepted = 0
        self.over = Event()
        self._lock = Lock()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server((host, port))
        self.host, self.port = self._listener.getsockname()[:2]
        self.url = f"http://{self.host}:{self.port}"
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = Thread(target=self._serve, args=(connection,))
            with self._lock:
                self.accepted += 1
                self._threads.append(thread)
                self._connections.append(connection)
            thread.start()

    def _serve(self, connection):
        # A client that goes away is what many of these tests are about.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(TIMES_UP)
            if self.tls is None:
                self.behave(connection, self)
            else:
                with self.tls.wrap_socket(connection, server_side=True) as inside:
                    self.behave(inside, self)

    def head(self, connection) -> bytes:
        """Read one request's head, byte by byte so that the body stays unread."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            if not byte:
                return b""
            head += byte
        with self._lock:
            self.heads.append(head)
        return head

    def body(self, connection, head: bytes) -> bytes:
        """Read the body that belongs to ``head``."""
        size = int(dict(_fields(head)).get("content-length", 0))
        body = b""
        while len(body) < size:
            body += connection.recv(65536)
        return body

    def fields(self, index=-1) -> dict[str, str]:
        """Return the headers of one request."""
        return dict(_fields(self.heads[index]))

    def close(self):
        self.over.set()
        # Closing alone does not wake the threads that accept and read.
        for waiting in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(TIMES_UP)
            assert not thread.is_alive()


def _fields(head: bytes):
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            yield name.lower(), value.strip()


def answer(status="200 OK", body=b"", **headers) -> bytes:
    """Write an answer; ``content_type="x"`` becomes a header."""
    fields = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def site(pages):
    """Behave like a web server that keeps connections open: ``{path: answer}``."""

    def behave(connection, server):
        while head := server.head(connection):
            server.body(connection, head)
            path = head.split()[1].decode()
            connection.sendall(pages.get(path) or answer("404 Not Found", b"nothing here"))

    return behave


def reset(connection):
    """Close ``connection`` the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
