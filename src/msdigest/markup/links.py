"""Addresses from outside: made whole, refused, or brought to the spelling that identity is decided by."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from msdigest.markup.text import without_controls

# Where a link may lead.
SCHEMES = frozenset({"http", "https", "mailto"})
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|_hsenc|_hsmi|replytocom)(?:=|$)",
    re.IGNORECASE,
)
# An address that is whole and plain already: joining it took as long as all the rest of cleaning a link.
_PLAIN = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
    r"(?:/(?:[A-Za-z0-9/_.~%=&+,;:@!$'()*?-]*[A-Za-z0-9/_=~-])?)?"
)
_PORT_OF_SCHEME = {"http": 80, "https": 443}


def absolute(url: str, base: str) -> str:
    """Return ``url`` seen from ``base``, or an empty string if it is no http, https or mailto address."""
    if _PLAIN.fullmatch(url):
        return url
    text = re.sub(r"[\t\r\n]", "", without_controls(url)).strip()
    try:
        joined = urljoin(base, text) if text else ""
        parts = urlsplit(joined)
        usable = parts.scheme in SCHEMES and bool(parts.hostname or parts.scheme == "mailto")
    except ValueError:
        return ""
    return re.sub(r'[ "<>`]', lambda found: f"%{ord(found[0]):02X}", joined) if usable else ""


@lru_cache(maxsize=2_048)
def canonical_link(url: str) -> str:
    """Return the spelling of ``url`` that identity is decided by, e.g. ``example.org/post?p=1``; never shown.

    Without scheme, ``www.``, usual port, fragment, tracking parameters and closing slash. What is no web address
    comes back as it is.
    """
    text = without_controls(url).strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text
    if parts.scheme not in _PORT_OF_SCHEME or not host:
        return text
    where = host.removeprefix("www.")
    if port not in {None, _PORT_OF_SCHEME[parts.scheme]}:
        where += f":{port}"
    kept = [pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair)]
    return where + parts.path.rstrip("/") + ("?" + "&".join(kept) if kept else "")
