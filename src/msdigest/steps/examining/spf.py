"""SPF (RFC 7208): who may send in the name of a domain; only the domain of a mail's Return-Path is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msdigest.errors import NamesError
from msdigest.steps.examining.verdicts import AGAIN, bad, good, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.ports import Names, Verdict

SUBJECT = "SPF"
MOST_LOOKUPS = 10
# A record that wants more than this is not followed to its end: it is broken anyway.
_ENOUGH = 3 * MOST_LOOKUPS
_MECHANISM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:([:/]).*)?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_ASKS = frozenset({"include", "a", "mx", "ptr", "exists"})


@dataclass(slots=True, kw_only=True)
class Spf:
    """What the SPF record of a domain comes to, with all that it includes.

    records: of the domain itself. lookups: how many questions a receiver has to ask. ending: of ``all``, one of
    ``+ - ~ ?``, or empty. faults: why receivers take the whole record for broken. silent: the DNS did not answer.
    """

    domain: str
    records: tuple[str, ...] = ()
    lookups: int = 0
    ending: str = ""
    faults: list[str] = field(default_factory=list)
    silent: bool = False


def gather(names: Names, domain: str) -> Spf:
    """Look the record up and follow its includes and redirects."""
    spf = Spf(domain=domain)
    try:
        spf.records = _records(names, domain)
    except NamesError as error:
        spf.silent = error.why == "failed"
        return spf
    if len(spf.records) == 1:
        spf.ending = _follow(names, spf, spf.records[0], within=(domain.lower(),))
    return spf


def _records(names: Names, domain: str) -> tuple[str, ...]:
    return tuple(text for text in names.texts(domain) if re.match(r"v=spf1(\s|$)", text, re.IGNORECASE))


def _follow(names: Names, spf: Spf, record: str, *, within: tuple[str, ...]) -> str:
    """Count what a record asks for, and return how it ends."""
    ending = redirect = ""
    for term in record.split()[1:]:
        mechanism, modifier = _MECHANISM.fullmatch(term), _MODIFIER.fullmatch(term)
        if mechanism and mechanism[2].lower() == "all":
            ending = ending or mechanism[1] or "+"
        elif mechanism and mechanism[2].lower() in _ASKS:
            spf.lookups += 1
            if mechanism[2].lower() == "include":
                _enter(names, spf, term.partition(":")[2], within=within)
        elif modifier and modifier[1].lower() == "redirect":
            redirect = modifier[2]
        elif not mechanism and not modifier:
            spf.faults.append(f"the record of {within[-1]} has a word that is none of SPF's: {term[:40]}")
    if redirect and not ending:
        spf.lookups += 1
        return _enter(names, spf, redirect, within=within)
    return ending


def _enter(names: Names, spf: Spf, target: str, *, within: tuple[str, ...]) -> str:
    """Follow an include or a redirect; where a macro stands in its name only a receiver can."""
    if "%" in target or spf.lookups > _ENOUGH:
        return ""
    if target.lower() in within:
        spf.faults.append(f"the record of {within[-1]} refers to {target}, which refers to it")
        return ""
    try:
        records = _records(names, target) if target else ()
    except NamesError as error:
        if error.why == "failed":
            spf.silent = True
            return ""
        records = ()
    if len(records) != 1:
        count = f"{len(records)} SPF records" if records else "no SPF record"
        spf.faults.append(f"it refers to {target or 'nothing'}, which has {count}")
        return ""
    return _follow(names, spf, records[0], within=(*within, target.lower()))


def judge(spf: Spf, *, envelope: bool) -> Iterator[Verdict]:
    """Say what receivers make of it; ``envelope``: this is surely the domain that they ask."""
    domain = spf.domain
    if spf.silent:
        yield warning(SUBJECT, f"the DNS does not answer for all of the SPF record of {domain}: {AGAIN}")
    elif not spf.records:
        yield _missing(domain, envelope=envelope)
        return
    if len(spf.records) > 1:
        yield bad(
            SUBJECT, f"{domain} has {len(spf.records)} SPF records and receivers take none of them: make one of them"
        )
    for fault in spf.faults:
        yield bad(SUBJECT, f"receivers take the SPF record of {domain} for broken: {fault}")
    if spf.lookups > MOST_LOOKUPS:
        yield bad(
            SUBJECT,
            f"the SPF record of {domain} takes {spf.lookups}{' or more' * (spf.lookups > _ENOUGH)} look-ups, receivers "
            f"make {MOST_LOOKUPS} and take it for broken: leave out services that do not send for you",
        )
    if len(spf.records) == 1:
        yield from _ending(spf)


def _missing(domain: str, *, envelope: bool) -> Verdict:
    missing = f"{domain} has no SPF record (a TXT record that begins with v=spf1)"
    if envelope:
        return bad(SUBJECT, f"{missing}: enter the one that your provider shows for it")
    return warning(
        SUBJECT,
        f"{missing}; receivers ask the domain of the Return-Path, which may be another of your provider's choice: "
        "`doctor --message` with a received test tells it",
    )


def _ending(spf: Spf) -> Iterator[Verdict]:
    if spf.ending == "+":
        yield bad(SUBJECT, f"the SPF record of {spf.domain} lets everybody send (+all): end it with -all or ~all")
    elif spf.ending not in {"-", "~"} and not spf.silent:
        yield warning(SUBJECT, f"the SPF record of {spf.domain} says nothing of others: end it with -all or ~all")
    elif spf.ending and not spf.faults and not spf.silent and spf.lookups <= MOST_LOOKUPS:
        asked = f"{spf.lookups} of {MOST_LOOKUPS} look-ups"
        yield good(SUBJECT, f"{spf.domain} has one SPF record, which ends in {spf.ending}all and takes {asked}")
