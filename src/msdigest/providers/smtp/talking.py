"""One conversation with a relay, in which every wait ends at a deadline; EHLO and AUTH are the standard library's."""

from __future__ import annotations

import re
import smtplib
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING

from msdigest.providers.smtp.phrases import printable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

SHUTTING_DOWN = 421
_LONGEST_LINE, _MOST_LINES = 2_048, 64
_CODE = re.compile(rb"[2-5][0-9]{2}(?:[ -]|$)")


class Talk(smtplib.SMTP):
    """A conversation over ``sock``; ``over`` once nothing more can be said in it.

    deadline: of the clock, in seconds; every wait ends then with TimeoutError. sent: messages that the relay took.
    """

    def __init__(self, sock: socket.socket, name: str, *, clock: Callable[[], float], deadline: float) -> None:
        """Take over a connection; nothing is read yet. ``name`` is what EHLO says who we are."""
        super().__init__(local_hostname=name)
        self.sock: socket.socket | None = sock
        self.clock, self.deadline = clock, deadline
        self.over, self.last_used, self.handed = False, clock(), 0
        self._unread = b""

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer; raises OSError, also for what is none."""
        code, lines = b"", list[bytes]()
        while len(lines) < _MOST_LINES:
            line = self._line()
            if not _CODE.match(line) or (lines and line[:3] != code):
                break
            code = line[:3]
            lines.append(line[4:])
            if line[3:4] != b"-":
                self.last_used = self.clock()
                return int(code), b"\n".join(lines)
        self.over = True
        message = "the relay's answer is none of SMTP"
        raise OSError(message)

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # the library hands over nothing else
        """Write all of it; raises OSError if not all could be."""
        self._connection().sendall(s.encode("ascii") if isinstance(s, str) else s)

    def stays_here(self) -> bool:
        """Tell whether the other end is this very machine."""
        return ip_address(str(self._connection().getpeername()[0]).partition("%")[0]).is_loopback

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Begin TLS, now; raises OSError if it fails or if something was said before it that belongs behind it."""
        if self._unread:
            message = "the relay spoke before TLS began"
            raise OSError(message)
        self.sock = context.wrap_socket(self._connection(), server_hostname=host)
        # What was told in the clear may have been told by anybody (RFC 3207).
        self.ehlo_resp, self.helo_resp, self.esmtp_features, self.does_esmtp = None, None, {}, False

    def idle(self) -> bool:
        """Tell whether nothing was said since the last answer: an end, or a 421, would be."""
        sock = self._connection()
        sock.settimeout(0.0)
        try:
            # Asked of TLS, not of the system: it has records without any content.
            sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return not self._unread
        except OSError:
            return False
        return False

    def code_of_noop(self) -> int:
        """Ask for nothing; return the code of the answer, 0 where none came."""
        try:
            return self.noop()[0]
        except OSError:
            self.over = True
            return 0

    def quit_politely(self) -> None:
        """Take leave, and close; a relay that does not answer is left without a word."""
        try:
            self.send(b"QUIT\r\n")
            self.getreply()
        except OSError:
            self.over = True
        self.drop()

    def drop(self) -> None:
        """Close without a word."""
        self.over = True
        self.close()

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            piece = self._connection().recv(4_096)
            if not piece:
                self.over = True
                message = "the relay closed the connection"
                raise ConnectionError(message)
            self._unread += piece
            if len(self._unread) > _LONGEST_LINE * _MOST_LINES:
                message = "the relay's answer is endless"
                raise OSError(message)
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")

    def _connection(self) -> socket.socket:
        """Return the connection, with what is left of the time."""
        left = self.deadline - self.clock()
        if self.sock is None or left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        return self.sock


def cause(error: OSError) -> str:
    """Return what went wrong in a few words, none of them a person's."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'no reason given'}"
    return printable(error.strerror or str(error) or type(error).__name__)
