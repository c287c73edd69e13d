"""First uses explained: an abbreviation with its meaning, a brand behind its INN."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from msdigest.model.spelling import Company, loosely
from msdigest.model.topic import normal
from msdigest.render.explaining import Brand, HardWord, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msdigest.model.topic import Vocabulary
    from msdigest.render.explaining import Known

# A hyphen, a slash or an address makes one word of two: PML-IRIS, RRMS/SPMS, tysabri.com, #NEDA.
_JOINING = r"\w\-\u2010-\u2013\u2212/@#$&+="
_ADDRESS = r"[a-z]{3,6}://\S*|www\.\S*"
# Where so many mentions have stood before brackets of the text's own, the rest is left alone: a text may be long.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Gloss:
    """Words of a text that are told more about at their first use.

    key: stable and unique for what is explained, e.g. ``term:NEDA``, ``medicine:alemtuzumab``.
    words: as the text has them, e.g. "Lemtrada". told: what stands there at first use, "alemtuzumab (Lemtrada)".
    """

    key: str
    words: str
    told: str


Segment = str | Gloss


class Glossary:
    """What the vocabulary can explain, compiled."""

    def __init__(self, vocabulary: Vocabulary, language: str = "en") -> None:
        """Take the brands and terms of ``vocabulary``; whoever does not read German is told in English."""
        german = language.lower().startswith("de")
        words = {normal(term.term): term.term for term in vocabulary.terms}
        self._known: dict[str, Known] = {normal(term.term): HardWord(term, german=german) for term in vocabulary.terms}
        owners = Counter(normal(brand) for topic in vocabulary.topics for brand in set(topic.brands))
        for topic in filter(lambda topic: topic.brands, vocabulary.topics):
            medicine = Brand(topic, german=german)
            # A brand of two medicines would be a guess.
            own = {normal(brand): brand for brand in topic.brands if owners[normal(brand)] == 1}
            words |= own
            self._known |= dict.fromkeys(own, medicine)
        self._company = {normal(each.term): Company(each.needs_any, each.but_not) for each in vocabulary.ambiguities}
        self._pattern = _any_of(word.lower() for word in words.values())

    def segments(self, text: str) -> tuple[Segment, ...]:
        """Cut ``text`` at what is explained at its first use; the words of all segments together are the text."""
        found: list[Segment] = []
        end = 0
        for start, stop, gloss in self._glosses(text):
            if start >= end:  # an "a" before a brand may be the end of the gloss before: hepatitis A
                found += [text[end:start], gloss]
                end = stop
        return tuple(segment for segment in (*found, text[end:]) if segment)

    def _glosses(self, text: str) -> Iterator[tuple[int, int, Gloss]]:
        """Find the first mention of each key that needs an explanation, with its place."""
        settled = set[str]()
        tries = Counter[str]()
        for known, place in self._mentions(text, settled):
            if known.is_explained(place):
                settled.add(known.key)
            elif place.has_bracket_behind:
                # Two brackets in a row are hard to read: a later mention does better.
                tries[known.key] += 1
                if tries[known.key] == _TRIES:
                    settled.add(known.key)
            else:
                settled.add(known.key)
                start, told = known.told(place)
                yield start, place.stop, Gloss(known.key, text[start : place.stop], told)

    def _mentions(self, text: str, settled: set[str]) -> Iterator[tuple[Known, Place]]:
        """Find the mentions of what is not ``settled`` by then."""
        # One letter of Unicode becomes two when it is made small, and places would no longer be the same.
        lowered = text.replace("\u0130", "I").lower()
        # A text may mention one word ten thousand times.
        meant: dict[str, Known | None] = {}
        for match in self._pattern.finditer(lowered):
            start, stop = match.span()
            words = text[start:stop]
            if words not in meant:
                meant[words] = self._meant(match[1], words, text)
            known = meant[words]
            if known is not None and known.key not in settled:
                yield known, Place(text=text, lowered=lowered, start=start, stop=stop, bare=match.end(1))

    def _meant(self, term: str | None, words: str, text: str) -> Known | None:
        """Return what ``words`` of ``text`` mean; nothing for an address, a wrong case or the wrong company."""
        name = normal(term or "")
        known = self._known.get(name)
        if known is None or not known.is_spelled(words):
            return None
        company = self._company.get(name)
        return known if company is None or company.stands_in(text) else None


def _any_of(terms: Iterable[str]) -> re.Pattern[str]:
    """Match addresses, and whole words with group 1: any of ``terms``, the longest that fits, also with an s behind.

    Terms are sorted by their first sign, so that at most places few of them are tried.
    """
    ordered = sorted(set(terms), key=lambda term: (term[0], -len(term), term))
    groups = "|".join(
        f"{re.escape(first)}(?:{'|'.join(loosely(term[1:]) for term in group)})"
        for first, group in groupby(ordered, key=lambda term: term[0])
    )
    return re.compile(
        rf"(?<![{_JOINING}.])(?:{_ADDRESS}|({groups or '(?!)'})(?:['’]?s)?[®™]*(?![{_JOINING}®™]|['’]\w|\.\w))"
    )
