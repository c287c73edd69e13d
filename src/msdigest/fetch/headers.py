"""What we tell servers about us and ask of them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from msdigest.model.source import Validators


def user_agent(*, contact: str, site_url: str, version: str) -> str:
    """Say who asks and whom to write to; raises ValueError for what no header can hold."""
    text = f"msdigest/{version} (+{site_url}; {contact})"
    if not (text.isascii() and text.isprintable()):
        message = f"contact and site address must be plain ASCII to stand in a header: {text!r}"
        raise ValueError(message)
    return text


def request_headers(validators: Validators, *, accept: str) -> dict[str, str]:
    """Return the headers that differ from one ``get`` to the next; the validators as they were given to us."""
    wanted = {
        "accept": accept,
        "if-none-match": validators.etag,
        "if-modified-since": validators.last_modified,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Return ``headers`` as bytes, each character one byte: a validator leaves exactly as it came."""
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]


def credentials(url: httpx.URL) -> list[tuple[bytes, bytes]]:
    """Return the header that the name and password in an address stand for, if there are some."""
    if not url.userinfo:
        return []
    told = b64encode(f"{url.username}:{url.password}".encode())
    return [(b"authorization", b"Basic " + told)]
