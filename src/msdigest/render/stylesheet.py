"""What an inlined stylesheet may contain: only what premailer gets right and what holds for any selection.

The inline stylesheet is plain rules of type, class and id selectors, nested by a blank or ``>``. Everything else
belongs into the head stylesheet, which no program touches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from msdigest.errors import NotCompilableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"([^{}]*)\{([^{}]*)\}")
_NAME = re.compile(r"-?[A-Za-z][A-Za-z-]*")
# premailer drops a declaration that it cannot read, without a word.
_UNBALANCED = re.compile(r"""[{}]|^[^"]*"[^"]*(?:"[^"]*"[^"]*)*$|^[^']*'[^']*(?:'[^']*'[^']*)*$""")
# Types in lower case: libxml2 writes them so, and premailer compares letter by letter.
_COMPOUND = re.compile(r"(?P<type>[a-z][a-z0-9]*)?(?P<rest>(?:[.#][A-Za-z_][\w-]*)*)")
# What makes a selector wrong in premailer, or true only beside certain neighbours.
_SELECTOR_FAULTS = (
    (re.compile(r"\["), "premailer counts attribute selectors wrongly"),
    (re.compile(r"[+~]"), "which neighbour stands before depends on the selection"),
    (re.compile(r":(?:first|last|only|nth|empty|root|has)"), "which place a part has depends on the selection"),
    (re.compile(r":not\b"), "premailer counts :not() wrongly"),
    (re.compile(r":"), "it cannot be inlined; write it in the head stylesheet"),
    (re.compile(r"\*"), "premailer ignores it"),
)
_VALUE_FAULTS = (
    (
        re.compile(r"!\s*important", re.IGNORECASE),
        "an inlined !important can no longer be overruled by the dark scheme",
    ),
    (re.compile(r"\b(?:rgba?|hsla?)\(", re.IGNORECASE), "colours are written #rrggbb, which every mail program knows"),
    (re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{4})\b", re.IGNORECASE), "premailer drops colours with transparency"),
    (re.compile(r"\b(?:calc|var|min|max|clamp)\(", re.IGNORECASE), "mail programs do not compute"),
    (re.compile(r"\burl\(", re.IGNORECASE), "nothing is loaded from elsewhere"),
)
_HEAD_FAULTS = (
    (re.compile(r"<"), "it would end the style element"),
    (re.compile(r"@import\b", re.IGNORECASE), "nothing is loaded from elsewhere"),
    (re.compile(r"@font-face\b", re.IGNORECASE), "nothing is loaded from elsewhere"),
    (re.compile(r"\burl\(", re.IGNORECASE), "nothing is loaded from elsewhere"),
)
_SHORTHANDS = frozenset(("margin", "padding", "font", "background", "list-style", "text-decoration", "outline"))
_NOT_RESET = frozenset(("border-collapse", "border-spacing", "border-radius"))
_SIDES = frozenset(("top", "right", "bottom", "left"))
_ASPECTS = frozenset(("width", "style", "color"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector with its properties, in the order of the cascade."""

    line: int
    selector: str
    properties: tuple[str, ...]

    @property
    def specificity(self) -> tuple[int, int, int]:
        """Return what the cascade sorts by: ids, classes, types."""
        types = sum(1 for part in re.split(r"[\s>]+", self.selector) if part[:1].isalpha())
        return (self.selector.count("#"), self.selector.count("."), types)


def refused(file: str, line: int | None, message: str) -> NotCompilableError:
    """Make the error; a rendered stylesheet's lines are not always its template's, so the message tells which."""
    return NotCompilableError(file, None, f"{message} (line {line} of the rendered stylesheet)" if line else message)


def check_inline(css: str, html: str, file: str) -> None:
    """Refuse a stylesheet that cannot be inlined rightly into ``html``; raises NotCompilableError."""
    rules = sorted(_rules(css, file), key=lambda rule: rule.specificity)
    _Overruled(rules, file).feed(html)


def check_head(css: str, file: str) -> None:
    """Refuse a head stylesheet that loads something or is cut short; raises NotCompilableError."""
    bare = _without_comments(css)
    for pattern, why in _HEAD_FAULTS:
        if match := pattern.search(bare):
            raise refused(file, _line(bare, match.start()), f"{match.group()!r} is not allowed: {why}")
    if bare.count("{") != bare.count("}"):
        raise refused(file, None, "its braces do not match")


def _rules(css: str, file: str) -> Iterator[Rule]:
    bare, end = _without_comments(css), 0
    for match in _BLOCK.finditer(bare):
        selectors, block = match.groups()
        line = _line(bare, match.start() + len(selectors) - len(selectors.lstrip()))
        before = bare[end : match.start()]
        if before.strip() or "@" in selectors:
            raise refused(file, line, _only_rules(before + selectors))
        properties = _properties(block, selectors.strip(), file, line)
        for selector in selectors.split(","):
            yield Rule(line, _checked(selector.strip(), file, line), properties)
        end = match.end()
    if rest := bare[end:].strip():
        raise refused(file, _line(bare, bare.index(rest, end)), _only_rules(rest))


def _only_rules(text: str) -> str:
    at_rule = re.search(r"@[\w-]+", text)
    found = at_rule.group() if at_rule else text.strip()[:40]
    return f"{found!r} cannot be inlined; the head stylesheet is the place for @media and the like"


def _checked(selector: str, file: str, line: int) -> str:
    for pattern, why in _SELECTOR_FAULTS:
        if pattern.search(selector):
            raise refused(file, line, f"selector {selector!r}: {why}")
    parts = re.split(r"\s*>\s*|\s+", selector)
    if not all(part and _COMPOUND.fullmatch(part) for part in parts):
        raise refused(file, line, f"selector {selector!r} is not made of types, classes and ids")
    return selector


def _properties(block: str, selector: str, file: str, line: int) -> tuple[str, ...]:
    names: list[str] = []
    for declaration in filter(None, (part.strip() for part in block.split(";"))):
        name, colon, value = (part.strip() for part in declaration.partition(":"))
        if not (_NAME.fullmatch(name) and colon and value) or _UNBALANCED.search(value):
            raise refused(file, line, f"{selector}: {declaration!r} is no declaration")
        for pattern, why in _VALUE_FAULTS:
            if pattern.search(value):
                raise refused(file, line, f"{selector}: {declaration!r}: {why}")
        if name.lower() in names:
            raise refused(file, line, f"{selector}: {name} stands twice, premailer keeps only the last")
        names.append(name.lower())
    return tuple(names)


class _Overruled(HTMLParser):
    """Finds elements where a property, one that overlaps it (margin-top) and the first again apply in this order.

    premailer keeps a property where it first stood, so the second would win. Only the last part of a selector is
    compared: it may warn of an element that the whole selector spares, never the other way round.
    """

    def __init__(self, rules: Sequence[Rule], file: str) -> None:
        super().__init__(convert_charrefs=True)
        self._rules = rules
        self._file = file
        self._seen: set[tuple[str, str, str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        kind = (tag, own.get("class", ""), own.get("id", ""), own.get("style", ""))
        if kind in self._seen:
            return
        self._seen.add(kind)
        if kind[3] and ":" not in kind[3]:
            # premailer would take it for a selector that it has seen.
            raise refused(self._file, None, f"style={kind[3]!r} on {tag} is no declaration")
        applied = [rule for rule in self._rules if _may_match(rule, tag, kind[1].split(), kind[2])]
        if kind[3]:
            applied.append(Rule(0, f"style attribute of {tag}", _properties(kind[3], tag, self._file, 0)))
        self._check(applied)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def _check(self, applied: Sequence[Rule]) -> None:
        properties = [(name, rule) for rule in applied for name in rule.properties]
        for place, (name, rule) in enumerate(properties):
            before = [other for other, _ in properties[:place]]
            if name in before:
                for other in before[before.index(name) :]:
                    if _overlap(name, other):
                        message = f"selector {rule.selector!r}: {name} again after {other}: write {other} there too"
                        raise refused(self._file, rule.line, message)


def _overlap(one: str, other: str) -> bool:
    """Tell whether two different properties set something in common."""
    if one == other or _NOT_RESET.intersection((one, other)):
        return False
    if one.startswith("border") and other.startswith("border"):
        parts, others = set(one.split("-")[1:]), set(other.split("-")[1:])
        return not any(parts & kind and others & kind and not parts & others & kind for kind in (_SIDES, _ASPECTS))
    short, long = sorted((one, other), key=len)
    return (short in _SHORTHANDS and long.startswith(f"{short}-")) or {one, other} == {"font", "line-height"}


def _may_match(rule: Rule, tag: str, classes: Sequence[str], identity: str) -> bool:
    match = _COMPOUND.fullmatch(re.split(r"[\s>]+", rule.selector)[-1])
    kind, rest = (match["type"], match["rest"]) if match else (None, "")
    wanted = re.findall(r"[.#][\w-]+", rest)
    return (not kind or kind == tag) and all(
        name[1:] in classes if name[0] == "." else name[1:] == identity for name in wanted
    )


def _without_comments(css: str) -> str:
    return _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), css)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
