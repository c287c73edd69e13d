"""What every command needs: the configuration that was named, and one open site."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from msdigest.app import App, read_settings
from msdigest.engines.clock import SystemClock
from msdigest.errors import ConfigurationError, Fault, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_CONFIG = Path("config/msdigest.toml")
# A text is no longer, in bytes.
_LARGEST_FILE = 1_000_000


def config_path(context: typer.Context) -> Path:
    """Return the path of ``msdigest.toml``: ``--config``, else MSDIGEST_CONFIG, else the usual place.

    Raises ConfigurationError if it is no file: the files beside it are then not the ones that were meant either.
    """
    named = context.obj or os.environ.get("MSDIGEST_CONFIG")
    path = Path(named) if named else DEFAULT_CONFIG
    if not path.is_file():
        here = "" if named else f" in {Path.cwd()}"
        message = (
            "is a folder: name the file msdigest.toml in it"
            if path.is_dir()
            else f"there is no such file{here}: name one with --config, or write one with `msdigest init DIR`"
        )
        raise ConfigurationError([Fault(str(path), "", message)])
    return path


@contextmanager
def opened(context: typer.Context) -> Iterator[App]:
    """Open the site; raises ConfigurationError with every fault."""
    with App(read_settings(config_path(context)), SystemClock()) as app:
        yield app


def typed_text(text: str, file: Path | None, *, option: str) -> str:
    """Return what stands on the command line, or in a file; ``-`` is standard input.

    Raises BadParameter, naming the ``option`` of the file, for both; RefusedError for a file that cannot be read.
    """
    if file is None:
        return text
    if text:
        message = "write the text here or name a file, not both"
        raise typer.BadParameter(message, param_hint=option)
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened_file:
            return opened_file.read(_LARGEST_FILE).decode("utf-8")
    except UnicodeDecodeError:
        message = f"{file}: save it as UTF-8"
        raise RefusedError(message) from None
    except OSError as error:
        message = f"{file}: cannot be read ({error.strerror})"
        raise RefusedError(message) from None
