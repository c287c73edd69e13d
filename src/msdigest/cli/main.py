"""The operators' door: ``msdigest``. Exit status 0 done, 1 failed (one sentence says why), 2 wrong words."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Optional

import typer

from msdigest.cli import content, issues, people, service, site
from msdigest.cli.shown import notes, start_logging
from msdigest.errors import ConfigurationError, MsdigestError

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Collects what is new in multiple-sclerosis research and publishes it as feeds and e-mail digests.",
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
    start_logging(logging.INFO if verbose else logging.WARNING)


for _part in (site, content, issues, people, service):
    _part.register(cli)


def main() -> None:
    """Run one command and end the process with its status."""
    try:
        cli(standalone_mode=True)
    except ConfigurationError as error:
        console = notes()
        for fault in error.faults:
            console.print(str(fault))
        console.print(f"{len(error.faults)} fault(s) in the configuration")
        sys.exit(2)
    except MsdigestError as error:
        notes().print(f"msdigest: {error}")
        sys.exit(1)
    except BrokenPipeError:
        # The reader (head, less) went away: there is nobody left to tell.
        sys.stderr.close()
        sys.exit(1)
