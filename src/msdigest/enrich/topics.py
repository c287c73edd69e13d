"""Door to ahocorasick_rs: what an entry is about, told by the words of the vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import groupby
from string import whitespace
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from msdigest.model.spelling import ACRONYM, GAP, Company, loosely
from msdigest.model.topic import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msdigest.model.entry import Entry
    from msdigest.model.topic import Vocabulary
    from msdigest.ports import Enrichment

_TITLE, _CATEGORY, _BODY = 3, 2, 1
# The last blank of Unicode is U+3000.
_GAP_SIGNS = [sign for sign in map(chr, range(0x3001)) if re.match(GAP, sign)]
_FIRST_WORD = re.compile(r"\w+")


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
        self._company = {normal(each.term): Company(each.needs_any, each.but_not) for each in vocabulary.ambiguities}
        terms = [(ambiguity.term, ambiguity.topic) for ambiguity in vocabulary.ambiguities]
        terms += [(synonym, topic.id) for topic in vocabulary.topics for synonym in topic.synonyms]
        self._topic_of = {normal(term): topic_id for term, topic_id in terms}
        # A whole category may also be a topic's name, which counts nowhere else: "diagnosis" is no topic of a text.
        self._labels = {normal(topic.name): topic.id for topic in vocabulary.topics} | self._topic_of
        self._acronyms = Finder({term for term, _ in terms if ACRONYM.search(term)})
        self._words = Finder({term.lower() for term, _ in terms if not ACRONYM.search(term)})

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


class Finder:
    """Finds whole words of a text: any of some terms, the longest that fits, also in the plural.

    The pattern is tried only where the first word of a term stands; trying it at every letter took three times as
    long, and topics are read from every entry.
    """

    def __init__(self, terms: set[str]) -> None:
        """Take the ``terms`` as they are written in the text; see ``loosely``."""
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
        f"{re.escape(first)}(?:{'|'.join(loosely(term[1:]) for term in group)})"
        for first, group in groupby(ordered, key=lambda term: term[0])
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(groups) or '(?!)'})s?(?!\w)")
