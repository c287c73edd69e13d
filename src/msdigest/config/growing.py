"""New sources for ``sources.toml``: tables that are put behind what is written there, which stays as it is."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from msdigest.config.sentences import told
from msdigest.config.shapes import SourceTable
from msdigest.markup.links import canonical_link
from msdigest.model.followed import feed_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from msdigest.markup.opml import Outline
    from msdigest.model.source import Source

_LONGEST_ID, _LONGEST_NAME = 40, 120
# What NFKD does not take apart into a letter of ASCII and its mark.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What a list of feeds adds to the sources.

    tables: TOML to put at the end of the file. added: (id, address) of each new source.
    there: (id, address) of what was there already. refused: (title, why) of what cannot be a source.
    """

    tables: str
    added: tuple[tuple[str, str], ...]
    there: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...]


def grown(feeds: Iterable[Outline], *, sources: Sequence[Source], taken: Collection[str]) -> Grown:
    """Return the new ones of ``feeds`` as tables; one that ``sources`` has, enabled or not, is there already.

    taken: ids that belong to something else, besides those of ``sources``.
    """
    known = {canonical_link(address): source.id for source in sources for address in (source.url, feed_of(source))}
    ids = {*taken, *(source.id for source in sources)}
    tried = Counter[str]()
    tables: list[str] = []
    added: list[tuple[str, str]] = []
    there: list[tuple[str, str]] = []
    refused: list[tuple[str, str]] = []
    for feed in feeds:
        if fault := _fault(feed.url):
            refused.append((feed.title or feed.url, fault))
        elif before := known.get(canonical_link(feed.url)):
            there.append((before, feed.url))
        else:
            new = _id(feed, ids, tried)
            ids.add(new)
            known[canonical_link(feed.url)] = new
            added.append((new, feed.url))
            tables.append(_table(new, feed))
    return Grown(tables="".join(tables), added=tuple(added), there=tuple(there), refused=tuple(refused))


def _fault(url: str) -> str:
    """Return what is wrong with an address, in the words of ``msdigest check``; empty if nothing is."""
    try:
        SourceTable(id="new", kind="feed", url=url)
    except ValidationError as error:
        return next(message for _, message in told(error))
    return ""


def _id(feed: Outline, taken: Collection[str], tried: Counter[str]) -> str:
    """Return a word of its own for a feed, made of its title, else of its host; ``tried``: how often each was."""
    stem = _word(feed.title) or _word((urlsplit(feed.url).hostname or "").removeprefix("www.")) or "feed"
    while True:
        tried[stem] += 1
        found = stem if tried[stem] == 1 else f"{stem}-{tried[stem]}"
        if found not in taken:
            return found


def _word(words: str) -> str:
    letters = unicodedata.normalize("NFKD", words.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters)[:_LONGEST_ID].strip("-")


def _table(new: str, feed: Outline) -> str:
    name = " ".join(feed.title.split())[:_LONGEST_NAME].strip()
    told = {"id": new, "name": name, "kind": "feed", "url": feed.url}
    return "\n[[source]]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in told.items() if value)


def _quoted(words: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's, but for the one control character that JSON lets through."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")
