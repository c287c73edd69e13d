"""A registry's number is told to readers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rendering import entry, telling

from msdigest.model.details import Figure
from msdigest.render.figures import figure_words
from msdigest.render.view import entry_view


@pytest.mark.parametrize(
    ("figure", "language", "words"),
    [
        (None, "en", ""),
        (Figure(name="People", number=52000.0, unit="people with MS"), "en", "52,000 people with MS"),
        (Figure(name="People", number=52000.0, unit="people\nwith  MS"), "de", "52.000 people with MS"),
        (Figure(name="Share", number=0.5), "en", "0.5"),
        (Figure(name="Long", number=1, unit="x" * 500), "en", "1 " + "x" * 89 + "…"),
    ],
    ids=str,
)
def test_a_figure_in_words(figure, language, words) -> None:
    """With the separators of the language, on one short line."""
    assert figure_words(figure, language=language) == words


def test_a_mail_tells_it_first() -> None:
    """Before whatever else became different."""
    told = entry_view(replace(entry(1), figure=Figure(name="People", number=15000, unit="people")), telling())

    assert told.news[0] == "15,000 people"
