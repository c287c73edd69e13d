"""Provider ``postmark``: whole messages, many a call, each answered for itself.

Endpoints, fields, limits and error codes: Postmark's developer documentation, ``POST /email/batch`` and
``GET /messages/outbound``. Tracking is switched off in every message. No tag or metadata names a topic or an address.
A stream may put its own way to leave into each message: ``doctor`` looks at that (see ``examining``).
Not verified: that the list of sent messages shows their metadata. Where it does not, the search says so, and settles
nobody.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from msdigest.errors import ProviderError
from msdigest.model.delivery import Found, Outcome
from msdigest.ports import Caps, Failure, Request
from msdigest.postal.answers import document, json_of, text_of
from msdigest.providers.postmark.codes import single, whole
from msdigest.providers.postmark.examining import inquiries
from msdigest.providers.postmark.hearing import hear
from msdigest.render.plain import one_line
from msdigest.render.program import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Doubt, Heard, Letter, Recipient, Shipment
    from msdigest.ports import Inquiry, Posted, Reply

BASE = "https://api.postmarkapp.com"
# A name that cannot end its quotes, hide another address or change the direction of what follows.
_NAME = re.compile(r"[\w .,'’()&-]{1,64}")
_PAGE = 500
_MOST_FOUND = 10_000


class PostmarkProvider:
    """Builds requests, reads answers; the call itself is made by ``send``."""

    name = "postmark"
    # It takes 500 messages and 50 MB. This is what fits into 10 MB of memory, with bodies as long as a client shows.
    caps = Caps(
        max_recipients=100,
        max_bytes=10_000_000,
        substitutes=False,
        whole=False,
        parallel=4,
        coding="json",
        # As it is set up at first; an operator may have shortened it to seven days.
        remembers=timedelta(days=45),
    )

    def __init__(self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> None:
        """Take ``[providers.postmark]`` (server_token, message_stream, webhook_user …) and the door to the network."""
        self._options = options
        self._base = options.get("base_url") or BASE
        self._stream = options.get("message_stream", "broadcast")
        self._headers = {"Accept": "application/json", "X-Postmark-Server-Token": options["server_token"]}
        self._send = send

    def build(self, shipment: Shipment) -> Request:
        """Make one call of whole messages, in the order of the recipients."""
        chunks: list[bytes] = []
        for letter, people in shipment.parts:
            common = _common(letter, self._stream)
            for person in people:
                chunks += (b"," if chunks else b"[", b"{", _own(letter, person, shipment.attempt), b",", common)
                chunks += (b',"HtmlBody":"', *filled(letter.html, person.values, form="html", coding="json"))
                chunks += (b'","TextBody":"', *filled(letter.text, person.values, form="text", coding="json"), b'"}')
        headers = {**self._headers, "Content-Type": "application/json"}
        return Request(method="POST", url=f"{self._base}/email/batch", headers=headers, body=b"".join((*chunks, b"]")))

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call."""
        return self._send(request)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: Postmark takes or refuses each message for itself.

        Raises ProviderError where the account or the settings are refused and nobody was sent anything.
        """
        people = shipment.recipients
        outcome = whole(reply)
        if outcome.state != "accepted":
            return [outcome] * len(people)
        each = json_of(reply)
        if not isinstance(each, list) or len(each) != len(people):
            return [Outcome("unknown", reason="postmark accepted without a word on each message")] * len(people)
        outcomes, refusals = zip(*map(single, each), strict=True)
        refusal = next(filter(None, refusals), None)
        if refusal and all(outcome.state == "rejected" or why for outcome, why in zip(outcomes, refusals, strict=True)):
            raise ProviderError(refusal)
        return list(outcomes)

    def search(self, doubt: Doubt, *, page: str = "") -> Request:
        """Ask for the messages of an attempt; ``page``: how many to leave out."""
        query = urlencode(
            {
                "count": _PAGE,
                "offset": page or "0",
                "metadata_attempt": doubt.attempt,
                "messagestream": self._stream,
            }
        )
        return Request(method="GET", url=f"{self._base}/messages/outbound?{query}", headers=self._headers)

    def found(self, reply: Reply | Failure, doubt: Doubt) -> Found:
        """Read which messages of an attempt Postmark has; raises ProviderError where the token may not ask."""
        outcome = whole(reply)
        if outcome.state != "accepted":
            return Found(trouble=outcome.reason, retry_after=outcome.retry_after)
        said = document(reply)
        messages, total = said.get("Messages"), said.get("TotalCount")
        if not isinstance(messages, list) or not isinstance(total, int):
            return Found(trouble="postmark told nothing about messages")
        marked = [(each, _metadata(each)) for each in messages]
        if not all(marks for _, marks in marked):
            return Found(trouble="postmark lists messages without their metadata")
        wanted = {person.delivery for person in doubt.recipients}
        ours = (
            (each, text_of(marks.get("delivery"))) for each, marks in marked if marks.get("attempt") == doubt.attempt
        )
        accepted = {delivery: text_of(each.get("MessageID")) for each, delivery in ours if delivery in wanted}
        seen = _offset(reply) + len(messages)
        if messages and seen < total and seen + _PAGE > _MOST_FOUND:
            return Found(accepted=accepted, trouble=f"postmark lists no more than {_MOST_FOUND} messages")
        return Found(accepted=accepted, more=str(seen) if messages and seen < total else "")

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what a webhook call told (see ``hearing``)."""
        return hear(posted, self._options, now=now)

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask about the account (see ``examining``)."""
        return inquiries(self._base, self._headers, stream=self._stream, domain=domain)


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> PostmarkProvider:
    """Make the provider of ``[providers.postmark]``."""
    return PostmarkProvider(options, send)


def _metadata(message: object) -> Mapping[str, Any]:
    """Return the metadata of a message in a list; empty if there is none."""
    found = message.get("Metadata") if isinstance(message, dict) else None
    return found if isinstance(found, dict) else {}


def _offset(reply: Reply | Failure) -> int:
    """Return how many messages were left out before those of this answer."""
    asked = "" if isinstance(reply, Failure) else urlsplit(reply.url).query
    return int(dict(parse_qsl(asked)).get("offset", "0"))


def _common(letter: Letter, stream: str) -> bytes:
    """Write what all messages of a letter have in common, without braces."""
    fields = {
        "From": _sender(letter.sender),
        "Subject": letter.subject,
        "MessageStream": stream,
        "Tag": f"issue-{letter.issue}",
        "TrackOpens": False,
        "TrackLinks": "None",
    }
    return _written(fields)


def _own(letter: Letter, person: Recipient, attempt: str) -> bytes:
    """Write what one person's message has of its own, without braces."""
    headers = {
        **letter.headers,
        "List-Unsubscribe": f"<{person.leave_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    fields = {
        "To": _addressee(person),
        "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        "Metadata": {"delivery": person.delivery, "attempt": attempt},
    }
    return _written(fields)


def _written(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


@lru_cache(maxsize=256)
def _sender(mailbox: str) -> str:
    """Write the sender in letters as they are; a name is quoted, whatever is in it."""
    coded, address = parseaddr(mailbox)
    name = one_line(str(make_header(decode_header(coded))))
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>' if name else address


def _addressee(person: Recipient) -> str:
    """Write a person's name and address, or the address alone if the name has anything unusual in it."""
    name = one_line(person.name)
    return f'"{name}" <{person.address}>' if _NAME.fullmatch(name) else person.address
