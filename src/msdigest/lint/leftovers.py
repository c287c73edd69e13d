"""What should not have stayed in a message: marks of templates, values that were none, tokens of somebody else."""

from __future__ import annotations

import math
import re
import string
from typing import TYPE_CHECKING

from msdigest.lint.finding import Finding
from msdigest.lint.message import SHORTEST_TOKEN, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.errors import TemplateError
    from msdigest.lint.finding import Part
    from msdigest.lint.inspected import Inspected
    from msdigest.lint.message import Message
    from msdigest.lint.page import Element

_NOTHING = frozenset({"None", "nan", "NaN", "Undefined", "undefined", "null"})
# Jinja's marks, those of providers, the compiler's sentinels, and the printers' filler.
_MARKS = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|%recipient\b|%recipient_|\*\||\|\*|\[\[|\]\]|<%|%%\w+%%"
    r"|\bk[0-9a-f]{20}[sbe]\d*z?|\blorem ipsum\b",
    re.IGNORECASE,
)
_LEAST_BITS = 128
_ALPHABETS = (string.digits, string.digits + "abcdef", string.digits + "ABCDEF", string.ascii_lowercase,
              string.digits + string.ascii_lowercase, string.digits + string.ascii_uppercase)  # fmt: skip
_OTHERWISE = 64


def leftovers(message: Message) -> Iterator[Finding]:
    """Look for marks of templates in everything that readers may see."""
    own = _Own(message)
    specimen = message.specimen
    for element, text in _texts(message):
        yield from _left(message, own, text, part="html", element=element)
    for line in specimen.text.split("\n"):
        yield from _left(message, own, line, part="text")
    for name, value in (*specimen.headers, ("Subject", specimen.subject), ("preheader", specimen.preheader)):
        if name.lower() != "to":
            yield from _left(message, own, value, part="headers")


def _texts(message: Message) -> Iterator[tuple[Element | None, str]]:
    for element, text in message.page.texts:
        if element is None or element.tag not in {"style", "script"}:
            yield element, text
    for element in message.page.elements:
        for name, value in element.attributes.items():
            if name not in {"style", "class"}:
                yield element, value


class _Own:
    """The words of the entries themselves: a post about templates may hold ``{{``."""

    def __init__(self, message: Message) -> None:
        self._entries = message.entries
        self._words: str | None = None

    def are(self, text: str) -> bool:
        """Tell whether an entry's title, or one of its authors, is just ``text``."""
        return any(text in (entry.title, *entry.authors) for entry in self._entries)

    def hold(self, text: str) -> bool:
        """Tell whether an entry says ``text`` itself."""
        if self._words is None:
            told = (
                part
                for entry in self._entries
                for part in (entry.title, entry.text, entry.url, entry.coi, entry.disclaimer, *entry.authors)
                if part
            )
            self._words = " ".join(" ".join(told).split())
        return " ".join(text.split()) in self._words


def _left(message: Message, own: _Own, text: str, *, part: Part, element: Element | None = None) -> Iterator[Finding]:
    bare = text.strip()
    if bare in _NOTHING and not own.are(bare):
        what, excerpt = f"a value is {bare}", bare
    else:
        match = next((found for found in _MARKS.finditer(text) if not own.hold(_around(text, found))), None)
        if match is None:
            return
        what, excerpt = "a mark of the template was not filled", text[match.start() : match.start() + 40]
    yield message.found(
        "tpl.placeholder",
        "error",
        what,
        part=part,
        element=element,
        excerpt=excerpt,
        way_out="Give the value in the template, or leave its place out when there is none.",
    )


def _around(text: str, found: re.Match[str]) -> str:
    """Return the mark with the word behind it: enough to recognise it in an entry's own words."""
    return text[found.start() : found.end() + 12].split("\n", maxsplit=1)[0].rstrip("…")


def tokens(inspected: Inspected) -> Iterator[Finding]:
    """Look for tokens that could be guessed, and for one that stands where it is not its reader's."""
    known: dict[str, None] = {}
    for specimen in inspected.specimens:
        token = token_of(specimen.leave_url)
        known[token] = None
        if bits_of(token) < _LEAST_BITS:
            yield Finding(
                id="token.entropy",
                level="error",
                message=f"the token of a leave link has at most {bits_of(token):.0f} bits, not {_LEAST_BITS}",
                place=f"leave link of the {specimen.which} selection",
                part="headers",
                variant=specimen.variant,
                way_out="Let the vault make it: whoever guesses one ends somebody's subscription.",
            )
    places = [
        *(
            (f"message of the {specimen.which} selection ({specimen.variant})", token_of(specimen.leave_url), text)
            for specimen in inspected.specimens
            for text in (specimen.html, specimen.text, *(value for _, value in specimen.headers))
        ),
        ("public page of the issue", "", inspected.archive_html),
    ]
    yield from _leaks([token for token in known if len(token) >= SHORTEST_TOKEN], places)


def _leaks(known: Sequence[str], places: Sequence[tuple[str, str, str]]) -> Iterator[Finding]:
    for where, own, text in places:
        if any(token in text for token in known if token != own):
            yield Finding(
                id="token.leak",
                level="error",
                message="another reader's token stands there",
                place=where,
                part="issue",
                way_out="Print person.leave_url and nothing that was kept from another message.",
            )


def bits_of(token: str) -> float:
    """Return how many bits a token of its length and letters can have at most."""
    used = set(token)
    size = min((len(letters) for letters in _ALPHABETS if used <= set(letters)), default=_OTHERWISE)
    # Whoever repeats one letter draws from few.
    return len(token) * math.log2(min(size, max(1, len(used)) ** 2))


def refused(error: TemplateError) -> Finding:
    """Tell a template that cannot be compiled as a finding among the others."""
    where = f"{error.file}, line {error.line}" if error.line else error.file
    return Finding(
        id="tpl.refused",
        level="error",
        message=str(error),
        place=where,
        part="issue",
        way_out="Use computed slots (greeting, count_line, preheader) where a value decides what is printed.",
    )
