"""Forms of the editors' pages: only what a page of this very process sent, read up to a size."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from msdigest.web.bodies import body_of
from msdigest.web.hardening import posted_from_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

LARGEST_BODY = 1_000_000
TOKEN = "token"  # noqa: S105 - the name of a field
STALE = "The preview was started anew since this form was opened: look it over and press the button again."
_MOST_FIELDS = 40
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Unfit:
    """What was sent is no form of ours: why, and the HTTP status for it."""

    sentence: str
    status: int


class Token:
    """What stands in every form of one process, and in no page elsewhere."""

    def __init__(self) -> None:
        """Make one that nobody can guess."""
        self.value = secrets.token_urlsafe(32)

    def fits(self, told: Mapping[str, str]) -> bool:
        """Tell whether a form carries it."""
        return hmac.compare_digest(told.get(TOKEN, "").encode(), self.value.encode())


async def form_of(request: Request) -> dict[str, str] | Unfit:
    """Return the fields of a form that a page of this application sent; its token is looked at by whoever acts."""
    if not posted_from_here(request) or not request.headers.get("content-type", "").lower().startswith(_FORM):
        return Unfit("It was not sent by the form of this page.", 403)
    body = await body_of(request, most=LARGEST_BODY)
    try:
        pairs = parse_qsl((body or b"").decode("ascii", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:  # more fields than any form of ours
        body = None
    return Unfit("What was sent is too large.", 413) if body is None else dict(pairs)
