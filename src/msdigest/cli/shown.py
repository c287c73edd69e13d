"""What commands print: tables for people, one JSON document for scripts, progress on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from msdigest.markup.text import without_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_GAP = 2
# A column of text that has less room than this is not worth looking at.
_LEAST_TEXT = 16
# So much of an id stands in a table on a terminal; commands understand it.
_SHORT_ID = 8
_LINE_EVERY = 1.0  # seconds
_MARKS = "#~=?"


def out() -> Console:
    """Return the console for results; not on a terminal it neither colours nor wraps."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False, markup=False, emoji=False)


def notes() -> Console:
    """Return the console for notes and progress: standard error."""
    return Console(stderr=True, soft_wrap=not sys.stderr.isatty(), highlight=False, markup=False, emoji=False)


def counted(number: int, one: str, more: str = "") -> str:
    """Return ``3 sources`` or ``1 source``."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document, and nothing else, on standard output; times are RFC 3339 UTC."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    message = f"{type(value).__name__} has no place in JSON"
    raise TypeError(message)


def moment(value: datetime | None) -> str:
    """Return an instant for a table, in UTC, to the minute; a dash for none."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "–"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "") -> None:
    """Print a table, or the sentence ``empty`` if it has no rows.

    What a column's name begins with tells how it is shown: ``#`` a number, to the right; ``~`` text that may be
    wrapped; ``=`` an opaque id, of which a terminal shows the beginning; ``?`` what is left out, the first such column
    first, where the terminal is too narrow. All others stay whole: where there is no room even so, every row becomes
    a block of lines. Not on a terminal nothing is left out, and a row is always one line.
    """
    cells = [["" if cell is None else _clean(cell) for cell in row] for row in rows]
    if empty and not cells:
        out().print(empty)
    elif sys.stdout.isatty():
        _print_fitting(out(), columns, cells)
    else:
        names = _names(columns)
        _print_lines(columns, [names, *cells] if any(names) else cells, _widths(columns, cells))


def _print_fitting(console: Console, columns: Sequence[str], whole: Sequence[Sequence[str]]) -> None:
    rows = [
        [cell[:_SHORT_ID] if column.startswith("=") else cell for column, cell in zip(columns, row, strict=True)]
        for row in whole
    ]
    least = [
        min(width, _LEAST_TEXT) if column.startswith("~") else width
        for column, width in zip(columns, _widths(columns, rows), strict=True)
    ]
    kept = list(range(len(columns)))
    spare = [place for place in kept if columns[place].startswith("?")]
    while sum(least[place] + _GAP for place in kept) - _GAP > console.width:
        if not spare:
            _print_blocks(console, _names(columns), whole)
            return
        kept.remove(spare.pop(0))
    console.print(_table([columns[place] for place in kept], [[row[place] for place in kept] for row in rows]))


def _names(columns: Sequence[str]) -> list[str]:
    return [column.lstrip(_MARKS) for column in columns]


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(_names(columns), *rows, strict=True)]


def _clean(cell: object) -> str:
    # What a source wrote must neither move the cursor nor break a line of the table.
    return " ".join(without_controls(str(cell)).split())


def _print_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    for row in rows:
        parts = []
        for column, cell, width in zip(columns, row, widths, strict=True):
            room = " " * (width - cell_len(cell))
            parts.append(room + cell if column.startswith("#") else cell + room)
        sys.stdout.write((" " * _GAP).join(parts).rstrip() + "\n")


def _print_blocks(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows):
        if number:
            console.print()
        for name, cell in zip(names, row, strict=True):
            if cell:
                console.print(f"{name}: {cell}" if name else cell, soft_wrap=False, overflow="fold")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, _GAP, 0, 0),
        header_style="bold",
        show_header=any(_names(columns)),
    )
    for column in columns:
        table.add_column(
            column.lstrip(_MARKS),
            justify="right" if column.startswith("#") else "left",
            overflow="fold",
            no_wrap=not column.startswith("~"),
        )
    for row in rows:
        table.add_row(*row)
    return table


class Advance(Protocol):
    """Tells that work has gone on."""

    def __call__(self, step: int, note: str = "") -> None:
        """Count ``step`` more; ``note``: a few words on what came of it so far."""
        ...


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show how far long work is: a bar on a terminal; elsewhere a plain line a second, and one at the end."""
    if sys.stderr.isatty():
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total, note="")
            yield lambda step, note="": bar.update(task, advance=step, note=note)
        return
    lines = _Lines(what, total)
    try:
        yield lines.advance
    finally:
        lines.tell()


class _Lines:
    """Progress where there is no terminal."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._of = f" of {total}" if total else ""
        self._done = self._told = 0
        self._note = ""
        self._next = time.monotonic() + _LINE_EVERY

    def advance(self, step: int, note: str = "") -> None:
        self._done += step
        self._note = f", {note}" if note else ""
        if time.monotonic() >= self._next:
            self.tell()

    def tell(self) -> None:
        if self._done > self._told:
            notes().print(f"{self._what}: {self._done}{self._of}{self._note}")
        self._told = self._done
        self._next = time.monotonic() + _LINE_EVERY


class _KeyValue(logging.Formatter):
    """``2026-11-20T07:00:00Z info msdigest.steps.collecting collected source=ms-blog new=3``."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = f"{when} {record.levelname.lower()} {record.name} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def start_logging(level: int) -> None:
    """Send log lines of ours (event, then key=value) to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_KeyValue())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("msdigest").setLevel(level)
    # It warns whenever a bell rings while the task before is still running; that is how tasks take turns.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
