"""Instants for machines: aware, in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(instant: datetime) -> datetime:
    """Return ``instant`` in UTC without fractions of a second; raises ValueError if it has no time zone."""
    if instant.tzinfo is None:
        message = f"{instant.isoformat()} has no time zone"
        raise ValueError(message)
    return instant.astimezone(UTC).replace(microsecond=0)


def rfc3339(instant: datetime) -> str:
    """Return e.g. ``2026-11-18T09:30:15Z``; raises ValueError if ``instant`` has no time zone."""
    return f"{utc(instant):%Y-%m-%dT%H:%M:%SZ}"
