"""The public application: feeds, pages, the ways of leaving, and where the mail provider tells of messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from msdigest.web.feeds import Files, Moved, answer
from msdigest.web.hardening import PUBLIC_HEADERS, Hardened
from msdigest.web.hooks import Hooks
from msdigest.web.pages import Pages, trouble
from msdigest.web.public import Leaving

if TYPE_CHECKING:
    from starlette.requests import Request

    from msdigest.app import App

_STYLESHEET = "style/site.css"


def public_app(app: App) -> Starlette:
    """Return what ``serve`` and ``run`` answer with; ``app`` stays open as long as it is used.

    Raises VaultError at once if the keys are not the database's: links in mails could not be honoured. Whoever runs
    it must not log paths: those of leaving carry tokens.
    """
    _ = app.vault
    pages = Pages(app)
    front = _Front(app, pages)
    return Starlette(
        routes=[
            Leaving(app, pages).route,
            Hooks(app).route,
            Route(f"/{_STYLESHEET}", front.stylesheet),
            Route("/{path:path}", front.published),
        ],
        middleware=[Middleware(Hardened, headers=PUBLIC_HEADERS)],
        exception_handlers={HTTPException: front.error, Exception: front.trouble},
    )


class _Front:
    """Answers with what is published, and with what can be said where nothing is."""

    def __init__(self, app: App, pages: Pages) -> None:
        self._app = app
        self._pages = pages
        self._files = Files(app.settings.public)

    def published(self, request: Request) -> Response:
        found = self._files.find(request.path_params["path"])
        if found is None:
            return self._pages.error(404)
        if isinstance(found, Moved):
            return Response(status_code=301, headers={"Location": found.to, "Cache-Control": "public, max-age=300"})
        return answer(found, request.headers)

    def stylesheet(self, request: Request) -> Response:
        """Answer with the stylesheet of the templates: leaving looks right before anything was published."""
        found = self._files.read(Path(self._app.templates.path(_STYLESHEET)))
        return self._pages.error(404) if found is None else answer(found, request.headers)

    def error(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._pages.error(status, headers=getattr(error, "headers", None))

    def trouble(self, _request: Request, _error: Exception) -> Response:
        return trouble(PUBLIC_HEADERS)
