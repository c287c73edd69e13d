"""Links: whether each can be followed, safely, by everybody, and without telling more than a click must."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msdigest.lint.message import token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

    from msdigest.lint.finding import Finding
    from msdigest.lint.message import Message
    from msdigest.lint.page import Element

_SCHEMES = frozenset({"https", "mailto", "tel"})
# Names that nobody can register (RFC 2606, 6761, 6762): whoever opens them is at home or nowhere.
_RESERVED = re.compile(
    r"(?:.+\.)?(?:localhost|local|localdomain|test|example|invalid|internal|lan|home\.arpa)\.?"
    r"|(?:.+\.)?example\.(?:com|net|org)\.?",
    re.IGNORECASE,
)
_TRACKING = re.compile(
    r"(?:utm_\w+|[a-z]*clid|igshid|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|hsctatracking|oly_(?:anon|enc)_id|vero_id|wickedid"
    r"|_openstat|rb_clickid|s_cid|ml_subscriber\w*|cm_mmc|elqtrack\w*|sc_campaign|dm_i|trk_\w+|ck_subscriber_id)\Z",
    re.IGNORECASE,
)
_LONGEST_ADDRESS = 20_000


def is_reserved(host: str) -> bool:
    """Tell whether a host is no name or address of the open internet."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return _RESERVED.fullmatch(host) is not None or "." not in host.strip(".")


def site_is_reserved(site_url: str) -> bool:
    """Tell whether the site itself is one that only this machine or network knows: then its links are no fault."""
    parts = _split(site_url)
    return parts is not None and is_reserved(parts.hostname or "")


def links(message: Message) -> Iterator[Finding]:
    """Look at where every link leads."""
    at_home = site_is_reserved(message.inspected.site_url)
    names = {element.get("id") or element.get("name") for element in message.page.elements}
    own = _addresses_of_sources(message)
    for link in message.page.all("a", "area"):
        if "href" in link.attributes:
            yield from _link(message, link, at_home=at_home, names=names, of_sources=own)


def _addresses_of_sources(message: Message) -> set[str]:
    told = {entry.url for entry in message.entries}
    for entry in message.entries:
        told.update((entry.event.join, entry.event.recording) if entry.event else ())
    return {url.split("?")[0] for url in told}


def _link(
    message: Message, link: Element, *, at_home: bool, names: set[str], of_sources: set[str]
) -> Iterator[Finding]:
    address = link.get("href").strip()
    if not address or (address.startswith("#") and (address == "#" or address[1:] not in names)):
        yield message.found(
            "link.empty",
            "error",
            "a link leads nowhere",
            element=link,
            excerpt=message.page.text(link) or address,
            way_out="Give it an address, or make it plain text.",
        )
        return
    if address.startswith("#"):
        return
    parts = _split(address)
    if parts is None or (parts.scheme and parts.scheme not in _SCHEMES):
        yield from _scheme(message, link, parts, at_home=at_home, of_sources=of_sources)
    elif not parts.scheme or (parts.scheme == "https" and not parts.hostname):
        yield message.found(
            "link.relative",
            "error",
            "a link has no https:// and host",
            element=link,
            excerpt=address,
            way_out="Write the whole address: a mail has no page that it could be relative to.",
        )
    if parts is not None and parts.scheme in {"http", "https"}:
        yield from _where(message, link, parts, at_home=at_home)


def _scheme(
    message: Message, link: Element, parts: SplitResult | None, *, at_home: bool, of_sources: set[str]
) -> Iterator[Finding]:
    plain = parts is not None and parts.scheme == "http"
    if plain and at_home:
        return
    address = link.get("href").strip()
    # What a source has only without encryption is still worth reading; what is ours has no excuse.
    of_source = plain and address.split("?")[0] in of_sources
    name = parts.scheme if parts is not None else "unreadable"
    yield message.found(
        "link.scheme",
        "warning" if of_source else "error",
        "a source's own address is not encrypted: http" if of_source else f"a link's address is {name}, not https",
        element=link,
        excerpt=address,
        way_out="Use the https:// address" + (" if the source has one." if of_source else "."),
    )


def _where(message: Message, link: Element, parts: SplitResult, *, at_home: bool) -> Iterator[Finding]:
    if parts.hostname and is_reserved(parts.hostname) and not at_home:
        yield message.found(
            "link.localhost",
            "error",
            f"{message.shown(parts.hostname)} is a host that readers cannot reach",
            element=link,
            excerpt=link.get("href"),
            way_out="Put the public address there: [site] url, or the entry's own.",
        )
    names = [pair.partition("=")[0] for pair in re.split("[&;]", parts.query)]
    if tracking := next((name for name in names if _TRACKING.match(name)), ""):
        yield message.found(
            "link.tracking",
            "info",
            f"a link carries {message.shown(tracking)}, which tells where its reader came from",
            element=link,
            excerpt=link.get("href"),
            way_out="Take it off: who reads what about MS is health data.",
        )


def addresses(message: Message) -> list[str]:
    """Return the web addresses of a message's links, each once; never one with the person's token."""
    token = token_of(message.specimen.leave_url)
    found = (link.get("href").strip() for link in message.page.all("a", "area"))
    return list(
        dict.fromkeys(
            each for each in found if each.startswith(("https://", "http://")) and token and token not in each
        )
    )


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address[:_LONGEST_ADDRESS])
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts
