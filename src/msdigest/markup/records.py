"""Reads hostile XML that carries records: their texts and attributes by path, without namespaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import lxml.etree

from msdigest.markup.text import decode, legal_references, without_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,200}\?>\s*")
# Nothing but these may stand before a DOCTYPE, so one that is not found here makes the document unreadable anyway.
_DOCTYPE = re.compile(r"\A(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE\s+(?P<name>[\w:]*)", re.DOTALL | re.IGNORECASE)
# 2,000 records of the largest register have 800,000 tags; libxml2 reads a million in 1.5 s.
_MOST_TAGS = 1_000_000


class Record:
    """An element of a document: its words, its attributes, and what is inside it by path (``parties/sponsorId``)."""

    __slots__ = ("_element",)

    def __init__(self, element: Any) -> None:
        self._element = element

    @property
    def name(self) -> str:
        """Its name, without a namespace."""
        return str(self._element.tag)

    @property
    def text(self) -> str:
        """All its words, with line breaks, without white space around them."""
        return "".join(self._element.itertext()).strip()

    def attribute(self, name: str) -> str:
        """Return the attribute ``name``; empty if there is none."""
        return str(self._element.get(name, "")).strip()

    def first(self, path: str) -> str:
        """Return the words of the first element at ``path``; empty if there is none."""
        return next((found.text for found in self.all(path)), "")

    def all(self, path: str) -> Iterator[Record]:
        """Give all elements at ``path``, in their order."""
        return (Record(found) for found in self._element.iterfind(path))

    def texts(self, path: str) -> tuple[str, ...]:
        """Return the words of all elements at ``path`` that have any, each text once."""
        return tuple(dict.fromkeys(found.text for found in self.all(path) if found.text))


def read_records(body: bytes, content_type: str = "") -> Record:
    """Read a document and return its outermost element. Pure; raises ValueError with a reason.

    Refused: what is not well-formed, a DOCTYPE (nothing is defined, nothing is fetched), more than 250 levels,
    more elements than any honest answer has.
    """
    text = _DECLARATION.sub("", legal_references(without_controls(decode(body, content_type))))
    if doctype := _DOCTYPE.match(text):
        page = doctype["name"].lower() == "html"
        message = "it is a web page" if page else "it defines a document type of its own"
        raise ValueError(message)
    if text.count("<") > _MOST_TAGS:
        message = "it has more elements than an honest answer"
        raise ValueError(message)
    parser = lxml.etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = lxml.etree.fromstring(text.encode(), parser)
    except lxml.etree.XMLSyntaxError as error:
        message = f"it is no well-formed XML ({error.msg})"
        raise ValueError(message) from error
    for element in root.iter(lxml.etree.Element):
        element.tag = lxml.etree.QName(element).localname
    return Record(root)
