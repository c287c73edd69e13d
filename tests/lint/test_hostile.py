"""Whatever stands in a message ends as findings, and soon."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.lint.conftest import issue_of
from tests.lint.planting import (
    before_foot,
    in_all,
)

from msdigest.lint.checks import lint
from msdigest.model.compiled import Variant


def test_an_issue_of_sixty_entries_is_checked_in_time() -> None:
    """Three messages of sixty entries take a fraction of what compiling takes; ten times the goal still fails."""
    issue = issue_of(Variant(), count=60)
    largest = issue.specimens[0]
    three = replace(issue, specimens=tuple(replace(largest, which=which) for which in ("a", "b", "c")))
    lint(three)
    begin = time.process_time()
    lint(three)

    assert time.process_time() - begin < 1.5


HOSTILE = {
    "nothing": "",
    "no HTML": "Hello",
    "unclosed": "<a " * 40_000,
    "unclosed comments": "<!--" * 40_000,
    "deep": "<div>" * 30_000,
    "deep tables": "<table><tr><td>" * 10_000,
    "deep links": "<a href=x>" * 10_000,
    "crossed": "<b><p></b></p>" * 10_000,
    "NUL": "<p\0 a\0=\0>\0</p>" * 5_000,
    "huge attribute": f'<p title="{"x" * 3_000_000}" style="{"color:red;" * 100_000}">x</p>',
    "half a quote": '<p a="' + "b='" * 50_000,
    "numbers": '<p style="font-size:' + "9" * 5_000 + 'px;color:rgb(1e999,2,3);font-weight:99999">&#99999999999;</p>',
    "half a colour": '<p style="color:#12;background:rgba(,,,)">x</p><p style="font-size:1.2.3px">y</p>',
    "lone surrogate": "<p>\ud800</p>",
    "half a style": "<style>@media (prefers-color-scheme: dark) { .a { color:" + "{" * 50_000,
    "words": "<p>" + "QXZ (" * 20_000 + "A. " * 20_000 + "</p>",
    "times": "<p>" + "on 26 August at 7:30 pm " * 3_000 + "</p>",
    "bad addresses": '<a href="https://[">x</a><a href="http://a:b/">y</a><a href="https://x:99999/">z</a><img src="https://[">',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_are_only_findings(clean, name) -> None:
    """Whatever stands in a message ends as findings, in a time that grows with its length."""
    begin = time.process_time()
    found = lint(in_all(html=HOSTILE[name], text=HOSTILE[name])(clean))

    assert "body.unsubscribe" in {finding.id for finding in found}
    assert time.process_time() - begin < 10
    assert len(found) < 1_000


def test_ten_thousand_links_take_no_time(clean) -> None:
    """A message may be long and still is checked within seconds."""
    links = "".join(f'<p><a href="http://x.example/{number}?utm_a={number}">here</a></p>' for number in range(10_000))
    begin = time.process_time()
    found = lint(before_foot(links)(clean))

    assert {"link.scheme", "link.localhost", "link.tracking", "a11y.link-text"} <= {finding.id for finding in found}
    assert time.process_time() - begin < 10


def test_hostile_headers_are_only_findings(clean) -> None:
    """Headers, addresses and stylesheets may be nonsense, too."""
    nonsense = "\0\r\n<>\ud800" * 50
    planted = replace(
        in_all(headers=tuple((nonsense, nonsense) for _ in range(50)), leave_url="https://[", subject=nonsense)(clean),
        sender=nonsense, site_url="https://[", inline_css="}{" * 5_000 + "/*", head_css="@import" + "{" * 5_000,
        entries={}, at=datetime.now(UTC) + timedelta(days=1),
    )  # fmt: skip

    assert {"hdr.injection", "hdr.from", "token.entropy"} <= {finding.id for finding in lint(planted)}
