"""DMARC (RFC 9989): what becomes of mail that fails, and which domains belong together.

Both are found by walking up the tree of names from a domain; no list of public suffixes is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.errors import NamesError
from msdigest.steps.examining.verdicts import AGAIN, bad, good, pairs, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.ports import Names, Verdict

SUBJECT = "DMARC"
# A name of more labels than this is shortened to it after the first step.
_MOST_LABELS = 7
_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The DMARC records of one name on the way up."""

    domain: str
    records: tuple[str, ...] = ()

    @property
    def tags(self) -> dict[str, str]:
        """What its one record says; empty where there is none, or where several void each other."""
        return pairs(self.records[0]) if len(self.records) == 1 else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The way up from a domain, itself first. silent: names for which the DNS did not answer."""

    domain: str
    steps: Sequence[Step]
    silent: tuple[str, ...] = ()

    @property
    def organisation(self) -> str:
        """The domain of the organisation: what shares it belongs together."""
        for place, step in enumerate(self.steps):
            flag = step.tags.get("psd", "")
            if flag == "n":
                return step.domain
            if flag == "y" and place:
                # It is open to the public, like a country's: the organisation is one label below.
                labels = self.domain.split(".")
                return ".".join(labels[-(step.domain.count(".") + 2) :])
        told = [step.domain for step in self.steps if step.tags]
        return told[-1] if told else self.domain

    @property
    def policy(self) -> Step | None:
        """Where the policy for mail of this domain stands: its own record, the organisation's, or the one above."""
        told = {step.domain: step for step in self.steps if step.tags}
        above = next((step for step in told.values() if step.tags.get("psd") == "y"), None)
        return told.get(self.domain) or told.get(self.organisation) or above


def gather(names: Names, domain: str) -> Walk:
    """Walk up from ``domain``."""
    steps: list[Step] = []
    silent: list[str] = []
    for place in _way(domain):
        try:
            texts = names.texts(f"_dmarc.{place}")
        except NamesError as error:
            silent += [place] if error.why == "failed" else []
            texts = ()
        steps.append(Step(domain=place, records=tuple(text for text in texts if _VERSION.match(text))))
        if steps[-1].tags.get("psd") in {"n", "y"}:
            break
    return Walk(domain=domain, steps=steps, silent=tuple(silent))


def _way(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    for count in range(min(len(labels) - 1, _MOST_LABELS), 0, -1):
        yield ".".join(labels[-count:])


def judge(walk: Walk) -> Iterator[Verdict]:
    """Say whether the policy is one that large mailbox providers ask of whoever sends to many."""
    domain = walk.domain
    if walk.silent:
        yield warning(SUBJECT, f"the DNS does not answer for _dmarc.{walk.silent[0]}: {AGAIN}")
    for step in walk.steps:
        if len(step.records) > 1:
            yield bad(
                SUBJECT,
                f"_dmarc.{step.domain} holds {len(step.records)} DMARC records and receivers take none: keep one",
            )
    found = walk.policy
    if found is not None:
        yield from _policy(found, domain=domain)
    elif not walk.silent and not any(step.records for step in walk.steps):
        yield bad(
            SUBJECT,
            f"{domain} has no DMARC record, which large mailbox providers ask for: begin with a TXT record at "
            f"_dmarc.{domain} that says v=DMARC1; p=none; rua=mailto: and an address of yours",
        )


def _policy(step: Step, *, domain: str) -> Iterator[Verdict]:
    place, tags = f"_dmarc.{step.domain}", step.tags
    name = "p" if step.domain == domain or "sp" not in tags else "sp"
    asked = tags.get(name, "").lower()
    if "rua" not in tags:
        yield warning(SUBJECT, f"{place} asks for no reports (rua=): without them nobody tells you what fails")
    if asked not in _POLICIES:
        yield warning(SUBJECT, f"{place} says no policy that there is ({name}=): write none, quarantine or reject")
    elif asked == "none":
        yield warning(
            SUBJECT, f"{place} lets pass what fails ({name}=none): when the reports are clean, ask for quarantine"
        )
    elif tags.get("t") == "y":
        yield warning(SUBJECT, f"{place} only tries its policy out (t=y): take t=y out when the reports are clean")
    else:
        yield good(SUBJECT, f"{place} asks receivers to {asked} what fails for {domain} ({name}={asked})")
