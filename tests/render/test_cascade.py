"""Whatever stylesheet is written: inlined as a browser computes it, or refused by name; never wrong without a word."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from tests.render.browsing import Screen, chromium

from msdigest.errors import NotCompilableError
from msdigest.render.inline import inline

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "<!DOCTYPE html>\n<html><head><title>t</title></head><body>{}</body></html>"
NESTED = (
    '<div class="o"><p class="a b" id="x">one <b class="c">two</b></p><p class="b">three <a href="#">four</a></p></div>'
)
RIGHT = ""

# (what the cascade is asked, body, stylesheet, RIGHT or a part of the refusal)
CASES = [
    ("a later rule wins", NESTED, ".a{color:#111111} .b{color:#222222}", RIGHT),
    ("the order is the sheet's, not the attribute's", '<p class="b a">x</p>', ".a{color:#111} .b{color:#222}", RIGHT),
    ("a class beats a type", NESTED, ".a{color:#111} p{color:#222}", RIGHT),
    ("an id beats two classes", NESTED, "#x{color:#111} .a.b{color:#222}", RIGHT),
    ("two classes beat one", NESTED, ".a.b{color:#111} .b{color:#222}", RIGHT),
    ("type and class beat a class", NESTED, "p.a{color:#111} .a{color:#222}", RIGHT),
    ("nested beats single", NESTED, ".o .a{color:#111} .a{color:#222}", RIGHT),
    ("a child's child is no child", NESTED, "div > b{color:#111} b{color:#222}", RIGHT),
    ("nearer is not stronger", NESTED, "html .c{color:#111} p .c{color:#222}", RIGHT),
    ("each of a list for itself", NESTED, "#x, .b{color:#111} .a{color:#222}", RIGHT),
    ("an own rule beats an inherited one", NESTED, "#x{color:#111} b{color:#222}", RIGHT),
    ("a style attribute beats an id", '<p id="x" style="color:#111">x</p>', "#x{color:#222}", RIGHT),
    ("a longhand after its shorthand", NESTED, "p{margin:1px} .a{margin-top:9px}", RIGHT),
    ("a shorthand after its longhand", NESTED, "p{margin-top:9px} .a{margin:1px}", RIGHT),
    ("names and values in capitals", NESTED, "p{COLOR:#ABCDEF} .a{color:NAVY}", RIGHT),
    ("a comment around a selector", NESTED, "/* p{color:#222} */ p /* x */ {color:#111 /* y */}", RIGHT),
    ("classes in capitals are others", '<p class="A">x</p>', ".a{color:#111} p{color:#222}", RIGHT),
    ("an attribute selector counts as a class", NESTED, "[href]{color:#111} a{color:#222}", "attribute selectors"),
    ("a dot in an attribute's value", NESTED, "a[href='#.x']{color:#111} a{color:#222}", "attribute selectors"),
    ("a comma in an attribute's value", NESTED, "a[title='x,y']{color:#111}", "attribute selectors"),
    ("first-child against a later type", NESTED, "p:first-child{color:#111} p{color:#222}", "which place"),
    ("last-child against a later class", NESTED, ".b:last-child{color:#111} .b{color:#222}", "which place"),
    ("nth-child against a later class", NESTED, "p:nth-child(2){color:#111} .b{color:#222}", "which place"),
    ("not() counts what it holds", NESTED, "p:not(.x){color:#111} p{color:#222}", ":not()"),
    ("the universal selector", NESTED, "*{color:#111}", "premailer ignores it"),
    ("a neighbour", NESTED, "p + p{color:#111}", "which neighbour"),
    ("a state", NESTED, "a:hover{color:#111} a{color:#222}", "head stylesheet"),
    ("what stands before", NESTED, "p::before{content:'x'}", "head stylesheet"),
    ("important against a style attribute", '<p style="color:#111">x</p>', "p{color:#222 !important}", "!important"),
    ("shorthand, longhand, shorthand", NESTED, "p{margin:1px} .a{margin-top:9px} #x{margin:2px}", "margin again"),
    ("two names of one property", NESTED, "p{word-wrap:normal} .a{overflow-wrap:anywhere} #x{word-wrap:normal}", "again"),
    ("a fallback before a newer value", NESTED, "p{color:#111; color:#222}", "stands twice"),
    ("a colour with transparency", NESTED, "p{color:#111} .a{color:#11223344}", "transparency"),
    ("a colour that is none", NESTED, "p{color:#111} .a{color:#12}", "not among the values"),
    ("a length without a unit", NESTED, "p{margin:9px} .a{margin:10}", "not among the values"),
    ("a keyword that is none", NESTED, "p{text-align:right} .a{text-align:middle}", "not among the values"),
    ("a list of fonts with a keyword", NESTED, "p{font-family:serif} .a{font-family:a, inherit}", "not among the values"),
    ("a property that premailer loses", NESTED, "b{all:unset}", "all is no property"),
    ("a property of one engine", NESTED, "p{-webkit-text-fill-color:#111}", "is no property"),
    ("a shorthand of layouts", NESTED, "p{flex:1; flex-grow:2} .a{flex:3}", "flex is no property"),
    ("a logical side", NESTED, "p{margin-inline-start:9px} .a{margin-left:1px}", "is no property"),
    ("a rule for narrow screens", NESTED, "@media (max-width:9999px){p{color:#111}}", "@media"),
    ("a rule for newer programs", NESTED, "@supports (display:block){p{color:#111}}", "@supports"),
    ("a comment within a selector", NESTED, "p/**/b{color:#111}", "not made of types"),
    ("a blank that is none", NESTED, "p\u00a0b{color:#111}", "is no blank"),
    ("a stray semicolon eats the next rule", NESTED, "p{color:#111}; .a{color:#222}", "not made of types"),
    ("an escaped name", NESTED, "\\.a{color:#111} .\\61{color:#222}", "not made of types"),
    ("a rule that does not end", NESTED, "p{color:#111} .a{color:#222", "cannot be inlined"),
]  # fmt: skip


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    """A page in the system's Chromium."""
    with chromium() as started:
        shown = Screen(started)
        shown.show("<!DOCTYPE html><body>", width=800, scheme="light")
        yield shown


def wrong(screen: Screen, body: str, css: str) -> list[str]:
    """Return where the inlined page looks different from the one with its sheet; raises NotCompilableError."""
    html = inline(PAGE.format(body), inline_css=css, head_css="")
    return screen.compare(PAGE.format(body).replace("</head>", f"<style>{css}</style></head>"), html)


@pytest.mark.parametrize(("body", "css", "refusal"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_right_or_refused(screen, body, css, refusal) -> None:
    """As the case says; what is let through looks as the browser has it before anything was inlined."""
    if not refusal:
        assert wrong(screen, body, css) == []
        return
    with pytest.raises(NotCompilableError) as refused:
        wrong(screen, body, css)
    assert refusal in str(refused.value)


def test_a_difference_is_seen(screen) -> None:
    """Or the cases above would prove nothing."""
    plain = PAGE.format(NESTED)
    page = plain.replace("</head>", "<style>#x{color:#123456}</style></head>")

    assert "b: color is rgb(0, 0, 0) instead of rgb(18, 52, 86)" in screen.compare(page, plain)


BODIES = (
    NESTED,
    '<p class="c a">t<span class="b" style="color:#123456">u<b class="a c">v</b></span></p>',
    '<table class="a"><tr><td class="b"><p class="a" style="margin-top:5px">t</p></td></tr></table>',
    '<ul class="a"><li class="b">t<li class="c" id="x">u</ul>',
    "<P CLASS='a\tb\n c' ID=x>t<BR><B CLASS=c class=b>u</B></P>",
)
SELECTORS = (
    *("p", "b", "div", "a", "li", "td", "body", ".a", ".b", ".c", "#x", "p.a", ".a.b", "div p", "div > p", ".o .c"),
    *(".c > .b", "p, b", ".a, #x", "html p", "ul .a", ".a .b .c", "div>p>b", "#x b", ".A", "P", "a:hover", "p+p", "*"),
)
VALUES = {
    "color": ("#111111", "#222", "navy", "inherit", "#12", "currentcolor"),
    "margin": ("1px", "2px 3px", "0 auto", "5", "-1px"),
    "margin-top": ("3px", "auto", "4 px"),
    "padding": ("1px", "2px 4px 6px", "-2px"),
    "padding-left": ("7px", "5%"),
    "border": ("1px solid #111111", "0", "solid", "none"),
    "border-top": ("3px solid #222222", "0"),
    "border-color": ("#333333", "#111 #222"),
    "border-radius": ("1px", "2px 3px"),
    "border-top-left-radius": ("4px",),
    "font": ("16px serif", "bold 18px/1.5 sans-serif", "16 serif"),
    "font-size": ("17px", "1.2em", "small"),
    "font-weight": ("bold", "bolder", "heavy"),
    "font-family": ("Georgia, 'Noto Serif', serif", "a, inherit"),
    "line-height": ("1.5", "20px"),
    "background": ("#eeeeee", "none"),
    "background-color": ("#dddddd", "#ddd0"),
    "text-decoration": ("none", "underline", "underline #111111"),
    "text-align": ("left", "start", "middle"),
    "display": ("block", "inline-block", "inlineblock"),
    "white-space": ("nowrap", "pre"),
    "list-style": ("none", "square inside"),
    "list-style-type": ("circle",),
    "overflow": ("hidden", "auto"),
    "overflow-x": ("scroll",),
    "flex": ("1",),
    "all": ("unset",),
}
SLIPS = ("/*x*/", " ", "\u00a0", "\n", ";", "}", "{", ",", ">", "\\", "'", '"', "#", ".", " /* } */", "é", "<!--")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_is_never_wrong_without_a_word(screen, seed) -> None:
    """A hundred random sheets, some with a slip of the finger: those that are let through look right, and many are."""
    dice = Random(seed)  # noqa: S311  # the same sheets each time; no secret
    right = 0
    for _ in range(100):
        body, css = dice.choice(BODIES), random_sheet(dice)
        try:
            found = wrong(screen, body, css)
        except NotCompilableError:
            continue
        right += 1

        assert (found, css, body) == ([], css, body)
    assert right >= 15


def random_sheet(dice: Random) -> str:
    """Write up to five rules about a few properties, half of the time of one family."""
    names = dice.sample(list(VALUES), dice.randrange(1, 5))
    if dice.random() < 0.5:
        family = names[0].partition("-")[0]
        names = [name for name in VALUES if name.startswith(family)]
    rules = []
    for _ in range(dice.randrange(1, 6)):
        chosen = dice.sample(names, min(len(names), dice.randrange(1, 4)))
        block = "; ".join(f"{name}: {dice.choice(VALUES[name])}" for name in chosen)
        rules.append(f"{dice.choice(SELECTORS)} {{ {block} }}")
    css = "\n".join(rules)
    if dice.random() < 0.15:
        place = dice.randrange(len(css))
        css = css[:place] + dice.choice(SLIPS) + css[place:]
    return css
