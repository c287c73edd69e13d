"""When a row was first published and last changed; a date that cannot be is left out and told to the editor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msdigest.collect.dataset.entries import FIRST, LAST
from msdigest.model.dates import PartialDate, read_date

if TYPE_CHECKING:
    from msdigest.collect.dataset.described import Columns
    from msdigest.collect.dataset.entries import Row

# A clock that is a little wrong is forgiven; a date further ahead is none.
_FUTURE_ALLOWED = timedelta(days=1)
_EPOCH = re.compile(r"(?P<seconds>\d{10})(?:\d{3})?(?:\.\d+)?")
_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The two dates of a row, and a sentence for each column whose date cannot be."""

    first: PartialDate | None
    last: PartialDate | None
    warnings: tuple[str, ...]


def days_of(row: Row, columns: Columns, *, title: str, now: datetime) -> Days:
    """Read the described columns of dates, else those that are named like them."""
    warnings = []

    def day(column: str) -> PartialDate | None:
        text = row.text(column)
        found = _day(text, columns.date_format)
        ahead = found is not None and found.instant > now + _FUTURE_ALLOWED
        if text and (found is None or ahead):
            wrong = "lies in the future" if ahead else "is no date"
            warnings.append(f"{title}: {column} {text[:_LONGEST_QUOTE]!r} {wrong} and was left out.")
        return None if ahead else found

    first, last = day(columns.date or row.named(FIRST)), day(columns.updated or row.named(LAST))
    return Days(first=first, last=last, warnings=tuple(warnings))


def _day(text: str, form: str | None) -> PartialDate | None:
    if form:
        return _formed(text, form)
    if epoch := _EPOCH.fullmatch(text):
        moment = datetime.fromtimestamp(int(epoch["seconds"]), UTC)
        return PartialDate(moment.year, moment.month, moment.day)
    return read_date(text)


def _formed(text: str, form: str) -> PartialDate | None:
    try:
        found = datetime.strptime(text, form)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    month = found.month if re.search(r"%-?[mbBjcx]", form) else None
    day = found.day if month and re.search(r"%-?[djcx]", form) else None
    return read_date(str(PartialDate(found.year, month, day)))
