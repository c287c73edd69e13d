"""Web addresses, and the way from the one that was asked to the one that answered."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from msdigest.errors import RedirectError, UnreachableError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_MOST_HOPS = 5
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535


def web_address(text: str) -> httpx.URL:
    """Read an http or https address, without its fragment; raises UnreachableError for anything else."""
    try:
        url = httpx.URL(text).copy_with(fragment=None)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not is_web(url):
        raise UnreachableError(text, "this is no http or https address")
    return url


def is_web(url: httpx.URL) -> bool:
    """Tell whether ``url`` is an http or https address with a host and a port that can exist; httpx takes any."""
    try:
        host_is_fine = bool(url.host) and "%" not in url.host
    except UnicodeError:  # an IDNAError from httpx, which decodes xn-- hosts when they are asked for, not before
        return False
    return url.scheme in _PORTS and host_is_fine and (url.port is None or 0 < url.port <= _LAST_PORT)


def place(url: httpx.URL) -> tuple[str, int]:
    """Return host and port of an http or https address as the connection will be asked for them."""
    return url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]


def origin(url: httpx.URL) -> str:
    """Tell the server of ``url`` alone: paths and queries may hold people's addresses."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def shown(url: httpx.URL) -> str:
    """Tell ``url`` without the name and password that may stand in it."""
    return str(_without_user(url))


def _without_user(url: httpx.URL) -> httpx.URL:
    return url.copy_with(username="", password="") if url.userinfo else url


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer that sends us on."""

    status: int
    location: str


@dataclass(slots=True)
class Trail:
    """The addresses on the way, first to last.

    permanent: every hop so far was for good.
    """

    urls: list[httpx.URL]
    permanent: bool = field(default=True, init=False)

    @property
    def last(self) -> httpx.URL:
        """The address to ask now."""
        return self.urls[-1]

    @property
    def moved_to(self) -> str | None:
        """The new address of what was asked, if it moved there for good."""
        return shown(self.last) if self.permanent and len(self.urls) > 1 else None

    @property
    def still_the_same(self) -> bool:
        """Tell whether the address to ask now is the first one, perhaps with https for http."""
        first, last = self.urls[0], self.last
        return (first.host, first.raw_path) == (last.host, last.raw_path)

    def follow(self, redirect: Redirect) -> None:
        """Go on to where ``redirect`` points; raises RedirectError where we do not go."""
        here = shown(self.last)
        if len(self.urls) > _MOST_HOPS:
            message = f"it redirects more than {_MOST_HOPS} times"
            raise RedirectError(here, message)
        there = self._target(redirect.location)
        if not is_web(there):
            raise RedirectError(here, "it redirects to something that is no http or https address")
        if self.last.scheme == "https" and there.scheme == "http":
            raise RedirectError(here, "it redirects from https back to http")
        if there in map(_without_user, self.urls):
            raise RedirectError(here, "it redirects in a circle")
        self.urls.append(there)
        self.permanent = self.permanent and redirect.status in _PERMANENT

    def _target(self, location: str) -> httpx.URL:
        """Resolve ``location``; a name and password go to the first address only."""
        try:
            return _without_user(self.last.join(location).copy_with(fragment=None))
        except (httpx.InvalidURL, ValueError):
            raise RedirectError(shown(self.last), "it redirects to something that is no address") from None
