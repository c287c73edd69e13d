"""Issues as commands tell them: the JSON of listings, their parts and entries, and what an editor did to them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msdigest.cli import shown
from msdigest.steps.composing import checking
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store

if TYPE_CHECKING:
    from msdigest.app import App
    from msdigest.model.issue import Issue, Override

_MOST_DIGITS = 9


def _number(text: str) -> int:
    if not (text.isdecimal() and len(text) <= _MOST_DIGITS):
        message = f"{text!r} is no number: N is the number in `msdigest issue list`, such as 7"
        raise typer.BadParameter(message)
    return int(text)


Number = Annotated[
    int,
    typer.Argument(metavar="N", parser=_number, show_default=False, help="The issue, as `issue list` counts it."),
]


def issue_document(app: App, issue: Issue) -> dict[str, Any]:
    """Return an issue as the JSON of listings."""
    with app.database.reading() as connection:
        account = delivery_store.account(connection, issue.id)
    return {
        "issue": issue.id,
        "digest": issue.digest,
        "number": issue.number,
        "state": issue.state,
        "subject": issue.subject,
        "entries": issue.entries,
        "sections": [{"title": title, "entries": entries} for title, entries in issue.sections],
        "notices": issue.notices,
        "hash": issue.hash,
        "cut_off": issue.cut_off,
        "due_at": issue.due_at,
        "sent_at": issue.sent_at,
        "approvals": issue.approvals,
        "edits": asdict(issue.edits),
        "overrides": issue.overrides,
        "account": asdict(account),
    }


def print_issue(document: dict[str, Any]) -> None:
    """Print what an issue is, how long its parts are, and where everybody is."""
    print_head(document)
    rows = [(section["title"], len(section["entries"])) for section in document["sections"]]
    shown.print_table(("~section", "#entries"), rows)
    print_account(document)


def print_head(document: dict[str, Any]) -> None:
    """Print the line that says which issue it is."""
    shown.out().print(
        f"Issue {document['issue']}: {document['subject']} (No {document['number']} of {document['digest']}), "
        f"{document['state']}"
    )


def print_account(document: dict[str, Any]) -> None:
    """Print where everybody is, if it was decided who gets it."""
    if document["account"]["candidates"]:
        shown.out().print()
        shown.print_table(("account", "#people"), list(document["account"].items()))


def tell_doubts(document: dict[str, Any]) -> None:
    """Say what to do about those of whom nobody knows whether they got it."""
    unknown = document["account"]["unknown"]
    if unknown:
        shown.notes().print(
            f"{shown.counted(unknown, 'delivery', 'deliveries')} unknown: `msdigest reconcile {document['issue']}` "
            "asks the provider, as `msdigest run` does by itself, and says what you can decide."
        )


def titles_of(app: App, issue: Issue) -> dict[str, str]:
    """Return entry id → title of every entry of an issue, also of hidden ones."""
    with app.database.reading() as connection:
        found = entry_store.get_many(connection, [*issue.entries, *issue.edits.hidden])
    return {each: entry.title for each, entry in found.items()}


def print_outline(issue: Issue, titles: dict[str, str]) -> None:
    """Print the entries of an issue in their order, with the ids by which they are edited."""
    edits = issue.edits
    rows = [
        (title, entry, " ".join(_marks(issue, entry)), titles.get(entry))
        for title, entries in issue.sections
        for entry in entries
    ]
    hidden = [("(hidden)", entry, "", titles.get(entry)) for entry in edits.hidden]
    shown.print_table(("?section", "=entry", "?marks", "~title"), [*rows, *hidden], empty="No entries.")


def _marks(issue: Issue, entry: str) -> list[str]:
    there = {"pinned": issue.edits.pinned, "note": issue.edits.notes}
    return [mark for mark, entries in there.items() if entry in entries]


def print_editing(issue: Issue, titles: dict[str, str]) -> None:
    """Print what editors wrote, approved and overruled, and the hash of what will be sent."""
    edits = issue.edits
    rows = [
        ("hash", issue.hash),
        ("intro", edits.intro),
        *(("note", f"{titles.get(entry, entry)}: {note}") for entry, note in edits.notes.items()),
        ("corrections", f"{len(issue.notices)}, each to those who were sent the entry" if issue.notices else ""),
        *(("approved by", name) for name in issue.approvals),
        *(("overridden", f"{each.check}: {override_in_words(each)}") for each in issue.overrides),
    ]
    shown.out().print()
    shown.print_table(("", "~"), [row for row in rows if row[1]])


def override_in_words(override: Override) -> str:
    """Return why a check was overridden, by whom and when."""
    return f"{override.reason} ({override.by or 'nobody named'}, {shown.moment(override.at)})"


def tell_if_stale(app: App, issue: Issue) -> None:
    """Say so if the mail templates changed since a draft, or what is approved, was compiled."""
    if issue.provider is None and checking.is_stale(issue, app.templates):
        typer.echo(
            f"Issue {issue.id} was composed with other templates than those of now, and is sent as it was composed: "
            f"`msdigest issue compose {issue.digest}` takes the new ones into a draft.",
            err=True,
        )
