"""Door to ahocorasick_rs: what an entry is about, told by the words of the vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import groupby
from string import whitespace
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from msdigest.model.topic import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msdigest.model.entry import Entry
    from msdigest.model.topic import Ambiguity, Vocabulary
    from msdigest.ports import Enrichment

_TITLE, _CATEGORY, _BODY = 3, 2, 1
# Written with two capitals in a row, a term is an acronym: RECOVERY is a trial, recovery is not.
_ACRONYM = re.compile(r"[A-Z]{2}")
# Up to three blanks or hyphens, typographic ones too, may stand where a term has some; none before a digit,
# as COVID-19 is also written COVID19.
_GAP = r"[\s\-\u2010-\u2015\u2212]"
# The last blank of Unicode is U+3000.
_GAP_SIGNS = [sign for sign in map(chr, range(0x3001)) if re.match(_GAP, sign)]
_FIRST_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"(?P<loose>-(?=[0-9]))|(?P<gap>[\s-]+)|(?P<apostrophe>['\u2019])|(?P<sign>[/+])")
_LOOSELY = {"loose": _GAP + "{0,3}", "gap": _GAP + "{1,3}", "apostrophe": "['\u2019]"}


def enricher(vocabulary: Vocabulary) -> Enrichment:
    """Return the enrichment that finds the topics of ``vocabulary``, strongest first.

    A mention counts three times in the title, twice in a category, once in the text; ties stand in the
    order of the vocabulary. Topics that the source itself has given stay in front.
    """
    return _Topics(vocabulary)


class _Topics:
    """The vocabulary, compiled."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._rank = {topic_id: rank for rank, topic_id in enumerate(vocabulary.ids)}
        self._company = {normal(ambiguity.term): _Company(ambiguity) for ambiguity in vocabulary.ambiguities}
        terms = [(ambiguity.term, ambiguity.topic) for ambiguity in vocabulary.ambiguities]
        terms += [(synonym, topic.id) for topic in vocabulary.topics for synonym in topic.synonyms]
        self._topic_of = {normal(term): topic_id for term, topic_id in terms}
        # A whole category may also be a topic's name, which counts nowhere else: "diagnosis" is no topic of a text.
        self._labels = {normal(topic.name): topic.id for topic in vocabulary.topics} | self._topic_of
        self._acronyms = Finder({term for term, _ in terms if _ACRONYM.search(term)})
        self._words = Finder({term.lower() for term, _ in terms if not _ACRONYM.search(term)})

    def __call__(self, entry: Entry) -> Entry:
        whole = "\n".join((entry.title, *entry.categories, entry.text))
        strength = Counter[str]()
        for term, count in self._mentions(entry).items():
            if term not in self._company or self._company[term].stands_in(whole):
                strength[self._labels[term]] += count
        found = sorted(strength, key=lambda topic_id: (-strength[topic_id], self._rank[topic_id]))
        return replace(entry, topics=tuple(dict.fromkeys((*entry.topics, *found))))

    def _mentions(self, entry: Entry) -> Counter[str]:
        """Weigh the terms that ``entry`` mentions."""
        mentions = Counter[str]()
        for category in entry.categories:
            # A category is a label, not prose: its capitals mean nothing ("Pml").
            label = normal(category)
            for term, count in [(label, 1)] if label in self._labels else self._terms(category):
                mentions[term] += _CATEGORY * count
        for term, count in self._terms(entry.title):
            mentions[term] += _TITLE * count
        for term, count in self._terms(entry.text):
            mentions[term] += _BODY * count
        return mentions

    def _terms(self, text: str) -> Iterator[tuple[str, int]]:
        """Tell the terms behind the mentions in ``text``, each spelling with its number."""
        found = Counter((*self._acronyms.findall(text), *self._words.findall(text.lower())))
        for spelled, count in found.items():
            term = normal(spelled)
            yield (term if term in self._topic_of else term.removesuffix("s"), count)


class _Company:
    """What must and what must not stand beside an ambiguous term."""

    def __init__(self, ambiguity: Ambiguity) -> None:
        self._needs_any = [_beginning(word) for word in ambiguity.needs_any]
        self._but_not = [_beginning(word) for word in ambiguity.but_not]

    def stands_in(self, text: str) -> bool:
        """Tell whether ``text`` makes the term mean its topic."""
        needed = any(word.search(text) for word in self._needs_any)
        return needed and not any(word.search(text) for word in self._but_not)


def _beginning(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){_loosely(word)}", 0 if _ACRONYM.search(word) else re.IGNORECASE)


class Finder:
    """Finds whole words of a text: any of some terms, the longest that fits, also in the plural.

    The pattern is tried only where the first word of a term stands; trying it at every letter took three times as
    long, and topics are read from every entry.
    """

    def __init__(self, terms: set[str]) -> None:
        """Take the ``terms`` as they are written in the text; see ``_loosely``."""
        self._pattern = _any_of(terms)
        heads = sorted({head for term in terms for head in _heads(term)})
        self._heads = AhoCorasick(heads, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)

    def findall(self, text: str) -> list[str]:
        """Return the mentions in the order of ``text``; none overlaps another."""
        try:
            heads = self._heads.find_matches_as_indexes(text)
        except UnicodeEncodeError:  # half a character (a lone surrogate) cannot be handed over
            return self._pattern.findall(text)
        found, end = [], 0
        for _, start, _ in heads:
            # Most heads stand inside of other words; the pattern itself begins with this question.
            if start < end or (start and (text[start - 1].isalnum() or text[start - 1] == "_")):
                continue
            if match := self._pattern.match(text, start):
                found.append(match[0])
                end = match.end()
        return found


def _heads(term: str) -> list[str]:
    """Return how a mention of ``term`` begins: its first word, one letter with the sign that must follow it."""
    first = _FIRST_WORD.match(term)
    if first is None:
        return [term[0]]
    if len(first[0]) > 1 or len(term) == 1:
        return [first[0]]
    if term[1] in "-" + whitespace and not term[2:3].isdigit():
        return [first[0] + sign for sign in _GAP_SIGNS]
    return [first[0]]


def _any_of(terms: Iterable[str]) -> re.Pattern[str]:
    """Match whole words: any of ``terms``, the longest that fits, also in the plural.

    Terms are sorted by their first sign, so that at most places few of them are tried (4 times faster).
    """
    ordered = sorted(terms, key=lambda term: (term[0], -len(term), term))
    groups = (
        f"{re.escape(first)}(?:{'|'.join(_loosely(term[1:]) for term in group)})"
        for first, group in groupby(ordered, key=lambda term: term[0])
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(groups) or '(?!)'})s?(?!\w)")


def _loosely(term: str) -> str:
    """Return the pattern of ``term`` that allows for the ways in which its signs are typed."""
    pattern, end = "", 0
    for sign in _SIGNS.finditer(term):
        pattern += re.escape(term[end : sign.start()])
        pattern += _LOOSELY.get(str(sign.lastgroup)) or rf"\s?{re.escape(sign[0])}\s?"
        end = sign.end()
    return pattern + re.escape(term[end:])
