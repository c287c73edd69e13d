"""One message under inspection: its specimen, read once, with what every check asks of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msdigest.lint.finding import Finding
from msdigest.lint.looks import Scheme, dark_rules, seen
from msdigest.lint.page import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.lint.finding import Level, Part
    from msdigest.lint.inspected import Inspected, Specimen
    from msdigest.lint.looks import Look
    from msdigest.lint.page import Element
    from msdigest.model.entry import Entry

_NO_LETTERS = re.compile(r"[\W_]+")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Letters of a title that are compared: mails cut long ones.
_LETTERS_OF_A_TITLE = 60
_LONGEST_EXCERPT = 80
_PARTS = {"html": "HTML part", "text": "text part", "headers": "headers", "style": "style", "issue": "issue"}
# The parts of a leave address that nobody could guess are longer than any word of a path.
SHORTEST_TOKEN = 8


def letters(text: str) -> str:
    """Return the letters and digits of ``text`` in one case: equal however it is wrapped, spaced or quoted."""
    return _NO_LETTERS.sub("", text).casefold()


def token_of(leave_url: str) -> str:
    """Return the opaque part of an address: the longest piece of its path or query."""
    try:
        parts = urlsplit(leave_url)
    except ValueError:
        return ""
    pieces = re.split(r"[/?&=;]+", f"{parts.path}?{parts.query}")
    return max(pieces, key=len)


class Message:
    """A specimen with its tree, its looks and its letters."""

    def __init__(self, specimen: Specimen, inspected: Inspected) -> None:
        """Read the specimen."""
        self.specimen = specimen
        self.inspected = inspected
        self.page = read(specimen.html)
        self._token = token_of(specimen.leave_url)
        self.light = Scheme(self.page, dark=False)

    @cached_property
    def dark(self) -> Scheme:
        """The looks in the dark scheme, by the rules in the message's own head."""
        styles = "\n".join(self.page.texts[element.first][1] for element in self.page.all("style"))
        return Scheme(self.page, dark=True, head_rules=dark_rules(styles))

    @cached_property
    def seen(self) -> Sequence[tuple[Element | None, str, Look]]:
        """Every piece of text that can be seen, with its element and its look in the light scheme."""
        return list(seen(self.page, self.light))

    @cached_property
    def words(self) -> str:
        """What can be read, elements parted by line ends."""
        return "\n".join(text for _, text, _ in self.seen)

    @cached_property
    def letters(self) -> str:
        """The letters of what can be read in the HTML part."""
        return letters(self.words)

    @cached_property
    def text_letters(self) -> str:
        """The letters of the text part."""
        return letters(self.specimen.text)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The entries that it holds, as far as they are known."""
        return [self.inspected.entries[one] for one in self.specimen.entries if one in self.inspected.entries]

    def visible(self, element: Element) -> bool:
        """Tell whether an element can be seen."""
        return not self.light.of(element).hidden

    def header(self, name: str) -> list[str]:
        """Return the values of a header, in their order."""
        return [value for told, value in self.specimen.headers if told.lower() == name.lower()]

    def entry_of(self, element: Element | None) -> str:
        """Return the id of the entry that ``element`` belongs to, or empty: by the heading before it in its block."""
        found = ""
        if element is not None:
            around = {id(each) for each in (element, *element.ancestors())}
            for heading, entry in self._headings:
                if heading.number > element.number:
                    break
                found = entry if id(heading.parent) in around else ""
        return found

    @cached_property
    def _headings(self) -> list[tuple[Element, str]]:
        """Every heading, with the id of the entry that it is the title of; empty where it heads something else."""
        titles = {letters(entry.title)[:_LETTERS_OF_A_TITLE]: entry.id for entry in self.entries}
        found = []
        for element in self.page.all(*_HEADINGS):
            own = letters(self.page.text(element))
            # Labels may follow the title; of two that fit, the longer one is meant.
            title = max((title for title in titles if title and own.startswith(title)), key=len, default="")
            found.append((element, titles.get(title, "")))
        return found

    def found(
        self,
        check: str,
        level: Level,
        message: str,
        *,
        way_out: str,
        part: Part = "html",
        element: Element | None = None,
        entry: str = "",
        excerpt: str = "",
    ) -> Finding:
        """Make a finding about this message; ``element`` tells where, and whose it is unless ``entry`` does."""
        whose = entry or self.entry_of(element)
        return Finding(
            id=check,
            level=level,
            message=message,
            place=self._place(part, whose, element),
            part=part,
            entry=whose,
            variant=self.specimen.variant,
            excerpt=self.shown(excerpt),
            way_out=way_out,
        )

    def shown(self, text: str) -> str:
        """Return ``text`` short, on one line and without the person's own link."""
        if len(self._token) >= SHORTEST_TOKEN:
            text = text.replace(self._token, "…")
        text = text[: 4 * _LONGEST_EXCERPT]
        if not text.isprintable():
            text = "".join(each if each.isprintable() else " " for each in text)
        line = " ".join(text.split())
        return line if len(line) <= _LONGEST_EXCERPT else f"{line[: _LONGEST_EXCERPT - 1]}…"

    def _place(self, part: Part, entry: str, element: Element | None) -> str:
        which = f"{_PARTS[part]} of the {self.specimen.which} selection"
        if entry in self.inspected.entries:
            return f"entry “{self.shown(self.inspected.entries[entry].title)}”, {which}"
        return f"{which}, line {self.line(element.place)}" if element is not None else which

    def line(self, place: int) -> int:
        """Return the line of a place in the HTML."""
        return bisect_left(self._line_ends, place) + 1

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.specimen.html)]
