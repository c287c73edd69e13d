"""Commands about what is collected and published: collect, sources, entries, entry, publish."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.errors import RefusedError, UnreachableError
from msdigest.markup.text import without_controls
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msdigest.app import App
    from msdigest.model.entry import Entry
    from msdigest.steps.collecting.reports import SourceReport

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
# So many letters of an id are enough if no other begins with them.
_BEGINNING = 6
entry_cli = typer.Typer(no_args_is_help=True, help="Look at one entry.", rich_markup_mode=None)


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("collect", epilog="Example: msdigest collect --source ms-blog")(collect)
    cli.command("sources", epilog="Example: msdigest sources --json")(sources)
    cli.command("entries", epilog="Example: msdigest entries --topic ocrelizumab --since 2026-11-01")(entries)
    cli.command("publish", epilog="Example: msdigest publish")(publish)
    cli.add_typer(entry_cli, name="entry")
    entry_cli.command("show", epilog="Example: msdigest entry show f0a0198c-8e71-4875-8ebf-bd4911d84354")(entry_show)


def collect(
    context: typer.Context,
    source: Annotated[
        Optional[list[str]],
        typer.Option("--source", metavar="ID", help="Only this source; may be repeated."),
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only sources whose next visit is due.")] = False,
    as_json: Json = False,
) -> None:
    """Visit the sources once and keep what is new."""
    with opened(context) as app:
        chosen = app.enabled_sources()
        known = {each.id: each for each in app.settings.sources}
        if source:
            if unknown := [each for each in source if each not in known]:
                raise _no_source(unknown[0], known)
            chosen = [known[each] for each in dict.fromkeys(source)]
        with shown.progress("sources", len(chosen)) as advance:
            reports = app.collect(chosen, due_only=due, progress=lambda _: advance(1))
    _print_reports(reports, as_json=as_json)
    if reports and all(report.failed for report in reports):
        if len(reports) > 1 and all((each.error or "").startswith(UnreachableError.NO_CONNECTION) for each in reports):
            message = "no source could be reached: is this machine on the internet?"
            raise RefusedError(message)
        first = reports[0]
        others = f" (and {len(reports) - 1} more)" if len(reports) > 1 else ""
        message = f"every source failed: {first.id}: {first.error}{others}"
        raise RefusedError(message)


def _no_source(source: str, known: Iterable[str]) -> RefusedError:
    return RefusedError(f"there is no source {source!r} in config/sources.toml; known: {', '.join(known) or 'none'}")


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


def sources(context: typer.Context, as_json: Json = False) -> None:
    """Show how each source fares.

    Its last success, its last new entry, its next visit, and the fault if there was one. Times are UTC.
    """
    with opened(context) as app, app.database.reading() as connection:
        states = source_store.states(connection)
        rows: list[dict[str, Any]] = []
        for source in app.settings.sources:
            state = states.get(source.id)
            status = (state.status if state else "new") if source.enabled else "disabled"
            rows.append(
                {
                    "id": source.id,
                    "kind": source.kind,
                    "url": source.url,
                    "status": status,
                    "last_success": state.last_success if state else None,
                    "last_new": state.last_new if state else None,
                    "next_check": state.next_check if state and source.enabled else None,
                    "error": state.error if state else None,
                }
            )
    if as_json:
        shown.print_json({"sources": rows})
        return
    columns = ("source", "?kind", "status", "last success", "?last new", "?next visit", "~fault")
    table = [
        (
            row["id"], row["kind"], row["status"], shown.moment(row["last_success"]), shown.moment(row["last_new"]),
            shown.moment(row["next_check"]), row["error"],
        )
        for row in rows
    ]  # fmt: skip
    shown.print_table(columns, table, empty="There are no sources yet: add them to config/sources.toml.")


def entries(
    context: typer.Context,
    since: Annotated[Optional[str], typer.Option(metavar="DATE", help="First seen on that day or later (UTC).")] = None,
    topic: Annotated[Optional[str], typer.Option(metavar="ID", help="Only this topic.")] = None,
    source: Annotated[Optional[str], typer.Option(metavar="ID", help="Only what this source showed.")] = None,
    as_json: Json = False,
) -> None:
    """List what was collected, newest first."""
    with opened(context) as app:
        if topic is not None and app.settings.vocabulary.resolve(topic) is None:
            near = app.settings.vocabulary.nearest(topic)
            message = f"there is no topic {topic!r} in config/topics.toml" + (f": did you mean {near}?" if near else "")
            raise RefusedError(message)
        wanted = None if topic is None else app.settings.vocabulary.resolve(topic)
        with app.database.reading() as connection:
            found = entry_store.newest(connection, since=_day(since), topic=wanted, source=source)
            # A source that was taken out of the file is still known by its entries.
            known = {each.id for each in app.settings.sources} | set(source_store.states(connection))
        if source is not None and source not in known:
            raise _no_source(source, sorted(known))
    if as_json:
        shown.print_json({"entries": [entry_document(entry) for entry in found]})
        return
    columns = ("=id", "date", "kind", "source", "~title", "?topics")
    rows = [
        (entry.id, _date(entry), entry.kind, entry.source, entry.title, ", ".join(entry.topics[:3])) for entry in found
    ]
    shown.print_table(columns, rows, empty="No such entries.")


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        message = f"--since {text!r} is no date such as 2026-11-01"
        raise typer.BadParameter(message) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _date(entry: Entry) -> str:
    if entry.published is None:
        return f"seen {entry.first_seen:%Y-%m-%d}"
    form = {"year": "%Y", "month": "%Y-%m"}.get(entry.precision or "day", "%Y-%m-%d")
    return entry.published.strftime(form)


def entry_document(entry: Entry) -> dict[str, Any]:
    """Return an entry as the JSON of listings."""
    return {
        "id": entry.id,
        "source": entry.source,
        "kind": entry.kind,
        "title": entry.title,
        "url": entry.url,
        "authors": entry.authors,
        "published": entry.published,
        "precision": entry.precision,
        "section": entry.section,
        "topics": entry.topics,
        "identifiers": [{"scheme": each.scheme, "value": each.value} for each in entry.identifiers],
        "coi": entry.coi,
        "disclaimer": entry.disclaimer,
        "evidence": entry.evidence,
        "revision": entry.revision,
        "first_seen": entry.first_seen,
        "updated": entry.updated,
        "categories": entry.categories,
        "enclosures": entry.enclosures,
    }


def _entry(app: App, wanted: str) -> Entry:
    """Return the entry of that id, or the only one whose id begins so."""
    with app.database.reading() as connection:
        ids = entry_store.ids_beginning(connection, wanted.lower()) if len(wanted) >= _BEGINNING else []
        entry = entry_store.get(connection, ids[0]) if len(ids) == 1 else None
    if len(ids) > 1:
        message = f"the ids of several entries begin with {wanted}: write more of the one that is meant"
        raise RefusedError(message)
    if entry is None:
        message = f"there is no entry {wanted}: `msdigest entries` lists them"
        raise RefusedError(message)
    return entry


def entry_show(
    context: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ID", show_default=False, help="Its id, or the beginning.")],
    as_json: Json = False,
) -> None:
    """Show one entry with its provenance and revisions."""
    with opened(context) as app, app.database.reading() as connection:
        entry = _entry(app, entry_id)
        revisions = entry_store.revisions_of(connection, entry.id)
        places = entry_store.places_of(connection, entry.id)
    if as_json:
        document = entry_document(entry) | {
            "text": entry.text,
            "places": places,
            "revisions": [
                {
                    "number": each.number,
                    "seen": each.seen,
                    "change": each.change,
                    "material": each.material,
                    "text": each.entry.text,
                }
                for each in revisions
            ],
        }
        shown.print_json(document)
        return
    _print_entry(entry)
    shown.out().print()
    shown.print_table(
        ("seen at", "since", "until", "~address"),
        [(each.source, shown.moment(each.first_seen), shown.moment(each.gone_at), each.url) for each in places],
    )
    shown.out().print()
    rows = [(each.number, shown.moment(each.seen), each.change, "yes" if each.material else "no") for each in revisions]
    shown.print_table(("#revision", "seen", "change", "material"), rows)


def _print_entry(entry: Entry) -> None:
    facts = [
        ("title", entry.title),
        ("url", entry.url),
        ("id", entry.id),
        ("source", entry.source),
        ("kind", entry.kind),
        ("authors", ", ".join(entry.authors)),
        ("date", _date(entry)),
        ("first seen", shown.moment(entry.first_seen)),
        ("updated", shown.moment(entry.updated) if entry.updated else None),
        ("section", " › ".join(entry.section)),
        ("topics", ", ".join(entry.topics)),
        ("identifiers", ", ".join(f"{each.scheme} {each.value}" for each in entry.identifiers)),
        ("evidence", entry.evidence),
        ("coi", entry.coi),
        ("disclaimer", entry.disclaimer),
        ("categories", ", ".join(entry.categories)),
        ("enclosures", ", ".join(each.url for each in entry.enclosures)),
        ("revision", entry.revision),
    ]
    shown.print_table(("", "~"), [fact for fact in facts if fact[1]])
    shown.out().print()
    shown.out().print(without_controls(entry.text))


def publish(context: typer.Context) -> None:
    """Write feeds and pages into <data_dir>/public."""
    with opened(context) as app:
        done = app.publish()
        where = app.settings.public
    shown.out().print(
        f"{shown.counted(done.feeds, 'feed')} in three forms, and pages: {done.written} files written, "
        f"{done.unchanged} unchanged, {done.removed} removed: {where}"
    )
