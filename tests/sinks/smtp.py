"""A relay on loopback that speaks SMTP byte by byte, breaks off where a test wants, and knows whom it really accepted.

Raw sockets in threads. Nothing here waits longer than for the other side: silence ends when the client goes, or when
the sink closes.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "digest@mail.example.org", "password of the sink"
FEATURES = ("PIPELINING", "SIZE 10485760", "DSN", "ENHANCEDSTATUSCODES")
OPTIONS = {"security": "none", "connections": "2"}
# What a relay may do instead of answering.
CLOSE, RESET, SILENCE = "close", "reset", "silence"
_RESET_NOW = struct.pack("ii", 1, 0)
_PATH = re.compile(r"(?:FROM|TO):<([^<>]*)>(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One message as it arrived. parameters: what stood behind sender and recipient. content: dots taken out again."""

    sender: str
    recipient: str
    parameters: tuple[str, str]
    content: bytes


class _GoneError(Exception):
    """The client went, or is to be left alone."""


@dataclass(kw_only=True)
class SmtpSink:
    """Listens on 127.0.0.1; ``with SmtpSink() as sink`` gives ``sink.options`` for ``[providers.smtp]``.

    answer: (verb, argument, how often this verb came before) → what is said instead of yes, CLOSE, RESET or SILENCE;
    None = as ever. Verbs beside SMTP's: GREETING, and END for the end of a message's content.
    bad: addresses that are refused. tls: the certificate; implicit: TLS from the first byte. needs_login: before MAIL.
    acts: a message counts as accepted even if the answer to it never leaves. lenient: content is asked for although
    nobody is there to get it.
    """

    answer: Callable[[str, str, int], str | None] = lambda _verb, _argument, _count: None
    bad: set[str] = field(default_factory=set)
    features: tuple[str, ...] = FEATURES
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    acts: bool = False
    lenient: bool = False
    needs_login: bool = False
    mechanisms: str = "PLAIN LOGIN"
    taken: list[Taken] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    verbs: list[str] = field(default_factory=list)
    writes: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self.over, self.lock = threading.Event(), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        # An accept that waits is not ended by closing.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in list(self._threads):
            thread.join()

    @property
    def options(self) -> dict[str, str]:
        security = "none" if self.tls is None else "tls" if self.implicit else "starttls"
        login = {"user": USER, "password": PASSWORD} if self.needs_login else {}
        return OPTIONS | {"host": "127.0.0.1", "port": str(self.port), "security": security} | login

    def hang_up(self) -> None:
        """Close every connection that is open, and return when the sink's side of it has ended."""
        with self.lock:
            open_now, self._open = self._open, []
            threads = self._threads[1:]
        for connection in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,))
            with self.lock:
                self.connections += 1
                self._open.append(connection)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that goes away, or that does not trust our certificate, is what many tests are about.
        with contextlib.suppress(OSError, _GoneError), connection:
            _Session(self, connection).run()


class _Session:
    """One connection: ``sock`` is what is read and written, within TLS or not."""

    def __init__(self, sink: SmtpSink, connection: socket.socket) -> None:
        self.sink, self.sock, self.unread = sink, connection, b""
        self.sender: tuple[str, str] | None = None
        self.recipients: list[tuple[str, str]] = []
        self.known, self.secret = False, sink.implicit

    def run(self) -> None:
        if self.sink.implicit:
            self.secure()
        try:
            self.say("220 relay.example ESMTP", "GREETING")
            while True:
                verb, _, argument = self.line().decode("ascii").partition(" ")
                getattr(self, f"on_{verb.lower()}", self.unknown)(argument)
        finally:
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.close()

    def secure(self) -> None:
        self.sock, self.secret = self.sink.tls.wrap_socket(self.sock, server_side=True), True
        with self.sink.lock:
            self.sink._open.append(self.sock)

    def say(self, usual: str, verb: str, argument: str = "", *, first: Callable[[], None] = lambda: None) -> bool:
        """Answer; tell whether it was the usual answer, before which ``first`` is done."""
        with self.sink.lock:
            count = self.sink.verbs.count(verb)
            self.sink.verbs.append(verb)
        said = self.sink.answer(verb, argument, count)
        if said in {CLOSE, RESET, SILENCE}:
            self.break_off(said)
        if said is None:
            first()
        answer = usual if said is None else said
        self.sock.sendall(f"{answer}\r\n".encode("latin-1"))
        if answer.startswith("421"):
            raise _GoneError
        return said is None and usual[0] in "23"

    def break_off(self, how: str) -> None:
        if how == SILENCE:
            while self.sock.recv(65_536):
                continue
        elif how == RESET:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_NOW)
        raise _GoneError

    def line(self) -> bytes:
        while b"\r\n" not in self.unread:
            self.more()
        line, _, self.unread = self.unread.partition(b"\r\n")
        return line

    def more(self) -> None:
        piece = self.sock.recv(65_536)
        if not piece:
            raise _GoneError
        self.sink.writes.append(piece)
        self.unread += piece

    def unknown(self, argument: str) -> None:
        self.say("500 no such command", "UNKNOWN", argument)

    def on_ehlo(self, argument: str) -> None:
        features = list(self.sink.features)
        if self.sink.tls is not None and not self.secret:
            features.append("STARTTLS")
        elif self.sink.needs_login:
            features.append(f"AUTH {self.sink.mechanisms}")
        self.sender, self.recipients = None, []
        lines = ["relay.example", *features]
        middle = "".join(f"250-{line}\r\n" for line in lines[:-1])
        self.say(f"{middle}250 {lines[-1]}", "EHLO", argument)

    def on_starttls(self, argument: str) -> None:
        if self.say("220 go on" if self.sink.tls is not None else "502 no TLS here", "STARTTLS", argument):
            # Whatever was said in the clear behind the command is nothing.
            self.unread = b""
            self.secure()

    def on_auth(self, argument: str) -> None:
        mechanism, _, first = argument.partition(" ")
        if mechanism == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            user = base64.b64decode(first).decode()
            self.sock.sendall(b"334 " + base64.b64encode(b"Password:") + b"\r\n")
            password = base64.b64decode(self.line()).decode()
        right = (user, password) == (USER, PASSWORD) and self.secret
        self.known = self.say("235 welcome" if right else "535 5.7.8 wrong", "AUTH", mechanism) and right

    def on_mail(self, argument: str) -> None:
        path = _PATH.fullmatch(argument)
        if self.sink.needs_login and not self.known:
            self.say("530 5.7.0 Authentication required", "MAIL", argument)
        elif path is None or self.sender is not None:
            self.say("503 5.5.1 nested or nonsense", "MAIL", argument)
        elif self.say("250 2.1.0 Ok", "MAIL", argument):
            self.sender = (path[1], path[2])

    def on_rcpt(self, argument: str) -> None:
        path = _PATH.fullmatch(argument)
        if path is None or self.sender is None:
            self.say("503 5.5.1 need MAIL first", "RCPT", argument)
        elif path[1] in self.sink.bad:
            self.say(f"550 5.1.1 <{path[1]}>: no such user here", "RCPT", argument)
        elif self.say("250 2.1.5 Ok", "RCPT", argument):
            self.recipients.append((path[1], path[2]))

    def on_data(self, argument: str) -> None:
        if not self.recipients and not self.sink.lenient:
            self.say("554 5.5.1 no valid recipients", "DATA", argument)
        elif self.say("354 go on", "DATA", argument):
            content = self.content()
            sender, people = self.sender, self.recipients
            self.sender, self.recipients = None, []
            if not people:
                self.say("554 5.5.1 no valid recipients", "NOBODY")
                return
            with self.sink.lock:
                number = len(self.sink.taken)
            take = partial(self.take, content, sender, people)
            if self.sink.acts:
                take()
            first = (lambda: None) if self.sink.acts else take
            self.say(f"250 2.0.0 Ok: queued as {number:08X}", "END", first=first)

    def take(self, content: bytes, sender: tuple[str, str], people: list[tuple[str, str]]) -> None:
        with self.sink.lock:
            for address, parameters in people:
                self.sink.accepted[address] += 1
                self.sink.taken.append(
                    Taken(sender=sender[0], recipient=address, parameters=(sender[1], parameters), content=content)
                )

    def content(self) -> bytes:
        while not self.unread.startswith(b".\r\n") and b"\r\n.\r\n" not in self.unread:
            self.more()
        if self.unread.startswith(b".\r\n"):
            self.unread = self.unread[3:]
            return b""
        content, _, self.unread = self.unread.partition(b"\r\n.\r\n")
        content = (content + b"\r\n").replace(b"\r\n..", b"\r\n.")
        return content[1:] if content.startswith(b"..") else content

    def on_rset(self, argument: str) -> None:
        self.sender, self.recipients = None, []
        self.say("250 2.0.0 Ok", "RSET", argument)

    def on_noop(self, argument: str) -> None:
        self.say("250 2.0.0 Ok", "NOOP", argument)

    def on_quit(self, argument: str) -> None:
        self.say("221 2.0.0 Bye", "QUIT", argument)
        raise _GoneError


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for ``name``, a host or an address; return what serves it, and the file that trusts it."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    try:
        alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    # TLS is verified by the machine's own clock.
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return context, file
