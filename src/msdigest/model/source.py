"""A source: where entries come from, and what is remembered of the last visit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One row of ``config/sources.toml``.

    id: stable word of the operator, ``[a-z0-9-]+``.
    kind: which collector reads it.
    url: where it is; for an API the base address.
    name: what readers are shown.
    interval: time between two visits; ``None`` = adaptive.
    audience: whom its entries are for: patient, clinician, researcher; empty = everybody.
    evidence: the label of its entries unless one is found, e.g. ``commentary``.
    licence: how much of a text may be shown, e.g. ``link-and-excerpt``.
    options: the keys of its kind alone (``content`` and ``stamp`` of a living page).
    """

    id: str
    kind: str
    url: str
    name: str = ""
    interval: timedelta | None = None
    enabled: bool = True
    audience: tuple[str, ...] = ()
    evidence: str | None = None
    licence: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave to ask conditionally next time, verbatim with quotes and ``W/``."""

    etag: str | None = None
    last_modified: str | None = None
