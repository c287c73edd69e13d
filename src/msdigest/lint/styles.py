"""Our own stylesheets: what the inliner gets wrong, what depends on the selection, what is loaded from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdigest.lint.css import rules, without_comments
from msdigest.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.lint.css import Rule
    from msdigest.lint.inspected import Inspected

_STRING = re.compile(r"\"[^\"]*\"|'[^']*'|\[[^\]]*\]")
_POSITIONAL = re.compile(r"[+~]|:(?:first|last|only|nth|empty|root|has)[\w-]*")
_UNSAFE_SELECTORS = (
    (re.compile(r"\["), "an attribute selector"),
    (re.compile(r":not\b"), ":not()"),
    (re.compile(r"\*"), "*"),
)
_UNSAFE_VALUES = (
    (re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{4})\b", re.IGNORECASE), "a colour with transparency"),
    (re.compile(r"\b(?:rgba?|hsla?)\(", re.IGNORECASE), "rgba()"),
    (re.compile(r"\b(?:calc|var|min|max|clamp)\(", re.IGNORECASE), "calc()"),
)
_AT_RULE = re.compile(r"@(?!charset\b)[\w-]+")
_EXTERNAL = re.compile(r"@import\b|@font-face\b|\burl\(\s*[\"']?(?!#|data:)", re.IGNORECASE)
_INLINE_FILE, _HEAD_FILE = "inline.css", "head.css"


def styles(inspected: Inspected) -> Iterator[Finding]:
    """Look at both stylesheets."""
    yield from _inlined(inspected.inline_css)
    for css, file in ((inspected.inline_css, _INLINE_FILE), (inspected.head_css, _HEAD_FILE)):
        bare = without_comments(css)
        for match in _EXTERNAL.finditer(bare):
            yield _finding(
                "css.external",
                f"{match[0].strip()} loads something from elsewhere",
                file=file,
                line=bare.count("\n", 0, match.start()) + 1,
                excerpt=bare[match.start() : match.start() + 60],
                way_out="Do without: many programs block it, and it tells who reads the mail.",
            )


def _inlined(css: str) -> Iterator[Finding]:
    bare = without_comments(css)
    match = _AT_RULE.search(_STRING.sub("", bare))
    if match and match[0].lower() not in {"@import", "@font-face"}:
        yield _unsafe(f"{match[0]} cannot be inlined", bare.count("\n", 0, bare.index(match[0])) + 1, match[0])
    for rule in rules(css):
        yield from _selector(rule)
        for name, value, important in rule.declarations:
            if important:
                yield _unsafe("an inlined !important beats the dark scheme", rule.line, f"{name}: {value} !important")
            for pattern, what in _UNSAFE_VALUES:
                if pattern.search(value):
                    yield _unsafe(f"{what} is dropped, or becomes a broken attribute", rule.line, f"{name}: {value}")


def _selector(rule: Rule) -> Iterator[Finding]:
    for pattern, what in _UNSAFE_SELECTORS:
        if pattern.search(rule.selector):
            yield _unsafe(f"{what} in a selector is read wrongly", rule.line, rule.selector)
    if _POSITIONAL.search(_STRING.sub("", rule.selector)):
        yield _finding(
            "css.positional",
            "a selector asks which neighbour stands before, which depends on what a reader chose",
            file=_INLINE_FILE,
            line=rule.line,
            excerpt=rule.selector,
            way_out="Give the element a class of its own: an issue is compiled once for everybody.",
        )


def _unsafe(message: str, line: int, excerpt: str) -> Finding:
    return _finding(
        "css.premailer-unsafe",
        message,
        file=_INLINE_FILE,
        line=line,
        excerpt=excerpt,
        way_out="Write plain rules of classes and #rrggbb there, and everything else in head.css.",
    )


def _finding(check: str, message: str, *, file: str, line: int, excerpt: str, way_out: str) -> Finding:
    return Finding(
        id=check,
        level="warning" if check == "css.positional" else "error",
        message=message,
        place=f"{file} line {line}",
        part="style",
        excerpt=" ".join(excerpt[:80].split()),
        way_out=way_out,
    )
