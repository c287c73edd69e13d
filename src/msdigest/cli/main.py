"""The operators' door: ``msdigest``. Exit status 0 done, 1 failed (one sentence says why), 2 wrong words."""

from __future__ import annotations

import ctypes
import logging
import sys
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Optional

import typer

from msdigest.cli import bounces, content, doctor, doubting, entries, issues, people, service, site, sources
from msdigest.cli.shown import counted, notes, start_logging
from msdigest.errors import ConfigurationError, MsdigestError

log = logging.getLogger(__name__)

# M_ARENA_MAX in glibc's malloc.h.
_ARENA_MAX = -8
_STAYING = ("preview", "serve", "run")
cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Collects what is new in multiple-sclerosis research and publishes it as feeds and e-mail digests.",
    epilog="Example: msdigest demo    (the main job in one minute, offline)",
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"msdigest {version('msdigest')}\n")
        raise typer.Exit


@cli.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Optional[Path],
        typer.Option(
            "--config", metavar="PATH", help="The main file. Default: MSDIGEST_CONFIG, else config/msdigest.toml."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens on standard error.")] = False,
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = config
    # A command prints what went wrong as its result; what stays has only its log to say so.
    quiet = logging.WARNING if context.invoked_subcommand in _STAYING else logging.ERROR
    start_logging(logging.INFO if verbose else quiet)


for _part in (site, content, sources, entries, issues, people, bounces, service, doctor, doubting):
    _part.register(cli)


def _one_arena() -> None:
    """Let all threads share one heap: glibc gives each its own, which costs a sender of four threads 13 MB."""
    libc = ctypes.CDLL(None)
    # Other C libraries have no arenas, and no such function.
    if hasattr(libc, "mallopt"):
        libc.mallopt(_ARENA_MAX, 1)


def main() -> None:
    """Run one command and end the process with its status."""
    _one_arena()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a letter is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(prog_name="msdigest")
    except ConfigurationError as error:
        console = notes()
        for fault in error.faults:
            console.print(str(fault))
        console.print(f"{counted(len(error.faults), 'fault')} in the configuration")
        sys.exit(2)
    except MsdigestError as error:
        notes().print(f"msdigest: {error}")
        sys.exit(1)
    except OSError as error:
        # A full disk, a folder that may not be written: the place says enough. A reader that went away (head,
        # less) never gets here.
        log.info("failed", exc_info=True)
        notes().print(f"msdigest: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}")
        sys.exit(1)
