"""An issue of 24 entries to render, random issues, and templates with one thing changed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from tests.rendering import issue_view, random_issue

from msdigest.model.compiled import PROFESSIONAL, Variant
from msdigest.render.email import compile_issue
from msdigest.render.template import Templates, stock_templates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from msdigest.model.compiled import CompiledIssue
    from msdigest.render.issue import IssueView

# How many entries each of the random issues has, and how it looks.
VARIANTS = {
    5: Variant(),
    12: Variant(language="de", theme="large"),
    23: Variant(neutral=True, audience=PROFESSIONAL),
    40: Variant(theme="low-glare"),
    60: Variant(language="de", neutral=True),
}


@pytest.fixture(scope="session")
def templates() -> Templates:
    """The stock templates."""
    return Templates([stock_templates()])


@pytest.fixture(scope="session")
def make_view() -> Callable[..., IssueView]:
    """Return what makes an issue of so many entries."""
    return issue_view


@pytest.fixture(scope="session")
def compiled(templates: Templates) -> CompiledIssue:
    """The issue of 24 entries in the standard theme."""
    return compile_issue(templates, issue_view(), Variant())


@pytest.fixture(scope="session")
def random_issues(templates: Templates) -> list[tuple[IssueView, CompiledIssue]]:
    """Five issues of 5 to 60 entries, in any language and theme."""
    dice = Random(2026)  # noqa: S311  # the same issues each time; no secret
    made = []
    for count, variant in VARIANTS.items():
        view = random_issue(dice, count, variant)
        made.append((view, compile_issue(templates, view, variant)))
    return made


@pytest.fixture
def mutated(tmp_path: Path) -> Callable[[str, str, str], Templates]:
    """Return what makes templates of a site that changed one thing in a stock template."""

    def change(name: str, old: str, new: str) -> Templates:
        stock = (stock_templates() / "email" / name).read_text(encoding="utf-8")
        assert old in stock, f"{name} has no {old!r}"
        (tmp_path / "email").mkdir(exist_ok=True)
        (tmp_path / "email" / name).write_text(stock.replace(old, new, 1), encoding="utf-8")
        return Templates([tmp_path, stock_templates()])

    return change
