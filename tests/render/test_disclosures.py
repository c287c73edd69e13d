"""Disclosures carry one name: the source's own, or else ours."""

from __future__ import annotations

import pytest

from msdigest.render.disclosures import page_statement, statement

NAMED = [
    "COI None relevant", "CoI: Multiple", "Conflict of interest: I am a physiotherapist.", "Conflicts of interest: none",
    "Conflicts of interests: none", "Potential conflicts of interest: fees", "Competing interests: none declared",
    "Disclosure: paid", "Disclosures – none", "Financial disclosures: none", "Declaration of interests: none",
    "Declarations of interest: none", "Declaration of conflicting interests: none", "No conflicts of interest.",
    "*COI*: none", "Interests: none",
]  # fmt: skip
NAMELESS = ["None", "Coins were paid", "Interested in lipids, I was paid", "I have no COI", "Fees from a firm"]


@pytest.mark.parametrize("told", NAMED)
def test_a_statement_that_names_itself(told) -> None:
    """Is shown as it is."""
    assert statement("coi", told, name="ours: {}".format) == told


@pytest.mark.parametrize("told", NAMELESS)
def test_a_statement_without_a_name(told) -> None:
    """Is given ours."""
    assert statement("coi", told, name="ours: {}".format) == f"ours: {told}"


@pytest.mark.parametrize(
    ("kind", "told", "shown"),
    [
        ("coi", "COI: a\nb", "COI: a b"),
        ("coi", "Fees", "Conflicts of interest: Fees"),
        ("coi", None, "Conflicts of interest: none stated by the source"),
        ("coi", " \x00\n", "Conflicts of interest: none stated by the source"),
        ("disclaimer", "General Disclaimer: mine", "General Disclaimer: mine"),
        ("disclaimer", "Disclaimer. Mine", "Disclaimer. Mine"),
        ("disclaimer", "Mine", "Disclaimer: Mine"),
    ],
)
def test_pages_say_it_in_full(kind, told, shown) -> None:
    """In one line, and that there is none."""
    assert page_statement(kind, told) == shown
