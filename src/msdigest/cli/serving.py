"""The web server behind ``preview``, ``serve`` and ``run``; loaded only by commands that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import uvicorn

from msdigest.web.editor import editor_app
from msdigest.web.site import public_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from msdigest.app import App

# Seconds that open requests may take to end when the process is asked to stop.
_LAST_REQUESTS = 2


class Server(uvicorn.Server):
    """A server that can be asked to end, from a signal handler too."""

    def end(self) -> None:
        """Let open requests end and answer no more; may be called before it runs."""
        self.should_exit = True


def editors_server(app: App, *, config: Path | None) -> Server:
    """Make the server of the editors' page; ``config``: the file that is read again when saved."""
    return _server(editor_app(app, config=config))


def public_server(app: App) -> Server:
    """Make the server of feeds, pages and the ways of leaving."""
    return _server(public_app(app))


def _server(application: Callable[..., Any]) -> Server:
    config = uvicorn.Config(
        application,
        # Paths hold people's tokens: they are never written down.
        access_log=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=_LAST_REQUESTS,
        server_header=False,
    )
    return Server(config)
