"""The page of one issue: its outline, a message as it is sent, what the checks find, and the approvals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route

from msdigest.errors import RefusedError, TemplateError
from msdigest.web import preview
from msdigest.web.desk import message as messages
from msdigest.web.desk.acting import DONE, Acts
from msdigest.web.desk.checks import Checks
from msdigest.web.desk.editions import Editions
from msdigest.web.desk.looks import Look
from msdigest.web.desk.outline import hidden, outline
from msdigest.web.desk.schemes import forced
from msdigest.web.forms import STALE, Unfit, form_of
from msdigest.web.hardening import DESK_HEADERS, MESSAGE_POLICY
from msdigest.words import date_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from msdigest.app import App
    from msdigest.model.issue import Issue
    from msdigest.web.desk.editions import Edition
    from msdigest.web.desk.saved import Saved
    from msdigest.web.forms import Token
    from msdigest.web.pages import Pages
    from msdigest.web.preview import Preview

# Digits beyond this no database counts, and some refuse to be asked for.
_LAST_NUMBER = 2**31 - 1
_NUMBER = re.compile("[0-9]{1,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the page says about what was sent: done, with which entry; or why not, and what was typed."""

    done: str = ""
    at: str = ""
    trouble: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None

    def words(self, titles: Mapping[str, str]) -> str:
        if self.done not in DONE:
            return ""
        title = titles.get(self.at)
        return f"{DONE[self.done]}: {title}" if title else f"{DONE[self.done]}."


class IssuePage:
    """Shows an issue and takes what an editor does to it."""

    def __init__(self, app: App, pages: Pages, saved: Saved, token: Token) -> None:
        """Take the site, what tells that something was saved, and the ``token`` of this process's forms."""
        self._app = app
        self._pages = pages
        self._saved = saved
        self._token = token
        self._editions = Editions(app, saved)
        self._checks = Checks(app, saved)
        self._acts = Acts(app, self._editions, self._checks)

    @property
    def routes(self) -> list[Route]:
        """Where the page is, its messages alone, and where its forms are sent."""
        return [
            Route("/issue/{id}", self.show),
            Route("/issue/{id}/html", self.html),
            Route("/issue/{id}/text", self.text),
            Route("/issue/{id}/edit", self.act, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """Answer with the page."""
        issue = self._issue(request)
        query = request.query_params
        return self._page(issue, Look.of(query), _Said(done=query.get("done", ""), at=query.get("at", "")))

    def html(self, request: Request) -> Response:
        """Answer with the HTML part of a message: byte for byte, unless a colour scheme is asked for."""
        look = Look.of(request.query_params)
        shown = preview.preview(self._app, self._edition(request), look.wanted)
        return HTMLResponse(forced(shown.html, look.scheme), headers={"Content-Security-Policy": MESSAGE_POLICY})

    def text(self, request: Request) -> Response:
        """Answer with the plain-text part of a message."""
        shown = preview.preview(self._app, self._edition(request), Look.of(request.query_params).wanted)
        return PlainTextResponse(shown.text, headers={"Content-Security-Policy": MESSAGE_POLICY})

    async def act(self, request: Request) -> Response:
        """Take a form of the page."""
        told = await form_of(request)
        return await run_in_threadpool(self._take, request, told)

    def _take(self, request: Request, told: dict[str, str] | Unfit) -> Response:
        if isinstance(told, Unfit):
            return self._pages.answer(
                "web/editor-message.html.jinja",
                status=told.status,
                title="Nothing was changed",
                sentence=told.sentence,
            )
        issue, look = self._issue(request), Look.of(dict(parse_qsl(told.get("back", ""))))
        if not self._token.fits(told):
            return self._page(issue, look, _Said(trouble=STALE, told=told, status=403))
        try:
            act = self._acts.act(issue, told)
        except (RefusedError, TemplateError) as error:
            return self._page(self._app.issue(issue.id), look, _Said(trouble=str(error), told=told, status=409))
        at = {"at": act.entry} if act.entry else {}
        address = look.address(f"/issue/{issue.id}", act.fragment, done=act.done, **at)
        return RedirectResponse(address, status_code=303)

    def _edition(self, request: Request) -> Edition:
        return self._editions.of(self._issue(request))

    def _issue(self, request: Request) -> Issue:
        number = request.path_params["id"]
        if not _NUMBER.fullmatch(number) or int(number) > _LAST_NUMBER:
            raise HTTPException(404)
        self._saved.refresh()
        return self._app.issue(int(number))

    def _page(self, issue: Issue, look: Look, said: _Said) -> Response:
        stamp, edition = self._saved.stamp(), self._editions.of(issue)
        shown = messages.message(self._app, edition, look)
        first, digest = shown.first, edition.digest
        parts, unseen = outline(edition, first.choice.entries if first else None), hidden(edition)
        titles = {line.entry: line.title for part in parts for line in part.lines}
        titles |= {line.entry: line.title for line in unseen}
        return self._pages.answer(
            "web/editor-issue.html.jinja",
            status=said.status or (404 if shown.refusals and not shown.sides else 200),
            headers=DESK_HEADERS,
            issue=issue,
            digest=digest.title if digest else issue.digest,
            look=look,
            stamp=stamp,
            token=self._token.value,
            back=look.address("").removeprefix("?"),
            told=said.told,
            trouble=said.trouble,
            said=said.words(titles),
            shown=shown,
            ways=messages.ways(look),
            limit=messages.limit(),
            people=self._people(issue, look, first),
            listed=preview.LISTED,
            variants=edition.variants,
            alone=look.but(other=None).address("", "message"),
            faults=self._saved.faults,
            parts=parts,
            hidden=unseen,
            editable=issue.state == "draft" and digest is not None,
            gone=digest is None,
            checked=self._checks.of(issue, look),
            required=digest.approval if digest else 0,
            facts=_facts(issue, first),
        )

    def _people(self, issue: Issue, look: Look, shown: Preview | None) -> list[preview.Reader]:
        people = preview.readers(self._app, issue)
        asked = {wanted.who for wanted in (look.wanted, look.other) if wanted is not None and wanted.is_person}
        others = asked - {reader.who for reader in people}
        return people + [preview.Reader(who, who[:8]) for who in sorted(others) if shown is not None]


def _facts(issue: Issue, shown: Preview | None) -> list[tuple[str, str]]:
    facts = [("State", issue.state), ("Entries until", moment(issue.cut_off)), ("Due", moment(issue.due_at))]
    if shown is not None:
        more = f", {shown.choice.more} more on the web" if shown.choice.more else ""
        facts += [
            ("In this message", f"{len(shown.choice.entries)} of {len(issue.entries)} entries{more}"),
            ("Variant", shown.variant),
            ("HTML part", f"{len(shown.html.encode()):,} bytes"),
            ("Whole source", f"{len(shown.source):,} bytes"),
        ]
    return [*facts, ("Hash", issue.hash[:16])]


def moment(when: datetime) -> str:
    """Tell an instant on the clock of Greenwich."""
    return f"{date_words(when, 'minute')}, {when:%H:%M} UTC"
