"""The fake of ``Http``: answers from a script, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msdigest.errors import FetchError, UnreachableError
from msdigest.fetch.headers import request_headers
from msdigest.ports import NO_VALIDATORS, Failure, Reply, Request

if TYPE_CHECKING:
    from msdigest.model.source import Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One ``get``.

    headers: the ones that a real server would see differ, names in lower case.
    """

    url: str
    headers: Mapping[str, str]
    source_url: str | None = None


Page = Reply | FetchError | Callable[[Asked], Reply]
Endpoint = Reply | Failure | Callable[[Request], Reply | Failure]


@dataclass(slots=True)
class FakeHttp:
    """Answers by address; what is not in the script cannot be reached.

    pages: for ``get``; an error is raised, a function is called (and may raise a FetchError).
    endpoints: for ``send``, in the same manner.
    asked, sent: what happened, in order.
    """

    pages: dict[str, Page] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list, init=False)
    sent: list[Request] = field(default_factory=list, init=False)

    def get(
        self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "*/*", source_url: str | None = None
    ) -> Reply:
        """Give the scripted answer for ``url``."""
        call = Asked(url=url, headers=request_headers(validators, accept=accept), source_url=source_url)
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
