"""Commands that prove what an issue is: one message of it to try, and everything that was sent, built again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.cli.outline import Number  # noqa: TC001  # Typer reads annotations
from msdigest.errors import RefusedError
from msdigest.steps.delivering.trial import MARK
from msdigest.steps.subscribing import subscribing
from msdigest.steps.subscribing.reading import mail_address

if TYPE_CHECKING:
    from msdigest.steps.delivering.rebuilding import Rebuilt

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(cli: typer.Typer) -> None:
    """Add the commands to their group."""
    cli.command("test", epilog="Example: msdigest issue test 7 --to ada@example.org --variant en.large")(send_one)
    cli.command("rebuild", epilog="Example: msdigest issue rebuild 7 --out rebuilt")(rebuild)


def _address(text: str) -> str:
    try:
        return mail_address(text.strip())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def send_one(
    context: typer.Context,
    issue: Number,
    to: Annotated[
        str, typer.Option(metavar="ADDR", parser=_address, show_default=False, help="Where it goes; kept nowhere.")
    ],
    subscriber: Annotated[
        str, typer.Option(metavar="ID", help="What this person gets; left out: the largest message.")
    ] = "",
    variant: Annotated[str, typer.Option(metavar="VARIANT", help="How it looks, such as en.large.")] = "",
    as_json: Json = False,
) -> None:
    """Send one message to an address of your own.

    It is marked as a test and goes through the site's mail provider, but into no account: nobody counts as having got
    the issue. It names nobody, and its link to leave leads nowhere.
    """
    with opened(context) as app:
        found = app.issue(issue)
        who = subscribing.find(app.database, app.vault, subscriber).id if subscriber else ""
        sent = app.test_issue(found, to, subscriber=who, variant=variant)
        path = app.settings.data_dir / "outbox" / str(issue) / f"{sent.delivery}.eml"
        written = path if app.provider.name == "file" else None
    if as_json:
        shown.print_json({"issue": issue, "variant": sent.variant, "entries": sent.entries, "delivery": sent.delivery})
        return
    shown.out().print(
        f"One message with {shown.counted(sent.entries, 'entry', 'entries')} as {sent.variant}, {MARK} in its subject, "
        + (f"is written: {written}" if written else "is handed to the provider.")
    )


def rebuild(
    context: typer.Context,
    issue: Number,
    subscriber: Annotated[
        str, typer.Option(metavar="ID", help="Only what this person was in; also somebody forgotten.")
    ] = "",
    out: Annotated[
        Optional[Path], typer.Option(metavar="DIR", help="Write each message there as .eml; keep the folder safe.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build again what was sent, and compare the bytes.

    Nothing is sent; the ledger knows the hash of every request. One that holds somebody who was forgotten, or whose
    record changed since, cannot be the same: these people are told by opaque id, and that is no failure. The exit
    status is 1 if another one differs.
    """
    with opened(context) as app:
        found = app.issue(issue)
        with shown.progress("messages") as advance:
            done = app.rebuild(found, who=subscriber, out=out, progress=advance)
    if as_json:
        shown.print_json(_document(issue, done))
    else:
        _print_rebuilt(done, out)
    if done.different:
        message = f"{shown.counted(len(done.different), 'request')} of issue {issue} should be the same and differ"
        raise RefusedError(message)


def _document(issue: int, done: Rebuilt) -> dict[str, Any]:
    return {
        "issue": issue,
        "requests": done.requests,
        "rebuilt": done.same,
        "missing": [{"subscriber": who, "reason": reason} for who, reason in done.missing.items()],
        "different": [asdict(each) for each in done.different],
        "written": done.written,
    }


def _print_rebuilt(done: Rebuilt, out: Path | None) -> None:
    console = shown.out()
    console.print(f"{done.same} of {shown.counted(done.requests, 'request')} rebuilt, byte for byte.")
    if out is not None:
        console.print(f"{shown.counted(done.written, 'message')} written: {out}")
    if done.missing:
        console.print("\nWhose messages cannot be built again, nor the requests that they were in:")
        shown.print_table(("=subscriber", "~why"), list(done.missing.items()))
    if done.different:
        console.print("\nWhat differs and should not:")
        rows = [(each.attempt, f"{each.lo}–{each.hi}", each.reason) for each in done.different]
        shown.print_table(("=attempt", "positions", "~why"), rows)
