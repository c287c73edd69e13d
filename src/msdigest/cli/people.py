"""Commands about people: add, import, export, show, forget, suppress."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.errors import RefusedError
from msdigest.steps import subscribing
from msdigest.store import audience

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdigest.app import App
    from msdigest.steps.subscribing import ImportReport

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Digests = Annotated[
    Optional[list[str]],
    typer.Option("--digest", metavar="ID", help="Which digest; may be repeated. Default: every digest."),
]
people_cli = typer.Typer(no_args_is_help=True, help="People.", rich_markup_mode=None)


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.add_typer(people_cli, name="subscribers")
    people_cli.command("add", epilog="Example: msdigest subscribers add ada@example.org --topics 'fatigue;sleep'")(add)
    people_cli.command("import", epilog="Example: msdigest subscribers import people.csv --digest weekly")(import_file)
    people_cli.command("export", epilog="Example: msdigest subscribers export > people.csv")(export)
    people_cli.command("show", epilog="Example: msdigest subscribers show 5f3a…")(show)
    people_cli.command("forget", epilog="Example: msdigest subscribers forget 5f3a…")(forget)
    people_cli.command("suppress", epilog="Example: msdigest subscribers suppress ada@example.org")(suppress)


def _digest_ids(app: App, named: Sequence[str] | None) -> list[str]:
    return [app.digest(each).id for each in named] if named else [digest.id for digest in app.settings.digests]


def _import(app: App, lines: Iterable[str], *, file: str, digests: Sequence[str]) -> ImportReport:
    with shown.progress("people") as advance:
        return subscribing.import_people(
            app.database,
            app.vault,
            app.clock,
            lines=lines,
            file=file,
            digests=digests,
            vocabulary=app.settings.vocabulary,
            progress=advance,
        )


def add(
    context: typer.Context,
    email: str,
    name: str = "",
    topics: Annotated[str, typer.Option(help="Ids separated by semicolons; empty = all.")] = "",
    language: str = "en",
    zone: str = "UTC",
    frequency: str = "each",
    theme: str = "standard",
    consent: Annotated[str, typer.Option(help="How the person agreed.")] = "",
    digest: Digests = None,
) -> None:
    """Subscribe one person who agreed."""
    values = {
        "email": email, "name": name, "language": language, "zone": zone, "topics": topics, "frequency": frequency,
        "theme": theme, "consent_source": consent or "added by the operator",
    }  # fmt: skip
    with opened(context) as app:
        report = _import(app, _lines(values), file="added by the operator", digests=_digest_ids(app, digest))
    if report.refused:
        message = report.refused[0][1]
        raise RefusedError(message)
    if report.suppressed:
        message = "this address left or is suppressed: it is not added again"
        raise RefusedError(message)
    shown.out().print("Added." if report.new else "Changed." if report.updated else "Nothing changed.")


def _lines(values: dict[str, str]) -> list[str]:
    def quoted(cells: Iterable[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"

    return [quoted(values), quoted(values.values())]


def import_file(context: typer.Context, file: Path, digest: Digests = None, as_json: Json = False) -> None:
    """Subscribe everybody in a CSV file; who left or is suppressed stays away."""
    with opened(context) as app:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                report = _import(app, lines, file=file.name, digests=_digest_ids(app, digest))
        except OSError as error:
            message = f"{file}: cannot be read ({error.strerror})"
            raise RefusedError(message) from None
        except UnicodeDecodeError as error:
            message = f"{file}: is not UTF-8 (byte {error.start}): save it as CSV UTF-8"
            raise RefusedError(message) from None
    if as_json:
        document = {
            "new": report.new,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "refused": [{"line": line, "reason": reason} for line, reason in report.refused],
            "suppressed": report.suppressed,
            "without_evidence": report.without_evidence,
            "unknown_columns": report.unknown_columns,
        }
        shown.print_json(document)
        return
    counts = [
        ("new", report.new), ("updated", report.updated), ("unchanged", report.unchanged),
        ("left or suppressed, not added", report.suppressed), ("refused", len(report.refused)),
        ("without evidence of consent", report.without_evidence),
    ]  # fmt: skip
    shown.print_table(("people", "#"), counts)
    if report.unknown_columns:
        shown.out().print(f"Columns that are not known and were not read: {', '.join(report.unknown_columns)}")
    for line, reason in report.refused:
        shown.out().print(f"line {line}: {reason}")


def export(context: typer.Context, digest: Digests = None) -> None:
    """Write everybody with an active subscription as CSV to standard output (a file full of addresses)."""
    with opened(context) as app, app.database.reading() as connection:
        writer = csv.writer(sys.stdout)
        writer.writerow(("digest", *subscribing.COLUMNS))
        for digest_id in _digest_ids(app, digest):
            for member in audience.all_members(connection, app.vault, digest_id):
                if member.suppressed or member.subscription.state == "ended":
                    continue
                person, chosen = member.subscriber, member.subscription
                writer.writerow(
                    (
                        digest_id, person.address, person.name, person.language, person.zone, ";".join(chosen.topics),
                        chosen.frequency, person.theme, person.audience, chosen.consent.at.isoformat(),
                        chosen.consent.text, chosen.consent.source,
                    )
                )  # fmt: skip


def show(context: typer.Context, who: str, as_json: Json = False) -> None:
    """Show a person by opaque id or address: the operator's door to who they are."""
    with opened(context) as app:
        person = subscribing.find(app.database, app.vault, who)
        with app.database.reading() as connection:
            chosen = audience.subscriptions_of(connection, app.vault, [person.id])
            suppressed = audience.suppressed_among(connection, [app.vault.look_up(person.address)])
    document = {
        "id": person.id, "email": person.address, "name": person.name, "language": person.language,
        "zone": person.zone, "theme": person.theme, "audience": person.audience,
        "suppressed": next(iter(suppressed.values()), None),
        "subscriptions": [
            {
                "digest": each.digest, "state": each.state, "topics": each.topics, "frequency": each.frequency,
                "consent_at": each.consent.at, "consent_text": each.consent.text, "consent_source": each.consent.source,
            }
            for each in chosen.values()
        ],
    }  # fmt: skip
    if as_json:
        shown.print_json(document)
        return
    shown.print_table(("", ""), [(key, value) for key, value in document.items() if key != "subscriptions"])
    columns = ("digest", "state", "frequency", "topics", "consent")
    rows = [
        (
            c.digest,
            c.state,
            c.frequency,
            ", ".join(c.topics) or "all",
            f"{shown.moment(c.consent.at)} {c.consent.source}",
        )
        for c in chosen.values()
    ]
    shown.out().print()
    shown.print_table(columns, rows)


def forget(context: typer.Context, who: str) -> None:
    """Delete all that is known of a person; the address stays away."""
    with opened(context) as app:
        subscribing.forget(app.database, app.vault, app.clock, who=who)
    shown.out().print("Forgotten: record and choices are deleted, the address will not be mailed again.")


def suppress(
    context: typer.Context,
    email: str,
    reason: Annotated[str, typer.Option(metavar="WORD", help="Why, in a word.")] = "operator",
) -> None:
    """Never mail an address again."""
    with opened(context) as app:
        added = subscribing.suppress(app.database, app.vault, app.clock, address=email, reason=reason[:32])
    shown.out().print("Suppressed." if added else "It was suppressed already.")
