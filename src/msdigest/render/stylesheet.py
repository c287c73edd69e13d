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
from msdigest.render.properties import fault, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Where a comment was: it may stand around a selector or a declaration, not within, where programs read it differently.
_HERE = "\0"
_AROUND = f" \t\r\n\f{_HERE}"
# Blank to Python, part of a name to a stylesheet, and nothing that anybody sees.
_ODD = re.compile(r"[\0-\x08\x0b\x0e-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]")
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


def checked(css: str, html: str, file: str, *, html_file: str = "html") -> str:
    """Return a stylesheet without its comments; raises NotCompilableError if ``html`` would not get it right."""
    if match := _ODD.search(css):
        raise refused(file, _line(css, match.start()), f"{match.group()!r} is no blank in a stylesheet")
    rules = sorted(_rules(css, file), key=lambda rule: rule.specificity)
    _Overruled(rules, file, html_file).feed(html)
    # A comment between a selector and its block makes premailer lose the rule.
    return _without_comments(css).replace(_HERE, " ")


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
        line = _line(bare, match.start() + len(selectors) - len(selectors.lstrip(_AROUND)))
        before = bare[end : match.start()]
        if before.strip(_AROUND) or "@" in selectors:
            raise refused(file, line, _only_rules(before + selectors))
        properties = _properties(block, selectors.strip(_AROUND), file, line)
        for selector in selectors.split(","):
            yield Rule(line, _checked(selector.strip(_AROUND), file, line), properties)
        end = match.end()
    if rest := bare[end:].strip(_AROUND):
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
    for declaration in filter(None, (part.strip(_AROUND) for part in block.split(";"))):
        name, colon, value = (part.strip(_AROUND) for part in declaration.partition(":"))
        if not (_NAME.fullmatch(name) and colon and value) or _UNBALANCED.search(value):
            raise refused(file, line, f"{selector}: {declaration!r} is no declaration")
        for pattern, why in _VALUE_FAULTS:
            if pattern.search(value):
                raise refused(file, line, f"{selector}: {declaration!r}: {why}")
        if why := fault(name.lower(), value):
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

    def __init__(self, rules: Sequence[Rule], file: str, html_file: str) -> None:
        super().__init__(convert_charrefs=True)
        self._rules = rules
        self._file = file
        self._html_file = html_file
        self._seen: set[tuple[str, str, str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # An attribute that stands twice counts where it stands first.
        own = {name: value or "" for name, value in reversed(attrs)}
        kind = (tag, own.get("class", ""), own.get("id", ""), own.get("style", ""))
        if kind in self._seen:
            return
        self._seen.add(kind)
        if kind[3] and ":" not in kind[3]:
            # premailer would take it for a selector that it has seen.
            raise refused(self._html_file, None, f"style={kind[3]!r} on {tag} is no declaration")
        applied = [rule for rule in self._rules if _may_match(rule, tag, kind[1].split(), kind[2])]
        if kind[3]:
            own_rule = f"attribute style of {tag}"
            applied.append(Rule(0, own_rule, _properties(kind[3], own_rule, self._html_file, 0)))
        self._check(applied)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def _check(self, applied: Sequence[Rule]) -> None:
        properties = [(name, rule) for rule in applied for name in rule.properties]
        for place, (name, rule) in enumerate(properties):
            before = [other for other, _ in properties[:place]]
            if name in before:
                for other in before[before.index(name) :]:
                    if overlap(name, other):
                        message = f"selector {rule.selector!r}: {name} again after {other}: write {other} there too"
                        raise refused(self._file, rule.line, message)


def _may_match(rule: Rule, tag: str, classes: Sequence[str], identity: str) -> bool:
    match = _COMPOUND.fullmatch(re.split(r"[\s>]+", rule.selector)[-1])
    kind, rest = (match["type"], match["rest"]) if match else (None, "")
    wanted = re.findall(r"[.#][\w-]+", rest)
    return (not kind or kind == tag) and all(
        name[1:] in classes if name[0] == "." else name[1:] == identity for name in wanted
    )


def _without_comments(css: str) -> str:
    return _COMMENT.sub(lambda match: _HERE + "\n" * match.group().count("\n"), css)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
