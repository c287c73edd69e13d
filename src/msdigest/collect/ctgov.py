"""ClinicalTrials.gov, API v2: the trials of a condition, at first all, then those whose record was posted anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from msdigest.errors import AnswerError
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.values import at, line_at, lines_at, number_at, prose_at, read_json, records_at
from msdigest.model import answers, registers, trials
from msdigest.model.dates import PartialDate, read_date
from msdigest.model.details import Trial, TrialDate
from msdigest.model.entry import Entry, Fact, Identifier
from msdigest.model.source import Kind, Option
from msdigest.ports import Collected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Sandbox

# A record is posted some hours after the day that stands on it begins, and time zones differ.
OVERLAP = timedelta(days=2)
_PAGE_SIZE = 200
_MOST_PAGES = 100
_FIELDS = (
    *(
        f"protocolSection.identificationModule.{name}"
        for name in ("nctId", "nctIdAliases", "orgStudyIdInfo", "secondaryIdInfos", "briefTitle", "acronym")
    ),
    *(
        f"protocolSection.statusModule.{name}"
        for name in (
            "overallStatus", "whyStopped", "startDateStruct", "primaryCompletionDateStruct", "completionDateStruct",
            "studyFirstPostDateStruct", "resultsFirstPostDateStruct", "lastUpdatePostDateStruct",
        )
    ),
    "protocolSection.descriptionModule.briefSummary",
    "protocolSection.sponsorCollaboratorsModule.leadSponsor.name",
    "protocolSection.conditionsModule.conditions",
    "protocolSection.designModule.studyType",
    "protocolSection.designModule.phases",
    "protocolSection.designModule.enrollmentInfo",
    # By these names only the wanted part of each place of a list is given.
    "InterventionName",
    "LocationCountry",
    "hasResults",
)  # fmt: skip

KIND = Kind(
    name="ctgov",
    options={"query": Option("text", "the condition that is searched for; left out: multiple sclerosis")},
    # The register allows about 50 requests a minute.
    min_delay=1.3,
    interval=timedelta(hours=24),
    # What is new in a register are changed records more than new ones: their first dates tell no rhythm.
    own_rhythm=False,
)


def collect(source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
    """Visit the register: all trials of the condition, or those posted anew since the last visit."""
    query = str(source.options.get("query", trials.MULTIPLE_SCLEROSIS))
    since = registers.asked_since(memory.since, memory.notes, query=query, now=memory.now)
    entries: dict[str, Entry] = {}
    nameless, served = 0, None
    for page, date in _pages(source, _question(query, since), http, sandbox):
        entries.update((entry.key, entry) for entry in page.entries)
        nameless += page.nameless
        served = served or date
    found = None if since else len(entries)
    return Collected(
        status="ok",
        entries=tuple(entries.values()),
        notes=registers.asked(memory.notes, query=query, served=served, now=memory.now, found=found),
        warnings=(f"{nameless} records without a number were left out.",) if nameless else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer to a search.

    token: asks for the next page; empty = this is the last. nameless: how many records have no number.
    """

    entries: tuple[Entry, ...]
    token: str
    nameless: int


def read_page(body: bytes, url: str, source: Source) -> Page:
    """Make entries of one page of a search; it may be empty though others follow. Pure; raises AnswerError."""
    told = read_json(body, url)
    if not isinstance(told.get("studies"), list):
        message = f"{url} answered without a list of studies"
        raise AnswerError(message)
    entries = [study_entry(study, source) for study in records_at(told, "studies")]
    found = tuple(entry for entry in entries if entry)
    return Page(
        entries=found,
        token=prose_at(told, "nextPageToken"),
        nameless=len(told["studies"]) - len(found),
    )


def study_entry(study: dict[str, Any], source: Source) -> Entry | None:
    """Make an entry of one record; None if it has no number."""
    protocol = at(study, "protocolSection")
    numbers = trials.numbers_in(line_at(protocol, "identificationModule.nctId"))
    if not numbers or numbers[0].scheme != "nct":
        return None
    trial = _trial(study, protocol, numbers[0].value)
    title = trials.titled(line_at(protocol, "identificationModule.briefTitle"), trial.acronym)
    page = f"{registers.register_of(source.url)}/study/{trial.number}"
    took_part = line_at(protocol, "designModule.enrollmentInfo.type") == "ACTUAL"
    summary = prose_at(protocol, "descriptionModule.briefSummary")
    html = clean(trials.body_of(trial, summary, took_part=took_part), base_url=page)
    return trials.trial_entry(
        source,
        trial,
        key=trial.number,
        title=title,
        url=page,
        html=html,
        text=plain(html),
        same_as=_same_as(protocol, numbers[0]),
        facts=_facts(study, protocol, trial),
        published=_posted(protocol, "studyFirstPostDateStruct"),
        updated=_posted(protocol, "lastUpdatePostDateStruct"),
    )


def _question(query: str, since: datetime | None) -> dict[str, str]:
    asked = {"query.cond": query, "fields": ",".join(_FIELDS), "pageSize": str(_PAGE_SIZE)}
    if since is not None:
        asked["filter.advanced"] = f"AREA[LastUpdatePostDate]RANGE[{since - OVERLAP:%Y-%m-%d},MAX]"
    return asked


def _pages(source: Source, question: dict[str, str], http: Http, sandbox: Sandbox) -> Iterator[tuple[Page, str | None]]:
    """Give page after page with its Date header; a token is good only for the very question it was given for."""
    address = f"{registers.register_of(source.url)}/api/v2/studies"
    tokens: set[str] = set()
    token = ""
    while token not in tokens and len(tokens) < _MOST_PAGES:
        tokens.add(token)
        url = f"{address}?{urlencode(question | ({'pageToken': token} if token else {}))}"
        reply = http.get(url, accept="application/json")
        answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=address)
        page = sandbox.run(read_page, reply.body, address, source)
        yield page, reply.headers.get("date")
        token = page.token
        if not token:
            return
    message = f"{address} has no end after {len(tokens)} pages: make the source's query narrower"
    raise AnswerError(message)


def _trial(study: dict[str, Any], protocol: Any, number: str) -> Trial:
    return Trial(
        registry="ctgov",
        number=number,
        acronym=line_at(protocol, "identificationModule.acronym"),
        status=trials.status_words(line_at(protocol, "statusModule.overallStatus")),
        phase=trials.phase_words(*lines_at(protocol, "designModule.phases")),
        study_type=trials.status_words(line_at(protocol, "designModule.studyType")),
        enrollment=number_at(protocol, "designModule.enrollmentInfo.count"),
        start=_date(protocol, "startDateStruct"),
        primary_completion=_date(protocol, "primaryCompletionDateStruct"),
        completion=_date(protocol, "completionDateStruct"),
        has_results=study.get("hasResults") is True,
        why_stopped=line_at(protocol, "statusModule.whyStopped"),
        sponsor=line_at(protocol, "sponsorCollaboratorsModule.leadSponsor.name"),
        conditions=lines_at(protocol, "conditionsModule.conditions"),
        interventions=_names(protocol, "armsInterventionsModule.interventions", "name"),
        countries=_names(protocol, "contactsLocationsModule.locations", "country"),
    )


def _facts(study: dict[str, Any], protocol: Any, trial: Trial) -> tuple[Fact, ...]:
    told = study.get("hasResults")
    posted = _date(protocol, "resultsFirstPostDateStruct")
    return trials.told_facts(
        Fact(name="overallStatus", value=trial.status, label="recruitment", change="status"),
        Fact(name="whyStopped", value=trial.why_stopped, label="why it was stopped", change="status"),
        trials.date_fact("startDate", "start", trial.start),
        trials.date_fact("primaryCompletionDate", "primary completion", trial.primary_completion),
        trials.date_fact("completionDate", "completion", trial.completion),
        trials.people_fact("enrollment", trial.enrollment),
        trials.results_fact("hasResults", posted=told if isinstance(told, bool) else None),
        # The day of what hasResults tells: no news of its own.
        Fact(
            name="resultsFirstPostDate",
            value=str(posted) if posted else "",
            label="results first posted",
            change="results",
            material=False,
        ),
        Fact(name="phase", value=trial.phase, label="phase", material=False),
    )


def _same_as(protocol: Any, own: Identifier) -> tuple[Identifier, ...]:
    identification = at(protocol, "identificationModule")
    aliases = trials.numbers_in(*lines_at(identification, "nctIdAliases"))
    others = (line_at(one, "id") for one in records_at(identification, "secondaryIdInfos"))
    numbers = trials.same_trial(own, line_at(identification, "orgStudyIdInfo.id"), *others)
    return tuple(dict.fromkeys((*numbers, *aliases)))


def _names(protocol: Any, path: str, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(told for one in records_at(protocol, path) if (told := line_at(one, name))))


def _date(protocol: Any, name: str) -> TrialDate | None:
    date = _posted(protocol, name)
    kind = line_at(protocol, f"statusModule.{name}.type")
    return TrialDate(date, {"ACTUAL": True, "ESTIMATED": False}.get(kind)) if date else None


def _posted(protocol: Any, name: str) -> PartialDate | None:
    return read_date(line_at(protocol, f"statusModule.{name}.date"))
