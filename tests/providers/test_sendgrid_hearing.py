"""SendGrid's webhook: what proves a call, and what it tells."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.sinks.sendgrid import OPTIONS, TOLD, hook, posted, record

from msdigest.errors import ForgedError, HookError, StaleError, UnreadableError
from msdigest.model.delivery import Event, Heard
from msdigest.ports import Failure, Posted
from msdigest.providers.sendgrid.sending import provider

NOW = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
AT = NOW - timedelta(minutes=3)
SIGNATURE, TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
ABOUT = {"address": "p1@example.org", "issue": 7, "delivery": "d1", "attempt": "a1", "at": AT, "provider_id": "sg.1"}
EVENT = Event(
    kind="accepted", at=AT, address="p1@example.org", issue=7, delivery="d1", attempt="a1", provider_id="sg.1"
)


def hear(headers: dict[str, str], body: bytes, *, now: datetime = NOW, **more: str) -> Heard:
    ours = provider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))
    return ours.hear(Posted(headers=headers, body=body), now=now)


def told(*records: object) -> Heard:
    return hear(*posted(json.dumps(list(records)).encode(), now=NOW))


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        ("accepted", [EVENT]),
        ("deferred", [replace(EVENT, kind="deferred", reason="400 try again later")]),
        ("delivered", [replace(EVENT, kind="delivered", reason="250 OK")]),
        ("bounced", [replace(EVENT, kind="bounced", permanent=True, reason="550 5.1.1 no such person here")]),
        ("soft", [replace(EVENT, kind="bounced", reason="550 your address is blocked")]),
        ("complained", [replace(EVENT, kind="complained")]),
        ("unsubscribed", [replace(EVENT, kind="unsubscribed")]),
        ("rejected", [replace(EVENT, kind="rejected", reason="Bounced Address")]),
        ("opened", []),
    ],
)
def test_a_genuine_call_is_read(kind: str, events: list[Event]) -> None:
    """In our vocabulary, with our own marks; that somebody opened a mail is dropped."""
    assert kind in TOLD
    assert hear(*hook(kind, now=NOW, **ABOUT)).events == events


def test_a_call_tells_many_things_in_their_order() -> None:
    """Whatever is not in our vocabulary is left out."""
    kinds = ["accepted", "opened", "delivered", "complained"]
    others = [{"event": "click"}, {"event": "group_resubscribe"}, {"event": "of tomorrow"}]
    heard = told(*(record(kind, **ABOUT) for kind in kinds), *others)

    assert [event.kind for event in heard.events] == ["accepted", "delivered", "complained"]


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"category": "issue-7"}, EVENT),
        ({"category": ["other", "issue-7"]}, EVENT),
        ({"category": []}, replace(EVENT, issue=0)),
        ({"category": 3}, replace(EVENT, issue=0)),
        ({"delivery_mark": 3, "attempt_mark": None}, replace(EVENT, delivery="", attempt="")),
        ({"attempt": "9"}, EVENT),
        ({"sg_message_id": "ab.filter0307p1las1-16816-5A02.0"}, replace(EVENT, provider_id="ab")),
        ({"sg_message_id": None}, replace(EVENT, provider_id=None)),
        ({"sg_message_id": ".filter0"}, replace(EVENT, provider_id=None)),
        ({"timestamp": NOW.timestamp() + 90}, replace(EVENT, at=NOW)),
        ({"event": "group_unsubscribe"}, replace(EVENT, kind="unsubscribed")),
        ({"event": "bounce", "type": "bounce"}, replace(EVENT, kind="bounced", permanent=True)),
        ({"event": "bounce", "type": "bounce", "status": "4.4.7"}, replace(EVENT, kind="bounced")),
        ({"event": "bounce"}, replace(EVENT, kind="bounced")),
        ({"reason": "no p1@example.org\r\nhere"}, replace(EVENT, reason="no [address] here")),
        ({"reason": 3}, EVENT),
    ],
)
def test_an_event_is_read_without_trust(changes: dict[str, object], event: Event) -> None:
    """What is missing or of another type tells nothing; what is said holds no address."""
    assert told({**record("accepted", **ABOUT), **changes}).events == [event]


GENUINE, BODY = hook("delivered", now=NOW, **ABOUT)
OTHERS, _ = posted(BODY, now=NOW, key=ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (OTHERS, BODY),
        (GENUINE, BODY + b" "),
        (GENUINE, BODY.replace(b"delivered", b"spamreport")),
        ({**GENUINE, TIMESTAMP: str(int(NOW.timestamp()) + 1)}, BODY),
        ({name: value for name, value in GENUINE.items() if name != SIGNATURE}, BODY),
        ({name: value for name, value in GENUINE.items() if name != TIMESTAMP}, BODY),
        ({**GENUINE, SIGNATURE: "é"}, BODY),
        ({}, b""),
    ],
    ids=["other key", "longer", "other words", "other moment", "no signature", "no moment", "not ASCII", "nothing"],
)
def test_a_forged_call_is_refused(headers: dict[str, str], body: bytes) -> None:
    """The very bytes and the moment are what is signed."""
    with pytest.raises(ForgedError):
        hear(headers, body)


@pytest.mark.parametrize("key", ["", "AAAA", "no base64"])
def test_without_a_key_nothing_is_proven(key: str) -> None:
    """An operator who set none gets nothing from anybody."""
    with pytest.raises(ForgedError):
        hear(GENUINE, BODY, webhook_public_key=key)


def test_a_moment_that_is_no_number_is_forged() -> None:
    """Digits of it may not move into the body, nor the other way."""
    headers, body = posted(b"[]", now=NOW)
    moved = headers[TIMESTAMP][-1].encode() + body

    with pytest.raises(HookError):
        hear({**headers, TIMESTAMP: headers[TIMESTAMP][:-1]}, moved)
    with pytest.raises(ForgedError):
        hear({**headers, TIMESTAMP: headers[TIMESTAMP] + "["}, b"]")


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (timedelta(hours=25), False),
        (timedelta(hours=25, seconds=1), True),
        (-timedelta(minutes=5), False),
        (-timedelta(minutes=5, seconds=1), True),
    ],
    ids=["as old as may be", "too old", "as early as may be", "too early"],
)
def test_a_call_of_another_time_is_stale(age: timedelta, stale: bool) -> None:
    """It tries for a day."""
    call = hook("delivered", now=NOW - age, **ABOUT)
    try:
        hear(*call)
        refused = False
    except StaleError:
        refused = True

    assert refused is stale


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"3",
        b"[3]",
        b"[" * 100_000,
        b'[{"email":"p1@example.org","timestamp":1}]',
        b'[{"event":3,"email":"p1@example.org","timestamp":1}]',
        b'[{"event":"delivered","timestamp":1}]',
        b'[{"event":"delivered","email":"p1@example.org"}]',
        b'[{"event":"delivered","email":"p1@example.org","timestamp":"1"}]',
        b'[{"event":"delivered","email":"p1@example.org","timestamp":1e300}]',
    ],
    ids=["empty", "page", "number", "numbers", "deep", "no kind", "kind", "no address", "no time", "time", "long ago"],
)
def test_a_genuine_call_that_makes_no_sense_is_unreadable(body: bytes) -> None:
    """And nothing of it is told in the error."""
    with pytest.raises(UnreadableError) as caught:
        hear(*posted(body, now=NOW))

    assert "example.org" not in str(caught.value)


def test_a_repetition_has_the_same_mark_and_another_call_has_not() -> None:
    """Whatever signature somebody makes of the same words: there are many valid ones."""
    first, second = (hear(*posted(BODY, now=NOW)) for _ in range(2))
    other = hear(*hook("complained", now=NOW, **ABOUT))

    assert first.once == second.once != other.once
    assert first.once
    assert first.confirm == ""


def test_a_thousand_events_are_read_in_twenty_milliseconds() -> None:
    """The fastest of several rounds, on a machine with other things to do; longer where each line is watched."""
    records = [
        record("delivered", **ABOUT | {"address": f"p{number}@example.org", "delivery": f"d{number}"})
        for number in range(1_000)
    ]
    headers, body = posted(json.dumps(records).encode(), now=NOW)
    rounds = []
    for _ in range(10):
        begun = time.process_time()
        heard = hear(headers, body)
        rounds.append(time.process_time() - begun)

    assert len(heard.events) == 1_000
    assert min(rounds) <= (0.020 if sys.gettrace() is None else 0.200), f"{min(rounds) * 1_000:.1f} ms"
