"""Commands about sources: how they fare, which registries are named, OPML in and out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from msdigest.app import read_settings
from msdigest.cli import shown
from msdigest.cli.context import config_path, opened
from msdigest.config import growing
from msdigest.errors import ConfigurationError, RefusedError
from msdigest.markup.opml import read_opml
from msdigest.model.followed import feed_of
from msdigest.render import exports
from msdigest.steps import watching
from msdigest.store import sources as source_store

if TYPE_CHECKING:
    from msdigest.app import App
    from msdigest.config.growing import Grown
    from msdigest.model.registry import Registry
    from msdigest.steps.watching import Watched

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
# What a list of 5,000 feeds takes is a tenth of this.
_LARGEST_FILE = 10_000_000
sources_cli = typer.Typer(invoke_without_command=True, rich_markup_mode=None, epilog="Example: msdigest sources --json")


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.add_typer(sources_cli, name="sources")
    sources_cli.callback()(sources)
    sources_cli.command("import", epilog="Example: msdigest sources import feeds.opml")(import_file)
    sources_cli.command("export", epilog="Example: msdigest sources export feeds.opml")(export)


def sources(
    context: typer.Context,
    registries: Annotated[
        bool, typer.Option("--registries", help="List the registries of people with MS that are named instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how each source fares, and why.

    Its last success, its last new entry, its next visit; what is held for an editor; what failed or fell silent, and
    what to do. Times are UTC. Without a command that follows, the list is shown.
    """
    if context.invoked_subcommand is not None:
        return
    with opened(context) as app:
        if registries:
            _print_registries(app.settings.registries, as_json=as_json)
            return
        with app.database.reading() as connection:
            watched = watching.watch(connection, app.settings.sources, now=app.clock.now())
    if as_json:
        shown.print_json({"sources": [_document(each) for each in watched]})
        return
    columns = ("source", "?kind", "status", "last success", "?last new", "?rhythm", "?next visit", "~remarks")
    rows = [
        (
            each.source.id, each.source.kind, "silent" if each.health.silent else each.health.status,
            shown.moment(each.health.last_success), shown.moment(each.health.last_new), each.health.rhythm,
            shown.moment(each.health.next_check), _remark(each),
        )
        for each in watched
    ]  # fmt: skip
    shown.print_table(columns, rows, empty="There are no sources yet: add them to config/sources.toml.")


def _remark(watched: Watched) -> str:
    health = watched.health
    return health.sentence if health.attention or health.status in {"disabled", "new"} else ""


def _document(watched: Watched) -> dict[str, Any]:
    source, health = watched.source, watched.health
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "url": source.url,
        "status": health.status,
        "last_success": health.last_success,
        "last_new": health.last_new,
        "next_check": health.next_check,
        "error": health.error,
        "sentence": health.sentence,
        "attention": health.attention,
        "failures": health.failures,
        "silent": health.silent,
        "rhythm": health.rhythm,
        "moved_to": health.moved_to,
        "held": [
            {"key": each.key, "title": each.title, "reason": each.reason, "since": each.since} for each in watched.held
        ],
        "note": source.note,
    }


def _print_registries(registries: tuple[Registry, ...], *, as_json: bool) -> None:
    if as_json:
        shown.print_json({"registries": registries})
        return
    columns = ("registry", "~name", "~owner", "region", "status", "~of whom")
    rows = [(each.id, each.name, each.owner, each.region, each.status, each.scope) for each in registries]
    shown.print_table(columns, rows, empty="No registry is named in config/sources.toml.")


# ----------------------------------------------------------------------------------------------------------- OPML


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="OPML; - reads standard input.")],
    as_json: Json = False,
) -> None:
    """Add the feeds of an OPML file to config/sources.toml.

    They are put at its end, as sources of kind feed; everything else in the file stays as it is. Feeds that are there
    already, also disabled ones, are left out.
    """
    body = _body(file)
    with opened(context) as app:
        feeds = app.sandbox.run(read_opml, body, str(file))
        with app.database.reading() as connection:
            taken = set(source_store.states(connection))
        found = growing.grown(feeds, sources=app.settings.sources, taken=taken)
        _append(context, app, found.tables)
    _print_grown(found, as_json=as_json)
    if found.refused:
        message = f"{len(found.refused)} of {shown.counted(len(feeds), 'feed')} were refused"
        raise RefusedError(message)


def _body(file: Path) -> bytes:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened_file:
            body = opened_file.read(_LARGEST_FILE + 1)
    except OSError as error:
        message = f"{file}: cannot be read ({error.strerror})"
        raise RefusedError(message) from None
    if len(body) > _LARGEST_FILE:
        message = f"{file}: is larger than {_LARGEST_FILE:,} bytes"
        raise RefusedError(message)
    return body


def _append(context: typer.Context, app: App, tables: str) -> None:
    """Put ``tables`` at the end of the file of sources; take them away again if it could not be read then."""
    if not tables:
        return
    path = app.settings.config_dir / "sources.toml"
    before = path.read_bytes()
    line_end = "\r\n" if b"\r\n" in before else "\n"
    begun = "" if before.endswith(b"\n") or not before else line_end
    with path.open("ab") as written:
        written.write((begun + tables.replace("\n", line_end)).encode())
    try:
        read_settings(config_path(context))
    except ConfigurationError:
        path.write_bytes(before)
        raise


def _print_grown(found: Grown, *, as_json: bool) -> None:
    if as_json:
        told = {name: [{"id": id_, "url": url} for id_, url in getattr(found, name)] for name in ("added", "there")}
        refused = [{"title": title, "reason": reason} for title, reason in found.refused]
        shown.print_json({**told, "refused": refused})
        return
    rows = [
        *(("added", id_, url) for id_, url in found.added),
        *(("there already", id_, url) for id_, url in found.there),
        *(("refused", title, reason) for title, reason in found.refused),
    ]
    shown.print_table(("", "~source", "~address"), rows)
    shown.out().print(
        f"\n{shown.counted(len(found.added), 'source')} added to config/sources.toml, {len(found.there)} there already."
    )
    if found.added:
        shown.out().print("Next: `msdigest check`, then `msdigest collect --source ID`.")


def export(
    context: typer.Context,
    file: Annotated[
        Optional[Path], typer.Argument(metavar="FILE", show_default=False, help="Left out: standard output.")
    ] = None,
) -> None:
    """Write the sources that any feed reader can follow as OPML 2.0."""
    with opened(context) as app:
        title, asked = app.settings.site_title, app.enabled_sources()
    followed = [replace(source, kind="feed", url=feed) for source in asked if (feed := feed_of(source))]
    document = exports.opml(title, followed)
    if file is None:
        sys.stdout.write(document.decode())
        return
    file.write_bytes(document)
    shown.out().print(f"{shown.counted(len(followed), 'source')} written: {file}")
