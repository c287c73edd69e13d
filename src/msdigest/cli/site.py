"""Commands about a site as a whole: init, check, demo."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msdigest.app import App, read_settings
from msdigest.cli import shown
from msdigest.cli.context import config_path
from msdigest.cli.service import LOOPBACK, PREVIEW_PORT, PUBLIC_PORT, serve_preview
from msdigest.engines.clock import SystemClock
from msdigest.errors import ConfigurationError, Fault, RefusedError, TemplateError, VaultError
from msdigest.steps import founding
from msdigest.steps.composing import checking
from msdigest.vault import Vault, read_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.config.settings import Settings
    from msdigest.demo import tour


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
    if not written:
        console.print(f"Nothing written: {folder} has all files already.")
        return
    console.print(f"\n{shown.counted(len(written), 'file')} written.")
    console.print(f"Next: cd {shlex.quote(str(folder))}, edit config/msdigest.toml, then: msdigest check")
    key = folder / "config" / "vault.key"
    if key in written:
        console.print(f"Keep {key} safe, with a copy elsewhere: without it nobody's address can be read again.")


def check(context: typer.Context) -> None:
    """List every fault of configuration and templates.

    Each with its file and key, or its file and line.
    """
    settings = read_settings(config_path(context))
    with App(settings, SystemClock()) as app:
        examples = founding.placeholders(settings)
        if faults := [*_example_faults(settings, examples), *_key_faults(settings), *_template_faults(app)]:
            raise ConfigurationError(faults)
        enabled = len(app.enabled_sources())
    shown.out().print(
        f"No faults: {shown.counted(enabled, 'source')} of {len(settings.sources)} enabled, "
        f"{shown.counted(len(settings.digests), 'digest')}, all templates compile."
    )
    if examples:
        shown.out().print(
            f"Still the example's: {', '.join(examples)}. "
            "Write your own into config/msdigest.toml before real mail leaves."
        )
    if told := founding.telling_sender(settings):
        key, word = told
        shown.out().print(
            f"{key} tells {word!r} also to people who want no word of the disease outside of the mail: "
            "write a sender that does not into [mail] neutral_from."
        )


def _example_faults(settings: Settings, examples: Sequence[str]) -> list[Fault]:
    """Return a fault for each example that would stand in real mail."""
    if settings.provider == "file":
        return []
    file = _under(settings.root, str(settings.config_dir / "msdigest.toml"))
    return [Fault(file, key, "is still the example's: write your own before real mail leaves") for key in examples]


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
    for step in (*steps, partial(checking.check_templates, app.templates, app.imprint)):
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
    from msdigest.demo import tour  # noqa: PLC0415  # a small world that no other command needs

    with tour.toured(folder, SystemClock(), tell=shown.notes().print) as made:
        _print_tour(made)
        if serve and sys.stdin.isatty() and sys.stdout.isatty():
            try:
                serve_preview(made.app, PREVIEW_PORT)
            except RefusedError:  # somebody listens there already
                serve_preview(made.app, 0)


def _print_tour(made: tour.Toured) -> None:
    public = made.app.settings.public
    command = f"{_program()} --config {shlex.quote(str(made.config))}"
    rows = [
        ("collected", f"{made.entries} entries from {made.sources} sources"),
        ("issue", f"{made.issue.subject}: {len(made.issue.entries)} entries of the last week, {made.issue.state}"),
        ("messages", f"to {made.account.accepted} of {made.subscribers} people: {made.outbox}"),
        ("feeds", f"{made.feeds}, each as RSS, Atom and JSON Feed: {public / 'feeds'}"),
    ]
    console = shown.out()
    console.print()
    shown.print_table(("", "~"), rows)
    console.print(f"\nRead the issue as an editor, at http://{LOOPBACK}:{PREVIEW_PORT}/:\n  {command} preview")
    console.print(f"See the pages and the archive, at http://{LOOPBACK}:{PUBLIC_PORT}/:\n  {command} serve")
    console.print("The world is fictional: links to its blogs and to digest.example lead nowhere.")


def _program() -> str:
    """Return how this command is called from the folder one stands in."""
    if shutil.which("msdigest"):
        return "msdigest"
    called = Path(sys.argv[0])
    if called.name != "msdigest":  # python -m msdigest
        return f"{shlex.quote(_near(Path(sys.executable)))} -m msdigest"
    return shlex.quote(_near(called))


def _near(path: Path) -> str:
    """Return ``path`` from here if it lies below, else whole."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  # a link into a virtual environment must not be followed
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(whole)
