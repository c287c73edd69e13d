"""How text looks: colours, sizes and the cascade, by the message's own styles."""

from __future__ import annotations

import pytest

from msdigest.lint.css import colour, contrast, declarations, matches, over, rules, specificity
from msdigest.lint.looks import Scheme, dark_rules
from msdigest.lint.page import read

COLOURS = (
    ("#fff", (255, 255, 255), 1.0),
    ("#11223380", (17, 34, 51), 128 / 255),
    ("1px solid RED", (255, 0, 0), 1.0),
    ("rgb(1, 2, 3)", (1, 2, 3), 1.0),
    ("rgba(1,2,3,.5)", (1, 2, 3), 0.5),
    ("rgb(100% 0% 0% / 50%)", (255, 0, 0), 0.5),
    ("transparent", (0, 0, 0), 0.0),
    ("rebeccapurple", (102, 51, 153), 1.0),
)


@pytest.mark.parametrize(("value", "expected", "opacity"), COLOURS, ids=[case[0] for case in COLOURS])
def test_colours_are_read(value, expected, opacity) -> None:
    """Every way in which mails write colours is read; what is none is nothing."""
    found = colour(value)

    assert found is not None
    assert found[0] == expected
    assert found[1] == pytest.approx(opacity)
    assert colour("inherit") is None


def test_contrast_is_wcags() -> None:
    """The figures of the design: black on white 21, and a grey that nearly is enough."""
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x77,) * 3, (255,) * 3) == pytest.approx(4.48, abs=0.01)
    assert contrast((0x1A,) * 3, (255,) * 3) == pytest.approx(17.4, abs=0.05)
    assert over((0, 0, 0), 0.5, (255, 255, 255)) == (128, 128, 128)


def test_declarations_and_rules_are_read() -> None:
    """Style attributes and stylesheets, with comments, media and what is not closed."""
    css = "/* { */ .a, p > .b { color: RED !important; x }\n@media (Prefers-Color-Scheme: dark) {\n.c { margin: 0 } }\n.d { a: b"
    found = rules(css)

    assert declarations("Color: Red ; x; margin : 0 !important") == (("color", "Red"), ("margin", "0"))
    assert [(rule.selector, rule.line, rule.dark) for rule in found] == [
        (".a", 1, False),
        ("p > .b", 1, False),
        (".c", 3, True),
    ]
    assert found[0].declarations == (("color", "RED", True),)
    assert [rule.selector for rule in dark_rules(css)] == [".c"]
    assert specificity("div.a #b p") == (1, 1, 2)


SELECTORS = (
    ("p", True), ("b", False), (".x", True), ("p.x.y", True), (".x.z", False), ("#one", True), ("div p", True),
    ("body > div p", True), ("body > p", False), ("td p", False), ("*", True), ("p:hover", False), ("[a]", False), ("", False),
)  # fmt: skip


@pytest.mark.parametrize(("selector", "expected"), SELECTORS)
def test_selectors_mean_elements(selector, expected) -> None:
    """Types, classes, ids and what they stand in are matched; anything else means nothing."""
    page = read('<body><div class="a"><p class="x y" id="one">t</p></div></body>')

    assert matches(selector, page.all("p")[0]) is expected


def test_looks_are_inherited_and_overruled() -> None:
    """Sizes and colours come down the tree; the head beats a style attribute only where it is important."""
    html = (
        '<meta name="color-scheme" content="light dark">'
        '<div style="color:#333333; background:#eeeeee; font-size:20px"><p class="a b" style="font-size:50%">x'
        '<a href="y">z</a> <b class="c" style="color:red">w</b></p></div><h1>head</h1>'
    )
    css = "@media (prefers-color-scheme: dark) { .a { color: #ffffff } .c { color: #00ff00 !important } div .b { background: #000 } }"
    page = read(html)
    light, dark = Scheme(page, dark=False), Scheme(page, dark=True, head_rules=dark_rules(css))
    paragraph, link, strong, heading = (page.all(tag)[0] for tag in ("p", "a", "b", "h1"))

    assert (light.of(paragraph).text, light.of(paragraph).ground) == ((51, 51, 51), (238, 238, 238))
    assert light.of(paragraph).size == 10
    assert light.of(link).underlined
    assert light.of(link).text == (0, 0, 238)
    assert (light.of(strong).text, light.of(strong).bold) == ((255, 0, 0), True)
    assert (dark.of(paragraph).text, dark.of(paragraph).ground) == ((255, 255, 255), (0, 0, 0))
    assert dark.of(strong).text == (0, 255, 0)
    assert (dark.of(heading).text, light.of(heading).size, light.of(heading).large) == ((255, 255, 255), 32, True)


def test_what_is_hidden_is_not_seen() -> None:
    """Text that no program shows is looked at by no check of what is seen."""
    hidden = ("display:none", "visibility:hidden", "font-size:0", "opacity:0")
    page = read(
        "".join(f'<p style="{style}"><b>x</b></p>' for style in hidden) + '<p hidden>y</p><p style="mso-hide:all">z</p>'
    )
    scheme = Scheme(page, dark=False)

    assert [scheme.of(element).hidden for element in page.all("p")] == [True] * 5 + [False]
    assert all(scheme.of(element).hidden for element in page.all("b"))
