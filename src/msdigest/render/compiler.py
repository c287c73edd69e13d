"""From a rendering with marks to a program; whatever would not hold for every selection and person is refused."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from msdigest.errors import NotCompilableError
from msdigest.model.compiled import Block, Program

if TYPE_CHECKING:
    from msdigest.model.compiled import Form, Node
    from msdigest.render.sealed import Marks, Place

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
# A value there would be code, or is read differently by browsers and by libxml2.
_NO_VALUES = frozenset(
    ("script", "style", "title", "textarea", "noscript", "xmp", "iframe", "noembed", "noframes", "plaintext")
)


def html_program(html: str, marks: Marks) -> Program:
    """Split inlined ``html`` at its marks; raises NotCompilableError with the template's line."""
    inspector = _Inspector(marks)
    inspector.feed(html)
    inspector.close()
    return _split(html, marks, form="html")


def text_program(text: str, marks: Marks) -> Program:
    """Split ``text`` at its marks; raises NotCompilableError with the template's line."""
    return _split(text, marks, form="text")


def _split(rendered: str, marks: Marks, *, form: Form) -> Program:
    mark = rf"{marks.nonce}([sbe])(\d+)z"
    pattern = rf"<!--{mark}-->|{mark}" if form == "html" else f"{mark}|(?!)()()"
    stack: list[tuple[int, list[Node]]] = [(-1, [])]
    end = 0
    for match in re.finditer(pattern, rendered):
        kind, number = (match[1] or match[3]), int(match[2] or match[4])
        _append(stack[-1][1], rendered[end : match.start()], marks)
        end = match.end()
        place = marks.places[number]
        if kind == "b":
            stack.append((number, []))
        elif kind == "s" and place.slot is not None:
            stack[-1][1].append(place.slot)
        else:
            opened, nodes = stack.pop()
            if opened != number:
                raise _refused(place, "what is shown here begins or ends inside something else that is shown")
            stack[-1][1].append(Block(place.keys, tuple(nodes), place.unless))
    if len(stack) > 1:
        raise _refused(marks.places[stack[-1][0]], "what is shown here has no end in the output")
    _append(stack[-1][1], rendered[end:], marks)
    return Program(form, tuple(stack[0][1]))


def _append(nodes: list[Node], literal: str, marks: Marks) -> None:
    # Whoever captures text with a mark in it can still cut it or change its case.
    if match := re.search(rf"{marks.nonce}(?:[sbe](\d+))?", literal, re.IGNORECASE):
        message = "a value or a shown part was changed after it was printed: print it and nothing else"
        raise _refused(marks.places[int(match[1] or 0)], message)
    if literal:
        nodes.append(literal)


def _refused(place: Place, message: str) -> NotCompilableError:
    return NotCompilableError(place.where.file, place.where.line, message)


class _Inspector(HTMLParser):
    """Checks where marks stand in the tree: values in text or as a link's address, blocks under one parent."""

    def __init__(self, marks: Marks) -> None:
        super().__init__(convert_charrefs=True)
        self._marks = marks
        self._mark = re.compile(rf"{marks.nonce}([sbe])(\d+)z")
        self._open: list[tuple[str, int]] = [("", 0)]
        self._elements = 0
        self._parents: dict[int, tuple[str, int]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._refuse_in(tag, f"the name of the element {tag[:10]}…")
        for name, value in attrs:
            self._refuse_in(name, "the name of an attribute")
            self._check_attribute(tag, name, value or "")
        if tag not in _VOID:
            self._elements += 1
            self._open.append((tag, self._elements))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1][0] == tag:
            self._open.pop()

    def handle_comment(self, data: str) -> None:
        match = self._mark.fullmatch(data)
        if match is None or match[1] == "s":
            self._refuse_in(data, "a comment, where some mail programs show it and some do not")
        elif match[1] == "b":
            self._parents[int(match[2])] = self._open[-1]
        elif self._parents.get(int(match[2])) != self._open[-1]:
            place = self._marks.places[int(match[2])]
            raise _refused(place, "what is shown here must hold whole elements: it begins and ends in different ones")

    def handle_data(self, data: str) -> None:
        if self._open[-1][0] in _NO_VALUES:
            self._refuse_in(data, f"the element {self._open[-1][0]}")

    def handle_decl(self, decl: str) -> None:
        self._refuse_in(decl, "a declaration")

    def handle_pi(self, data: str) -> None:
        self._refuse_in(data, "a processing instruction")

    def unknown_decl(self, data: str) -> None:
        self._refuse_in(data, "a declaration")

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        match = self._mark.search(value)
        slot = self._marks.places[int(match[2])].slot if match else None
        if name != "href" or slot is None:
            self._refuse_in(value, f"the attribute {name} of {tag}")
        elif not slot.url:
            self._refuse_in(value, f"the address of {tag}, and only values whose names end in _url may")

    def _refuse_in(self, text: str, what: str) -> None:
        if match := self._mark.search(text):
            place = self._marks.places[int(match[2])]
            name = f"{place.slot.scope}.{place.slot.name}" if place.slot else "what is shown here"
            raise _refused(place, f"{name} stands in {what}")
