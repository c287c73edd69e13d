"""Commands that stay: preview, serve, run."""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from msdigest.cli import shown
from msdigest.cli.context import config_path, opened
from msdigest.cli.stopping import CALLS_END_FIRST, stoppable
from msdigest.errors import RefusedError
from msdigest.steps.delivering import delivering
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from msdigest.app import App
    from msdigest.engines.local import LocalEngine

LOOPBACK = "127.0.0.1"
PREVIEW_PORT = 8025
PUBLIC_PORT = 8080
# Seconds that the running task may take to end when the process is asked to stop, after open requests did.
_LAST_TASK = 2.0
# Seconds more for a call of the provider: cut off, its people are unknown until the next start has asked about them.
_LAST_CALL = 2.5

Port = Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Where it listens; 0: any free port.")]
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Who can reach it; 0.0.0.0: every network of this machine.")]


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("preview", epilog="Example: msdigest preview --port 8025")(preview)
    cli.command("serve", epilog="Example: msdigest serve --host 0.0.0.0 --port 8080")(serve)
    cli.command("run", epilog="Example: msdigest run --port 8080")(run)


def preview(context: typer.Context, port: Port = PREVIEW_PORT) -> None:
    """Serve the editors' page on this machine only.

    It has no provider and cannot send. Ctrl-C ends it.
    """
    with opened(context) as app:
        serve_preview(app, port, config=config_path(context))


def serve_preview(app: App, port: int, *, config: Path | None = None) -> None:
    """Serve the editors' page of an open site until interrupted; ``config``: the file that is read again when saved."""
    with _door(LOOPBACK, port) as door:
        server = _serving().editors_server(app, config=config)
        with stoppable(server.end):
            shown.notes().print(f"Preview: {_address(door)} (Ctrl-C ends it)")
            server.run(sockets=[door])


def serve(context: typer.Context, host: Host = LOOPBACK, port: Port = PUBLIC_PORT) -> None:
    """Serve feeds, pages and the ways of leaving.

    It neither collects nor sends: `msdigest run` does all of it in one process. Ctrl-C ends it.
    """
    with opened(context) as app, _door(host, port) as door:
        server = _serving().public_server(app)
        with stoppable(server.end):
            shown.notes().print(f"Serving {_address(door)} (Ctrl-C ends it)")
            server.run(sockets=[door])


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do everything that is due, deliver, and end; no web.")] = False,
    host: Host = LOOPBACK,
    port: Port = PUBLIC_PORT,
) -> None:
    """Do everything on time: what an operator starts.

    Collects, composes, delivers and publishes on time, and serves feeds and pages. Ctrl-C ends it.
    """
    with opened(context) as app, app.database.alone():
        _ = app.vault  # refused now, not at the first delivery, if its keys are missing or others'
        unknown = app.recover()
        if unknown:
            shown.notes().print(
                f"{shown.counted(unknown, 'delivery', 'deliveries')} unknown: a process ended while the provider was "
                "being called. The provider is asked about them; `msdigest reconcile` tells what it says."
            )
        if once:
            _once(app)
        else:
            _stay(app, host=host, port=port)


def _once(app: App) -> None:
    engine, before = app.engine(), _issue_states(app)
    with stoppable(app.delivery.stop, say=CALLS_END_FIRST) as stop:
        ran = engine.ring_all()
        app.deliver()
        app.publish()
        delivering.finish(app.database, app.clock)
    shown.out().print(f"Ran {', '.join(ran) or 'nothing: nothing was due'}.")
    for issue, state in _issue_states(app).items():
        if state == "sending" or state != before.get(issue):
            counts = [f"{count} {word}" for word, count in asdict(app.account(issue)).items() if count]
            shown.out().print(f"Issue {issue} is {state}: {', '.join(counts) or 'nobody gets it yet'}.")
    if stop.asked:
        message = "stopped before everything was done: the next run takes it up"
        raise RefusedError(message)
    if engine.errors:
        task, error = next(iter(engine.errors.items()))
        others = f" (and {len(engine.errors) - 1} more)" if len(engine.errors) > 1 else ""
        message = f"task {task} failed: {error}{others}"
        raise RefusedError(message)


def _issue_states(app: App) -> dict[int, str]:
    with app.database.reading() as connection:
        return {issue.id: issue.state for issue in issue_store.find(connection)}


def _stay(app: App, *, host: str, port: int) -> None:
    with _door(host, port) as door:
        server = _serving().public_server(app)
        engine = app.engine()
        with stoppable(app.delivery.stop, server.end):
            engine.start()
            shown.notes().print(
                "Running: collects, composes and mails on time; `msdigest -v run` shows what happens.\n"
                f"Serving {_address(door)} (Ctrl-C ends it)"
            )
            server.run(sockets=[door])
            _end(app, engine)


def _end(app: App, engine: LocalEngine) -> None:
    """Let the running task end for a moment, and a call of the provider for as long as it may take."""
    app.delivery.stop()
    ending = threading.Thread(target=engine.stop, daemon=True)
    ending.start()
    ending.join(_LAST_TASK)
    if ending.is_alive() and _in_flight(app):
        shown.notes().print("Waiting for the provider's answer (Ctrl-C: no longer) …")
        ending.join(_LAST_CALL)
    if ending.is_alive():
        shown.notes().print("A task was cut off; the next start takes it up.")
        sys.stderr.flush()
        # Its threads cannot be stopped, and the interpreter would wait for them.
        os._exit(0)


def _in_flight(app: App) -> int:
    with app.database.reading() as connection:
        sending = issue_store.find(connection, states=("sending",))
    return sum(app.account(issue.id).in_flight for issue in sending)


@contextmanager
def _door(host: str, port: int) -> Iterator[socket.socket]:
    """Listen before anything is begun; raises RefusedError if that place is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        message = f"{host}, port {port}: cannot listen there ({reason}): choose another with --port"
        raise RefusedError(message) from None
    with door:
        yield door


def _address(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _serving() -> ModuleType:
    from msdigest.cli import serving  # noqa: PLC0415  # a web server is much to load, and most commands have none

    return serving
