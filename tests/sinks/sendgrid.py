"""What SendGrid says to a call, as its API description and documentation tell."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from tests.sinks.service import Answer, Call

# Made anew in each process: it opens nothing.
HOOK_KEY = ec.generate_private_key(ec.SECP256R1())
OPTIONS = {
    "api_key": "SG.key-of-the-sink",
    "webhook_public_key": base64.b64encode(
        HOOK_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode(),
    "activity": "True",
}
MOST_RECIPIENTS, MOST_BYTES, MOST_SUBSTITUTIONS, MOST_FOUND = 1_000, 30_000_000, 10_000, 1_000
# What no header may be called: SendGrid writes these itself.
RESERVED = frozenset((
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
))  # fmt: skip
TOLD = ("accepted", "deferred", "delivered", "bounced", "soft", "complained", "unsubscribed", "rejected", "opened")
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_FIELDS = {
    "personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id",
    "headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name", "mail_settings",
    "tracking_settings",
}  # fmt: skip
_OFF = ("click_tracking", "open_tracking", "subscription_tracking", "ganalytics")
_MARK = re.compile(r"-[0-9a-f]{16}[ht]-|<%")
_QUERY = re.compile(r"\(unique_args\['([^']+)'\]=\"([^\"]*)\"\)")


@dataclass(frozen=True)
class Message:
    """One message as it left: marks replaced."""

    to: str
    name: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    custom_args: dict[str, str]
    msg_id: str


@dataclass
class SendgridService:
    """An account that may send mail, and that bought the look-up of what it sent."""

    name: str = "sendgrid"
    options: dict[str, str] = field(default_factory=lambda: dict(OPTIONS))
    bad: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    number: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_send(self, call: Call) -> bool:
        return call.method == "POST"

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {self.options['api_key']}":
            return _refusal(401, "The provided authorization grant is invalid, expired, or revoked")
        with self.lock:
            if (call.method, call.path) == ("POST", "/v3/mail/send"):
                return self._send(call)
            if (call.method, call.path) == ("GET", "/v3/messages"):
                return self._found(call)
        return _refusal(404, "not found")

    def _send(self, call: Call) -> Answer:
        if call.headers.get("content-type") != "application/json":
            return _refusal(415, "Content-Type should be application/json.")
        if len(call.body) > MOST_BYTES:
            return _refusal(413, "Request payload is too large.")
        try:
            told = json.loads(call.body)
        except ValueError:
            return _refusal(400, "Bad Request")
        if wrong := self._wrong(told):
            return _refusal(400, *wrong)
        self.number += 1
        name = f"sg{self.number:020d}"
        messages = [
            _message(told, each, f"{name}.recvd-{place}") for place, each in enumerate(told["personalizations"])
        ]
        self.sent += messages
        self.faults += our_faults(told, messages)
        return Answer(status=202, headers={"X-Message-Id": name}, accepted=tuple(message.to for message in messages))

    def _wrong(self, told: dict[str, Any]) -> tuple[str, str] | None:
        """Return why the call is refused as a whole, as (sentence, field)."""
        people = told.get("personalizations", [])
        types = [part.get("type") for part in told.get("content", [])]
        whole = (
            (set(told) <= _FIELDS, "there are unknown fields", "body"),
            (
                _ADDRESS.fullmatch(told["from"]["email"]),
                "The from email does not contain a valid address.",
                "from.email",
            ),
            (types == ["text/plain", "text/html"], "text/plain must be first, followed by text/html.", "content"),
            (all(part.get("value") for part in told["content"]), "The content must not be empty.", "content"),
            (told.get("subject"), "The subject is required.", "subject"),
            (len(told.get("categories", [])) <= 10, "There are too many categories.", "categories"),
            (1 <= len(people) <= MOST_RECIPIENTS, "There are no or too many personalizations.", "personalizations"),
        )
        wrong = [(sentence, where) for right, sentence, where in whole if not right]
        for place, each in enumerate(people):
            wrong += [(sentence, f"personalizations.{place}.{where}") for sentence, where in self._wrong_one(each)]
        return wrong[0] if wrong else None

    def _wrong_one(self, person: dict[str, Any]) -> list[tuple[str, str]]:
        ((address, name),) = [(to["email"], to.get("name", "")) for to in person["to"]]
        headers, maps = person.get("headers", {}), [person.get(each, {}) for each in ("substitutions", "custom_args")]
        checks = (
            (
                address not in self.bad and address.isascii() and _ADDRESS.fullmatch(address),
                f"Does not contain a valid address: {address}",
                "to.0.email",
            ),
            (not re.search(r"[,;\r\n]", name), "The name must not hold commas or semicolons.", "to.0.name"),
            (not {each.lower() for each in headers} & RESERVED, "This header is not allowed.", "headers"),
            (not re.search(r"[\r\n]", "".join(headers.values())), "A header has no lines.", "headers"),
            (all(isinstance(value, str) for each in maps for value in each.values()), "Texts only.", "custom_args"),
            (all(len(json.dumps(each)) <= MOST_SUBSTITUTIONS for each in maps), "They are too long.", "substitutions"),
        )
        return [(sentence, where) for right, sentence, where in checks if not right]

    def _found(self, call: Call) -> Answer:
        self.asked += 1
        query = _QUERY.fullmatch(call.query.get("query", ""))
        if query is None:
            return _refusal(400, "invalid syntax")
        limit = int(call.query.get("limit", "10"))
        if not 1 <= limit <= MOST_FOUND:
            return _refusal(400, "limit must be between 1 and 1000")
        found = [
            {
                "from_email": "digest@mail.example.org",
                "msg_id": message.msg_id,
                "subject": message.subject,
                "to_email": message.to,
                "status": "processed",
                "opens_count": 0,
                "clicks_count": 0,
                "last_event_time": "2026-11-27T05:00:00Z",
            }
            for message in reversed(self.sent)
            if message.custom_args.get(query[1]) == query[2]
        ]
        return Answer(status=200, document={"messages": found[:limit]})


def service() -> SendgridService:
    """Make a service that has taken nothing yet."""
    return SendgridService()


def _message(told: dict[str, Any], person: dict[str, Any], msg_id: str) -> Message:
    marks = person.get("substitutions", {})
    return Message(
        to=person["to"][0]["email"],
        name=person["to"][0].get("name", ""),
        subject=_replaced(told["subject"], marks),
        text=_replaced(told["content"][0]["value"], marks),
        html=_replaced(told["content"][1]["value"], marks),
        headers=told.get("headers", {}) | person.get("headers", {}),
        custom_args=person.get("custom_args", {}),
        msg_id=msg_id,
    )


def _replaced(text: str, marks: dict[str, str]) -> str:
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


def our_faults(told: dict[str, Any], messages: list[Message]) -> list[str]:
    """Return what is right for SendGrid and wrong for us."""
    faults = []
    settings = told.get("tracking_settings", {})
    if [settings.get(name, {}).get("enable") for name in _OFF] != [False] * len(_OFF):
        faults.append("tracking is not switched off")
    if not re.fullmatch(r"issue-[0-9]+", ",".join(told.get("categories", []))):
        faults.append("the category is not the issue")
    for message in messages:
        if message.headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
            faults.append("leaving takes more than one click")
        if not re.fullmatch(r"<https?://[^<>\s]+>", message.headers.get("List-Unsubscribe", "")):
            faults.append("there is no address to leave")
        if "List-Id" not in message.headers:
            faults.append("there is no List-Id")
        if set(message.custom_args) != {"delivery_mark", "attempt_mark"}:
            faults.append("the arguments are not ours")
        if any(_MARK.search(text) for text in (message.subject, message.text, message.html)):
            faults.append("a mark was not replaced")
    return faults


def _refusal(status: int, message: str, where: str | None = None) -> Answer:
    return Answer(status=status, document={"errors": [{"message": message, "field": where, "help": None}]})


def posted(body: bytes, *, now: datetime, key: ec.EllipticCurvePrivateKey = HOOK_KEY) -> tuple[dict[str, str], bytes]:
    """Sign a webhook call as SendGrid does."""
    timestamp = str(int(now.timestamp()))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "content-type": "application/json",
        "x-twilio-email-event-webhook-timestamp": timestamp,
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
    }, body


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
    told = record(
        event_kind, address=address, issue=issue, delivery=delivery, attempt=attempt, at=at, provider_id=provider_id
    )
    # It ends its arrays, and each of their members, with a line.
    return posted(b"[" + json.dumps(told).encode() + b"]\r\n", now=now)


def record(
    event_kind: str, *, address: str, issue: int, delivery: str, attempt: str, at: datetime, provider_id: str
) -> dict[str, Any]:
    """Return one event as it stands in a call."""
    return {
        "email": address,
        "timestamp": int(at.timestamp()),
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "category": [f"issue-{issue}"],
        "sg_event_id": f"event-{event_kind}-{delivery}",
        "sg_message_id": f"{provider_id}.recvd-5c9f-1-6501-9.0",
        "delivery_mark": delivery,
        "attempt_mark": attempt,
        **_RECORDS[event_kind],
    }


_RECORDS: dict[str, dict[str, Any]] = {
    "accepted": {"event": "processed"},
    "deferred": {"event": "deferred", "response": "400 try again later", "attempt": "5"},
    "delivered": {"event": "delivered", "response": "250 OK"},
    "bounced": {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such person here"},
    "soft": {"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 your address is blocked"},
    "complained": {"event": "spamreport"},
    "unsubscribed": {"event": "unsubscribe"},
    "rejected": {"event": "dropped", "reason": "Bounced Address", "status": "5.0.0"},
    "opened": {"event": "open", "useragent": "Mozilla/4.0", "ip": "192.0.2.1"},
}
