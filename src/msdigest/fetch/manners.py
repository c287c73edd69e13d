"""How one source is visited: what its collector may do on the network, and how slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from msdigest.ports import NO_VALIDATORS

if TYPE_CHECKING:
    from msdigest.model.source import Validators
    from msdigest.ports import Reply


@dataclass(frozen=True, slots=True)
class Manners:
    """What holds for the requests of one source.

    source_url: the address that the operator wrote down: a port that it names is allowed.
    gap: seconds between two requests to its host; None = the client's own.
    max_bytes: of an unpacked body; None = the client's own. robots: ask robots.txt first.
    """

    source_url: str | None = None
    gap: float | None = None
    max_bytes: int | None = None
    robots: bool = False


USUAL = Manners()


class Client(Protocol):
    """What ``Visit`` needs of a client."""

    def get(self, url: str, *, validators: Validators, accept: str, manners: Manners) -> Reply:
        """Fetch an address."""
        ...

    def post(self, url: str, *, body: bytes, content_type: str, accept: str, manners: Manners) -> Reply:
        """Ask with a body."""
        ...


@dataclass(frozen=True, slots=True)
class Visit:
    """The ``Http`` of one source: its collector cannot forget its manners."""

    client: Client
    manners: Manners

    def get(self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "*/*") -> Reply:
        """Fetch ``url`` as ``Http.get`` says."""
        return self.client.get(url, validators=validators, accept=accept, manners=self.manners)

    def post(self, url: str, *, body: bytes, content_type: str, accept: str = "*/*") -> Reply:
        """Ask ``url`` as ``Http.post`` says."""
        return self.client.post(url, body=body, content_type=content_type, accept=accept, manners=self.manners)
