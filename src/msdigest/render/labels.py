"""What kind of thing an entry is and how sure anybody is, in the same words in mail, feeds and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from msdigest.model.prose import shortened
from msdigest.render.plain import one_line
from msdigest.words import DEFAULT_LANGUAGE, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.entry import Entry

# Names of the look's tints, the strongest caution first.
Tint = Literal["alarm", "caution", "trial", "guidance", "neutral"]
_ORDER = get_args(Tint)
# A pill is one word or a few: it is never broken.
_LONGEST_WORD = 40
# Evidence that we have a word for, and its tint; any other is told as it is written.
_EVIDENCE: Mapping[str, tuple[str, Tint]] = {
    "article": ("label_article", "neutral"),
    "case-report": ("label_case_report", "neutral"),
    "case-series": ("label_case_series", "neutral"),
    "cohort": ("label_cohort", "neutral"),
    "commentary": ("label_opinion", "neutral"),
    "guidance": ("label_guidance", "guidance"),
    "guideline": ("label_guideline", "guidance"),
    "news": ("label_news", "neutral"),
    "patient-resource": ("label_patient_resource", "neutral"),
    "preprint": ("label_preprint", "caution"),
    "randomised-trial": ("label_randomised_trial", "neutral"),
    "registry": ("label_registry", "trial"),
    "regulatory": ("label_regulator", "guidance"),
    "retracted": ("label_retracted", "alarm"),
    "review": ("label_review", "neutral"),
    "safety": ("label_safety", "alarm"),
    "systematic-review": ("label_systematic_review", "neutral"),
    "trial": ("label_trial", "trial"),
    "withdrawn": ("label_withdrawn", "alarm"),
}
_KINDS: Mapping[str, tuple[str, Tint]] = {
    "event": ("label_event", "neutral"),
    "guidance": ("label_guidance", "guidance"),
    "recording": ("label_recording", "neutral"),
    "safety": ("label_safety", "alarm"),
    "trial": ("label_trial", "trial"),
    "work": ("label_work", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Label:
    """A word in a pill; ``tint`` names the pill's colours, which never say more than the word."""

    word: str
    tint: Tint


def labels(entry: Entry, language: str = DEFAULT_LANGUAGE) -> tuple[Label, ...]:
    """Return the labels of ``entry``: its evidence and its kind, the strongest caution first."""
    found = [_evidence(told, language)] if (told := one_line(entry.evidence or "")) else []
    if entry.kind in _KINDS:
        key, tint = _KINDS[entry.kind]
        # "Guideline, Guidance" would say one thing twice, and "Preprint, Paper" would take something back.
        tinted = tint != "neutral" and tint in {label.tint for label in found}
        if not tinted and not (found and entry.kind == "work"):
            found.append(Label(say(key, language=language), tint))
    return tuple(sorted(found, key=lambda label: _ORDER.index(label.tint)))


def _evidence(told: str, language: str) -> Label:
    if told.lower() in _EVIDENCE:
        key, tint = _EVIDENCE[told.lower()]
        return Label(say(key, language=language), tint)
    word = shortened(told, _LONGEST_WORD).replace("-", " ")
    return Label(word[0].upper() + word[1:], "neutral")
