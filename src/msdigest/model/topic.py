"""The vocabulary: what entries are about, and the words by which that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msdigest.model.spelling import ACRONYM

if TYPE_CHECKING:
    from collections.abc import Mapping

# Topic ids become parts of file names and addresses.
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NO_LETTER = re.compile(r"[\W_]+")
# Longer words are not compared: no slip of the pen made them, and comparing takes time.
_LONGEST_SLIP = 60
_CLOSE = 0.75
# Kinds that one word of the configuration means together.
_GROUPS = {"dmt": {"dmt", "pipeline"}}
_TOPIC_KEYS = {"id", "name", "kind", "name_de", "synonyms", "brands", "class", "status", "checked_on"}
_AMBIGUOUS_KEYS = {"term", "topic", "needs_any", "but_not"}
_TERM_KEYS = {"term", "means", "means_de"}
# What stands in brackets within a sentence is read in one breath.
LONGEST_MEANING = 90
_BRACKET = re.compile(r"[()\[\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One table ``[[topic]]`` of ``config/topics.toml``.

    kind: what sort of topic it is, e.g. dmt (disease-modifying therapy), safety, symptom.
    synonyms: the words by which an entry is known to be about it; nothing else counts, not even the name.
    brands: of a medicine, those synonyms that are its brand names; its name is then the INN, a synonym too.
    name_de: of a medicine, its German name if that is not the name with a capital.
    group: of a medicine, what it is (``class`` in the file).
    status: of a medicine, e.g. approved; facts of the day ``checked_on``.
    """

    id: str
    name: str
    kind: str
    synonyms: tuple[str, ...]
    group: str | None = None
    status: str | None = None
    checked_on: date | None = None
    brands: tuple[str, ...] = ()
    name_de: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """A term that means its topic only in company.

    needs_any: beginnings of words of which one must stand in the same entry.
    but_not: beginnings of words of which none may.
    """

    term: str
    topic: str
    needs_any: tuple[str, ...]
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A hard word or an abbreviation, and what it means in plain words: English and German."""

    term: str
    means: str
    means_de: str


@dataclass(frozen=True)
class Vocabulary:
    """All topics in the order of the file, the terms that need company, and those that patients are told."""

    topics: tuple[Topic, ...]
    ambiguities: tuple[Ambiguity, ...] = ()
    terms: tuple[Term, ...] = ()

    @classmethod
    def from_toml_data(cls, data: Mapping[str, Any]) -> Vocabulary:
        """Read what ``tomllib`` made of ``topics.toml``.

        Raises ValueError whose message has one line ``KEY: what is wrong`` for every fault.
        """
        faults = [f"{key}: no such key" for key in data if key not in {"topic", "ambiguous", "term"}]
        topics = [_topic(row, where, faults) for row, where in _rows(data, "topic", "id", faults)]
        ambiguities = [_ambiguity(row, where, faults) for row, where in _rows(data, "ambiguous", "term", faults)]
        terms = [_term(row, where, faults) for row, where in _rows(data, "term", "term", faults)]
        known = tuple(topic for topic in topics if topic is not None)
        company = tuple(ambiguity for ambiguity in ambiguities if ambiguity is not None)
        if not topics:
            faults.append("topic: there is no topic")
        _check_ids(topics, company, faults)
        _check_words(known, company, faults)
        told = tuple(term for term in terms if term is not None)
        _check_told(known, told, faults)
        if faults:
            raise ValueError("\n".join(faults))
        return cls(known, company, told)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every topic's id, in the order of the file."""
        return tuple(topic.id for topic in self.topics)

    def __contains__(self, topic_id: object) -> bool:
        return topic_id in self._by_id

    def name(self, topic_id: str) -> str:
        """Return what readers are shown; raises KeyError for an unknown id."""
        return self._by_id[topic_id].name

    def resolve(self, word: str) -> str | None:
        """Return the id of the topic that people call ``word``: its id, name or synonym, in any case."""
        plain = normal(word)
        return self._by_word.get(plain) or self._by_word.get(plain.removesuffix("s"))

    def nearest(self, word: str) -> str | None:
        """Return the id of the topic that a misspelt ``word`` probably means, by id, name or synonym."""
        plain = normal(word)
        close = get_close_matches(plain, self._by_word, n=1, cutoff=_CLOSE) if len(plain) <= _LONGEST_SLIP else []
        return self._by_word[close[0]] if close else None

    def names(self, group: str) -> tuple[str, ...]:
        """Return the names of the topics that ``topics.GROUP`` means in the configuration; raises ValueError.

        ``topics.dmt``: the medicines, approved or on their way; ``topics.all``: everything; else a kind of topic.
        """
        return tuple(topic.name for topic in self._of(group))

    def pattern(self, group: str) -> str:
        """Return a regular expression that finds whole words of the topics that ``topics.GROUP`` means.

        As in topics: acronyms in their own case only, and none that needs company to mean its topic.
        """
        ambiguous = {normal(ambiguity.term) for ambiguity in self.ambiguities}
        words = {
            word for topic in self._of(group) for word in (topic.name, *topic.synonyms) if normal(word) not in ambiguous
        }
        found = (
            re.escape(word) if ACRONYM.search(word) else f"(?i:{re.escape(word)})"
            for word in sorted(words, key=lambda word: (-len(word), word))
        )
        return rf"(?<!\w)(?:{'|'.join(found)})(?!\w)"

    def _of(self, group: str) -> tuple[Topic, ...]:
        kinds = _GROUPS.get(group, {group})
        found = tuple(topic for topic in self.topics if group == "all" or topic.kind in kinds)
        if not found:
            known = ", ".join(sorted({topic.kind for topic in self.topics} | {"all"}))
            message = f"topics.{group} names no kind of topic in topics.toml: {known} are"
            raise ValueError(message)
        return found

    @cached_property
    def _by_id(self) -> dict[str, Topic]:
        return {topic.id: topic for topic in self.topics}

    @cached_property
    def _by_word(self) -> dict[str, str]:
        # Weakest claim first, so that an id wins over a name, and a name over a synonym.
        claims = [(ambiguity.term, ambiguity.topic) for ambiguity in self.ambiguities]
        claims += [(synonym, topic.id) for topic in self.topics for synonym in topic.synonyms]
        claims += [(topic.name, topic.id) for topic in self.topics]
        claims += [(topic.id, topic.id) for topic in self.topics]
        return {normal(word): topic_id for word, topic_id in claims}


def normal(word: str) -> str:
    """Return ``word`` as it is compared: its letters and digits in lower case, so that B-cell is B cell."""
    return _NO_LETTER.sub("", word.casefold())


def _rows(data: Mapping[str, Any], table: str, key: str, faults: list[str]) -> list[tuple[dict[str, Any], str]]:
    """Return the tables of one name, each with the dotted path by which faults call it."""
    rows = data.get(table, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        faults.append(f"{table}: write each as a table [[{table}]]")
        return []
    return [(row, f"{table}[{' '.join(str(row.get(key, number)).split())}]") for number, row in enumerate(rows, 1)]


def _topic(row: dict[str, Any], where: str, faults: list[str]) -> Topic | None:
    before = len(faults)
    faults.extend(f"{where}.{key}: no such key" for key in row if key not in _TOPIC_KEYS)
    topic_id = _text(row, "id", where, faults)
    if topic_id and not _ID.fullmatch(topic_id):
        faults.append(f"{where}.id: use small letters, digits and single hyphens")
    name, kind = _text(row, "name", where, faults), _text(row, "kind", where, faults)
    synonyms = _texts(row, "synonyms", where, faults)
    brands = _texts(row, "brands", where, faults) if "brands" in row else ()
    group, status, name_de = (
        _text(row, key, where, faults) if key in row else None for key in ("class", "status", "name_de")
    )
    checked_on = row.get("checked_on")
    if checked_on is not None and type(checked_on) is not date:
        faults.append(f"{where}.checked_on: write a date, e.g. 2026-11-20")
    if len(faults) > before:
        return None
    return Topic(
        id=topic_id,
        name=name,
        kind=kind,
        synonyms=synonyms,
        group=group,
        status=status,
        checked_on=checked_on,
        brands=brands,
        name_de=name_de,
    )


def _ambiguity(row: dict[str, Any], where: str, faults: list[str]) -> Ambiguity | None:
    before = len(faults)
    faults.extend(f"{where}.{key}: no such key" for key in row if key not in _AMBIGUOUS_KEYS)
    term, topic = _text(row, "term", where, faults), _text(row, "topic", where, faults)
    needs_any = _texts(row, "needs_any", where, faults)
    but_not = _texts(row, "but_not", where, faults) if "but_not" in row else ()
    if len(faults) > before:
        return None
    return Ambiguity(term=term, topic=topic, needs_any=needs_any, but_not=but_not)


def _term(row: dict[str, Any], where: str, faults: list[str]) -> Term | None:
    before = len(faults)
    faults.extend(f"{where}.{key}: no such key" for key in row if key not in _TERM_KEYS)
    term, means, means_de = (" ".join(_text(row, key, where, faults).split()) for key in ("term", "means", "means_de"))
    if term and not normal(term):
        faults.append(f"{where}.term: write a word")
    for key, told in (("means", means), ("means_de", means_de)):
        if len(told) > LONGEST_MEANING:
            faults.append(f"{where}.{key}: write at most {LONGEST_MEANING} characters, found {len(told)}")
        if _BRACKET.search(told):
            faults.append(f"{where}.{key}: write it without brackets, because it stands in some")
    return Term(term=term, means=means, means_de=means_de) if len(faults) == before else None


def _text(row: dict[str, Any], key: str, where: str, faults: list[str]) -> str:
    value = row.get(key)
    if isinstance(value, str) and value.strip():
        return value
    faults.append(f"{where}.{key}: write some text")
    return ""


def _texts(row: dict[str, Any], key: str, where: str, faults: list[str]) -> tuple[str, ...]:
    value = row.get(key)
    # A word needs a letter or digit, else it would be found everywhere.
    if isinstance(value, list) and value and all(isinstance(word, str) and re.search(r"\w", word) for word in value):
        return tuple(value)
    faults.append(f"{where}.{key}: write a list of one or more words")
    return ()


def _check_ids(topics: list[Topic | None], ambiguities: tuple[Ambiguity, ...], faults: list[str]) -> None:
    """Find ids given twice, and company for topics that do not exist."""
    seen: set[str] = set()
    for topic in topics:
        if topic is not None and topic.id in seen:
            faults.append(f"topic[{topic.id}].id: given twice")
        seen.add(topic.id if topic else "")
    # Where a topic itself is at fault, its terms would only echo that.
    if None not in topics:
        faults.extend(
            f"ambiguous[{ambiguity.term}].topic: there is no topic {ambiguity.topic}"
            for ambiguity in ambiguities
            if ambiguity.topic not in seen
        )


def _check_words(topics: tuple[Topic, ...], ambiguities: tuple[Ambiguity, ...], faults: list[str]) -> None:
    """Find words that two topics claim, and terms whose company is written down twice."""
    owners: dict[str, str] = {}
    for topic in topics:
        faults.extend(
            f"topic[{topic.id}].synonyms: {synonym!r} is a synonym of {owner} already"
            for synonym in topic.synonyms
            if (owner := owners.setdefault(normal(synonym), topic.id)) != topic.id
        )
    terms: set[str] = set()
    for ambiguity in ambiguities:
        term = normal(ambiguity.term)
        if term in terms:
            faults.append(f"ambiguous[{ambiguity.term}].term: given twice")
        if owners.get(term, ambiguity.topic) != ambiguity.topic:
            faults.append(f"ambiguous[{ambiguity.term}].topic: {ambiguity.term!r} is a synonym of {owners[term]}")
        terms.add(term)


def _check_told(topics: tuple[Topic, ...], terms: tuple[Term, ...], faults: list[str]) -> None:
    """Find brands that mails could not tell, and terms that have two meanings."""
    brands: dict[str, str] = {}
    for topic in topics:
        synonyms = {normal(synonym) for synonym in topic.synonyms}
        own = {normal(brand): topic.id for brand in topic.brands}
        faults.extend(
            f"topic[{topic.id}].brands: {brand!r} is not among its synonyms"
            for brand in topic.brands
            if normal(brand) not in synonyms
        )
        if own and normal(topic.name) not in synonyms - own.keys():
            faults.append(f"topic[{topic.id}].name: with brands, write the INN, which is one of its synonyms")
        brands |= own
    seen: set[str] = set()
    for term in terms:
        plain = normal(term.term)
        if plain in seen:
            faults.append(f"term[{term.term}].term: given twice")
        if plain in brands:
            faults.append(f"term[{term.term}].term: {term.term!r} is a brand of {brands[plain]}")
        seen.add(plain)
