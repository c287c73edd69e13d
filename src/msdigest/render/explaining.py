"""What is said of a brand or a hard word where a text mentions it, unless the text itself explains it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from msdigest.model.prose import sentence_ends
from msdigest.model.spelling import ACRONYM, loosely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.topic import Term, Topic

# How far from a word its explanation may stand, and how far back a bracket or a sentence may have begun.
_NEAR = 40
_BACK = 200
# A word with two capitals is found in its own case only: NfL is a marker of nerve damage, NFL plays football.
_CASED = re.compile(r"\w*[A-Z]\w*[A-Z]\w*")
_WORD = re.compile(r"\w+")
_REAL_WORD = re.compile(r"[^\W\d_]{2,}")
# Where the long form in a meaning ends and its explanation begins.
_LONG_FORM = re.compile(r"[^,:;]+")
_OPENED = re.compile(r"[(\[][\"'“‘„]*\Z")
# Numbers alone are a reference: Tysabri [12].
_BRACKET = re.compile(r"[\"'”’“]?\s{0,2}[(\[](?![\d,;\s\u2010-\u2013-]{1,20}[)\]])(?P<aside>[^()\[\]]{0,120})")
_ASIDE = re.compile(
    r"(?:[\"'”’“]?\s{0,2}[(\[=:,]|\s[–—-]\s)\s?"
    r"(?:(?:or|that is|i\.e\.|oder|das heißt|d\.h\.),?\s)?(?P<aside>[^()\[\]]{0,120})"
)
_LEAD = " \t\"'“‘„(["
_ARTICLE = re.compile(r"(?<!\w)an?(?=\s\Z)", re.IGNORECASE)
_VOWELS = tuple("aeiouAEIOU")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A mention in a text.

    lowered: the text in small letters. bare: where the word ends without a plural or possessive s.
    """

    text: str
    lowered: str
    start: int
    stop: int
    bare: int

    @property
    def words(self) -> str:
        """The mention as the text has it."""
        return self.text[self.start : self.stop]

    @property
    def before(self) -> str:
        """What stands before, as far back as matters."""
        return self.text[max(0, self.start - _BACK) : self.start]

    @property
    def has_bracket_behind(self) -> bool:
        """Whether the text itself adds something in brackets."""
        return _BRACKET.match(self.text, self.stop) is not None

    def around(self, reach: int) -> str:
        """Return in small letters what stands up to ``reach`` before and behind, without the mention."""
        before = self.lowered[max(0, self.start - reach) : self.start]
        return f"{before}\n{self.lowered[self.stop : self.stop + reach]}"

    def aside(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the words of what stands behind in brackets or behind another sign."""
        found = pattern.match(self.text, self.stop)
        return _WORD.findall(found["aside"]) if found else []

    def bracketed(self, told: str) -> str:
        """Return ``told`` in brackets that can stand here: square ones within round ones."""
        inside = self.before.rfind("(") > self.before.rfind(")")
        return f"[{told}]" if inside else f"({told})"

    def begins_sentence(self) -> bool:
        """Tell whether a sentence begins with the mention, whatever quote or bracket it stands in."""
        before = self.before.rpartition("\n")[2]
        if not before.strip(_LEAD):
            return len(before) < _BACK
        ends = sentence_ends(before + self.words)[:-1]
        return bool(ends) and not before[ends[-1] :].strip(_LEAD)


class Known(Protocol):
    """What can be explained; ``key`` is stable and unique."""

    key: str

    def is_spelled(self, words: str) -> bool:
        """Tell whether ``words`` have the capitals that make them the term."""
        ...

    def is_explained(self, place: Place) -> bool:
        """Tell whether the text itself explains the mention."""
        ...

    def told(self, place: Place) -> tuple[int, str]:
        """Return where the words begin that are replaced, and what stands there at first use."""
        ...


class Brand:
    """A medicine that is mentioned by one of its brands: the INN goes first."""

    def __init__(self, topic: Topic, *, german: bool) -> None:
        """Take a ``topic`` with brands."""
        self.key = f"medicine:{topic.id}"
        self._inn = (topic.name_de or _capital(topic.name)) if german else topic.name
        self._german = german
        names = {topic.name, topic.name_de or topic.name, *topic.synonyms} - set(topic.brands)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(loosely(name.lower()) for name in sorted(names))})(?!\w)")

    def is_spelled(self, words: str) -> bool:
        """Tell that any case will do: brands are written in all of them."""
        return bool(words)

    def is_explained(self, place: Place) -> bool:
        """Tell whether another name of the medicine stands near."""
        return self._names.search(place.around(_NEAR)) is not None

    def told(self, place: Place) -> tuple[int, str]:
        """Return e.g. "alemtuzumab (Lemtrada)", with the article before it if that becomes another one."""
        name, ending = place.text[place.start : place.bare], place.text[place.bare : place.stop]
        # "Lemtrada's effect" is alemtuzumab's (Lemtrada) effect; other endings stay with the brand.
        possessive = ending[:2] if ending[:1] in {"'", "’"} else ""
        inn = _capital(self._inn) if place.begins_sentence() else self._inn
        told = f"{inn}{possessive} {place.bracketed(name + ending.removeprefix(possessive))}"
        article = None if self._german else _ARTICLE.search(place.before)
        right = article and article[0][0] + "n" * inn.startswith(_VOWELS)
        if article is None or right == article[0]:
            return place.start, told
        start = place.start - len(article[0]) - 1
        return start, f"{right}{place.text[place.start - 1]}{told}"


class HardWord:
    """An abbreviation or a hard word: its meaning goes behind."""

    def __init__(self, term: Term, *, german: bool) -> None:
        """Take the ``term``; the text may be in another language than its reader's."""
        self.key = f"term:{term.term}"
        self._means = term.means_de if german else term.means
        self._cased = tuple(_CASED.findall(term.term))
        self._letters = "".join(letter.lower() for letter in "".join(self._cased) if letter.isupper())
        forms = {form[0].strip().lower() for means in (term.means, term.means_de) if (form := _LONG_FORM.match(means))}
        self._forms = re.compile("|".join(loosely(form) for form in sorted(forms)) or "(?!)")
        self._reach = _NEAR + max(map(len, forms), default=0)

    def is_spelled(self, words: str) -> bool:
        """Tell whether the abbreviation in ``words`` is in its own case."""
        return all(word in words for word in self._cased)

    def is_explained(self, place: Place) -> bool:
        """Tell whether the meaning stands near, or some other explanation in brackets."""
        if self._forms.search(place.around(self._reach)):
            return True
        if not self._letters:
            return sum(1 for word in place.aside(_BRACKET) if _REAL_WORD.fullmatch(word)) > 1
        most = 2 * len(self._letters)
        if _spell(place.aside(_ASIDE)[:most], self._letters):
            return True
        before = _WORD.findall(place.before)[-most:] if _OPENED.search(place.before) else []
        return any(_spell(before[start:], self._letters) for start in range(len(before)))

    def told(self, place: Place) -> tuple[int, str]:
        """Return e.g. "NEDA (no evidence of disease activity)"."""
        return place.start, f"{place.words} {place.bracketed(self._means)}"


def _spell(words: Sequence[str], letters: str) -> bool:
    """Tell whether ``words`` begin with ``letters``, each in its turn: No Evidence of Disease Activity is NEDA."""
    # An acronym among them counts in full: relapsing-remitting MS is RRMS.
    firsts = "".join(word if ACRONYM.search(word) else word[0] for word in words).lower()
    left = iter(firsts)
    return firsts.startswith(letters[0]) and all(letter in left for letter in letters)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
