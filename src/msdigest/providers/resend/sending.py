"""Provider ``resend``: up to 100 whole messages a call, which is taken at most once however often it is made.

Endpoint, fields and limits: Resend's API description, ``POST /emails/batch``; errors and idempotency keys: its
documentation. In its strict way of looking at a batch, which is the one without a header, one bad message refuses all.
Tracking is a setting of the domain and no message can change it: ``doctor`` looks at that (see ``examining``). No tag
names a topic or an address.
Resend lists what was sent without any filter, so it is not asked: within a day the same call is made again instead.
Not verified: how large a call may be.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING

from msdigest.model.delivery import Outcome
from msdigest.ports import Caps, Failure, Request
from msdigest.postal.answers import ADDRESS, Statuses, document, judged, text_of
from msdigest.providers.resend.examining import inquiries
from msdigest.providers.resend.hearing import hear
from msdigest.render.plain import one_line
from msdigest.render.program import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Heard, Letter, Recipient, Shipment
    from msdigest.ports import Inquiry, Posted, Reply

BASE = "https://api.resend.com"
_HINT = "Check [providers.resend]: api_key, and the sender's domain at Resend"
# A security error (451) is about the account or the sender: recipients' names have nothing unusual in them.
_STATUSES = Statuses(provider="resend", hint=_HINT, settings=frozenset((401, 402, 403, 404, 405, 451)))
# The same statuses where the fault is everybody's.
_EVERYBODYS = replace(_STATUSES, settings=_STATUSES.settings | _STATUSES.refused)
_OURS = frozenset((
    "missing_api_key", "invalid_api_key", "restricted_api_key", "suspended_api_key", "invalid_from_address",
    "invalid_access", "invalid_region", "invalid_idempotency_key",
))  # fmt: skip
# A key that is none is a fault of validation, and told from a bad address by its words alone.
_KEY_OR_SENDER = re.compile(r"\bAPI key\b|`from` field", re.IGNORECASE)
_QUOTA = frozenset(("daily_quota_exceeded", "monthly_quota_exceeded"))
_QUOTA_PAUSE = 3_600.0
# Resend takes names as they are, neither quoted nor encoded, and refuses those that would need either.
_NAME, _NOT_IN_A_NAME = re.compile(r"[\w '’&-]{1,64}"), re.compile(r"[^\w '’&-]+")


class ResendProvider:
    """Builds requests, reads answers; the call itself is made by ``send``."""

    name = "resend"
    caps = Caps(
        max_recipients=100,
        substitutes=False,
        max_bytes=10_000_000,
        parallel=2,
        coding="json",
        # For a team; Resend allows more to who asks for it.
        pace=2.0,
        # Keys are kept for 24 hours.
        repeats=timedelta(hours=23),
    )

    def __init__(self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> None:
        """Take ``[providers.resend]`` (api_key, webhook_secret, base_url) and the door to the network."""
        self._options = options
        self._base = options.get("base_url") or BASE
        self._headers = {"Authorization": f"Bearer {options['api_key']}"}
        self._send = send

    def build(self, shipment: Shipment) -> Request:
        """Make one call of whole messages, in the order of the recipients."""
        chunks: list[bytes] = []
        for letter, people in shipment.parts:
            common = _common(letter)
            for person in people:
                chunks += (b"," if chunks else b"[", b"{", _own(letter, person, shipment.attempt), b",", common)
                chunks += (b',"html":"', *filled(letter.html, person.values, form="html", coding="json"))
                chunks += (b'","text":"', *filled(letter.text, person.values, form="text", coding="json"), b'"}')
        chunks.append(b"]")
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": shipment.attempt}
        return Request(method="POST", url=f"{self._base}/emails/batch", headers=headers, body=b"".join(chunks))

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call."""
        return self._send(request)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: Resend takes or refuses a call as a whole.

        That another call with this key is under way, or was made with another body (both 409), leaves everybody
        unknown. Raises ProviderError where the account or the settings are refused; nobody was sent anything then.
        """
        people = len(shipment.recipients)
        said = document(reply)
        name, words = text_of(said.get("name")) or "", text_of(said.get("message")) or ""
        everybodys = name in _OURS or _KEY_OR_SENDER.search(words)
        outcome = judged(reply, _EVERYBODYS if everybodys else _STATUSES, words=words or name)
        if outcome.state == "accepted":
            return _taken(said.get("data"), people)
        if name in _QUOTA and outcome.retry_after is None:
            outcome = replace(outcome, retry_after=_QUOTA_PAUSE)
        return [outcome] * people

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what a webhook call tells (see ``hearing``)."""
        return hear(posted, self._options.get("webhook_secret", ""), now=now)

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask about the account (see ``examining``)."""
        hears = bool(self._options.get("webhook_secret"))
        return inquiries(self._base, self._headers, domain=domain, hears=hears)


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> ResendProvider:
    """Make the provider of ``[providers.resend]``."""
    return ResendProvider(options, send)


def _taken(data: object, people: int) -> list[Outcome]:
    """Return the names of everybody's messages, which are told in their order."""
    ids = [text_of(each.get("id")) for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    if len(ids) != people or not all(ids):
        return [Outcome("unknown", reason="resend accepted without a word on each message")] * people
    return [Outcome("accepted", provider_id=each) for each in ids]


def _common(letter: Letter) -> bytes:
    """Write what all messages of a letter share, without braces."""
    return _written({"from": _sender(letter.sender), "subject": letter.subject})


def _own(letter: Letter, person: Recipient, attempt: str) -> bytes:
    """Write what one person's message has of its own, without braces."""
    headers = {
        **letter.headers,
        "List-Unsubscribe": f"<{person.leave_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    marks = {"issue": f"issue-{letter.issue}", "delivery": person.delivery, "attempt": attempt}
    tags = [{"name": name, "value": value} for name, value in marks.items()]
    return _written({"to": [_addressee(person)], "headers": headers, "tags": tags})


def _written(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


def _sender(mailbox: str) -> str:
    """Write the sender in letters as they are, without the signs that Resend refuses in a name."""
    coded, address = parseaddr(mailbox)
    name = " ".join(_NOT_IN_A_NAME.sub(" ", one_line(str(make_header(decode_header(coded))))).split())
    return f"{name} <{address}>" if name else address


def _addressee(person: Recipient) -> str:
    """Write a person's name and address, or the address alone if either has anything unusual in it."""
    name = one_line(person.name)
    plain = _NAME.fullmatch(name) and ADDRESS.fullmatch(person.address)
    return f"{name} <{person.address}>" if plain else person.address
