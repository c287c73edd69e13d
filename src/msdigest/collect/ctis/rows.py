"""Reads what CTIS tells of many trials at once: pages of its search, and its feed of the last days. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msdigest.errors import AnswerError
from msdigest.markup.blocks import plain
from msdigest.markup.records import read_records
from msdigest.markup.values import line_at, lines_at, number_at, read_json, records_at
from msdigest.model.dates import read_date

if TYPE_CHECKING:
    from msdigest.markup.records import Record
    from msdigest.model.dates import PartialDate

# What the codes of the public status mean, in the register's own words.
STATUSES = {
    1: "under evaluation",
    2: "authorised, recruitment pending",
    3: "authorised, recruiting",
    4: "ongoing, recruiting",
    5: "ongoing, recruitment ended",
    6: "temporarily halted",
    7: "suspended",
    8: "ended",
    9: "expired",
    10: "revoked",
    11: "not authorised",
    12: "cancelled",
}
# The last pair of digits counts the applications for one trial.
NUMBER = re.compile(r"(?<![0-9-])(20[2-9][0-9]-5[0-9]{5}-[0-9]{2})-([0-9]{2})(?![0-9-])")
_DATE = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the search tells of one trial.

    key: its number without the count of applications. status: code of ``STATUSES``, also one that is not in there.
    decided: the first decision of any country. start, end: in the EU, as told. results: ``yes``, ``no`` or empty.
    """

    number: str
    key: str
    status: int | None
    updated: PartialDate | None
    decided: PartialDate | None
    start: PartialDate | None
    end: PartialDate | None
    results: str
    title: str
    short_title: str
    phase: str
    people: int | None
    sponsor: str
    conditions: tuple[str, ...]
    products: tuple[str, ...]
    countries: tuple[str, ...]

    @property
    def state(self) -> str:
        """By another state at a later visit it is seen that the record must be read again.

        Not by the day alone: a record may change twice on one day.
        """
        return f"{self.updated} {self.status} {self.results}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One page of a search; nameless: how many rows have no number."""

    rows: tuple[Row, ...]
    pages: int
    nameless: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What the feed tells of one trial; ``state`` is how a row's state begins, empty if that is not told."""

    key: str
    state: str


def read_rows(body: bytes, url: str) -> Rows:
    """Read one page of a search. Pure; raises AnswerError."""
    told = read_json(body, url)
    pages = number_at(told, "pagination.totalPages")
    if not isinstance(told.get("data"), list) or pages is None:
        message = f"{url} answered without trials and the number of pages"
        raise AnswerError(message)
    rows = tuple(row for one in records_at(told, "data") if (row := _row(one)))
    return Rows(rows=rows, pages=pages, nameless=len(told["data"]) - len(rows))


def read_feed(body: bytes, url: str) -> tuple[Heard, ...]:
    """Read the feed of the trials that were updated in the last days. Pure; raises AnswerError."""
    try:
        told = read_records(body)
    except ValueError as error:
        message = f"{url} answered with something that cannot be read: {error}"
        raise AnswerError(message) from error
    if told.name != "rss":
        message = f"{url} answered with something that is no feed"
        raise AnswerError(message)
    return tuple(_heard(one) for one in told.all("channel/item"))


def _row(told: dict[str, Any]) -> Row | None:
    number = NUMBER.fullmatch(line_at(told, "ctNumber"))
    if number is None:
        return None
    results = line_at(told, "resultsFirstReceived").lower()
    return Row(
        number=number[0],
        key=number[1],
        status=number_at(told, "ctStatus"),
        updated=read_date(line_at(told, "lastUpdated")),
        decided=_first_decision(told),
        start=read_date(line_at(told, "startDateEU")),
        end=read_date(line_at(told, "endDate")) or read_date(line_at(told, "endDateEU")),
        # A date instead of "Yes" would be the day on which they came.
        results="no" if results == "no" else "yes" if results else "",
        title=line_at(told, "ctTitle"),
        short_title=line_at(told, "shortTitle"),
        phase=line_at(told, "trialPhase"),
        people=number_at(told, "totalNumberEnrolled"),
        sponsor=line_at(told, "sponsor"),
        # Names with commas in them are joined by commas: they cannot be told apart again.
        conditions=lines_at(told, "conditions"),
        products=lines_at(told, "product"),
        countries=tuple(dict.fromkeys(pair.partition(":")[0].strip() for pair in lines_at(told, "trialCountries"))),
    )


def _first_decision(told: dict[str, Any]) -> PartialDate | None:
    """Return the day since which the trial is public: CTIS tells no other that later publications leave alone."""
    days = _DATE.findall(f"{line_at(told, 'decisionDateOverall')} {line_at(told, 'decisionDate')}")
    return min((date for day in days if (date := read_date(day))), key=str, default=None)


def _heard(one: Record) -> Heard:
    number = NUMBER.search(f"{one.first('guid')} {one.first('link')} {one.first('title')}")
    lines = (line.partition(":") for line in plain(one.first("description")).splitlines())
    told = {name.strip().lower(): value.strip() for name, _, value in lines}
    codes = {words: code for code, words in STATUSES.items()}
    status = codes.get(told.get("overall trial status", "").lower())
    updated = read_date(told.get("last updated date"))
    return Heard(number[1] if number else "", f"{updated} {status}" if updated and status else "")
