"""What Amazon SES says to a call, and SNS to a webhook: by Amazon's own library and documentation."""

from __future__ import annotations

import base64
import json
import re
import threading
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from tests.sinks.service import Answer, Call

from msdigest.ports import Failure, Reply, Request

TOPIC = "arn:aws:sns:eu-west-1:123456789012:msdigest-events"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
OPTIONS = {
    "region": "eu-west-1",
    "access_key": "AKIAKEYOFTHESINK",
    "secret_key": "secret/of+the/sink",
    "configuration_set": "digests",
    "topic": TOPIC,
}
MOST_RECIPIENTS, MOST_BYTES, MOST_HEADERS, MOST_DATA = 50, 1_000_000, 15, 262_144
PATH = "/v2/email/outbound-bulk-emails"
TOLD = ("accepted", "deferred", "delivered", "bounced", "soft", "complained", "rejected", "opened")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=(\S+?)/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ASCII = re.compile(r"[ -~]{1,995}")
_OFF = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}


# What a call has to look like, from Amazon's own description. To read it takes longer than a call may.
SHAPE = botocore.session.get_session().get_service_model("sesv2").operation_model("SendBulkEmail").input_shape


@dataclass(frozen=True)
class Message:
    """One message as it left: variables filled in."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    tags: dict[str, str]


class RenderingError(Exception):
    """A template that SES cannot fill in; it tells so by an event alone."""


@dataclass
class SesService:
    """An account out of the sandbox, with one verified domain and one configuration set."""

    name: str = "ses"
    options: dict[str, str] = field(default_factory=lambda: dict(OPTIONS))
    bad: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_send(self, call: Call) -> bool:
        return call.method == "POST"

    def answer(self, call: Call) -> Answer:
        if wrong := self._unsigned(call):
            return _error(403, "InvalidSignatureException", wrong)
        with self.lock:
            if (call.method, call.path) == ("POST", PATH):
                return self._bulk(call)
        return _error(404, "NotFoundException", "there is nothing here")

    def _unsigned(self, call: Call) -> str | None:
        """Return why a signature does not prove who calls; Amazon's own library says what it has to be."""
        match = _AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
        if match is None:
            return "Missing Authentication Token"
        access_key, scope, names, signature = match.groups()
        day = call.headers.get("x-amz-date", "")[:8]
        signed = names.split(";")
        if scope != f"{day}/{self.options['region']}/ses/aws4_request" or not {"host", "x-amz-date"} <= set(signed):
            return "Credential should be scoped to a valid region"
        request = AWSRequest(
            method=call.method,
            url=f"https://{call.headers['host']}{call.path}",
            headers={name: call.headers.get(name, "") for name in signed},
            data=call.body,
        )
        request.context["timestamp"] = call.headers["x-amz-date"]
        auth = SigV4Auth(
            Credentials(self.options["access_key"], self.options["secret_key"]), "ses", self.options["region"]
        )
        wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        if (access_key, signature) != (self.options["access_key"], wanted):
            return "The request signature we calculated does not match the signature you provided."
        return None

    def _bulk(self, call: Call) -> Answer:
        if len(call.body) > MOST_BYTES:
            return _error(413, "RequestEntityTooLargeException", "too large")
        try:
            told = json.loads(call.body)
        except ValueError:
            return _error(400, "SerializationException", "no JSON")
        if wrong := _wrong(told):
            return _error(400, "BadRequestException", wrong)
        if told.get("ConfigurationSetName", self.options["configuration_set"]) != self.options["configuration_set"]:
            return _error(404, "NotFoundException", "Configuration set does not exist.")
        results = [self._single(told, entry) for entry in told["BulkEmailEntries"]]
        accepted = tuple(
            entry["Destination"]["ToAddresses"][0]
            for entry, result in zip(told["BulkEmailEntries"], results, strict=True)
            if result["Status"] == "SUCCESS"
        )
        if told.get("ConfigurationOverrides", {}).get("Tracking") != _OFF:
            self.faults.append("tracking is not switched off")
        return Answer(status=200, document={"BulkEmailEntryResults": results}, accepted=accepted)

    def _single(self, told: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
        """Judge one message, and keep it if it is taken."""
        (address,) = entry["Destination"]["ToAddresses"]
        if address in self.bad or not address.isascii() or not _ADDRESS.fullmatch(address):
            return {"Status": "INVALID_PARAMETER", "Error": f"Illegal address: {address}"}
        message = _message(told, entry, address)
        self.faults += our_faults(message)
        self.sent.append(message)
        return {"Status": "SUCCESS", "MessageId": message_id(len(self.sent))}


def service() -> SesService:
    """Make a service that has taken nothing yet."""
    return SesService()


def message_id(number: int) -> str:
    """Return how SES calls a message."""
    return f"0102018f{number:08x}-11111111-2222-3333-4444-555555555555-000000"


def _wrong(told: dict[str, Any]) -> str | None:
    """Return why a call is refused as a whole."""
    report = ParamValidator().validate(told, SHAPE)
    if report.has_errors():
        return report.generate_report()
    template, entries = told["DefaultContent"].get("Template", {}), told["BulkEmailEntries"]
    headers = [*template.get("Headers", []), *(one for each in entries for one in each.get("ReplacementHeaders", []))]
    tags = [one for each in entries for one in each.get("ReplacementTags", [])] + told.get("DefaultEmailTags", [])
    data = [
        each["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
        for each in entries
        if "ReplacementEmailContent" in each
    ]
    checks = (
        (1 <= len(entries) <= MOST_RECIPIENTS, "There are no or too many destinations."),
        (template.get("TemplateContent"), "The template has no content."),
        (told.get("FromEmailAddress", "").isascii() and "@" in told.get("FromEmailAddress", ""), "Illegal sender."),
        (
            all(len(each.get("ReplacementHeaders", [])) <= MOST_HEADERS for each in entries),
            "There are too many headers.",
        ),
        (all(_ASCII.fullmatch(header["Value"]) for header in headers), "A header is not printable ASCII."),
        (all(_TAG.fullmatch(tag["Name"]) and _TAG.fullmatch(tag["Value"]) for tag in tags), "Illegal tag."),
        (all(len(text) <= MOST_DATA and isinstance(json.loads(text), dict) for text in data), "Illegal template data."),
    )
    return next((sentence for right, sentence in checks if not right), None)


def _message(told: dict[str, Any], entry: dict[str, Any], address: str) -> Message:
    template = told["DefaultContent"]["Template"]
    content = template["TemplateContent"]
    values = json.loads(template.get("TemplateData", "{}")) | json.loads(
        entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    )
    return Message(
        to=address,
        subject=rendered(content["Subject"], values),
        text=rendered(content["Text"], values),
        html=rendered(content["Html"], values),
        headers=_map(template.get("Headers", [])) | _map(entry.get("ReplacementHeaders", [])),
        # Whether a recipient's tags add to those of the call or replace them is not written; here they replace them.
        tags=_map(entry.get("ReplacementTags") or told.get("DefaultEmailTags", [])),
    )


def _map(named: list[dict[str, str]]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in named}


def rendered(template: str, values: dict[str, str]) -> str:
    """Fill in a template as Handlebars reads it, values as they are; raises RenderingError for what it stumbles over."""
    done, rest = "", template
    while "{{" in rest:
        before, _, rest = rest.partition("{{")
        inside, closed, rest = rest.partition("}}")
        if before.endswith("\\"):
            done += f"{before[:-1]}{{{{{inside}{closed}"
            continue
        if not closed or rest.startswith("}") or inside not in values:
            raise RenderingError(inside)
        done += before + values[inside]
    return done + rest


def our_faults(message: Message) -> list[str]:
    """Return what is right for SES and wrong for us."""
    faults = []
    if message.headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        faults.append("leaving takes more than one click")
    if not re.fullmatch(r"<https?://[^<>\s]+>", message.headers.get("List-Unsubscribe", "")):
        faults.append("there is no address to leave")
    if "List-Id" not in message.headers:
        faults.append("there is no List-Id")
    if set(message.tags) != {"issue", "attempt", "delivery"}:
        faults.append("the tags are not ours")
    if not re.fullmatch(r"issue-[0-9]+", message.tags.get("issue", "")):
        faults.append("the tag is not the issue")
    if any("{{" in text for text in (message.subject, message.text, message.html)):
        faults.append("a variable has no value")
    return faults


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer(
        status=status, document={"message": message}, headers={"x-amzn-ErrorType": f"{kind}:http://internal/"}
    )


# SNS: a key and a certificate of its own, made anew in each process; it opens nothing.
SNS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certified(
    key: rsa.RSAPrivateKey = SNS_KEY,
    *,
    begin: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    end: datetime = datetime(2040, 1, 1, tzinfo=UTC),
) -> bytes:
    """Return the certificate of a key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


CERTIFICATE = certified()


def fetched(request: Request) -> Reply | Failure:
    """Answer as SNS where its certificate is asked for; this is the ``send`` by which a webhook call can be proven."""
    if (request.method, request.url) == ("GET", CERTIFICATE_URL):
        return Reply(status=200, url=request.url, headers={}, body=CERTIFICATE)
    return Failure("no", "there is no network here")


def signed(
    message: dict[str, str], *, key: rsa.RSAPrivateKey = SNS_KEY, version: str = "2", url: str = CERTIFICATE_URL
) -> tuple[dict[str, str], bytes]:
    """Sign a message of SNS, and return it as it is posted."""
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    told = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303  # as its first version is made
    signature = base64.b64encode(key.sign(told.encode(), padding.PKCS1v15(), algorithm)).decode()
    envelope = {**message, "SignatureVersion": version, "Signature": signature, "SigningCertURL": url}
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": message["Type"]}
    return headers, json.dumps(envelope, indent=2).encode()


def notification(told: object, *, now: datetime, number: int = 1) -> dict[str, str]:
    """Return a message of SNS that holds ``told``."""
    return {
        "Type": "Notification",
        "MessageId": f"22b80b92-fdea-4c2c-8f9d-{number:012d}",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": told if isinstance(told, str) else json.dumps(told),
        "Timestamp": _moment(now),
    }


def confirmation(*, now: datetime, topic: str = TOPIC, url: str = "") -> dict[str, str]:
    """Return the message by which SNS asks whether anybody listens."""
    token = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92"
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\nTo confirm, visit the SubscribeURL.",
        "SubscribeURL": url
        or f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "Timestamp": _moment(now),
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
    """Make a genuine webhook call that tells ``event_kind``, one of ``TOLD``; raises KeyError for any other.

    The provider has to be made with ``fetched`` as its ``send``: else it cannot have the certificate.
    """
    told = record(
        event_kind, address=address, issue=issue, delivery=delivery, attempt=attempt, at=at, provider_id=provider_id
    )
    # Every message of SNS has a name of its own.
    number = zlib.crc32(f"{event_kind}{delivery}{attempt}{at}".encode())
    return signed(notification(told, now=now, number=number))


def record(
    event_kind: str, *, address: str, issue: int, delivery: str, attempt: str, at: datetime, provider_id: str
) -> dict[str, Any]:
    """Return one event as SES publishes it."""
    kind, name, details = _RECORDS[event_kind](address)
    return {
        "eventType": kind,
        "mail": {
            "timestamp": _moment(at),
            "source": "MS Digest <digest@mail.example.org>",
            "sendingAccountId": "123456789012",
            "messageId": provider_id,
            "destination": [address],
            "headersTruncated": False,
            "tags": {
                "ses:configuration-set": ["digests"],
                "issue": [f"issue-{issue}"],
                "delivery": [delivery],
                "attempt": [attempt],
            },
        },
        name: {**details, **({"timestamp": _moment(at)} if details else {})},
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1_000:03d}Z"


def _bounce(kind: str, sub: str, address: str) -> dict[str, Any]:
    person = {"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": f"550 no {address}"}
    return {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [person], "feedbackId": "0102-1"}


_RECORDS = {
    "accepted": lambda _: ("Send", "send", {}),
    "deferred": lambda address: (
        "DeliveryDelay",
        "deliveryDelay",
        {"delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": address, "status": "4.2.2"}]},
    ),
    "delivered": lambda address: ("Delivery", "delivery", {"recipients": [address], "smtpResponse": "250 OK"}),
    "bounced": lambda address: ("Bounce", "bounce", _bounce("Permanent", "General", address)),
    "soft": lambda address: ("Bounce", "bounce", _bounce("Transient", "MailboxFull", address)),
    "complained": lambda address: (
        "Complaint",
        "complaint",
        {
            "complainedRecipients": [{"emailAddress": address}],
            "complaintFeedbackType": "abuse",
            "complaintSubType": None,
        },
    ),
    "rejected": lambda address: ("Bounce", "bounce", _bounce("Permanent", "OnAccountSuppressionList", address)),
    "opened": lambda _: ("Open", "open", {"ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0"}),
}
