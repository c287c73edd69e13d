"""Postmark: what its webhook calls mean, and which of them are not its."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.sinks.postmark import OPTIONS, TOLD, authorization, bounce, hook

from msdigest.errors import ForgedError, UnreadableError
from msdigest.model.delivery import Event, EventKind, Heard
from msdigest.ports import Failure, Posted
from msdigest.providers.postmark.sending import provider

AT = datetime(2026, 11, 27, 5, 0, 1, 250_000, tzinfo=UTC)
NOW = AT + timedelta(minutes=3)
ADDRESS = "p1@example.org"
MOMENT = "2026-11-27T06:00:01.2500000+01:00"


def heard(headers: dict[str, str], body: bytes, **more: str) -> Heard:
    ours = provider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))
    return ours.hear(Posted(headers=headers, body=body), now=NOW)


def genuine(kind: str) -> tuple[dict[str, str], bytes]:
    return hook(kind, address=ADDRESS, issue=7, delivery="d1", attempt="attempt-1", at=AT, now=NOW, provider_id="m-1")


def told(document: object) -> tuple[Event, ...]:
    return tuple(heard({"authorization": authorization()}, json.dumps(document).encode()).events)


@pytest.mark.parametrize(
    ("kind", "meant", "permanent", "reason"),
    [
        ("deferred", "deferred", False, "Message delayed"),
        ("delivered", "delivered", False, None),
        ("bounced", "bounced", True, "Hard bounce"),
        ("soft", "bounced", False, "Soft bounce"),
        ("complained", "complained", False, "Spam complaint"),
        ("unsubscribed", "unsubscribed", False, None),
        ("rejected", "rejected", False, "Manually deactivated"),
    ],
)
def test_a_call_tells_one_event(kind: str, meant: EventKind, permanent: bool, reason: str | None) -> None:
    """With our own marks as they were echoed, and without the words of the other server, which hold addresses."""
    event = Event(
        kind=meant,
        at=AT,
        address=ADDRESS,
        issue=7,
        delivery="d1",
        attempt="attempt-1",
        provider_id="m-1",
        permanent=permanent,
        reason=reason,
    )

    assert heard(*genuine(kind)).events == [event]


@pytest.mark.parametrize(
    "record",
    [
        {"RecordType": "Open", "Recipient": ADDRESS, "ReceivedAt": MOMENT},
        {"RecordType": "Click", "Recipient": ADDRESS, "ReceivedAt": MOMENT, "OriginalLink": "https://example.org"},
        {"RecordType": "Inbound"},
        {"RecordType": "SomethingNew"},
        *(bounce(kind, kind, ADDRESS, MOMENT) for kind in ("AutoResponder", "AddressChange", "ChallengeVerification")),
        bounce("Subscribe", "Subscribe request", ADDRESS, MOMENT),
        {"RecordType": "SubscriptionChange", "Recipient": ADDRESS, "ChangedAt": MOMENT, "SuppressSending": False},
    ],
)
def test_what_is_no_news_of_delivery_is_dropped(record: dict[str, Any]) -> None:
    """That somebody opened a mail is none of our business."""
    assert told(record) == ()


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("HardBounce", ("bounced", True)),
        ("BadEmailAddress", ("bounced", True)),
        ("SoftBounce", ("bounced", False)),
        ("Blocked", ("bounced", False)),
        ("DMARCPolicy", ("bounced", False)),
        ("SpamNotification", ("bounced", False)),
        ("Unknown", ("bounced", False)),
        ("SomethingNew", ("bounced", False)),
        ("Transient", ("deferred", False)),
        ("DnsError", ("deferred", False)),
        ("Unconfirmed", ("rejected", False)),
        ("SMTPApiError", ("rejected", False)),
        ("SpamComplaint", ("complained", False)),
        ("Unsubscribe", ("unsubscribed", False)),
    ],
)
def test_a_bounce_is_for_good_only_where_the_address_is_to_blame(kind: str, meant: tuple[str, bool]) -> None:
    """A type that nobody knew is never for good."""
    (event,) = told(bounce(kind, kind, ADDRESS, MOMENT))

    assert (event.kind, event.permanent) == meant


@pytest.mark.parametrize(
    ("reason", "origin", "meant"),
    [
        ("HardBounce", "Recipient", ("bounced", True)),
        ("SpamComplaint", "Recipient", ("complained", False)),
        ("ManualSuppression", "Recipient", ("unsubscribed", False)),
        ("ManualSuppression", "Customer", ("rejected", False)),
        ("ManualSuppression", "Admin", ("rejected", False)),
    ],
)
def test_who_gets_nothing_any_more(reason: str, origin: str, meant: tuple[str, bool]) -> None:
    """An address is suppressed for what it did, or by hand."""
    change = {
        "RecordType": "SubscriptionChange",
        "Recipient": ADDRESS,
        "ChangedAt": MOMENT,
        "Origin": origin,
        "SuppressSending": True,
        "SuppressionReason": reason,
        "MessageID": None,
        "Metadata": None,
        "Tag": None,
    }
    (event,) = told(change)

    assert (event.kind, event.permanent) == meant
    assert (event.issue, event.delivery, event.attempt, event.provider_id) == (0, "", "", None)
    assert event.at == AT


def test_an_array_is_read_in_its_order() -> None:
    """It is not documented, and costs nothing."""
    bodies = [json.loads(genuine(kind)[1]) for kind in ("deferred", "opened", "delivered")]

    assert [event.kind for event in told(bodies)] == ["deferred", "delivered"]
    assert told([]) == ()


def test_a_call_is_known_again_by_its_bytes() -> None:
    """The same call has the same mark, another one another; it tells nothing of anybody."""
    first, again, other = (heard(*genuine(kind)).once for kind in ("delivered", "delivered", "soft"))

    assert first == again != other
    assert len(first) == 64
    assert ADDRESS not in first


@pytest.mark.parametrize("kind", TOLD)
def test_a_moment_is_never_ahead_of_now(kind: str) -> None:
    """Their clock may be."""
    headers, body = hook(
        kind, address=ADDRESS, issue=7, delivery="d1", attempt="a", at=NOW + timedelta(days=9), now=NOW, provider_id="m"
    )

    assert {event.at for event in heard(headers, body).events} <= {NOW}


@pytest.mark.parametrize(
    ("header", "more"),
    [
        (authorization(password="another"), {}),
        (authorization(user="another"), {}),
        (authorization(password=""), {}),
        ("", {}),
        ("Basic ", {}),
        ("Bearer password-of-the-hook", {}),
        (authorization().lower(), {}),
        (authorization(password=""), {"webhook_password": ""}),
        ("Basic é", {}),
    ],
)
def test_a_call_without_our_credentials_is_not_believed(header: str, more: dict[str, str]) -> None:
    """Neither is any while no password is set up; its body is not even looked at."""
    with pytest.raises(ForgedError):
        heard({"authorization": header}, b"not json", **more)


def test_without_the_header_and_without_options_nothing_is_believed() -> None:
    """A webhook that was never set up has no password that could be guessed."""
    ours = provider({"server_token": "t"}, lambda _: Failure("no", "x"))

    with pytest.raises(ForgedError):
        heard({}, genuine("delivered")[1])
    with pytest.raises(ForgedError):
        ours.hear(Posted(headers={"authorization": authorization(user="", password="")}, body=b"{}"), now=NOW)


DELIVERY = {"RecordType": "Delivery", "Recipient": ADDRESS, "DeliveredAt": MOMENT}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff",
        b"[" * 100_000,
        b"5",
        b'"Delivery"',
        b"[5]",
        b"{}",
        json.dumps(DELIVERY | {"RecordType": 5}).encode(),
        json.dumps(DELIVERY | {"Recipient": None}).encode(),
        json.dumps(DELIVERY | {"Recipient": ""}).encode(),
        json.dumps(DELIVERY | {"DeliveredAt": "yesterday"}).encode(),
        json.dumps(DELIVERY | {"DeliveredAt": 5}).encode(),
        json.dumps(DELIVERY | {"DeliveredAt": "0001-01-01T00:00:00+14:00"}).encode(),
        json.dumps({"RecordType": "Bounce", "Email": ADDRESS, "BouncedAt": MOMENT}).encode(),
    ],
)
def test_a_genuine_call_that_makes_no_sense_is_unreadable(body: bytes) -> None:
    """It is told apart from a forged one."""
    with pytest.raises(UnreadableError):
        heard({"authorization": authorization()}, body)


@pytest.mark.parametrize("marks", [None, 5, [], {"delivery": {}, "attempt": 5}])
@pytest.mark.parametrize("tag", [None, 5, "issue-", "issue-x", "newsletter", "issue-" + "9" * 30])
def test_marks_that_are_not_ours_are_left_out(marks: object, tag: object) -> None:
    """The address alone then tells whom it is about."""
    (event,) = told(DELIVERY | {"Metadata": marks, "Tag": tag, "MessageID": {}})

    assert (event.issue, event.delivery, event.attempt, event.provider_id) == (0, "", "", None)


def test_a_moment_without_a_zone_is_utc() -> None:
    """It is documented with one."""
    assert told(DELIVERY | {"DeliveredAt": "2026-11-27T05:00:01.25"})[0].at == AT
