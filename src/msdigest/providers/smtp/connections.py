"""Connections to a relay: made with TLS that is verified, kept between batches, and replaced when they were closed."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from smtplib import SMTPAuthenticationError, SMTPException
from threading import Lock
from typing import TYPE_CHECKING

from msdigest.errors import MsdigestError, ProviderError
from msdigest.providers.smtp.phrases import printable
from msdigest.providers.smtp.talking import Talk, cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Seconds. To be connected; to find out that a connection which rested is alive; to say good-bye.
_CONNECTING, _ASKING, _LEAVING = 15.0, 5.0, 2.0
# A connection that rested longer is asked before it is trusted; without a word, the relay may be gone.
_RESTED = 5.0
_SECURITIES = ("starttls", "tls", "none")
_POSITIVE, _TEMPORARY = 2, 4
_NO_MECHANISM = 504


class UnreachedError(MsdigestError):
    """The relay cannot be talked to now; surely nothing was sent."""


class RefusedError(MsdigestError):
    """The relay does not want to be talked to by us."""

    def __init__(self, code: int, words: str) -> None:
        """Carry the relay's own ``code`` and ``words``."""
        self.code, self.words = code, words
        super().__init__(f"{code} {words}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where and how a relay is talked to.

    security: ``starttls`` = TLS begins on a plain connection, and nothing is said without it; ``tls`` = from the first
    byte; ``none`` = only to this machine itself, and never with credentials.
    """

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(repr=False, default="")

    @classmethod
    def read(cls, options: Mapping[str, str]) -> Relay:
        """Read ``[providers.smtp]``; raises ProviderError for what must not be."""
        made = cls(
            host=options["host"],
            port=int(options.get("port", "587")),
            security=options.get("security", "starttls"),
            user=options.get("user", ""),
            password=options.get("password", ""),
        )
        if made.security not in _SECURITIES:
            message = f"[providers.smtp] security is one of {', '.join(_SECURITIES)}"
            raise ProviderError(message)
        if bool(made.user) != bool(made.password):
            message = "[providers.smtp] takes user and password together, or neither"
            raise ProviderError(message)
        if made.user and made.security == "none":
            message = "[providers.smtp] never says a password without TLS: set security to starttls or tls"
            raise ProviderError(message)
        return made

    def __str__(self) -> str:
        return f"smtp://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Pool:
    """Keeps conversations that are not used at the moment; any number of threads may take them."""

    def __init__(self, relay: Relay, clock: Callable[[], float] = time.monotonic) -> None:
        """Take where to connect to; nothing is connected before it is needed."""
        self.relay, self.clock = relay, clock
        self._resting: list[Talk] = []
        self._lock = Lock()

    @contextmanager
    def talking(self, name: str, *, deadline: float, fresh: bool = False) -> Iterator[Talk]:
        """Lend a conversation that must end by ``deadline``; it rests afterwards, unless it is over.

        name: who we say that we are. fresh: do not take one that was used before.
        Raises UnreachedError and RefusedError.
        """
        talk = None if fresh else self._rested(deadline)
        talk = talk or self._connected(name, deadline)
        try:
            yield talk
        except BaseException:
            talk.drop()
            raise
        self._put_back(talk)

    def close(self) -> None:
        """Take leave of the relay on all connections that rest."""
        with self._lock:
            resting, self._resting = self._resting, []
        for talk in resting:
            talk.deadline = self.clock() + _LEAVING
            talk.quit_politely()

    def _put_back(self, talk: Talk) -> None:
        if talk.over:
            talk.drop()
            return
        with self._lock:
            self._resting.append(talk)

    def _rested(self, deadline: float) -> Talk | None:
        """Return a conversation that rested, if one is left that the relay did not end."""
        while True:
            with self._lock:
                if not self._resting:
                    return None
                talk = self._resting.pop()
            if self._alive(talk):
                talk.deadline = deadline
                return talk
            talk.drop()

    def _alive(self, talk: Talk) -> bool:
        talk.deadline = self.clock() + _ASKING
        lately = self.clock() - talk.last_used < _RESTED
        return talk.idle() and (lately or talk.code_of_noop() // 100 == _POSITIVE)

    def _connected(self, name: str, deadline: float) -> Talk:
        relay = self.relay
        try:
            sock = socket.create_connection((relay.host, relay.port), timeout=_CONNECTING)
        except (OSError, UnicodeError) as error:
            reason = cause(error) if isinstance(error, OSError) else "its name is no name of a host"
            message = f"{relay} cannot be reached: {reason}"
            raise UnreachedError(message) from error
        talk = Talk(sock, name, clock=self.clock, deadline=deadline)
        try:
            # A write is followed by a read, so there is nothing to collect small pieces for.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._begin(talk)
        except OSError as error:
            talk.drop()
            message = f"{relay} cannot be talked to: {cause(error)}"
            raise UnreachedError(message) from error
        except BaseException:
            talk.drop()
            raise
        return talk

    def _begin(self, talk: Talk) -> None:
        """Greet, begin TLS and prove who we are."""
        relay = self.relay
        if relay.security == "none" and not talk.stays_here():
            message = f"{relay} is not this machine: set [providers.smtp] security to starttls or tls"
            raise ProviderError(message)
        if relay.security == "tls":
            talk.secure(self._context, relay.host)
        _expect(talk.getreply())
        _expect(talk.ehlo())
        if relay.security == "starttls":
            if not talk.has_extn("starttls"):
                message = f"{relay} offers no TLS (STARTTLS), and without it nothing is said"
                raise UnreachedError(message)
            _expect(talk.docmd("STARTTLS"))
            talk.secure(self._context, relay.host)
            _expect(talk.ehlo())
        if relay.user:
            _authenticate(talk, relay)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _expect(answer: tuple[int, bytes]) -> None:
    """Raise for an answer that is no yes."""
    code, words = answer
    if code // 100 == _TEMPORARY:
        message = f"the relay asks to come back later: {code} {printable(words)}"
        raise UnreachedError(message)
    if code // 100 != _POSITIVE:
        raise RefusedError(code, printable(words))


def _authenticate(talk: Talk, relay: Relay) -> None:
    try:
        talk.login(relay.user, relay.password)
    except SMTPAuthenticationError as error:
        words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        _expect((error.smtp_code, words))
        raise
    except UnicodeEncodeError:
        # Not chained: the error holds the password.
        message = "[providers.smtp] user and password can hold letters of ASCII only"
        raise ProviderError(message) from None
    except SMTPException as error:
        raise RefusedError(_NO_MECHANISM, "it offers no way of AUTH that msdigest knows") from error
