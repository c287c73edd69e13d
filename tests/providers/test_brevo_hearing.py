"""Brevo: what its webhook calls mean, and which of them are not its."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.sinks.brevo import OPTIONS, TOLD, event, hook

from msdigest.errors import ForgedError, UnreadableError
from msdigest.model.delivery import Event, EventKind, Heard
from msdigest.ports import Failure, Posted
from msdigest.providers.brevo.sending import provider

AT = datetime(2026, 11, 27, 5, 0, 1, 250_000, tzinfo=UTC)
NOW = AT + timedelta(minutes=3)
ADDRESS = "p1@example.org"
BEARER = f"Bearer {OPTIONS['webhook_token']}"


def heard(headers: dict[str, str], body: bytes, **more: str) -> Heard:
    ours = provider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))
    return ours.hear(Posted(headers=headers, body=body), now=NOW)


def genuine(kind: str, *, at: datetime = AT) -> tuple[dict[str, str], bytes]:
    return hook(kind, address=ADDRESS, issue=7, delivery="d1", attempt="attempt-1", at=at, now=NOW, provider_id="1@x")


def told(document: object) -> list[Event]:
    return list(heard({"authorization": BEARER}, json.dumps(document).encode()).events)


@pytest.mark.parametrize(
    ("kind", "meant", "permanent"),
    [
        ("accepted", "accepted", False),
        ("deferred", "deferred", False),
        ("delivered", "delivered", False),
        ("bounced", "bounced", True),
        ("soft", "bounced", False),
        ("complained", "complained", False),
        ("unsubscribed", "unsubscribed", False),
        ("rejected", "rejected", False),
    ],
)
def test_a_call_tells_one_event(kind: str, meant: EventKind, permanent: bool) -> None:
    """With our own marks as they were echoed, the exact moment, and no address in the reason."""
    assert heard(*genuine(kind)).events == [
        Event(
            kind=meant,
            at=AT,
            address=ADDRESS,
            issue=7,
            delivery="d1",
            attempt="attempt-1",
            provider_id="1@x",
            permanent=permanent,
            reason="550 5.1.1 <[address]> and so on",
        )
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("request", ("accepted", False)),
        ("sent", ("accepted", False)),
        ("invalid_email", ("bounced", True)),
        ("error", ("rejected", False)),
        ("complaint", ("complained", False)),
        ("unsubscribe", ("unsubscribed", False)),
    ],
)
def test_kinds_have_several_names(name: str, meant: tuple[str, bool]) -> None:
    """Documentation and service do not always call them the same."""
    (found,) = told(event(name, ADDRESS, AT))

    assert (found.kind, found.permanent) == meant


@pytest.mark.parametrize(
    "name",
    ["opened", "unique_opened", "proxy_open", "unique_proxy_open", "click", "list_addition", "something_new"],
)
def test_what_is_no_news_of_delivery_is_dropped(name: str) -> None:
    """That somebody opened a mail is none of our business; nothing else of it is even read."""
    assert told({"event": name}) == []


def test_an_array_is_read_in_its_order() -> None:
    """Up to 500 events come in one call."""
    bodies = [json.loads(genuine(kind)[1]) for kind in ("accepted", "opened", "delivered")]

    assert [each.kind for each in told(bodies)] == ["accepted", "delivered"]
    assert len(told(bodies * 250)) == 500
    assert told([]) == []


def test_a_call_is_known_again_by_its_bytes() -> None:
    """The same call has the same mark, another one another; it tells nothing of anybody."""
    first, again, other = (heard(*genuine(kind)).once for kind in ("delivered", "delivered", "soft"))

    assert first == again != other
    assert len(first) == 64
    assert ADDRESS not in first


@pytest.mark.parametrize("kind", TOLD)
def test_a_moment_is_never_ahead_of_now(kind: str) -> None:
    """Their clock may be."""
    events = heard(*genuine(kind, at=NOW + timedelta(days=9))).events

    assert {each.at for each in events} <= {NOW}


@pytest.mark.parametrize(
    ("more", "at"),
    [
        ({"ts_epoch": 1_795_755_601_250}, AT),
        ({"ts_epoch": None}, AT.replace(microsecond=0)),
        ({"ts_epoch": "1795755601250"}, AT.replace(microsecond=0)),
    ],
)
def test_the_exact_moment_is_taken_where_it_is_told(more: dict[str, object], at: datetime) -> None:
    """Never the one that follows the account's zone."""
    assert told(event("delivered", ADDRESS, AT, **more))[0].at == at


@pytest.mark.parametrize(
    ("header", "more"),
    [
        ("Bearer another", {}),
        ("Bearer ", {}),
        ("", {}),
        (OPTIONS["webhook_token"], {}),
        ("bearer " + OPTIONS["webhook_token"], {}),
        ("Basic " + OPTIONS["webhook_token"], {}),
        ("Bearer ", {"webhook_token": ""}),
        ("Bearer é", {}),
    ],
)
def test_a_call_without_our_token_is_not_believed(header: str, more: dict[str, str]) -> None:
    """Neither is any while none is set up; its body is not even looked at."""
    with pytest.raises(ForgedError):
        heard({"authorization": header}, b"not json", **more)


def test_without_the_header_and_without_options_nothing_is_believed() -> None:
    """A webhook that was never set up has no token that could be guessed."""
    ours = provider({"api_key": "k"}, lambda _: Failure("no", "x"))

    with pytest.raises(ForgedError):
        heard({}, genuine("delivered")[1])
    with pytest.raises(ForgedError):
        ours.hear(Posted(headers={"authorization": "Bearer "}, body=b"{}"), now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff",
        b"[" * 100_000,
        b"5",
        b"[5]",
        b"{}",
        b'{"event": 5}',
        b'{"event": "delivered"}',
        *(
            json.dumps(event("delivered", ADDRESS, AT, **more)).encode()
            for more in (
                {"email": None},
                {"email": ""},
                {"ts_epoch": None, "ts_event": None},
                {"ts_epoch": None, "ts_event": "5"},
                {"ts_epoch": None, "ts_event": True},
                {"ts_epoch": 10**30},
                {"ts_epoch": 10**400},
                {"ts_epoch": None, "ts_event": 10**400},
                {"ts_epoch": float("nan")},
                {"ts_epoch": float("inf")},
            )
        ),
    ],
)
def test_a_genuine_call_that_makes_no_sense_is_unreadable(body: bytes) -> None:
    """It is told apart from a forged one."""
    with pytest.raises(UnreadableError):
        heard({"authorization": BEARER}, body)


@pytest.mark.parametrize("custom", [None, 5, "", "x", "delivery", '{"delivery":"d1"}', "||"])
@pytest.mark.parametrize("tags", [None, 5, "issue-7", [], [5], ["newsletter"]])
def test_marks_that_are_not_ours_are_left_out(custom: object, tags: object) -> None:
    """The address alone then tells whom it is about."""
    more = {"X-Mailin-custom": custom, "tags": tags, "message-id": 5, "reason": None}
    (found,) = told(event("delivered", ADDRESS, AT, **more))

    assert (found.issue, found.delivery, found.attempt, found.provider_id, found.reason) == (0, "", "", None, None)
