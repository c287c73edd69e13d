"""Plain text made safe and short: one line, two sentences, lines of a bearable width."""

from __future__ import annotations

import re
import unicodedata

from msdigest.model.prose import ELLIPSIS, sentence_ends, shortened

# Anything that starts a new line somewhere: in a header, a text part or a browser.
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# What XML 1.0 cannot carry, the C1 controls, halves of characters and code points that no parser has to keep.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Between a title that begins a text and what the text says next.
_SEAM = re.compile(r"[\"'”’)\]]*(?:[.!?…:;]*\s*\Z|[.!?…:;]+\s|\s[–—-]\s|:(?=\d)|\s*\n)")
_SENTENCE_OVER = (".", "!", "?", ":")
_BLANKS = re.compile("[ \t\n]+")
_JOINER = "\u200d"
EXCERPT_LIMIT = 300
TEXT_WIDTH = 72


def sayable(text: str) -> str:
    """Drop the characters that neither XML nor a mail can carry; line breaks stay."""
    return _UNSAYABLE.sub("", text)


def one_line(text: str) -> str:
    """Return ``text`` on one line, without control characters; everything else stays as it is."""
    # What can be printed as it is has neither breaks nor controls; most lines are so, and millions are looked at.
    return (text if text.isprintable() else sayable(_BREAKS.sub(" ", text))).strip()


def excerpt(text: str, *, sentences: int = 2, limit: int = EXCERPT_LIMIT) -> str:
    """Return the first ``sentences`` of ``text`` within ``limit`` characters; cut at a word only if one is too long."""
    line = " ".join(one_line(text).split())
    # Only so much is looked at as can matter: a text may have a million sentences.
    fitting = [end for end in sentence_ends(line[: 2 * limit])[:sentences] if end <= limit]
    return line[: fitting[-1]] if fitting else shortened(line, limit)


def going_on(title: str, text: str) -> str:
    """Return the excerpt that stands below ``title``: what ``text`` says next, if the title is its beginning.

    Empty if the title says it all. A title that was cut, or that ends inside a sentence, is no reason to leave
    words out: then the excerpt is the usual one.
    """
    head = one_line(title).split()
    if not head or head[-1].endswith(ELLIPSIS):
        return excerpt(text)
    begins = re.match(r"\s*" + r"\s+".join(re.escape(word) for word in head), text, re.IGNORECASE)
    if begins is None:
        return excerpt(text)
    rest = text[begins.end() :]
    seam = _SEAM.match(rest)
    if seam is None and not (head[-1].endswith(_SENTENCE_OVER) and rest[:1].isspace()):
        return excerpt(text)
    return _sentence_case(excerpt(rest[seam.end() :] if seam else rest))


def filled(text: str, width: int = TEXT_WIDTH, *, first: str = "", rest: str = "") -> str:
    """Break ``text`` into lines of at most ``width`` characters; only addresses are longer.

    first, rest: what the first line and all others begin with.
    """
    lines = [first]
    empty = True
    for word in _words(text, width - max(len(first), len(rest))):
        if not empty and len(lines[-1]) + 1 + len(word) > width:
            lines.append(rest)
            empty = True
        lines[-1] += word if empty else f" {word}"
        empty = False
    return "\n".join(lines)


def _words(text: str, width: int) -> list[str]:
    """Return the words of ``text``; those of scripts without blanks are cut, between letters, not within."""
    found: list[str] = []
    for word in filter(None, _BLANKS.split(text)):
        left = word
        while len(left) > width and "://" not in left:
            place = width
            while place > 1 and _clings(left[place - 1], left[place]):
                place -= 1
            found.append(left[:place])
            left = left[place:]
        found.append(left)
    return found


def _clings(before: str, after: str) -> bool:
    return _JOINER in {before, after} or unicodedata.category(after) in {"Mn", "Mc", "Me", "Sk"}


def _sentence_case(text: str) -> str:
    """Write a capital where a sentence goes on as one of its own; a name such as mRNA stays as it is."""
    first = text.split(" ", 1)[0].rstrip(".,;:")
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text
