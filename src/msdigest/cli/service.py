"""Commands that stay: preview, serve, run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
import uvicorn

from msdigest.cli import shown
from msdigest.cli.context import opened
from msdigest.steps import delivering
from msdigest.web.editor import editor_app
from msdigest.web.site import public_app

if TYPE_CHECKING:
    from msdigest.app import App

LOOPBACK = "127.0.0.1"
PREVIEW_PORT = 8025
PUBLIC_PORT = 8080
# How long open requests may take to end when the process is asked to stop, in seconds.
_LAST_REQUESTS = 3


def register(cli: typer.Typer) -> None:
    """Add the commands to the door."""
    cli.command("preview", epilog="Example: msdigest preview --port 8025")(preview)
    cli.command("serve", epilog="Example: msdigest serve --host 0.0.0.0 --port 8080")(serve)
    cli.command("run", epilog="Example: msdigest run --once")(run)


def preview(context: typer.Context, port: int = PREVIEW_PORT) -> None:
    """Serve the editors' page on this machine only; it has no provider and cannot send."""
    with opened(context) as app:
        serve_preview(app, port)


def serve_preview(app: App, port: int) -> None:
    """Serve the editors' page of an open site until interrupted."""
    shown.notes().print(f"Preview: http://{LOOPBACK}:{port}/ (Ctrl-C ends it)")
    _server(editor_app(app), host=LOOPBACK, port=port).run()


def serve(context: typer.Context, host: str = LOOPBACK, port: int = PUBLIC_PORT) -> None:
    """Serve feeds, pages and the ways of leaving."""
    with opened(context) as app:
        shown.notes().print(f"Serving http://{host}:{port}/ (Ctrl-C ends it)")
        _server(public_app(app), host=host, port=port).run()


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do everything that is due, deliver, and end.")] = False,
    host: str = LOOPBACK,
    port: int = PUBLIC_PORT,
) -> None:
    """Collect, publish, compose and deliver on time, and serve feeds and pages: what an operator starts."""
    with opened(context) as app, app.database.alone():
        unknown = app.recover()
        if unknown:
            shown.notes().print(
                f"{unknown} deliveries are unknown: a process ended while the provider was being called. "
                "`msdigest deliveries N --state unknown` lists them."
            )
        if once:
            _once(app)
        else:
            _stay(app, host=host, port=port)


def _once(app: App) -> None:
    ran = app.engine().ring_all()
    done = app.deliver()
    app.publish()
    delivering.finish(app.database, app.clock)
    told = ", ".join(f"{count} {state}" for state, count in sorted(done.items())) or "nothing left to deliver"
    shown.out().print(f"Ran {', '.join(ran) or 'nothing'}; {told}.")


def _stay(app: App, *, host: str, port: int) -> None:
    engine = app.engine()
    server = _server(public_app(app), host=host, port=port)
    shown.notes().print(f"Running; serving http://{host}:{port}/ (Ctrl-C ends it)")
    engine.ring_all()
    engine.start()
    try:
        server.run()
    finally:
        app.delivery.stop()
        engine.stop()


def _server(application: Any, *, host: str, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        # Paths hold people's tokens: they are never written down.
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=_LAST_REQUESTS,
        server_header=False,
    )
    return uvicorn.Server(config)
