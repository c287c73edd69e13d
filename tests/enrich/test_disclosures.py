"""COI and disclaimer lines leave the body whole; all other words stay as they are."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from msdigest.enrich.disclosures import enrich
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.model.entry import Entry

ROOT = Path(__file__).resolve().parents[2]
WORLD = Path(os.environ.get("MSDIGEST_WORLD", ROOT / "../shared/world"))
ENTRY = Entry(key="k", source="s", title="A title", url="https://blog.example/1")


def _lines(text: str) -> list[str]:
    return [line.strip("• ") for line in text.split("\n") if line]


@pytest.mark.parametrize(
    "line",
    [
        "COI None relevant",
        "COI: none",
        "CoI: multiple",
        "coi : none",
        "COI multiple",
        "COI - none",
        "(COI: none)",
        "Conflict of interest: none.",
        "Conflicts of Interest None declared",
        "Conflict of interests statement: speaker fees from Example Pharma",
        "CONFLICT OF INTEREST – none",
        "Competing interests: none",
        "Competing interests The authors declare none.",
        "Declaration of interests: none",
        "Declaration of competing interests. None.",
        "Disclosure: I hold shares in Example Pharma.",
        "Financial disclosures: none",
        "Disclosures: none",
    ],
)
def test_forms_of_a_conflict_of_interest(line: str) -> None:
    """Whatever the label and the sign behind it, the line goes to the COI field in its own words."""
    entry = enrich(replace(ENTRY, html=f"<p>Before.</p><p>{line}</p>", text=f"Before.\n\n{line}"))

    assert (entry.coi, entry.disclaimer, entry.html, entry.text) == (line, None, "<p>Before.</p>", "Before.")


@pytest.mark.parametrize(
    "line",
    [
        "General Disclaimer: Please note that these are opinions.",
        "Disclaimer: no advice.",
        "DISCLAIMER - no advice.",
        "Medical disclaimer: no advice.",
        "Disclaimer Please ask your team.",
    ],
)
def test_forms_of_a_disclaimer(line: str) -> None:
    """A disclaimer has a field of its own."""
    entry = enrich(replace(ENTRY, html=f"<p>Before.</p><p>{line}</p>", text=f"Before.\n\n{line}"))

    assert (entry.coi, entry.disclaimer, entry.html, entry.text) == (None, line, "<p>Before.</p>", "Before.")


@pytest.mark.parametrize(
    "body",
    [
        "<p>Conflicts of interest are everywhere in medicine.</p>",
        "<p>We asked about the COI: he had none.</p>",
        "<p>COI statements are often missing.</p>",
        "<p>COIN: a trial</p>",
        "<p>Disclosure at work is hard.</p>",
        "<h2>Disclosure</h2><p>When to tell people.</p>",
        "<h2>Conflicts of interest: who pays for trials?</h2><p>A story.</p>",
        "<p>Disclaimers are boring.</p>",
        "<p>No disclaimer: here we say it all.</p>",
    ],
)
def test_talk_about_them_stays(body: str) -> None:
    """A sentence or title that merely speaks of conflicts of interest is part of the body."""
    entry = replace(ENTRY, html=body, text=body.replace("</p>", "\n").replace("<p>", ""))

    assert enrich(entry) == entry


@pytest.mark.parametrize(
    ("html", "left", "coi", "disclaimer"),
    [
        ("<p><strong>COI:</strong> None</p>\n<p>B&nbsp;&amp; C</p>", "\n<p>B&nbsp;&amp; C</p>", "COI: None", None),
        ("<p>A<br>COI: none<br>B</p>", "<p>A<br>B</p>", "COI: none", None),
        ("<p>A<br>COI: none<br>Disclaimer: d</p>", "<p>A</p>", "COI: none", "Disclaimer: d"),
        ("<p>COI: none<br>Disclaimer: d<br>B</p>", "<p>B</p>", "COI: none", "Disclaimer: d"),
        ("<p><br>COI: none<br>Disclaimer: d<br><br></p><p>B</p>", "<p>B</p>", "COI: none", "Disclaimer: d"),
        ("<p><em>A<br>COI: <b>no</b>ne</em></p>", "<p><em>A</em></p>", "COI: none", None),
        ("<p>COI: Smith &amp;<wbr> Son&nbsp; Ltd</p>", "", "COI: Smith & Son Ltd", None),
        ("<div><p>A</p><blockquote><p>COI: x</p></blockquote></div>", "<div><p>A</p></div>", "COI: x", None),
        ("<ul><li>A</li><li>COI: x</li></ul>", "<ul><li>A</li></ul>", "COI: x", None),
        ("<ul><li>COI: x</li></ul><p>B</p>", "<p>B</p>", "COI: x", None),
        (
            "<table><tr><td>COI</td><td><b>x</b></td></tr></table>",
            "<table><tr><td></td><td></td></tr></table>",
            "COI | x",
            None,
        ),
        (
            "<table><tr><td><p>A</p><p>COI: x</p></td></tr></table>",
            "<table><tr><td><p>A</p></td></tr></table>",
            "COI: x",
            None,
        ),
        ("A<p>COI: x</p>B", "A<br>B", "COI: x", None),
        ("A<p>COI: x</p><br>B", "A<br>B", "COI: x", None),
        (
            '<p>COI: x <a href="/a"><img src="a.png" alt="1 > 0"></a></p>',
            '<p><a href="/a"><img src="a.png" alt="1 > 0"></a></p>',
            "COI: x",
            None,
        ),
        ("<p>COI: x</p><p>A</p><p>COI: y</p><p>COI: x</p>", "<p>A</p>", "COI: x\nCOI: y", None),
        ("<h3>Conflict of interest</h3><p>None.</p><p>A</p>", "<p>A</p>", "Conflict of interest\nNone.", None),
        (
            "<p>Disclosures:</p><ul><li>Fees</li><li>Shares</li></ul><p>A</p>",
            "<p>A</p>",
            "Disclosures:\nFees\nShares",
            None,
        ),
        (
            "<p>COI</p><ul><li>Fees</li><li>Disclaimer: d</li><li>A</li></ul>",
            "<ul><li>A</li></ul>",
            "COI\nFees",
            "Disclaimer: d",
        ),
        ("<p>A</p><p>COI</p><h3>B</h3>", "<p>A</p><h3>B</h3>", "COI", None),
        ("<p>A</p><p>COI</p>", "<p>A</p>", "COI", None),
        ("<p>A</p><p>COI</p><ul><li>Fees</li></ul>", "<p>A</p>", "COI\nFees", None),
        ("<p>A</p><p><b>COI: x</p></b><hr>", "<p>A</p><p><b></p></b><hr>", "COI: x", None),
        ("<p>A</p><hr>Disclaimer: bare", "<p>A</p><hr>", None, "Disclaimer: bare"),
        ("</li><p>A < B</p><p>COI: x</p>", "</li><p>A < B</p>", "COI: x", None),
    ],
)
def test_bodies_of_every_build(html: str, left: str, coi: str | None, disclaimer: str | None) -> None:
    """The line goes with its tags and break and what it leaves empty; every other byte stays."""
    entry = enrich(replace(ENTRY, html=html))

    assert (entry.html, entry.coi, entry.disclaimer) == (left, coi, disclaimer)
    assert enrich(entry) == entry


@pytest.mark.parametrize(
    ("text", "left", "coi"),
    [
        ("A\n\nCOI: none\n\nB", "A\n\nB", "COI: none"),
        ("COI: none\n\nB\n", "B\n", "COI: none"),
        ("A\n\nCOI: none\n", "A", "COI: none"),
        ("A\nCOI:  none\nB", "A\nB", "COI: none"),
        (
            "A\n\nCompeting interests\n• Fees\n• Shares\n\nB – COI: b",
            "A\n\nB – COI: b",
            "Competing interests\n• Fees\n• Shares",
        ),
    ],
)
def test_plain_bodies(text: str, left: str, coi: str) -> None:
    """A body without HTML is read line by line."""
    entry = enrich(replace(ENTRY, text=text))

    assert (entry.text, entry.coi, entry.html) == (left, coi, "")
    assert enrich(entry) == entry


def test_points_of_a_list_leave_the_text_too() -> None:
    """Plain text may print a bullet that the HTML does not have."""
    entry = enrich(replace(ENTRY, html="<ul><li>A</li><li>COI: x</li></ul>", text="• A\n• COI: x"))

    assert entry.text == "• A"


def test_what_was_said_before_stays() -> None:
    """A field that is set is not touched, and the body keeps a line that says something else."""
    html = "<p>COI: none</p><p>COI: shares</p><p>Disclaimer: d</p>"

    entry = enrich(replace(ENTRY, html=html, coi="COI: none"))

    assert (entry.coi, entry.disclaimer, entry.html) == ("COI: none", "Disclaimer: d", "<p>COI: shares</p>")
    assert enrich(entry) == entry


@pytest.mark.parametrize(
    "html",
    [
        "<p>A</p>\n<p>COI: <a href='https://x.example/'>fees</a></p>\n<p>B</p>\n<p>Disclaimer: d</p>",
        "<ul><li>A</li><li>COI: x<br>y</li></ul><p>B</p>",
        "<ol><li>A<ul><li>CoI&nbsp;&ndash; none</li><li>B</li></ul></li></ol>",
        "<table><tr><th>COI:</th><td>x</td></tr><tr><td>A</td><td>B</td></tr></table>",
        "<div>A<div>COI: x</div>B</div>",
        "<h2>Conflict of interest</h2><blockquote><p>None.</p></blockquote><p>A<img src='a.png'></p>",
        "<p>General Disclaimer: d<br><br>A</p>",
    ],
)
def test_text_and_html_stay_twins(html: str) -> None:
    """Of a cleaned body, the text that is left has the very lines of the HTML that is left."""
    cleaned = clean(html, base_url="https://blog.example/")

    entry = enrich(replace(ENTRY, html=cleaned, text=plain(cleaned)))

    assert entry.html != cleaned
    assert _lines(entry.text) == _lines(plain(entry.html))


@pytest.mark.skipif(not WORLD.is_dir(), reason="the captured posts of the optional world are not here")
def test_the_captured_post() -> None:
    """The real post's lines are taken word for word, and its text is otherwise untouched."""
    posts = json.loads((WORLD / "expected.json").read_text(encoding="utf-8"))["posts"]["ms-blog"]
    expected = next(post for post in posts if post["slug"] == "repairing-with-alemtuzumab")
    text = (WORLD / "seeds" / "repairing-with-alemtuzumab.txt").read_text(encoding="utf-8").split("About the author")[0]

    entry = enrich(replace(ENTRY, text=text))

    assert (entry.coi, entry.disclaimer) == (expected["coi"], expected["disclaimer"])
    assert text.startswith(entry.text)
    assert text.removeprefix(entry.text).split() == f"{entry.coi} {entry.disclaimer}".split()
