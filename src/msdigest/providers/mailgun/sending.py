"""Provider ``mailgun``: one letter a call with variables for up to 1,000 recipients.

Endpoint, fields and limits: Mailgun's API description, ``POST /v3/{domain_name}/messages`` (multipart only).
Tracking is switched off in every call. No tag or variable names a topic or an address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

from msdigest.errors import ProviderError
from msdigest.ports import Caps, Failure, Reply, Request
from msdigest.postal.answers import Statuses, document, judged, text_of
from msdigest.postal.bodies import multipart, with_placeholders
from msdigest.render.program import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.delivery import Outcome, Recipient, Shipment

BASES = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
# A percent sign that begins a word which Mailgun would replace, if it stood in somebody's blog post. Only the sign is
# matched, whatever follows the word: two variables that share a sign, or one that ends in ours, are met too.
_NAMES = r"recipient|unsubscribe|mailing_list|_url|_email"
_VARIABLE = re.compile(rf"%(?=[\w.\-]*(?:{_NAMES}))", re.IGNORECASE)
# The same in bytes, where every letter beyond ASCII counts as one of a word.
_VARIABLE_BYTES = re.compile(rb"%(?=[\w.\-\x80-\xff]*(?:" + _NAMES.encode() + rb"))", re.IGNORECASE)
_STATUSES = Statuses(provider="mailgun", hint="Check [providers.mailgun]: domain, api_key and region")


class MailgunProvider:
    """Builds requests, reads answers; the call itself is made by ``send``."""

    name = "mailgun"
    caps = Caps(max_recipients=1_000, substitutes=True, parallel=4)

    def __init__(self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> None:
        """Take ``[providers.mailgun]`` (domain, api_key, region, base_url) and the door to the network."""
        base = options.get("base_url") or BASES[options.get("region", "us")]
        self._url = f"{base}/v3/{options['domain']}/messages"
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
        variables = {person.address: _variables(person, slots) for person in people}
        fields: list[tuple[str, str | bytes]] = [
            ("from", letter.sender),
            *(("to", person.address) for person in people),
            ("subject", _VARIABLE.sub("％", letter.subject)),
            ("html", _body(letter.html, "h", b"&#37;")),
            ("text", _body(letter.text, "t", "％".encode())),
            ("recipient-variables", json.dumps(variables, separators=(",", ":"))),
            ("o:tracking", "no"),
            ("o:tracking-clicks", "no"),
            ("o:tracking-opens", "no"),
            ("o:tag", f"issue-{letter.issue}"),
            *((f"h:{name}", value) for name, value in letter.headers.items()),
            ("h:List-Unsubscribe", "<%recipient.leave%>"),
            ("h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("v:delivery", "%recipient.delivery%"),
            ("v:attempt", shipment.attempt),
        ]
        boundary = hashlib.sha256(shipment.attempt.encode()).hexdigest()[:32]
        headers = {"Authorization": self._credentials, "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return Request(method="POST", url=self._url, headers=headers, body=multipart(fields, boundary))

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
        return [outcome] * len(shipment.recipients)


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> MailgunProvider:
    """Make the provider of ``[providers.mailgun]``."""
    return MailgunProvider(options, send)


def _variables(person: Recipient, slots: Sequence[tuple[str, str, bool]]) -> dict[str, str]:
    """Return what fills one person's ``slots``: name of the variable, of the slot, whether in HTML."""
    values = person.values
    own = {variable: fill(name, values[name], html=html) for variable, name, html in slots}
    return {"delivery": person.delivery, "leave": person.leave_url, **own}


def _body(parts: Sequence[bytes | str], prefix: str, sign: bytes) -> bytes:
    """Join literals, with ``sign`` for the percent signs of foreign variables, and our own variables."""
    return with_placeholders(
        parts, lambda name: f"%recipient.{prefix}_{name}%".encode(), foreign=_VARIABLE_BYTES, instead=sign
    )
