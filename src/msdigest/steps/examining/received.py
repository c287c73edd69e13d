"""A mail as it arrived: what of it readers' programs rely on, and whether the provider put anything into it.

``read`` runs in the sandbox: a file that somebody saved may hold anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msdigest.lint.page import read as read_page
from msdigest.steps.examining.dkim import MIDDLE
from msdigest.steps.examining.verdicts import pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from email.message import Message

_LARGEST_PART = 2_000_000
_LONGEST_URL = 4_000
_METHOD = re.compile(r"\b(dkim|spf|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")
# What ends a sentence, not an address.
_AFTER = ".,;:!?"
_URL = re.compile(r"https?://[^\s<>\"')\]]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One DKIM signature: the domain that signs, the selector of its key, and which headers it covers."""

    domain: str
    selector: str
    covers: tuple[str, ...]

    @property
    def place(self) -> str:
        """The name at which its key stands."""
        return f"{self.selector}{MIDDLE}{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What counts of a mail; no address of anybody is in it.

    sender, envelope: the domains of From and Return-Path; empty where there is none.
    results: what the receiver found: (dkim, pass) and so on; told: whether it said anything.
    leave: scheme and host of each way in List-Unsubscribe; one_click: it may be gone by one click.
    links, words: hosts that the HTML leads to, and hosts that the text names. images: hosts that pictures come from.
    """

    sender: str = ""
    envelope: str = ""
    signatures: tuple[Signature, ...] = ()
    told: bool = False
    results: tuple[tuple[str, str], ...] = ()
    leave: tuple[tuple[str, str], ...] = ()
    one_click: bool = False
    links: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    has_html: bool = False


def read(raw: bytes) -> Received:
    """Read a mail; whatever is missing or broken is left out."""
    mail = message_from_bytes(raw)
    html, text = _part(mail, "text/html"), _part(mail, "text/plain")
    results = _own(_headers(mail, "Authentication-Results"))
    page = read_page(html)
    return Received(
        sender=_domain(_first(mail, "From")),
        envelope=_domain(_first(mail, "Return-Path")),
        signatures=tuple(_signatures(mail)),
        told=bool(results),
        results=tuple(dict.fromkeys(found for header in results for found in _results(header))),
        leave=tuple(_ways(_first(mail, "List-Unsubscribe"))),
        one_click=_first(mail, "List-Unsubscribe-Post").replace(" ", "").lower() == "list-unsubscribe=one-click",
        links=_hosts(link.get("href") for link in page.all("a", "area")),
        words=_hosts(url.rstrip(_AFTER) for url in _URL.findall(text)),
        images=_hosts(image.get("src") for image in page.all("img")),
        has_html=bool(html),
    )


def _headers(mail: Message, name: str) -> list[str]:
    """Return each header of a name on one line."""
    return [" ".join(str(value).split()) for value in mail.get_all(name, [])]


def _first(mail: Message, name: str) -> str:
    return next(iter(_headers(mail, name)), "")


def _domain(header: str) -> str:
    return parseaddr(header)[1].rpartition("@")[2].lower().strip(".>")


def _signatures(mail: Message) -> Iterator[Signature]:
    for header in _headers(mail, "DKIM-Signature"):
        tags = pairs(header)
        if tags.get("d") and tags.get("s"):
            covers = tuple(name.lower() for name in tags.get("h", "").split(":"))
            yield Signature(domain=tags["d"].lower().strip("."), selector=tags["s"].lower(), covers=covers)


def _own(results: list[str]) -> list[str]:
    """Keep what the receiver itself says: it stands on top. What others say may have been written by anybody."""
    names = [header.partition(";")[0].strip().lower() for header in results]
    return [header for name, header in zip(names, results, strict=True) if name == names[0]]


def _results(header: str) -> Iterator[tuple[str, str]]:
    for method, result in _METHOD.findall(_COMMENT.sub("", header)):
        yield method.lower(), result.lower()


def _ways(header: str) -> Iterator[tuple[str, str]]:
    for url in re.findall(r"<\s*([^<>]+?)\s*>", header):
        scheme, host = _split("".join(url.split()))
        yield scheme, host if scheme != "mailto" else ""


def _part(mail: Message, kind: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == kind and not part.is_multipart():
            body = part.get_payload(decode=True)
            raw = body[:_LARGEST_PART] if isinstance(body, bytes) else b""
            try:
                return raw.decode(part.get_content_charset("utf-8"), "replace")
            except LookupError:
                return raw.decode("utf-8", "replace")
    return ""


def _hosts(urls: Iterable[str]) -> tuple[str, ...]:
    """Return where addresses lead, each host once; ``//host/`` is one, too."""
    found = (_split(url.strip()) for url in urls)
    return tuple(sorted({host for scheme, host in found if host and scheme in {"http", "https", ""}}))


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url[:_LONGEST_URL])
        return parts.scheme.lower(), (parts.hostname or "").lower()
    except ValueError:
        return "", ""
