"""What visits came to: for the editor, for scripts, and for the next visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.errors import CollectError, FetchError
    from msdigest.model.source import Source
    from msdigest.ports import Collected
    from msdigest.store.keeping import Found
    from msdigest.store.sources import SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one visit came to.

    status: ok, unchanged, waiting (asked not to come yet), held (an editor has to look), failed.
    new, changed, unchanged: entries; ``new`` is counted at the source that saw an entry first.
    failed: 1 if the visit failed. warnings: sentences for the editor.
    """

    id: str
    status: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A visit on its way from the visitor threads to the one thread that keeps.

    source: with the address that was asked. read_as: fingerprint of the rules by which it was read.
    rereading: these rules are others than before. looked_at: keys of what was held and an editor takes now; "" = all
    that the source showed.
    """

    source: Source
    state: SourceState
    read_as: str
    rereading: bool
    looked_at: frozenset[str]
    result: Collected | FetchError | CollectError
    found: Sequence[Found] = ()
    doubtful: Sequence[Found] = ()


def reason(found: Found) -> str:
    """Return why something is held, as the editor reads it: all doubts about it."""
    return " ".join(found.entry.doubts)
