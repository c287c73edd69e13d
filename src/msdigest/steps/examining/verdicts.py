"""How what was found is told: good, a warning, or bad; and records of ``tag=value`` pairs."""

from __future__ import annotations

from msdigest.ports import Verdict

AGAIN = "ask again in a while"


def good(subject: str, sentence: str) -> Verdict:
    """Say that something is as it should be."""
    return Verdict(level="good", subject=subject, sentence=sentence)


def warning(subject: str, sentence: str) -> Verdict:
    """Say that something works, or may work, and could be better."""
    return Verdict(level="warning", subject=subject, sentence=sentence)


def bad(subject: str, sentence: str) -> Verdict:
    """Say that mail will be lost, refused or watched."""
    return Verdict(level="bad", subject=subject, sentence=sentence)


def pairs(record: str) -> dict[str, str]:
    """Read ``v=DMARC1; p=none``: names in small letters, values without blanks; the first of a name counts."""
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, sign, value = part.partition("=")
        if sign:
            found.setdefault(name.strip().lower(), "".join(value.split()))
    return found
