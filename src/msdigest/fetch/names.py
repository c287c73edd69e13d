"""The door to dnspython: what the DNS says of a name, and whether it says nothing or nobody said anything."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.name
import dns.resolver

from msdigest.errors import NamesError

if TYPE_CHECKING:
    from collections.abc import Sequence

PORT = 53
# What passes every network in one datagram; what is larger is asked for again over TCP.
_DATAGRAM = 1232
# So many questions in a row are waited for in vain; then whoever asks more is told at once.
_PATIENT = 2


class Resolver:
    """The real ``Names``: asks the machine's own name servers, or one that is handed in."""

    def __init__(self, server: tuple[str, int] | None = None, *, patience: float = 2.0, lifetime: float = 6.0) -> None:
        """Ask nobody yet.

        server: address and port of the one name server to ask. patience: seconds that one server may take.
        lifetime: seconds for one question, with all servers and repetitions.
        """
        self._server = server
        self._patience = patience
        self._lifetime = lifetime
        self._in_vain = 0

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records as ``Names.texts`` says."""
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT"))

    def mx(self, name: str) -> tuple[str, ...]:
        """Return the hosts that take mail as ``Names.mx`` says."""
        records = sorted(self._ask(name, "MX"), key=lambda record: (record.preference, record.exchange))
        return tuple(_told(record.exchange) for record in records)

    def cname(self, name: str) -> str:
        """Return what ``name`` is an alias of."""
        return _told(self._ask(name, "CNAME")[0].target)

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the addresses of a host."""
        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                found += [record.address for record in self._ask(name, kind)]
            except NamesError as error:
                if error.why != "empty":
                    raise
        if not found:
            raise NamesError(name, "empty")
        return tuple(found)

    @cached_property
    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=self._server is None)
        if self._server is not None:
            address, resolver.port = self._server
            resolver.nameservers = [address]
        resolver.timeout, resolver.lifetime = self._patience, self._lifetime
        resolver.cache = dns.resolver.Cache()
        resolver.use_edns(0, 0, _DATAGRAM)
        return resolver

    def _ask(self, name: str, kind: str) -> Sequence[Any]:
        """Ask for records of one kind; there is at least one, else NamesError is raised."""
        if self._in_vain >= _PATIENT:
            raise NamesError(name, "failed")
        try:
            # Whole names: nothing of what this machine calls itself is added.
            records = list(self._resolver.resolve(dns.name.from_text(name), kind, search=False))
        except dns.resolver.LifetimeTimeout as error:
            self._in_vain += 1
            raise NamesError(name, "failed") from error
        except dns.resolver.NoAnswer:
            raise NamesError(name, "empty") from None
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            raise NamesError(name, "unknown") from None
        except (dns.exception.DNSException, OSError) as error:
            raise NamesError(name, "failed") from error
        self._in_vain = 0
        return records


def _told(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True) if name != dns.name.root else ""
