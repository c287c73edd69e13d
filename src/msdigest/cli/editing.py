"""Commands by which an editor changes a draft and looks for faults in it: issue edit, issue lint."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened, typed_text
from msdigest.cli.outline import Number, issue_document, print_head, print_outline, titles_of
from msdigest.errors import RefusedError
from msdigest.steps.composing import overruling
from msdigest.steps.composing.wanted import IN_TURN, Wanted, whole_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.lint.finding import Finding
    from msdigest.model.issue import Issue
    from msdigest.steps.composing.editing import Move

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Ids = Optional[list[str]]
DONE: Mapping[Move, str] = {
    "show": "shown again", "unpin": "unpinned", "up": "moved up", "down": "moved down", "first": "moved to the top",
    "last": "moved to the end", "pin": "pinned", "hide": "hidden",
}  # fmt: skip


def register(cli: typer.Typer) -> None:
    """Add the commands to their group."""
    cli.command("edit", epilog="Example: msdigest issue edit 7 --pin f0a0198c --hide 0b1c2d3e --intro 'A quiet week.'")(
        edit
    )
    cli.command("lint", epilog="Example: msdigest issue lint 7 --override size.clip --reason 'Long on purpose.'")(lint)


def edit(
    context: typer.Context,
    issue: Number,
    intro: Annotated[
        Optional[str], typer.Option(metavar="TEXT", help="Your own words before everything else; '' for none.")
    ] = None,
    intro_file: Annotated[
        Optional[Path], typer.Option(metavar="PATH", help="The same from a file (Markdown); - reads standard input.")
    ] = None,
    up: Annotated[Ids, typer.Option(metavar="ID", help="One place up in its section.")] = None,
    down: Annotated[Ids, typer.Option(metavar="ID", help="One place down.")] = None,
    first: Annotated[Ids, typer.Option(metavar="ID", help="To the top of its section.")] = None,
    last: Annotated[Ids, typer.Option(metavar="ID", help="To its end.")] = None,
    pin: Annotated[Ids, typer.Option(metavar="ID", help="First in its section and in the overview.")] = None,
    unpin: Annotated[Ids, typer.Option(metavar="ID", help="No longer first.")] = None,
    hide: Annotated[Ids, typer.Option(metavar="ID", help="Leave it out.")] = None,
    show: Annotated[Ids, typer.Option(metavar="ID", help="Take in again what was hidden.")] = None,
    note: Annotated[
        Optional[tuple[str, str]], typer.Option(metavar="ID TEXT", help="Your own words beneath an entry; '' for none.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="First take back all that was changed before.")] = False,
    as_json: Json = False,
) -> None:
    """Change a draft; composing it again keeps the changes.

    ID is an entry's id, or its first six letters or more: `issue show` lists them. All but --intro, --note and --clear
    may be repeated. In one call, what is shown comes first, then what is unpinned, moved (up, down, first, last),
    pinned and hidden, then the words. Approvals that were given before are void.
    """
    if intro_file is not None:
        intro = typed_text(intro or "", intro_file, option="--intro-file")
    moves: dict[Move, list[str]] = {
        "up": up or [], "down": down or [], "first": first or [], "last": last or [], "pin": pin or [],
        "unpin": unpin or [], "hide": hide or [], "show": show or [],
    }  # fmt: skip
    wanted = Wanted(clear=clear, moves=moves, intro=intro, notes=[note] if note else [])
    if not wanted:
        message = "say what to change, such as --hide ID or --intro TEXT"
        raise typer.BadParameter(message)
    with opened(context) as app:
        before = app.issue(issue)
        after = app.edit(before, app.edits_after(before, wanted))
        document, titles = issue_document(app, after), titles_of(app, before) | titles_of(app, after)
    if as_json:
        shown.print_json(document)
        return
    _print_done(before, wanted, titles)
    if before.approvals:
        shown.out().print(f"Void now, because it was approved before this: {', '.join(before.approvals)}.")
    if after.hash == before.hash:
        shown.out().print("What will be sent is the same as before.")
    shown.out().print()
    print_head(document)
    print_outline(after, titles)


def _print_done(issue: Issue, wanted: Wanted, titles: Mapping[str, str]) -> None:
    rows = [("taken back", "", "all that was changed before")] if wanted.clear else []
    for move in IN_TURN:
        rows += [(DONE[move], entry, titles[entry]) for entry in _whole(issue, wanted.moves[move])]
    if wanted.intro is not None:
        rows.append(("intro", "", wanted.intro or "none"))
    rows += [
        ("note", entry, f"{titles[entry]}: {words or 'none'}")
        for beginning, words in wanted.notes
        for entry in _whole(issue, [beginning])
    ]
    shown.print_table(("done", "=entry", "~what"), rows)


def _whole(issue: Issue, beginnings: Sequence[str]) -> list[str]:
    return [whole_id(issue, each) for each in beginnings]


def lint(
    context: typer.Context,
    issue: Number,
    override: Annotated[
        str, typer.Option(metavar="CHECK", help="Send it although this check finds an error; say why.")
    ] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why that is right; kept with the issue.")] = "",
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so.")] = "",
    as_json: Json = False,
) -> None:
    """Look for faults in an issue as it would be sent.

    An error keeps it from being sent, unless it is overridden with a reason. The exit status is 1 while errors remain.
    """
    if bool(override) != bool(reason):
        message = "--override CHECK and --reason TEXT belong together"
        raise typer.BadParameter(message)
    with opened(context) as app:
        found = app.issue(issue)
        findings = app.lint(found)
        if override:
            _refuse_unless_found(found, findings, override)
            overruling.override(
                app.database, app.clock, issue=found, findings=findings, check=override, reason=reason, by=name
            )
            found = app.issue(issue)
    if as_json:
        shown.print_json({"issue": issue, "findings": findings, "overrides": found.overrides})
    else:
        _print_findings(found, findings)
    overruling.refuse_unless_sound(found, findings)


def _refuse_unless_found(issue: Issue, findings: Sequence[Finding], check: str) -> None:
    errors = dict.fromkeys(each.id for each in findings if each.level == "error")
    if check not in errors:
        message = f"check {check!r} finds no error in issue {issue.id}; those that do: {', '.join(errors) or 'none'}"
        raise RefusedError(message)


def _print_findings(issue: Issue, findings: Sequence[Finding]) -> None:
    overruled = {each.check: each for each in issue.overrides}
    rows = [
        (
            "overridden" if each.level == "error" and each.id in overruled else each.level,
            each.id,
            each.place,
            each.message,
            each.way_out,
        )
        for each in findings
        if each.level != "info"
    ]
    remarks = Counter(each.id for each in findings if each.level == "info")
    columns = ("level", "check", "~where", "~what", "~way out")
    nothing = f"Nothing {'that needs anything ' if remarks else ''}is found in issue {issue.id}."
    shown.print_table(columns, rows, empty=nothing)
    for check, kept in overruled.items():
        shown.out().print(
            f"{check} is overridden: {kept.reason} ({kept.by or 'nobody named'}, {shown.moment(kept.at)})"
        )
    if remarks:
        told = ", ".join(f"{check} {count}" for check, count in sorted(remarks.items()))
        number = shown.counted(remarks.total(), "remark that needs", "remarks that need")
        shown.out().print(f"{number} nothing: {told} (--json lists them)")
