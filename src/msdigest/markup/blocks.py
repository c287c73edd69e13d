"""Cuts cleaned HTML into blocks, one for each paragraph, list entry, heading and rule; says them as plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Literal

import lxml.etree
import lxml.html

from msdigest.markup.clean import HEADINGS, INLINE, clean, without_hollows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# Most posts are paragraphs of marked words and nothing else: those need no parser, which takes three times as long.
# A title may hold an angle bracket; nothing else that ``clean`` lets through can.
_BEYOND_PARAGRAPHS = re.compile(rf"<(?!/?(?:p|div|blockquote|br|h[1-6]|{'|'.join(sorted(INLINE))})[ >])")
_EDGE = re.compile(r"</?(?:p|div|blockquote|h[1-6])(?: [^<>]*)?>")
_MARK = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page's content, in the order of reading.

    level: of a heading 1-6, of a list entry its depth from 1, else 0.
    text: one line, or several where the page breaks the line; empty for a rule.
    html: cleaned, a ``p`` of its own; empty for headings and rules.
    """

    kind: Literal["heading", "paragraph", "list", "rule"]
    level: int
    text: str
    html: str


def plain(html: str) -> str:
    """Return what ``html`` says: paragraphs parted by blank lines, list entries after ``• ``, links as their words."""
    return plain_of_clean(clean(html, base_url=""))


def plain_of_clean(cleaned: str) -> str:
    """Return what HTML says that ``clean`` made: cleaning it once more would take as long as all the rest."""
    if " title=" in cleaned or _BEYOND_PARAGRAPHS.search(cleaned) or ("<br" in cleaned and "<h" in cleaned):
        return _said(blocks_of(cleaned, with_html=False))
    # Control characters, which cannot stand in what is clean, hold the places of what ends a line or a paragraph.
    text = unescape(_MARK.sub("", _EDGE.sub("\x1d", cleaned.replace("<br>", "\x1e"))))
    return "\n\n".join(filter(None, map(_lines, text.split("\x1d"))))


def _lines(paragraph: str) -> str:
    return "\n".join(filter(None, (" ".join(line.split()) for line in paragraph.split("\x1e"))))


def _said(blocks: Iterable[Block]) -> str:
    said: list[str] = []
    before = None
    for block in blocks:
        if block.kind == "rule":
            continue
        indent = "  " * (block.level - 1) if block.kind == "list" else ""
        text = f"{indent}• " + block.text.replace("\n", f"\n{indent}  ") if block.kind == "list" else block.text
        said.append(("\n" if before == block.kind == "list" else "\n\n") + text)
        before = block.kind
    return "".join(said).lstrip("\n")


def blocks_of(fragment: str, alone: Callable[[str], bool] = lambda _: False, *, with_html: bool = True) -> list[Block]:
    """Cut a cleaned ``fragment`` into blocks; lines for which ``alone`` is true become paragraphs of their own.

    ``with_html`` False: the blocks' own HTML stays empty, which takes half the time.
    """
    # Not lxml.html's elements: looking up their class takes as long as walking over them.
    parser = lxml.etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    root = lxml.etree.fromstring(f"<html><body>{fragment}</body></html>".encode(), parser)
    reader = _Reader(alone, with_html=with_html)
    body = root.find("body")
    reader.add(body.text)
    for element in body:
        reader.read(element)
    return reader.close()


def tree(html: str) -> Any:
    """Parse tamed or cleaned ``html`` as a document; what holds nothing becomes an empty one."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return lxml.html.document_fromstring(html.encode(), parser)
    except lxml.etree.ParserError:
        return lxml.html.document_fromstring(b"<html><body></body></html>", parser)


class _Reader:
    """Cuts a cleaned fragment into blocks: one for each paragraph, list entry, heading and rule."""

    def __init__(self, alone: Callable[[str], bool], *, with_html: bool) -> None:
        self._with_html = with_html
        self.done: list[Block] = []
        self._alone = alone
        self._lines: list[tuple[str, str]] = []
        self._html: list[str] = []
        self._text: list[str] = []
        self._open: list[tuple[str, str]] = []  # inline elements: (tag, opening tag)
        self._entries: list[int] = []  # depths of the list entries that are open
        self._lists = 0

    def add(self, text: str | None) -> None:
        if text:
            self._text.append(text)
            if self._with_html:
                self._html.append(escape(text, quote=False))

    def read(self, element: Any) -> None:
        """Read an element with all that it holds; its depth is bounded by ``clean``."""
        self.start(element)
        for child in element:
            self.read(child)
        self.end(element)

    def start(self, element: Any) -> None:
        tag = element.tag
        if tag == "br":
            self._break()
        elif tag == "hr":
            self._flush()
            self.done.append(Block("rule", 0, "", ""))
        elif tag in INLINE and not self._with_html:
            pass
        elif tag in INLINE:
            attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.items())
            self._open.append((tag, f"<{tag}{attributes}>"))
            self._html.append(self._open[-1][1])
        elif tag in {"td", "th"}:
            self._cell()
        else:
            self._boundary(tag)
            self._lists += tag in {"ul", "ol"}
            if tag == "li":
                self._entries.append(max(1, self._lists))
        self.add(element.text)

    def end(self, element: Any) -> None:
        tag = element.tag
        if tag in INLINE:
            if self._with_html:
                self._open.pop()
                self._html.append(f"</{tag}>")
        elif tag in HEADINGS:
            self._flush(heading=int(tag[1]))
        elif tag not in {"br", "hr", "td", "th"}:
            self._boundary(tag)
            self._lists -= tag in {"ul", "ol"}
            if tag == "li":
                self._entries.pop()
        self.add(element.tail)

    def close(self) -> list[Block]:
        self._flush()
        return self.done

    def _boundary(self, tag: str) -> None:
        # Paragraphs inside a list entry are parts of that one entry.
        if self._entries and tag not in {"li", "ul", "ol", *HEADINGS}:
            self._break()
        else:
            self._flush()

    def _cell(self) -> None:
        if "".join(self._text).strip():
            self.add(" | ")

    def _break(self) -> None:
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self._open))
        text = " ".join("".join(self._text).split())
        if text:
            self._lines.append((text, ("".join(self._html) + closing).strip()))
        self._html = [opening for _, opening in self._open]
        self._text = []

    def _flush(self, heading: int = 0) -> None:
        self._break()
        lines, self._lines = self._lines, []
        if heading:
            if lines:
                self.done.append(Block("heading", heading, " ".join(text for text, _ in lines), ""))
            return
        group: list[tuple[str, str]] = []
        for line in lines:
            if self._alone(line[0]):
                self._emit(group)
                self._emit([line])
                group = []
            else:
                group.append(line)
        self._emit(group)

    def _emit(self, lines: list[tuple[str, str]]) -> None:
        if not lines:
            return
        text, html = "\n".join(text for text, _ in lines), "<br>".join(html for _, html in lines)
        kind: Literal["list", "paragraph"] = "list" if self._entries else "paragraph"
        self.done.append(
            Block(
                kind,
                self._entries[-1] if self._entries else 0,
                text,
                f"<p>{without_hollows(html)}</p>" if self._with_html else "",
            )
        )
