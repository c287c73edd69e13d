"""A number that a registry publishes, in words: the same in mails and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdigest.model.prose import shortened
from msdigest.render.plain import one_line
from msdigest.words import number_words

if TYPE_CHECKING:
    from msdigest.model.details import Figure

_LONGEST_UNIT = 90


def figure_words(figure: Figure | None, *, language: str = "en") -> str:
    """Return e.g. ``52,000 people with MS``; empty for an entry that is no figure."""
    if figure is None:
        return ""
    unit = shortened(" ".join(one_line(figure.unit).split()), _LONGEST_UNIT)
    return f"{number_words(figure.number, language=language)} {unit}".strip()
