"""An issue of 24 entries to render, and templates with one thing changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from msdigest.model.compiled import Variant
from msdigest.model.entry import Entry, Identifier
from msdigest.render.email import compile_issue
from msdigest.render.template import Templates, stock_templates
from msdigest.render.view import IssueView, sections_view

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from msdigest.model.compiled import CompiledIssue

EVIDENCE = ("commentary", "preprint", "trial", "safety", "guidance", "retracted", None, "cohort")
TITLES = (
    "A larger dose was no better",
    'What "no evidence of disease" <hides> & shows',
    "Mañana: </td></table><script>alert(1)</script>",
    "Recruiting → completed \u200f\u00a0 &amp; %recipient.greeting% {{ person }}",
)
TEXTS = (
    "The double dose did no more than the licensed one. Infections were as common. More is planned.",
    "<b>Not bold</b> & not <img src=https://track.example/1.gif> loaded. Second sentence. Third.",
    "",
    "One line\r\nthen another\x00 with a control. " + "word " * 90,
)


def entry(number: int) -> Entry:
    """Make one entry; every fourth is quite unlike the first."""
    return Entry(
        id=f"{number:032x}",
        key=f"key-{number}",
        source=("blog", "registry")[number % 2],
        title=f"{TITLES[number % 4]} ({number})",
        url=f"https://blog.example.org/{number}/?a=1&b=é",
        text=TEXTS[number % 4],
        authors=("Ann O'Neill", "Ben", "Cy", "Dee")[: number % 5],
        published=datetime(2026, 11, 18, 23, 30, tzinfo=UTC) if number % 3 else None,
        precision=("minute", "day", "month", "year")[number % 4] if number % 3 else None,
        first_seen=datetime(2026, 11, 19, tzinfo=UTC),
        identifiers=(Identifier("doi", f"10.1000/a<{number}>"), Identifier("nct", "NCT06441617"))[: number % 3],
        coi=("COI None relevant", None, "Fees from <Firm & Sons>")[number % 3],
        disclaimer="General Disclaimer: the author's own view." if number % 4 == 0 else None,
        topics=("ocrelizumab", "pml")[: number % 3],
        evidence=EVIDENCE[number % 8],
    )


def issue_view(count: int = 24) -> IssueView:
    """Make an issue of ``count`` entries in three sections."""
    entries = [entry(number) for number in range(count)]
    third = max(1, count // 3)
    sections = (("Trials", entries[:third]), ("Blogs", entries[third : 2 * third]), ("Papers", entries[2 * third :]))
    return IssueView(
        digest="MS Research Digest",
        number=42,
        date="20 November 2026",
        subject="MS Research Digest · 20 November 2026",
        sections=sections_view(
            [section for section in sections if section[1]],
            source_names={"blog": "The Blog", "registry": "A registry"},
            topic_names={"pml": "PML"},
            zone="Europe/London",
        ),
        web_url="https://digest.example.org/issue/weekly/42/",
        site_title="A charity",
        postal_address="1 Example Street, London",
    )


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
