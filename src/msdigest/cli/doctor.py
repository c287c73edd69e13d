"""The command that looks at the live set-up: doctor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.errors import RefusedError
from msdigest.model.network import parse_allowed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.ports import Verdict

# A mail is no larger, in bytes: what is larger is another file.
_LARGEST_MAIL = 30_000_000
_GROUPS = {"bad": "To mend", "warning": "To look at", "good": "As it should be"}


@dataclass(frozen=True, slots=True)
class _Server:
    """A name server that was named instead of the machine's own."""

    address: str
    port: int


def register(cli: typer.Typer) -> None:
    """Add the command to the door."""
    cli.command("doctor", epilog="Example: msdigest doctor --message received.eml")(doctor)


def _server(text: str) -> _Server:
    from msdigest.fetch.names import PORT  # noqa: PLC0415  # this command alone has a door to the DNS

    try:
        found = parse_allowed(text)
    except ValueError:
        found = None
    if found is None or found.network.num_addresses != 1:
        message = f"{text!r} is no address of a name server: write 192.0.2.53 or [2001:db8::53]:5353"
        raise typer.BadParameter(message)
    return _Server(str(found.network.network_address), found.port or PORT)


def doctor(
    context: typer.Context,
    message: Annotated[
        Optional[Path],
        typer.Option("--message", metavar="FILE", help="A mail as it arrived (.eml): look at it, too."),
    ] = None,
    nameserver: Annotated[
        Optional[_Server],
        typer.Option(
            parser=_server,
            metavar="ADDRESS[:PORT]",
            help="Ask this name server, such as your domain's own after a change.",
        ),
    ] = None,
    json_form: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look at the live set-up before mail depends on it.

    The database, the clock, the provider's account, the DNS records for mail, the site's address. Sends no mail.
    Ends with 1 if something is bad.
    """
    from msdigest.fetch.names import Resolver  # noqa: PLC0415  # as above

    raw = _mail(message)
    names = Resolver((nameserver.address, nameserver.port)) if nameserver else None
    with opened(context) as app, shown.progress("looked at") as advance:
        found = app.examine(message=raw, names=names, tell=lambda subject: advance(1, subject))
    if json_form:
        checks = [{"level": each.level, "subject": each.subject, "sentence": each.sentence} for each in found]
        shown.print_json({"checks": checks})
    else:
        _print(found)
    faults = sum(each.level == "bad" for each in found)
    if faults:
        message_of_all = f"{shown.counted(faults, 'thing')} to mend"
        raise RefusedError(message_of_all)


def _mail(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_MAIL + 1)
    except OSError as error:
        sentence = f"{path}: cannot be read ({error.strerror})"
        raise RefusedError(sentence) from None
    if len(raw) > _LARGEST_MAIL:
        sentence = f"{path}: is larger than a mail can be"
        raise RefusedError(sentence)
    return raw


def _print(found: Sequence[Verdict]) -> None:
    """Print what is bad first: what follows can wait."""
    console = shown.out()
    for level, heading in _GROUPS.items():
        group = [each for each in found if each.level == level]
        if group:
            console.print(f"{heading} ({len(group)})")
            shown.print_table(("", "", "~"), [("", each.subject, each.sentence) for each in group])
            console.print()
