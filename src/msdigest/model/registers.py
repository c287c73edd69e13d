"""When a register is asked for everything again, and when for what changed. The register's own clock counts, too."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A query that finds so few is asked for all of them each time: one short answer, and nothing can slip through.
FEW = 50
# Registers turn a status by themselves and leave the record's date as it is.
SWEEP = timedelta(days=30)


def register_of(url: str) -> str:
    """Return the base address of a register, whether or not ``url`` leads on to its interface."""
    return re.split(r"/(?:api|ctis-public(?:-api)?)(?:/|$)", url, maxsplit=1)[0].rstrip("/")


def asked_since(since: datetime | None, notes: Mapping[str, str], *, query: str, now: datetime) -> datetime | None:
    """Return from when on changed records are to be asked for; None = all records, as on the first visit.

    since: the last visit. notes: what ``asked`` noted then. All are asked for if the query is another one, if it finds
    only a few, and every 30 days.
    """
    swept, found = _noted(notes, "swept"), notes.get("found", "")
    few = found.isdecimal() and int(found) <= FEW
    if since is None or swept is None or now - swept >= SWEEP or few or notes.get("query") != query:
        return None
    return min(since, _noted(notes, "served") or since)


def asked(
    notes: Mapping[str, str], *, query: str, served: str | None, now: datetime, found: int | None
) -> dict[str, str]:
    """Return what ``asked_since`` is to be told at the next visit.

    served: the Date header of the answer. found: how many trials there are; None = only changed ones were asked for.
    """
    told = _http_date(served)
    kept = {name: notes[name] for name in ("found", "swept") if name in notes}
    whole = {} if found is None else {"found": str(found), "swept": now.isoformat()}
    return kept | whole | {"query": query} | ({"served": told.isoformat()} if told else {})


def pause(notes: Mapping[str, str], served: str | None) -> timedelta | None:
    """Return the time between the last answer and one of now by the register's clock; None if it tells none."""
    before, after = _noted(notes, "served"), _http_date(served)
    return after - before if before and after else None


def _noted(notes: Mapping[str, str], name: str) -> datetime | None:
    return datetime.fromisoformat(notes[name]) if name in notes else None


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
