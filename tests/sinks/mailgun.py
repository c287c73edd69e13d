"""A Mailgun on loopback that knows whom it really accepted."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_RECIPIENTS = 1_000
KEY = "key-of-the-sink"
_FIELD = re.compile(rb'Content-Disposition: form-data; name="([^"]+)"\r\n\r\n')


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
        answer = self._refusal(path, headers, fields) or self.answer(number, to)
        if self.delay:
            time.sleep(self.delay)
        with self.lock:
            if self.keep:
                self.calls.append(Call(fields, answer[0] if answer else 200))
            if answer is None or answer[0] == 200:
                self.accepted.update(to)
        return answer or (200, {}, {"id": f"<{number}@sink.example>", "message": "Queued. Thank you."})

    def _refusal(
        self, path: str, headers: dict[str, str], fields: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], dict[str, Any]] | None:
        if headers.get("Authorization") != "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode():
            return 401, {}, {"message": "Invalid private key"}
        if path != "/v3/mail.example.org/messages":
            return 404, {}, {"message": "Domain not found: " + path}
        missing = [name for name in ("from", "to", "subject", "html", "text") if name not in fields]
        if missing:
            return 400, {}, {"message": f"{missing[0]} parameter is missing"}
        if len(fields["to"]) > MOST_RECIPIENTS:
            return 400, {}, {"message": "Too many recipients, max is 1000"}
        if set(json.loads(fields["recipient-variables"][0])) != set(fields["to"]):
            self.faults.append("variables and recipients differ")
        for name in ("o:tracking", "o:tracking-clicks", "o:tracking-opens"):
            if fields.get(name) != ["no"]:
                self.faults.append(f"{name} is not switched off")
        return None


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
