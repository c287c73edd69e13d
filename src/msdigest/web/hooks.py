"""Webhooks: where the mail provider tells what became of messages.

Nothing is parsed before it is proven who posted it, and nobody is told why a call is not taken. There is no page here:
an answer is a status, which says whether the provider should tell it again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from msdigest.errors import HookError, ProviderError, StoreError, UnreadableError
from msdigest.ports import Audible, Posted
from msdigest.web.bodies import body_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from msdigest.app import App

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# What a provider documents as "this need not be told again"; to the others a success says it.
_ENOUGH = {"mailgun": 406}


class Hooks:
    """The one provider's webhook."""

    def __init__(self, app: App) -> None:
        """Take the site; it has a webhook if its provider tells anything."""
        self._app = app
        provider = app.provider
        self._name = provider.name if isinstance(provider, Audible) else ""

    @property
    def route(self) -> Route:
        """Where providers post; any other name than the one in use is a page that does not exist."""
        return Route("/hooks/{provider}", self.take, methods=_METHODS)

    async def take(self, request: Request) -> Response:
        """Answer a call by its status alone."""
        if not self._name or request.path_params["provider"] != self._name:
            raise HTTPException(404)
        if request.method != "POST":
            return _said(405, Allow="POST")
        body = await body_of(request, most=LARGEST_BODY)
        if body is None:
            return _said(413)
        posted = Posted(headers=dict(request.headers), body=body)
        return _said(await run_in_threadpool(self._status, posted))

    def _status(self, posted: Posted) -> int:
        try:
            hearing = self._app.hear(posted)
        except UnreadableError:
            return 400
        except HookError as error:
            log.info("webhook refused provider=%s %s", self._name, type(error).__name__)
            return 403
        except (ProviderError, StoreError) as error:
            log.error("webhook not taken provider=%s: %s", self._name, error)  # noqa: TRY400  # its sentence says it all
            return 503
        if not hearing.confirmed:
            return 503
        return _ENOUGH.get(self._name, 200) if hearing.repeated else 200


def _said(status: int, **headers: str) -> Response:
    return Response(status_code=status, headers={"Cache-Control": "no-store", **headers})
