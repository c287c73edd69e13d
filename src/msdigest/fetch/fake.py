"""The fake of ``Network``: answers from a script, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msdigest.errors import FetchError, UnreachableError
from msdigest.fetch.headers import request_headers
from msdigest.fetch.manners import USUAL, Manners, Visit
from msdigest.ports import NO_VALIDATORS, Failure, Reply, Request

if TYPE_CHECKING:
    from msdigest.model.source import Source, Validators
    from msdigest.ports import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One ``get``, or with a ``body`` one ``post``.

    headers: the ones that a real server would see differ, names in lower case.
    """

    url: str
    headers: Mapping[str, str]
    source_url: str | None = None
    body: bytes | None = None


Page = Reply | FetchError | Callable[[Asked], Reply]
Endpoint = Reply | Failure | Callable[[Request], Reply | Failure]


@dataclass(slots=True)
class FakeHttp:
    """Answers by address; what is not in the script cannot be reached.

    pages: for ``get`` and ``post``; an error is raised, a function is called (and may raise a FetchError).
    endpoints: for ``send``, in the same manner.
    asked, sent: what happened, in order.
    """

    pages: dict[str, Page] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list, init=False)
    sent: list[Request] = field(default_factory=list, init=False)

    def visiting(self, source: Source) -> Http:
        """Return the network as the collector of ``source`` sees it."""
        return Visit(self, Manners(source_url=source.url))

    def get(
        self,
        url: str,
        *,
        validators: Validators = NO_VALIDATORS,
        accept: str = "*/*",
        manners: Manners = USUAL,
    ) -> Reply:
        """Give the scripted answer for ``url``."""
        headers = request_headers(validators, accept=accept)
        return self._answer(Asked(url=url, headers=headers, source_url=manners.source_url))

    def post(self, url: str, *, body: bytes, content_type: str, accept: str = "*/*", manners: Manners = USUAL) -> Reply:
        """Give the scripted answer for ``url``."""
        headers = {**request_headers(NO_VALIDATORS, accept=accept), "content-type": content_type}
        return self._answer(Asked(url=url, headers=headers, source_url=manners.source_url, body=body))

    def _answer(self, call: Asked) -> Reply:
        url = call.url
        self.asked.append(call)
        page = self.pages.get(url) or UnreachableError(url, "the script has no answer for this address")
        if isinstance(page, FetchError):
            raise page
        return page if isinstance(page, Reply) else page(call)

    def send(self, request: Request, *, timeout: float = 60.0) -> Reply | Failure:  # noqa: ARG002 - no time passes
        """Give the scripted answer for the request's address."""
        self.sent.append(request)
        answer = self.endpoints.get(request.url) or Failure("no", "the script has no answer for this address")
        return answer if isinstance(answer, Reply | Failure) else answer(request)
