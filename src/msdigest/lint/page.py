"""A message's HTML as a tree, read once and in time that grows with its length, whatever it holds.

The standard library's parser takes minutes for 100 kB of ``<a <a <a``; libxml2 mends what is not well nested, and that
is what has to be seen here.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MARKUP = re.compile(r"<(?:(!--)|([!?])|/([A-Za-z][^\s/>]*)|([A-Za-z][^\s/>]*))")
# What was matched is never tried again in another way: thousands of blanks would be tried thousands of times.
_BETWEEN = re.compile(r"[\s/]*+")
_ATTRIBUTE = re.compile(r"([^\s/>=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>][^\s>]*+)))?")
_TAG_IN_COMMENT = re.compile(r"<(/?)([a-z][a-z0-9:]*)\b([^<>]*)>", re.IGNORECASE)
_CONDITION = re.compile(r"\[if\b[^\]]*\]>")
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}
# What is in them is text; in the other raw elements nothing is unescaped.
_ESCAPED_RAW = frozenset({"title", "textarea"})
VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
# How many pieces of text are joined for a heading or a link: more is no heading and no link.
_MOST_PIECES = 200


@dataclass(slots=True, eq=False)
class Element:
    """One element; ``first`` to ``last``: its pieces of text in ``Page.texts``."""

    tag: str
    attributes: Mapping[str, str]
    parent: Element | None
    place: int
    first: int
    last: int = -1
    number: int = 0
    children: list[Element] = field(default_factory=list, repr=False)

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute, or ``default`` where it is not there."""
        return self.attributes.get(name, default)

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return self.get("class").split()

    def ancestors(self, most: int = 64) -> Iterator[Element]:
        """Tell what it stands in, innermost first, up to ``most``."""
        element = self.parent
        while element is not None and most:
            yield element
            element, most = element.parent, most - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The tree.

    elements: in the order of the document. texts: every piece of text with the element that it stands in.
    faults: what is not well nested, with where it stands. comments: conditional ones, as they are.
    """

    elements: list[Element] = field(repr=False)
    texts: list[tuple[Element | None, str]] = field(repr=False)
    faults: list[tuple[str, int]]
    comments: list[tuple[str, int]] = field(repr=False)

    def all(self, *tags: str) -> list[Element]:
        """Return the elements that are called one of ``tags``."""
        return [element for element in self.elements if element.tag in tags]

    def text(self, element: Element) -> str:
        """Return the words in ``element`` with single blanks between them."""
        last = len(self.texts) if element.last < 0 else element.last
        pieces = self.texts[element.first : min(last, element.first + _MOST_PIECES)]
        return " ".join("".join(text for _, text in pieces).split())


def read(html: str) -> Page:
    """Read ``html`` as it is, without mending it."""
    reader = _Reader(html)
    reader.read()
    return Page(
        elements=reader.elements,
        texts=reader.texts,
        faults=reader.faults,
        comments=reader.comments,
    )


class _Reader:
    """Goes through the HTML from left to right, once."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.elements: list[Element] = []
        self.texts: list[tuple[Element | None, str]] = []
        self.faults: list[tuple[str, int]] = []
        self.comments: list[tuple[str, int]] = []
        self._open: list[Element] = []
        # Looked up for every closing tag: a stack of thousands must not be searched thousands of times.
        self._names: Counter[str] = Counter()
        self._conditional: list[str] = []

    def read(self) -> None:
        place = 0
        while (match := _MARKUP.search(self.html, place)) is not None:
            self._text(self.html[place : match.start()])
            place = self._markup(match)
        self._text(self.html[place:])
        for element in self._open:
            self.faults.append((f"<{element.tag}> is never closed", element.place))
        for name in self._conditional:
            self.faults.append((f"<{name}> in a conditional comment is never closed", len(self.html)))

    def _markup(self, match: re.Match[str]) -> int:
        """Take what begins at ``match`` and return where it ends."""
        comment, declaration, end, start = match.groups()
        if comment:
            return self._comment(match.end())
        if declaration:
            return self._after(">", match.end())
        if end:
            self._close(end.lower(), match.start())
            return self._after(">", match.end())
        return self._start(start.lower(), match)

    def _text(self, text: str) -> None:
        if text:
            self.texts.append((self._open[-1] if self._open else None, unescape(text) if "&" in text else text))

    def _after(self, mark: str, place: int) -> int:
        found = self.html.find(mark, place)
        return len(self.html) if found < 0 else found + len(mark)

    def _comment(self, place: int) -> int:
        end = self._after("-->", place)
        text = self.html[place : end - 3]
        if condition := _CONDITION.match(text):
            self.comments.append((text, place))
            self._balance(text[condition.end() :], place)
        return end

    def _balance(self, text: str, place: int) -> None:
        """Match the tags of conditional comments with each other: a table is opened in one and closed in another."""
        for closing, name, rest in _TAG_IN_COMMENT.findall(text):
            if not closing and name.lower() not in VOID and not rest.endswith("/"):
                self._conditional.append(name.lower())
            elif closing and self._conditional[-1:] == [name.lower()]:
                self._conditional.pop()
            elif closing:
                self.faults.append((f"</{name}> in a conditional comment closes nothing", place))

    def _start(self, name: str, match: re.Match[str]) -> int:
        attributes, place = self._attributes(match.end())
        element = Element(name, attributes, self._open[-1] if self._open else None, match.start(), len(self.texts))
        element.number = len(self.elements)
        self.elements.append(element)
        if element.parent is not None:
            element.parent.children.append(element)
        if name in _RAW:
            return self._raw(element, place)
        if name in VOID:
            element.last = element.first
        else:
            self._open.append(element)
            self._names[name] += 1
        return place

    def _attributes(self, place: int) -> tuple[dict[str, str], int]:
        """Read attributes from ``place`` on, and return them with where the tag ends; the first of two counts."""
        attributes: dict[str, str] = {}
        while True:
            if between := _BETWEEN.match(self.html, place):
                place = between.end()
            if self.html[place : place + 1] in {">", ""}:
                return attributes, place + 1
            if found := _ATTRIBUTE.match(self.html, place):
                value = found[2] or found[3] or found[4] or ""
                attributes.setdefault(found[1].lower(), unescape(value) if "&" in value else value)
            # What is no attribute is skipped: a second equals sign.
            place = found.end() if found else place + 1

    def _raw(self, element: Element, place: int) -> int:
        found = _RAW[element.tag].search(self.html, place)
        end = found.start() if found else len(self.html)
        text = self.html[place:end]
        self.texts.append((element, unescape(text) if element.tag in _ESCAPED_RAW else text))
        element.last = len(self.texts)
        if found is None:
            self.faults.append((f"<{element.tag}> is never closed", element.place))
        return self._after(">", end)

    def _close(self, name: str, place: int) -> None:
        if not self._names[name]:
            self.faults.append((f"</{name}> closes nothing", place))
            return
        while True:
            element = self._open.pop()
            element.last = len(self.texts)
            self._names[element.tag] -= 1
            if element.tag == name:
                return
            self.faults.append((f"<{element.tag}> is still open where </{name}> stands", element.place))
