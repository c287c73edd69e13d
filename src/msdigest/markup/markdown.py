"""The door to markdown-it: what editors type becomes paragraphs, lists and links, and nothing else.

HTML and code stay the text they are typed as, an image is a link; a link leads to http, https or mailto, or is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from markdown_it import MarkdownIt

from msdigest.markup.text import without_controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

Kind = Literal["paragraph", "heading", "bullets", "numbers"]
_LISTS: dict[str, Kind] = {"bullet_list_open": "bullets", "ordered_list_open": "numbers"}
_SCHEMES = ("https://", "http://", "mailto:")
_LONGEST = 20_000
_READER = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable(
    ["html_block", "html_inline", "image", "code", "fence", "backticks", "blockquote", "hr", "reference", "autolink"]
)


@dataclass(frozen=True, slots=True)
class Span:
    """Some words of a line; ``url`` makes them a link."""

    text: str
    url: str = ""
    strong: bool = False
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or heading (one line), or the points of one kind of enumeration (several)."""

    kind: Kind
    lines: tuple[tuple[Span, ...], ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """Return its lines as plain text, each link with its address behind it."""
        return tuple("".join(map(_plain, line)) for line in self.lines)


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Read Markdown; what is longer than 20,000 characters is cut there."""
    found: list[Paragraph] = []
    points: list[tuple[Span, ...]] = []
    kinds: list[Kind] = []
    heading = False
    for token in _READER.parse(without_controls(text[:_LONGEST])):
        if token.type in _LISTS:
            kinds.append(_LISTS[token.type])
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            kind = kinds.pop()
            # A list within a list is told as points of the outer one: a mail is no place for trees.
            if not kinds:
                found.append(Paragraph(kind, tuple(points)))
                points = []
        elif token.type in {"heading_open", "heading_close"}:
            heading = token.type == "heading_open"
        elif token.type == "inline" and (line := _line(token.children or ())):
            if kinds:
                points.append(line)
            else:
                found.append(Paragraph("heading" if heading else "paragraph", (line,)))
    return tuple(each for each in found if each.lines)


def _line(tokens: Sequence[Token]) -> tuple[Span, ...]:
    return tuple(span for span in _spans(tokens) if span.text)


def _spans(tokens: Sequence[Token]) -> Iterator[Span]:
    url, strong, emphasis = "", 0, 0
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrs.get("href", ""))
            url = href if href.lower().startswith(_SCHEMES) else ""
        elif token.type == "link_close":
            url = ""
        elif token.type in {"strong_open", "strong_close"}:
            strong += token.nesting
        elif token.type in {"em_open", "em_close"}:
            emphasis += token.nesting
        elif token.type in {"softbreak", "hardbreak"}:
            yield Span(" ", url, strong=bool(strong), emphasis=bool(emphasis))
        else:
            yield Span(token.content, url, strong=bool(strong), emphasis=bool(emphasis))


def _plain(span: Span) -> str:
    return f"{span.text} ({span.url})" if span.url and span.url != span.text else span.text
