"""What is remembered of each source between two visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from msdigest.model.source import Source, Validators
from msdigest.store.schema import sources

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The last visit and the next.

    status: ok, unchanged, waiting, held, failed; ``new`` before the first visit.
    error: one sentence for a volunteer; None after a success.
    failures: visits that failed in a row.
    not_before: the server asked not to be visited earlier.
    """

    id: str
    url: str
    validators: Validators = field(default_factory=Validators)
    body_hash: str | None = None
    status: str = "new"
    error: str | None = None
    failures: int = 0
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None
    next_check: datetime | None = None
    not_before: datetime | None = None


def states(connection: Connection) -> dict[str, SourceState]:
    """Return what is known of every source that was ever visited, by id."""
    return {
        row.id: SourceState(
            id=row.id,
            url=row.url,
            validators=Validators(row.etag, row.last_modified),
            body_hash=row.body_hash,
            status=row.status,
            error=row.error,
            failures=row.failures,
            last_attempt=row.last_attempt,
            last_success=row.last_success,
            last_new=row.last_new,
            next_check=row.next_check,
            not_before=row.not_before,
        )
        for row in connection.execute(select(sources))
    }


def remember(connection: Connection, source: Source, state: SourceState) -> None:
    """Keep ``state`` as what is known of ``source``."""
    values: dict[str, Any] = {
        "kind": source.kind,
        "url": source.url,
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.body_hash,
        "status": state.status,
        "error": state.error,
        "failures": state.failures,
        "last_attempt": state.last_attempt,
        "last_success": state.last_success,
        "last_new": state.last_new,
        "next_check": state.next_check,
        "not_before": state.not_before,
    }
    changed = connection.execute(update(sources).where(sources.c.id == source.id).values(**values))
    if not changed.rowcount:
        connection.execute(insert(sources).values(id=source.id, **values))
