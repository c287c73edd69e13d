"""Whether the words can be understood: long sentences, hard prose, abbreviations that nobody explains."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.model.prose import sentence_ends
from msdigest.words import say, spoken_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.lint.finding import Finding
    from msdigest.lint.message import Message

_HARDEST = 12
_LONGEST_SENTENCE = 40
# A title or a line of names is no prose; a grade of a few sentences says nothing.
_WORDS_OF_PROSE, _SENTENCES_FOR_A_GRADE = 8, 5
_LONGEST_LOOKED_AT = 20_000
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’-])*")
_VOWELS = re.compile(r"[aeiouyàâäáæéèêëíîïóôöœúùûü]+")
_ABBREVIATION = re.compile(r"(?<![\w.@/#&%_-])([A-Z]{3,8})s?(?![\w@/]|-[A-Z0-9]|\.\w)")
_ROMAN = re.compile(r"[IVXLC]+")
_LETTERS_IN_CAPITALS = re.compile(r"(?:\b[A-Z]+\b[\s,:;–-]+){3,}\b[A-Z]+\b")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_EXPANSION = 120
# What everybody who reads about health has met, or what stands beside a number as its name.
_COMMON = frozenset((
    "AEST", "AIDS", "BBC", "BMJ", "BST", "CDT", "CEST", "CET", "COI", "COVID", "CST", "CSV", "CTIS", "DNA", "DOI",
    "EDT", "EMA", "ENT", "EST", "FAQ", "FDA", "GMT", "HIV", "HTML", "HTTP", "HTTPS", "ICO", "ISBN", "ISRCTN",
    "ISSN", "JAMA", "JST", "LED", "MHRA", "MRI", "MST", "NASA", "NCT", "NEJM", "NHS", "NICE", "NIH", "NYC", "PDF",
    "PDT", "PHD", "PMC", "PMCID", "PMID", "PST", "RNA", "RSS", "SARS", "UNESCO", "URL", "USA", "UTC", "WHO", "XML",
))  # fmt: skip
_PROFESSIONAL = "professional"
# So long and with vowels, it is a name that somebody gave a trial: GANNET, WHIMBREL.
_LETTERS_OF_A_NAME, _VOWELS_OF_A_NAME = 6, 2


def wording(message: Message) -> Iterator[Finding]:
    """Look at the prose of a message."""
    parts = message.specimen.variant.split(".")
    prose = [text for _, text, _ in message.seen if len(text.split()) >= _WORDS_OF_PROSE]
    sentences = [sentence for text in prose for sentence in _sentences(text)]
    yield from _long(message, sentences)
    if _PROFESSIONAL not in parts:
        yield from _abbreviations(message)
        # The measure counts syllables of English.
        if spoken_language(message.specimen.language) == "en":
            yield from _hard(message, sentences)


def _sentences(text: str) -> list[str]:
    line = " ".join(text[:_LONGEST_LOOKED_AT].split())
    ends = sentence_ends(line)
    return [line[start:end].strip() for start, end in zip([0, *ends], ends, strict=False)]


def _long(message: Message, sentences: Sequence[str]) -> Iterator[Finding]:
    for sentence in sentences:
        number = len(sentence.split())
        if number > _LONGEST_SENTENCE:
            yield message.found(
                "words.long-sentence",
                "info",
                f"a sentence has {number} words, more than {_LONGEST_SENTENCE}",
                excerpt=sentence,
                way_out="Put the result in words of your own, in two sentences.",
            )


def _hard(message: Message, sentences: Sequence[str]) -> Iterator[Finding]:
    counted = [words for words in map(_WORD.findall, sentences) if words]
    words = sum(map(len, counted))
    if len(counted) < _SENTENCES_FOR_A_GRADE:
        return
    syllables = sum(_syllables(word) for each in counted for word in each)
    grade = 0.39 * words / len(counted) + 11.8 * syllables / words - 15.59
    if grade > _HARDEST:
        yield message.found(
            "words.grade",
            "warning",
            f"the text asks for {grade:.0f} years of school (Flesch-Kincaid), more than {_HARDEST}",
            way_out="Tell in an introduction or in notes, in short sentences, what the entries mean.",
        )


@lru_cache(maxsize=16_384)
def _syllables(word: str) -> int:
    """Count the syllables of an English word, nearly: groups of vowels without a silent e at the end."""
    bare = word.lower()
    number = len(_VOWELS.findall(bare))
    if bare.endswith("e") and not bare.endswith(("le", "ee")) and number > 1:
        number -= 1
    return max(1, number)


def _abbreviations(message: Message) -> Iterator[Finding]:
    # Readers chose their topics by these names: what stands in that line needs no explanation.
    language = message.specimen.language
    chosen = tuple(say("why", language=language, count=count, topics="\0").partition("\0")[0] for count in (1, 2))
    told = "\n".join(text for _, text, _ in message.seen if not text.strip().startswith(chosen))
    words = _ADDRESS.sub(" ", told)
    # In a line of capitals nothing tells an abbreviation from a word.
    words = _LETTERS_IN_CAPITALS.sub(lambda match: " " * len(match[0]), words)
    names = {entry.trial.acronym for entry in message.entries if entry.trial}
    for abbreviation in dict.fromkeys(_ABBREVIATION.findall(words)):
        known = abbreviation in _COMMON or abbreviation in names or _is_a_name(abbreviation)
        if known or _ROMAN.fullmatch(abbreviation) or _is_explained(abbreviation, words):
            continue
        place = re.search(rf"\b{abbreviation}s?\b", words)
        start = max(0, place.start() - 30) if place else 0
        yield message.found(
            "words.abbreviation",
            "warning",
            f"{abbreviation} is nowhere explained",
            excerpt=words[start : start + 70],
            way_out=f"Add {abbreviation} to the terms in topics.toml, or explain it in a note.",
        )


def _is_a_name(abbreviation: str) -> bool:
    vowels = sum(letter in "AEIOUY" for letter in abbreviation)
    return len(abbreviation) >= _LETTERS_OF_A_NAME and vowels >= _VOWELS_OF_A_NAME


def _is_explained(abbreviation: str, words: str) -> bool:
    """Tell whether it is followed by its meaning in brackets somewhere, or stands in brackets behind it."""
    for match in re.finditer(rf"\b{abbreviation}s?\s*\(([^()]{{4,{_EXPANSION}}})\)", words):
        if re.search(r"[a-z]{2}", match[1]):
            return True
    for match in re.finditer(rf"\(\s*{abbreviation}s?\s*[,;:)]", words):
        before = words[max(0, match.start() - _EXPANSION) : match.start()].rpartition("\n")[2]
        if any(word[0].upper() == abbreviation[0] for word in _WORD.findall(before)[-len(abbreviation) - 2 :]):
            return True
    return False
