"""Makes entries of a data set's rows: what the operator did not describe is told by the columns' names and values."""

from __future__ import annotations

import re
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msdigest.collect.dataset.described import COLUMN
from msdigest.collect.dataset.rows import at, label, leaves, told
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.markup.links import absolute, canonical_link
from msdigest.markup.text import plain_title
from msdigest.model.dates import read_date
from msdigest.model.entry import Entry, Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from msdigest.collect.dataset.described import Columns
    from msdigest.model.source import Source

FIRST = frozenset(
    {
        "date", "issued", "date issued", "first published", "first published date", "published", "published at",
        "published date", "date published", "publication date", "pub date", "posted", "created", "created at",
    }
)  # fmt: skip
LAST = frozenset(
    {
        "updated", "updated at", "last updated", "last updated date", "last update", "update date", "date updated",
        "modified", "last modified", "date modified", "revision date", "effective time", "effective date",
    }
)  # fmt: skip
_LONGEST_KEY = 300
_LONGEST_TITLE = 200
_LONGEST_LINE = 300
_LONGEST_DATE = 40
_MOST_LINES = 12
_LONGEST_FACT = 5_000
_TITLES = (re.compile(r"\b(?:title|headline)\b"), re.compile(r"\b(?:name|medicine|product|subject)\b"))
_NO_TITLE = re.compile(r"\b(?:number|code|id|type|status|form|date|count|url|link)\b")
_LINK = re.compile(r"\b(?:url|uri|link|href)\b")
_A_NAME = re.compile(r"\bnames?\b")
_IDS = frozenset({"id", "guid", "uuid", "uid", "identifier"})
# Product numbers, hashes and the like: digits and no blank. They say nothing to readers, and versions change them.
_CODE = re.compile(r"\S*\d\S*")
_SILENT = frozenset({"no", "none", "null", "n/a", "-"})


class Row:
    """A row, whose columns are read as text when they are asked for: a filter takes few of 20,000 rows."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        """Take the row as its document has it."""
        self.leaves = leaves(columns)
        self._columns = columns
        self._texts: dict[str, str] = {}

    def text(self, column: str) -> str:
        """Return what a column says, by its dotted path; empty if nothing."""
        if column not in self._texts:
            self._texts[column] = told(at(self._columns, column)) if column else ""
        return self._texts[column]

    def named(self, names: frozenset[str]) -> str:
        """Return the row's own column that is called by one of ``names`` and says something; empty if none is."""
        return next((name for name in self.leaves if "." not in name and label(name) in names and self.text(name)), "")

    def filled(self, template: str) -> str:
        """Return a template with its columns' texts."""
        return COLUMN.sub(lambda place: self.text(place[1]), template)


def title_of(row: Row, columns: Columns) -> str:
    """Return the title that is described, else the text of a column that is named like one, else of the first."""
    described = plain_title(row.filled(columns.title)).strip(" -–—:;,|")
    return described or next((plain_title(text) for text in _titles(row, columns) if _fits(text)), "")


def _titles(row: Row, columns: Columns) -> Iterator[str]:
    labels = {name: label(name) for name in row.leaves}
    for words in _TITLES:
        for name, called in labels.items():
            if words.search(called) and not _NO_TITLE.search(called):
                yield row.text(name)
    for name in (*columns.key, *row.leaves):
        yield row.text(name)


def _fits(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_TITLE and not _is_web(text)


def words_of(row: Row, columns: Columns, title: str) -> str:
    """Return the text in which the filter is looked for, without making HTML of 20,000 rows."""
    if columns.match:
        return "\n".join(row.text(column) for column in columns.match)
    said = row.filled(columns.summary) if columns.summary else "\n".join(_lines(row, columns, title))
    return f"{title}\n{said}"


def key_of(row: Row, columns: Columns, *, title: str, link: str) -> str:
    """Return what the row is recognised by; empty if there is nothing."""
    if columns.key:
        parts = [row.text(column) for column in columns.key]
        return _short("|".join(parts)) if any(parts) else ""
    first = row.text(columns.date or row.named(FIRST))
    return _short(row.text(row.named(_IDS)) or canonical_link(link) or (f"{title}|{first}" if title else ""))


def link_of(row: Row, columns: Columns) -> str:
    """Return the row's own address: described, else of a column that is named like one; empty if there is none."""
    if columns.link:
        return absolute(COLUMN.sub(lambda place: _in_address(place, row), columns.link), "")
    named = (row.text(name) for name in row.leaves if _LINK.search(label(name)))
    return absolute(next(filter(_is_web, named), ""), "")


def entry_of(row: Row, columns: Columns, *, key: str, title: str, link: str, source: Source) -> Entry:
    """Make the entry of a row, without its dates."""
    said = _with_values(row, columns.summary) if columns.summary else _listed(_lines(row, columns, title))
    # What the filter found stands in the text, so that readers see why the entry is here.
    around = f"{escape(title)}\n{said}"
    matched = (column for column in columns.match if (text := row.text(column)) and escape(text) not in around)
    html = clean(said + _listed(_line(row, column) for column in dict.fromkeys(matched)), base_url=link)
    return Entry(
        key=key,
        source=source.id,
        kind=source.entry_kind or "note",
        title=title,
        url=link,
        html=html,
        text=plain(html),
        audience=source.audience,
        evidence=source.evidence,
        facts=tuple(_facts(row, columns)),
    )


def _lines(row: Row, columns: Columns, title: str) -> list[str]:
    """Say a row in a few lines: its short columns, without codes, addresses, dates and what is watched."""
    left_out = {columns.date, columns.updated, row.named(FIRST), row.named(LAST), *columns.watch}
    said = (
        _line(row, name)
        for name in row.leaves
        if not {name, name.partition(".")[0]} & left_out and _says_something(row, name) and row.text(name) != title
    )
    return [line for line, _ in zip(said, range(_MOST_LINES), strict=False)]


def _says_something(row: Row, name: str) -> bool:
    raw = row.leaves[name]
    if isinstance(raw, str) and len(raw) > 3 * _LONGEST_LINE:  # with its markup; that need not be read
        return False
    text = row.text(name)
    short = 0 < len(text) <= _LONGEST_LINE and text.lower() not in _SILENT
    return short and not _is_code(text) and not _is_web(text) and not _is_day(text)


def _line(row: Row, column: str) -> str:
    """Say a column in a line; a name speaks for itself, and "generic name" is no mention of generics."""
    called = label(column)
    return row.text(column) if _A_NAME.search(called) else f"{called}: {row.text(column)}"


def _listed(lines: Iterable[str]) -> str:
    shown = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{shown}</ul>" if shown else ""


def _with_values(row: Row, template: str) -> str:
    return COLUMN.sub(lambda place: escape(row.text(place[1])), template)


def _in_address(place: re.Match[str], row: Row) -> str:
    """Return a column's text as a part of an address, or the whole one where the address begins with it."""
    text = row.text(place[1])
    return text if place.start() == 0 else quote(text, safe="")


def _facts(row: Row, columns: Columns) -> Iterator[Fact]:
    for column in columns.watch:
        if text := row.text(column):
            kind = columns.change.get(column, "label")
            yield Fact(name=column, value=_bounded(text), label=label(column), change=kind)


def _bounded(text: str) -> str:
    """Cut a very long text; what lies behind the cut still tells versions apart."""
    if len(text) <= _LONGEST_FACT:
        return text
    return f"{text[:_LONGEST_FACT]}… [{len(text)} characters, {sha256(text.encode()).hexdigest()[:8]}]"


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()


def _is_code(text: str) -> bool:
    return all(_CODE.fullmatch(part) for part in text.split("; "))


def _is_web(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _is_day(text: str) -> bool:
    return len(text) <= _LONGEST_DATE and any(sign.isdigit() for sign in text) and read_date(text) is not None
