"""The shape of a feed's XML: how deep its entries are, and how many parts each has.

feedparser needs 3 s for 100,000 elements inside each other, closed or not, and as much for an entry with 60,000 links.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SKIPPED = rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
_REST = rb"""(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+>"""
_TAG = re.compile(SKIPPED + rb"|<(?P<end>/?)(?P<name>[A-Za-z_][^\s<>/]*+)(?P<rest>" + _REST + rb")", re.DOTALL)
# What stands around the parts of an entry is never taken out, and with it counting begins anew.
_FRAME = re.compile(rb"(?:\w+:)?(?:rss|rdf|feed|channel|item|entry)", re.IGNORECASE)
# What begins like a tag and does not end like one.
_LOOSE_TAG = re.compile(
    SKIPPED + rb"|<[A-Za-z]" + _REST + rb"|(?P<loose><)(?=[A-Za-z])(?!(?:\w+:)?(?:rss|rdf|feed|channel|item|entry)\b)",
    re.DOTALL | re.IGNORECASE,
)
# Elements of HTML that careless feeds leave open.
_OPEN = frozenset({b"br", b"hr", b"img", b"wbr", b"input", b"area", b"col"})
_MOST_DEPTH = 100
_MOST_PARTS = 300
# With fewer tags nothing takes long.
_FEW_TAGS = 5_000


def shaped(body: bytes) -> bytes:
    """Leave out tags that are deeper than any honest ones, and parts beyond the 300th of an entry; their text stays."""
    return _TAG.sub(_Shape(), body) if body.count(b"<") > _FEW_TAGS else body


def without_loose_tags(body: bytes) -> bytes:
    """Make text of what begins like a tag and does not end like one: 60,000 of those take feedparser more than 1 s."""
    return _LOOSE_TAG.sub(lambda found: b"&lt;" if found["loose"] else found[0], body)


@dataclass(slots=True)
class _Shape:
    """Where a document's tags have led so far.

    path: names of the elements that are open inside the entry, outermost first. lost: how many more are open that
    were left out. parts: of this entry.
    """

    path: list[bytes] = field(default_factory=list)
    lost: int = 0
    parts: int = 0

    def __call__(self, tag: re.Match[bytes]) -> bytes:
        name: bytes | None = tag["name"]
        if name is None or name.lower() in _OPEN:
            return tag[0]
        if _FRAME.fullmatch(name):
            self.path.clear()
            self.lost = self.parts = 0
            return tag[0]
        stays = self._ends(name) if tag["end"] else self._begins(name, closed=tag["rest"].endswith(b"/>"))
        return tag[0] if stays else b""

    def _begins(self, name: bytes, *, closed: bool) -> bool:
        self.parts += not self.path and not self.lost
        stays = not self.lost and len(self.path) < _MOST_DEPTH and self.parts <= _MOST_PARTS
        if not closed and stays:
            self.path.append(name)
        elif not closed:
            self.lost += 1
        return stays

    def _ends(self, name: bytes) -> bool:
        if self.lost and name not in self.path[:1]:
            self.lost -= 1
            return False
        # The end of an entry's part ends all that was left open in it.
        self.lost = 0
        if name in self.path:
            del self.path[_last(self.path, name) :]
        return True


def _last(names: list[bytes], name: bytes) -> int:
    return len(names) - 1 - names[::-1].index(name)
