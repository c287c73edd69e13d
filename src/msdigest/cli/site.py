"""Commands about a site as a whole: init, check, demo."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msdigest.app import App
from msdigest.cli import shown
from msdigest.cli.context import config_path
from msdigest.cli.service import PREVIEW_PORT, serve_preview
from msdigest.config.reading import load
from msdigest.demo import tour
from msdigest.engines.clock import SystemClock
from msdigest.errors import ConfigurationError, Fault, RefusedError, TemplateError, VaultError
from msdigest.steps import composing, founding
from msdigest.vault import Vault, read_keys

if TYPE_CHECKING:
    from msdigest.config.settings import Settings


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("init", epilog="Example: msdigest init my-site")(init)
    cli.command("check", epilog="Example: msdigest --config my-site/config/msdigest.toml check")(check)
    cli.command("demo", epilog="Example: msdigest demo --dir demo --no-serve")(demo)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False, help="The site's folder.")],
) -> None:
    """Write config/ and templates/ to edit, and the vault's key.

    What is there already stays as it is.
    """
    written = founding.found(folder)
    console = shown.out()
    for path in written:
        console.print(str(path))
    main = folder / "config" / "msdigest.toml"
    if not written:
        console.print(f"Nothing written: {folder} has all files already.")
        return
    console.print(f"\n{shown.counted(len(written), 'file')} written. Edit {main}, then run:")
    console.print(f"  msdigest --config {shlex.quote(str(main))} check")
    if folder / "config" / "vault.key" in written:
        console.print("Keep config/vault.key safe: without it nobody's address can be read again.")


def check(context: typer.Context) -> None:
    """List every fault of configuration and templates.

    Each with its file and key, or its file and line.
    """
    settings = load(config_path(context))
    with App(settings, SystemClock()) as app:
        if faults := [*_key_faults(settings), *_template_faults(app)]:
            raise ConfigurationError(faults)
        enabled = len(app.enabled_sources())
    shown.out().print(
        f"No faults: {shown.counted(enabled, 'source')} of {len(settings.sources)} enabled, "
        f"{shown.counted(len(settings.digests), 'digest')}, all templates compile."
    )


def _key_faults(settings: Settings) -> list[Fault]:
    try:
        Vault(settings.keys or read_keys(settings.key_file))
    except VaultError as error:
        place = "the environment" if settings.keys else _under(settings.root, str(settings.key_file))
        return [Fault(place, "", str(error).removeprefix(f"{settings.key_file}: "))]
    return []


def _template_faults(app: App) -> list[Fault]:
    """Read every template, then compile those of the mail as issues do."""
    faults: dict[tuple[str, str], Fault] = {}
    steps = [partial(app.templates.check, name) for name in app.templates.names()]
    for step in (*steps, partial(composing.check_templates, app.templates, app.imprint)):
        try:
            step()
        except TemplateError as error:
            line = f"line {error.line}" if error.line else ""
            message = str(error).partition(": ")[2]
            faults[error.file, line] = Fault(_under(app.settings.root, error.file), line, message)
    return list(faults.values())


def _under(root: Path, file: str) -> str:
    return str(Path(file).relative_to(root)) if Path(file).is_relative_to(root) else file


def demo(
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where the site is written.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the preview afterwards (on a terminal).")
    ] = True,
) -> None:
    """Do the main job offline, on a small fictional world.

    Writes a whole site that every other command can use; a folder of an earlier demo is made anew.
    """
    with tour.toured(folder, SystemClock(), tell=shown.notes().print) as made:
        _print_tour(made)
        if serve and sys.stdin.isatty() and sys.stdout.isatty():
            try:
                serve_preview(made.app, PREVIEW_PORT)
            except RefusedError:  # somebody listens there already
                serve_preview(made.app, 0)


def _print_tour(made: tour.Toured) -> None:
    public = made.app.settings.public
    rows = [
        ("collected", f"{made.entries} entries from {made.sources} sources"),
        ("issue", f"{made.issue.subject}: {len(made.issue.entries)} entries, {made.issue.state}"),
        ("messages", f"to {made.account.accepted} of {made.subscribers} people: {made.outbox}"),
        ("feeds", f"{made.feeds}, each as RSS, Atom and JSON Feed: {public / 'feeds'}"),
        ("archive", f"{public / 'index.html'}"),
    ]
    console = shown.out()
    console.print()
    shown.print_table(("", "~"), rows)
    console.print(f"\nLook at the issue: msdigest --config {shlex.quote(str(made.config))} preview")
