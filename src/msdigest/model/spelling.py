"""How the words of the vocabulary stand in texts: case, blanks and hyphens, and the company that some need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Written with two capitals in a row, a term is an acronym: RECOVERY is a trial, recovery is not.
ACRONYM = re.compile(r"[A-Z]{2}")
# Up to three blanks or hyphens, typographic ones too, may stand where a term has some; none before a digit,
# as COVID-19 is also written COVID19.
GAP = r"[\s\-\u2010-\u2015\u2212]"
_SIGNS = re.compile(r"(?P<loose>-(?=[0-9]))|(?P<gap>[\s-]+)|(?P<apostrophe>['\u2019])|(?P<sign>[/+])")
_HEAD = re.compile(r"\w+")
_LOOSELY = {"loose": GAP + "{0,3}", "gap": GAP + "{1,3}", "apostrophe": "['\u2019]"}


def loosely(term: str) -> str:
    """Return the pattern of ``term`` that allows for the ways in which its signs are typed."""
    pattern, end = "", 0
    for sign in _SIGNS.finditer(term):
        pattern += re.escape(term[end : sign.start()])
        pattern += _LOOSELY.get(str(sign.lastgroup)) or rf"\s?{re.escape(sign[0])}\s?"
        end = sign.end()
    return pattern + re.escape(term[end:])


class Company:
    """What must and what must not stand beside an ambiguous term: beginnings of words."""

    def __init__(self, needs_any: Iterable[str], but_not: Iterable[str]) -> None:
        """Take what an ``Ambiguity`` of the vocabulary tells."""
        self._needs_any = [_Beginning(word) for word in needs_any]
        self._but_not = [_Beginning(word) for word in but_not]

    def stands_in(self, text: str) -> bool:
        """Tell whether ``text`` makes the term mean its topic."""
        folded = text.casefold()
        needed = any(word.stands_in(text, folded) for word in self._needs_any)
        return needed and not any(word.stands_in(text, folded) for word in self._but_not)


class _Beginning:
    """The beginning of a word, in any case unless it is an acronym."""

    def __init__(self, word: str) -> None:
        self._exact = ACRONYM.search(word) is not None
        spelled = word if self._exact else word.casefold()
        head = _HEAD.match(spelled)
        if head is None:
            self._pattern = re.compile(rf"(?<!\w){loosely(spelled)}")
        else:
            # A pattern that begins with letters is searched for 20 times as fast as one that begins with a question.
            rest = loosely(spelled[head.end() :])
            self._pattern = re.compile(rf"{head[0]}(?<!\w{head[0]}){rest}")

    def stands_in(self, text: str, folded: str) -> bool:
        return self._pattern.search(text if self._exact else folded) is not None
