"""What an HTTP answer says before anyone reads its body: validators, waiting times, refusals. Plain values only."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from msdigest.errors import EmptyAnswerError, StatusError
from msdigest.model.source import Validators

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = 200
NOT_MODIFIED = 304
_LONGEST_WAIT = 7 * 86_400.0
_MEANINGS = {
    401: "it asks for a login",
    403: "it refuses us",
    404: "there is nothing at this address",
    410: "it is gone for good",
    429: "it was asked too often",
    503: "it is not available at the moment",
}


def validators(headers: Mapping[str, str]) -> Validators:
    """Return what the server gave to ask conditionally next time; ``headers`` have lower-case names."""
    return Validators(etag=headers.get("etag"), last_modified=headers.get("last-modified"))


def renewed(headers: Mapping[str, str], before: Validators) -> Validators:
    """Return the validators after a 304: the new ones, each in place of the one we had."""
    now = validators(headers)
    return Validators(etag=now.etag or before.etag, last_modified=now.last_modified or before.last_modified)


def noted(url: str, given: Validators) -> dict[str, str]:
    """Return the notes by which ``kept`` finds what ``url`` gave: for collectors that ask several addresses."""
    told = {f"etag {url}": given.etag, f"modified {url}": given.last_modified}
    return {name: value for name, value in told.items() if value is not None}


def kept(notes: Mapping[str, str], url: str) -> Validators:
    """Return the validators that ``noted`` wrote down for ``url``."""
    return Validators(notes.get(f"etag {url}"), notes.get(f"modified {url}"))


def body_hash(body: bytes) -> str:
    """Return the fingerprint by which an equal body is recognised: 40 hex digits of its SHA-256.

    Shorter than the column, so that what it was read as stands beside it.
    """
    return sha256(body).hexdigest()[:40]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for, at most 7 days; ``None`` if it asks for nothing readable.

    A date is measured from the answer's own Date header: msdigest's clock may differ from the server's.
    """
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}", asked):
        return min(float(asked), _LONGEST_WAIT)
    until, now = _http_date(asked), _http_date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT)


def max_age(headers: Mapping[str, str]) -> float | None:
    """Return the seconds for which Cache-Control says the answer stays fresh, if it says so."""
    told = headers.get("cache-control", "").lower()
    found = re.search(r"max-age\s*=\s*\"?([0-9]{1,9})", told)
    return float(found[1]) if found and "no-cache" not in told and "no-store" not in told else None


def refuse_unless_ok(status: int, headers: Mapping[str, str], body: bytes, *, url: str) -> None:
    """Raise StatusError for a status other than 200, EmptyAnswerError for a body without a letter in it."""
    if status != OK:
        wait = retry_after(headers)
        meaning = f", {_MEANINGS[status]}" if status in _MEANINGS else ""
        asks = f"; come back in {wait:.0f} s" if wait is not None else ""
        message = f"{url} answered {status}{meaning}{asks}"
        raise StatusError(status, message, retry_after=wait)
    # A byte order mark and white space are no content, in UTF-16 neither.
    if not body.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        message = f"{url} answered with an empty page"
        raise EmptyAnswerError(message)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
