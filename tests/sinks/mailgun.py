"""What Mailgun says to a call, as its API description tells: a listener of its own, and a ``Service``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.sinks.service import Answer
from tests.sinks.service import Call as ServiceCall

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_RECIPIENTS, MOST_EVENTS = 1_000, 300
MOST_TAGS, MOST_OPTIONS = 3, 16_384
KEY = "key-of-the-sink"
DOMAIN = "mail.example.org"
OPTIONS = {"domain": DOMAIN, "api_key": KEY, "webhook_key": "signing-key-of-the-sink"}
_FIELD = re.compile(rb'Content-Disposition: form-data; name="([^"]+)"\r\n\r\n')
_VARIABLE = re.compile(r"%recipient\.([\w.\-]+)%")
_FOREIGN = re.compile(r"%(?:unsubscribe_\w*|mailing_list_\w*|recipient(?:_\w*)?)%|%recipient\.%", re.IGNORECASE)
_FILTERS = {"begin", "end", "ascending", "limit", "event", "tags", "recipient", "message-id"}


@dataclass(slots=True)
class Call:
    """One call as it arrived: the form's fields (name → values) and the status it was answered with."""

    fields: dict[str, list[str]]
    status: int


@dataclass
class MailgunSink:
    """Listens on 127.0.0.1; ``with MailgunSink() as sink`` gives ``sink.base_url``.

    answer: number of the call (from 0) and its recipients → (status, headers, document), or None to accept.
    delay: seconds before each answer. keep: whether whole calls are kept, or only who was accepted.
    """

    answer: Callable[[int, list[str]], tuple[int, dict[str, str], dict[str, Any]] | None] = lambda _number, _to: None
    delay: float = 0.0
    keep: bool = True
    accepted: Counter[str] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    number: int = 0
    first_call: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, document = sink.take(self.path, dict(self.headers), body)
                raw = json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Say nothing: the calls are kept."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Judge one call as Mailgun does, and remember whom it accepted."""
        with self.lock:
            number, self.number = self.number, self.number + 1
            self.first_call = self.first_call or time.monotonic()
        fields = parse(headers, body, whole=self.keep)
        to = fields.get("to", [])
        refused = refusal(path, headers.get("Authorization"), fields)
        self.faults += [] if refused else our_faults(fields)
        answer = (refused[0], {}, refused[1]) if refused else self.answer(number, to)
        if self.delay:
            time.sleep(self.delay)
        with self.lock:
            if self.keep:
                self.calls.append(Call(fields, answer[0] if answer else 200))
            if answer is None or answer[0] == 200:
                self.accepted.update(to)
        return answer or (200, {}, {"id": f"<{number}@sink.example>", "message": "Queued. Thank you."})


@dataclass
class MailgunService:
    """An account with one domain, verified and without tracking.

    account: path of a question about the account → what is answered. events: what was told to whom, in order. It lists
    them whatever moment is asked for: clocks of tests stand still.
    """

    name: str = "mailgun"
    options: dict[str, str] = field(default_factory=lambda: dict(OPTIONS))
    bad: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=lambda: dict(ACCOUNT))
    events: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_send(self, call: ServiceCall) -> bool:
        return call.method == "POST"

    def answer(self, call: ServiceCall) -> Answer:
        if call.method == "POST":
            return self._send(call)
        if call.headers.get("authorization") != AUTHORIZATION:
            return Answer(status=401, document={"message": "Invalid private key"})
        if call.path in self.account:
            return Answer(status=200, document=self.account[call.path])
        base, _, token = call.path.partition(f"/v3/{DOMAIN}/events")
        if call.method != "GET" or base or call.path == base:
            return Answer(status=404, document={"message": "Not Found"})
        with self.lock:
            self.asked += 1
            return self._found(token.removeprefix("/"), dict(call.query))

    def _send(self, call: ServiceCall) -> Answer:
        if not call.headers.get("content-type", "").startswith("multipart/form-data; boundary="):
            return Answer(status=400, document={"message": "from parameter is missing"})
        fields = parse({"Content-Type": call.headers["content-type"]}, call.body)
        refused = refusal(call.path, call.headers.get("authorization"), fields)
        if refused:
            return Answer(status=refused[0], document=refused[1])
        to = fields["to"]
        if self.bad & set(to):
            return Answer(status=400, document={"message": "to parameter is not a valid address. please check"})
        with self.lock:
            self.faults += our_faults(fields) + unfilled(fields)
            number = f"20261127050000.1.{len(self.events):016X}@{DOMAIN}"
            self.events += [_accepted(fields, address, number) for address in to]
        document = {"id": f"<{number}>", "message": "Queued. Thank you."}
        return Answer(status=200, document=document, accepted=tuple(to))

    def _found(self, token: str, query: dict[str, str]) -> Answer:
        """Answer a page of events; a page goes on after the one before, also where that was the last."""
        at = 0
        if token:
            query, at = json.loads(base64.urlsafe_b64decode(token))
        if set(query) - _FILTERS or not query.keys() & {"end", "ascending"} or not query.get("begin", "0").isdigit():
            return Answer(status=400, document={"message": "no such time range or filter"})
        limit = int(query.get("limit", "100"))
        if limit > MOST_EVENTS:
            return Answer(status=400, document={"message": "limit is 300 at most"})
        found = [each for each in self.events if _matches(each, query)][at : at + limit]
        mark = base64.urlsafe_b64encode(json.dumps([query, at + len(found)]).encode()).decode()
        url = f"https://api.mailgun.net/v3/{DOMAIN}/events/{mark}"
        return Answer(status=200, document={"items": found, "paging": {"next": url, "previous": url}})


def service() -> MailgunService:
    """Make a service that has taken nothing yet."""
    return MailgunService()


def refusal(path: str, authorization: str | None, fields: dict[str, list[str]]) -> tuple[int, dict[str, Any]] | None:
    """Return why Mailgun does not take a call, as (status, document)."""
    if authorization != AUTHORIZATION:
        return 401, {"message": "Invalid private key"}
    if path != f"/v3/{DOMAIN}/messages":
        return 404, {"message": "Domain not found: " + path}
    options = sum(len(name) + len(value) for name in fields if name[:2] in {"o:", "h:", "v:"} for value in fields[name])
    wrong = {
        f"{name} parameter is missing": name not in fields for name in ("from", "to", "subject", "html", "text")
    } | {
        "Too many recipients, max is 1000": len(fields.get("to", [])) > MOST_RECIPIENTS,
        "Too many tags, max is 3": len(fields.get("o:tag", [])) > MOST_TAGS,
        "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total": options > MOST_OPTIONS,
    }
    said = [sentence for sentence, is_so in wrong.items() if is_so]
    return (400, {"message": said[0]}) if said else None


def our_faults(fields: dict[str, list[str]]) -> list[str]:
    """Return what is right for Mailgun and wrong for us."""
    faults = []
    if set(json.loads(fields["recipient-variables"][0])) != set(fields["to"]):
        faults.append("variables and recipients differ")
    faults += [
        f"{name} is not switched off"
        for name in ("o:tracking", "o:tracking-clicks", "o:tracking-opens")
        if fields.get(name) != ["no"]
    ]
    if fields.get("h:List-Unsubscribe-Post") != ["List-Unsubscribe=One-Click"] or "h:List-Unsubscribe" not in fields:
        faults.append("leaving takes more than one click")
    if "h:List-Id" not in fields:
        faults.append("there is no List-Id")
    return faults


def unfilled(fields: dict[str, list[str]]) -> list[str]:
    """Return what would be left over, or filled with what is not ours, after every recipient's variables were put in."""
    texts = [fields[name][0] for name in fields if name in {"subject", "html", "text"} or name[:2] in {"h:", "v:"}]
    used = {name for text in texts for name in _VARIABLE.findall(text)}
    everybody = json.loads(fields["recipient-variables"][0]).values()
    faults = [f"{name} has no value" for name in sorted(used) if not all(name in values for values in everybody)]
    return faults + [f"{found} is not ours" for text in texts for found in _FOREIGN.findall(text)]


def filled(text: str, values: dict[str, str]) -> str:
    """Put one recipient's variables in."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _accepted(fields: dict[str, list[str]], address: str, number: str) -> dict[str, Any]:
    values = json.loads(fields["recipient-variables"][0])[address]
    marks = {name[2:]: filled(fields[name][0], values) for name in fields if name.startswith("v:")}
    headers = {"message-id": number, "from": fields["from"][0], "to": address, "subject": fields["subject"][0]}
    return {
        "event": "accepted",
        "id": hashlib.sha256(f"{number} {address}".encode()).hexdigest()[:22],
        "timestamp": 1795755600.25,
        "recipient": address,
        "tags": fields["o:tag"],
        "user-variables": marks,
        "message": {"headers": headers, "attachments": [], "size": 100},
    }


def _matches(event: dict[str, Any], query: dict[str, str]) -> bool:
    wanted = {
        "event": event["event"],
        "recipient": event["recipient"],
        "message-id": event["message"]["headers"]["message-id"],
    }
    tagged = query.get("tags") is None or query["tags"] in event["tags"]
    return tagged and all(query.get(name, value) == value for name, value in wanted.items())


def parse(headers: dict[str, str], body: bytes, *, whole: bool = True) -> dict[str, list[str]]:
    """Return the fields of a multipart form; not ``whole``: as they are, without decoding the long ones."""
    boundary = headers["Content-Type"].partition("boundary=")[2].encode()
    fields: dict[str, list[str]] = {}
    for part in body.split(b"--" + boundary):
        match = _FIELD.match(part.lstrip(b"\r\n"))
        if match:
            value = part.lstrip(b"\r\n")[match.end() : -2]
            keep = whole or match[1] in {b"to", b"recipient-variables"} or len(value) < 100
            fields.setdefault(match[1].decode(), []).append(value.decode() if keep else "")
    return fields


AUTHORIZATION = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
HOOKS = ("accepted", "delivered", "temporary_fail", "permanent_fail", "complained", "unsubscribed")
ACCOUNT: dict[str, Any] = {
    f"/v4/domains/{DOMAIN}": {
        "domain": {"name": DOMAIN, "state": "active", "is_disabled": False, "type": "custom"},
        "sending_dns_records": [
            {
                "record_type": "TXT",
                "name": f"{name}{DOMAIN}",
                "valid": "valid",
                "value": "as it should be",
                "is_active": True,
                "cached": [],
            }
            for name in ("", "pdk1._domainkey.", "pdk2._domainkey.")
        ],
    },
    f"/v3/domains/{DOMAIN}/tracking": {
        "tracking": {
            "open": {"active": False, "place_at_the_top": False},
            "click": {"active": False},
            "unsubscribe": {"active": False, "html_footer": "", "text_footer": ""},
            "web_scheme": "https",
        }
    },
    f"/v3/domains/{DOMAIN}/webhooks": {
        "webhooks": {name: {"urls": ["https://digest.example.org/hooks/mailgun"]} for name in HOOKS}
    },
}
# What it tells by webhook, in our words, and what it adds to an event then.
_RECORDS: dict[str, dict[str, Any]] = {
    "accepted": {"event": "accepted"},
    "delivered": {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
    "deferred": {
        "event": "failed",
        "severity": "temporary",
        "reason": "generic",
        "delivery-status": {"code": 421, "message": "try later", "enhanced-code": "4.2.1"},
    },
    "bounced": {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {"code": 550, "message": "no such mailbox", "enhanced-code": "5.1.1"},
    },
    "soft": {
        "event": "failed",
        "severity": "permanent",
        "reason": "old",
        "delivery-status": {"code": 602, "message": "too old", "description": "tried for too long"},
    },
    "rejected": {
        "event": "failed",
        "severity": "permanent",
        "reason": "suppress-bounce",
        "delivery-status": {"code": 605, "message": "", "description": "bounced before"},
    },
    "complained": {"event": "complained"},
    "unsubscribed": {"event": "unsubscribed"},
    "opened": {"event": "opened", "ip": "192.0.2.7"},
}
TOLD = tuple(_RECORDS)


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
    event = {
        "id": "unique within a day",
        "timestamp": at.timestamp(),
        "recipient": address,
        "tags": [f"issue-{issue}", "share-00"],
        "user-variables": {"delivery": delivery, "attempt": attempt},
        "message": {"headers": {"message-id": provider_id}},
        **_RECORDS[event_kind],
    }
    seed = json.dumps([event, now.timestamp()]).encode()
    signature = signed(str(int(now.timestamp())), hashlib.sha256(seed).hexdigest()[:50])
    body = json.dumps({"signature": signature, "event-data": event}).encode()
    return {"content-type": "application/json"}, body


def signed(timestamp: str, token: str, *, key: str = OPTIONS["webhook_key"]) -> dict[str, str]:
    """Return a genuine signature."""
    proof = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": proof}
