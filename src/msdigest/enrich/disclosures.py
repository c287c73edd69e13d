"""Disclosures: conflicts of interest and disclaimers leave the body and stay with the entry, word for word.

Only whole lines count: a paragraph, a part of one between line breaks, a point of a list. What remains of the
body keeps its bytes.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdigest.model.entry import Entry

_MAY_HOLD_ONE = re.compile(r"\bCOIs?\b|interest|disclos|disclaim", re.IGNORECASE)
# Looking for words is a hundred times faster than for the pattern, and most texts hold none.
_HINTS = ("coi", "interest", "disclos", "disclaim")
_LABEL = re.compile(
    r"""
    [\s*_•·‣◦\[(–—-]*
    (?:
      (?P<coi>
          (?-i:COIs?|CoIs?) | COIs?(?=\s*:)
        | (?:declarations?\s+of\s+)?
          (?:(?:potential\s+)?conflicts?\s+of\s+interests?|(?:competing|conflicting)\s+interests?)
          (?:\s+(?:statements?|disclosures?|declarations?))?
        | declarations?\s+of\s+interests?
        # Alone it is as often about telling people that one has MS.
        | (?:(?:financial|author)\s+)?disclosures?(?:\s+statements?)?(?!\s*$)
      )
      | (?P<disclaimer> (?:(?:general|medical|legal|standard)\s+)?disclaimers? )
    )
    (?:
        (?P<alone> \s*[.:)\]*_]*\s*$ )
      | \s*[:–—] | \s+[-|] | -\s | \.\s
      # Without a sign in between, the words must begin as a statement does: "COI None relevant".
      | \s+(?=(?:none|nil|n/a|multiple)\b
              |(?-i:None|Nil|No|Not|Nothing|Multiple|See|Has|I|We|The|All|Authors?|Please|Prof|Dr)\b)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-z][a-z0-9]*+)(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>|[^<]++|<""",
    re.IGNORECASE,
)
# Elements that begin and end a line. Of those in which nothing is left, some go; a table's cell stays.
_STAY_WHEN_EMPTY = "body form hr html table tbody td tfoot th thead tr"
_GO_WHEN_EMPTY = (
    "address article aside blockquote caption center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header li main nav ol p pre section summary ul"
)
_EMPTIED = frozenset(_GO_WHEN_EMPTY.split())
_BLOCKS = _EMPTIED | frozenset(_STAY_WHEN_EMPTY.split())
# A row of a table is read as one line.
_CELLS = frozenset(("td", "th"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SHOWS_SOMETHING = frozenset(("audio", "canvas", "embed", "iframe", "img", "input", "object", "svg", "video"))
_BULLET = re.compile(r"^\s*(?:[*•·‣◦–-]|[0-9]{1,2}[.)])\s+")


@dataclass(slots=True)
class _Line:
    """One line of a body as a reader sees it.

    words: with single blanks. place: of its texts and inline tags among the pieces of the body.
    point: of a list.
    """

    words: str = ""
    heading: bool = False
    point: bool = False
    place: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A tag or the text between two tags, as it stands in the body."""

    raw: str
    name: str = ""
    end: bool = False


def enrich(entry: Entry) -> Entry:
    """Move COI and disclaimer lines from ``entry.html`` and ``entry.text`` to the fields of their own.

    Several of a kind are joined by line ends. What a field already says stays, and only lines that say the
    same leave the body.
    """
    # Whatever is said in the text is said in the HTML, if there is some.
    if not _may_hold_one(entry.html if entry.html.strip() else entry.text):
        return entry
    said = {"coi": _lines_of(entry.coi), "disclaimer": _lines_of(entry.disclaimer)}
    pieces = _pieces(entry.html)
    lines = _lines_of_html(pieces) if entry.html.strip() else _lines_of_text(entry.text)
    taken = _disclosures(lines, said)
    if not taken:
        return entry
    gone = [line for _, group in taken for line in group]
    moved = replace(
        entry,
        coi=entry.coi or _words("coi", taken),
        disclaimer=entry.disclaimer or _words("disclaimer", taken),
        html=_without(pieces, gone) if entry.html.strip() else entry.html,
        text=_text_without(entry.text, {line.words for line in gone}),
    )
    # With no HTML left, the text is the body and is read by itself, now as well as another time.
    return enrich(moved) if entry.html.strip() and not moved.html.strip() else moved


def _may_hold_one(words: str) -> bool:
    lowered = words.lower()
    return any(hint in lowered for hint in _HINTS) and _MAY_HOLD_ONE.search(words) is not None


def _disclosures(lines: Sequence[_Line], said: dict[str, frozenset[str]]) -> list[tuple[str, list[_Line]]]:
    """Choose the lines that leave the body: each kind with the lines that belong together."""
    taken: list[tuple[str, list[_Line]]] = []
    place = 0
    while place < len(lines):
        kind, alone = _label(lines[place])
        group = [lines[place]]
        if kind and alone:
            group += _what_follows(lines, place + 1)
        place += len(group)
        if kind and (not said[kind] or said[kind].issuperset(line.words for line in group)):
            taken.append((kind, group))
    return taken


def _lines_of(said: str | None) -> frozenset[str]:
    return frozenset((said or "").splitlines())


def _words(kind: str, taken: Sequence[tuple[str, list[_Line]]]) -> str | None:
    return "\n".join(dict.fromkeys(line.words for which, group in taken if which == kind for line in group)) or None


def _label(line: _Line) -> tuple[str, bool]:
    """Tell the kind of disclosure that begins with ``line``, if one does, and whether the label stands alone."""
    label = _LABEL.match(line.words)
    # A heading that goes on is a title: "Conflicts of interest: who pays for trials?"
    if label is None or (line.heading and label["alone"] is None):
        return "", False
    return ("coi" if label["coi"] else "disclaimer"), label["alone"] is not None


def _what_follows(lines: Sequence[_Line], place: int) -> list[_Line]:
    """Return the line that a label alone introduces, or all points of the list."""
    if place >= len(lines) or lines[place].heading or _label(lines[place])[0]:
        return []
    first = lines[place]
    group = [first]
    if first.point:
        for line in lines[place + 1 :]:
            if not line.point or _label(line)[0]:
                break
            group.append(line)
    return group


def _lines_of_text(text: str) -> list[_Line]:
    lines = []
    for raw in text.split("\n"):
        words = " ".join(raw.split())
        if words:
            lines.append(_Line(words, point=bool(_BULLET.match(raw))))
    return lines


def _text_without(text: str, gone: set[str]) -> str:
    """Drop the lines of ``text`` that say what is ``gone``, each with one of the empty lines around it."""
    kept: list[str] = []
    dropped = False
    for raw in text.split("\n"):
        words = " ".join(raw.split())
        if words and (words in gone or " ".join(_BULLET.sub("", raw).split()) in gone):
            dropped = True
        elif words or not (dropped and (not kept or not kept[-1].strip())):
            kept.append(raw)
            dropped = False
    if dropped:
        while kept and not kept[-1].strip():
            kept.pop()
    return "\n".join(kept)


def _pieces(html: str) -> list[_Piece]:
    return [_Piece(found[0], (found["name"] or "").lower(), bool(found["end"])) for found in _TOKEN.finditer(html)]


def _lines_of_html(pieces: Sequence[_Piece]) -> list[_Line]:
    """Cut a body into the lines that a reader sees; lines without words are none."""
    lines: list[_Line] = []
    line, texts = _Line(), list[str]()
    points = 0
    for place, piece in enumerate(pieces):
        if piece.name == "br" or piece.name in _BLOCKS - _CELLS:
            line.words = " ".join(entities.unescape("".join(texts)).split())
            if line.words:
                lines.append(line)
            points = max(0, points + (-1 if piece.end else 1)) if piece.name == "li" else points
            heading = piece.name in _HEADINGS and not piece.end
            line, texts = _Line(heading=heading, point=points > 0), []
        else:
            line.place.append(place)
            if not piece.name:
                texts.append(piece.raw)
            elif piece.name in _CELLS and not piece.end and "".join(texts).strip():
                texts.append(" | ")
    line.words = " ".join(entities.unescape("".join(texts)).split())
    return [*lines, line] if line.words else lines


def _without(pieces: Sequence[_Piece], gone: Iterable[_Line]) -> str:
    """Join ``pieces`` again without the lines that are ``gone`` and what they leave empty."""
    removed: set[int] = set()
    for line in gone:
        removed |= _texts_and_pairs(pieces, line.place)
        _take_break(pieces, line.place, removed)
    _take_emptied(pieces, removed)
    return _join(pieces, removed)


def _texts_and_pairs(pieces: Sequence[_Piece], place: Sequence[int]) -> set[int]:
    """Return the texts of a line, and its inline tags that open and close within it around nothing but text."""
    removed = {index for index in place if pieces[index].name in {"", "wbr"}}
    if any(pieces[index].name in _SHOWS_SOMETHING for index in place):
        return removed
    opened: list[int] = []
    for index in place:
        piece = pieces[index]
        if index in removed or piece.name in _CELLS:
            continue
        if not piece.end:
            opened.append(index)
        elif opened and pieces[opened[-1]].name == piece.name:
            removed |= {opened.pop(), index}
    return removed


def _take_break(pieces: Sequence[_Piece], place: Sequence[int], removed: set[int]) -> None:
    """Remove the line break before a line that goes, or else the one behind it."""
    for index in (place[0] - 1, place[-1] + 1):
        if 0 <= index < len(pieces) and pieces[index].name == "br" and index not in removed:
            removed.add(index)
            return


def _take_emptied(pieces: Sequence[_Piece], removed: set[int]) -> None:
    """Remove the elements, innermost first, in which nothing is left after something was removed."""
    # Each open element: its place, whether something in it was removed, whether something is left, its breaks.
    opened: list[tuple[int, list[bool], list[int]]] = [(-1, [False, True], [])]
    for index, piece in enumerate(pieces):
        if piece.name in _BLOCKS and piece.name != "hr":
            if not piece.end:
                opened.append((index, [False, False], []))
            elif pieces[opened[-1][0]].name == piece.name and len(opened) > 1:
                start, (touched, filled), breaks = opened.pop()
                emptied = touched and not filled and piece.name in _EMPTIED
                if emptied:
                    removed.update((start, index, *breaks))
                opened[-1][1][0] |= emptied
                opened[-1][1][1] |= not emptied
        elif index in removed:
            opened[-1][1][0] = True
        elif piece.name == "br":
            opened[-1][2].append(index)
        elif piece.name or piece.raw.strip():
            opened[-1][1][1] = True


def _join(pieces: Sequence[_Piece], removed: set[int]) -> str:
    """Join what is left; where a block went from between two texts, a line break keeps them apart."""
    parts: list[str] = []
    text_before = block_went = False
    for index, piece in enumerate(pieces):
        block = piece.name in _BLOCKS
        if index in removed:
            block_went |= block
            continue
        if piece.name or piece.raw.strip():
            if block_went and text_before and not block and piece.name != "br":
                parts.append("<br>")
            block_went, text_before = False, not block and piece.name != "br"
        parts.append(piece.raw)
    return "".join(parts)
