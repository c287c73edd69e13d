"""The command about what is in doubt: ask the provider, or decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.steps.delivering import reconciling
from msdigest.store import doubts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.app import App
    from msdigest.store.attempts import Attempt
    from msdigest.store.ledger import Queued


_MOST = 999_999_999


def register(cli: typer.Typer) -> None:
    """Add the command to the door."""
    cli.command("reconcile", epilog="Example: msdigest reconcile 7")(reconcile)


def reconcile(
    context: typer.Context,
    issue: Annotated[
        Optional[int],
        typer.Argument(metavar="N", min=1, max=_MOST, show_default=False, help="Of one issue only (`issue list`)."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--send-again", help="Queue everybody of issue N who is unknown: some may get it twice.")
    ] = False,
    sent: Annotated[
        bool, typer.Option("--count-as-sent", help="Take everybody of issue N who is unknown to have got it.")
    ] = False,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides so.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask the mail provider about deliveries that are unknown.

    `msdigest run` does so by itself. What the provider cannot tell is yours to decide: --send-again or --count-as-sent.
    """
    if again and sent:
        message = "--send-again and --count-as-sent are two decisions: take one"
        raise typer.BadParameter(message)
    if (again or sent) and issue is None:
        message = "whom to decide about? Name the issue: `msdigest reconcile N --send-again`"
        raise typer.BadParameter(message)
    if name and not (again or sent):
        message = "--as NAME belongs to a decision: --send-again or --count-as-sent"
        raise typer.BadParameter(message)
    with opened(context) as app:
        if issue is not None:
            app.issue(issue)
        # First the provider: what it knows needs no decision.
        settled = app.reconcile(issue=issue)
        decided = _decide(app, issue, again=again, name=name) if issue is not None and (again or sent) else 0
        with app.database.reading() as connection:
            calls = doubts.open_ones(connection, issue=issue)
            left = [_in_doubt(each, doubts.people(connection, each)) for each in calls]
        held = issue is not None and app.issue(issue).state == "held"
    document = {"settled": dict(settled), "decided": decided, "unknown": left}
    if as_json:
        shown.print_json(document)
        return
    if decided:
        onwards = f"msdigest issue resume {issue}" if held else "msdigest run"
        word = f"queued again, for `{onwards}` to send" if again else "counted as sent"
        shown.out().print(f"{shown.counted(decided, 'delivery', 'deliveries')} {word}.")
    _print(settled, left)


def _decide(app: App, number: int, *, again: bool, name: str) -> int:
    issue = app.issue(number)
    if again:
        return reconciling.send_again(
            app.database,
            app.clock,
            issue=issue,
            digest=app.digest(issue.digest),
            provider=app.provider.name,
            name=name,
        )
    return reconciling.count_as_sent(app.database, issue=issue, name=name)


def _in_doubt(attempt: Attempt, unknown: Sequence[Queued]) -> dict[str, Any]:
    return {
        "issue": attempt.issue,
        "provider": attempt.provider,
        "attempt": attempt.id,
        "called_at": attempt.started_at,
        "asked": attempt.asked,
        "ask_at": attempt.ask_at,
        "evidence": attempt.evidence,
        "subscribers": [each.subscriber for each in unknown],
    }


def _print(settled: Mapping[str, int], left: Sequence[dict[str, Any]]) -> None:
    if settled:
        told = ", ".join(f"{count} {word}" for word, count in sorted(settled.items()) if count)
        shown.out().print(f"The provider was asked: {told}.")
    columns = ("#issue", "?called", "#unknown", "?asked again", "~what is known")
    rows = [
        (
            each["issue"], shown.moment(each["called_at"]), len(each["subscribers"]),
            shown.moment(each["ask_at"]), each["evidence"],
        )
        for each in left
    ]  # fmt: skip
    shown.print_table(columns, rows, empty="Nothing is in doubt.")
    for issue in sorted({each["issue"] for each in left}):
        shown.out().print(
            f"\n`msdigest deliveries {issue} --state unknown` lists them one by one. What nobody can tell is yours to "
            f"decide: `msdigest reconcile {issue} --send-again` (some may get it twice) or `--count-as-sent` (some may "
            "not get it)."
        )
