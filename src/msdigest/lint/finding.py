"""What a check says: one fault or remark, in words that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# error: the issue does not go out. warning: somebody should look. info: good to know.
Level = Literal["error", "warning", "info"]
Part = Literal["html", "text", "headers", "style", "issue"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found.

    id: the check's, e.g. ``size.clip``.
    place: where, in words a person understands: ``HTML part of the largest selection``, ``entry "Title"``,
        ``head.css line 4``.
    entry: id of the entry concerned, or empty. variant: id of the variant, or empty where it concerns all.
    excerpt: the few characters that it is about, or empty; never a token or an address of a person.
    way_out: what to do, a sentence.
    """

    id: str
    level: Level
    message: str
    place: str
    part: Part = "html"
    entry: str = ""
    variant: str = ""
    excerpt: str = ""
    way_out: str = ""
