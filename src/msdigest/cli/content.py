"""Commands about what is collected and published as a whole: collect, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.errors import RefusedError, UnreachableError
from msdigest.model.typed import EDITOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from msdigest.app import App
    from msdigest.cli.shown import Advance
    from msdigest.model.source import Source
    from msdigest.steps.collecting.reports import SourceReport

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("collect", epilog="Example: msdigest collect --source ms-blog")(collect)
    cli.command("publish", epilog="Example: msdigest publish")(publish)


def collect(
    context: typer.Context,
    source: Annotated[
        Optional[list[str]],
        typer.Option("--source", metavar="ID", help="Only this source; may be repeated."),
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only sources whose next visit is due.")] = False,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Take what is held: you have looked at it. Only with --source."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Visit the sources once and keep what is new.

    What is doubtful is held: `msdigest sources` tells what and why, and --accept takes it.
    """
    if accept and not source:
        message = "look at what is held, then name its source: --source ID --accept"
        raise typer.BadParameter(message, param_hint="--accept")
    with opened(context) as app:
        chosen = _chosen(app, source or ())
        with shown.progress("sources", len(chosen)) as advance:
            reports = app.collect(
                chosen, due_only=due, by_name=bool(source), accept=accept, progress=_counting(advance)
            )
    _print_reports(reports, as_json=as_json)
    _refuse_if_all_failed(reports, nobody_asked={each.id for each in chosen if each.kind == EDITOR})


def _chosen(app: App, named: Sequence[str]) -> list[Source]:
    known = {each.id: each for each in app.settings.sources}
    if unknown := [each for each in named if each not in known]:
        raise no_source(unknown[0], known)
    return [known[each] for each in dict.fromkeys(named)] if named else app.enabled_sources()


def no_source(source: str, known: Iterable[str]) -> RefusedError:
    """Return the error that there is no such source."""
    return RefusedError(f"there is no source {source!r} in config/sources.toml; known: {', '.join(known) or 'none'}")


def _counting(advance: Advance) -> Callable[[SourceReport], None]:
    """Return what counts visited sources, and tells how many entries were new so far."""
    new = 0

    def count(report: SourceReport) -> None:
        nonlocal new
        new += report.new
        advance(1, f"{shown.counted(new, 'entry', 'entries')} new")

    return count


def _print_reports(reports: list[SourceReport], *, as_json: bool) -> None:
    if as_json:
        shown.print_json({"sources": reports})
        return
    columns = ("source", "status", "#new", "#changed", "#unchanged", "#failed", "~remarks")
    rows = [
        (
            each.id, each.status, each.new, each.changed, each.unchanged, each.failed,
            each.error or "; ".join(each.warnings),
        )
        for each in reports
    ]  # fmt: skip
    shown.print_table(columns, rows, empty="No source is due.")
    commands = [f"`msdigest collect --source {each.id} --accept`" for each in reports if each.status == "held"]
    if len(commands) == 1:
        shown.out().print(f"\nHeld: look at it; if it is right, {commands[0]} takes it.")
    elif commands:
        shown.out().print("\n".join(("\nHeld: look at each; what is right is taken by", *commands)))


def _refuse_if_all_failed(reports: Sequence[SourceReport], *, nobody_asked: Iterable[str]) -> None:
    asked = [each for each in reports if each.id not in set(nobody_asked)]
    if not asked or not all(report.failed for report in asked):
        return
    if len(asked) > 1 and all((each.error or "").startswith(UnreachableError.NO_CONNECTION) for each in asked):
        message = "no source could be reached: is this machine on the internet?"
        raise RefusedError(message)
    others = f" (and {len(asked) - 1} more)" if len(asked) > 1 else ""
    message = f"every source failed: {asked[0].id}: {asked[0].error}{others}"
    raise RefusedError(message)


def publish(context: typer.Context) -> None:
    """Write feeds and pages into <data_dir>/public."""
    with opened(context) as app:
        done = app.publish()
        where = app.settings.public
    shown.out().print(
        f"{shown.counted(done.feeds, 'feed')} in three forms, and pages: {done.written} files written, "
        f"{done.unchanged} unchanged, {done.removed} removed: {where}"
    )
