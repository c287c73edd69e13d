"""Door to Protego: what a site's robots.txt asks of programs that read its pages (RFC 9309)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from protego import Protego

from msdigest.errors import RobotsError
from msdigest.fetch.redirects import origin, shown
from msdigest.model import answers

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from msdigest.ports import Reply

AGENT = "msdigest"
# RFC 9309: not longer than a day.
_FRESH = 86_400.0
# RFC 9309: at least so much must be read; more is nobody's real file.
_READ = 500 * 1024
_LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class _Rules:
    """A site's rules; ``trouble``: why they could not be had."""

    until: float
    parsed: Protego | None = None
    trouble: str = ""
    retry_after: float | None = None


class Robots:
    """Remembers each site's rules for a day. Any number of threads may share one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the ``clock`` that tells when rules are a day old."""
        self._clock = clock
        self._rules: dict[str, _Rules] = {}
        self._lock = Lock()

    def asked(self, url: httpx.URL, fetch: Callable[[str], Reply]) -> float:
        """Return the seconds that the site wants between two requests; raises RobotsError if ``url`` is not for us.

        ``fetch`` gets the rules if they are not remembered; its errors pass through.
        """
        site = origin(url)
        with self._lock:
            rules = self._rules.get(site)
        if rules is None or rules.until < self._clock():
            rules = self._read(fetch(f"{site}/robots.txt"))
            with self._lock:
                self._rules[site] = rules
        if rules.trouble:
            with self._lock:
                self._rules.pop(site, None)
            raise RobotsError(shown(url), rules.trouble, retry_after=rules.retry_after)
        if rules.parsed is None:
            return 0.0
        if not rules.parsed.can_fetch(str(url), AGENT):
            raise RobotsError(shown(url))
        return min(float(rules.parsed.crawl_delay(AGENT) or 0.0), _LONGEST_DELAY)

    def _read(self, reply: Reply) -> _Rules:
        until = self._clock() + _FRESH
        wait = answers.retry_after(reply.headers)
        if reply.status >= 500 or reply.status == 429:  # noqa: PLR2004 - the server cannot say now
            trouble = f"the site's robots.txt answered {reply.status}, so nothing else was asked"
            return _Rules(until, trouble=trouble, retry_after=wait)
        if reply.status != answers.OK:
            return _Rules(until)
        return _Rules(until, Protego.parse(reply.body[:_READ].decode("utf-8", "replace")))
