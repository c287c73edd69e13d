"""A message's HTML is read as it is, and what is not well nested is told."""

from __future__ import annotations

import pytest

from msdigest.lint.page import read

FAULTS = (
    ("<p>a</p><br><img src=x><meta charset='utf-8'>", []),
    ("<P>a</p>", []),
    ("<p><b>a</p>", ["<b> is still open where </p> stands"]),
    ("<div><p>a", ["<div> is never closed", "<p> is never closed"]),
    ("a</p>", ["</p> closes nothing"]),
    ("<title>a", ["<title> is never closed"]),
    ("<style>a > b { } </b></style>", []),
    ("<!--[if mso]><table><tr><![endif]--><p></p><!--[if mso]></tr></table><![endif]-->", []),
    ("<!--[if mso]><table><tr><![endif]-->", ["<table> in a conditional comment is never closed", "<tr> in a conditional comment is never closed"]),
    ("<!--[if mso]></td><![endif]-->", ["</td> in a conditional comment closes nothing"]),
    ("<!-- <p> -->", []),
    ("a < b <3 <> </ >", []),
)  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), FAULTS)
def test_nesting_is_told(html, expected) -> None:
    """What is open, closed twice or crossed is a fault with its words; what HTML allows is none."""
    assert [fault for fault, _ in read(html).faults] == expected


def test_attributes_are_read() -> None:
    """Quotes of both kinds, none, entities, capitals, empty ones and the first of two that are alike."""
    html = """<a HREF="x?a=1&amp;b=2" title='"' data-a=b/c hidden id="" id=two = x>w</a>"""
    link = read(html).all("a")[0]

    assert link.attributes == {
        "href": "x?a=1&b=2", "title": '"', "data-a": "b/c", "hidden": "", "id": "", "x": "",
    }  # fmt: skip


def test_text_is_read() -> None:
    """An element's words are those within it, unescaped, with single blanks."""
    page = read("<div>a &amp; <b>b\n c</b><br>d<script>no < p</script></div>e<title>&lt;t&gt;</title>")

    assert page.text(page.all("b")[0]) == "b c"
    assert page.text(page.all("title")[0]) == "<t>"
    assert [text for _, text in page.texts] == ["a & ", "b\n c", "d", "no < p", "e", "<t>"]
    assert [each.tag for each in page.all("b")[0].ancestors()] == ["div"]
