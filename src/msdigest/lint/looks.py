"""How text looks: what each element inherits and what its style attribute says, in the light and the dark scheme."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.lint.css import Colour, colour, declarations, is_lone, matches, over, rules, specificity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msdigest.lint.css import Rule
    from msdigest.lint.page import Element, Page

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
# What browsers paint with where a page says that it knows the dark scheme and names no colours.
_DARK_GROUND, _DARK_LINK = (18, 18, 18), (158, 158, 255)
_LIGHT_LINK = (0, 0, 238)
_MEDIUM = 16.0
_HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_BOLD_TAGS = frozenset(("b", "strong", "th", *_HEADINGS))
_KEYWORDS = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
_FACTORS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54}
_SIZE = re.compile(r"([\d.]+)\s*(px|pt|pc|in|cm|mm|rem|em|ex|%)?", re.IGNORECASE)
_UNSEEN = frozenset({"head", "script", "style", "title", "template", "noscript", "object", "iframe"})
_BOLD_FROM = 600
_LARGE, _LARGE_BOLD = 24.0, 18.66


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the text of an element looks; sizes in px."""

    text: Colour
    ground: Colour
    size: float = _MEDIUM
    bold: bool = False
    hidden: bool = False
    underlined: bool = False
    edged: bool = False
    capitals: bool = False
    justified: bool = False

    @property
    def large(self) -> bool:
        """Whether less contrast is enough, by WCAG 2.2: 18 pt, or 14 pt and bold."""
        return self.size >= _LARGE or (self.bold and self.size >= _LARGE_BOLD)


class Scheme:
    """The looks of a page's elements in one scheme; equal elements in equal surroundings are looked at once."""

    def __init__(self, page: Page, *, dark: bool, head_rules: Sequence[Rule] = ()) -> None:
        """Take the page, and for the dark scheme the rules that hold in it."""
        self._dark = dark
        self._rules = sorted(
            ((rule, name, value, important) for rule in head_rules for name, value, important in rule.declarations),
            key=lambda told: (told[3], specificity(told[0].selector)),
        )
        self._lone = all(is_lone(rule.selector) for rule in head_rules)
        self._known: dict[tuple[object, ...], Look] = {}
        self._root = _root(page, dark=dark)
        self.looks: list[Look] = []
        for element in page.elements:
            self.looks.append(self._look(element))

    def of(self, element: Element | None) -> Look:
        """Return how text directly in ``element`` looks."""
        return self._root if element is None else self.looks[element.number]

    def _look(self, element: Element) -> Look:
        parent = self.of(element.parent)
        mine = element.attributes.get
        # By its id, as long as it is kept here: to hash all that a look is made of takes longer than all the rest.
        key = (id(parent), element.tag, mine("style"), mine("class"), mine("id"), mine("bgcolor"), mine("color"),
               mine("align"), mine("hidden"), mine("href") is None)  # fmt: skip
        if self._lone and key in self._known:
            return self._known[key]
        styles = dict(_from_attributes(element))
        styles.update(declarations(element.get("style")))
        if self._rules:
            styles = self._overruled(element, styles)
        look = _applied(parent, element, styles, link=_DARK_LINK if self._dark else _LIGHT_LINK)
        self._known[key] = look
        return look

    def _overruled(self, element: Element, inlined: Mapping[str, str]) -> dict[str, str]:
        """Put the head's rules where the cascade puts them: below a style attribute, unless they are important."""
        below: dict[str, str] = {}
        above: dict[str, str] = {}
        for rule, name, value, important in self._rules:
            if matches(rule.selector, element):
                (above if important else below)[name] = value
        # "background" and "background-color" are one thing here: whatever is said last.
        return _merged(_merged(below, inlined), above)


_SAME = {"background": "background-color", "background-color": "background"}


def _merged(first: Mapping[str, str], then: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in first.items() if name not in then and _SAME.get(name) not in then}
    return kept | dict(then)


def dark_rules(css: str) -> list[Rule]:
    """Return the rules of a head stylesheet that hold in the dark scheme on a wide screen."""
    return [rule for rule in _rules_of(css) if rule.dark and len(rule.media) == 1]


@lru_cache(maxsize=16)
def _rules_of(css: str) -> tuple[Rule, ...]:
    return tuple(rules(css))


def _root(page: Page, *, dark: bool) -> Look:
    knows_dark = any(
        element.get("name").lower() == "color-scheme" and "dark" in element.get("content").lower()
        for element in page.all("meta")
    )
    return Look(text=WHITE, ground=_DARK_GROUND) if dark and knows_dark else Look(text=BLACK, ground=WHITE)


def _from_attributes(element: Element) -> Iterator[tuple[str, str]]:
    if ground := element.get("bgcolor"):
        yield "background-color", ground
    if element.tag == "font" and element.get("color"):
        yield "color", element.get("color")
    if element.get("align").lower() == "justify":
        yield "text-align", "justify"


def _applied(parent: Look, element: Element, styles: Mapping[str, str], *, link: Colour) -> Look:
    ground = _ground(parent, styles)
    is_link = element.tag == "a" and "href" in element.attributes
    decoration = " ".join(value for name, value in styles.items() if name.startswith("text-decoration")).lower()
    text = link if is_link else parent.text
    if told := colour(styles.get("color", "")):
        text = over(told[0], told[1], ground)
    return replace(
        parent,
        text=text,
        ground=ground,
        size=_size(parent, element, styles.get("font-size", "")),
        bold=_bold(parent, element, styles),
        hidden=parent.hidden or _hidden(element, styles),
        underlined="underline" in decoration or (parent.underlined if not is_link else "none" not in decoration),
        edged=any(name.startswith("border") and _has_edge(styles[name]) for name in styles),
        capitals=_said(styles, "text-transform", "uppercase", otherwise=parent.capitals),
        justified=_said(styles, "text-align", "justify", otherwise=parent.justified),
    )


def _said(styles: Mapping[str, str], name: str, word: str, *, otherwise: bool) -> bool:
    return styles[name].lower() == word if name in styles else otherwise


def _has_edge(value: str) -> bool:
    return not re.search(r"\b(?:none|hidden|collapse)\b", value) and value.strip() not in {"0", "0px"}


def _ground(parent: Look, styles: Mapping[str, str]) -> Colour:
    told = colour(styles.get("background-color", styles.get("background", "")))
    return over(told[0], told[1], parent.ground) if told else parent.ground


def _bold(parent: Look, element: Element, styles: Mapping[str, str]) -> bool:
    weight = styles.get("font-weight", "").lower()
    if weight.isdecimal() and len(weight) <= len("1000"):
        return int(weight) >= _BOLD_FROM
    if weight:
        return weight in {"bold", "bolder"} or (weight == "inherit" and parent.bold)
    return parent.bold or element.tag in _BOLD_TAGS


def _size(parent: Look, element: Element, told: str) -> float:
    if told.lower() in _KEYWORDS:
        return _KEYWORDS[told.lower()]
    if match := _SIZE.fullmatch(told):
        try:
            number, unit = float(match[1]), (match[2] or "px").lower()
        except ValueError:
            return parent.size
        if unit in _FACTORS:
            return number * _FACTORS[unit]
        return number * {"rem": _MEDIUM, "em": parent.size, "ex": parent.size / 2, "%": parent.size / 100}[unit]
    if element.tag in _HEADINGS:
        return parent.size * _HEADINGS[element.tag]
    return parent.size * (5 / 6 if element.tag in {"small", "sub", "sup"} else 1)


def _hidden(element: Element, styles: Mapping[str, str]) -> bool:
    return (
        element.tag in _UNSEEN
        or "hidden" in element.attributes
        or styles.get("display", "").lower() == "none"
        or styles.get("visibility", "").lower() == "hidden"
        or styles.get("opacity", "") == "0"
        or bool(re.fullmatch(r"0(?:\.0+)?(?:px|pt|em|%)?", styles.get("font-size", "")))
    )


def seen(page: Page, scheme: Scheme) -> Iterable[tuple[Element | None, str, Look]]:
    """Tell every piece of text that can be seen, with its element and look."""
    for element, text in page.texts:
        look = scheme.of(element)
        if not look.hidden and text.strip():
            yield element, text, look
