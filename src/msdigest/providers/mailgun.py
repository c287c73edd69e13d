"""Provider ``mailgun``: one letter a call with variables for up to 1,000 recipients.

Endpoint, fields and limits: Mailgun's API description, ``POST /v3/{domain_name}/messages`` (multipart only).
Tracking is switched off in every call. No tag or variable names a topic or an address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome
from msdigest.ports import Caps, Failure, Reply, Request
from msdigest.render.program import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.delivery import Recipient, Shipment

BASES = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
# A percent sign that begins a word which Mailgun would replace, if it stood in somebody's blog post. Only the sign is
# matched, whatever follows the word: two variables that share a sign, or one that ends in ours, are met too.
_NAMES = r"recipient|unsubscribe|mailing_list|_url|_email"
_VARIABLE = re.compile(rf"%(?=[\w.\-]*(?:{_NAMES}))", re.IGNORECASE)
# The same in bytes, where every letter beyond ASCII counts as one of a word.
_VARIABLE_BYTES = re.compile(rb"%(?=[\w.\-\x80-\xff]*(?:" + _NAMES.encode() + rb"))", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
# The account or the settings are refused: trying other recipients would change nothing.
_SETTINGS = {401, 402, 403, 404, 405}
# The request is refused as a whole, and Mailgun says so before it sends anything.
_REFUSED = {400, 413, 422}


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
        return Request(method="POST", url=self._url, headers=headers, body=_multipart(fields, boundary))

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call."""
        return self._send(request)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: Mailgun takes or refuses a call as a whole.

        Raises ProviderError where the account or the settings are refused; nobody was sent anything then.
        """
        outcome = _outcome(reply)
        return [outcome] * len(shipment.recipients)


def _outcome(reply: Reply | Failure) -> Outcome:
    if isinstance(reply, Failure):
        return Outcome("pending" if reply.sent == "no" else "unknown", reason=reply.reason)
    reason = f"mailgun answered {reply.status}: {_words(reply)}"
    if reply.status == 200:  # noqa: PLR2004  # HTTP's own number
        return Outcome("accepted", provider_id=_message_id(reply))
    if reply.status in _SETTINGS:
        message = f"{reason}. Check [providers.mailgun]: domain, api_key and region"
        raise ProviderError(message)
    if reply.status == 429:  # noqa: PLR2004  # as above
        return Outcome("pending", reason=reason, retry_after=_retry_after(reply))
    if reply.status in _REFUSED:
        return Outcome("rejected", reason=reason)
    return Outcome("unknown", reason=reason)


def _variables(person: Recipient, slots: Sequence[tuple[str, str, bool]]) -> dict[str, str]:
    """Return what fills one person's ``slots``: name of the variable, of the slot, whether in HTML."""
    values = person.values
    own = {variable: fill(name, values[name], html=html) for variable, name, html in slots}
    return {"delivery": person.delivery, "leave": person.leave_url, **own}


def _body(parts: Sequence[bytes | str], prefix: str, sign: bytes) -> bytes:
    """Join literals, with ``sign`` for the percent signs of foreign variables, and our own variables."""
    return b"".join(
        f"%recipient.{prefix}_{part}%".encode() if isinstance(part, str) else _VARIABLE_BYTES.sub(sign, part)
        for part in parts
    )


def _multipart(fields: Sequence[tuple[str, str | bytes]], boundary: str) -> bytes:
    # Encoded piece by piece: a text with one wide character would take four bytes for each of its characters.
    chunks = []
    for name, value in fields:
        chunks.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode())
        chunks += (value.encode() if isinstance(value, str) else value, b"\r\n")
    chunks.append(f"--{boundary}--\r\n".encode())
    return b"".join(chunks)


def _document(reply: Reply) -> Mapping[str, object]:
    try:
        document = json.loads(reply.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _message_id(reply: Reply) -> str | None:
    found = _document(reply).get("id")
    return found.strip("<>")[:200] if isinstance(found, str) else None


def _words(reply: Reply) -> str:
    """Return Mailgun's own sentence without any address in it."""
    said = str(_document(reply).get("message") or "no reason given")
    return _ADDRESS.sub("[address]", said)[:160]


def _retry_after(reply: Reply) -> float | None:
    said = reply.headers.get("retry-after", "")
    if re.fullmatch("[0-9]{1,9}", said):
        return float(said)
    try:
        return max((parsedate_to_datetime(said) - parsedate_to_datetime(reply.headers["date"])).total_seconds(), 0.0)
    except (KeyError, ValueError, TypeError):
        return None
