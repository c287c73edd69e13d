"""The command by which an editor types an entry: entry add."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated, Optional

import typer

from msdigest.cli import shown
from msdigest.cli.context import opened, typed_text
from msdigest.cli.documents import entry_document
from msdigest.errors import TypedError
from msdigest.model.cities import zone_of
from msdigest.model.typed import Typed
from msdigest.steps.adding.reading import KINDS

# Fields of an entry whose option has another name.
_OPTIONS = {"topics": "topic", "speakers": "speaker"}


def register(cli: typer.Typer) -> None:
    """Add the command to its group."""
    cli.command(
        "add",
        epilog="Example: msdigest entry add --kind event --title 'Ask a neurologist' --url https://example.org/call "
        "--at '2026-12-03 19:00' --zone Europe/London",
    )(add)


def add(
    context: typer.Context,
    kind: Annotated[str, typer.Option(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    title: Annotated[str, typer.Option(metavar="WORDS", help="What it is, in a few words.")],
    url: Annotated[str, typer.Option(metavar="URL", help="Where it is to be read; left out: our own page.")] = "",
    text: Annotated[str, typer.Option(metavar="WORDS", help="What it says; addresses in it become links.")] = "",
    text_file: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="The same from a file; - reads standard input.")
    ] = None,
    date: Annotated[str, typer.Option(metavar="DATE", help="Its own date: 2026-12-03, 2026-12 or 2026.")] = "",
    topic: Annotated[Optional[list[str]], typer.Option(metavar="ID", help="What it is about; may be repeated.")] = None,
    source: Annotated[str, typer.Option(metavar="ID", help="A source of kind editor; left out: the only one.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="Event: day and time, '2026-12-03 19:00'.")] = "",
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Event: whose clock shows that, Europe/London.")] = "",
    city: Annotated[str, typer.Option(metavar="CITY", help="Event: the same by a city, London.")] = "",
    join: Annotated[str, typer.Option(metavar="URL", help="Event: where one takes part.")] = "",
    speaker: Annotated[
        Optional[list[str]],
        typer.Option(metavar="NAME", help="Event: who speaks, 'Ada Example (GB)'; may be repeated."),
    ] = None,
    file: Annotated[str, typer.Option(metavar="URL", help="Recording: the sound or film itself.")] = "",
    type_: Annotated[str, typer.Option("--type", metavar="TYPE", help="Recording: its type, audio/mpeg.")] = "",
    length: Annotated[str, typer.Option(metavar="BYTES", help="Recording: its size.")] = "",
    duration: Annotated[str, typer.Option(metavar="TIME", help="Recording: how long it plays, 58:58.")] = "",
    number: Annotated[str, typer.Option(metavar="NUMBER", help="Figure: the number, 52,000.")] = "",
    unit: Annotated[str, typer.Option(metavar="WORDS", help="Figure: of what, 'people with MS'.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Add an entry that an editor types.

    The same address and title again, or nearly so, change the entry. What is found in the text (identifiers, topics,
    conflicts of interest) is found as in every other entry.
    """
    words = typed_text(text, text_file, option="--text-file")
    typed = Typed(
        kind=kind, title=title, url=url, text=words, date=date, topics=tuple(topic or ()), at=at,
        zone=zone, city=city, join=join, speakers=tuple(speaker or ()), file=file, type=type_, length=length,
        duration=duration, number=number, unit=unit,
    )  # fmt: skip
    with opened(context) as app:
        try:
            added = app.add(typed, source_id=source)
        except TypedError as error:
            raise typer.BadParameter(_by_option(error, typed)) from None
    if as_json:
        shown.print_json(entry_document(added.entry) | {"change": added.change})
        return
    what = {"new": "Added", None: "Nothing is different about"}.get(added.change, "Changed")
    shown.out().print(f"{what} {added.entry.kind} {added.entry.id}: {added.entry.title}")


def _by_option(error: TypedError, typed: Typed) -> str:
    """Return all faults, each on a line with the option that it belongs to."""
    faults = dict(error.faults)
    if "zone" in faults and zone_of(typed.zone):
        faults["zone"] += f", or --city {quote(typed.zone.strip())}"
    return "\n".join(f"--{_OPTIONS.get(field, field)}: {sentence}" for field, sentence in faults.items())
