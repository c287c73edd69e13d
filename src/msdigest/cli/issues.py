"""Commands about issues: compose, list, show, approve, send, pause, resume, cancel; and the account of deliveries."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from msdigest.cli import editing as edit_commands
from msdigest.cli import shown, trying
from msdigest.cli.context import opened
from msdigest.cli.outline import (
    Number,
    issue_document,
    print_account,
    print_editing,
    print_head,
    print_issue,
    print_outline,
    tell_doubts,
    tell_if_stale,
    titles_of,
)
from msdigest.cli.stopping import CALLS_END_FIRST, stoppable
from msdigest.errors import BusyError, RefusedError
from msdigest.model.delivery import STATES
from msdigest.steps.composing import composing, editing
from msdigest.steps.delivering import delivering
from msdigest.store import deliveries as delivery_store
from msdigest.store import doubts, ledger
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.app import App
    from msdigest.model.issue import Issue

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
issue_cli = typer.Typer(
    no_args_is_help=True, help="An issue's life: draft, approved, sending, sent.", rich_markup_mode=None
)

# How many seconds a waiting sender sleeps at most before it looks again, also whether it was asked to stop.
_LOOK_AGAIN = 1.0
# What is in doubt is asked about once before the command ends, if that is soon.
_PATIENCE = timedelta(seconds=10)
# Whoever waits longer is told until when.
_WORTH_TELLING = timedelta(seconds=4)


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.add_typer(issue_cli, name="issue")
    issue_cli.command("compose", epilog="Example: msdigest issue compose weekly")(compose)
    issue_cli.command("list", epilog="Example: msdigest issue list --json")(list_issues)
    issue_cli.command("show", epilog="Example: msdigest issue show 7")(show)
    edit_commands.register(issue_cli)
    issue_cli.command("approve", epilog="Example: msdigest issue approve 7 --as Ada")(approve)
    issue_cli.command("send", epilog="Example: msdigest issue send 7 --wait")(send)
    issue_cli.command("pause", epilog="Example: msdigest issue pause 7")(pause)
    issue_cli.command("resume", epilog="Example: msdigest issue resume 7")(resume)
    issue_cli.command("cancel", epilog="Example: msdigest issue cancel 7")(cancel)
    trying.register(issue_cli)
    cli.command("deliveries", epilog="Example: msdigest deliveries 7 --state unknown")(deliveries)


def compose(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", show_default=False, help="Its id in config/digests.toml.")],
    as_json: Json = False,
) -> None:
    """Make the draft of a digest's next issue, or remake it."""
    with opened(context) as app:
        approval = app.digest(digest).approval
        issue = app.compose(app.digest(digest))
        document = {"issue": None, "reason": composing.NOTHING_NEW} if issue is None else issue_document(app, issue)
    if as_json:
        shown.print_json(document)
    elif issue is None:
        shown.out().print(f"Nothing new for {digest}: no issue was made.")
    else:
        print_issue(document)
        needs = f"approve it with `msdigest issue approve {issue.id} --as NAME`, " if approval else ""
        shown.out().print(
            f"\nLook at it with `msdigest preview`, {needs}send it with `msdigest issue send {issue.id}`."
        )


def list_issues(context: typer.Context, as_json: Json = False) -> None:
    """List all issues, newest first."""
    with opened(context) as app:
        with app.database.reading() as connection:
            issues = issue_store.find(connection)
        documents = [issue_document(app, issue) for issue in issues]
    if as_json:
        shown.print_json({"issues": documents})
        return
    columns = ("#issue", "digest", "#no", "state", "?cut-off", "#entries", "#accepted", "#of", "~subject")
    rows = [
        (
            each["issue"], each["digest"], each["number"], each["state"], shown.moment(each["cut_off"]),
            len(each["entries"]), each["account"]["accepted"], each["account"]["candidates"], each["subject"],
        )
        for each in documents
    ]  # fmt: skip
    shown.print_table(columns, rows, empty="There are no issues yet: `msdigest issue compose DIGEST` makes one.")


def show(context: typer.Context, issue: Number, as_json: Json = False) -> None:
    """Show one issue: its entries, what editors did to it, its account.

    The first letters of an entry's id, six or more, name it in `issue edit`.
    """
    with opened(context) as app:
        found = app.issue(issue)
        document, titles = issue_document(app, found), titles_of(app, found)
    if as_json:
        shown.print_json(document)
        return
    print_head(document)
    print_outline(found, titles)
    print_editing(found, titles)
    print_account(document)


def approve(
    context: typer.Context,
    issue: Number,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who approves.")] = "",
    looked_at: Annotated[
        str, typer.Option("--hash", metavar="HASH", help="Only if it is still what had this hash (`issue show`).")
    ] = "",
) -> None:
    """Approve a draft; nobody can change it afterwards."""
    with opened(context) as app:
        found = app.issue(issue)
        if not found.hash.startswith(looked_at):
            message = f"issue {issue} has the hash {found.hash[:16]} by now, not {looked_at[:16]!r}: look at it again"
            raise RefusedError(message)
        digest = app.digest(found.digest)
        tell_if_stale(app, found)
        after = editing.approve(app.database, issue=found, required=digest.approval, name=name)
    if after.state == "approved":
        shown.out().print(f"Issue {issue} is approved: send it with `msdigest issue send {issue}`.")
    else:
        shown.out().print(f"Issue {issue} has {len(after.approvals)} of {digest.approval} approvals.")


def send(
    context: typer.Context,
    issue: Number,
    wait: Annotated[bool, typer.Option("--wait", help="Deliver in this process, until everybody is settled.")] = False,
    as_json: Json = False,
) -> None:
    """Decide who gets an issue, and queue it.

    `msdigest run` then delivers it; with --wait this process does.
    """
    with opened(context) as app:
        with _alone(app) if wait else nullcontext():
            tell_if_stale(app, app.issue(issue))
            _queue(app, app.issue(issue), again=wait)
            if wait:
                # Each mail links to its page in the archive: that has to be there before the first one is read.
                app.publish()
                app.recover()
                _deliver(app, issue)
        document = issue_document(app, app.issue(issue))
    if as_json:
        shown.print_json(document)
        return
    print_issue(document)
    tell_doubts(document)
    if wait and document["state"] == "held":
        message = (
            f"issue {issue} was paused, or became too late, while it was sent, and is held: "
            f"`msdigest issue send {issue} --wait` goes on, `msdigest issue cancel {issue}` ends it"
        )
        raise RefusedError(message)
    if not wait:
        shown.out().print("\nQueued: `msdigest run` delivers it, or `msdigest run --once`.")


@contextmanager
def _alone(app: App) -> Iterator[None]:
    """Hold the lock of the one who delivers, before anything is decided."""
    with ExitStack() as held:
        try:
            held.enter_context(app.database.alone())
        except BusyError:
            message = "another msdigest process delivers already: leave out --wait, and that one sends the issue"
            raise RefusedError(message) from None
        yield


def _queue(app: App, issue: Issue, *, again: bool) -> None:
    """Queue an issue; ``again``: one that is queued already is no fault."""
    if issue.state == "held" and issue.provider:
        delivering.resume(app.database, app.clock, issue=issue, digest=app.digest(issue.digest))
    elif not (issue.state == "sending" and again):
        with shown.progress("people") as advance:
            app.freeze(issue, progress=advance)


def _deliver(app: App, issue: int) -> None:
    """Deliver until nothing of the issue is left, sleeping until the next batch is due."""
    pending, told = app.account(issue).pending, datetime.min.replace(tzinfo=UTC)
    with stoppable(app.delivery.stop, say=CALLS_END_FIRST) as stop, shown.progress("messages", pending) as advance:
        while not stop.asked:
            app.deliver(issue=issue, progress=advance)
            due = _next_due(app, issue)
            if due is None:
                return
            if due > max(told, app.clock.now() + _WORTH_TELLING):
                told = due
                reason = f"`msdigest deliveries {issue} --state pending` says why"
                shown.notes().print(f"Nothing more can be sent before {due:%H:%M:%S} UTC: {reason}.")
            time.sleep(min(max((due - app.clock.now()).total_seconds(), 0.1), _LOOK_AGAIN))
    left = shown.counted(app.account(issue).pending, "message")
    message = f"stopped with {left} of issue {issue} queued: `msdigest issue send {issue} --wait` sends the rest"
    raise RefusedError(message)


def _next_due(app: App, issue: int) -> datetime | None:
    """Return when there is something to do; None if everybody is settled, or in doubt for longer than one waits."""
    with app.database.reading() as connection:
        due, asked = ledger.next_due(connection, issue=issue), doubts.next_due(connection, issue=issue)
    free = app.delivery.not_before
    soon = asked is not None and max(asked, free) < app.clock.now() + _PATIENCE
    first = min((each for each in (due, asked if soon else None) if each is not None), default=None)
    return None if first is None else max(first, free)


def pause(context: typer.Context, issue: Number) -> None:
    """Stop sending an issue for now; nobody is lost.

    Calls under way end first. `issue resume` sends the rest, `issue cancel` does not.
    """
    with opened(context) as app:
        delivering.pause(app.database, issue=app.issue(issue))
        left = app.account(issue).pending
    shown.out().print(
        f"Issue {issue} is held with {shown.counted(left, 'message')} queued: `msdigest issue resume {issue}` goes on."
    )


def resume(context: typer.Context, issue: Number) -> None:
    """Send on an issue that was paused, or held because it was late."""
    with opened(context) as app:
        found = app.issue(issue)
        delivering.resume(app.database, app.clock, issue=found, digest=app.digest(found.digest))
        left = app.account(issue).pending
    shown.out().print(
        f"Issue {issue} goes on with {shown.counted(left, 'message')}: `msdigest run` delivers, "
        f"or `msdigest issue send {issue} --wait`."
    )


def cancel(context: typer.Context, issue: Number) -> None:
    """Send nothing more of an issue."""
    with opened(context) as app:
        left = delivering.cancel(app.database, issue=app.issue(issue))
    shown.out().print(f"Issue {issue} is cancelled; {shown.counted(left, 'message')} had not been sent.")


def deliveries(
    context: typer.Context,
    issue: Number,
    state: Annotated[Optional[str], typer.Option(metavar="STATE", help=f"Only these: {', '.join(STATES)}.")] = None,
    as_json: Json = False,
) -> None:
    """Show who got an issue; people are opaque ids."""
    if state is not None and state not in STATES:
        message = f"{state!r} is no state; these are: {', '.join(STATES)}"
        raise typer.BadParameter(message)
    with opened(context) as app:
        app.issue(issue)
        with app.database.reading() as connection:
            account = delivery_store.account(connection, issue)
            records = list(delivery_store.records(connection, issue, state=state))
    if as_json:
        shown.print_json({"issue": issue, "account": asdict(account), "deliveries": records})
        return
    shown.print_table(("account", "#people"), list(asdict(account).items()))
    shown.out().print()
    columns = ("=subscriber", "state", "#attempts", "?provider's id", "~reason")
    rows = [(each.subscriber, each.state, each.attempts, each.provider_id, each.reason) for each in records]
    shown.print_table(columns, rows, empty="No deliveries." if state is None else f"No deliveries are {state}.")
    tell_doubts({"issue": issue, "account": asdict(account)})
