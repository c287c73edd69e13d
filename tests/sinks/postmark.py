"""What Postmark says to a call, as its developer documentation tells."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.sinks.service import Answer, Call

OPTIONS = {
    "server_token": "server-token-of-the-sink",
    "message_stream": "broadcast",
    "webhook_user": "msdigest",
    "webhook_password": "password-of-the-hook",
}
MOST_MESSAGES, MOST_BYTES = 500, 50_000_000
MOST_FOUND = 10_000
_FIELDS = {
    "From": str, "To": str, "Subject": str, "MessageStream": str, "Tag": str, "TrackOpens": bool, "TrackLinks": str,
    "Headers": list, "Metadata": dict, "HtmlBody": str, "TextBody": str, "ReplyTo": str, "Cc": str, "Bcc": str,
    "Attachments": list, "InlineCss": bool,
}  # fmt: skip
_MAILBOX = re.compile(r'(?:"(?:[^"\\]|\\.)*" <([^<>\s"]+@[^<>\s"]+)>|([^<>\s",;]+@[^<>\s",;]+))')
_LONGEST_KEY, _LONGEST_VALUE = 20, 80
# What it tells by webhook: that it took a message is not among it.
TOLD = ("deferred", "delivered", "bounced", "soft", "complained", "unsubscribed", "rejected", "opened")


@dataclass
class PostmarkService:
    """A server with one stream for broadcasts, whose unsubscribes are managed elsewhere."""

    name: str = "postmark"
    options: dict[str, str] = field(default_factory=lambda: dict(OPTIONS))
    bad: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_send(self, call: Call) -> bool:
        return call.method == "POST"

    def answer(self, call: Call) -> Answer:
        if call.headers.get("x-postmark-server-token") != self.options["server_token"]:
            return _error(401, 10, "No Account or Server API tokens were supplied in the HTTP headers.")
        if call.headers.get("accept") != "application/json":
            return _error(406, 0, "Accept has to be application/json")
        with self.lock:
            if (call.method, call.path) == ("POST", "/email/batch"):
                return self._batch(call)
            if (call.method, call.path) == ("GET", "/messages/outbound"):
                return self._found(call)
        return Answer(status=404)

    def _batch(self, call: Call) -> Answer:
        if call.headers.get("content-type") != "application/json":
            return _error(422, 409, "The 'Content-Type' has to be application/json")
        if len(call.body) > MOST_BYTES:
            return _error(413, 0, "Payload too large")
        try:
            messages = json.loads(call.body)
        except ValueError:
            return _error(422, 402, "The body is no JSON")
        if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
            return _error(422, 403, "The JSON is not what was expected")
        if len(messages) > MOST_MESSAGES:
            return _error(422, 410, "Up to 500 messages a call")
        told = [self._message(each) for each in messages]
        accepted = tuple(each["To"] for each in told if each["ErrorCode"] == 0)
        return Answer(status=200, document=told, accepted=accepted)

    def _message(self, message: dict[str, Any]) -> dict[str, Any]:
        """Judge one message, and keep it if it is taken."""
        wrong = _wrong(message)
        if wrong:
            return {"ErrorCode": wrong[0], "Message": wrong[1]}
        to = address_of(message["To"])
        if to in self.bad:
            return {"ErrorCode": 406, "Message": f"You tried to send to an inactive recipient: {to}."}
        self.faults += our_faults(message)
        number = f"00000000-0000-4000-8000-{len(self.sent):012d}"
        self.sent.append({**message, "To": to, "MessageID": number})
        return {"ErrorCode": 0, "Message": "OK", "MessageID": number, "To": to, "SubmittedAt": "2026-11-27T05:00:00Z"}

    def _found(self, call: Call) -> Answer:
        self.asked += 1
        query = dict(call.query)
        try:
            count, offset = int(query.pop("count")), int(query.pop("offset"))
        except (KeyError, ValueError):
            return _error(422, 600, "count and offset are required")
        if count > MOST_MESSAGES or count + offset > MOST_FOUND:
            return _error(422, 600, "count up to 500, and count and offset up to 10000 together")
        # Without it, the stream for single messages is meant.
        stream = query.pop("messagestream", "outbound")
        metadata = {name: query.pop(name) for name in list(query) if name.startswith("metadata_")}
        if len(metadata) > 1 or query:
            return _error(422, 600, f"cannot search for {sorted(query) or sorted(metadata)}")
        found = [
            {
                "MessageID": each["MessageID"],
                "Recipients": [each["To"]],
                "Tag": each["Tag"],
                "Metadata": each["Metadata"],
                "Status": "Sent",
            }
            for each in reversed(self.sent)
            if each["MessageStream"] == stream
            and all(each["Metadata"].get(name.removeprefix("metadata_")) == value for name, value in metadata.items())
        ]
        return Answer(status=200, document={"TotalCount": len(found), "Messages": found[offset : offset + count]})


def service() -> PostmarkService:
    """Make a service that has taken nothing yet."""
    return PostmarkService()


def address_of(mailbox: str) -> str:
    """Return the address of a mailbox with or without a quoted name; raises ValueError for any other."""
    match = _MAILBOX.fullmatch(mailbox)
    if match is None:
        raise ValueError("no mailbox")
    return match[1] or match[2]


def _wrong(message: dict[str, Any]) -> tuple[int, str] | None:
    """Return why Postmark does not take a message, as (code, sentence)."""
    for name, value in message.items():
        if name not in _FIELDS or not isinstance(value, _FIELDS[name]):
            return 403, f"The field '{name}' is unknown or of another type"
    for name in ("From", "To"):
        try:
            address_of(message.get(name, ""))
        except ValueError:
            return 300, f"Error parsing '{name}': Illegal email address '{message.get(name)}'."
    metadata, headers = message.get("Metadata", {}), message.get("Headers", [])
    checks = {
        (300, "Provide either email TextBody or HtmlBody or both."): message.get("HtmlBody") or message.get("TextBody"),
        (1235, "The 'MessageStream' provided does not exist on this server."): message.get("MessageStream", "outbound")
        == OPTIONS["message_stream"],
        (300, "Invalid metadata content."): all(
            len(name) <= _LONGEST_KEY and len(value) <= _LONGEST_VALUE for name, value in metadata.items()
        ),
        (300, "Invalid 'Headers'"): all(
            set(header) == {"Name", "Value"} and "\n" not in header["Name"] + header["Value"] for header in headers
        ),
    }
    return next((wrong for wrong, right in checks.items() if not right), None)


def our_faults(message: dict[str, Any]) -> list[str]:
    """Return what is right for Postmark and wrong for us."""
    headers = {header["Name"]: header["Value"] for header in message.get("Headers", [])}
    faults = []
    if message.get("TrackOpens") is not False or message.get("TrackLinks") != "None":
        faults.append("tracking is not switched off")
    if headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        faults.append("leaving takes more than one click")
    if not re.fullmatch(r"<https?://[^<>\s]+>", headers.get("List-Unsubscribe", "")):
        faults.append("there is no address to leave")
    if not re.fullmatch(r"issue-[0-9]+", message.get("Tag", "")):
        faults.append("the tag is not the issue")
    if set(message.get("Metadata", {})) != {"delivery", "attempt"}:
        faults.append("the metadata is not ours")
    if "List-Id" not in headers:
        faults.append("there is no List-Id")
    return faults


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status=status, document={"ErrorCode": code, "Message": message})


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
    # It writes seven digits.
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    marks = {
        "MessageID": provider_id,
        "ServerID": 23,
        "MessageStream": OPTIONS["message_stream"],
        "Tag": f"issue-{issue}",
        "Metadata": {"delivery": delivery, "attempt": attempt},
    }
    body = json.dumps(_RECORDS[event_kind](address, moment) | marks).encode()
    return {"authorization": authorization(), "content-type": "application/json"}, body


def authorization(user: str = OPTIONS["webhook_user"], password: str = OPTIONS["webhook_password"]) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bounce(kind: str, name: str, address: str, moment: str) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": 42,
        "Type": kind,
        "TypeCode": 1,
        "Name": name,
        "Description": "as it is written in the documentation",
        "Details": f"smtp;550 5.1.1 <{address}> and so on",
        "Email": address,
        "BouncedAt": moment,
        "Inactive": kind == "HardBounce",
    }


_RECORDS = {
    "delivered": lambda address, moment: {"RecordType": "Delivery", "Recipient": address, "DeliveredAt": moment},
    "deferred": lambda address, moment: bounce("Transient", "Message delayed", address, moment),
    "bounced": lambda address, moment: bounce("HardBounce", "Hard bounce", address, moment),
    "soft": lambda address, moment: bounce("SoftBounce", "Soft bounce", address, moment),
    "rejected": lambda address, moment: bounce("ManuallyDeactivated", "Manually deactivated", address, moment),
    "complained": lambda address, moment: {
        **bounce("SpamComplaint", "Spam complaint", address, moment),
        "RecordType": "SpamComplaint",
    },
    "unsubscribed": lambda address, moment: {
        "RecordType": "SubscriptionChange",
        "Recipient": address,
        "ChangedAt": moment,
        "Origin": "Recipient",
        "SuppressSending": True,
        "SuppressionReason": "ManualSuppression",
    },
    "opened": lambda address, moment: {"RecordType": "Open", "Recipient": address, "ReceivedAt": moment},
}
