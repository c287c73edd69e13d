"""Alignment: whether who signs, and who takes bounces, belongs with the sender whom readers see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msdigest.steps.examining.verdicts import bad, good, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from msdigest.ports import Verdict

SUBJECT = "alignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The domains of a mail.

    sender: of From. signers: of its DKIM signatures. envelope: of the Return-Path; empty where it is not known.
    strict_dkim, strict_spf: the DMARC record wants the very same domain. organisations: domain → its organisation's.
    """

    sender: str
    signers: Sequence[str]
    envelope: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    organisations: Mapping[str, str] = field(default_factory=dict)

    def aligned(self, other: str, *, strict: bool) -> bool:
        """Tell whether ``other`` counts as the sender's."""
        if strict:
            return other == self.sender
        return self.organisations.get(other, other) == self.organisations.get(self.sender, self.sender)


def judge(found: Alignment) -> Iterator[Verdict]:
    """Say whether DMARC can pass."""
    if found.signers:
        yield _signed(found)
    if found.envelope:
        yield _returned(found)


def _signed(found: Alignment) -> Verdict:
    form = "strict" if found.strict_dkim else "relaxed"
    for signer in found.signers:
        if found.aligned(signer, strict=found.strict_dkim):
            return good(SUBJECT, f"DKIM signs as {signer}, which belongs with the sender's {found.sender} ({form})")
    signers = ", ".join(dict.fromkeys(found.signers))
    return bad(
        SUBJECT,
        f"DKIM signs as {signers}, which does not belong with the sender's {found.sender} ({form}), so DMARC does not "
        "take it: set up the sender's domain at your provider, or send from the one that is set up",
    )


def _returned(found: Alignment) -> Verdict:
    form = "strict" if found.strict_spf else "relaxed"
    if found.aligned(found.envelope, strict=found.strict_spf):
        return good(SUBJECT, f"the Return-Path's {found.envelope} belongs with the sender's {found.sender} ({form})")
    return warning(
        SUBJECT,
        f"the Return-Path's {found.envelope} does not belong with the sender's {found.sender} ({form}): DMARC then "
        "rests on DKIM alone; most providers let you choose a Return-Path below your own domain",
    )
