"""How an issue looks for whom, what somebody gets of it, and the keys that tell so."""

from __future__ import annotations

import pytest

from msdigest.model.compiled import (
    PROFESSIONAL,
    Block,
    Choice,
    Slot,
    Variant,
    in_brief,
)

RANKING = ("f", "a", "e", "b", "d", "c", "g")


@pytest.mark.parametrize(
    ("variant", "told"),
    [
        (Variant(), "en.standard"),
        (Variant(language="de", theme="low-glare"), "de.low-glare"),
        (Variant(language="pt-BR", neutral=True), "pt-BR.standard.neutral"),
        (Variant(theme="large", audience=PROFESSIONAL), "en.large.professional"),
        (Variant(neutral=True, audience=PROFESSIONAL), "en.standard.neutral.professional"),
    ],
)
def test_a_variant_is_told_in_one_word(variant, told) -> None:
    """And found again by it."""
    assert variant.id == told
    assert Variant.of(told) == variant


@pytest.mark.parametrize(
    ("choice", "sends"),
    [
        (Choice(()), False),
        (Choice((), more=9), False),
        (Choice(("a",)), True),
        (Choice((), ("change-1",)), True),
    ],
    ids=["nothing", "only on the web", "an entry", "a correction"],
)
def test_a_choice_is_worth_sending(choice, sends) -> None:
    """What is on the web alone is no reason for a mail."""
    assert bool(choice) is sends


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ((), ()),
        (("a", "b", "c"), ()),
        (("a", "b", "c", "d"), ("a", "b", "d", "c")),
        (("a", "b", "c", "d", "e", "f", "g"), ("f", "a", "e", "b", "d")),
        (("a", "b", "x", "y"), ("a", "b")),
    ],
    ids=["nothing", "three", "four", "seven", "not ranked"],
)
def test_the_overview_names_what_matters_most(chosen, named) -> None:
    """Five at most, of more than three."""
    assert in_brief(RANKING, chosen) == named


def test_nodes_are_compared_by_what_they_hold() -> None:
    """Two compilations of one issue are equal."""
    block = Block(frozenset({"a"}), ("x", Slot("greeting", "person")))

    assert block == Block(frozenset({"a"}), ("x", Slot("greeting", "person", url=False)), unless=frozenset())
    assert block != Block(frozenset({"a"}), ("x", Slot("greeting", "person")), unless=frozenset({"b"}))
