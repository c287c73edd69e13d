"""Trials as registers tell them, in one vocabulary: statuses, phases, numbers, what is watched, what readers see."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from msdigest.model.entry import Entry, Fact, Identifier
from msdigest.model.prose import shortened

if TYPE_CHECKING:
    from msdigest.model.dates import PartialDate
    from msdigest.model.details import Trial, TrialDate
    from msdigest.model.source import Source

MULTIPLE_SCLEROSIS = "multiple sclerosis"

# The statuses of ClinicalTrials.gov whose words do not follow from its codes by themselves.
_STATUSES = {"ACTIVE_NOT_RECRUITING": "active, not recruiting", "UNKNOWN": "unknown status"}
_PHASE = re.compile(
    r"""(?:(?P<early>early[ _])|(?<![a-z0-9_]))phase[ _]?
        (?P<first>[1-4]|IV|I{1,3})[ab]?(?:\s?/\s?(?P<second>[1-4]|IV|I{1,3})[ab]?)?(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
_NUMBER = re.compile(
    r"""(?<![a-z0-9])(?:
        NCT[\s:-]?0?(?P<nct>[0-9]{8})(?![0-9])
      | ISRCTN[\s:-]?(?P<isrctn>[0-9]{8})(?![0-9])
      # The last pair of digits counts the applications for one trial: no part of its name.
      | (?<![0-9]-)(?P<ctis>20(?:2[2-9]|[3-9][0-9])-5[0-9]{5}-[0-9]{2})(?:-[0-9]{2})?(?!-?[0-9])
      | (?<![0-9]-)(?P<eudract>(?:199|20[012])[0-9]-0[0-9]{5}-[0-9]{2})(?!-?[0-9])
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LETTERS = {"nct": "NCT", "isrctn": "ISRCTN"}
_BLANK_LINE = re.compile(r"\n\s*\n")
_BULLET = re.compile(r"\s*[*•·–-]\s+")
# The registers write their summaries in Markdown and escape what it would read as marks.
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!<>~|-])")
_LONGEST_SUMMARY = 20_000
_MOST_COUNTRIES = 8
_MOST_CATEGORIES = 20


# ------------------------------------------------------------------------------------------------ one vocabulary


def status_words(code: str) -> str:
    """Return a status of ClinicalTrials.gov in words: ``NOT_YET_RECRUITING`` is ``not yet recruiting``."""
    return _STATUSES.get(code, code.replace("_", " ").lower())


def phase_words(*told: str) -> str:
    """Return the phase in whatever way it is told, e.g. ``phase 2/3``; empty if none is."""
    found = [match for one in told for match in _PHASE.finditer(one)]
    numbers = {
        _ROMAN.get(digit.upper(), digit) for match in found for digit in (match["first"], match["second"]) if digit
    }
    early = "early " if found and all(match["early"] for match in found) else ""
    return f"{early}phase {'/'.join(sorted(numbers))}" if numbers else ""


def numbers_in(*told: str) -> tuple[Identifier, ...]:
    """Return the trial numbers in texts, each once, in canonical spelling; "Nil known" is none."""
    found = (match for one in told for match in _NUMBER.finditer(one))
    return tuple(
        dict.fromkeys(
            Identifier(scheme, _LETTERS.get(scheme, "") + match[scheme])
            for match in found
            if (scheme := match.lastgroup)
        )
    )


def same_trial(own: Identifier, *told: str) -> tuple[Identifier, ...]:
    """Return all numbers of one trial: its ``own`` and those of other registers that its record tells.

    Another number of the same register is another trial (the one that it extends).
    """
    return (own, *(number for number in numbers_in(*told) if number.scheme != own.scheme))


# ------------------------------------------------------------------------------------------------ what is watched


def told_facts(*watched: Fact) -> tuple[Fact, ...]:
    """Return the facts that are told: one without a value is none."""
    return tuple(fact for fact in watched if fact.value)


def date_fact(name: str, label: str, told: TrialDate | None) -> Fact:
    """Watch a date; it slips, or what was an estimate becomes actual."""
    return Fact(name=name, value=str(told) if told else "", label=label, change="date")


def people_fact(name: str, people: int | None) -> Fact:
    """Watch how many people a trial wants; readers need not be told of it."""
    value = "" if people is None else str(people)
    return Fact(name=name, value=value, label="people", change="enrollment", material=False)


def results_fact(name: str, *, posted: bool | None) -> Fact:
    """Watch whether results are posted; None = the register does not say."""
    value = "" if posted is None else "yes" if posted else "no"
    return Fact(name=name, value=value, label="results posted", change="results")


# ---------------------------------------------------------------------------------------------- what readers see


def titled(title: str, acronym: str) -> str:
    """Return a trial's title with its acronym in front, unless the title has it already."""
    return title if not acronym or acronym.casefold() in title.casefold() else f"{acronym}: {title}".rstrip(": ")


def body_of(trial: Trial, summary: str, *, took_part: bool = False) -> str:
    """Return a trial's text as HTML, to be cleaned: its summary, then one quiet line for each thing that is known.

    took_part: ``trial.enrollment`` are people who did, not who are wanted.
    """
    lines = [escape(f"{label}: {told}") for label, told in _lines(trial, took_part=took_part) if told]
    return prose(summary) + (f"<p>{'<br>'.join(lines)}</p>" if lines else "")


def prose(text: str) -> str:
    """Return plain prose as HTML: blank lines part its paragraphs, lines that begin with a mark are a list."""
    told = shortened(_ESCAPED.sub(r"\1", text).strip(), _LONGEST_SUMMARY)
    return "".join(_paragraph(part.strip("\n").split("\n")) for part in _BLANK_LINE.split(told) if part.strip())


def trial_entry(  # noqa: PLR0913 - what a record comes to, all named
    source: Source,
    trial: Trial,
    *,
    key: str,
    title: str,
    url: str,
    html: str,
    text: str,
    same_as: tuple[Identifier, ...],
    facts: tuple[Fact, ...],
    published: PartialDate | None,
    updated: PartialDate | None,
    language: str | None = "en",
) -> Entry:
    """Make the entry of a ``trial``; ``html`` is cleaned, ``text`` what it says."""
    return Entry(
        key=key,
        source=source.id,
        kind=source.entry_kind or "trial",
        title=title or trial.number,
        url=url,
        html=html,
        text=text,
        published=published.instant if published else None,
        precision=published.precision if published else None,
        updated=updated.instant if updated else None,
        categories=trial.conditions[:_MOST_CATEGORIES],
        same_as=same_as,
        audience=source.audience,
        evidence=source.evidence,
        language=language,
        facts=facts,
        trial=trial,
    )


def _paragraph(lines: list[str]) -> str:
    said: list[str] = []
    entries: list[str] = []
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet:
            entries.append(line[bullet.end() :].strip())
        elif entries:
            entries[-1] += f" {line.strip()}"
        else:
            said.append(escape(line.strip()))
    listed = "".join(f"<li>{escape(entry)}</li>" for entry in entries)
    return (f"<p>{'<br>'.join(said)}</p>" if said else "") + (f"<ul>{listed}</ul>" if listed else "")


def _lines(trial: Trial, *, took_part: bool) -> list[tuple[str, str]]:
    end = trial.completion
    return [
        ("Kind of study", ", ".join(filter(None, (trial.study_type, trial.phase)))),
        ("People", "" if trial.enrollment is None else f"{trial.enrollment} {'took part' if took_part else 'planned'}"),
        ("Start", _told(trial.start)),
        ("End" if end and end.actual else "Expected end", end.date.words if end else ""),
        ("Sponsor", trial.sponsor),
        ("Where", _where(trial.countries)),
    ]


def _told(date: TrialDate | None) -> str:
    if date is None:
        return ""
    return f"{date.date.words} (planned)" if date.actual is False else date.date.words


def _where(countries: tuple[str, ...]) -> str:
    more = len(countries) - _MOST_COUNTRIES
    return ", ".join(countries[:_MOST_COUNTRIES]) + (f" and {more} more" if more > 0 else "")
