"""Resend: what a call holds, and what its answers mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from tests.sinks.resend import OPTIONS, ResendService, service
from tests.sinks.service import Call

from msdigest.errors import ProviderError
from msdigest.model.delivery import Letter, Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply, Request
from msdigest.providers.resend.sending import ResendProvider, provider

LEAVE = "https://digest.example.org/leave/token"


def person(number: int, *, name: str = "Ada", greeting: str = "Hello Ada,", address: str = "") -> Recipient:
    leave_url = f"{LEAVE}{number}"
    return Recipient(
        subscriber=f"{number:032x}",
        delivery=f"d{number}",
        address=address or f"p{number}@example.org",
        name=name,
        leave_url=leave_url,
        values={"greeting": greeting, "leave_url": leave_url},
    )


def letter(**more: object) -> Letter:
    facts = {
        "issue": 7,
        "sender": "MS Digest <digest@mail.example.org>",
        "subject": "What is new",
        "list_id": "weekly.mail.example.org",
        "html": [b"<p>", "greeting", b'</p><a href=\\"', "leave_url", b'\\">Leave</a>'],
        "text": [b"", "greeting", b"\\n", "leave_url", b"\\n"],
        "coding": "json",
        "headers": {"List-Id": "<weekly.mail.example.org>"},
    }
    return Letter(**facts | more)


def shipment(*people: Recipient, **more: object) -> Shipment:
    return Shipment(attempt="attempt-1", parts=[(letter(**more), list(people))])


def ours(send=lambda _: Failure("no", "not called in these tests"), **more: str) -> ResendProvider:
    return provider(OPTIONS | more, send)


def messages_of(parcel: Shipment) -> list[dict]:
    return json.loads(ours().build(parcel).body)


def call_of(request: Request) -> Call:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(method=request.method, path=urlsplit(request.url).path, headers=headers, body=request.body)


def told(fake: ResendService, request: Request) -> Reply:
    answered = fake.answer(call_of(request))
    return Reply(status=answered.status, url=request.url, headers={}, body=answered.body)


def test_a_call_holds_everybodys_whole_message() -> None:
    """In the order of the recipients, over all letters."""
    other = letter(subject="Something else", html=[b"<p>b</p>"], text=[b"b"])
    parcel = shipment(person(1), person(2))
    first, second, third = messages_of(replace(parcel, parts=[*parcel.parts, (other, [person(3)])]))

    assert first == {
        "from": "MS Digest <digest@mail.example.org>",
        "to": ["Ada <p1@example.org>"],
        "subject": "What is new",
        "html": f'<p>Hello Ada,</p><a href="{LEAVE}1">Leave</a>',
        "text": f"Hello Ada,\n{LEAVE}1\n",
        "headers": {
            "List-Id": "<weekly.mail.example.org>",
            "List-Unsubscribe": f"<{LEAVE}1>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tags": [
            {"name": "issue", "value": "issue-7"},
            {"name": "delivery", "value": "d1"},
            {"name": "attempt", "value": "attempt-1"},
        ],
    }
    assert second["headers"]["List-Unsubscribe"] == f"<{LEAVE}2>"
    assert (third["subject"], third["html"], third["to"]) == ("Something else", "<p>b</p>", ["Ada <p3@example.org>"])


def test_the_attempt_is_the_key() -> None:
    """By which the same call is taken once, and by which it is found again in events."""
    request = ours().build(shipment(person(1)))

    assert request.headers["Idempotency-Key"] == "attempt-1"
    assert request.headers["Authorization"] == f"Bearer {OPTIONS['api_key']}"
    assert (request.method, request.url) == ("POST", "https://api.resend.com/emails/batch")
    assert ours(base_url="http://127.0.0.1:9").build(shipment(person(1))).url == "http://127.0.0.1:9/emails/batch"


def test_what_it_can_do() -> None:
    """A key lasts a day; an hour of it is left for clocks that differ."""
    caps = ours().caps

    assert (caps.repeats, caps.remembers, caps.pace, caps.whole) == (timedelta(hours=23), None, 2.0, True)
    assert (caps.max_recipients, caps.max_bytes, caps.coding, caps.substitutes) == (100, 10_000_000, "json", False)


def test_the_same_call_is_taken_once() -> None:
    """The second one is told what the first was, and nobody gets it again."""
    fake, parcel = service(), shipment(person(1), person(2))
    first, second = (fake.answer(call_of(ours().build(parcel))) for _ in range(2))

    assert first.document == second.document
    assert (first.accepted, second.accepted) == (("p1@example.org", "p2@example.org"), ())
    assert fake.faults == []


def test_the_same_shipment_gives_the_same_bytes() -> None:
    """Another body under the same key would be refused."""
    assert ours().build(shipment(person(1), person(2))).body == ours().build(shipment(person(1), person(2))).body


HOSTILE = [
    pytest.param('Hello "Ada" \\ {{x}} ${y},', id="quotes, braces, backslash"),
    pytest.param("Hello 100% %s %recipient.leave%,", id="percent signs"),
    pytest.param("Hello Ada\r\nBcc: x@example.org,", id="newline"),
    pytest.param("Hello Jürgen Ünal 日本語,", id="umlauts"),
    pytest.param("Hello 👩‍🔬 🙂,", id="emoji"),
    pytest.param("Hello </p><script>&,", id="markup"),
]


@pytest.mark.parametrize("greeting", HOSTILE)
def test_hostile_values_stay_values(greeting: str) -> None:
    """Whatever somebody is called, it is one line of text in their own message."""
    fake, parcel = service(), shipment(person(1, greeting=greeting, name=greeting), person(2))
    first, second = messages_of(parcel)

    assert (told(fake, ours().build(parcel)).status, fake.faults) == (200, [])
    assert first["text"].split("\n")[0] == " ".join(greeting.split())
    assert "<script" not in first["html"]
    assert second["text"].startswith("Hello Ada,")


@pytest.mark.parametrize(
    ("name", "address", "to"),
    [
        ("Ada", "ada@example.org", "Ada <ada@example.org>"),
        ("Jürgen O’Hara-Ünal & Co", "j@example.org", "Jürgen O’Hara-Ünal & Co <j@example.org>"),
        ("日本語", "j@example.org", "日本語 <j@example.org>"),
        ("", "ada@example.org", "ada@example.org"),
        ("Ada, Countess", "ada@example.org", "ada@example.org"),
        ('Ada "A"', "ada@example.org", "ada@example.org"),
        ("Ada <x@example.org>", "ada@example.org", "ada@example.org"),
        ("=?utf-8?q?Ada?=", "ada@example.org", "ada@example.org"),
        ("Ada\r\nBcc: x", "ada@example.org", "ada@example.org"),
        ("\u202eadA", "ada@example.org", "ada@example.org"),
        ("a" * 65, "ada@example.org", "ada@example.org"),
        ("Ada", "ada@example.org>, <x@example.org", "ada@example.org>, <x@example.org"),
        ("Ada", 'a"d\\a@example.org', 'a"d\\a@example.org'),
    ],
)
def test_whom_it_is_for(name: str, address: str, to: str) -> None:
    """A name is told where Resend takes it; never does a second address come out of one."""
    (message,) = messages_of(shipment(person(1, name=name, address=address)))

    assert message["to"] == [to]


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("digest@mail.example.org", "digest@mail.example.org"),
        ("MS Digest <digest@mail.example.org>", "MS Digest <digest@mail.example.org>"),
        ('"Digest, MS (weekly)" <digest@mail.example.org>', "Digest MS weekly <digest@mail.example.org>"),
        ("=?utf-8?q?MS-=C3=9Cbersicht?= <digest@mail.example.org>", "MS-Übersicht <digest@mail.example.org>"),
        ('"..." <digest@mail.example.org>', "digest@mail.example.org"),
    ],
)
def test_who_it_is_from(sender: str, told: str) -> None:
    """Resend takes a name as it is, and refuses one that is quoted or encoded."""
    fake, parcel = service(), shipment(person(1), sender=sender)

    assert messages_of(parcel)[0]["from"] == told
    assert fake.answer(call_of(ours().build(parcel))).status == 200


def test_bodies_are_not_written_anew() -> None:
    """Literals are in their coding already, in any script."""
    (message,) = messages_of(shipment(person(1), html=[r"<p>é \"日本語\"</p>".encode()], text=[r"🙂\n".encode()]))

    assert (message["html"], message["text"]) == ('<p>é "日本語"</p>', "🙂\n")


def test_the_call_is_made_by_what_was_handed_in() -> None:
    """And its answer is handed back as it is."""
    calls, failure = [], Failure("no", "could not connect")
    carrier = ours(lambda request: calls.append(request) or failure)
    request = carrier.build(shipment(person(1)))

    assert carrier.carry(request) is failure
    assert calls == [request]


def answer(status: int, document: object, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status=status, url="https://api.resend.com", headers=headers, body=body)


def error(status: int, name: str, message: str = "as it was said", **headers: str) -> Reply:
    return answer(status, {"statusCode": status, "name": name, "message": message}, **headers)


def said(status: int, message: str = "as it was said") -> str:
    return f"resend answered {status}: {message}"


WORDLESS = Outcome("unknown", reason="resend accepted without a word on each message")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        pytest.param(answer(200, b"not json"), WORDLESS, id="no JSON"),
        pytest.param(answer(200, {}), WORDLESS, id="no list"),
        pytest.param(answer(200, {"data": [{"id": "1"}]}), WORDLESS, id="one of two"),
        pytest.param(answer(200, {"data": [{"id": "1"}, {"id": None}]}), WORDLESS, id="one without an id"),
        pytest.param(answer(200, {"data": [{"id": "1"}, "2"]}), WORDLESS, id="one that is none"),
        pytest.param(answer(200, {"data": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}), WORDLESS, id="three of two"),
        pytest.param(
            error(422, "validation_error", "Invalid `to` field: p1@example.org"),
            Outcome("rejected", reason=said(422, "Invalid `to` field: [address]")),
            id="a bad address",
        ),
        pytest.param(error(400, "validation_error"), Outcome("rejected", reason=said(400)), id="a bad message"),
        pytest.param(answer(413, b""), Outcome("rejected", reason=said(413, "no reason given")), id="too large"),
        pytest.param(
            error(409, "concurrent_idempotent_requests"),
            Outcome("unknown", reason=said(409)),
            id="the first call is under way",
        ),
        pytest.param(
            error(409, "invalid_idempotent_request"),
            Outcome("unknown", reason=said(409)),
            id="the first call had another body",
        ),
        pytest.param(
            error(429, "rate_limit_exceeded", **{"retry-after": "1"}),
            Outcome("pending", reason=said(429), retry_after=1.0),
            id="too often",
        ),
        pytest.param(
            error(429, "daily_quota_exceeded"),
            Outcome("pending", reason=said(429), retry_after=3600.0),
            id="no more today",
        ),
        pytest.param(
            error(429, "monthly_quota_exceeded", **{"retry-after": "86400"}),
            Outcome("pending", reason=said(429), retry_after=86400.0),
            id="no more this month",
        ),
        pytest.param(error(500, "application_error"), Outcome("unknown", reason=said(500)), id="broken"),
        pytest.param(answer(503, b"<html>"), Outcome("unknown", reason=said(503, "no reason given")), id="away"),
        pytest.param(
            answer(500, {"name": "application_error"}),
            Outcome("unknown", reason=said(500, "application_error")),
            id="a name for a reason",
        ),
        pytest.param(Failure("no", "could not connect"), Outcome("pending", reason="could not connect"), id="not sent"),
        pytest.param(
            Failure("maybe", "the connection broke"), Outcome("unknown", reason="the connection broke"), id="no answer"
        ),
    ],
)
def test_an_answer_means_the_same_for_everybody(reply: Reply | Failure, outcome: Outcome) -> None:
    """Resend takes or refuses a call as a whole; what is ambiguous is unknown."""
    assert ours().parse(reply, shipment(person(1), person(2))) == [outcome, outcome]


def test_each_message_has_its_name() -> None:
    """They are told in the order of the messages."""
    reply = answer(200, {"data": [{"id": "one"}, {"id": "two"}]})

    assert ours().parse(reply, shipment(person(1), person(2))) == [
        Outcome("accepted", provider_id="one"),
        Outcome("accepted", provider_id="two"),
    ]


@pytest.mark.parametrize(
    "reply",
    [
        error(400, "validation_error", "API key is invalid"),
        error(400, "invalid_idempotency_key"),
        error(401, "missing_api_key"),
        error(401, "restricted_api_key"),
        error(403, "invalid_api_key"),
        error(403, "validation_error", "The mail.example.org domain is not verified"),
        error(404, "not_found"),
        error(405, "method_not_allowed"),
        error(422, "invalid_from_address"),
        error(422, "validation_error", "Invalid `from` field. The email address needs to follow the format"),
        error(451, "security_error"),
    ],
    ids=lambda reply: f"{reply.status} {json.loads(reply.body)['name']}",
)
def test_refused_settings_are_an_error_and_no_outcome(reply: Reply) -> None:
    """What is everybody's fault must not mark anybody as rejected; the sentence holds no key."""
    with pytest.raises(ProviderError, match=r"\[providers.resend\]") as caught:
        ours().parse(reply, shipment(person(1)))

    assert OPTIONS["api_key"] not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        pytest.param(lambda fake: fake.busy.add("attempt-1"), "unknown", id="under way"),
        pytest.param(lambda fake: fake.keys.update({"attempt-1": ("another", {})}), "unknown", id="another body"),
        pytest.param(lambda fake: fake.bad.add("p2@example.org"), "rejected", id="a bad address"),
    ],
)
def test_what_the_fake_says(change, state: str) -> None:
    """Its answers are understood."""
    fake, parcel = service(), shipment(person(1), person(2))
    change(fake)
    outcomes = ours().parse(told(fake, ours().build(parcel)), parcel)

    assert [each.state for each in outcomes] == [state, state]
    assert all("@" not in (each.reason or "") for each in outcomes)
