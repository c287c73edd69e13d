"""What the operator wrote about a data set: its addresses, and what its columns mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import quote, urljoin

from msdigest.errors import CollectError
from msdigest.model.entry import ChangeKind
from msdigest.model.source import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.source import Source


def change_faults(table: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the table ``change`` of a source's settings; empty = nothing is. Pure."""
    known = get_args(ChangeKind)
    return [
        f"{column} = {kind!r} is no kind of change: {', '.join(known)} are"
        for column, kind in table.items()
        if kind not in known
    ]


OPTIONS = {
    "rows": Option("text", "dotted path to the list of rows; left out: the document itself, or data, results …"),
    "key": Option("texts", "columns by which a row is recognised; left out: its id, else its link, else title and day"),
    "watch": Option("texts", "columns whose changes are told, each as a change of its own"),
    "change": Option(
        "table",
        'kind of change a watched column makes, e.g. { state = "status" }; left out: label',
        check=change_faults,
    ),
    "match": Option("texts", "columns in which `filter` is looked for; left out: title and text"),
    "title": Option("text", "title of an entry, e.g. {name}: {type}; left out: the column that looks like a title"),
    "link": Option("text", "address of an entry, e.g. {page_url}; left out: the column that looks like an address"),
    "summary": Option("text", "text of an entry, e.g. <p>{reason}</p>; left out: the short columns, a line each"),
    "date": Option("text", "column of the date of first publication; left out: the one that looks like it"),
    "updated": Option("text", "column of the date of the last change; left out: the one that looks like it"),
    "date_format": Option("text", "how dates are written, e.g. %m/%d/%Y; left out: any form but the American one"),
    "for_each": Option("topics", "one address for each of these medicines: {name} in the address becomes its name"),
    "url_template": Option("text", "address with {name}, seen from `url`; left out: `url` itself"),
    "disclaimer": Option("text", "dotted path to a sentence of the publisher that is shown with every entry"),
    "complete": Option("flag", "true: the data set always has all rows, so one that vanished is gone"),
}
# A column in a template.
COLUMN = re.compile(r"\{([^{}]+)\}")
_NAME = re.compile(r"\{(?:name|inn)\}")
_UNSAFE = re.compile(r'[\s"<>`]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The options of a data set, each with its default; see ``OPTIONS``."""

    rows: str | None = None
    key: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    change: Mapping[str, ChangeKind]
    match: tuple[str, ...] = ()
    title: str = ""
    link: str = ""
    summary: str = ""
    date: str | None = None
    updated: str | None = None
    date_format: str | None = None
    disclaimer: str | None = None

    def named(self) -> tuple[str, ...]:
        """Return every column that the options name."""
        templates = COLUMN.findall(f"{self.title} {self.link} {self.summary}")
        return (*self.key, *self.watch, *self.match, *templates, *filter(None, (self.date, self.updated)))


def columns_of(source: Source) -> Columns:
    """Return what the source's options say of its columns; raises CollectError for a ``change`` that cannot be."""
    told = {name: source.options[name] for name in Columns.__dataclass_fields__ if name in source.options}
    columns = Columns(**{"change": {}, **told})
    if faults := change_faults(columns.change):
        message = f"source {source.id}: change.{faults[0]}"
        raise CollectError(message)
    for column in columns.change:
        if column not in columns.watch:
            message = f"source {source.id}: change.{column} has no effect, because {column!r} is not in `watch`"
            raise CollectError(message)
    return columns


def addresses_of(source: Source) -> tuple[str, ...]:
    """Return the addresses to ask: one, or with ``for_each`` one for each name; raises CollectError."""
    template = urljoin(source.url, str(source.options.get("url_template", "")))
    names = source.options.get("for_each")
    if names is not None and not (names and _NAME.search(template)):
        message = f"source {source.id}: `for_each` needs {{name}} in `url_template` or `url`"
        raise CollectError(message)
    if names is None and _NAME.search(template):
        message = f"source {source.id}: {{name}} in the address needs `for_each`, e.g. topics.dmt"
        raise CollectError(message)
    safe = _UNSAFE.sub(lambda sign: quote(sign[0]), template)
    return tuple(dict.fromkeys(_NAME.sub(quote(name, safe=""), safe) for name in names or ("",)))
