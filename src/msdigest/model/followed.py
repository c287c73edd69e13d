"""Which sources other programs can follow, too, and under which address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msdigest.model.source import Source


def feed_of(source: Source) -> str:
    """Return the address of the feed that a source has; empty if it has none."""
    if source.kind == "feed":
        return source.url
    # Every WordPress site has one there.
    return f"{source.url.rstrip('/')}/feed/" if source.kind == "wordpress" else ""
