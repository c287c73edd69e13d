"""What the mail programs of our readers do with HTML and CSS: a table of caniemail's tests, without asking anybody.

What is inlined is looked at, because every program has to do something with it. The head's stylesheet only adds for
those that read it, so it may hold what others do not know.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from msdigest.lint.css import declarations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from msdigest.lint.finding import Finding, Level
    from msdigest.lint.message import Message
    from msdigest.lint.page import Element

AUDIENCE_CLIENTS = ("gmail", "apple-mail", "outlook", "yahoo", "samsung-email", "protonmail", "thunderbird")
# Microsoft ended it with 2024; the table still has it.
_GONE = frozenset({"outlook/windows-mail"})
# Longhands that the table tests as one.
_SHORTHANDS = (
    ("padding-block", "css-padding-block-start-end"),
    ("padding-inline", "css-padding-inline-block"),
    ("margin-block", "css-margin-block-start-end"),
    ("margin-inline", "css-margin-inline-block"),
    ("border-image", "css-border-image"),
    ("border-block", "css-border-inline-block"),
    ("border-inline", "css-border-inline-block"),
    ("padding", "css-padding"),
    ("margin", "css-margin"),
    ("border-top-left-radius", "css-border-radius"),
    ("border-top-right-radius", "css-border-radius"),
    ("border-bottom-left-radius", "css-border-radius"),
    ("border-bottom-right-radius", "css-border-radius"),
    ("border", "css-border"),
    ("font", "css-font"),
    ("list-style", "css-list-style"),
    ("text-decoration", "css-text-decoration"),
    ("outline", "css-outline"),
    ("overflow", "css-overflow"),
    ("background", "css-background"),
    ("column", "css-column-layout-properties"),
    ("grid", "css-grid-template"),
    ("animation", "css-animation"),
    ("transition", "css-transition"),
    ("flex", "css-display-flex"),
    ("inset", "css-inset"),
)
_ALONE = {
    "left": "css-left-right-top-bottom",
    "right": "css-left-right-top-bottom",
    "top": "css-left-right-top-bottom",
    "bottom": "css-left-right-top-bottom",
    "row-gap": "css-gap",
    "column-gap": "css-gap",
}
_IN_VALUES = (
    (re.compile(r"\bcalc\(", re.IGNORECASE), "css-unit-calc"),
    (re.compile(r"\bvar\(", re.IGNORECASE), "css-variables"),
    (re.compile(r"\b(clamp|min|max)\(", re.IGNORECASE), "css-function-{}"),
    (re.compile(r"\blight-dark\(", re.IGNORECASE), "css-function-light-dark"),
    (re.compile(r"\b(linear|radial|conic)-gradient\(", re.IGNORECASE), "css-{}-gradient"),
    (re.compile(r"\brgba\(", re.IGNORECASE), "css-rgba"),
    (re.compile(r"\bsystem-ui\b", re.IGNORECASE), "css-sytem-ui"),
    (re.compile(r"(?<![\w#])\d*\.?\d+(vw|vh|vmin|vmax|rem|ch|ex)\b", re.IGNORECASE), "css-unit-{}"),
)
# Without these a message looks plainer and says the same: rounded corners, wrapping, letters' shapes, the hint that
# screen readers get beside what stands there. Everything else may move or hide what is to be read.
_PLAINER = frozenset((
    "css-accent-color", "css-background-clip", "css-border-radius", "css-border-spacing", "css-box-shadow",
    "css-color-scheme", "css-cursor", "css-display-none", "css-font-kerning", "css-hyphens", "css-letter-spacing",
    "css-list-style", "css-list-style-type", "css-list-style-position", "css-max-height", "css-max-width",
    "css-outline", "css-outline-offset", "css-overflow", "css-overflow-wrap", "css-sytem-ui", "css-table-layout",
    "css-text-align-last", "css-text-decoration", "css-text-decoration-color", "css-text-decoration-line",
    "css-text-decoration-skip-ink", "css-text-decoration-style", "css-text-decoration-thickness",
    "css-text-shadow", "css-text-transform", "css-text-underline-offset", "css-text-underline-position",
    "css-text-wrap", "css-transition", "css-white-space", "css-word-break", "css-word-spacing", "css-word-wrap",
))  # fmt: skip
_NEEDED_TAGS = frozenset((
    "audio", "base", "dialog", "marquee", "meter", "picture", "progress", "ruby", "svg", "video",
))  # fmt: skip
_NEEDED_ATTRIBUTES = {
    "usemap": "html-image-maps", "srcset": "html-srcset", "popover": "html-popover", "hidden": "html-hidden",
    "background": "html-background",
}  # fmt: skip
# Nobody can do without, or what it says is heard by some and costs the others nothing.
_WANTED = frozenset((
    "html-aria-label", "html-aria-hidden", "html-body", "html-dir", "html-doctype", "html-lang", "html-role",
    "html-style",
))  # fmt: skip
# Refused by a check of its own, whatever the table says.
_REFUSED_ANYWAY = frozenset((
    "html-button-reset", "html-button-submit", "html-form", "html-link", "html-object", "html-select",
    "html-textarea",
))  # fmt: skip
_SCRIPT_LIKE = re.compile(r"\bexpression\s*\(|-moz-binding|javascript\s*:|\bbehaviou?r\s*:", re.IGNORECASE)
_POSITION = re.compile(r"(?:^|[;{\s])position\s*:\s*(?!static\b)[\w-]+", re.IGNORECASE)
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class _Feature:
    """One row of the table: letters in the order of the clients."""

    title: str
    tested: str
    letters: str


@cache
def _table() -> tuple[tuple[str, ...], Mapping[str, _Feature]]:
    text = files("msdigest.lint").joinpath("data/caniemail.json").read_text(encoding="utf-8")
    told = json.loads(text)
    return tuple(told["clients"]), {slug: _Feature(*row) for slug, row in told["features"].items()}


def support(message: Message, *, clients: Sequence[str] = AUDIENCE_CLIENTS) -> Iterator[Finding]:
    """Tell what a message uses and a client among ``clients`` (its name, on all platforms) does not know."""
    found: dict[str, tuple[Element, str]] = {}
    for element in message.page.elements:
        style = element.get("style")
        if style and (script := _SCRIPT_LIKE.search(style)):
            yield _refused(message, element, script[0])
        for name, value in declarations(style):
            if name == "position" and value.lower() != "static":
                yield _refused(message, element, f"position: {value}")
            for slug in _of_declaration(name, value):
                found.setdefault(slug, (element, f"{name}: {value}"))
        for slug in _of_element(element):
            found.setdefault(slug, (element, f"<{element.tag}>"))
        if element.tag == "style":
            yield from _of_head(message, element)
    for slug, (element, excerpt) in found.items():
        yield from _unknown(message, slug, element, excerpt, clients=tuple(clients))


def _of_head(message: Message, element: Element) -> Iterator[Finding]:
    css = message.page.texts[element.first][1]
    for pattern in (_POSITION, _SCRIPT_LIKE):
        if match := pattern.search(css):
            yield _refused(message, element, match[0].strip(" ;{\n"))


def _refused(message: Message, element: Element, what: str) -> Finding:
    return message.found(
        "css.unsupported",
        "error",
        f"{message.shown(what)} is taken out, or takes the whole style with it, in most mail programs",
        element=element,
        excerpt=what,
        way_out="Lay out with tables and padding, and leave scripts out.",
    )


def _unknown(
    message: Message, slug: str, element: Element, excerpt: str, *, clients: tuple[str, ...]
) -> Iterator[Finding]:
    lacking = lacking_clients(slug, clients)
    if lacking:
        feature = _table()[1][slug]
        named = ", ".join(lacking[:_MOST_NAMED])
        more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
        level: Level = "info" if _is_plainer(slug) else "warning"
        yield message.found(
            "css.unsupported",
            level,
            f"{feature.title} is not known to {named}{more} (caniemail, tested {feature.tested})",
            element=element,
            excerpt=excerpt,
            way_out="Nothing needs to be done: the message only looks plainer there."
            if level == "info"
            else "Make sure that the message can be read without it, or do without it.",
        )


def _is_plainer(slug: str) -> bool:
    return slug in _PLAINER or (
        slug.startswith("html-")
        and slug.removeprefix("html-") not in _NEEDED_TAGS
        and slug not in _NEEDED_ATTRIBUTES.values()
    )


@lru_cache(maxsize=1_024)
def lacking_clients(slug: str, clients: tuple[str, ...]) -> tuple[str, ...]:
    """Return the clients among ``clients``, with their platforms, that do not know a feature at all."""
    names, features = _table()
    if slug not in features or slug in _WANTED or slug in _REFUSED_ANYWAY:
        return ()
    pairs = zip(names, features[slug].letters, strict=True)
    return tuple(
        name.replace("/", " on ")
        for name, letter in pairs
        if letter == "n" and name not in _GONE and name.partition("/")[0] in clients
    )


@lru_cache(maxsize=4_096)
def _of_declaration(name: str, value: str) -> tuple[str, ...]:
    """Return the table's rows that a declaration is tested in; a prefix says itself that it is for few."""
    if name.startswith(("-", "mso-")) or name == "position":
        return ()
    slugs = [slug for slug in (_of_property(name),) if slug]
    if name == "display":
        inner = re.search(r"flex|grid|none", value, re.IGNORECASE)
        slugs = [f"css-display-{inner[0].lower()}"] if inner else slugs
    for pattern, slug in _IN_VALUES:
        slugs += [slug.format(match[1].lower() if match.re.groups else "") for match in pattern.finditer(value)]
    return tuple(dict.fromkeys(slugs))


def _of_property(name: str) -> str:
    if name in _ALONE:
        return _ALONE[name]
    if f"css-{name}" in _table()[1]:
        return f"css-{name}"
    return next((slug for begin, slug in _SHORTHANDS if name == begin or name.startswith(f"{begin}-")), "")


def _of_element(element: Element) -> Iterator[str]:
    if f"html-{element.tag}" in _table()[1]:
        yield f"html-{element.tag}"
    for name, value in element.attributes.items():
        if name in _NEEDED_ATTRIBUTES:
            yield _NEEDED_ATTRIBUTES[name]
        elif name == "href" and value.startswith("#") and value != "#":
            yield "html-anchor-links"
        elif f"html-{name}" in _table()[1]:
            yield f"html-{name}"
