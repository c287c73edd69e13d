"""The editors' pages on loopback: issues, each message as it is sent, sources, and a form for entries.

They have no provider and cannot send.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route

from msdigest.errors import RefusedError, TemplateError
from msdigest.store import deliveries as delivery_store
from msdigest.store import doubts
from msdigest.store import issues as issue_store
from msdigest.web.adding import AddingPage
from msdigest.web.desk.changed import Changed
from msdigest.web.desk.page import IssuePage, moment
from msdigest.web.desk.saved import Saved
from msdigest.web.feeds import Files, answer
from msdigest.web.forms import Token
from msdigest.web.hardening import EDITOR_HEADERS, MESSAGE_POLICY, Hardened, LoopbackOnly
from msdigest.web.pages import Pages, trouble
from msdigest.web.sources import SourcesPage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from msdigest.app import App
    from msdigest.model.delivery import Account
    from msdigest.model.issue import Issue
    from msdigest.store.database import Transaction

_STYLES = ("style/site.css", "style/editor.css", "style/editor.js")
_NEWEST = 50


def editor_app(app: App, *, config: Path | None = None) -> Starlette:
    """Return what ``preview`` answers with. It answers this machine alone: bind it to loopback.

    config: the file ``msdigest.toml`` that the site was read from; it is read again when it is saved.
    Raises VaultError at once if the keys are not the database's.
    """
    _ = app.vault
    pages, token = Pages(app), Token()
    saved = Saved(app, (config or app.settings.config_dir / "msdigest.toml").absolute())
    desk = _Desk(app, pages)
    return Starlette(
        routes=[
            Route("/", desk.issues),
            *IssuePage(app, pages, saved, token).routes,
            Route("/changed", Changed(saved).answer),
            Route("/sources", SourcesPage(app, pages).show),
            AddingPage(app, pages, token).route,
            *(Route(f"/{name}", desk.style) for name in _STYLES),
        ],
        middleware=[Middleware(Hardened, headers=EDITOR_HEADERS), Middleware(LoopbackOnly)],
        exception_handlers={
            HTTPException: desk.error,
            RefusedError: desk.refused,
            TemplateError: desk.template,
            Exception: desk.trouble,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An issue in the list. evidence: what is known of calls that ended in doubt, each sentence once."""

    issue: Issue
    digest: str
    due: str
    account: Account | None
    evidence: Sequence[str] = ()


class _Desk:
    def __init__(self, app: App, pages: Pages) -> None:
        self._app = app
        self._pages = pages
        self._files = Files(Path())

    def issues(self, _request: Request) -> Response:
        with self._app.database.reading() as connection:
            found = issue_store.find(connection)
            rows = [self._row(connection, issue) for issue in found[:_NEWEST]]
        return self._pages.answer("web/editor-issues.html.jinja", here="issues", rows=rows, total=len(found))

    def _row(self, connection: Transaction, issue: Issue) -> Row:
        account = delivery_store.account(connection, issue.id) if issue.provider else None
        calls = doubts.open_ones(connection, issue=issue.id) if account and account.unknown else ()
        return Row(
            issue=issue,
            digest=self._title(issue),
            due=moment(issue.due_at),
            account=account,
            evidence=list(dict.fromkeys(each.evidence for each in calls if each.evidence)),
        )

    def style(self, request: Request) -> Response:
        found = self._files.read(Path(self._app.templates.path(request.url.path.removeprefix("/"))))
        return self._pages.error(404) if found is None else answer(found, request.headers)

    def refused(self, _request: Request, error: Exception) -> Response:
        return self._sentence("This cannot be shown", str(error), status=404)

    def template(self, _request: Request, error: Exception) -> Response:
        """Answer without any template: it may be the page's own that is broken."""
        page = (
            '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>A template cannot be used</title>'
            f"<h1>A template cannot be used</h1><p>{escape(str(error))}</p>"
            "<p>Mend it and load this page again.</p></html>\n"
        )
        # It may be answered where a frame asks for a message.
        return HTMLResponse(page, status_code=500, headers={"Content-Security-Policy": MESSAGE_POLICY})

    def error(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = getattr(error, "headers", None)
        return self._sentence("This cannot be shown", "There is no such page here.", status=status, headers=headers)

    def trouble(self, _request: Request, _error: Exception) -> Response:
        return trouble(EDITOR_HEADERS)

    def _sentence(
        self, title: str, sentence: str, *, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        return self._pages.answer(
            "web/editor-message.html.jinja", status=status, headers=headers, title=title, sentence=sentence
        )

    def _title(self, issue: Issue) -> str:
        digest = self._app.settings.digest(issue.digest)
        return digest.title if digest else issue.digest
