"""What SES tells by webhook: through a topic of Amazon's SNS, which signs each message with a certificate of its own.

Fields and signatures: Amazon's documentation of SNS ("Verifying the signatures"), kinds of events: that of SES ("event
data"). The certificate is fetched from SNS in the topic's region and nowhere else, and only for the expected topic.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from msdigest.errors import ForgedError, ProviderError, UnreadableError
from msdigest.model.delivery import Heard
from msdigest.ports import Failure, Request
from msdigest.postal.echoes import moment
from msdigest.postal.proofs import check_rsa, check_time, same
from msdigest.providers.ses.telling import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from msdigest.ports import Posted, Reply

# It tries for an hour, as far as a topic can be set up to.
_OLDEST, _AHEAD = timedelta(hours=2), timedelta(minutes=5)
_TOLD = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_ASKED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {"Notification": _TOLD, "SubscriptionConfirmation": _ASKED, "UnsubscribeConfirmation": _ASKED}
_SHA1 = {"1": True, "2": False}
_TOPIC = re.compile(r"arn:aws:sns:([a-z0-9-]{1,40}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem")
_MOST_CERTIFICATES = 8
# Told once when an event destination is set up; everything else that it tells is JSON.
_SET_UP = "Successfully validated SNS topic"


class Ear:
    """Listens to one topic; remembers the certificates that it fetched."""

    def __init__(self, *, topic: str, send: Callable[[Request], Reply | Failure]) -> None:
        """Take the topic's ARN; ``send`` fetches a certificate."""
        match = _TOPIC.fullmatch(topic)
        self._topic = topic if match else ""
        self._host = f"sns.{match[1]}.amazonaws.com" if match else ""
        self._send = send
        self._certificates: dict[str, bytes] = {}

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what was told; raises HookError, and ProviderError where a certificate cannot be had for now."""
        said = self._proven(posted.body, now)
        check_time(moment(said["Timestamp"]), now=now, oldest=_OLDEST, ahead=_AHEAD)
        once, message = said["MessageId"], said["Message"]
        if said["Type"] == "SubscriptionConfirmation":
            return Heard(once=once, confirm=self._confirmation(said["SubscribeURL"]))
        if said["Type"] == "UnsubscribeConfirmation" or message.startswith(_SET_UP):
            return Heard(once=once)
        return Heard(once=once, events=events(message, now))

    def _proven(self, body: bytes, now: datetime) -> dict[str, str]:
        """Return what is signed of a call, once it is proven."""
        envelope = _envelope(body)
        if not same(envelope.get("TopicArn", ""), self._topic):
            raise ForgedError
        names = _SIGNED.get(envelope.get("Type", ""), ())
        said = {name: envelope[name] for name in names if name in envelope}
        version = envelope.get("SignatureVersion", "")
        if not names or version not in _SHA1 or set(names) - set(said) - {"Subject"}:
            raise ForgedError
        signed = "".join(f"{name}\n{value}\n" for name, value in said.items())
        certificate = self._certificate(envelope.get("SigningCertURL", ""))
        signature = envelope.get("Signature", "")
        check_rsa(certificate, signature, signed.encode(errors="replace"), sha1=_SHA1[version], now=now)
        return said

    def _certificate(self, url: str) -> bytes:
        """Return a certificate of SNS; raises ForgedError for any other address."""
        if not url.startswith(f"https://{self._host}/") or not _CERTIFICATE.fullmatch(url[len(self._host) + 8 :]):
            raise ForgedError
        if url not in self._certificates:
            reply = self._send(Request(method="GET", url=url))
            if isinstance(reply, Failure) or reply.status >= 500:  # noqa: PLR2004  # a server's error
                reason = reply.reason if isinstance(reply, Failure) else f"it answered {reply.status}"
                message = f"the certificate by which SNS proves itself could not be fetched: {reason}"
                raise ProviderError(message)
            if reply.status != 200:  # noqa: PLR2004  # there is no such certificate
                raise ForgedError
            while len(self._certificates) >= _MOST_CERTIFICATES:
                self._certificates.pop(next(iter(self._certificates)))
            self._certificates[url] = reply.body
        return self._certificates[url]

    def _confirmation(self, url: str) -> str:
        """Return the address by which this topic's messages are asked for; raises UnreadableError for any other."""
        try:
            parts = urlsplit(url)
            query = parse_qs(parts.query, strict_parsing=True)
        except ValueError:
            raise UnreadableError from None
        asked = query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [self._topic]
        if (parts.scheme, parts.netloc, parts.path) != ("https", self._host, "/") or parts.fragment or not asked:
            raise UnreadableError
        return url


def _envelope(body: bytes) -> dict[str, str]:
    """Return the texts of a call; nothing is proven yet."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ForgedError from None
    found = told.items() if isinstance(told, dict) else ()
    return {name: value for name, value in found if isinstance(value, str)}
