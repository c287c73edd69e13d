"""Entries that editors type: nobody is asked."""

from __future__ import annotations

from msdigest.collect.editor import KIND, collect
from msdigest.model.source import Source
from msdigest.ports import Memory
from msdigest.sandbox.fake import InProcess


class Nobody:
    """A network that must not be asked."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was used")


def test_a_visit_asks_nobody() -> None:
    """Nothing is different, whatever was typed before, and nothing is gone."""
    source = Source(id="manual", kind=KIND.name, url="https://digest.example")

    found = collect(source, Memory(body_hash="x"), Nobody(), InProcess())

    assert (found.status, found.entries, found.gone, found.body_hash) == ("unchanged", (), (), "x")
    assert not KIND.has_url
