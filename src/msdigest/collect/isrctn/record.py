"""Reads one record of the ISRCTN registry. Everything here is pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.text import plain_title
from msdigest.model import registers, trials
from msdigest.model.dates import read_date
from msdigest.model.details import Trial, TrialDate
from msdigest.model.entry import Fact, Identifier

if TYPE_CHECKING:
    from datetime import date

    from msdigest.markup.records import Record
    from msdigest.model.dates import PartialDate
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source

_DAY = timedelta(days=1)
_LARGEST_NUMBER = 10**9
# What stands there in place of a text.
_NOTHING = re.compile(
    r"(?:nil known|none|n/?a|unknown)\W*"
    r"|(?:plain english summary .{0,40})?not (?:applicable|provided|specified)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# The last answer of a summary is a person's name and address.
_CONTACT = re.compile(r"(?:\A|\n)[ \t]*who is the main contact\?.*", re.IGNORECASE | re.DOTALL)
# The register's words for what ClinicalTrials.gov calls otherwise.
_STATUSES = {
    "planned": "not yet recruiting",
    "ongoing": "recruiting",
    "no longer recruiting": "active, not recruiting",
    "stopped": "terminated",
    "abandoned": "withdrawn",
}


def record_entry(record: Record, source: Source, today: date) -> Entry | None:
    """Make an entry of one record (``fullTrial``), its status that of ``today``; None if it has no number."""
    digits = re.sub(r"\D", "", record.first("trial/isrctn"))
    if len(digits) != 8:  # noqa: PLR2004 - that is how long the register's numbers are
        return None
    trial = _trial(record, f"ISRCTN{digits}", today)
    took_part = bool(_people(record, "totalFinalEnrolment"))
    page = f"{registers.register_of(source.url)}/{trial.number}"
    html = clean(trials.body_of(trial, _summary(record), took_part=took_part), base_url=page)
    head = next(record.all("trial"))
    assigned = head.attribute("publicIdentifierDateAssigned")
    return trials.trial_entry(
        source,
        trial,
        key=trial.number,
        title=trials.titled(_line(record, "trialDescription/title"), trial.acronym),
        url=page,
        html=html,
        text=plain(html),
        same_as=trials.same_trial(Identifier("isrctn", trial.number), *_numbers(record)),
        facts=_facts(record, trial),
        published=read_date(assigned or next(head.all("isrctn")).attribute("dateAssigned")),
        updated=read_date(head.attribute("lastUpdated")),
    )


def next_turn(record: Record, today: date) -> date | None:
    """Return the next day on which the record's status will be another though nobody edits it."""
    if _told_status(record):
        return None
    start, end, over = _days(record)
    turns = [start.instant.date()] if start else []
    turns += [date.last_day + _DAY for date in (end, over) if date]
    return min((turn for turn in turns if turn > today), default=None)


def derived_status(start: PartialDate | None, end: PartialDate | None, over: PartialDate | None, *, today: date) -> str:
    """Say what follows from the first and last day of recruitment and the trial's last day; empty if nothing does."""
    if over and over.last_day < today:
        return "completed"
    if start and start.instant.date() > today:
        return "not yet recruiting"
    if end and end.last_day < today:
        return "active, not recruiting"
    return "recruiting" if start and end else ""


def _trial(record: Record, number: str, today: date) -> Trial:
    start, end, over = _days(record)
    told = _told_status(record)
    return Trial(
        registry="isrctn",
        number=number,
        acronym=_line(record, "trialDescription/acronym"),
        status=told or derived_status(start, end, over, today=today),
        status_derived=not told,
        phase=trials.phase_words(*_lines(record, "trial/interventions/intervention/phase")),
        study_type=_line(record, "trialDesign/primaryStudyDesign").lower(),
        enrollment=_people(record, "totalFinalEnrolment") or _people(record, "targetEnrolment"),
        start=TrialDate(start) if start else None,
        completion=TrialDate(over) if over else None,
        has_results=_has_results(record),
        why_stopped=_line(record, "trialDesign/reasonAbandoned"),
        # Organisations stand beside the trial, not in it.
        sponsor=", ".join(_lines(record, "sponsor/organisation")[:3]),
        conditions=_split(record, "trial/conditions/condition/description", r"\n"),
        interventions=_split(record, "trial/interventions/intervention/drugNames", r"[;,\n]"),
        countries=_lines(record, "trial/participants/recruitmentCountries/country"),
    )


def _facts(record: Record, trial: Trial) -> tuple[Fact, ...]:
    _, end, _ = _days(record)
    return trials.told_facts(
        Fact(
            name="status",
            value=trial.status,
            label="recruitment, as its dates say" if trial.status_derived else "recruitment",
            change="status",
            # That a planned day has come is no news: nobody said that the trial has begun.
            material=not trial.status_derived,
        ),
        Fact(name="reasonAbandoned", value=trial.why_stopped, label="why it was stopped", change="status"),
        trials.date_fact("recruitmentStart", "start of recruitment", trial.start),
        trials.date_fact("recruitmentEnd", "end of recruitment", TrialDate(end) if end else None),
        trials.date_fact("overallEndDate", "completion", trial.completion),
        trials.people_fact("targetEnrolment", _people(record, "targetEnrolment")),
        trials.results_fact("results", posted=trial.has_results),
    )


def _days(record: Record) -> tuple[PartialDate | None, PartialDate | None, PartialDate | None]:
    """Return the first and the last day of recruitment, and the last day of the whole trial."""
    return (
        read_date(record.first("trial/participants/recruitmentStart")),
        read_date(record.first("trial/participants/recruitmentEnd")),
        read_date(record.first("trial/trialDesign/overallEndDate")),
    )


def _told_status(record: Record) -> str:
    """Return the status that the people of the trial set themselves; empty if they left it to the dates."""
    for path in ("participants/recruitmentStatusOverride", "trialDesign/overallStatusOverride"):
        if told := _line(record, path).lower():
            return _STATUSES.get(told, told)
    return ""


def _has_results(record: Record) -> bool:
    kinds = [one.attribute("outputType") or one.first("outputType") for one in record.all("trial/outputs/output")]
    return (
        any(_line(record, f"results/{name}") for name in ("plainEnglishReport", "basicReport"))
        or re.search(r"\bresults?\b", _line(record, "results/publicationDetails"), re.IGNORECASE) is not None
        or any("result" in kind.lower() for kind in kinds)
    )


def _numbers(record: Record) -> tuple[str, ...]:
    numbered = record.all("trial/externalRefs/secondaryNumbers/secondaryNumber")
    named = ("eudraCTNumber", "clinicalTrialsGovNumber", "protocolSerialNumber")
    return (*(record.first(f"trial/externalRefs/{name}") for name in named), *(number.text for number in numbered))


def _summary(record: Record) -> str:
    told = _CONTACT.sub("", record.first("trial/trialDescription/plainEnglishSummary")).strip()
    return "" if _NOTHING.fullmatch(told) else told


def _people(record: Record, name: str) -> int | None:
    """Return a number of people; 0 stands there when none is told."""
    told = record.first(f"trial/participants/{name}")
    number = int(told) if re.fullmatch(r"[0-9]{1,9}", told) else 0
    return number or None


def _line(record: Record, path: str) -> str:
    told = plain_title(record.first(f"trial/{path}"))
    return "" if _NOTHING.fullmatch(told) else told


def _lines(record: Record, path: str) -> tuple[str, ...]:
    told = (plain_title(text) for text in record.texts(path))
    return tuple(dict.fromkeys(line for line in told if line and not _NOTHING.fullmatch(line)))


def _split(record: Record, path: str, between: str) -> tuple[str, ...]:
    parts = (plain_title(part) for text in record.texts(path) for part in re.split(between, text))
    return tuple(dict.fromkeys(part for part in parts if part and not _NOTHING.fullmatch(part)))
