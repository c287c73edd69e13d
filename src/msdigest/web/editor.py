"""The editors' pages on loopback: issues, each message as it is sent, sources, and a form for entries.

They have no provider and cannot send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from msdigest.errors import RefusedError
from msdigest.render.email import SIZE_LIMIT
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store
from msdigest.web import preview
from msdigest.web.adding import AddingPage
from msdigest.web.feeds import Files, answer
from msdigest.web.hardening import EDITOR_HEADERS, MESSAGE_POLICY, Hardened, LoopbackOnly
from msdigest.web.pages import Pages, trouble
from msdigest.web.sources import SourcesPage
from msdigest.words import date_words, number_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.requests import Request

    from msdigest.app import App
    from msdigest.model.delivery import Account
    from msdigest.model.issue import Issue
    from msdigest.web.preview import Preview

WIDTHS = (375, 600)
_STYLES = ("style/site.css", "style/editor.css")
_NEWEST = 50
# Digits beyond this no database counts, and some refuse to be asked for.
_LAST_NUMBER = 2**31 - 1
_NUMBER = re.compile("[0-9]{1,10}")


def editor_app(app: App) -> Starlette:
    """Return what ``preview`` answers with. It answers this machine alone: bind it to loopback.

    Raises VaultError at once if the keys are not the database's.
    """
    _ = app.vault
    pages = Pages(app)
    desk = _Desk(app, pages)
    return Starlette(
        routes=[
            Route("/", desk.issues),
            Route("/issue/{id}", desk.issue),
            Route("/issue/{id}/html", desk.html),
            Route("/issue/{id}/text", desk.text),
            Route("/sources", SourcesPage(app, pages).show),
            AddingPage(app, pages).route,
            *(Route(f"/{name}", desk.stylesheet) for name in _STYLES),
        ],
        middleware=[Middleware(Hardened, headers=EDITOR_HEADERS), Middleware(LoopbackOnly)],
        exception_handlers={HTTPException: desk.error, RefusedError: desk.refused, Exception: desk.trouble},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An issue in the list."""

    issue: Issue
    digest: str
    due: str
    account: Account | None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the outline; ``held`` = it is in the message."""

    title: str
    held: bool


@dataclass(frozen=True, slots=True)
class Width:
    """A choice of how wide the message is shown."""

    words: str
    address: str
    chosen: bool


class _Desk:
    def __init__(self, app: App, pages: Pages) -> None:
        self._app = app
        self._pages = pages
        self._files = Files(Path())

    def issues(self, _request: Request) -> Response:
        with self._app.database.reading() as connection:
            found = issue_store.find(connection)
            rows = [
                Row(
                    issue=issue,
                    digest=self._title(issue),
                    due=_moment(issue.due_at),
                    account=delivery_store.account(connection, issue.id) if issue.provider else None,
                )
                for issue in found[:_NEWEST]
            ]
        return self._pages.answer("web/editor-issues.html.jinja", here="issues", rows=rows, total=len(found))

    def issue(self, request: Request) -> Response:
        issue, who = self._asked(request)
        shown: Preview | None = None
        refusal, status = "", 200
        try:
            shown = preview.preview(self._app, issue, who)
        except RefusedError as error:
            refusal, status = str(error), 404
        people = preview.readers(self._app, issue)
        if who not in {reader.who for reader in people} and shown is not None and who != preview.EVERYTHING:
            people.append(preview.Reader(who, who[:8]))
        width = request.query_params.get("width", "")
        chosen = [each for each in WIDTHS if width == str(each)]
        return self._pages.answer(
            "web/editor-issue.html.jinja",
            status=status,
            issue=issue,
            digest=self._title(issue),
            shown=shown,
            refusal=refusal,
            who=who,
            people=people,
            listed=preview.LISTED,
            widths=_widths(who, chosen),
            frames=[(each, _address(f"/issue/{issue.id}/html", who=who)) for each in chosen or WIDTHS],
            only_width=chosen[0] if chosen else None,
            html_address=_address(f"/issue/{issue.id}/html", who=who),
            text_address=_address(f"/issue/{issue.id}/text", who=who),
            facts=self._facts(issue, shown),
            outline=self._outline(issue, shown),
        )

    def html(self, request: Request) -> Response:
        shown = preview.preview(self._app, *self._asked(request))
        return HTMLResponse(shown.html, headers={"Content-Security-Policy": MESSAGE_POLICY})

    def text(self, request: Request) -> Response:
        shown = preview.preview(self._app, *self._asked(request))
        return PlainTextResponse(shown.text, headers={"Content-Security-Policy": MESSAGE_POLICY})

    def stylesheet(self, request: Request) -> Response:
        found = self._files.read(Path(self._app.templates.path(request.url.path.removeprefix("/"))))
        return self._pages.error(404) if found is None else answer(found, request.headers)

    def refused(self, _request: Request, error: Exception) -> Response:
        return self._sentence("This cannot be shown", str(error), status=404)

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

    def _asked(self, request: Request) -> tuple[Issue, str]:
        number = request.path_params["id"]
        if not _NUMBER.fullmatch(number) or int(number) > _LAST_NUMBER:
            raise HTTPException(404)
        return self._app.issue(int(number)), request.query_params.get("who") or preview.EVERYTHING

    def _title(self, issue: Issue) -> str:
        digest = self._app.settings.digest(issue.digest)
        return digest.title if digest else issue.digest

    def _facts(self, issue: Issue, shown: Preview | None) -> list[tuple[str, str]]:
        facts = [
            ("State", issue.state),
            ("Entries until", _moment(issue.cut_off)),
            ("Due", _moment(issue.due_at)),
        ]
        if issue.approvals:
            facts.append(("Approved by", ", ".join(issue.approvals)))
        if shown is not None:
            html = len(shown.html.encode())
            facts += [
                ("In this message", f"{len(shown.entries)} of {len(issue.entries)} entries"),
                ("Variant", shown.variant),
                ("HTML part", f"{number_words(html)} bytes (limit {number_words(SIZE_LIMIT)})"),
                ("Whole source", f"{number_words(len(shown.source))} bytes"),
            ]
        return [*facts, ("Hash", issue.hash[:16])]

    def _outline(self, issue: Issue, shown: Preview | None) -> list[tuple[str, list[Line]]]:
        if shown is None:
            return []
        return [
            (title, [Line(shown.titles.get(entry, entry), entry in shown.entries) for entry in entries])
            for title, entries in issue.sections
        ]


def _widths(who: str, chosen: list[int]) -> list[Width]:
    both = Width("Both", _address("", who=who), chosen=not chosen)
    each = [Width(f"{px} px", _address("", who=who, width=px), chosen=px in chosen) for px in WIDTHS]
    return [*each, both]


def _address(path: str, **query: object) -> str:
    return f"{path}?{urlencode(query)}"


def _moment(when: datetime) -> str:
    return f"{date_words(when, 'minute')}, {when:%H:%M} UTC"
