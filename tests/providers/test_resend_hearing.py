"""Resend's webhook: who proves what, and what is told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.sinks.resend import OPTIONS, TOLD, hook, signed

from msdigest.errors import ForgedError, StaleError, UnreadableError
from msdigest.model.delivery import Event
from msdigest.ports import Failure, Posted
from msdigest.providers.resend.sending import ResendProvider

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
AT = NOW - timedelta(minutes=3)
CALL, MOMENT = "msg_1", str(int(NOW.timestamp()))
FACTS = {"address": "ada@example.org", "issue": 7, "delivery": "d1", "attempt": "a1", "provider_id": "1-2"}


def heard(headers, body, *, options=OPTIONS, now=NOW):
    ours = ResendProvider(options, lambda _: Failure("no", "not called in these tests"))
    return ours.hear(Posted(headers=headers, body=body), now=now)


def told(kind="delivered", **more):
    return hook(kind, at=AT, now=NOW, **(FACTS | more))


def posted(event):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return signed(CALL, MOMENT, body), body


DATA = {"to": ["ada@example.org"], "email_id": "1-2"}
EVENT = {"type": "email.delivered", "created_at": "2026-11-27T05:57:00.000Z", "data": DATA}


@pytest.mark.parametrize(
    ("kind", "expected", "permanent", "reason"),
    [
        ("accepted", "accepted", False, None),
        ("deferred", "deferred", False, None),
        ("delivered", "delivered", False, None),
        ("bounced", "bounced", True, "General: there is no such mailbox"),
        ("soft", "bounced", False, "MailboxFull: the mailbox is full"),
        ("rejected", "rejected", False, "previous_bounce"),
        ("complained", "complained", False, None),
    ],
)
def test_what_is_told(kind: str, expected: str, permanent: bool, reason: str | None) -> None:
    """Each kind in our words, with our own marks as they were echoed."""
    assert list(heard(*told(kind)).events) == [
        Event(
            kind=expected,
            at=AT,
            address="ada@example.org",
            issue=7,
            delivery="d1",
            attempt="a1",
            provider_id="1-2",
            permanent=permanent,
            reason=reason,
        )
    ]


@pytest.mark.parametrize(
    "kind", ["email.opened", "email.clicked", "email.scheduled", "email.received", "contact.updated", "something new"]
)
def test_what_is_nobodys_business_is_dropped(kind: str) -> None:
    """That somebody opened a mail is not even read; the call is known again all the same."""
    found = heard(*posted({"type": kind, "data": 7}))

    assert (list(found.events), found.once) == ([], CALL)


def test_every_kind_of_the_fake_is_tested() -> None:
    """The table above has them all; that somebody left, Resend does not tell."""
    assert set(TOLD) == {"accepted", "deferred", "delivered", "bounced", "soft", "rejected", "complained", "opened"}


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        pytest.param({"to": ["Ada <ada@example.org>"]}, {}, id="a name"),
        pytest.param({"to": ["ada@example.org", "x@example.org"]}, {}, id="several people"),
        pytest.param({"tags": None}, {}, id="no tags"),
        pytest.param({"tags": [7, {"name": "issue", "value": "issue-9"}]}, {"issue": 9}, id="tags as pairs"),
        pytest.param({"tags": {"issue": "issue-9", "delivery": 7}}, {"issue": 9}, id="tags as an object"),
        pytest.param({"tags": {"issue": "9"}}, {}, id="somebody else's tag"),
        pytest.param({"email_id": 7}, {"provider_id": None}, id="no id"),
        pytest.param({"bounce": {"message": "550 <ada@example.org> unknown"}}, {"reason": "550 <[address]> unknown"}, id="words"),
        pytest.param({"failed": {"reason": "reached_daily_quota"}}, {"reason": "reached_daily_quota"}, id="failed"),
        pytest.param({"bounce": "x", "failed": []}, {}, id="nonsense for a reason"),
    ],
)  # fmt: skip
def test_what_is_read(data: dict[str, object], changed: dict[str, object]) -> None:
    """Whatever else stands in a call is left where it is."""
    (event,) = heard(*posted(EVENT | {"data": DATA | data})).events
    plain = {"address": "ada@example.org", "issue": 0, "delivery": "", "provider_id": "1-2", "reason": None}

    assert {name: getattr(event, name) for name in plain} == plain | changed


@pytest.mark.parametrize("kind", ["Transient", "Undetermined", None, "something new"])
def test_what_is_not_for_good(kind: object) -> None:
    """Only a permanent bounce is."""
    (event,) = heard(*posted(EVENT | {"type": "email.bounced", "data": DATA | {"bounce": {"type": kind}}})).events

    assert (event.kind, event.permanent) == ("bounced", False)


def test_an_array_is_read_as_well() -> None:
    """Each of its events, in order."""
    later = EVENT | {"type": "email.complained"}

    assert [each.kind for each in heard(*posted([EVENT, {"type": "email.opened"}, later])).events] == [
        "delivered",
        "complained",
    ]


def test_nothing_happens_in_the_future() -> None:
    """A clock of theirs that is ahead is set back."""
    (event,) = heard(*posted(EVENT | {"created_at": "2026-11-27T06:01:00Z"})).events

    assert event.at == NOW


HEADERS, BODY = told()
PROOF = HEADERS["svix-signature"]
FORGED = [
    pytest.param(HEADERS, BODY + b" ", id="changed body"),
    pytest.param(HEADERS | {"svix-id": "msg_other"}, BODY, id="another id"),
    pytest.param(HEADERS | {"svix-timestamp": str(int(MOMENT) + 1)}, BODY, id="another moment"),
    pytest.param(HEADERS | {"svix-signature": PROOF[:-2] + "A="}, BODY, id="wrong signature"),
    pytest.param(HEADERS | {"svix-signature": PROOF.removeprefix("v1,")}, BODY, id="no version"),
    pytest.param(HEADERS | {"svix-signature": PROOF.replace("v1,", "v1a,")}, BODY, id="another version"),
    pytest.param(HEADERS | {"svix-signature": ""}, BODY, id="empty signature"),
    pytest.param(HEADERS | {"svix-signature": "v1,é"}, BODY, id="a signature beyond ASCII"),
    pytest.param(HEADERS | {"svix-signature": "v1,AA== " * 10 + PROOF}, BODY, id="one of too many"),
    pytest.param(signed(CALL, MOMENT, BODY, secret=base64.b64encode(b"x").decode()), BODY, id="wrong key"),
    pytest.param(signed("", MOMENT, BODY), BODY, id="empty id"),
    pytest.param(signed("msg.1", MOMENT, BODY), BODY, id="an id with the sign between"),
    pytest.param(signed(CALL, "", BODY), BODY, id="empty moment"),
    pytest.param(signed(CALL, "1e9", BODY), BODY, id="a moment that is none"),
    *(
        pytest.param({name: value for name, value in HEADERS.items() if name != missing}, BODY, id=f"no {missing}")
        for missing in ("svix-id", "svix-timestamp", "svix-signature")
    ),
    pytest.param({}, b"", id="nothing"),
]


@pytest.mark.parametrize(("headers", "body"), FORGED)
def test_what_is_not_proven_is_refused(headers: dict[str, str], body: bytes) -> None:
    """And nothing else is said."""
    with pytest.raises(ForgedError):
        heard(headers, body)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="none"),
        pytest.param({"webhook_secret": ""}, id="empty"),
        pytest.param({"webhook_secret": "whsec_"}, id="the beginning alone"),
        pytest.param({"webhook_secret": "whsec_not base64"}, id="no base64"),
        pytest.param({"webhook_secret": "whsec_é"}, id="beyond ASCII"),
    ],
)
def test_without_a_secret_nothing_is_proven(options: dict[str, str]) -> None:
    """Also not by who signs with an empty one."""
    for headers in (HEADERS, signed(CALL, MOMENT, BODY, secret="")):
        with pytest.raises(ForgedError):
            heard(headers, BODY, options={"api_key": "k"} | options)


def test_one_of_several_signatures_is_enough() -> None:
    """While a secret is changed, calls are signed with both."""
    headers = HEADERS | {"svix-signature": f"v1,AAAA v2,x {PROOF}"}

    assert heard(headers, BODY).events


@pytest.mark.parametrize(
    ("late", "taken"),
    [
        (timedelta(minutes=4), True),
        (timedelta(minutes=6), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_calls_of_another_time_are_refused(late: timedelta, taken: bool) -> None:
    """A call that is repeated is signed anew."""
    if taken:
        assert heard(HEADERS, BODY, now=NOW + late).once
        return
    with pytest.raises(StaleError):
        heard(HEADERS, BODY, now=NOW + late)


def test_a_repetition_has_the_same_mark() -> None:
    """The id, which stays when a call is signed anew."""
    again = hook("delivered", at=AT, now=NOW + timedelta(hours=1), **FACTS)

    assert heard(HEADERS, BODY).once == heard(*again, now=NOW + timedelta(hours=1)).once
    assert heard(HEADERS, BODY).once != heard(*told("complained")).once


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b"[" * 100_000, id="very deep"),
        pytest.param(b"7", id="a number"),
        pytest.param([EVENT, 7], id="an array with a number"),
        pytest.param({}, id="nothing in it"),
        pytest.param(EVENT | {"type": 7}, id="a number for a kind"),
        pytest.param(EVENT | {"data": None}, id="no data"),
        pytest.param(EVENT | {"data": []}, id="an array of data"),
        pytest.param(EVENT | {"data": {}}, id="nobody"),
        pytest.param(EVENT | {"data": {"to": []}}, id="an empty list of people"),
        pytest.param(EVENT | {"data": {"to": [7]}}, id="a number for somebody"),
        pytest.param(EVENT | {"data": {"to": "ada@example.org"}}, id="a word for a list"),
        pytest.param(EVENT | {"created_at": "yesterday"}, id="no moment"),
        pytest.param(EVENT | {"created_at": None}, id="nothing for a moment"),
    ],
)
def test_what_is_genuine_and_makes_no_sense(event: object) -> None:
    """It is told apart from what is forged: the operator should hear of it."""
    with pytest.raises(UnreadableError):
        heard(*posted(event))
