"""A registry of people with MS that the community's pages name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One table ``[[registry]]`` of ``config/sources.toml``.

    id: stable word of the operator. name: as it calls itself. owner, region, scope: who keeps it, where, of whom;
    empty = not known. status: active, or archive where nothing new comes.
    """

    id: str
    name: str
    owner: str = ""
    region: str = ""
    scope: str = ""
    status: Literal["active", "archive"] = "active"
