"""SES's events through SNS: what proves a call, whether somebody listens, and what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.sinks.ses import (
    CERTIFICATE,
    CERTIFICATE_URL,
    OPTIONS,
    TOLD,
    TOPIC,
    certified,
    confirmation,
    fetched,
    hook,
    notification,
    record,
    signed,
)

from msdigest.errors import ForgedError, ProviderError, StaleError, UnreadableError
from msdigest.model.delivery import Event, Heard
from msdigest.ports import Failure, Posted, Reply, Request
from msdigest.providers.ses.sending import SesProvider, provider

NOW = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
AT = NOW - timedelta(minutes=3)
ABOUT = {"address": "p1@example.org", "issue": 7, "delivery": "d1", "attempt": "a1", "at": AT, "provider_id": "m1"}
EVENT = Event(kind="accepted", at=AT, address="p1@example.org", issue=7, delivery="d1", attempt="a1", provider_id="m1")
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
HOST = "https://sns.eu-west-1.amazonaws.com"


def ses(send=fetched, **more: str | None) -> SesProvider:
    return provider({name: value for name, value in (OPTIONS | more).items() if value is not None}, send)


def hear(headers: dict[str, str], body: bytes, *, now: datetime = NOW, ours: SesProvider | None = None) -> Heard:
    return (ours or ses()).hear(Posted(headers=headers, body=body), now=now)


def told(event: object) -> Heard:
    return hear(*signed(notification(event, now=NOW)))


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        ("accepted", [EVENT]),
        ("deferred", [replace(EVENT, kind="deferred", reason="MailboxFull")]),
        ("delivered", [replace(EVENT, kind="delivered")]),
        ("bounced", [replace(EVENT, kind="bounced", permanent=True, reason="Permanent General")]),
        ("soft", [replace(EVENT, kind="bounced", reason="Transient MailboxFull")]),
        ("complained", [replace(EVENT, kind="complained", reason="abuse")]),
        ("rejected", [replace(EVENT, kind="rejected", reason="Permanent OnAccountSuppressionList")]),
        ("opened", []),
    ],
)
def test_a_genuine_call_is_read(kind: str, events: list[Event]) -> None:
    """In our vocabulary, with our own marks; that somebody opened a mail is dropped."""
    assert kind in TOLD
    assert list(hear(*hook(kind, now=NOW, **ABOUT)).events) == events


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_are_known(version: str) -> None:
    """With a subject and without one."""
    message = notification(record("delivered", **ABOUT), now=NOW)
    bare = {name: value for name, value in message.items() if name != "Subject"}

    assert [len(hear(*signed(each, version=version)).events) for each in (message, bare)] == [1, 1]


def changed(kind: str, **changes: dict[str, object]) -> dict[str, object]:
    event = record(kind, **ABOUT)
    return {**event, **{name: {**event.get(name, {}), **details} for name, details in changes.items()}}


@pytest.mark.parametrize(
    ("event", "events"),
    [
        ({**record("accepted", **ABOUT), "eventType": "Reject", "reject": {"reason": "Bad content"}}, [replace(EVENT, kind="rejected", reason="Bad content")]),
        (
            {**record("accepted", **ABOUT), "eventType": "Rendering Failure", "failure": {"templateName": "x"}},
            [replace(EVENT, kind="rejected")],
        ),
        (changed("bounced", bounce={"bounceType": "Undetermined"}), [replace(EVENT, kind="bounced", reason="Undetermined General")]),
        (changed("bounced", bounce={"bounceSubType": ["General"]}), [replace(EVENT, kind="bounced", permanent=True, reason="Permanent")]),
        (changed("complained", complaint={"complaintFeedbackType": "not-spam"}), []),
        (
            changed("complained", complaint={"complaintSubType": "OnAccountSuppressionList", "complaintFeedbackType": None}),
            [replace(EVENT, kind="rejected", reason="OnAccountSuppressionList")],
        ),
        (changed("delivered", delivery={"recipients": ["a@x.org", "b@x.org"]}), [replace(EVENT, kind="delivered", address=each) for each in ("a@x.org", "b@x.org")]),
        (changed("delivered", mail={"tags": {}}), [replace(EVENT, kind="delivered", issue=0, delivery="", attempt="")]),
        (changed("delivered", mail={"tags": 3}), [replace(EVENT, kind="delivered", issue=0, delivery="", attempt="")]),
        (
            changed("delivered", mail={"tags": {"issue": "issue-7", "delivery": [], "attempt": [3]}}),
            [replace(EVENT, kind="delivered", issue=0, delivery="", attempt="")],
        ),
        (changed("delivered", mail={"messageId": 3}), [replace(EVENT, kind="delivered", provider_id=None)]),
        (changed("delivered", delivery={"timestamp": "2027-01-01T00:00:00.000Z"}), [replace(EVENT, kind="delivered", at=NOW)]),
        (changed("bounced", bounce={"bounceSubType": "p1@example.org"}), [replace(EVENT, kind="bounced", permanent=True, reason="Permanent [address]")]),
        ({"notificationType": "Bounce", **{name: value for name, value in record("soft", **ABOUT).items() if name != "eventType"}}, [replace(EVENT, kind="bounced", reason="Transient MailboxFull")]),
        ({"eventType": "Subscription"}, []),
        ({"eventType": "Click"}, []),
        ({"eventType": "Of tomorrow"}, []),
        ("Successfully validated SNS topic for Amazon SES event publishing.", []),
    ],
)  # fmt: skip
def test_an_event_is_read_without_trust(event: object, events: list[Event]) -> None:
    """What is missing or of another type tells nothing; what is said holds no address."""
    assert list(told(event).events) == events


def envelope(**changes: object) -> tuple[dict[str, str], bytes]:
    headers, body = hook("delivered", now=NOW, **ABOUT)
    merged = {**json.loads(body), **changes}
    return headers, json.dumps({name: value for name, value in merged.items() if value is not None}).encode()


@pytest.mark.parametrize(
    "call",
    [
        signed(notification(record("delivered", **ABOUT), now=NOW), key=OTHER_KEY),
        envelope(Message=json.dumps(record("complained", **ABOUT))),
        envelope(MessageId="another"),
        envelope(Subject="another"),
        envelope(Subject=None),
        envelope(Timestamp="2026-11-27T05:00:01.000Z"),
        envelope(Type="SubscriptionConfirmation", SubscribeURL=HOST, Token="t"),
        envelope(Type="of tomorrow"),
        envelope(Type=None),
        envelope(Type=["Notification"]),
        envelope(TopicArn=TOPIC + "2"),
        envelope(TopicArn=None),
        envelope(SignatureVersion="1"),
        envelope(SignatureVersion="3"),
        envelope(SignatureVersion=None),
        envelope(Signature=None),
        envelope(Signature=""),
        envelope(Signature="é"),
        envelope(SigningCertURL=None),
        envelope(MessageId=None),
        envelope(Message=None),
        ({}, b""),
        ({}, b"[]"),
        ({}, b"<html>"),
        ({}, b"[" * 100_000),
    ],
    ids=[
        "other key", "other words", "other name", "other subject", "no subject", "other moment", "other type",
        "unknown type", "no type", "type that is no text", "other topic", "no topic", "version 2 as 1",
        "unknown version", "no version", "no signature", "empty signature", "signature that is not ASCII",
        "no certificate", "no name", "no words", "nothing", "an array", "a page", "deep",
    ],
)  # fmt: skip
def test_a_forged_call_is_refused(call: tuple[dict[str, str], bytes]) -> None:
    """All that is read is signed."""
    with pytest.raises(ForgedError):
        hear(*call)


@pytest.mark.parametrize("topic", [None, "", "arn:aws:sns:eu-west-1:1:x", TOPIC.replace("eu-west-1", "evil.example/")])
def test_without_a_topic_nothing_is_proven(topic: str | None) -> None:
    """Not even what names no topic itself."""
    for changes in ({}, {"TopicArn": topic or ""}):
        with pytest.raises(ForgedError):
            hear(*envelope(**changes), ours=ses(topic=topic))


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL.replace("https", "http"),
        CERTIFICATE_URL.replace("amazonaws.com", "amazonaws.com.evil.example"),
        CERTIFICATE_URL.replace("https://", "https://evil.example/"),
        CERTIFICATE_URL.replace("https://", "https://evil.example@"),
        CERTIFICATE_URL.replace("sns.", "s3."),
        CERTIFICATE_URL.replace("eu-west-1", "us-east-1"),
        CERTIFICATE_URL.replace(".com/", ".com:8443/"),
        CERTIFICATE_URL.replace("/Simple", "/../Simple"),
        CERTIFICATE_URL.replace("/Simple", "/bucket/Simple"),
        CERTIFICATE_URL + "?x=1",
        CERTIFICATE_URL + "\n",
        CERTIFICATE_URL.replace(".pem", ".txt"),
        HOST + "/",
        "",
    ],
)
def test_a_certificate_is_fetched_from_nowhere_else(url: str) -> None:
    """Only from SNS itself in the topic's region; another address is not even asked."""
    asked: list[Request] = []
    own = ses(lambda request: asked.append(request) or Reply(status=200, url="", headers={}, body=certified(OTHER_KEY)))

    with pytest.raises(ForgedError):
        hear(*signed(notification({}, now=NOW), key=OTHER_KEY, url=url), ours=own)
    assert asked == []


def test_another_topic_asks_for_no_certificate() -> None:
    """Whoever does not know the topic makes us call nobody."""
    asked: list[Request] = []

    with pytest.raises(ForgedError):
        hear(*envelope(TopicArn=TOPIC + "2"), ours=ses(lambda request: asked.append(request) or Failure("no", "")))
    assert asked == []


def test_a_certificate_is_fetched_once() -> None:
    """And remembered for all calls that it proves."""
    asked: list[str] = []

    def send(request: Request) -> Reply | Failure:
        asked.append(request.url)
        return fetched(request)

    own = ses(send)
    heard = [hear(*hook(kind, now=NOW, **ABOUT), ours=own) for kind in ("accepted", "delivered", "delivered")]

    assert [len(each.events) for each in heard] == [1, 1, 1]
    assert asked == [CERTIFICATE_URL]


def test_few_certificates_are_remembered() -> None:
    """Whoever names many makes us forget, not grow."""
    asked: list[str] = []
    reply = Reply(status=200, url="", headers={}, body=CERTIFICATE)
    own = ses(lambda request: asked.append(request.url) or reply)
    urls = [CERTIFICATE_URL.replace("0123", f"{number:04}") for number in range(9)]
    for url in (*urls, *urls[::-1]):
        hear(*signed(notification(record("delivered", **ABOUT), now=NOW), url=url), ours=own)

    assert asked == [*urls, urls[0]]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Failure("no", "no connection could be made"), ProviderError),
        (Reply(status=503, url="", headers={}, body=b""), ProviderError),
        (Reply(status=403, url="", headers={}, body=b"<Error>"), ForgedError),
        (Reply(status=200, url="", headers={}, body=b"<html>"), ForgedError),
        (Reply(status=200, url="", headers={}, body=certified(OTHER_KEY)), ForgedError),
        (Reply(status=200, url="", headers={}, body=certified(end=NOW - timedelta(days=1))), ForgedError),
    ],
    ids=["no network", "out of service", "no such certificate", "no certificate", "another one", "expired"],
)
def test_what_cannot_be_proven_now_is_told_apart_from_what_is_forged(
    reply: Reply | Failure, error: type[Exception]
) -> None:
    """SNS tells again what was met by an error of ours, and never again what was refused."""
    with pytest.raises(error):
        hear(*hook("delivered", now=NOW, **ABOUT), ours=ses(lambda _: reply))


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (timedelta(hours=2), False),
        (timedelta(hours=2, seconds=1), True),
        (-timedelta(minutes=5), False),
        (-timedelta(minutes=5, seconds=1), True),
    ],
    ids=["as old as may be", "too old", "as early as may be", "too early"],
)
def test_a_call_of_another_time_is_stale(age: timedelta, stale: bool) -> None:
    """It tries for an hour."""
    try:
        hear(*hook("delivered", now=NOW - age, **ABOUT))
        refused = False
    except StaleError:
        refused = True

    assert refused is stale


@pytest.mark.parametrize(
    "event",
    [
        "",
        "some words",
        "[]",
        "{",
        {},
        {"eventType": 3},
        {"eventType": "Delivery"},
        {"eventType": "Delivery", "mail": {"timestamp": "2026-11-27T05:00:00Z"}},
        {"eventType": "Send", "mail": {"timestamp": "2026-11-27T05:00:00Z"}},
        {"eventType": "Send", "mail": {"timestamp": "2026-11-27T05:00:00Z", "destination": []}},
        {"eventType": "Send", "mail": {"timestamp": "2026-11-27T05:00:00Z", "destination": [3]}},
        changed("accepted", mail={"timestamp": "yesterday"}),
        changed("delivered", delivery={"recipients": "p1@example.org"}),
        changed("bounced", bounce={"bouncedRecipients": [{"emailAddress": 3}]}),
        changed("bounced", bounce={"bouncedRecipients": [[]]}),
    ],
)
def test_a_genuine_call_that_makes_no_sense_is_unreadable(event: object) -> None:
    """And nothing of it is told in the error."""
    with pytest.raises(UnreadableError) as caught:
        told(event)

    assert "example.org" not in str(caught.value)


def test_a_moment_that_makes_no_sense_is_unreadable() -> None:
    """It is signed, and so it is genuine."""
    with pytest.raises(UnreadableError):
        hear(*signed({**notification({}, now=NOW), "Timestamp": "yesterday"}))


def test_a_repetition_has_the_same_mark_and_another_call_has_not() -> None:
    """SNS gives each message a name, which is signed."""
    first, again, other = (hear(*hook(kind, now=NOW, **ABOUT)) for kind in ("delivered", "delivered", "complained"))

    assert first.once == again.once != other.once
    assert first.once


def test_the_expected_topic_is_confirmed() -> None:
    """By the address that SNS gives; nothing was told yet."""
    message = confirmation(now=NOW)

    assert hear(*signed(message)) == Heard(once=message["MessageId"], confirm=message["SubscribeURL"])


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"{HOST}:8443/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"{HOST}/x?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"{HOST}/?Action=Unsubscribe&TopicArn={TOPIC}&Token=t",
        f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}2&Token=t",
        f"{HOST}/?Action=ConfirmSubscription&Action=Publish&TopicArn={TOPIC}&Token=t",
        f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t#x",
        f"{HOST}/?x",
        "https://[/",
    ],
)
def test_no_other_address_is_visited(url: str) -> None:
    """However genuine the message is that names it."""
    with pytest.raises(UnreadableError):
        hear(*signed(confirmation(now=NOW, url=url)))


def test_another_topic_is_not_confirmed() -> None:
    """Whoever makes a topic of their own and points it here gets nothing."""
    with pytest.raises(ForgedError):
        hear(*signed(confirmation(now=NOW, topic=TOPIC + "2")))


def test_that_somebody_left_the_topic_is_no_news() -> None:
    """The address in it would bring us back, and is not visited."""
    message = confirmation(now=NOW) | {"Type": "UnsubscribeConfirmation"}

    assert hear(*signed(message)) == Heard(once=message["MessageId"])
