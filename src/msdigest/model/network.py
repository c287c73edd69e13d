"""Which private addresses the operator allows: one line of ``[fetch] allow_private``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<v4>[^:\[\]]*)):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_FORMS = "write a network (10.0.0.0/8), an address (10.1.2.3) or an address with its port (127.0.0.1:8900, [::1]:8900)"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Addresses that may be fetched from although they are private.

    port: the only one that is allowed there; ``None`` = every port.
    """

    network: Network
    port: int | None = None

    def covers(self, address: Address, port: int) -> bool:
        """Tell whether ``address`` may be asked on ``port``; an IPv4 address inside IPv6 counts as itself."""
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return (inner or address) in self.network and self.port in {None, port}


def parse_allowed(text: str) -> Allowed:
    """Read a network, an address, or ``address:port``; raises ValueError with a sentence that says what is allowed."""
    match = _WITH_PORT.fullmatch(text.strip())
    try:
        if match is None:
            return Allowed(ip_network(text.strip().removeprefix("[").removesuffix("]")))
        network = ip_network(ip_address(match["v6"] or match["v4"]))
    except ValueError as error:
        hint = "host bits are set" if "host bits" in str(error) else "no such address"
        message = f"{text!r} is not understood ({hint}): {_FORMS}"
        raise ValueError(message) from None
    if not 0 < int(match["port"]) <= _LAST_PORT:
        message = f"{text!r} names no port between 1 and {_LAST_PORT}"
        raise ValueError(message)
    return Allowed(network, int(match["port"]))
