"""What Brevo says to a call, as its description and documentation tell; its templates are read as far as we use them."""

from __future__ import annotations

import html
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.sinks.service import Answer, Call

OPTIONS = {"api_key": "key-of-the-sink", "webhook_token": "token-of-the-hook"}
MOST_VERSIONS, MOST_PARAMS, MOST_LIMIT = 1_000, 1_000_000, 5_000
TOLD = ("accepted", "deferred", "delivered", "bounced", "soft", "complained", "unsubscribed", "rejected", "opened")
_ADDRESS = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+")
_SIGN = re.compile(r"\{\{(?P<value>.*?)\}\}|\{%(?P<tag>.*?)%\}|\{#.*?#\}", re.DOTALL)
_SEARCHED_BY = {"limit", "offset", "days", "startDate", "endDate", "email", "event", "tags", "messageId", "sort"}


@dataclass
class BrevoService:
    """An account that remembers keys for as long as a test takes. messages: what it sent, as readers get it."""

    name: str = "brevo"
    options: dict[str, str] = field(default_factory=lambda: dict(OPTIONS))
    bad: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_send(self, call: Call) -> bool:
        return call.method == "POST"

    def answer(self, call: Call) -> Answer:
        if call.headers.get("api-key") != self.options["api_key"]:
            return _error(401, "unauthorized", "Key not found")
        with self.lock:
            if (call.method, call.path) == ("POST", "/v3/smtp/email"):
                return self._send(call)
            if (call.method, call.path) == ("GET", "/v3/smtp/statistics/events"):
                return self._found(call)
        return _error(404, "document_not_found", "there is nothing")

    def _send(self, call: Call) -> Answer:
        try:
            mail = json.loads(call.body)
            wrong = _wrong(mail, call, bad=self.bad)
        except (ValueError, TypeError, KeyError, AttributeError):
            return _error(400, "bad_request", "Input must be a valid JSON object")
        if wrong:
            return _error(400, "invalid_parameter", wrong)
        key = mail.get("headers", {}).get("idempotencyKey", "")
        if key in self.keys:
            return _error(400, "duplicate_parameter", "the idempotencyKey was used before")
        self.keys |= {key} if key else set()
        sent = [_message(mail, version, f"<{len(self.messages) + n}@sink.brevo>") for n, version in _numbered(mail)]
        for message in sent:
            self.faults += our_faults(message)
        self.messages += sent
        ids = [message["messageId"] for message in sent]
        return Answer(
            status=201, document={"messageIds": ids}, accepted=tuple(message["to"]["email"] for message in sent)
        )

    def _found(self, call: Call) -> Answer:
        self.asked += 1
        query = call.query
        limit, offset = int(query.get("limit", 2_500)), int(query.get("offset", 0))
        if set(query) - _SEARCHED_BY or limit > MOST_LIMIT or ("days" in query and "startDate" in query):
            return _error(400, "invalid_parameter", "these cannot be asked for together")
        wanted = {tag.strip() for tag in query.get("tags", "").split(",") if tag.strip()}
        told = [
            {
                "email": message["to"]["email"],
                "date": "2026-11-27T06:00:00.000+01:00",
                "messageId": message["messageId"],
                "event": "requests",
                "subject": message["subject"],
                "tag": json.dumps(message["tags"]),
                "from": message["sender"]["email"],
            }
            for message in self.messages
            if query.get("event", "requests") == "requests" and (not wanted or wanted & set(message["tags"]))
        ]
        return Answer(status=200, document={"events": told[offset : offset + limit]} if told else {})


def service() -> BrevoService:
    """Make a service that has taken nothing yet."""
    return BrevoService()


def _numbered(mail: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(mail["messageVersions"]))


def _wrong(mail: dict[str, Any], call: Call, *, bad: set[str]) -> str | None:
    """Return why Brevo does not take a call."""
    versions = mail["messageVersions"]
    addresses = [to["email"] for version in versions for to in version["to"]]
    refused = [each for each in addresses if each in bad or not _ADDRESS.fullmatch(each)]
    key = mail.get("headers", {}).get("idempotencyKey")
    checks = {
        "the content type is not JSON": call.headers.get("content-type") == "application/json",
        "valid sender email required": _ADDRESS.fullmatch(mail["sender"]["email"]),
        "subject is missing": mail.get("subject"),
        "htmlContent or textContent is missing": mail.get("htmlContent") and mail.get("textContent"),
        "up to 1000 versions": len(versions) <= MOST_VERSIONS,
        "up to 1000 kB of params": sum(_size(version.get("params", {})) for version in versions) <= MOST_PARAMS,
        "headers have to be ASCII text": all(
            isinstance(value, str) and value.isascii()
            for headers in (mail.get("headers", {}), *(version.get("headers", {}) for version in versions))
            for value in headers.values()
        ),
        "contactPixelTrackingConsent is true or false": all(
            isinstance(to.get("contactPixelTrackingConsent", False), bool)
            for version in versions
            for to in version["to"]
        ),
        "the idempotencyKey is no UUID": key is None or str(UUID(key)) == key,
        f"email is not valid in to: {refused[:1]}": not refused,
    }
    return next((wrong for wrong, right in checks.items() if not right), None)


def _size(params: dict[str, Any]) -> int:
    return len(json.dumps(params, ensure_ascii=False).encode())


def _message(mail: dict[str, Any], version: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one message as its reader gets it."""
    params = version.get("params", {})
    headers = {key: value for key, value in mail.get("headers", {}).items() if key != "idempotencyKey"}
    return {
        "sender": mail["sender"],
        "to": version["to"][0],
        "alone": len(version["to"]) == 1,
        "subject": filled(mail["subject"], params),
        "html": filled(mail["htmlContent"], params),
        "text": filled(mail["textContent"], params),
        "headers": headers | version.get("headers", {}),
        "tags": mail.get("tags", []),
        "messageId": name,
    }


def filled(template: str, params: dict[str, str]) -> str:
    """Fill a template, and read the result as a template once more, as Brevo was seen to do.

    What it cannot know becomes "(unknown)", as readers would never see it.
    """
    return _rendered(_rendered(template, params), params)


def _rendered(template: str, params: dict[str, str]) -> str:
    escapes = True

    def told(match: re.Match[str]) -> str:
        nonlocal escapes
        if tag := (match["tag"] or "").strip():
            if tag not in {"autoescape off", "endautoescape"}:
                return "(unknown)"
            escapes = tag == "endautoescape"
            return ""
        name = (match["value"] or "").strip().removeprefix("params.")
        if name not in params:
            return "(unknown)"
        return html.escape(params[name]) if escapes else params[name]

    return _SIGN.sub(told, template)


def our_faults(message: dict[str, Any]) -> list[str]:
    """Return what is right for Brevo and wrong for us, in a message as its reader gets it."""
    headers = message["headers"]
    faults = []
    if message["to"].get("contactPixelTrackingConsent") is not False:
        faults.append("tracking is not refused")
    if headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        faults.append("leaving takes more than one click")
    if not re.fullmatch(r"<https?://[^<>\s]+>", headers.get("List-Unsubscribe", "")):
        faults.append("there is no address to leave")
    if not re.fullmatch(r"delivery:[^|:]+\|attempt:[^|:]+", headers.get("X-Mailin-custom", "")):
        faults.append("the marks are not ours")
    if len(message["tags"]) != 2 or not re.fullmatch(r"issue-[0-9]+", message["tags"][0]):
        faults.append("the tags are not the issue and the attempt")
    if "List-Id" not in headers:
        faults.append("there is no List-Id")
    if not message["alone"]:
        faults.append("somebody reads another's address")
    if any("(unknown)" in message[name] or _SIGN.search(message[name]) for name in ("subject", "html", "text")):
        faults.append("a variable has no value")
    return faults


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status=status, document={"code": code, "message": message})


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
    """Make a genuine webhook call that tells ``event_kind``, one of ``TOLD``."""
    body = event(
        _EVENTS[event_kind],
        address,
        at,
        **{"message-id": f"<{provider_id}>", "tags": [f"issue-{issue}", attempt]},
        **{"X-Mailin-custom": f"delivery:{delivery}|attempt:{attempt}"},
    )
    return {"authorization": f"Bearer {OPTIONS['webhook_token']}", "content-type": "application/json"}, json.dumps(
        body
    ).encode()


def event(name: str, address: str, at: datetime, **more: object) -> dict[str, object]:
    """Return an event as it is documented, with what it has ``more``."""
    seconds = int(at.timestamp())
    return {
        "event": name,
        "email": address,
        "id": 26224,
        # In the account's own zone, whatever that is.
        "date": "2026-11-27 23:00:01",
        "ts": seconds + 7_200,
        "ts_event": seconds,
        "ts_epoch": round(at.timestamp() * 1_000),
        "subject": "What is new",
        "sending_ip": "192.0.2.1",
        "reason": f"550 5.1.1 <{address}> and so on",
        **more,
    }


_EVENTS = {
    "accepted": "request",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounced": "hard_bounce",
    "soft": "soft_bounce",
    "complained": "spam",
    "unsubscribed": "unsubscribed",
    "rejected": "blocked",
    "opened": "unique_opened",
}
