"""Which addresses a source may be fetched from, decided where the connection is made.

A check before the request would not do: redirects lead elsewhere and a name may change its answer between
the check and the connection. ``Exchange`` calls ``Guard.rule`` with the addresses it is about to use.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING

from msdigest.fetch.exchange import RefusedAddress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.network import Address, Allowed

WEB_PORTS = frozenset({80, 443})

# The standard library (3.11) calls these global, or did so in some version: IETF protocol assignments,
# the withdrawn 6to4 relays.
_NOT_FOR_US = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"))
# All unicast addresses that are given out lie here; documentation inside it is newer than Python 3.11.
_GIVEN_OUT = ip_network("2000::/3")
_DOCUMENTATION = ip_network("3fff::/20")
# Behind a NAT64 gateway (IPv6-only hosts) the IPv4 world is seen through this; the local-use 64:ff9b:1::/48
# lies outside of what is given out and is refused, because where its IPv4 address stands is not known.
_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Tell whether ``address`` is on the public internet, whichever way an IPv4 address is wrapped in it."""
    if isinstance(address, IPv4Address):
        reserved = address.is_multicast or any(address in network for network in _NOT_FOR_US)
        return address.is_global and not reserved
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and address in _GIVEN_OUT and address not in _DOCUMENTATION


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that ``address`` leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True, slots=True)
class Guard:
    """The rule for one source.

    allowed: what the operator listed in ``[fetch] allow_private``.
    named: host and port that the operator wrote down as the source's address.
    """

    allowed: Sequence[Allowed]
    named: tuple[str, int] | None = None

    def rule(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        """Raise RefusedAddress if any of ``addresses`` may not be asked, or not on this port."""
        for address in addresses:
            if any(entry.covers(address, port) for entry in self.allowed):
                continue
            if not is_public(address):
                named = host if host.strip("[]") == str(address) else f"{host} is {address}, which"
                way_out = f'list "{_entry(address, port)}" in [fetch] allow_private if you mean it'
                message = f"{named} is private or reserved: {way_out}"
                raise RefusedAddress(message)
            if port not in WEB_PORTS and self.named != (host, port):
                message = f"port {port} of {host} is neither in the source's url nor in [fetch] allow_private"
                raise RefusedAddress(message)


def _entry(address: Address, port: int) -> str:
    """Return the line of ``allow_private`` that covers ``address`` on ``port``."""
    inner = getattr(address, "ipv4_mapped", None) or address
    return f"[{inner}]:{port}" if isinstance(inner, IPv6Address) else f"{inner}:{port}"
