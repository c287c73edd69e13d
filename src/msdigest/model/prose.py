"""Plain prose: where its sentences end, how it is cut, and what of it can serve as a title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_TITLE = 90
ELLIPSIS = "…"
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-ÖØ-Þ])")
# A full stop after these words ends no sentence. Compared in lower case, without the stop.
_ABBREVIATIONS = frozenset(
    ("al", "approx", "ca", "cf", "dr", "e.g", "eg", "etc", "fig", "i.e", "ie", "mr", "no", "pp", "prof", "vs", "vol")
)
# "26th:12:00pm" is a day and its times; "doi:10.5555/a" and "12:00" are no ends.
_HEAD = re.compile(r":(?=\s)|(?<=[a-z]):(?=\d{1,2}:\d\d)|\s[–—-]\s")
_AFTER_A_TITLE = re.compile(r"\s*(?:[.!?:;]*\Z|[.!?:;]\s|[–—-]\s)")
_CLAUSE = re.compile(r"[,;](?=\s)")
_ASIDE = re.compile(r"\([^()]*\)")
_LOOKED_AT = 2 * LONGEST_TITLE
_SHORTEST_SENTENCE = 20
_SHORTEST_CLAUSE = 40
_WORDS_OF_A_HEAD = 3
_WORDS_OF_A_LINK = 4
# Words that nobody ends a title with, even a cut one.
_LEANING = frozenset(
    "a after an and are as at be been before by for from has have in is of on or our that the their to was with".split()  # noqa: SIM905 - one word a line would fill the page
)


def sentence_ends(line: str) -> list[int]:
    """Return where the sentences of one ``line`` end; the end of the line is the last one."""
    ends = [
        match.start() + len(match.group().rstrip())
        for match in _SENTENCE_END.finditer(line)
        if not _is_abbreviation(line[: match.start()])
    ]
    return [*ends, len(line)] if line else []


def shortened(line: str, most: int) -> str:
    """Return ``line`` in at most ``most`` characters: cut at a word where there is one, and then with an ellipsis."""
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    if not line[most - 1].isspace():
        cut = cut.rpartition(" ")[0] or cut
    return cut.rstrip(" ,;:–-") + ELLIPSIS


def title_of(text: str, links: Iterable[str] = ()) -> str:
    """Return what can head a paragraph that has no title of its own, at most 90 characters.

    links: the words of its links. In this order: a link that begins it and is a title by itself, its first sentence,
    what stands before a colon or dash, another link that reads like a title, its beginning with an ellipsis.
    """
    line = " ".join(next((line for line in text.splitlines() if line.strip()), "").split())[:_LOOKED_AT]
    sentence = line[: _first_end(line)]
    named = [" ".join(link.split()) for link in links]
    if named and _is_title(named[0]) and line.startswith(named[0]) and _AFTER_A_TITLE.match(line[len(named[0]) :]):
        return named[0]
    if len(sentence) <= LONGEST_TITLE:
        return sentence.rstrip(" .:;,") or sentence
    return _head(sentence) or next(filter(_is_title, named), "") or _beginning(sentence)


def _first_end(line: str) -> int:
    return next((end for end in sentence_ends(line) if end >= _SHORTEST_SENTENCE), len(line))


def _is_abbreviation(before: str) -> bool:
    word = before.rsplit(" ", 1)[-1].lstrip("(\"'“‘[").lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def _is_title(words: str) -> bool:
    """Tell whether a link's words say what it leads to: not "here", not "report a pregnancy"."""
    return len(words.split()) >= _WORDS_OF_A_LINK and len(words) <= LONGEST_TITLE and words[0].isupper()


def _head(sentence: str) -> str:
    """Return what stands before the first colon or dash if it says something by itself."""
    match = _HEAD.search(sentence)
    head = sentence[: match.start()] if match else ""
    says = len(_ASIDE.sub("", head).split()) >= _WORDS_OF_A_HEAD
    return head if says and len(head) <= LONGEST_TITLE else ""


def _beginning(sentence: str) -> str:
    """Cut at the end of a clause, else at a word that can stand last."""
    clauses = [end.start() for end in _CLAUSE.finditer(sentence, _SHORTEST_CLAUSE, LONGEST_TITLE)]
    if clauses:
        return sentence[: clauses[-1]] + ELLIPSIS
    words = shortened(sentence, LONGEST_TITLE).removesuffix(ELLIPSIS).split(" ")
    while len(words) > 1 and words[-1].lower() in _LEANING:
        words.pop()
    return " ".join(words).rstrip(" ,;:–-") + ELLIPSIS
