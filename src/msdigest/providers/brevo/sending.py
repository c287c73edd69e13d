"""Provider ``brevo``: one letter a call with variables for each recipient, sent at most once for half an hour.

Endpoints and fields: Brevo's API description, ``POST /smtp/email`` and ``GET /smtp/statistics/events``; limits, keys
against repetition: its documentation. No tag or header names a topic or an address.
There is no switch for tracking; the consent to it is refused for everybody, which counts where the account asks for it.
Not verified: headers of a single version (used by others, not in the description), and how an event shows several tags.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID, uuid5

from msdigest.errors import ProviderError
from msdigest.model.delivery import Found
from msdigest.ports import Caps, Failure, Request
from msdigest.postal.answers import json_of, text_of
from msdigest.providers.brevo.codes import taken, whole
from msdigest.providers.brevo.examining import inquiries
from msdigest.providers.brevo.hearing import hear
from msdigest.providers.brevo.writing import common, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Doubt, Heard, Outcome, Shipment
    from msdigest.ports import Inquiry, Posted, Reply

BASE = "https://api.brevo.com"
# Names our attempts among all that are made into UUIDs.
_ATTEMPTS = UUID("8a6d1f5e-3c0b-4d7c-9a52-5e1f0b7c2d94")
# Today among them.
_DAYS = 30
_PAGE = 1_000


class BrevoProvider:
    """Builds requests, reads answers; the call itself is made by ``send``."""

    name = "brevo"
    # It takes 1,000 versions, and 1,000 kB of variables in all of them: a call of that size cannot hold more of them.
    caps = Caps(
        max_recipients=500,
        max_bytes=1_000_000,
        substitutes=True,
        parallel=2,
        # A hundred calls a minute.
        pace=1.6,
        # Five minutes less than it keeps a key.
        repeats=timedelta(minutes=25),
        remembers=timedelta(days=_DAYS - 1),
    )

    def __init__(self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> None:
        """Take ``[providers.brevo]`` (api_key, webhook_token, base_url) and the door to the network."""
        self._options = options
        self._base = f"{options.get('base_url') or BASE}/v3"
        self._headers = {"Accept": "application/json", "api-key": options["api_key"]}
        self._send = send

    def build(self, shipment: Shipment) -> Request:
        """Make one call for one letter; raises ProviderError if a shipment holds several."""
        if len(shipment.parts) != 1:
            message = f"brevo takes one letter a call, not {len(shipment.parts)}"
            raise ProviderError(message)
        ((letter, people),) = shipment.parts
        document = {
            **common(letter),
            "tags": [f"issue-{letter.issue}", shipment.attempt],
            "headers": {**letter.headers, "idempotencyKey": str(uuid5(_ATTEMPTS, shipment.attempt))},
            "messageVersions": versions(letter, people, attempt=shipment.attempt),
        }
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        return Request(method="POST", url=f"{self._base}/smtp/email", headers=headers, body=body)

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call."""
        return self._send(request)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: Brevo takes or refuses a call as a whole.

        Raises ProviderError where the account or the settings are refused; nobody was sent anything then.
        """
        outcome, people = whole(reply), shipment.recipients
        ids = taken(reply, len(people)) if outcome.state == "accepted" else [None] * len(people)
        return [replace(outcome, provider_id=provider_id) for provider_id in ids]

    def search(self, doubt: Doubt, *, page: str = "") -> Request:
        """Ask for the messages that bear an attempt's tag; ``page``: how many to leave out."""
        fields = {
            "tags": doubt.attempt,
            "event": "requests",
            "days": _DAYS,
            "limit": _PAGE,
            "offset": page or "0",
            "sort": "asc",
        }
        url = f"{self._base}/smtp/statistics/events?{urlencode(fields)}"
        return Request(method="GET", url=url, headers=self._headers)

    def found(self, reply: Reply | Failure, doubt: Doubt) -> Found:
        """Read whom Brevo took a message for; raises ProviderError where the key may not ask."""
        outcome = whole(reply, found=True)
        if outcome.state != "accepted":
            return Found(trouble=outcome.reason, retry_after=outcome.retry_after)
        said = json_of(reply)
        # Where there is nothing to list, there may be no list.
        events = said.get("events", []) if isinstance(said, dict) else None
        if not isinstance(events, list):
            return Found(trouble="brevo told nothing about messages")
        if not all(isinstance(event, dict) and _tags(event) for event in events):
            return Found(trouble="brevo lists messages without their tags")
        wanted = {person.address.casefold(): person.delivery for person in doubt.recipients}
        ours = [event for event in events if doubt.attempt in _tags(event)]
        told = [((text_of(event.get("email"), most=320) or "").casefold(), event.get("messageId")) for event in ours]
        accepted = {wanted[to]: (text_of(name) or "").strip("<>") or None for to, name in told if to in wanted}
        return Found(accepted=accepted, more=str(_offset(reply) + len(events)) if len(events) == _PAGE else "")

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what a webhook call told (see ``hearing``)."""
        return hear(posted, self._options.get("webhook_token", ""), now=now)

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask about the account (see ``examining``)."""
        return inquiries(self._base, self._headers, domain=domain)


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> BrevoProvider:
    """Make the provider of ``[providers.brevo]``."""
    return BrevoProvider(options, send)


def _tags(event: Mapping[str, object]) -> str:
    """Return the tags of an event, however it writes them."""
    return " ".join(str(event[name]) for name in ("tag", "tags") if event.get(name))


def _offset(reply: Reply | Failure) -> int:
    """Return how many events were left out before those of this answer."""
    asked = "" if isinstance(reply, Failure) else urlsplit(reply.url).query
    return int(dict(parse_qsl(asked)).get("offset", "0"))
