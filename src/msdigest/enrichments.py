"""The enrichments in their order: disclosures leave the body before all else is read from it."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.enrich import disclosures, events, identifiers, topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.entry import Entry
    from msdigest.model.topic import Vocabulary
    from msdigest.ports import Enrichment


@lru_cache(maxsize=4)
def in_order(vocabulary: Vocabulary) -> Sequence[Enrichment]:
    """Return what is said about each entry, one line an enrichment."""
    return (
        disclosures.enrich,
        events.enrich,
        identifiers.enrich,
        topics.enricher(vocabulary),
    )


def enriched(vocabulary: bytes, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return ``entries`` with all that can be known from each alone. Pure: it runs in the sandbox.

    ``vocabulary``: as ``packed`` made it; the process that gets it unpacks it once.
    """
    done = []
    for entry in entries:
        more = entry
        for enrich in _in_order_of(vocabulary):
            more = enrich(more)
        done.append(more)
    return tuple(done)


def packed(vocabulary: Vocabulary) -> bytes:
    """Return ``vocabulary`` as ``enriched`` takes it."""
    return pickle.dumps(vocabulary)


@lru_cache(maxsize=4)
def _in_order_of(vocabulary: bytes) -> Sequence[Enrichment]:
    return in_order(pickle.loads(vocabulary))  # noqa: S301 - the operator's own configuration, packed by ourselves
