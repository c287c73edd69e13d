"""What commands print: tables for people, one JSON document for scripts, progress on standard error."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_PLAIN_WIDTH = 160


def out() -> Console:
    """Return the console for results; not on a terminal it neither colours nor wraps."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False, markup=False)


def notes() -> Console:
    """Return the console for notes and progress: standard error."""
    return Console(stderr=True, soft_wrap=not sys.stderr.isatty(), highlight=False, markup=False)


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


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table; columns that begin with ``#`` are numbers and stand to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        number = column.startswith("#")
        table.add_column(column.removeprefix("#"), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = out()
    console.print(table, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far long work is: a bar on a terminal, a plain line for each step elsewhere."""
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)
            yield lambda step: bar.update(task, advance=step)
        return
    done, console = 0, notes()

    def advance(step: int) -> None:
        nonlocal done
        done += step
        console.print(f"{what}: {done}" + (f" of {total}" if total else ""))

    yield advance


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
