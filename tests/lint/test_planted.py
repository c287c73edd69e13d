"""Every check finds what it is for, and nothing in the stock mails."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from tests.lint.conftest import SITE, VARIANTS, issue_of
from tests.lint.planting import (
    IMG,
    before_foot,
    header,
    in_all,
    in_css,
    in_entry,
    in_html,
    in_text,
    left,
    of_issue,
    of_size,
    one_message_id,
    one_paper,
    one_trial,
    shared_token,
    short_token,
    two_alike,
)

from msdigest.lint.checks import CHECKS, LEVELS_OF, lint
from msdigest.lint.finding import Finding
from msdigest.model.details import Event

PARA = '<p class="para" style="margin:0 0 12px">'
LONG = "word " * 41
HARD = " ".join(
    "Immunological characterisation demonstrated considerable heterogeneity of autoimmune inflammatory demyelination."
    for _ in range(80)
)
LINK = "color:#0b4f8a; text-decoration:none"
UNDERLINED = "color:#0b4f8a; text-decoration:underline"
# id, level, what is planted: exactly that is found, and nothing else that was not there before.
PLANTED = (
    ("size.clip", "warning", of_size(95_001)),
    ("size.clip", "error", of_size(102_001)),
    ("size.message", "warning", in_all(size=150_001)),
    ("size.message", "error", of_issue(size_cap=2_000)),
    ("part.text-missing", "error", in_all(text=" \n")),
    ("part.text-drift", "warning", in_text("A larger dose was no better (0)", "A larger (0)")),
    ("part.text-drift", "warning", before_foot(f'{PARA}<a class="link" href="{SITE}/else/" style="{UNDERLINED}">Elsewhere</a></p>')),
    ("html.lang", "error", in_html('<html lang="en"', "<html")),
    ("html.lang", "error", in_html('class="page" lang="en"', 'class="page" lang="fr"')),
    ("html.dir", "error", in_html('class="page" lang="en" dir="ltr"', 'class="page" lang="en"')),
    ("html.title", "error", in_html("<title>Research digest · 20 November 2026", "<title>Untitled")),
    ("html.charset", "warning", in_html('<meta charset="utf-8">', "")),
    ("html.viewport", "warning", in_html("width=device-width, ", "")),
    ("html.color-scheme", "warning", in_html('<meta name="color-scheme" content="light dark">', "")),
    ("html.doctype", "warning", in_html("<!DOCTYPE html>", "")),
    ("html.forbidden", "error", before_foot("<script>track()</script>")),
    ("html.forbidden", "error", before_foot('<div onclick="x()"></div>')),
    ("html.forbidden", "error", before_foot(IMG.replace("600", "1").replace("200", "1"))),
    ("html.forbidden", "error", in_entry(html='<p style="position:fixed">x</p>')),
    ("html.forbidden", "error", in_entry(html='<p class="a">x <img src="y" onerror="z()"></p>')),
    ("html.unbalanced", "error", before_foot("<div>")),
    ("html.unbalanced", "error", in_html("<!--[if mso]></td></tr></table><![endif]-->", "")),
    ("a11y.table-role", "error", before_foot("<table><tr><td>x</td></tr></table>")),
    ("a11y.table-role", "error", before_foot('<table role="presentation"><tr><th>x</th></tr></table>')),
    ("a11y.table-role", "error", in_html('<!--[if mso]><table role="presentation"', "<!--[if mso]><table")),
    ("a11y.alt-missing", "error", before_foot(IMG.replace(' alt="A curve"', ""))),
    ("a11y.alt-filename", "warning", before_foot(IMG.replace("A curve", "IMG_2041.png"))),
    ("a11y.heading-order", "warning", before_foot('<h5 style="font-size:18px">Deep</h5>', "Deep")),
    ("a11y.h1-count", "error", before_foot("<h1>Another</h1>", "Another")),
    ("a11y.h1-count", "error", in_html("h1", "h2")),
    ("a11y.link-text", "error", before_foot(f'{PARA}<a href="{SITE}/x/"> </a></p>', f"{SITE}/x/")),
    ("a11y.link-text", "warning", before_foot(f'{PARA}<a href="{SITE}/x/">Read more…</a></p>', f"{SITE}/x/")),
    ("a11y.link-text", "warning", before_foot(f'{PARA}<a href="{SITE}/x/">{SITE}/x/</a></p>', f"{SITE}/x/")),
    ("a11y.link-underline", "warning",
     before_foot(f'{PARA}Said <a class="link" href="{SITE}/x/" style="{LINK}">there</a> again</p>', f"{SITE}/x/")),
    ("a11y.contrast-light", "error", before_foot('<p class="small" style="color:#999999">Pale</p>')),
    ("a11y.contrast-dark", "error", before_foot('<p style="color:#1a1a1a">Black as night</p>')),
    ("a11y.contrast-dark", "error", in_html(".small { color: #c3c7cb !important; }", "")),
    ("a11y.font-size", "warning", before_foot('<p style="font-size:12px">Small</p>')),
    ("a11y.font-size", "info", before_foot('<p style="font-size:0.85em">Rather small</p>')),
    ("a11y.justify", "warning", before_foot('<p style="text-align:justify">Stretched</p>')),
    ("a11y.all-caps", "warning", before_foot('<p style="text-transform:uppercase">Loud</p>')),
    ("a11y.all-caps", "warning", before_foot("<p>THIS IS SAID MUCH TOO LOUDLY FOR A MAIL</p>")),
    ("img.dimensions", "warning", before_foot(IMG.replace(' width="600"', ""))),
    ("img.http", "error", before_foot(IMG.replace("https:", "http:"))),
    ("img.http", "error", before_foot(IMG.replace(f"{SITE}/", ""))),
    ("img.type", "warning", before_foot(IMG.replace(".png", ".webp?v=1"))),
    ("img.only", "warning", before_foot(IMG * 60)),
    ("link.scheme", "error", before_foot('<p><a href="javascript:alert(1)">A script</a></p>')),
    ("link.scheme", "error", before_foot('<p><a href="http://plain.charity-news.org/">Ours</a></p>', "http://plain.charity-news.org/")),
    ("link.scheme", "error", before_foot('<p><a href="https://[::1/">Half</a></p>', "https://[::1/")),
    ("link.relative", "error", before_foot('<p><a href="/issue/1/">The issue</a></p>')),
    ("link.empty", "error", before_foot('<p><a href="#">Top of the page</a></p>')),
    ("link.localhost", "error", before_foot('<p><a href="https://10.1.2.3/x">Inside</a></p>', "https://10.1.2.3/x")),
    ("link.localhost", "error", before_foot('<p><a href="https://www.example.org/x">A model</a></p>', "https://www.example.org/x")),
    ("link.tracking", "info",
     before_foot(f'<p><a href="{SITE}/?utm_source=mail">Followed</a></p>', f"{SITE}/?utm_source=mail")),
    ("tpl.placeholder", "error", before_foot("<p>{{ entry.title }}</p>")),
    ("tpl.placeholder", "error", before_foot("<p>None</p>")),
    ("tpl.placeholder", "error", before_foot('<p title="nan">x</p>')),
    ("tpl.placeholder", "error", before_foot("<p>k0123456789abcdef0123b4z</p>")),
    ("tpl.placeholder", "error", in_all(subject="Digest of %recipient.name%")),
    ("tpl.placeholder", "error", in_text("Hello Ada,", "Hello [[name]],")),
    ("tpl.refused", "error", of_issue(specimens=())),
    ("css.unsupported", "error", before_foot('<div style="position:absolute">x</div>')),
    ("css.unsupported", "error", in_html("</style>", ".x { position: fixed; }</style>")),
    ("css.unsupported", "warning", before_foot('<div style="display:grid">x</div>')),
    ("css.unsupported", "warning", before_foot('<div style="padding-inline-start:2px">x</div>')),
    ("css.unsupported", "warning", before_foot('<div style="width:50vw">x</div>')),
    ("css.unsupported", "warning", before_foot("<video></video>")),
    ("css.unsupported", "info", before_foot('<div style="box-shadow:0 0 2px #000000">x</div>')),
    ("css.positional", "warning", in_css(".entry + .entry { margin: 0; }")),
    ("css.positional", "warning", in_css(".entry:first-child { margin: 0; }")),
    ("css.premailer-unsafe", "error", in_css('[data-a="b,c"] { margin: 0; }')),
    ("css.premailer-unsafe", "error", in_css(".a:not(.b) { margin: 0; }")),
    ("css.premailer-unsafe", "error", in_css("* { margin: 0; }")),
    ("css.premailer-unsafe", "error", in_css(".a { color: #11223344; }")),
    ("css.premailer-unsafe", "error", in_css(".a { color: rgba(0, 0, 0, .5); }")),
    ("css.premailer-unsafe", "error", in_css(".a { width: calc(1px + 2px); }")),
    ("css.premailer-unsafe", "error", in_css(".a { color: #112233 !important; }")),
    ("css.premailer-unsafe", "error", in_css("@media print { .a { color: #112233; } }")),
    ("css.external", "error", in_css(head="@import 'x.css';")),
    ("css.external", "error", in_css(head=".a { background: url(https://x.example/a.png); }")),
    ("css.external", "error", in_html("</head>", '<link rel="stylesheet" href="https://x.example/a.css"></head>')),
    ("hdr.from", "error", header("From")),
    ("hdr.from", "error", header("From", "A charity <digest@elsewhere.org>")),
    ("hdr.from", "error", header("From", "A charity")),
    ("hdr.subject-empty", "error", in_all(subject="  ")),
    ("hdr.subject-length", "warning", in_all(subject="Digest " * 9)),
    ("hdr.preheader", "warning", in_all(preheader="News")),
    ("hdr.list-unsubscribe", "error", header("List-Unsubscribe")),
    ("hdr.list-unsubscribe", "error", header("List-Unsubscribe", "<mailto:leave@mail.charity-news.org>")),
    ("hdr.list-unsubscribe", "error", header("List-Unsubscribe", f"<{SITE}/leave>")),
    ("hdr.list-unsubscribe", "error", header("DKIM-Signature", "v=1; h=From:To:Subject; b=x")),
    ("hdr.one-click", "error", header("List-Unsubscribe-Post")),
    ("hdr.one-click", "error", header("List-Unsubscribe-Post", "List-Unsubscribe=Yes")),
    ("hdr.list-id", "error", header("List-Id", "weekly")),
    ("hdr.message-id", "error", header("Message-ID", "one@two@three")),
    ("hdr.message-id", "error", one_message_id),
    ("hdr.date", "error", header("Date", "yesterday")),
    ("hdr.date", "error", header("Date", "Fri, 20 Nov 2026 07:00:00 -0000", "Fri, 20 Nov 2026 07:00:00 -0000")),
    ("hdr.date", "error", header("Date", "Fri, 20 Nov 2036 07:00:00 +0000")),
    ("hdr.injection", "error", header("X-Digest", "weekly\r\nBcc: all@charity-news.org")),
    ("hdr.injection", "error", header("X-Digest", "a\0b")),
    ("body.unsubscribe", "error", left),
    ("body.unsubscribe", "error", in_text("/leave/", "/left/")),
    ("body.postal", "error", of_issue(postal_address="2 Other Street, York")),
    ("body.postal", "error", of_issue(postal_address="")),
    ("body.reason", "error", in_html("You get this because", "Because")),
    ("body.disclaimer", "error", in_html("Not medical advice", "Medical advice")),
    ("body.disclaimer", "error", in_entry(1, coi="Paid by Firm & Sons")),
    ("body.disclaimer", "error", in_entry(0, disclaimer="General Disclaimer: another one.")),
    ("body.duplicate", "warning", two_alike),
    ("body.duplicate", "warning", one_trial),
    ("body.duplicate", "info", one_paper),
    ("body.stale", "warning", in_entry(0, published=datetime(2020, 1, 1, tzinfo=UTC), precision="year")),
    ("body.stale", "warning", in_entry(0, event=Event(start=datetime(2020, 8, 26, 19, tzinfo=UTC)))),
    ("body.timezone", "warning", before_foot("<p>Join the call on 26 August at 7:30 pm.</p>")),
    ("token.entropy", "error", short_token),
    ("token.leak", "error", shared_token),
    ("words.grade", "warning", before_foot(f"<p>{HARD}</p>")),
    ("words.long-sentence", "info", before_foot(f"<p>{LONG}</p>")),
    ("words.abbreviation", "warning", before_foot("<p>It was QXZ again</p>")),
)  # fmt: skip


# What looks like a fault and is none.
FINE = (
    before_foot("<p>GANNET-9, CAFE-MS, COVID-19, LANTERN, phase III and MRI</p>"),
    before_foot("<p>QXZ was used: quick xenon zoning (QXZ) is safe</p>"),
    before_foot("<p>QXZ (quick xenon zoning) is safe</p>"),
    before_foot("<p>Call on 26 August, 7:30 pm London, 20:30 in Vienna and 2:30 pm EST</p>"),
    before_foot("<p>A ratio of 12:30, and minute 10:15 of the recording</p>"),
    before_foot("<p>None of the people, and nan as a word</p>"),
    before_foot(IMG.replace("A curve", "")),
    before_foot(f'<p><a class="link" href="{SITE}/x/" style="{LINK}">Alone in its line</a></p>', f"{SITE}/x/"),
    before_foot(f'<p>or <a class="link" href="{SITE}/x/" style="{LINK}; border:1px solid">edged</a></p>', f"{SITE}/x/"),
    before_foot(f'<p><a href="{SITE}/x/">Read more about ocrelizumab</a></p>', f"{SITE}/x/"),
    before_foot('<p><a href="mailto:editor@charity-news.org">Write to us</a>, <a href="tel:+441">call us</a></p>'),
    before_foot('<p style="position:static; mso-line-height-rule:exactly">x</p>'),
    before_foot('<table role="none"><tr><td><table><tr><th>x</th></tr></table></td></tr></table>'),
    before_foot('<p style="color:#777777; font-size:24px" class="part">Large and paler</p>'),
    before_foot('<div style="display:none"><p style="color:#ffffff; font-size:2px">Unseen {x}</p></div>'),
    header("List-Unsubscribe-Post", " List-Unsubscribe=One-Click"),
    header("DKIM-Signature", "v=1; h=From:List-Unsubscribe:\r\n List-Unsubscribe-Post; b=x"),
    header("From", "=?utf-8?q?A_charity?= <other@mail.charity-news.org>"),
    in_all(subject="x" * 60),
    in_css(".a, .b > .c { margin: 0 auto; } /* * + !important */", "@media print { .a:first-child { margin: 0 } }"),
    in_entry(0, published=datetime(2020, 1, 1, tzinfo=UTC), revision=2),
    in_entry(0, html='<p title="a style = of x">onset = early</p><a href="x" title="onload=1">y</a>'),
    of_issue(size_cap=150_000),
)  # fmt: skip


@pytest.mark.parametrize("plant", FINE)
def test_what_only_looks_like_a_fault_is_none(clean, plant) -> None:
    """Nobody is asked to look at what is right."""
    before = {key(finding) for finding in lint(clean)}

    assert [one for one in lint(plant(clean)) if key(one) not in before and one.level != "info"] == []


def key(finding: Finding) -> tuple[str, ...]:
    """Return what makes two findings the same, wherever they stand."""
    return finding.id, finding.level, finding.message, finding.excerpt, finding.entry


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.id)
@pytest.mark.parametrize("count", [1, 12])
def test_the_stock_mails_are_clean(variant, count) -> None:
    """Nothing of what we send by default is an error or asks for somebody's look, in any theme or language."""
    found = [finding for finding in lint(issue_of(variant, count=count)) if finding.level != "info"]

    assert found == []


@pytest.mark.parametrize(
    ("check", "level", "plant"), PLANTED, ids=[f"{number}-{case[0]}" for number, case in enumerate(PLANTED)]
)
def test_a_planted_fault_is_found(clean, check, level, plant) -> None:
    """Each fault is found under its own name and level, and nothing else is blamed for it."""
    before = {key(finding) for finding in lint(clean)}

    found = {(finding.id, finding.level) for finding in lint(plant(clean)) if key(finding) not in before}

    assert found == {(check, level)}


def test_no_check_is_forgotten() -> None:
    """Every check is planted here, or has a test of its own; each with a level that it is said to have."""
    elsewhere = {
        ("neutral.header", "error"),
        ("link.broken", "warning"),
        ("img.weight", "warning"),
        ("link.scheme", "warning"),
    }
    planted = {(check, level) for check, level, _ in PLANTED} | elsewhere

    assert planted == {(check, level) for check, levels in LEVELS_OF.items() for level in levels}
    assert CHECKS.keys() == LEVELS_OF.keys()


def test_ids_are_spelled_alike() -> None:
    """An id is a room and a name, and its sentence is one line without a full stop."""
    for check, sentence in CHECKS.items():
        assert re.fullmatch(r"[a-z0-9]+\.[a-z0-9-]+", check)
        assert sentence == sentence.strip()
        assert not sentence.endswith(".")
