"""The command for reports of mail servers: what became of messages that left over SMTP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.errors import RefusedError, UnreadableError
from msdigest.providers.smtp.reports import read_report
from msdigest.steps import hearing

if TYPE_CHECKING:
    from msdigest.model.delivery import Event

# What is read of one mail: servers send the message back with their report, and what matters stands before it.
_LARGEST_REPORT = 1_000_000


def register(cli: typer.Typer) -> None:
    """Add the command to the door."""
    cli.command("bounces", epilog="Example: msdigest bounces ~/Maildir/new/*")(bounces)


def bounces(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", show_default=False, help="One mail each; - is standard input.")
    ],
) -> None:
    """Take mail servers' reports of what left by SMTP.

    Each FILE is one mail as it arrived in the sender's mailbox. What it tells counts if it answers a message of ours:
    the delivery moves, and an address that takes no mail, or whose reader complains, is suppressed. Any other mail
    changes nothing, and a report that is taken twice neither. The exit status is 1 if a file cannot be read.
    """
    events: list[Event] = []
    unreadable, missing = 0, []
    for file in files:
        try:
            events += read_report(_read(file))
        except UnreadableError:
            unreadable += 1
        except OSError as error:
            missing.append(f"{file}: cannot be read ({error.strerror})")
    with opened(context) as app:
        heard = hearing.hear_reports(app.database, app.vault, app.clock, provider="smtp", events=events)
    _print(heard, unreadable=unreadable)
    if missing:
        raise RefusedError("\n".join(missing))


def _read(file: Path) -> bytes:
    with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened_file:
        return opened_file.read(_LARGEST_REPORT)


def _print(heard: hearing.Hearing, *, unreadable: int) -> None:
    counted = shown.counted
    told = f"{counted(heard.ours, 'report')} taken, {heard.unknown} about no mail of ours"
    suppressed = counted(heard.suppressed, "address", "addresses")
    shown.out().print(f"{told}; {counted(unreadable, 'mail')} without a report; {suppressed} suppressed.")
