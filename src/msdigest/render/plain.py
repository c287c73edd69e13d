"""Plain text made safe and short: one line, two sentences."""

from __future__ import annotations

import re

# Anything that starts a new line somewhere: in a header, a text part or a browser.
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# C0, DEL and C1 controls, halves of characters and code points that no parser has to keep.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-ÖØ-Þ])")
# A full stop after these words ends no sentence. Compared in lower case, without the stop.
_ABBREVIATIONS = frozenset(
    ("al", "approx", "ca", "cf", "dr", "e.g", "eg", "etc", "fig", "i.e", "ie", "mr", "no", "pp", "prof", "vs", "vol")
)
EXCERPT_LIMIT = 300


def one_line(text: str) -> str:
    """Return ``text`` on one line, without control characters; everything else stays as it is."""
    return _UNPRINTABLE.sub("", _BREAKS.sub(" ", text)).strip()


def excerpt(text: str, *, sentences: int = 2, limit: int = EXCERPT_LIMIT) -> str:
    """Return the first ``sentences`` of ``text`` within ``limit`` characters; cut at a word only if one is too long."""
    line = " ".join(one_line(text).split())
    ends = _ends(line)[:sentences]
    fitting = [end for end in ends if end <= limit]
    if fitting:
        return line[: fitting[-1]]
    if not line:
        return ""
    return line[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"


def _ends(line: str) -> list[int]:
    """Return where sentences end; the end of the line is the last one."""
    ends = [
        match.start() + len(match.group().rstrip())
        for match in _SENTENCE_END.finditer(line)
        if not _is_abbreviation(line[: match.start()])
    ]
    return [*ends, len(line)] if line else []


def _is_abbreviation(before: str) -> bool:
    word = before.rsplit(" ", 1)[-1].lstrip("(\"'“‘[").lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())
