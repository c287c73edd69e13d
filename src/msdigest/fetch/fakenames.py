"""The fake of ``Names``: answers from a script of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msdigest.errors import NamesError

# Name → kind of record → its values: ``{"mail.example": {"TXT": ["v=spf1 -all"], "MX": ["mx.example"]}}``.
Script = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(slots=True)
class FakeNames:
    """Answers by name, an alias is followed; what is not in the script does not exist.

    records: what there is, the preferred mail host first. silent: names of which nobody answers. asked: in order.
    """

    records: Script = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    asked: list[tuple[str, str]] = field(default_factory=list, init=False)

    def texts(self, name: str) -> tuple[str, ...]:
        """Give the scripted TXT records."""
        return self._find(name, "TXT")

    def mx(self, name: str) -> tuple[str, ...]:
        """Give the scripted mail hosts."""
        return self._find(name, "MX")

    def cname(self, name: str) -> str:
        """Give what the scripted alias leads to."""
        return self._find(name, "CNAME")[0]

    def addresses(self, name: str) -> tuple[str, ...]:
        """Give the scripted addresses."""
        return self._find(name, "A", "AAAA")

    def _find(self, name: str, *kinds: str) -> tuple[str, ...]:
        self.asked.append((name, kinds[0]))
        place = name.lower().removesuffix(".")
        if place in self.silent:
            raise NamesError(name, "failed")
        there = self.records.get(place)
        while there is not None and "CNAME" in there and kinds != ("CNAME",):
            there = self.records.get(there["CNAME"][0].lower())
        if there is None:
            raise NamesError(name, "unknown")
        found = tuple(value for kind in kinds for value in there.get(kind, ()))
        if not found:
            raise NamesError(name, "empty")
        return found
