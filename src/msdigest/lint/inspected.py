"""What is looked at: messages exactly as they would be sent, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from msdigest.model.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One message exactly as it would be sent.

    variant: its id, e.g. ``en.standard``. which: ``largest``, ``smallest`` or ``median``, of all selections; or
        ``rest``, ``rest 2`` and so on: what the largest has no room for, and others may well get.
    headers: name and value as they are handed to the provider, before folding.
    size: bytes of the whole MIME message. entries: ids of those it holds, in order.
    leave_url: the one of the person it was made for.
    """

    variant: str
    which: str
    language: str
    subject: str
    preheader: str
    headers: tuple[tuple[str, str], ...]
    html: str = field(repr=False)
    text: str = field(repr=False)
    size: int
    entries: tuple[str, ...]
    leave_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """An issue before it goes out.

    entries: by id. inline_css, head_css: the rendered stylesheets of the first variant.
    at, oldest: now, and the beginning of the issue's window: an own date before it is stale.
    archive_html: the public page of the issue. size_cap: the provider's limit for a message, in bytes.
    neutral_words: what must not stand in the headers of a neutral variant.
    """

    specimens: tuple[Specimen, ...]
    entries: Mapping[str, Entry]
    site_url: str
    sender: str
    postal_address: str
    inline_css: str
    head_css: str
    at: datetime
    oldest: datetime
    archive_html: str = ""
    size_cap: int | None = None
    neutral_words: tuple[str, ...] = ()
