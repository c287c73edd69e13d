"""Which of its entries a source lets through, and what a registry of people is known by."""

from __future__ import annotations

import pytest

from msdigest.model.registry import Registry
from msdigest.model.source import Source


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [(None, True), ("(?i)multiple sclerosis", True), ("walking", True), ("^Nothing", False), ("title walking", False)],
)
def test_a_filter_looks_at_title_and_text(pattern, taken) -> None:
    """Without one everything is let through; title and text are two lines."""
    source = Source(id="s", kind="feed", name="A blog", url="https://x.example", filter=pattern)

    assert source.takes("Multiple Sclerosis in the title", "walking in the text") is taken


def test_a_registry_has_an_id_and_a_name() -> None:
    """The rest may be unknown."""
    registry = Registry(id="r", name="A registry")

    assert (registry.owner, registry.region, registry.scope, registry.status) == ("", "", "", "active")
