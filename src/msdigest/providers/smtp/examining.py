"""What ``doctor`` asks a relay: nothing but whether it talks to us, with TLS and credentials; no message is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdigest.ports import Failure, Inquiry, Request, Verdict
from msdigest.postal.answers import document, json_of
from msdigest.providers.smtp.phrases import told_without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.ports import Reply

_SUBJECT = "relay"
_GOOD = 250
# An issue's message with room to spare, in bytes.
_ROOM = 500_000


def inquiries(url: str, *, domain: str) -> Sequence[Inquiry]:
    """Return what to ask: to connect, secure, prove who we are, and do nothing."""
    return [Inquiry(subject=_SUBJECT, request=Request(method="NOOP", url=url, headers={"EHLO": domain}), judge=_judged)]


def _judged(reply: Reply | Failure) -> Sequence[Verdict]:
    if isinstance(reply, Failure):
        return [_verdict("bad", f"{reply.reason}. Check [providers.smtp] host, port and security")]
    if reply.status != _GOOD:
        words = told_without(str(json_of(reply)), "")
        return [
            _verdict("bad", f"the relay answered {reply.status}: {words}. Check [providers.smtp] user and password")
        ]
    told = document(reply)
    features, size = told.get("features"), told.get("size")
    if told.get("code") != _GOOD or not isinstance(features, list) or not isinstance(size, str):
        return [_verdict("bad", "the relay lets nothing be asked (NOOP)")]
    found = [_verdict("good", f"the relay takes the connection and the credentials; it can {_list(features)}")]
    if "dsn" not in features:
        sentence = "the relay cannot be asked for reports of failures (DSN): bounces may name no delivery"
        found.append(_verdict("warning", sentence))
    if size.isascii() and size.isdigit() and 0 < int(size[:12]) < _ROOM:
        found.append(_verdict("warning", f"the relay takes messages of {size[:12]} bytes only"))
    return found


def _list(features: Sequence[object]) -> str:
    return ", ".join(sorted(str(each)[:20].upper() for each in features[:30])) or "no extension"


def _verdict(level: str, sentence: str) -> Verdict:
    return Verdict(level=level, subject=_SUBJECT, sentence=sentence)  # type: ignore[arg-type]  # one of its words
