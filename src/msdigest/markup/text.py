"""Text from outside: characters that may stand, titles, first words, and bytes that become text."""

from __future__ import annotations

import re
import sys
from html import unescape

_LONGEST_TITLE = 5_000
# What XML and JSON may not carry, byte order marks, and the marks that turn the writing direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u202a-\u202e]")
_ASCII_CONTROLS = dict.fromkeys({*range(32), 127} - {9, 10, 13})
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
# Only what HTML knows is a tag in a title: "p <0.05" and "<y>" are text.
_TITLE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|div|em|font|h[1-6]|i|iframe|img|ins|del|li|ol|ul|mark|object|p|pre|q|s"
    r"|script|small|span|strike|strong|style|sub|sup|svg|tt|u|var|wbr)(?:[\s/][^<>]*)?>|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)


def without_controls(text: str) -> str:
    """Return ``text`` without what XML may not carry and without marks that turn the writing direction."""
    if text.isascii():  # ten times faster than the pattern
        return text.translate(_ASCII_CONTROLS)
    return _CONTROLS.sub("", text)


def legal_references(text: str) -> str:
    """Return ``text`` without the numeric character references that name what may not stand in text."""
    return _REFERENCE.sub(_legal, text)


def plain_title(text: str) -> str:
    """Return a title as one line of plain text: tags out, unescaped once, no control characters."""
    bare = _TITLE_TAG.sub("", legal_references(without_controls(text[:_LONGEST_TITLE])))
    return " ".join(without_controls(_TITLE_TAG.sub("", unescape(bare))).split())


def first_words(text: str, most: int = 90) -> str:
    """Return the beginning of plain ``text`` as a title: its first line or sentence, else as many words as fit."""
    line = " ".join(next((line for line in text.splitlines() if line.strip()), "").split())
    if len(line) <= most:
        return line
    sentence = re.match(rf".{{20,{most - 1}}}?[.!?](?=\s)", line)
    if sentence:
        return sentence[0]
    cut = line[: most - 1].rpartition(" ")[0] or line[: most - 1]
    return cut.rstrip(" ,;:–-") + "…"


def decode(body: bytes, content_type: str = "") -> str:
    """Return an HTML answer as text: byte order mark, else valid UTF-8, else the header's or the page's own word."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    told = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    meta = re.search(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w.:-]+)", body[:4096], re.IGNORECASE)
    for name in ("utf-8", told[1] if told else "", meta[1].decode("ascii", "replace") if meta else ""):
        try:
            return body.decode(name or "utf-8")
        except (UnicodeError, LookupError):
            continue
    return body.decode("windows-1252", "replace")


def _legal(reference: re.Match[str]) -> str:
    """Keep a numeric character reference if it names a character that may stand in text."""
    digits = (reference[1] or reference[2]).lstrip("0") or "0"
    if len(digits) > len(str(sys.maxunicode)):
        return ""
    number = int(digits, 16 if reference[1] else 10)
    # 0x80-0x9f are read as windows-1252 by every browser.
    stands = number <= sys.maxunicode and (number in range(0x80, 0xA0) or not _CONTROLS.match(chr(number)))
    return reference[0] if stands else ""
