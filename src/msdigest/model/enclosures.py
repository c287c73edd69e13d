"""The files of an entry, told in two places: beside its text, and by the players within it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msdigest.model.entry import Enclosure


def is_recording(files: Iterable[Enclosure]) -> bool:
    """Tell whether one of the ``files`` is a sound or a film."""
    return any(file.type.startswith(("audio/", "video/")) for file in files)


def joined(told: Iterable[Enclosure], played: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """Return the files ``told`` beside a text and those ``played`` in it, each once; what one lacks the other fills."""
    found: dict[str, Enclosure] = {}
    for file in (*told, *played):
        place = without_scheme(file.url)
        found[place] = _filled(found[place], file) if place in found else file
    return tuple(found.values())


def without_scheme(url: str) -> str:
    """Return what makes the address of a file one and the same: a site that moved to https has no new files."""
    return url.partition("://")[2] or url


def _filled(one: Enclosure, other: Enclosure) -> Enclosure:
    return replace(
        one,
        type=max(one.type, other.type, key=_exactness),
        length=one.length if one.length is not None else other.length,
        duration=one.duration if one.duration is not None else other.duration,
    )


def _exactness(kind: str) -> int:
    """Rank ``audio/mpeg`` before ``audio/*``, and both before ``application/octet-stream``."""
    heard = kind.startswith(("audio/", "video/"))
    return heard + (heard and not kind.endswith("/*"))
