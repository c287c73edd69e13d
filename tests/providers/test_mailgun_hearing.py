"""Mailgun's webhook: who proves what, and what is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.sinks.mailgun import OPTIONS, TOLD, hook, signed

from msdigest.errors import ForgedError, StaleError, UnreadableError
from msdigest.model.delivery import Event
from msdigest.ports import Failure, Posted
from msdigest.providers.mailgun.sending import MailgunProvider

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
AT = NOW - timedelta(minutes=3)
TOKEN = "0a" * 25
PROVIDER = MailgunProvider(OPTIONS, lambda _: Failure("no", "not called in these tests"))


def told(kind="delivered", **more):
    facts = {"address": "ada@example.org", "issue": 7, "delivery": "d1", "attempt": "a1", "provider_id": "<1@x>"}
    return hook(kind, at=AT, now=NOW, **(facts | more))


def heard(body, *, options=OPTIONS, now=NOW):
    ours = MailgunProvider(options, lambda _: Failure("no", "not called in these tests"))
    return ours.hear(Posted(headers={}, body=body), now=now)


def posted(event, **signature):
    proof = signed(str(int(NOW.timestamp())), TOKEN) | signature
    return json.dumps({"signature": proof, "event-data": event}).encode()


EVENT = {"event": "delivered", "recipient": "ada@example.org", "timestamp": AT.timestamp()}


@pytest.mark.parametrize(
    ("kind", "expected", "permanent", "reason"),
    [
        ("accepted", "accepted", False, None),
        ("deferred", "deferred", False, "generic: try later"),
        ("delivered", "delivered", False, "OK"),
        ("bounced", "bounced", True, "bounce: no such mailbox"),
        ("soft", "bounced", False, "old: tried for too long: too old"),
        ("rejected", "rejected", False, "suppress-bounce: bounced before"),
        ("complained", "complained", False, None),
        ("unsubscribed", "unsubscribed", False, None),
    ],
)
def test_what_is_told(kind: str, expected: str, permanent: bool, reason: str | None) -> None:
    """Each kind in our words, with our own marks as they were echoed."""
    assert list(heard(told(kind)[1]).events) == [
        Event(
            kind=expected,
            at=AT,
            address="ada@example.org",
            issue=7,
            delivery="d1",
            attempt="a1",
            provider_id="1@x",
            permanent=permanent,
            reason=reason,
        )
    ]


@pytest.mark.parametrize("kind", ["opened", "clicked", "stored", "something new"])
def test_what_is_nobodys_business_is_dropped(kind: str) -> None:
    """That somebody opened a mail is not even read; the call is known again all the same."""
    found = heard(posted({"event": kind, "recipient": 7}))

    assert (list(found.events), found.once) == ([], TOKEN)


def test_every_kind_of_the_fake_is_tested() -> None:
    """The table above has them all."""
    assert set(TOLD) == {
        "accepted", "deferred", "delivered", "bounced", "soft", "rejected", "complained", "unsubscribed", "opened",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "reason", "permanent"),
    [
        pytest.param({"enhanced-code": "5.1.1"}, "bounce", True, id="no such mailbox"),
        pytest.param({"enhanced-code": "5.2.1"}, "bounce", True, id="mailbox closed"),
        pytest.param({"enhanced-code": ""}, "bounce", True, id="no code"),
        pytest.param({"enhanced-code": "5.2.2"}, "bounce", False, id="mailbox full"),
        pytest.param({"enhanced-code": "5.7.1"}, "bounce", False, id="refused by a filter"),
        pytest.param({"enhanced-code": 5}, "bounce", True, id="a code that is none"),
        pytest.param({}, "espblock", False, id="blocked"),
        pytest.param([], None, False, id="nothing is said"),
    ],
)
def test_what_is_for_good(status: object, reason: object, permanent: bool) -> None:
    """Only where it is the address itself that takes no mail."""
    failed = EVENT | {"event": "failed", "severity": "permanent", "reason": reason, "delivery-status": status}
    (event,) = heard(posted(failed)).events

    assert (event.kind, event.permanent) == ("bounced", permanent)


def test_a_reason_holds_no_address() -> None:
    """Servers like to repeat it."""
    (event,) = heard(posted(EVENT | {"delivery-status": {"message": "550 <ada@example.org> unknown"}})).events

    assert event.reason == "550 <[address]> unknown"


def test_marks_that_are_not_ours_are_left_out() -> None:
    """Somebody else's message of the same account tells no issue."""
    (event,) = heard(posted(EVENT | {"tags": ["welcome", 7], "user-variables": [], "message": {"headers": 1}})).events

    assert (event.issue, event.delivery, event.attempt, event.provider_id) == (0, "", "", None)


def test_nothing_happens_in_the_future() -> None:
    """A clock of theirs that is ahead is set back."""
    (event,) = heard(posted(EVENT | {"timestamp": NOW.timestamp() + 60})).events

    assert event.at == NOW


FORGED = [
    pytest.param(posted(EVENT, signature="0" * 64), id="wrong signature"),
    pytest.param(posted(EVENT, signature=""), id="empty signature"),
    pytest.param(posted(EVENT, signature=None), id="no signature"),
    pytest.param(posted(EVENT, signature="é"), id="a signature beyond ASCII"),
    pytest.param(posted(EVENT, **signed(str(int(NOW.timestamp())), TOKEN, key="key-of-the-sink")), id="the API key"),
    pytest.param(posted(EVENT, token="0b" * 25), id="another token"),
    pytest.param(posted(EVENT, token=None), id="no token"),
    pytest.param(posted(EVENT, timestamp=str(int(NOW.timestamp()) + 1)), id="another moment"),
    pytest.param(posted(EVENT, timestamp=None), id="no moment"),
    pytest.param(posted(EVENT, **signed("17957592000", "a" * 49)), id="a digit changed sides"),
    pytest.param(posted(EVENT, **signed("", TOKEN)), id="an empty moment"),
    pytest.param(json.dumps({"event-data": EVENT}).encode(), id="nothing signed"),
    pytest.param(json.dumps({"signature": "x", "event-data": EVENT}).encode(), id="a word for a signature"),
    pytest.param(b"[]", id="an array"),
    pytest.param(b"<html>", id="no JSON"),
    pytest.param(b"[" * 100_000, id="very deep"),
    pytest.param(b"", id="nothing"),
]


@pytest.mark.parametrize("body", FORGED)
def test_what_is_not_proven_is_refused(body: bytes) -> None:
    """And nothing else is said."""
    with pytest.raises(ForgedError):
        heard(body)


@pytest.mark.parametrize("options", [OPTIONS | {"webhook_key": ""}, {"domain": "x.example", "api_key": "k"}])
def test_without_a_key_nothing_is_proven(options: dict[str, str]) -> None:
    """Also not by who signs with an empty one."""
    empty = posted(EVENT, **signed(str(int(NOW.timestamp())), TOKEN, key=""))
    for body in (told()[1], empty):
        with pytest.raises(ForgedError):
            heard(body, options=options)


@pytest.mark.parametrize(
    ("late", "taken"),
    [
        (timedelta(hours=8, minutes=59), True),
        (timedelta(hours=9, seconds=1), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_calls_of_another_time_are_refused(late: timedelta, taken: bool) -> None:
    """Mailgun repeats a call for eight hours with the signature of the first one."""
    _, body = told()
    if taken:
        assert heard(body, now=NOW + late).once
        return
    with pytest.raises(StaleError):
        heard(body, now=NOW + late)


def test_a_repetition_has_the_same_mark() -> None:
    """The token, which no other call has."""
    first, again, other = heard(told()[1]), heard(told()[1], now=NOW + timedelta(hours=1)), heard(told("complained")[1])

    assert first.once == again.once
    assert first.once != other.once
    assert "ada" not in first.once


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="no event"),
        pytest.param([EVENT], id="an array"),
        pytest.param({}, id="nothing in it"),
        pytest.param(EVENT | {"event": 7}, id="a number for a kind"),
        pytest.param(EVENT | {"recipient": ""}, id="nobody"),
        pytest.param(EVENT | {"recipient": ["ada@example.org"]}, id="a list of people"),
        pytest.param(EVENT | {"timestamp": "yesterday"}, id="no moment"),
        pytest.param(EVENT | {"timestamp": 1e300}, id="a moment beyond all calendars"),
        pytest.param(EVENT | {"timestamp": True}, id="true"),
    ],
)
def test_what_is_genuine_and_makes_no_sense(event: object) -> None:
    """It is told apart from what is forged: the operator should hear of it."""
    with pytest.raises(UnreadableError):
        heard(posted(event))
