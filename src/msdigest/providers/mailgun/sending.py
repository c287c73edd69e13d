"""Provider ``mailgun``: one letter a call with variables for up to 1,000 recipients.

Endpoints, fields and limits: Mailgun's API description, ``POST /v3/{domain_name}/messages`` (multipart only) and
``GET /v3/{domain_name}/events``. Tracking is switched off in every call; no tag or variable names a topic or an
address. Not verified: what a domain's sending key is answered when it asks for events; 401 and 403 are a refusal.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from json.encoder import encode_basestring_ascii as _json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from msdigest.errors import ProviderError
from msdigest.model.delivery import Found, Outcome
from msdigest.ports import Caps, Request
from msdigest.postal.answers import Statuses, document, judged, text_of
from msdigest.postal.bodies import multipart, with_placeholders
from msdigest.providers.mailgun.examining import inquiries
from msdigest.providers.mailgun.hearing import hear
from msdigest.render.program import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Doubt, Heard, Recipient, Shipment
    from msdigest.ports import Failure, Inquiry, Posted, Reply

BASES = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
# A percent sign that begins a word which Mailgun would replace, if it stood in somebody's blog post. Only the sign is
# matched, whatever follows the word: two variables that share a sign, or one that ends in ours, are met too.
_NAMES = r"recipient|unsubscribe|mailing_list|_url|_email"
_VARIABLE = re.compile(rf"%(?=[\w.\-]*(?:{_NAMES}))", re.IGNORECASE)
# The same in bytes, where every letter beyond ASCII counts as one of a word.
_VARIABLE_BYTES = re.compile(rb"%(?=[\w.\-\x80-\xff]*(?:" + _NAMES.encode() + rb"))", re.IGNORECASE)
_STATUSES = Statuses(provider="mailgun", hint="Check [providers.mailgun]: domain, api_key and region")
_ASKED = Statuses(
    provider="mailgun",
    hint="Only an account's API key may look up what was sent, a domain's sending key may not",
    refused=frozenset(),
)
# How long an account asks to be left alone, Mailgun writes in its sentence only.
_AGAIN_AFTER = re.compile(r"try again after ([0-9]{1,6}) second", re.IGNORECASE)
# Mailgun's clock need not be ours.
_BEFORE = timedelta(minutes=2)
_PAGE = 300
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~%\-]{1,4000}")


class MailgunProvider:
    """Builds requests, reads answers; the call itself is made by ``send``."""

    name = "mailgun"
    # Accounts that pay are told more than a day, but nobody is told less.
    caps = Caps(max_recipients=1_000, substitutes=True, max_bytes=10_000_000, parallel=4, remembers=timedelta(days=1))

    def __init__(self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> None:
        """Take ``[providers.mailgun]`` (domain, api_key, webhook_key, region, base_url) and the door to the network."""
        self._options = options
        self._base = options.get("base_url") or BASES[options.get("region", "us")]
        self._credentials = "Basic " + base64.b64encode(f"api:{options['api_key']}".encode()).decode()
        self._send = send

    def build(self, shipment: Shipment) -> Request:
        """Make one call for one letter; raises ProviderError if a shipment holds several."""
        if len(shipment.parts) != 1:
            message = f"mailgun takes one letter a call, not {len(shipment.parts)}"
            raise ProviderError(message)
        ((letter, people),) = shipment.parts
        slots = [
            (f"{prefix}_{name}", name, html)
            for prefix, html, parts in (("h", True, letter.html), ("t", False, letter.text))
            for name in map(str, parts[1::2])
        ]
        fields: list[tuple[str, str | bytes]] = [
            ("from", letter.sender),
            *(("to", person.address) for person in people),
            ("subject", _VARIABLE.sub("％", letter.subject)),
            ("html", _body(letter.html, "h", b"&#37;")),
            ("text", _body(letter.text, "t", "％".encode())),
            ("recipient-variables", _variables(people, slots)),
            ("o:tracking", "no"),
            ("o:tracking-clicks", "no"),
            ("o:tracking-opens", "no"),
            ("o:tag", f"issue-{letter.issue}"),
            ("o:tag", _share(shipment.attempt)),
            *((f"h:{name}", value) for name, value in letter.headers.items()),
            ("h:List-Unsubscribe", "<%recipient.leave%>"),
            ("h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("v:delivery", "%recipient.delivery%"),
            ("v:attempt", shipment.attempt),
        ]
        boundary = hashlib.sha256(shipment.attempt.encode()).hexdigest()[:32]
        headers = {"Authorization": self._credentials, "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return Request(method="POST", url=self._at("messages"), headers=headers, body=multipart(fields, boundary))

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call."""
        return self._send(request)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: Mailgun takes or refuses a call as a whole.

        Raises ProviderError where the account or the settings are refused; nobody was sent anything then.
        """
        said = document(reply)
        words, taken = text_of(said.get("message")) or "", text_of(said.get("id"))
        outcome = judged(reply, _STATUSES, words=words, provider_id=taken and taken.strip("<>"))
        if outcome.state == "accepted" and not taken:
            outcome = Outcome("unknown", reason="mailgun accepted without a word on what")
        if outcome.state == "pending" and outcome.retry_after is None and (wait := _AGAIN_AFTER.search(words)):
            outcome = replace(outcome, retry_after=float(wait[1]))
        return [outcome] * len(shipment.recipients)

    def search(self, doubt: Doubt, *, page: str = "") -> Request:
        """Ask for what was accepted since the call, by a tag that few calls share: no address stands in the query."""
        query = {
            "begin": str(int((doubt.started_at - _BEFORE).timestamp())),
            "ascending": "yes",
            "limit": str(_PAGE),
            "event": "accepted",
            "tags": _share(doubt.attempt),
        }
        url = f"{self._at('events')}/{page}" if page else f"{self._at('events')}?{urlencode(query)}"
        return Request(method="GET", url=url, headers={"Authorization": self._credentials})

    def found(self, reply: Reply | Failure, doubt: Doubt) -> Found:
        """Read the answer: one event of the attempt settles everybody; an empty page is the last one."""
        said = document(reply)
        outcome = judged(reply, _ASKED, words=text_of(said.get("message")) or "")
        if outcome.state != "accepted":
            return Found(trouble=outcome.reason, retry_after=outcome.retry_after)
        events = said.get("items")
        if not isinstance(events, list):
            return Found(trouble="mailgun answered a search with something else than events")
        for event in events:
            if _attempt(event) == doubt.attempt:
                return Found(accepted=dict.fromkeys((each.delivery for each in doubt.recipients), _message_id(event)))
        more = _next(said)
        return Found(more=more, trouble=None if more or not events else "mailgun did not tell where its answer goes on")

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what a webhook call tells (see ``hearing``)."""
        return hear(posted, self._options.get("webhook_key", ""), now=now)

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask about the account (see ``examining``)."""
        own, hears = self._options["domain"], bool(self._options.get("webhook_key"))
        return inquiries(self._base, {"Authorization": self._credentials}, own=own, domain=domain, hears=hears)

    def _at(self, what: str) -> str:
        return f"{self._base}/v3/{quote(self._options['domain'], safe='')}/{what}"


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> MailgunProvider:
    """Make the provider of ``[providers.mailgun]``."""
    return MailgunProvider(options, send)


def _variables(people: Sequence[Recipient], slots: Sequence[tuple[str, str, bool]]) -> str:
    """Return what fills everybody's ``slots`` (name of the variable, of the slot, whether in HTML), as JSON.

    Joined by hand as ``json.dumps`` would write it, in half the time.
    """
    places = [(f",{_json(variable)}:", name, html) for variable, name, html in dict.fromkeys(slots)]
    told = {}
    for person in people:
        values = person.values
        own = ['{"delivery":', _json(person.delivery), ',"leave":', _json(person.leave_url)]
        for begin, name, html in places:
            own += (begin, quoted(name, values[name], html))
        own.append("}")
        told[person.address] = "".join(own)
    return "{" + ",".join(f"{_json(address)}:{own}" for address, own in told.items()) + "}"


def _body(parts: Sequence[bytes | str], prefix: str, sign: bytes) -> bytes:
    """Join literals, with ``sign`` for the percent signs of foreign variables, and our own variables."""
    return with_placeholders(
        parts, lambda name: f"%recipient.{prefix}_{name}%".encode(), foreign=_VARIABLE_BYTES, instead=sign
    )


def _share(attempt: str) -> str:
    """Return a tag that few calls share; there are 256 of them, for an account may have only so many."""
    return f"share-{hashlib.sha256(attempt.encode()).hexdigest()[:2]}"


def _attempt(event: object) -> str | None:
    variables = event.get("user-variables") if isinstance(event, dict) else None
    return text_of(variables.get("attempt")) if isinstance(variables, dict) else None


def _message_id(event: Mapping[str, Any]) -> str | None:
    message = event.get("message")
    headers = message.get("headers") if isinstance(message, dict) else None
    found = text_of(headers.get("message-id")) if isinstance(headers, dict) else None
    return found and found.strip("<>")


def _next(said: Mapping[str, Any]) -> str:
    """Return the mark of the next page. Only that: where our credentials go, no answer decides."""
    paging = said.get("paging") if said.get("items") else None
    url = text_of(paging.get("next"), most=8_000) if isinstance(paging, dict) else None
    try:
        token = urlsplit(url or "").path.rpartition("/")[2]
    except ValueError:
        return ""
    return token if _TOKEN.fullmatch(token) else ""
