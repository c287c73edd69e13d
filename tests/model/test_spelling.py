"""Words of the vocabulary are found however their signs are typed, and some only in company."""

from __future__ import annotations

import re

import pytest

from msdigest.model.spelling import Company, loosely

SPELLED = {
    "a hyphen": ("B-cell", ["B-cell", "B cell", "B\u2011cell", "B\u00a0- cell"], ["Bcell", "B-  - cell"]),
    "a hyphen before a digit": ("COVID-19", ["COVID-19", "COVID 19", "COVID19"], ["COVID--  19"]),
    "an apostrophe": ("Hy's law", ["Hy's law", "Hy\u2019s  law"], ["Hys law"]),
    "a sign": ("a/b+c", ["a/b+c", "a / b +c"], ["a b c"]),
    "no pattern": ("a.b", ["a.b"], ["axb"]),
}


@pytest.mark.parametrize("case", SPELLED)
def test_how_signs_are_typed(case) -> None:
    """Blanks and hyphens stand for each other, nothing else does."""
    term, right, wrong = SPELLED[case]

    assert [word for word in right if not re.fullmatch(loosely(term), word)] == []
    assert [word for word in wrong if re.fullmatch(loosely(term), word)] == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a Lesion", True),
        ("two lesions", True),
        ("a sublesion, then", False),
        ("a sublesion, then lesions", True),
        ("an MRI", True),
        ("an mri", False),
        ("isolated\u2011Syndrome", True),
        ("+ 5", True),
        ("x+5", False),
        ("lesions of a rabbit", False),
        ("lesions of the interrabbit", True),
        ("", False),
    ],
)
def test_company(text, meant) -> None:
    """Beginnings of words, in any case unless it is an acronym; what must not stand there wins."""
    company = Company(("lesion", "MRI", "isolated syndrome", "+5"), ("Rabbit",))

    assert company.stands_in(text) is meant
