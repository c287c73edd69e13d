"""One conversation with a relay: every wait ends at a deadline, and what is written is one message at a time.

Greeting words, EHLO and AUTH are the standard library's; reading answers and handing over messages is done here, for
there it is where time is lost and where a broken connection must tell "surely not sent" from "perhaps sent".
"""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from msdigest.providers.smtp.phrases import printable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

# How far a message came: its sender was named, its recipient, its content begun, its content ended.
Stage = Literal["begun", "mail", "rcpt", "data", "end"]

SHUTTING_DOWN = 421
TOO_LARGE = 552
_GO_AHEAD = 354
_PERMANENT = 5
_LONGEST_LINE, _MOST_LINES = 2_048, 64
_CODE = re.compile(rb"[2-5][0-9]{2}(?:[ -]|$)")
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
# What xtext (RFC 3461) writes as it is.
_XTEXT = re.compile(r"[^!-*,-<>-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message with its envelope; ``content``: as ``render/mime.py`` wrote it."""

    delivery: str
    sender: str
    address: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was answered, and at which stage; code 0: nothing was, ``words`` says why."""

    stage: Stage
    code: int
    words: str = field(repr=False)


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

    def hand(self, parcel: Parcel) -> Told:
        """Hand over one message, and return where it ended; raises nothing for a broken connection."""
        limit = self.esmtp_features.get("size", "")
        if limit.isascii() and limit.isdigit() and 0 < int(limit[:12]) < len(parcel.content):
            return Told(stage="begun", code=TOO_LARGE, words=f"the relay takes messages of {limit[:12]} bytes")
        stage: Stage = "mail"
        try:
            refused = self._offer(parcel)
            if refused is not None:
                return refused
            # A write that fails has not written the last line, and without that no relay acts on a message.
            stage = "data"
            self.send(transparent(parcel.content))
            stage = "end"
            code, words = self.getreply()
        except OSError as error:
            self.over = True
            return Told(stage=stage, code=0, words=cause(error))
        self.over = self.over or code == SHUTTING_DOWN
        self.handed += 1
        return Told(stage=stage, code=code, words=printable(words))

    def _offer(self, parcel: Parcel) -> Told | None:
        """Name sender and recipient, and ask for the content; return the answer that was no yes."""
        answers = self._answers(self._envelope(parcel))
        for stage, wanted, (code, words) in zip(("mail", "rcpt", "data"), (2, 2, 3), answers, strict=False):
            if code // 100 != wanted:
                refused = Told(stage=stage, code=code, words=printable(words))  # type: ignore[arg-type]  # one of these
                self._take_back(refused, rest=[code for code, _ in answers])
                return refused
        return None

    def _answers(self, commands: list[bytes]) -> list[tuple[int, bytes]]:
        """Say all commands at once where the relay allows it (RFC 2920): two round trips a message, not four."""
        if self.has_extn("pipelining"):
            self.send(b"".join(commands))
            return list(self._read(len(commands)))
        answers: list[tuple[int, bytes]] = []
        for command in commands:
            self.send(command)
            answers += self._read(1)
            if answers[-1][0] // 100 not in {2, 3}:
                break
        return answers

    def _read(self, count: int) -> Iterator[tuple[int, bytes]]:
        for _ in range(count):
            code, words = self.getreply()
            yield code, words
            if code == SHUTTING_DOWN:
                self.over = True
                return

    def _envelope(self, parcel: Parcel) -> list[bytes]:
        mail, rcpt = f"MAIL FROM:<{parcel.sender}>", f"RCPT TO:<{parcel.address}>"
        if self.has_extn("size"):
            mail += f" SIZE={len(parcel.content)}"
        if self.has_extn("dsn"):
            mail += f" RET=HDRS ENVID={xtext(parcel.delivery)}"
            rcpt += f" NOTIFY=FAILURE,DELAY ORCPT=rfc822;{xtext(parcel.address)}"
        return [f"{mail}\r\n".encode("ascii"), f"{rcpt}\r\n".encode("ascii"), b"DATA\r\n"]

    def _take_back(self, refused: Told, *, rest: list[int]) -> None:
        """Make the conversation ready for the next message; where that fails it is over, and the refusal stands."""
        if self.over:
            return
        try:
            # A relay may ask for content although it has nobody to give it to: then that is nothing (RFC 2920).
            self.send(b".\r\n" if rest[-1] == _GO_AHEAD else b"RSET\r\n")
            code, _ = self.getreply()
        except OSError:
            self.over = True
        else:
            # The next message has the same sender; only its size is its own.
            hopeless = refused.stage == "mail" and refused.code // 100 == _PERMANENT and refused.code != TOO_LARGE
            self.over = hopeless or code == SHUTTING_DOWN

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


def transparent(content: bytes) -> bytes:
    r"""Return a message's content as it is written: lines end with CR LF and nothing else, and it ends with a dot.

    A lone CR or LF is an end of a line to some servers and none to others; with a dot behind it, it would end the
    message for some, and what follows would be commands ("SMTP smuggling").
    """
    ends = content.count(b"\r\n")
    if content.count(b"\n") != ends or content.count(b"\r") != ends:
        content = _END_OF_LINE.sub(b"\r\n", content)
    content = content.replace(b"\r\n.", b"\r\n..")
    return b"".join(
        (b"." if content.startswith(b".") else b"", content, b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")
    )


def xtext(value: str) -> str:
    """Write a value of RFC 3461."""
    return _XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", value)


def cause(error: OSError) -> str:
    """Return what went wrong in a few words, none of them a person's."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'no reason given'}"
    return printable(error.strerror or str(error) or type(error).__name__)
