"""A source: where entries come from, and what is remembered of the last visit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One row of ``config/sources.toml``.

    id: stable word of the operator, ``[a-z0-9-]+``.
    kind: which collector reads it.
    url: where it is; for an API the base address.
    name: what readers are shown.
    interval: time between two visits; ``None`` = adaptive, beginning with ``usual_interval``.
    own_rhythm: the dates of its entries tell how often it has news; those of a page edited in place do not.
    audience: whom its entries are for: patient, clinician, researcher; empty = everybody.
    evidence: the label of its entries unless one is found, e.g. ``commentary``.
    licence: how much of a text may be shown, e.g. ``link-and-excerpt``.
    note: why it is disabled, or whatever else editors should know.
    entry_kind: what its entries are, where the kind of source alone does not tell, e.g. ``safety``.
    filter: regular expression: only entries in whose title or text it is found are kept.
    min_delay: seconds between two requests to its host. max_bytes: of one answer, unpacked.
    robots: robots.txt is asked before each page. reading: see ``Kind``.
    options: the keys of its kind alone (``content`` and ``stamp`` of a living page), values as ``Option`` says.
    """

    id: str
    kind: str
    url: str
    name: str = ""
    interval: timedelta | None = None
    usual_interval: timedelta = timedelta(hours=1)
    own_rhythm: bool = True
    enabled: bool = True
    audience: tuple[str, ...] = ()
    evidence: str | None = None
    licence: str | None = None
    note: str = ""
    entry_kind: str | None = None
    filter: str | None = None
    min_delay: float = 1.0
    max_bytes: int = 10 * 2**20
    robots: bool = False
    reading: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    def takes(self, title: str, text: str) -> bool:
        """Tell whether the filter lets an entry through."""
        return self.filter is None or re.search(self.filter, f"{title}\n{text}") is not None


# What an option's value is in TOML and in ``Source.options``:
#   text      a string                     pattern   a string that is a regular expression
#   number    int or float                 flag      true or false
#   texts     a list of strings (tuple)    table     a table of strings and numbers (dict)
#   topics    ``topics.KIND`` becomes a tuple of the names of that kind's topics (``topics.dmt``: medicines' INNs)
OptionType = Literal["text", "pattern", "number", "flag", "texts", "table", "topics"]


@dataclass(frozen=True, slots=True)
class Option:
    """One key of ``config/sources.toml`` that only some kinds of source know; ``about``: its sentence.

    check: says what is wrong with a value of the right type, a sentence for each fault. Pure.
    """

    type: OptionType
    about: str
    required: bool = False
    check: Callable[[Any], list[str]] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of source, as its collector's file declares it.

    options: its own keys. min_delay: seconds between two requests to its host unless the source says otherwise.
    interval: time between two visits until the source's own rhythm is known. own_rhythm: see ``Source``.
    robots: it reads pages for people, so robots.txt is asked first. has_url: False for entries typed by an editor.
    max_bytes: of one answer, unpacked. reading: one more whenever its collector watches more than before: what is then
        told for the first time is no news.
    """

    name: str
    options: Mapping[str, Option] = field(default_factory=dict)
    min_delay: float = 1.0
    interval: timedelta = timedelta(hours=1)
    own_rhythm: bool = True
    robots: bool = False
    has_url: bool = True
    max_bytes: int = 10 * 2**20
    reading: int = 1


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave to ask conditionally next time, verbatim with quotes and ``W/``."""

    etag: str | None = None
    last_modified: str | None = None
