"""Leaving: a page whose button posts, and the one click of RFC 8058. Reading a page never changes anything.

Link scanners of mail services open every link; therefore only a POST acts. No person's data stands on these pages.
"""

from __future__ import annotations

from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from msdigest.errors import TokenError
from msdigest.steps.subscribing import subscribing
from msdigest.web.bodies import body_of

if TYPE_CHECKING:
    from email.message import Message

    from starlette.requests import Request
    from starlette.responses import Response

    from msdigest.app import App
    from msdigest.web.pages import Pages

LARGEST_BODY = 10_000
_MOST_FIELDS = 20
# RFC 8058, 3.1: the one pair that the request's body holds; our own button sends the same.
_FIELD, _VALUE = "List-Unsubscribe", "One-Click"


class Leaving:
    """The two ways of leaving a digest, under one address."""

    def __init__(self, app: App, pages: Pages) -> None:
        """Take the site."""
        self._app = app
        self._pages = pages

    @property
    def route(self) -> Route:
        """Where links in mails lead."""
        return Route("/leave/{token}", self.leave, methods=["GET", "POST"])

    async def leave(self, request: Request) -> Response:
        """Show the button, or act on it."""
        try:
            subscriber, digest = await run_in_threadpool(self._read, request.path_params["token"])
        except TokenError as error:
            return await self._sentence("This link does not work", str(error), status=404)
        title = self._app.digest(digest).title
        if request.method != "POST":
            return await run_in_threadpool(self._pages.answer, "web/leave.html.jinja", digest=title)
        body = await body_of(request, most=LARGEST_BODY)
        if body is None:
            return await self._sentence("Nothing was changed", "What was sent is too large.", status=413)
        if not _asks(body, request.headers.get("content-type", "")):
            sentence = "To leave, open the link in your mail again and press the button."
            return await self._sentence("Nothing was changed", sentence, status=400)
        return await run_in_threadpool(self._end, subscriber, digest, title)

    def _read(self, token: str) -> tuple[str, str]:
        digests = [digest.id for digest in self._app.settings.digests]
        return self._app.vault.read(token, purpose="leave", digests=digests)

    def _end(self, subscriber: str, digest: str, title: str) -> Response:
        ended, _ = subscribing.leave(self._app.database, self._app.clock, subscriber=subscriber, digest=digest)
        if ended == 0:
            sentence = "This subscription had already ended, or it is not known here."
            return self._pages.sentence("Nothing was changed", sentence, status=410)
        return self._pages.answer("web/left.html.jinja", digest=title)

    async def _sentence(self, title: str, sentence: str, *, status: int) -> Response:
        return await run_in_threadpool(self._pages.sentence, title, sentence, status=status)


def _asks(body: bytes, content_type: str) -> bool:
    """Tell whether a form, of either encoding, says ``List-Unsubscribe=One-Click``."""
    if content_type.lower().startswith("multipart/form-data"):
        head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
        form = BytesParser().parsebytes(head + body)
        return any(_is_the_pair(part) for part in form.walk())
    try:
        fields = parse_qsl(body.decode("ascii", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:  # more fields than any form of ours
        return False
    return (_FIELD, _VALUE) in fields


def _is_the_pair(part: Message) -> bool:
    content = part.get_payload(decode=True)
    named = part.get_param("name", header="content-disposition") == _FIELD
    return named and isinstance(content, bytes) and content.strip() == _VALUE.encode()
