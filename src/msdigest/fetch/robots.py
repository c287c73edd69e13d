"""Door to Protego: what a site's robots.txt asks of programs that read its pages (RFC 9309)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
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
_SERVER_ERROR, _TOO_MANY = 500, 429
_NAME = re.compile(r"\s*user[- ]?agent\s*[:\s]\s*(?P<name>\*|[a-z_-]+)?", re.IGNORECASE)
# Protego knows how "disallow" is misspelled.
_RULE = re.compile(r"\s*(?:allow|di\w{4,8}|crawl[- ]delay)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Site:
    """What is known of a site.

    until: when its rules are a day old. rules: None before they were read.
    turn: whoever holds it asks the site, the others wait for the answer.
    """

    until: float
    rules: Protego | None = None
    turn: Lock = field(default_factory=Lock)


class Robots:
    """Remembers each site's rules for a day. Any number of threads may share one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the ``clock`` that tells when rules are a day old."""
        self._clock = clock
        self._sites: dict[str, _Site] = {}
        self._lock = Lock()

    def asked(self, url: httpx.URL, fetch: Callable[[str], Reply]) -> float:
        """Return the seconds that the site wants between two requests; raises RobotsError if ``url`` is not for us.

        ``fetch`` gets the rules if they are not remembered; its errors pass through, and it is tried again next time.
        """
        site = self._site(origin(url))
        with site.turn:
            if site.rules is None or site.until <= self._clock():
                site.rules = _read(fetch(f"{origin(url)}/robots.txt"), url)
                site.until = self._clock() + _FRESH
            rules = site.rules
        if not rules.can_fetch(str(url), AGENT):
            raise RobotsError(shown(url))
        return min(float(rules.crawl_delay(AGENT) or 0.0), _LONGEST_DELAY)

    def _site(self, name: str) -> _Site:
        with self._lock:
            now = self._clock()
            known = self._sites.get(name)
            if known is None:
                # A server that redirects to ever new sites does not fill our memory.
                self._sites = {name: site for name, site in self._sites.items() if site.until > now}
                known = self._sites[name] = _Site(now + _FRESH)
            return known


def _read(reply: Reply, url: httpx.URL) -> Protego:
    """Return the rules; a site without any allows everything. Raises RobotsError if it cannot tell them now."""
    if reply.status >= _SERVER_ERROR or reply.status == _TOO_MANY:
        trouble = f"the site's robots.txt answered {reply.status}, so nothing else was asked"
        raise RobotsError(shown(url), trouble, retry_after=answers.retry_after(reply.headers))
    told = reply.body[:_READ].decode("utf-8-sig", "replace") if reply.status == answers.OK else ""
    return Protego.parse("\n".join(_for_us(told)))


def _for_us(told: str) -> list[str]:
    """Return the lines of the groups that name us or everybody.

    Protego writes each rule down for each name: 2,000 names before 2,000 rules (50 kB) took it 5 s and 290 MB.
    """
    lines: list[str] = []
    ours = among_names = False
    for line in told.splitlines():
        if name := _NAME.match(line):
            mine = (name["name"] or "").lower() in {"*", AGENT}
            ours = mine or (ours and among_names)
            among_names = True
            if mine:
                lines.append(f"User-agent: {name['name']}")
        elif _RULE.match(line):
            among_names = False
            if ours:
                lines.append(line)
    return lines
