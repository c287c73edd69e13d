"""Issues to inspect: made from the stock templates as they would be sent, with nothing wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from tests.rendering import CONSENT, START, entry, html_of, issue_view, telling, text_of

from msdigest.lint.inspected import Inspected, Specimen
from msdigest.model.compiled import PROFESSIONAL, Choice, CompiledIssue, Variant
from msdigest.model.entry import Entry
from msdigest.render.email import compile_unchecked
from msdigest.render.frame import stylesheets
from msdigest.render.issue import sections_view
from msdigest.render.template import Templates, stock_templates
from msdigest.render.values import person_values, selection_values

# No reserved name: links to those are a fault that must be seen here.
SITE = "https://digest.charity-news.org"
SENDER = "A charity <digest@mail.charity-news.org>"
POSTAL = "1 Example Street, London"
VARIANTS = (
    Variant(),
    Variant(theme="large"),
    Variant(theme="low-glare"),
    Variant(language="de"),
    Variant(neutral=True),
    Variant(audience=PROFESSIONAL),
)


def entries(count: int) -> list[Entry]:
    """Make so many entries on hosts of the open internet."""
    return [_abroad(entry(number)) for number in range(count)]


def _abroad(one: Entry) -> Entry:
    event = one.event and replace(
        one.event,
        join=one.event.join.replace("meet.example", "meet.charity-news.org"),
        recording=one.event.recording.replace("meet.example", "meet.charity-news.org"),
    )
    return replace(one, url=one.url.replace("blog.example.org", "blog.charity-news.org"), event=event)


@cache
def compiled(variant: Variant, count: int) -> CompiledIssue:
    """Compile the stock templates for an issue of so many entries."""
    made = entries(count)
    kept = (("Trials", tuple(made[::2])), ("Blogs", tuple(made[1::2])))
    view = replace(
        issue_view(1),
        sections=sections_view(kept, telling(variant.language, variant.audience), notes={made[-1].id: "Read this."}),
        web_url=f"{SITE}/issue/weekly/42/",
        postal_address=POSTAL,
        ranking=(),
        intro=(),
        subject="Research digest · 20 November 2026",
    )
    return compile_unchecked(Templates([stock_templates()]), view, variant)


def specimen(variant: Variant, which: str, chosen: tuple[str, ...], *, count: int) -> Specimen:
    """Make one message as the ``file`` provider would send it."""
    issue = compiled(variant, count)
    choice = Choice(chosen, tuple(issue.notices))
    leave = f"{SITE}/leave/{'AQ3x-Zk_9' * 6}{which}{variant.id}"
    values = person_values(
        name="Ada", consent=CONSENT, leave_url=leave, language=variant.language, zone="Asia/Tokyo",
        meetings=issue.meetings,
    )  # fmt: skip
    html, text = html_of(issue, choice, values), text_of(issue, choice, values)
    headers = (
        ("From", SENDER),
        ("To", "ada@inbox.charity-news.org"),
        ("Subject", issue.subject),
        ("Date", "Fri, 20 Nov 2026 07:00:00 +0000"),
        ("Message-ID", f"<{which}.{variant.id}@mail.charity-news.org>"),
        ("List-Id", "<weekly.digest.charity-news.org>"),
        ("List-Unsubscribe", f"<{leave}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    return Specimen(
        variant=variant.id,
        which=which,
        language=variant.language,
        subject=issue.subject,
        preheader=selection_values(issue, choice)["preheader"],
        headers=headers,
        html=html,
        text=text,
        size=int(1.1 * len(html.encode() + text.encode())),
        entries=chosen,
        leave_url=leave,
    )


@cache
def issue_of(*variants: Variant, count: int = 12) -> Inspected:
    """Make an issue with three messages of each variant."""
    made = entries(count)
    ids = tuple(each.id for each in made)
    in_order = (*ids[::2], *ids[1::2])
    choices = {"largest": in_order, "median": in_order[: max(1, count // 2)], "smallest": in_order[:1]}
    inline_css, head_css = stylesheets(Templates([stock_templates()]), variants[0])
    return Inspected(
        specimens=tuple(
            specimen(variant, which, chosen, count=count) for variant in variants for which, chosen in choices.items()
        ),
        entries={each.id: each for each in made},
        site_url=SITE,
        sender=SENDER,
        postal_address=POSTAL,
        inline_css=inline_css,
        head_css=head_css,
        at=START + timedelta(days=2),
        oldest=START - timedelta(days=30),
        archive_html="<p>An issue for everybody.</p>",
        neutral_words=("MS", "sclerosis"),
    )


@pytest.fixture(scope="session")
def clean() -> Inspected:
    """An issue in the standard theme with nothing wrong."""
    return issue_of(VARIANTS[0])
