"""What is examined, and what one look tells the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from msdigest.config.settings import Settings
    from msdigest.model.clock import Clock
    from msdigest.ports import Names, Network, Provider, Sandbox
    from msdigest.steps.examining.dmarc import Walk
    from msdigest.steps.examining.machine import Called
    from msdigest.steps.examining.received import Received
    from msdigest.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is looked at, and by what. A part that may refuse to open is opened by the check that looks at it.

    message: a mail as it arrived, headers and all; None: there is none to look at.
    """

    settings: Settings
    clock: Clock
    names: Names
    network: Network
    sandbox: Callable[[], Sandbox]
    database: Callable[[], Database]
    vault: Callable[[], object]
    provider: Callable[[], Provider]
    message: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class Known:
    """What one check finds that another one needs.

    calls: of the provider. mail: the received one. walks: domain → its walk.
    selectors: sender's domain → what the provider tells of its keys' names. places: sender's domain → where they stand.
    """

    calls: list[Called] = field(default_factory=list)
    mail: Received | None = None
    walks: dict[str, Walk] = field(default_factory=dict)
    selectors: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
