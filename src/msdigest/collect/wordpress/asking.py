"""Asks the REST interface of a WordPress site: addresses, lists of many pages, and what a site keeps closed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from msdigest.collect.wordpress.rows import PER_PAGE
from msdigest.errors import AnswerError, StatusError
from msdigest.model import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msdigest.model.source import Source
    from msdigest.ports import Http, Reply, Sandbox

API = "/wp-json/wp/v2"
# What a site answers that has closed a part of its interface, or never had it.
CLOSED = frozenset({401, 403, 404, 410})
_PAST_THE_END = 400


class Listed(Protocol):
    """What a reader makes of one page of a list; ``told``: the length of the page as the site gave it."""

    @property
    def told(self) -> int:
        """Return how many rows the page has."""
        ...


Found = TypeVar("Found", bound=Listed)


@dataclass(frozen=True, slots=True)
class Page(Generic[Found]):
    """One page of a list; ``pages``: how many there are, as far as is known by now."""

    found: Found
    pages: int


@dataclass(frozen=True, slots=True)
class Site:
    """A WordPress site as one visit asks it; ``warnings`` gathers what the editor is told."""

    source: Source
    http: Http
    sandbox: Sandbox
    warnings: list[str] = field(default_factory=list)

    @property
    def home(self) -> str:
        """The address of the site, without a slash at its end."""
        return self.source.url.rstrip("/")

    def address(self, route: str, *query: tuple[str, object]) -> str:
        """Return where ``route`` of the REST interface is asked; the API's own address may carry a query."""
        api = str(self.source.options.get("api", API))
        root = (api if "://" in api else f"{self.home}/{api.lstrip('/')}").rstrip("/")
        return f"{root}/{route}{'&' if '?' in root else '?'}{urlencode(query, safe=',:')}"

    def listed(
        self, route: str, *query: tuple[str, object], read: Callable[..., Found], more: tuple[object, ...] = ()
    ) -> Iterator[Page[Found]]:
        """Ask for a list page by page, each read by ``read(body, url, *more)``; the caller may stop at any.

        Raises AnswerError if the list shrinks while it is read: rows would have slipped through between two pages.
        """
        number, pages = 0, 1
        total: int | None = None
        while number < pages:
            number += 1
            url = self.address(route, ("per_page", PER_PAGE), ("page", number), *query)
            reply = self.http.get(url, accept="application/json")
            if number > 1 and reply.status == _PAST_THE_END:
                return
            _refuse(reply, url)
            before, total = total, _told(reply, "x-wp-total")
            if before is not None and total is not None and total < before:
                message = f"{_bare(url)} changed while it was read; nothing was kept, the next visit asks again"
                raise AnswerError(message)
            found = self.sandbox.run(read, reply.body, url, *more)
            told = _told(reply, "x-wp-totalpages")
            # Some proxies strip the header: then a full page may have another after it.
            pages = told if told is not None else number + (found.told >= PER_PAGE)
            yield Page(found, pages)

    def first(
        self, route: str, *query: tuple[str, object], read: Callable[..., Found], more: tuple[object, ...] = ()
    ) -> Found | None:
        """Ask for the first page of a list that the site may keep closed: None then."""
        try:
            return next(self.listed(route, *query, read=read, more=more)).found
        except StatusError as error:
            if error.status not in CLOSED:
                raise
            return None


def _refuse(reply: Reply, url: str) -> None:
    if reply.status in CLOSED:
        message = (
            f"{_bare(url)} answered {reply.status}: WordPress's REST interface is not open there; "
            "set the source's api, or read the site's feed with kind = \"feed\""
        )
        raise StatusError(reply.status, message, retry_after=answers.retry_after(reply.headers))
    answers.refuse_unless_ok(reply.status, reply.headers, reply.body, url=_bare(url))


def _bare(url: str) -> str:
    return re.sub(r"[?&](?:per_page|page)=.*", "", url)


def _told(reply: Reply, header: str) -> int | None:
    told = reply.headers.get(header, "").strip()
    return int(told) if re.fullmatch(r"[0-9]{1,9}", told) else None
