"""What is known of an entry because of its kind: a trial, a work, an event, a figure. Frozen, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from msdigest.model.dates import PartialDate

# Where a work stands on its way. final: it has its issue and pages, or will never get any.
Stage = Literal["preprint", "ahead-of-print", "final"]


@dataclass(frozen=True, slots=True)
class TrialDate:
    """A date of a trial; ``actual`` False = the register calls it an estimate, None = it does not say."""

    date: PartialDate
    actual: bool | None = None

    def __str__(self) -> str:
        word = {True: " (actual)", False: " (estimated)", None: ""}[self.actual]
        return f"{self.date}{word}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a register says of a trial.

    registry: ctgov, isrctn or ctis. number: as the register spells it; the entry's ``same_as`` has all its numbers.
    status: in the words of ClinicalTrials.gov in small letters (``not yet recruiting``, ``recruiting``, …).
    status_derived: the register tells none; it follows from its dates.
    phase: e.g. ``phase 3``; empty = none told. enrollment: people, planned or actual.
    """

    registry: str
    number: str
    acronym: str = ""
    status: str = ""
    status_derived: bool = False
    phase: str = ""
    study_type: str = ""
    enrollment: int | None = None
    start: TrialDate | None = None
    primary_completion: TrialDate | None = None
    completion: TrialDate | None = None
    has_results: bool = False
    why_stopped: str = ""
    sponsor: str = ""
    conditions: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A paper or preprint.

    pages: as printed, or the article's number. types: publication types as PubMed spells them.
    published_as: of a preprint, the DOI of the paper that came of it.
    """

    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    stage: Stage = "final"
    types: tuple[str, ...] = ()
    published_as: str = ""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What a clock shows in a city at an event's instant; ``city`` as printed, ``zone`` of the tz database."""

    city: str
    zone: str
    local: str  # ISO 8601 without zone, to the minute: 2020-08-26T21:00


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks; ``country`` ISO 3166 alpha-2 where told."""

    name: str
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A meeting at one instant.

    start: aware, UTC. places: the cities that were told, agreeing with each other.
    join: link to take part; recording: link to hear it later; both empty if not told.
    """

    start: datetime
    places: tuple[LocalTime, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    join: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that a registry publishes: ``52,000 people with MS as of 2026-05``."""

    name: str
    number: float
    unit: str = ""
    as_of: PartialDate | None = None
