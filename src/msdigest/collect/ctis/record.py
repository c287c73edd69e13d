"""Makes an entry of what CTIS tells of one trial: its row in the search and, if it could be had, its record. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msdigest.collect.ctis.rows import NUMBER, STATUSES
from msdigest.errors import AnswerError
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.values import at, line_at, number_at, prose_at, read_json
from msdigest.model import registers, trials
from msdigest.model.dates import read_date
from msdigest.model.details import Trial, TrialDate
from msdigest.model.entry import Fact, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.collect.ctis.rows import Row
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source

# The words of ClinicalTrials.gov for the register's codes, where it has any; what ended may be complete or not.
_STATUSES = STATUSES | {
    2: "not yet recruiting",
    3: "recruiting",
    4: "recruiting",
    5: "active, not recruiting",
    6: "suspended",
}
_DETAILS = "authorizedApplication.authorizedPartI.trialDetails"
# Short titles are mostly codes of a protocol; an acronym is one word of letters with few digits.
_ACRONYM = re.compile(r"(?=(?:[^A-Za-z]*[A-Za-z]){3})[\w-]{3,20}")
_DEPTH = 6


def read_trial(body: bytes | None, url: str, row: Row, source: Source) -> Entry:
    """Make an entry of a ``row`` and the record in ``body`` (None: there is none). Pure; raises AnswerError."""
    told = read_json(body, url) if body is not None else {}
    number = NUMBER.fullmatch(line_at(told, "ctNumber"))
    if body is not None and (number is None or number[1] != row.key):
        message = f"{url} answered with something that is not the record of {row.number}"
        raise AnswerError(message)
    code = number_at(told, "ctPublicStatusCode")
    return _entry(row, told, row.status if code is None else code, source)


def _entry(row: Row, told: dict[str, Any], code: int | None, source: Source) -> Entry:
    identifiers = at(told, f"{_DETAILS}.clinicalTrialIdentifiers")
    trial = _trial(row, told, code)
    title = line_at(identifiers, "publicTitle") or line_at(identifiers, "fullTitle") or row.title
    page = f"{registers.register_of(source.url)}/search-for-clinical-trials/?lang=en&EUCT={row.number}"
    summary = prose_at(told, f"{_DETAILS}.trialInformation.trialObjective.mainObjective")
    html = clean(trials.body_of(trial, summary), base_url=page)
    secondary = at(identifiers, "secondaryIdentifyingNumbers")
    eudract = at(told, "authorizedApplication.eudraCt")
    return trials.trial_entry(
        source,
        trial,
        key=row.key,
        title=trials.titled(title, trial.acronym),
        url=page,
        html=html,
        text=plain(html),
        same_as=trials.same_trial(Identifier("ctis", row.key), *_texts(secondary), *_texts(eudract)),
        facts=_facts(row, trial, code),
        published=row.decided,
        updated=row.updated,
        language=None,
    )


def _trial(row: Row, told: dict[str, Any], code: int | None) -> Trial:
    start = row.start or read_date(line_at(told, "startDateEU"))
    expected = read_date(line_at(told, f"{_DETAILS}.trialInformation.trialDuration.estimatedEndDate"))
    end = TrialDate(row.end, actual=True) if row.end else TrialDate(expected, actual=False) if expected else None
    return Trial(
        registry="ctis",
        number=row.number,
        acronym=_acronym(row.short_title),
        status=_words(_STATUSES, code),
        phase=trials.phase_words(row.phase),
        enrollment=row.people,
        start=TrialDate(start) if start else None,
        completion=end,
        has_results=row.results == "yes",
        sponsor=row.sponsor,
        conditions=row.conditions,
        interventions=row.products,
        countries=row.countries,
    )


def _facts(row: Row, trial: Trial, code: int | None) -> tuple[Fact, ...]:
    return trials.told_facts(
        Fact(name="ctPublicStatusCode", value=trial.status, label="recruitment", change="status"),
        # The same code in the register's finer words: authorised or ongoing, both recruiting.
        Fact(
            name="ctStatus",
            value=_words(STATUSES, code),
            label="status in CTIS",
            change="status",
            material=False,
        ),
        trials.date_fact("startDateEU", "start in the EU", trial.start),
        trials.people_fact("totalNumberEnrolled", trial.enrollment),
        trials.results_fact("results", posted=trial.has_results if row.results else None),
    )


def _words(statuses: dict[int, str], code: int | None) -> str:
    """Return a status in words; a code that nobody knows yet stays one."""
    return "" if code is None else statuses.get(code, f"status {code}")


def _acronym(short_title: str) -> str:
    digits = sum(letter.isdigit() for letter in short_title)
    return short_title if _ACRONYM.fullmatch(short_title) and 3 * digits < len(short_title) else ""


def _texts(told: Any, depth: int = _DEPTH) -> Iterator[str]:
    """Give all texts in a branch of a record, whatever they are called there."""
    if isinstance(told, str):
        yield told[:1_000]
    elif isinstance(told, dict | list) and depth:
        for one in told.values() if isinstance(told, dict) else told:
            yield from _texts(one, depth - 1)
