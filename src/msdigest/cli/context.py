"""What every command needs: the configuration that was named, and one open site."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msdigest.app import App, read_settings
from msdigest.engines.clock import SystemClock
from msdigest.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

DEFAULT_CONFIG = Path("config/msdigest.toml")


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
