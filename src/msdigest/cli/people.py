"""Commands about people: add, import, export, show, forget, suppress."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.config.shapes import ENTRY_KINDS
from msdigest.errors import RefusedError
from msdigest.model.subscriber import FREQUENCIES, THEMES
from msdigest.steps.subscribing import subscribing
from msdigest.steps.subscribing.reading import COLUMNS
from msdigest.store import audience
from msdigest.words import languages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from msdigest.app import App
    from msdigest.steps.subscribing.reading import ImportReport
    from msdigest.store.database import Transaction
    from msdigest.vault import Vault

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Digests = Annotated[
    Optional[list[str]],
    typer.Option("--digest", metavar="ID", help="Which digest; may be repeated. Default: every digest."),
]
Who = Annotated[
    str, typer.Argument(metavar="ID|EMAIL", show_default=False, help="An id, its beginning, or an address.")
]
YES_OR_NO = {True: "yes", False: "no"}
people_cli = typer.Typer(no_args_is_help=True, help="The people who get digests.", rich_markup_mode=None)


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.add_typer(people_cli, name="subscribers")
    people_cli.command("add", epilog="Example: msdigest subscribers add ada@example.org --topics 'fatigue;sleep'")(add)
    people_cli.command("import", epilog="Example: msdigest subscribers import people.csv --digest weekly")(import_file)
    people_cli.command("export", epilog="Example: msdigest subscribers export > people-backup.csv")(export)
    people_cli.command("show", epilog="Example: msdigest subscribers show 2d3edfbbdb8b40ccaa4ba2e538e2f797")(show)
    people_cli.command("forget", epilog="Example: msdigest subscribers forget ada@example.org")(forget)
    people_cli.command("suppress", epilog="Example: msdigest subscribers suppress ada@example.org")(suppress)


def _digest_ids(app: App, named: Sequence[str] | None) -> list[str]:
    return [app.digest(each).id for each in named] if named else [digest.id for digest in app.settings.digests]


def _import(
    app: App,
    lines: Iterable[str],
    *,
    file: str,
    digests: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    return subscribing.import_people(
        app.database,
        app.vault,
        app.clock,
        lines=lines,
        file=file,
        digests=digests,
        vocabulary=app.settings.vocabulary,
        progress=progress,
    )


def add(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", show_default=False)],
    name: Annotated[str, typer.Option(metavar="NAME", help="For the greeting.")] = "",
    topics: Annotated[str, typer.Option(metavar="ID;ID…", help="Only these topics; left out: all.")] = "",
    language: Annotated[str, typer.Option(metavar="CODE", help="Of the mail's own words.")] = "en",
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone, such as Europe/London.")] = "UTC",
    frequency: Annotated[str, typer.Option(metavar="WORD", help=f"One of {', '.join(FREQUENCIES)}.")] = "each",
    theme: Annotated[str, typer.Option(metavar="WORD", help=f"One of {', '.join(THEMES)}.")] = "standard",
    kinds: Annotated[
        Optional[str],
        typer.Option(metavar="KIND;KIND…", help=f"Only these of {', '.join(ENTRY_KINDS)}; left out: as it is, or all."),
    ] = None,
    neutral: Annotated[
        Optional[bool],
        typer.Option("--neutral/--no-neutral", help="No word of the disease outside of the mail; left out: as it is."),
    ] = None,
    consent: Annotated[str, typer.Option(metavar="TEXT", help="How the person agreed.")] = "",
    digest: Digests = None,
) -> None:
    """Subscribe one person who agreed."""
    values = {
        "email": email, "name": name, "language": language, "zone": zone, "topics": topics, "frequency": frequency,
        "theme": theme, "consent_source": consent or "added by the operator",
    }  # fmt: skip
    if kinds is not None:
        values["kinds"] = kinds
    if neutral is not None:
        values["neutral"] = YES_OR_NO[neutral]
    with opened(context) as app:
        report = _import(app, _lines(values), file="added by the operator", digests=_digest_ids(app, digest))
    if report.refused:
        message = report.refused[0][1]
        raise RefusedError(message)
    if report.suppressed:
        message = "this address left or is suppressed: it is not added again"
        raise RefusedError(message)
    shown.out().print("Added." if report.new else "Changed." if report.updated else "Nothing changed.")
    _print_unspoken(report)


def _lines(values: dict[str, str]) -> list[str]:
    def quoted(cells: Iterable[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"

    return [quoted(values), quoted(values.values())]


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="CSV in UTF-8 with a column email.")],
    digest: Digests = None,
    as_json: Json = False,
) -> None:
    """Subscribe everybody in a CSV file.

    Who left or is suppressed stays away. An import may be repeated: it changes only what the file changed. A row with
    a fault is refused and told with its line, the others are taken, and the exit status is 1.

    Columns, separated by commas, in any order: email (needed), digest (its id: the row subscribes to that one alone,
    and a person may have a row for each), name, language, zone, topics (ids of
    config/topics.toml separated by ;), kinds (of entries, separated by ;), frequency, theme, audience, neutral (yes or
    no: no word of the disease outside of the mail), consent_at, consent_text, consent_source.
    """
    with opened(context) as app:
        digests = _digest_ids(app, digest)
        try:
            _check_letters(file)
            with file.open(encoding="utf-8-sig", newline="") as lines, shown.progress("people") as advance:
                report = _import(app, lines, file=file.name, digests=digests, progress=advance)
        except OSError as error:
            message = f"{file}: cannot be read ({error.strerror})"
            raise RefusedError(message) from None
    if as_json:
        document = {
            "new": report.new,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "refused": [{"line": line, "reason": reason} for line, reason in report.refused],
            "suppressed": report.suppressed,
            "without_evidence": report.without_evidence,
            "without_catalogue": report.without_catalogue,
            "unknown_columns": report.unknown_columns,
        }
        shown.print_json(document)
    else:
        _print_report(report, file=file.name)
    if refused := len(report.refused):
        rows = report.new + report.updated + report.unchanged + report.suppressed + refused
        message = f"{refused} of {shown.counted(rows, 'row')} {'was' if refused == 1 else 'were'} refused"
        raise RefusedError(message)


def _print_report(report: ImportReport, *, file: str) -> None:
    counts = [
        ("new", report.new), ("updated", report.updated), ("unchanged", report.unchanged),
        ("left or suppressed, not added", report.suppressed), ("refused", len(report.refused)),
        ("without evidence of consent", report.without_evidence),
    ]  # fmt: skip
    shown.print_table(("people", "#"), counts)
    if report.without_evidence:
        shown.out().print(
            "Without evidence of consent: the file does not say when they agreed (columns consent_at, consent_text); "
            "they are kept as carried over by this import."
        )
    _print_unspoken(report)
    if report.unknown_columns:
        shown.out().print(f"Columns that are not known and were not read: {', '.join(report.unknown_columns)}")
    for line, reason in report.refused:
        shown.out().print(f"{file}: line {line}: {reason}")


def _print_unspoken(report: ImportReport) -> None:
    if count := report.without_catalogue:
        who = "One person reads" if count == 1 else f"{count} people read"
        shown.out().print(
            f"{who} a language that mails are not written in yet: English is sent "
            f"(mails are written in {', '.join(languages())})."
        )


def _check_letters(file: Path) -> None:
    """Refuse a file that is not UTF-8 before anybody is subscribed from its first half."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                message = f"{file}: line {number} is not UTF-8: save the file as CSV UTF-8"
                raise RefusedError(message) from None


def export(context: typer.Context, digest: Digests = None) -> None:
    """Write all active subscriptions as CSV.

    One row each, as `subscribers import` reads them. It goes to standard output: a text full of addresses, so keep it
    safe.
    """
    with opened(context) as app:
        digests, vault = _digest_ids(app, digest), app.vault
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        with app.database.reading() as connection:
            _write_people(connection, vault, digests, write=writer.writerow)


def _write_people(
    connection: Transaction, vault: Vault, digests: Sequence[str], *, write: Callable[[Sequence[str]], object]
) -> None:
    for digest in digests:
        for member in audience.all_members(connection, vault, digest):
            if member.suppressed or member.subscription.state != "active":
                continue
            person, chosen = member.subscriber, member.subscription
            write(
                (
                    digest, person.address, person.name, person.language, person.zone, ";".join(chosen.topics),
                    ";".join(chosen.kinds), chosen.frequency, person.theme, person.audience,
                    YES_OR_NO[person.neutral], chosen.consent.at.isoformat(), chosen.consent.text,
                    chosen.consent.source,
                )
            )  # fmt: skip


def show(context: typer.Context, who: Who, as_json: Json = False) -> None:
    """Show who a person is, by opaque id or address."""
    with opened(context) as app:
        person = subscribing.find(app.database, app.vault, who)
        with app.database.reading() as connection:
            chosen = audience.subscriptions_of(connection, app.vault, [person.id])
            suppressed = audience.suppressed_among(connection, [app.vault.look_up(person.address)])
    document = {
        "id": person.id, "email": person.address, "name": person.name, "language": person.language,
        "zone": person.zone, "theme": person.theme, "audience": person.audience, "neutral": person.neutral,
        "suppressed": next(iter(suppressed.values()), None),
        "subscriptions": [
            {
                "digest": each.digest, "state": each.state, "topics": each.topics, "kinds": each.kinds,
                "frequency": each.frequency, "consent_at": each.consent.at, "consent_text": each.consent.text,
                "consent_source": each.consent.source,
            }
            for each in chosen.values()
        ],
    }  # fmt: skip
    if as_json:
        shown.print_json(document)
        return
    told = document | {"neutral": YES_OR_NO[person.neutral]}
    facts = [(key, value or "–") for key, value in told.items() if key != "subscriptions"]
    shown.print_table(("", "~"), facts)
    columns = ("digest", "state", "frequency", "~topics", "~kinds", "~consent")
    rows = [
        (
            c.digest,
            c.state,
            c.frequency,
            ", ".join(c.topics) or "all",
            ", ".join(c.kinds) or "all",
            f"{shown.moment(c.consent.at)} {c.consent.source}",
        )
        for c in chosen.values()
    ]
    shown.out().print()
    shown.print_table(columns, rows, empty="No subscription.")


def forget(context: typer.Context, who: Who) -> None:
    """Delete all that is known of a person; the address stays away."""
    with opened(context) as app:
        subscribing.forget(app.database, app.vault, app.clock, who=who)
    shown.out().print("Forgotten: record and choices are deleted, the address will not be mailed again.")


def suppress(
    context: typer.Context,
    who: Who,
    reason: Annotated[str, typer.Option(metavar="WORD", help="Why, in a word.")] = "operator",
) -> None:
    """Never mail an address again."""
    with opened(context) as app:
        address = who if "@" in who else subscribing.find(app.database, app.vault, who).address
        added = subscribing.suppress(app.database, app.vault, app.clock, address=address, reason=reason[:32])
    shown.out().print("Suppressed." if added else "It was suppressed already.")
