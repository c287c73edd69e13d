"""Words that tell what a mail is about: they do not stand outside of it for people who want that."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import TYPE_CHECKING

from msdigest.model.spelling import ACRONYM, loosely

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msdigest.model.topic import Vocabulary

# Of the disease itself, in the languages that mails are written in.
_OF_THE_DISEASE = ("MS", "pwMS", "MSers", "multiple sclerosis", "sclerosis", "Multiple Sklerose", "Sklerose")
_MEDICINES = {"dmt", "pipeline"}
# Nobody writes an address in capitals, so there is no telling an acronym from a syllable: shorter names are let pass,
# but for the one that this is about.
_LONG_ENOUGH, _SHORT = 4, "ms"


def telling_words(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the words of the disease and of its medicines."""
    medicines = (topic for topic in vocabulary.topics if topic.kind in _MEDICINES)
    return (*_OF_THE_DISEASE, *dict.fromkeys(word for topic in medicines for word in (topic.name, *topic.synonyms)))


def word_told(text: str, words: Iterable[str]) -> str | None:
    """Return the first of ``words`` that stands in ``text`` as a whole word; acronyms in their own case only."""
    for word in words:
        pattern = loosely(word) if ACRONYM.search(word) else f"(?i:{loosely(word)})"
        if re.search(rf"(?<!\w){pattern}(?!\w)", text):
            return word
    return None


def word_told_by(mailbox: str, words: Iterable[str]) -> str | None:
    """Return the first of ``words`` that the name or the address of a sender tells."""
    name, address = parseaddr(mailbox)
    told = tuple(words)
    parts = {part for part in re.split(r"[^a-z]+", address.casefold()) if len(part) >= _LONG_ENOUGH or part == _SHORT}
    in_address = (word for word in told if re.sub(r"[^a-z]+", "", word.casefold()) in parts)
    return word_told(name, told) or next(in_address, None)
