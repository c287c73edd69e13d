"""What Resend says to a call, as its API description and documentation tell."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.sinks.service import Answer, Call

SECRET = base64.b64encode(b"signing secret of the sink").decode()
OPTIONS = {"api_key": "re_key_of_the_sink", "webhook_secret": f"whsec_{SECRET}"}
MOST_MESSAGES, LONGEST_KEY = 100, 256
_FIELDS = {"from": str, "to": list, "subject": str, "html": str, "text": str, "headers": dict, "tags": list}
# Names are taken as they are, neither quoted nor encoded.
_MAILBOX = re.compile(r'(?:[^<>"(),;:@\\=?]+ <([^<>\s",;:@]+@[^<>\s",;:@]+)>|([^<>\s",;:@]+@[^<>\s",;:@]+))')
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass
class ResendService:
    """A team with one domain, verified and without tracking.

    account: path of a question about the account → what is answered. keys: idempotency key → its body's hash and the
    answer; ``busy``: keys whose first call is still under way.
    """

    name: str = "resend"
    options: dict[str, str] = field(default_factory=lambda: dict(OPTIONS))
    bad: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=lambda: dict(ACCOUNT))
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    sent: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_send(self, call: Call) -> bool:
        return call.method == "POST"

    def answer(self, call: Call) -> Answer:
        if not call.headers.get("authorization"):
            return _error(401, "missing_api_key", "Missing API key in the authorization header.")
        if call.headers["authorization"] != f"Bearer {self.options['api_key']}":
            return _error(403, "invalid_api_key", "API key is invalid")
        if call.method == "GET" and call.path in self.account:
            return Answer(status=200, document=self.account[call.path])
        if (call.method, call.path) != ("POST", "/emails/batch"):
            return _error(404, "not_found", "The requested endpoint does not exist.")
        with self.lock:
            return self._batch(call)

    def _batch(self, call: Call) -> Answer:
        """Take a batch once: an equal call with the same key is told the same, and sends nothing."""
        key, body = call.headers.get("idempotency-key"), hashlib.sha256(call.body).hexdigest()
        if key is not None and not 1 <= len(key) <= LONGEST_KEY:
            return _error(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        if key in self.busy:
            sentence = "Same idempotency key used while original request is still in progress."
            return _error(409, "concurrent_idempotent_requests", sentence)
        if key in self.keys:
            before, document = self.keys[key]
            if before != body:
                sentence = "Same idempotency key used with a different request payload."
                return _error(409, "invalid_idempotent_request", sentence)
            return Answer(status=200, document=document)
        return self._take(call, key, body)

    def _take(self, call: Call, key: str | None, body: str) -> Answer:
        try:
            messages = json.loads(call.body)
        except ValueError:
            return _error(400, "validation_error", "The body is no JSON")
        if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
            return _error(422, "validation_error", "The `emails` field has to be an array of 1 to 100")
        wrong = next(filter(None, map(_wrong, messages)), None)
        if wrong:
            return _error(422, "validation_error", wrong)
        to = [address_of(message["to"][0]) for message in messages]
        if self.bad & set(to):
            return _error(422, "validation_error", "Invalid `to` field. The email address needs to follow the format.")
        self.faults += [fault for message in messages for fault in our_faults(message)]
        if key is None:
            self.faults.append("the call may be taken twice")
        numbers = [f"00000000-0000-4000-8000-{len(self.sent) + place:012d}" for place in range(len(to))]
        self.sent += messages
        document = {"data": [{"id": number} for number in numbers]}
        if key is not None:
            self.keys[key] = (body, document)
        return Answer(status=200, document=document, accepted=tuple(to))


def service() -> ResendService:
    """Make a service that has taken nothing yet."""
    return ResendService()


def address_of(mailbox: str) -> str:
    """Return the address of a mailbox with or without a name; raises ValueError for any other."""
    match = _MAILBOX.fullmatch(mailbox)
    if match is None:
        raise ValueError("no mailbox")
    return match[1] or match[2]


def _wrong(message: Any) -> str | None:
    """Return why Resend does not take a message."""
    if not isinstance(message, dict):
        return "a message has to be an object"
    missing = [name for name in ("from", "to", "subject") if name not in message]
    if missing:
        return f"Missing `{missing[0]}` field."
    odd = [name for name, value in message.items() if name not in _FIELDS or not isinstance(value, _FIELDS[name])]
    odd += [name for name in ("from", "to") if not _are_mailboxes(message[name])]
    if odd:
        return f"Invalid `{odd[0]}` field."
    if not all(set(tag) == {"name", "value"} and all(map(_TAG.fullmatch, tag.values())) for tag in message["tags"]):
        return "Tags should only contain ASCII letters, numbers, underscores, or dashes."
    plain = all(isinstance(value, str) and "\n" not in value for value in message["headers"].values())
    return None if plain else "Invalid `headers` field."


def _are_mailboxes(told: Any) -> bool:
    mailboxes = [told] if isinstance(told, str) else told
    return bool(mailboxes) and all(map(_MAILBOX.fullmatch, mailboxes))


def our_faults(message: dict[str, Any]) -> list[str]:
    """Return what is right for Resend and wrong for us; tracking is the domain's, and no message tells of it."""
    headers, tags = message["headers"], {tag["name"]: tag["value"] for tag in message["tags"]}
    faults = []
    if headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        faults.append("leaving takes more than one click")
    if not re.fullmatch(r"<https?://[^<>\s]+>", headers.get("List-Unsubscribe", "")):
        faults.append("there is no address to leave")
    if "List-Id" not in headers:
        faults.append("there is no List-Id")
    if len(message["to"]) != 1:
        faults.append("somebody sees whom else it is for")
    if set(tags) != {"issue", "delivery", "attempt"} or not re.fullmatch(r"issue-[0-9]+", tags["issue"]):
        faults.append("the tags are not ours")
    if not message.get("html") or not message.get("text"):
        faults.append("a body is missing")
    return faults


def _error(status: int, name: str, message: str) -> Answer:
    return Answer(status=status, document={"statusCode": status, "name": name, "message": message})


KINDS = {
    "accepted": ("email.sent", {}),
    "delivered": ("email.delivered", {}),
    "deferred": ("email.delivery_delayed", {}),
    "bounced": (
        "email.bounced",
        {
            "bounce": {
                "type": "Permanent",
                "subType": "General",
                "message": "there is no such mailbox",
                "diagnosticCode": ["smtp; 550 5.1.1 user unknown"],
            }
        },
    ),
    "soft": (
        "email.bounced",
        {
            "bounce": {
                "type": "Transient",
                "subType": "MailboxFull",
                "message": "the mailbox is full",
                "diagnosticCode": ["smtp; 452 4.2.2 full"],
            }
        },
    ),
    "complained": ("email.complained", {}),
    "rejected": (
        "email.suppressed",
        {
            "suppressed": {
                "type": "OnAccountSuppressionList",
                "reason": "previous_bounce",
                "message": "it bounced before",
                "diagnosticCode": [],
            }
        },
    ),
    "opened": ("email.opened", {}),
}
# What it tells by webhook: that somebody left is not among it.
TOLD = tuple(KINDS)
ACCOUNT: dict[str, Any] = {
    "/domains": {
        "object": "list",
        "has_more": False,
        "data": [
            {
                "id": "00000000-0000-4000-8000-00000000d000",
                "name": "mail.example.org",
                "status": "verified",
                "region": "eu-west-1",
                "open_tracking": False,
                "click_tracking": False,
                "capabilities": {"sending": "enabled", "receiving": "disabled"},
            }
        ],
    },
    "/webhooks": {
        "object": "list",
        "has_more": False,
        "data": [
            {
                "id": "00000000-0000-4000-8000-00000000e000",
                "endpoint": "https://digest.example.org/hooks/resend",
                "status": "enabled",
                "events": sorted({name for name, _ in KINDS.values() if name != "email.opened"} | {"email.failed"}),
            }
        ],
    },
}


def hook(
    event_kind: str,
    *,
    address: str,
    issue: int,
    delivery: str,
    attempt: str,
    at: datetime,
    now: datetime,
    provider_id: str,
) -> tuple[dict[str, str], bytes]:
    """Make a genuine webhook call that tells ``event_kind``, one of ``TOLD``; raises KeyError for any other."""
    name, more = KINDS[event_kind]
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    data = {
        "email_id": provider_id,
        "created_at": moment,
        "from": "MS Digest <digest@mail.example.org>",
        "to": [address],
        "subject": "What is new",
        "tags": {"issue": f"issue-{issue}", "delivery": delivery, "attempt": attempt},
        **more,
    }
    body = json.dumps({"type": name, "created_at": moment, "data": data}).encode()
    call = "msg_" + hashlib.sha256(body).hexdigest()[:27]
    return signed(call, str(int(now.timestamp())), body), body


def signed(call: str, timestamp: str, body: bytes, *, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a genuine call."""
    proof = hmac.new(base64.b64decode(secret), f"{call}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(proof).decode()}"
    return {
        "content-type": "application/json",
        "svix-id": call,
        "svix-timestamp": timestamp,
        "svix-signature": signature,
    }
