"""One connection of a loopback server, read by the call and broken on purpose."""

from __future__ import annotations

import select
import socket
import struct
from urllib.parse import parse_qsl, urlsplit

from tests.sinks.service import Answer, Call

_REASONS = {200: "OK", 201: "Created", 202: "Accepted"}
_RESET = struct.pack("ii", 1, 0)
_PIECE = 65_536


class GoneError(Exception):
    """The other side closed the connection."""


class Wire:
    """One connection: read by the call, broken on purpose."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._read = bytearray()

    def head(self) -> tuple[Call, int]:
        """Return the next call without its body, and how long that is; raises GoneError."""
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            self._more()
        first, *lines = bytes(self._read[:end]).decode("latin-1").split("\r\n")
        del self._read[: end + 4]
        method, target, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        call = Call(method=method, path=url.path, query=query, headers=headers)
        return call, int(headers.get("content-length", "0"))

    def body(self, length: int) -> bytes:
        """Read a body of ``length`` bytes; raises GoneError."""
        while len(self._read) < length:
            self._more()
        taken = bytes(self._read[:length])
        del self._read[:length]
        return taken

    def say(self, answer: Answer, *, missing: int = 0, last: bool = False) -> None:
        """Write an answer, whose body is announced ``missing`` bytes longer than it is; ``last``: and end our side."""
        body = answer.body
        given = {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(body) + missing)}
        head = f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'As Told')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in given.items())
        # The end travels with the last bytes: who has read them must find the connection closed.
        self.sock.sendall(head.encode("latin-1") + b"\r\n" + body, socket.MSG_MORE if last else 0)
        if last:
            self.sock.shutdown(socket.SHUT_WR)

    def drain(self) -> None:
        """End our side and read on until the other one ends: a close over unread bytes would take back our words."""
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(_PIECE):
            continue

    def hang(self) -> None:
        """Do nothing at all until the other side goes or the engine closes."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        poll.poll()

    def reset(self) -> None:
        """Make the close that follows a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _more(self) -> None:
        piece = self.sock.recv(_PIECE)
        if not piece:
            raise GoneError
        self._read += piece
