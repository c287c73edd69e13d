"""Commands about entries: list them, show one with its provenance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from msdigest.cli import adding, shown
from msdigest.cli.content import no_source
from msdigest.cli.context import opened
from msdigest.cli.documents import change_document, date_of, details_in_words, entry_document
from msdigest.errors import RefusedError
from msdigest.markup.text import without_controls
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store

if TYPE_CHECKING:
    from msdigest.app import App
    from msdigest.model.entry import Change, Entry, Revision
    from msdigest.store.entries import Place

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
# So many letters of an id are enough if no other begins with them.
_BEGINNING = 6
entry_cli = typer.Typer(no_args_is_help=True, help="Look at one entry, or type one.", rich_markup_mode=None)


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("entries", epilog="Example: msdigest entries --topic ocrelizumab --since 2026-11-01")(entries)
    cli.add_typer(entry_cli, name="entry")
    entry_cli.command("show", epilog="Example: msdigest entry show f0a0198c-8e71-4875-8ebf-bd4911d84354")(entry_show)
    adding.register(entry_cli)


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
            raise no_source(source, sorted(known))
    if as_json:
        shown.print_json({"entries": [entry_document(entry) for entry in found]})
        return
    columns = ("=id", "date", "kind", "source", "~title", "?topics")
    rows = [
        (entry.id, date_of(entry), entry.kind, entry.source, entry.title, ", ".join(entry.topics[:3]))
        for entry in found
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
    """Show one entry with its provenance, its changes and its revisions."""
    with opened(context) as app, app.database.reading() as connection:
        entry = _entry(app, entry_id)
        history = _History(
            revisions=entry_store.revisions_of(connection, entry.id),
            places=entry_store.places_of(connection, entry.id),
            changes=entry_store.changes_of(connection, entry.id),
        )
    if as_json:
        shown.print_json(entry_document(entry) | {"text": entry.text} | history.document())
        return
    _print_entry(entry)
    history.print()


@dataclass(frozen=True, slots=True)
class _History:
    """Where an entry was seen, and what became different on it."""

    revisions: list[Revision]
    places: list[Place]
    changes: list[Change]

    def document(self) -> dict[str, Any]:
        revisions = [
            {
                "number": each.number,
                "seen": each.seen,
                "change": each.change,
                "material": each.material,
                "text": each.entry.text,
            }
            for each in self.revisions
        ]
        changes = [change_document(each) for each in self.changes]
        return {"places": self.places, "changes": changes, "revisions": revisions}

    def print(self) -> None:
        shown.out().print()
        shown.print_table(
            ("seen at", "since", "until", "~address"),
            [
                (each.source, shown.moment(each.first_seen), shown.moment(each.gone_at), each.url)
                for each in self.places
            ],
        )
        if self.changes:
            shown.out().print()
            shown.print_table(
                ("changed", "?told by", "?kind", "~what", "~before", "~after"),
                [
                    (
                        shown.moment(each.seen), each.source, each.kind, each.label or "the words",
                        "–" if each.before is None else each.before, "–" if each.after is None else each.after,
                    )
                    for each in self.changes
                ],
            )  # fmt: skip
        shown.out().print()
        rows = [
            (each.number, shown.moment(each.seen), each.change, "yes" if each.material else "no")
            for each in self.revisions
        ]
        shown.print_table(("#revision", "seen", "change", "material"), rows)


def _print_entry(entry: Entry) -> None:
    rows = [
        ("title", entry.title),
        ("url", entry.url),
        ("id", entry.id),
        ("source", entry.source),
        ("kind", entry.kind),
        ("authors", ", ".join(entry.authors)),
        ("date", date_of(entry)),
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
    shown.print_table(("", "~"), [row for row in rows if row[1]])
    if details := details_in_words(entry):
        shown.out().print()
        shown.print_table((entry.kind, "~"), details)
    if entry.facts:
        shown.out().print()
        shown.print_table(("watched", "~value"), [(each.label, each.value) for each in entry.facts])
    shown.out().print()
    shown.out().print(without_controls(entry.text))
