"""Style sheets are inlined as the cascade says, or refused by file and selector; nothing is loaded."""

from __future__ import annotations

import re
import socket

import pytest

from msdigest.errors import NotCompilableError
from msdigest.model.compiled import Variant
from msdigest.render.email import compile_issue
from msdigest.render.inline import _parse, inline

PAGE = "<!DOCTYPE html>\n<html><head><title>t</title></head><body>{}</body></html>"


def _inlined(body: str, css: str, head: str = "") -> str:
    return inline(PAGE.format(body), inline_css=css, head_css=head, inline_file="inline.css", head_file="head.css")


# (sentence, body with one element of id x, css, the style that element must end with)
CASCADE = [
    ("a later rule wins", '<p id="x" class="a b">', ".a{color:#111111} .b{color:#222222}", {"color": "#222"}),
    (
        "order in the sheet, not in the class",
        '<p id="x" class="b a">',
        ".a{color:#111} .b{color:#222}",
        {"color": "#222"},
    ),
    ("a class beats a type", '<p id="x" class="a">', ".a{color:#111} p{color:#222}", {"color": "#111"}),
    ("an id beats classes", '<p id="x" class="a b">', "#x{color:#111} .a.b{color:#222}", {"color": "#111"}),
    ("two classes beat one", '<p id="x" class="a b">', ".a.b{color:#111} .b{color:#222}", {"color": "#111"}),
    ("type and class beat class", '<p id="x" class="a">', "p.a{color:#111} .a{color:#222}", {"color": "#111"}),
    (
        "nested beats single",
        '<div class="o"><p id="x" class="a">',
        ".o .a{color:#111} .a{color:#222}",
        {"color": "#111"},
    ),
    ("nested types count each", "<div><p id='x'>", "div p{color:#111} p{color:#222}", {"color": "#111"}),
    ("child counts as nested", "<div><p id='x'>", "div>p{color:#111} p{color:#222}", {"color": "#111"}),
    ("child of a child is no child", "<div><b><i id='x'>", "div > i{color:#111} i{color:#222}", {"color": "#222"}),
    ("comma lists", "<p id='x'>", "h1, p{color:#111}", {"color": "#111"}),
    ("own style beats all", "<p id='x' style='color:#333'>", "#x{color:#111}", {"color": "#333"}),
    ("own style adds", "<p id='x' style='margin:0'>", "p{color:#111}", {"color": "#111", "margin": "0"}),
    (
        "longhand after shorthand",
        '<p id="x" class="a">',
        "p{margin:1px} .a{margin-top:2px}",
        {"margin": "1px", "margin-top": "2px"},
    ),
    ("comments are no rules", "<p id='x'>", "/* p{color:#222} */ p{color:#111}", {"color": "#111"}),
]


@pytest.mark.parametrize(("body", "css", "style"), [case[1:] for case in CASCADE], ids=[case[0] for case in CASCADE])
def test_the_cascade_is_right(body, css, style) -> None:
    """What is let through comes out as browsers would compute it."""
    html = _inlined(body, css)

    found = re.search(r'id="x"[^>]* style="([^"]*)"', html)
    assert found
    assert dict(part.split(":") for part in found[1].split("; ")) == style


INLINE = [
    ("[class=a]{color:#111}", "attribute selectors"),
    ("a[href='x,y']{color:#111}", "attribute selectors"),
    ("p + p{color:#111}", "which neighbour"),
    ("p ~ p{color:#111}", "which neighbour"),
    ("p:first-child{color:#111}", "which place"),
    ("p:last-child{color:#111}", "which place"),
    ("tr:nth-child(2n){color:#111}", "which place"),
    ("p:only-of-type{color:#111}", "which place"),
    ("p:empty{color:#111}", "which place"),
    ("p:not(.a){color:#111}", ":not()"),
    ("a:hover{color:#111}", "head stylesheet"),
    ("p::before{content:'x'}", "head stylesheet"),
    ("*{margin:0}", "premailer ignores it"),
    (".a *{margin:0}", "premailer ignores it"),
    ("P{margin:0}", "not made of types, classes and ids"),
    (".ä{margin:0}", "not made of types, classes and ids"),
    ("@media (max-width:480px){p{color:#111}}", "@media"),
    ("@import 'x.css';", "@import"),
    ("p{color:#111} @import url(x.css);", "@import"),
    ("@font-face{font-family:x}", "@font-face"),
    ("@supports (display:grid){p{color:#111}}", "@supports"),
    ("p{color:#111 !important}", "!important"),
    ("p{color:rgba(0,0,0,.5)}", "#rrggbb"),
    ("p{color:rgb(0,0,0)}", "#rrggbb"),
    ("p{color:hsl(0,0%,0%)}", "#rrggbb"),
    ("p{width:calc(100% - 8px)}", "do not compute"),
    ("p{color:var(--x)}", "do not compute"),
    ("p{color:#11223344}", "transparency"),
    ("p{color:#1234}", "transparency"),
    ("p{background:url(https://track.example/x.gif)}", "loaded from elsewhere"),
    ("p{color:#111;color:#222}", "stands twice"),
    ("p{color}", "no declaration"),
    ("p{:a}", "no declaration"),
    ("p{font-family:'x}", "no declaration"),
    ('p{font-family:"x}', "no declaration"),
    ("p{color:#111", "cannot be inlined"),
    ("p color:#111}", "cannot be inlined"),
    ("p{margin:0} .a{margin-top:1px} .b{margin:2px}", "margin again after margin-top"),
    ("p{margin-top:1px} .a{margin:0} .b{margin-top:2px}", "margin-top again after margin"),
    ("p{border-color:#111} .a{border-top:0} .b{border-color:#222}", "border-color again after border-top"),
    ("p{line-height:1} .a{font:16px serif} .b{line-height:2}", "line-height again after font"),
]


@pytest.mark.parametrize(("css", "why"), INLINE, ids=[case[0] for case in INLINE])
def test_what_would_be_inlined_wrongly_is_refused(css, why) -> None:
    """The file and the selector or value are named."""
    with pytest.raises(NotCompilableError) as refused:
        _inlined('<p class="a b">x</p>', css)

    assert why in str(refused.value)
    assert refused.value.file == "inline.css"


@pytest.mark.parametrize(
    ("body", "css"),
    [
        ("<p class='a'></p><p class='b'></p>", "p{margin:0} .a{margin-top:1px} .b{margin:2px}"),
        ("<p class='a b'></p>", "p{border-top:0} .a{border-bottom:0} .b{border-top:1px solid #111}"),
        ("<p class='a b'></p>", "p{border:0} .a{border-radius:1px} .b{border:1px solid #111}"),
        ("<p class='a b'></p>", "p{border-top-width:0} .a{border-top-color:#111} .b{border-top-width:1px}"),
    ],
)
def test_properties_that_do_not_meet_are_let_through(body, css) -> None:
    """A shorthand is a danger only on an element where its longhand stands between."""
    assert "style=" in _inlined(body, css)


def test_the_own_style_of_an_element_is_the_last_rule() -> None:
    """A shorthand in a style attribute after sheet's shorthand and longhand would lose in premailer."""
    with pytest.raises(NotCompilableError, match="margin again after margin-top"):
        _inlined("<p class='a' style='margin:1px'></p>", "p{margin:0} .a{margin-top:1px}")


def test_a_style_that_is_a_selector_is_refused() -> None:
    """premailer's cache would hand out a compiled selector for it."""
    with pytest.raises(NotCompilableError, match="style='p' on b is no declaration"):
        _inlined("<p></p><b style='p'></b><br style='p'/>", "p{margin:0}")


@pytest.mark.parametrize("style", ["a:b{", ":a", "color:&quot;", "color:red;x:", "color:rgb(0,0,0)"])
def test_a_style_attribute_keeps_the_same_rules(style) -> None:
    """premailer would drop what it cannot read without a word."""
    with pytest.raises(NotCompilableError):
        _inlined(f"<p style='{style}'></p>", "p{margin:0}")


def test_whatever_premailer_raises_is_told(monkeypatch) -> None:
    """It is one error to an editor."""

    def fail(*_: object, **__: object) -> None:
        raise AttributeError("no such thing")

    monkeypatch.setattr("premailer.Premailer.transform", fail)
    with pytest.raises(NotCompilableError, match="premailer cannot inline it: AttributeError: no such thing"):
        _inlined("<p></p>", "p{margin:0}")


@pytest.mark.parametrize(
    ("css", "why"),
    [
        ("@import 'x.css';", "@import"),
        ("@font-face { src: local(x) }", "@font-face"),
        (".a { background: url(x.png) }", "url("),
        ("</style><script>", "<"),
        ("@media print { .a { color: red }", "braces"),
    ],
)
def test_a_head_stylesheet_loads_nothing(css, why) -> None:
    """Nor does it end before its end."""
    with pytest.raises(NotCompilableError) as refused:
        _inlined("<p></p>", "p{margin:0}", css)

    assert why in str(refused.value)
    assert refused.value.file == "head.css"


def test_a_head_stylesheet_stays_as_it_is() -> None:
    """Its !important is what lets the dark scheme overrule what is inlined."""
    head = "@media (prefers-color-scheme: dark) { .a > b { color: #fff !important } }\na:hover { color: red }"

    html = _inlined("<p></p>", "p{color:#111111}", head)

    assert f"<style>{head}</style>" in html
    assert html.startswith("<!DOCTYPE html>")
    assert html.count("<style") == 1


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("", "must begin with"),
        ("<!doctype html><html><head></head><body></body></html>", "must begin with"),
        ("<!DOCTYPE html><html><body></body></html>", "exactly one </head>"),
        (PAGE.format("<style>p{}</style>"), "<style> is not allowed"),
        (PAGE.format("<link rel=stylesheet href=https://x.example/>"), "<link> is not allowed"),
        (PAGE.format("<base href=https://x.example/>"), "<base> is not allowed"),
    ],
)
def test_a_page_brings_no_styles_of_its_own(html, why) -> None:
    """And it is spelled as premailer needs it."""
    with pytest.raises(NotCompilableError, match=why):
        inline(html, inline_css="p{margin:0}", head_css="")


def test_what_cssutils_cannot_read_is_told(capfd) -> None:
    """A complaint of cssutils is raised with its line, and not printed."""
    with pytest.raises(NotCompilableError, match=r"cssutils cannot read it.*2, 9"):
        _inlined("<p></p>", "p{margin:0}\np{mso-a:#$%}")

    assert capfd.readouterr() == ("", "")


def test_no_network_whatever_the_page_says(monkeypatch) -> None:
    """Images and links are left alone; nothing is asked for."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert "https://x.example/i.png" in _inlined("<img src='https://x.example/i.png'>", "img{margin:0}")


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("inline.css.jinja", ".entry {", ".entry:last-child {", "'.entry:last-child'"),
        ("inline.css.jinja", ".entry {", ".entry + .entry {", "'.entry + .entry'"),
        ("inline.css.jinja", "margin: 0 auto;", "margin: 0 auto !important;", "!important"),
        ("head.css.jinja", ":root {", "@import 'x.css'; :root {", "@import"),
    ],
)
def test_an_issue_with_an_unsafe_stylesheet_is_refused(mutated, make_view, name, old, new, why) -> None:
    """The operator is told which file and which selector."""
    with pytest.raises(NotCompilableError) as refused:
        compile_issue(mutated(name, old, new), make_view(2), Variant())

    assert why in str(refused.value)
    assert refused.value.file.endswith(name)


def test_cssutils_loads_no_other_sheet() -> None:
    """Even if an @import came as far as that."""
    with pytest.raises(RuntimeError, match=r"asked for https://x\.example/"):
        _parse("@import 'https://x.example/';", "inline.css")
