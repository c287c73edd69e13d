"""What kind of thing an entry is and how sure anybody is, in the same words in mail, feeds and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from msdigest.model.prose import shortened
from msdigest.render.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.entry import Entry

# Names of the look's tints, the strongest caution first.
Tint = Literal["alarm", "caution", "trial", "guidance", "neutral"]
_ORDER = get_args(Tint)
# A pill is one word or a few: it is never broken.
_LONGEST_WORD = 40
# Evidence that is told in another word or wears a tint; any other is told as it is written.
_EVIDENCE: Mapping[str, tuple[str, Tint]] = {
    "commentary": ("Opinion", "neutral"),
    "guidance": ("Guidance", "guidance"),
    "guideline": ("Guideline", "guidance"),
    "preprint": ("Preprint", "caution"),
    "registry": ("Registry", "trial"),
    "regulatory": ("Regulator", "guidance"),
    "retracted": ("Retracted", "alarm"),
    "safety": ("Safety", "alarm"),
    "trial": ("Trial", "trial"),
    "withdrawn": ("Withdrawn", "alarm"),
}
_KINDS: Mapping[str, tuple[str, Tint]] = {
    "event": ("Meeting", "neutral"),
    "guidance": ("Guidance", "guidance"),
    "recording": ("Recording", "neutral"),
    "safety": ("Safety", "alarm"),
    "trial": ("Trial", "trial"),
    "work": ("Paper", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Label:
    """A word in a pill; ``tint`` names the pill's colours, which never say more than the word."""

    word: str
    tint: Tint


def labels(entry: Entry) -> tuple[Label, ...]:
    """Return the labels of ``entry``: its evidence and its kind, the strongest caution first."""
    found = [_evidence(told)] if (told := one_line(entry.evidence or "")) else []
    if entry.kind in _KINDS:
        kind = Label(*_KINDS[entry.kind])
        # "Guideline, Guidance" would say one thing twice, and "Preprint, Paper" would take something back.
        tinted = kind.tint != "neutral" and kind.tint in {label.tint for label in found}
        if not tinted and not (found and entry.kind == "work"):
            found.append(kind)
    return tuple(sorted(found, key=lambda label: _ORDER.index(label.tint)))


def _evidence(told: str) -> Label:
    word = shortened(told, _LONGEST_WORD).replace("-", " ")
    return Label(*_EVIDENCE.get(told.lower(), (word[0].upper() + word[1:], "neutral")))
