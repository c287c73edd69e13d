"""What stylesheets say, as far as a check needs it: declarations, colours, and the rules of the head by scheme."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from msdigest.lint.page import Element

Colour = tuple[int, int, int]
Declarations = tuple[tuple[str, str], ...]

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_IMPORTANT = re.compile(r"\s*+!\s*+important\b", re.IGNORECASE)
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b", re.IGNORECASE)
_FUNCTION = re.compile(r"(rgba?)\(([^()]*)\)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_COMPOUND = re.compile(r"(\*|[a-z][a-z0-9]*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_NAMES = re.compile(r"([.#])([\w-]+)")
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
_LONGEST_STYLE = 20_000
_OPAQUE = 255
# The lightness of sRGB, by WCAG 2.2.
_LINEAR_UP_TO = 0.04045
_WEIGHTS = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector of a stylesheet with its declarations; ``media``: the conditions around it, in small letters."""

    selector: str
    declarations: tuple[tuple[str, str, bool], ...]
    media: tuple[str, ...]
    line: int

    @property
    def dark(self) -> bool:
        """Whether it holds in the dark scheme alone."""
        return any(_DARK.search(condition) for condition in self.media)


@lru_cache(maxsize=4_096)
def declarations(style: str) -> Declarations:
    """Return the properties of a style attribute with their values, both in small letters where letters are names."""
    found = []
    for part in style[:_LONGEST_STYLE].split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found.append((name.strip().lower(), _IMPORTANT.sub("", value).strip()))
    return tuple(found)


def without_comments(css: str) -> str:
    """Return ``css`` without its comments, every line where it was."""
    return _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), css)


def rules(css: str) -> list[Rule]:
    """Read a stylesheet's rules in their order; what is not closed ends with the sheet."""
    bare = without_comments(css)
    found: list[Rule] = []
    media: list[str] = []
    start = 0
    selector: str | None = None
    for match in re.finditer(r"[{}]", bare):
        before = bare[start : match.start()]
        line = bare.count("\n", 0, start + len(before) - len(before.lstrip())) + 1 if match[0] == "{" else 0
        start = match.end()
        if match[0] == "{":
            prelude = before.rpartition(";")[2].strip()
            if prelude.startswith("@") or selector is not None:
                media.append(prelude.lower())
            else:
                selector, opened = prelude, line
        elif selector is not None:
            found += _rules(selector, before, tuple(media), opened)
            selector = None
        elif media:
            media.pop()
    return found


def _rules(selectors: str, block: str, media: tuple[str, ...], line: int) -> Iterator[Rule]:
    told = []
    for part in block.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            important = _IMPORTANT.search(value) is not None
            told.append((name.strip().lower(), _IMPORTANT.sub("", value).strip(), important))
    for selector in selectors.split(","):
        yield Rule(selector.strip(), tuple(told), media, line)


@cache
def _named_colours() -> Mapping[str, str]:
    text = files("msdigest.lint").joinpath("data/colours.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@lru_cache(maxsize=1_024)
def colour(value: str) -> tuple[Colour, float] | None:
    """Return the first colour that ``value`` names, with its opacity; None if it names none that is fixed."""
    if match := _HEX.search(value):
        return _from_hex(match[0][1:])
    if match := _FUNCTION.search(value):
        return _from_numbers(match[2])
    for word in _WORD.findall(value):
        if word.lower() == "transparent":
            return (0, 0, 0), 0.0
        if named := _named_colours().get(word.lower()):
            return _from_hex(named[1:])
    return None


def _from_hex(digits: str) -> tuple[Colour, float]:
    if len(digits) <= len("rgba"):
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return (red, green, blue), int(digits[6:8] or "ff", 16) / _OPAQUE


def _from_numbers(inside: str) -> tuple[Colour, float] | None:
    try:
        red, green, blue, *rest = (
            float(part[:-1]) / 100 * _OPAQUE if part.endswith("%") else float(part)
            for part in re.split(r"[\s,/]+", inside.strip())
        )
        opacity = rest[0] / _OPAQUE if rest and "%" in inside.rpartition(",")[2] else (rest or [1.0])[0]
        return (round(red), round(green), round(blue)), opacity
    except (ValueError, OverflowError):
        return None


def over(top: Colour, opacity: float, ground: Colour) -> Colour:
    """Return what is seen where ``top`` lies on ``ground``."""
    share = min(1.0, max(0.0, opacity))
    red, green, blue = (round(share * one + (1 - share) * other) for one, other in zip(top, ground, strict=True))
    return red, green, blue


@lru_cache(maxsize=4_096)
def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21."""
    light, dark = sorted((_lightness(one), _lightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _lightness(colour: Colour) -> float:
    parts = (min(_OPAQUE, max(0, part)) / _OPAQUE for part in colour)
    linear = (part / 12.92 if part <= _LINEAR_UP_TO else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip(_WEIGHTS, linear, strict=True))


def hexadecimal(colour: Colour) -> str:
    """Write a colour as people do."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


@lru_cache(maxsize=1_024)
def _steps(selector: str) -> tuple[tuple[str, str, frozenset[str], str], ...] | None:
    """Read a selector of types, classes and ids into (combinator, type, classes, id); None for any other."""
    steps = []
    combinator = ""
    for part in re.sub(r"\s*>\s*", " > ", selector).split():
        if part == ">":
            combinator = ">"
            continue
        match = _COMPOUND.fullmatch(part)
        if match is None:
            return None
        names = _NAMES.findall(match[2])
        classes = frozenset(name for mark, name in names if mark == ".")
        identity = next((name for mark, name in names if mark == "#"), "")
        steps.append((combinator or " ", (match[1] or "").lower().replace("*", ""), classes, identity))
        combinator = ""
    return tuple(steps) or None


def specificity(selector: str) -> tuple[int, int, int]:
    """Return what the cascade sorts by: ids, classes, types."""
    steps = _steps(selector) or ()
    ids = sum(bool(step[3]) for step in steps)
    return ids, sum(len(step[2]) for step in steps), sum(bool(step[1]) for step in steps)


def is_lone(selector: str) -> bool:
    """Tell whether a selector asks for nothing around the element."""
    return len(_steps(selector) or ()) == 1


def matches(selector: str, element: Element) -> bool:
    """Tell whether a selector of types, classes and ids means ``element``; any other means nothing."""
    steps = _steps(selector)
    return steps is not None and _fits(steps[-1], element) and _around(steps, element)


def _around(steps: Sequence[tuple[str, str, frozenset[str], str]], element: Element) -> bool:
    """Tell whether what stands around fits, from the inside out, the nearest that fits taken."""
    combinator = steps[-1][0]
    around = element.ancestors()
    for step in reversed(steps[:-1]):
        if combinator == ">":
            parent = next(around, None)
            if parent is None or not _fits(step, parent):
                return False
        elif not any(_fits(step, parent) for parent in around):
            return False
        combinator = step[0]
    return True


def _fits(step: tuple[str, str, frozenset[str], str], element: Element) -> bool:
    _, tag, classes, identity = step
    return (
        (not tag or tag == element.tag)
        and classes.issubset(element.classes)
        and (not identity or identity == element.get("id"))
    )
