"""Provider ``sendgrid``: one letter a call with substitutions for up to 1,000 recipients.

Endpoint, fields and limits: SendGrid's API description, ``POST /v3/mail/send``. Tracking, and whatever it puts into
a body, is switched off in every call. No category or argument names a topic or an address.
The look-up of what was sent (``GET /v3/messages``) is an extra of the account: option ``activity``. Not verified: how
soon a message is found there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from msdigest.errors import ProviderError
from msdigest.model.delivery import Found
from msdigest.ports import Caps, Failure, Reply, Request
from msdigest.postal.answers import Statuses, document, judged, retry_after, text_of
from msdigest.providers.sendgrid.examining import inquiries
from msdigest.providers.sendgrid.hearing import ATTEMPT, hear, message_of
from msdigest.providers.sendgrid.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Doubt, Heard, Outcome, Shipment
    from msdigest.ports import Inquiry, Posted

BASES = {"us": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
_CAPS = Caps(max_recipients=1_000, max_bytes=10_000_000, substitutes=True, parallel=4, coding="json")
# So long the extra keeps what was sent.
_REMEMBERS = timedelta(days=30)
_STATUSES = Statuses(
    provider="sendgrid",
    hint="Check [providers.sendgrid]: api_key, its right to send mail and region, and the sender's domain at SendGrid",
    accepted=frozenset((202,)),
)
# Where SendGrid itself says so, with errors as it writes them, and not whoever stands before it.
_OUT_OF_SERVICE = replace(_STATUSES, later=_STATUSES.later | {HTTPStatus.SERVICE_UNAVAILABLE})
_SECONDS = re.compile(r"[0-9]{1,12}")
_MOST_FOUND = 1_000


class SendgridProvider:
    """Builds requests, reads answers; the call itself is made by ``send``."""

    name = "sendgrid"

    def __init__(self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> None:
        """Take ``[providers.sendgrid]`` (api_key, region, activity …) and the door to the network."""
        self.caps = replace(_CAPS, remembers=_REMEMBERS if options.get("activity") == "True" else None)
        self._options = options
        self._base = options.get("base_url") or BASES[options.get("region", "us")]
        self._headers = {"Authorization": f"Bearer {options['api_key']}", "Accept": "application/json"}
        self._send = send

    def build(self, shipment: Shipment) -> Request:
        """Make one call for one letter; raises ProviderError if a shipment holds several."""
        if len(shipment.parts) != 1:
            message = f"sendgrid takes one letter a call, not {len(shipment.parts)}"
            raise ProviderError(message)
        ((letter, people),) = shipment.parts
        headers = {**self._headers, "Content-Type": "application/json"}
        body = written(letter, people, attempt=shipment.attempt)
        return Request(method="POST", url=f"{self._base}/v3/mail/send", headers=headers, body=body)

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call."""
        return self._send(request)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: SendGrid takes or refuses a call as a whole.

        Raises ProviderError where the account or the settings are refused; nobody was sent anything then.
        """
        errors = _errors(reply)
        provider_id = None if isinstance(reply, Failure) else text_of(reply.headers.get("x-message-id"))
        statuses = _OUT_OF_SERVICE if errors else _STATUSES
        outcome = judged(reply, statuses, words=_words(errors), provider_id=provider_id)
        if outcome.state == "rejected" and _is_about_everybody(errors):
            message = f"{outcome.reason}. {_STATUSES.hint}"
            raise ProviderError(message)
        if outcome.state == "pending" and outcome.retry_after is None and isinstance(reply, Reply):
            outcome = replace(outcome, retry_after=_reset(reply))
        return [outcome] * len(shipment.recipients)

    def search(self, doubt: Doubt, *, page: str = "") -> Request:  # noqa: ARG002  # the port's; it has no pages
        """Ask for the messages of an attempt."""
        query = urlencode({"limit": _MOST_FOUND, "query": f"(unique_args['{ATTEMPT}']=\"{doubt.attempt}\")"})
        return Request(method="GET", url=f"{self._base}/v3/messages?{query}", headers=self._headers)

    def found(self, reply: Reply | Failure, doubt: Doubt) -> Found:
        """Read the answer; raises ProviderError where the account may not ask."""
        if isinstance(reply, Failure):
            return Found(trouble=reply.reason)
        if reply.status in _STATUSES.settings:
            message = f"sendgrid answered {reply.status} to a look-up: set activity = false, or give api_key that right"
            raise ProviderError(message)
        messages = document(reply).get("messages")
        if reply.status != HTTPStatus.OK or not isinstance(messages, list):
            wait = retry_after(reply) or _reset(reply) if reply.status in _STATUSES.later else None
            return Found(trouble=f"sendgrid answered {reply.status} to a look-up", retry_after=wait)
        deliveries = {person.address.lower(): person.delivery for person in doubt.recipients}
        taken = (_message(each) for each in messages)
        return Found(accepted={deliveries[to]: name for to, name in taken if to in deliveries})

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what was told; raises ForgedError, StaleError or UnreadableError."""
        return hear(posted, public_key=self._options.get("webhook_public_key", ""), now=now)

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask about the account; ``domain``: of the sender's address."""
        public_key = self._options.get("webhook_public_key", "")
        return inquiries(self._base, self._headers, domain=domain, public_key=public_key)


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> SendgridProvider:
    """Make the provider of ``[providers.sendgrid]``."""
    return SendgridProvider(options, send)


def _errors(reply: Reply | Failure) -> list[dict[str, Any]]:
    errors = document(reply).get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _words(errors: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(filter(None, (text_of(error.get("message")) for error in errors)))


def _is_about_everybody(errors: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether every error names its field, and none of them one of a recipient's."""
    fields = [text_of(error.get("field")) for error in errors]
    return bool(fields) and all(field and not field.startswith("personalizations") for field in fields)


def _reset(reply: Reply) -> float | None:
    """Return how many seconds are left until the provider takes calls again, by its own clock."""
    said = reply.headers.get("x-ratelimit-reset", "")
    try:
        now = parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None
    return max(int(said) - now, 0.0) if _SECONDS.fullmatch(said) else None


def _message(told: object) -> tuple[str, str | None]:
    """Return whom a message that was found is for, in lower case, and its name as ``X-Message-Id`` told it."""
    said = told if isinstance(told, dict) else {}
    return (text_of(said.get("to_email"), most=400) or "").lower(), message_of(said.get("msg_id"))
