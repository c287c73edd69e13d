"""Commands about a site as a whole: init, check, demo."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from msdigest.cli import shown
from msdigest.cli.context import config_path, opened
from msdigest.cli.service import PREVIEW_PORT, serve_preview
from msdigest.config.reading import load
from msdigest.demo import tour
from msdigest.engines.clock import SystemClock
from msdigest.errors import ConfigurationError, Fault, TemplateError
from msdigest.steps import composing, founding


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("init", epilog="Example: msdigest init my-site")(init)
    cli.command("check", epilog="Example: msdigest --config my-site/config/msdigest.toml check")(check)
    cli.command("demo", epilog="Example: msdigest demo --dir demo --no-serve")(demo)


def init(folder: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Write config/ and templates/ to edit, and a key for the vault; what is there stays."""
    written = founding.found(folder)
    console = shown.out()
    for path in written:
        console.print(str(path))
    main = folder / "config" / "msdigest.toml"
    console.print(
        f"\n{len(written)} files written. Edit {main}, then run `msdigest --config {main} check`. "
        "Keep config/vault.key safe: without it nobody's address can be read again."
        if written
        else f"Nothing written: {folder} has all files already."
    )


def check(context: typer.Context) -> None:
    """Check configuration, templates and sources; list every fault with file and key."""
    load(config_path(context))
    with opened(context) as app:
        try:
            composing.check_templates(app.templates, app.imprint)
        except TemplateError as error:
            fault = Fault(error.file, f"line {error.line}" if error.line else "", str(error).partition(": ")[2])
            raise ConfigurationError([fault]) from None
        sources = app.enabled_sources()
        digests = app.settings.digests
    shown.out().print(f"No faults: {len(sources)} sources enabled, {len(digests)} digests, templates compile.")


def demo(
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where the site is written.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the preview afterwards (on a terminal).")
    ] = True,
) -> None:
    """Run the main job in one minute, offline, on a small fictional world."""
    with tour.toured(folder, SystemClock(), tell=shown.notes().print) as made:
        _print_tour(made)
        if serve and sys.stdin.isatty() and sys.stdout.isatty():
            serve_preview(made.app, PREVIEW_PORT)


def _print_tour(made: tour.Toured) -> None:
    public = made.app.settings.public
    rows = [
        ("collected", f"{made.entries} entries from {made.sources} sources"),
        ("feeds", f"{made.feeds}, each as RSS, Atom and JSON Feed: {public / 'feeds'}"),
        ("issue", f"{made.issue.subject}: {len(made.issue.entries)} entries, {made.issue.state}"),
        ("messages", f"{made.account.accepted} of {made.subscribers} people: {made.outbox}"),
        ("archive", f"{public / 'index.html'}"),
    ]
    console = shown.out()
    console.print()
    shown.print_table(("made", ""), rows)
    console.print(f"\nLook at the issue: msdigest --config {made.config} preview")
