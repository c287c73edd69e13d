"""What an entry is and how sure anybody is: the same words wherever it is shown."""

from __future__ import annotations

from typing import get_args

import pytest

from msdigest.model.entry import Entry
from msdigest.render.labels import Label, Tint, labels
from msdigest.render.look import LOOKS


@pytest.mark.parametrize(
    ("evidence", "kind", "shown"),
    [
        ("commentary", "post", [("Opinion", "neutral")]),
        ("preprint", "work", [("Preprint", "caution")]),
        ("systematic-review", "work", [("Systematic review", "neutral")]),
        (None, "work", [("Paper", "neutral")]),
        (None, "trial", [("Trial", "trial")]),
        ("registry", "trial", [("Registry", "trial")]),
        (None, "safety", [("Safety", "alarm")]),
        ("regulatory", "safety", [("Safety", "alarm"), ("Regulator", "guidance")]),
        ("regulatory", "guidance", [("Regulator", "guidance")]),
        ("Retracted", "work", [("Retracted", "alarm")]),
        ("patient-resource", "recording", [("Patient resource", "neutral"), ("Recording", "neutral")]),
        ("RCT", "work", [("RCT", "neutral")]),
        ("a\nnew one\x00", "note", [("A new one", "neutral")]),
        (None, "post", []),
    ],
)
def test_labels(evidence, kind, shown) -> None:
    """Evidence and kind, the strongest caution first, nothing twice and nothing that takes another back."""
    entry = Entry(key="k", source="s", title="t", url="u", evidence=evidence, kind=kind)

    assert labels(entry) == tuple(Label(*each) for each in shown)


def test_every_tint_has_colours() -> None:
    """In each theme, light and dark."""
    for look in LOOKS.values():
        assert set(get_args(Tint)) == set(look.light.tints) == set(look.dark.tints)
