"""Dates as sources tell them: a day, a month or a year, never made more exact than they are."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_FORMS = (
    # 2026-12-31, 2026-12, 2026, 2026-12-31T08:00:00Z, 2026/12/31
    re.compile(r"(?P<year>\d{4})(?:[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2})(?:[T ].*)?)?)?"),
    # 20261231, as openFDA writes it
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    # 31/12/2026, as EMA and CTIS write it: the day comes first
    re.compile(r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})(?:[T ].*)?"),
    # 2026 Dec 31, 2026 Dec, as PubMed writes it
    re.compile(r"(?P<year>\d{4}) (?P<month>[A-Za-z]{3,9})\.?(?: (?P<day>\d{1,2}))?"),
    # 31 December 2026, December 2026
    re.compile(r"(?:(?P<day>\d{1,2}) )?(?P<month>[A-Za-z]{3,9})\.?,? (?P<year>\d{4})"),
    # December 31, 2026
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"),
)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date with its precision; ``str`` of it is ISO 8601: ``2026``, ``2026-12`` or ``2026-12-31``."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        parts = (f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None))
        return "-".join(parts)

    @property
    def precision(self) -> Literal["year", "month", "day"]:
        """How exactly the date is known."""
        return "year" if self.month is None else "month" if self.day is None else "day"

    @property
    def words(self) -> str:
        """The date as English prose tells it: ``2026``, ``December 2026`` or ``31 December 2026``."""
        month = MONTHS[self.month - 1] if self.month else ""
        return " ".join(part for part in (str(self.day or ""), month, str(self.year)) if part)

    @property
    def instant(self) -> datetime:
        """The beginning of the period, UTC: to be shown with ``precision`` only."""
        return datetime(self.year, self.month or 1, self.day or 1, tzinfo=UTC)

    @property
    def last_day(self) -> date:
        """The last day that it may mean."""
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])


def read_date(text: str | None) -> PartialDate | None:
    """Read a date in any form that the field's sources use; None for what is none (``Mon, 32 Foo``, ``0001-01-01``).

    Where only digits and slashes tell, the day comes first, as EMA and CTIS write it.
    """
    told = " ".join((text or "").split())
    for form in _FORMS:
        match = form.fullmatch(told)
        if match is None:
            continue
        month, day = _month(match["month"]), match["day"]
        found = PartialDate(int(match["year"]), month, int(day) if day else None)
        return found if _exists(found, told_month=match["month"]) else None
    return None


def _month(text: str | None) -> int | None:
    if text is None or text.isdigit():
        return int(text) if text else None
    # "Dec" and "Sept" are months, "Marvel" is none.
    name = "sep" if text.lower() == "sept" else text.lower()
    return next((number for number, month in enumerate(MONTHS, 1) if month.lower().startswith(name)), None)


def _exists(found: PartialDate, *, told_month: str | None) -> bool:
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR or (told_month and found.month is None):
        return False
    try:
        date(found.year, 1 if found.month is None else found.month, 1 if found.day is None else found.day)
    except ValueError:
        return False
    return True
