"""SendGrid: what a call holds, what its answers mean, and how it is asked what it took."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.sinks.sendgrid import OPTIONS, Message, SendgridService
from tests.sinks.service import Call

from msdigest.errors import ProviderError
from msdigest.model.delivery import Doubt, Found, Letter, Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply, Request
from msdigest.providers.sendgrid.sending import SendgridProvider, provider

AT = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)


def person(number: int, *, name: str = "Ada", greeting: str = "Hello Ada,") -> Recipient:
    leave_url = f"https://digest.example.org/leave/token{number}"
    return Recipient(
        subscriber=f"{number:032x}",
        delivery=f"d{number}",
        address=f"p{number}@example.org",
        name=name,
        leave_url=leave_url,
        values={"greeting": greeting, "leave_url": leave_url},
    )


def escaped(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def shipment(
    *people: Recipient, html: str = "", text: str = "", subject: str = "What is new", sender: str = ""
) -> Shipment:
    letter = Letter(
        issue=7,
        sender=sender or "MS Digest <digest@mail.example.org>",
        subject=subject,
        list_id="weekly.mail.example.org",
        html=[
            escaped(f'<p class="a">{html}'),
            "greeting",
            escaped('</p><a href="'),
            "leave_url",
            escaped('">Leave</a>'),
        ],
        text=[escaped(text), "greeting", escaped("\n"), "leave_url", escaped("\n")],
        coding="json",
        headers={"List-Id": "<weekly.mail.example.org>"},
    )
    return Shipment(attempt="attempt1", parts=[(letter, list(people))])


def sendgrid(**more: str) -> SendgridProvider:
    return provider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))


def sent(parcel: Shipment) -> list[Message]:
    """Hand a call to the service, and return what left it; it may have nothing to find fault with."""
    service, request = SendgridService(), sendgrid().build(parcel)
    answer = service.answer(call_of(request))

    assert (answer.status, service.faults) == (202, [])
    return service.sent


def call_of(request: Request) -> Call:
    url = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    return Call(method=request.method, path=url.path, query=query, headers=headers, body=request.body)


def test_a_call_holds_one_body_and_everybodys_values() -> None:
    """Marks stand in the bodies; each recipient's values stand beside their address, and nobody else's."""
    document = json.loads(sendgrid().build(shipment(person(1), person(2))).body)
    first, second = sent(shipment(person(1), person(2, greeting="Hello Bob,")))

    assert "token" not in json.dumps(document["content"])
    assert [each["to"] for each in document["personalizations"]] == [
        [{"email": "p1@example.org", "name": "Ada"}],
        [{"email": "p2@example.org", "name": "Ada"}],
    ]
    assert first.html == '<p class="a">Hello Ada,</p><a href="https://digest.example.org/leave/token1">Leave</a>'
    assert second.text == "Hello Bob,\nhttps://digest.example.org/leave/token2\n"


def test_tracking_is_off_and_leaving_takes_one_click() -> None:
    """Every call says so, and that nothing is put into a body; the leave address is each recipient's own."""
    document = json.loads(sendgrid().build(shipment(person(1))).body)
    (message,) = sent(shipment(person(1)))

    assert document["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }
    assert document["categories"] == ["issue-7"]
    assert "asm" not in document
    assert message.headers == {
        "List-Id": "<weekly.mail.example.org>",
        "List-Unsubscribe": "<https://digest.example.org/leave/token1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert message.custom_args == {"delivery_mark": "d1", "attempt_mark": "attempt1"}


@pytest.mark.parametrize(
    ("hostile", "html", "text"),
    [
        ('Hello "Ada" \\n,', 'Hello "Ada" \\n,', 'Hello "Ada" \\n,'),
        ("Hello <b>&\r\nBcc: x,", "Hello &lt;b&gt;&amp; Bcc: x,", "Hello <b>& Bcc: x,"),
        ("{{x}} {x} %x% ${x}", "{{x}} {x} %x% ${x}", "{{x}} {x} %x% ${x}"),
        ("-greeting- <%body%>", "-greeting- &lt;%body%&gt;", "-greeting- <％body%>"),
        ("Grüße, 日本 🙂", "Grüße, 日本 🙂", "Grüße, 日本 🙂"),
        ("a\u2028b\x00c\ud800", "a bc", "a bc"),
    ],
    ids=["quotes", "markup and lines", "braces", "marks", "umlauts and emoji", "unsayable"],
)
def test_values_are_escaped_for_where_they_stand(hostile: str, html: str, text: str) -> None:
    """A hostile name is text in HTML, and one line in the text part."""
    document = json.loads(sendgrid().build(shipment(person(1, greeting=hostile))).body)
    values = document["personalizations"][0]["substitutions"]

    assert {mark[17]: value for mark, value in values.items() if "greeting" in mark} == {"h": html, "t": text}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Lovelace, Ada; Dr.", "Lovelace Ada Dr."),
        ('Ada" <evil@example.org>', "Ada evil example.org"),
        ("Ada\r\nBcc: evil@example.org", "Ada Bcc evil example.org"),
        ("Zoë 日本 🙂", "Zoë 日本 🙂"),
        ("=?utf-8?q?evil?=", "utf-8?q?evil"),
        ("{{x}} %x%", "{{x}} %x%"),
        ("", ""),
        (" ,; ", ""),
    ],
    ids=["plain", "commas", "address", "lines", "umlauts and emoji", "encoded", "braces", "none", "nothing left"],
)
def test_a_name_stands_beside_its_address_where_it_is_safe(name: str, told: str) -> None:
    """It can neither end nor add a mailbox."""
    (to,) = json.loads(sendgrid().build(shipment(person(1, name=name))).body)["personalizations"][0]["to"]

    assert to == {"email": "p1@example.org"} | ({"name": told} if told else {})


@pytest.mark.parametrize(
    ("foreign", "html", "text"),
    [
        (
            "<%asm_group_unsubscribe_raw_url%>",
            "<％asm_group_unsubscribe_raw_url%>",
            "<％asm_group_unsubscribe_raw_url%>",
        ),
        ("{{leave_url}} -leave_url- %leave_url%", *["{{leave_url}} -leave_url- %leave_url%"] * 2),
        ('50 % "of" \\ us', *['50 % "of" \\ us'] * 2),
    ],
    ids=["SendGrid's own", "others'", "no mark"],
)
def test_what_looks_like_a_mark_in_a_sources_words_stays_words(foreign: str, html: str, text: str) -> None:
    """Nobody's data is put into somebody's blog post."""
    (message,) = sent(shipment(person(1), html=foreign, text=foreign, subject=foreign))

    assert message.html.startswith(f'<p class="a">{html}Hello Ada,')
    assert message.text.startswith(f"{text}Hello Ada,")
    assert message.subject == text


def test_a_mark_that_was_seen_before_is_none_in_another_letter() -> None:
    """Whoever copies one out of a mail into a post gets another one there."""
    first = json.loads(sendgrid().build(shipment(person(1))).body)
    seen = first["content"][0]["value"].split("\n")[1]
    (message,) = sent_of_copy(seen)

    assert "leave_url" in seen
    assert message.text.startswith(f"{seen}Hello Ada,")


def sent_of_copy(seen: str) -> list[Message]:
    service = SendgridService()
    service.answer(call_of(sendgrid().build(shipment(person(1), text=seen))))
    return service.sent


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("MS Digest <digest@mail.example.org>", {"email": "digest@mail.example.org", "name": "MS Digest"}),
        ("digest@mail.example.org", {"email": "digest@mail.example.org"}),
        ("=?utf-8?b?w4lsw6k=?= <digest@mail.example.org>", {"email": "digest@mail.example.org", "name": "Élé"}),
        ('"Digest, MS" <digest@mail.example.org>', {"email": "digest@mail.example.org", "name": "Digest, MS"}),
    ],
    ids=["name", "no name", "encoded", "comma"],
)
def test_the_sender_is_told_in_two_parts(sender: str, told: dict[str, str]) -> None:
    """Name and address, neither of them encoded."""
    assert json.loads(sendgrid().build(shipment(person(1), sender=sender)).body)["from"] == told


def test_the_same_shipment_gives_the_same_bytes() -> None:
    """What was hashed before is what is looked at later."""
    parcel = shipment(person(1), person(2))

    assert sendgrid().build(parcel) == sendgrid().build(parcel)


def test_the_region_chooses_the_address() -> None:
    """Europe has its own endpoint; an operator may point anywhere."""
    urls = [
        sendgrid(**more).build(shipment(person(1))).url for more in ({}, {"region": "eu"}, {"base_url": "http://[::1]"})
    ]

    assert urls == [
        f"{base}/v3/mail/send" for base in ("https://api.sendgrid.com", "https://api.eu.sendgrid.com", "http://[::1]")
    ]


def test_the_call_is_made_by_what_was_handed_in() -> None:
    """And its answer is handed back as it is."""
    calls, failure = [], Failure("no", "could not connect")
    ours = SendgridProvider(OPTIONS, lambda request: calls.append(request) or failure)
    request = ours.build(shipment(person(1)))

    assert ours.carry(request) is failure
    assert calls == [request]


def test_several_letters_in_one_call_are_refused() -> None:
    """One call has one body."""
    one = shipment(person(1))

    with pytest.raises(ProviderError):
        sendgrid().build(Shipment(attempt="a", parts=[*one.parts, *one.parts]))


def answer(status: int, document: object = None, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else b"" if document is None else json.dumps(document).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, url="https://api.sendgrid.com", headers=names, body=body)


def errors(message: object, field: object = None) -> dict[str, object]:
    return {"errors": [{"message": message, "field": field}]}


SLOW = "sendgrid answered 429: too many requests"
DATE = "Fri, 27 Nov 2026 05:00:00 GMT"
RESET = str(int(AT.timestamp()) + 12)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(202, x_message_id="abc"), Outcome("accepted", provider_id="abc")),
        (answer(202), Outcome("accepted")),
        (
            answer(400, errors("Bad address: p1@example.org", "personalizations.0.to.0.email")),
            Outcome("rejected", reason="sendgrid answered 400: Bad address: [address]"),
        ),
        (answer(400, errors("Bad Request")), Outcome("rejected", reason="sendgrid answered 400: Bad Request")),
        (answer(400, b"<html>"), Outcome("rejected", reason="sendgrid answered 400: no reason given")),
        (answer(413, errors("too large")), Outcome("rejected", reason="sendgrid answered 413: too large")),
        (
            answer(429, errors("too many requests"), x_ratelimit_reset=RESET, date=DATE),
            Outcome("pending", reason=SLOW, retry_after=12.0),
        ),
        (
            answer(429, errors("too many requests"), retry_after="30", x_ratelimit_reset=RESET, date=DATE),
            Outcome("pending", reason=SLOW, retry_after=30.0),
        ),
        (
            answer(429, errors("too many requests"), x_ratelimit_reset="1", date=DATE),
            Outcome("pending", reason=SLOW, retry_after=0.0),
        ),
        (answer(429, errors("too many requests"), x_ratelimit_reset=RESET), Outcome("pending", reason=SLOW)),
        (answer(429, errors("too many requests"), x_ratelimit_reset="²", date=DATE), Outcome("pending", reason=SLOW)),
        (answer(429, errors("too many requests"), x_ratelimit_reset=RESET, date="x"), Outcome("pending", reason=SLOW)),
        (answer(503, errors("unavailable")), Outcome("pending", reason="sendgrid answered 503: unavailable")),
        (answer(503, b"<html>"), Outcome("unknown", reason="sendgrid answered 503: no reason given")),
        (answer(500, errors("oops")), Outcome("unknown", reason="sendgrid answered 500: oops")),
        (answer(200), Outcome("unknown", reason="sendgrid answered 200: no reason given")),
        (answer(500, {"errors": "x"}), Outcome("unknown", reason="sendgrid answered 500: no reason given")),
        (answer(500, {"errors": [3]}), Outcome("unknown", reason="sendgrid answered 500: no reason given")),
        (answer(500, errors(3)), Outcome("unknown", reason="sendgrid answered 500: no reason given")),
        (Failure("no", "could not connect"), Outcome("pending", reason="could not connect")),
        (Failure("maybe", "the connection broke"), Outcome("unknown", reason="the connection broke")),
    ],
)
def test_an_answer_means_the_same_for_everybody(reply: Reply | Failure, outcome: Outcome) -> None:
    """SendGrid takes or refuses a call as a whole; what is ambiguous is unknown."""
    assert sendgrid().parse(reply, shipment(person(1), person(2))) == [outcome, outcome]


@pytest.mark.parametrize(
    "reply",
    [
        *(answer(status, errors("access forbidden")) for status in (401, 402, 403, 404, 405)),
        answer(400, errors("The from email does not contain a valid address.", "from.email")),
    ],
    ids=["401", "402", "403", "404", "405", "sender"],
)
def test_refused_settings_are_an_error_and_no_outcome(reply: Reply) -> None:
    """A wrong key or sender must not mark anybody as rejected; the sentence holds no key."""
    with pytest.raises(ProviderError, match=r"\[providers.sendgrid\]") as caught:
        sendgrid().parse(reply, shipment(person(1)))

    assert OPTIONS["api_key"] not in str(caught.value)


def doubt(*people: Recipient, attempt: str = "attempt1") -> Doubt:
    return Doubt(issue=7, attempt=attempt, started_at=AT, recipients=people)


def test_it_is_asked_only_where_the_account_has_that() -> None:
    """The look-up is an extra; without it, webhooks decide."""
    asked = [sendgrid(activity=activity).caps.remembers for activity in ("True", "False")]

    assert asked == [timedelta(days=30), None]
    assert provider({"api_key": "k"}, lambda _: Failure("no", "")).caps.remembers is None


def test_what_was_sent_is_found_by_its_attempt() -> None:
    """By our own mark: no address stands in what is asked; the name is the one that the call was answered with."""
    service, ours = SendgridService(), sendgrid()
    people = [person(1), person(2)]
    told = ours.parse(
        Reply(status=202, url="", body=b"", headers={"x-message-id": "sg" + "1".zfill(20)}), shipment(*people)
    )
    service.answer(call_of(ours.build(shipment(*people))))
    service.answer(call_of(ours.build(replace(shipment(person(3)), attempt="attempt2"))))
    request = ours.search(doubt(*people))
    reply = service.answer(call_of(request))

    assert "example.org" not in request.url
    assert ours.found(answer(reply.status, reply.document), doubt(person(1), person(2), person(3))) == Found(
        accepted={"d1": told[0].provider_id, "d2": told[0].provider_id}
    )


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (answer(200, {"messages": []}), Found()),
        (
            answer(200, {"messages": [{"to_email": "P1@EXAMPLE.ORG", "msg_id": "a.b.filter-1.2"}]}),
            Found(accepted={"d1": "a.b"}),
        ),
        (
            answer(200, {"messages": [{"to_email": "p1@example.org"}, 3, {"to_email": 3}, {"msg_id": "a"}]}),
            Found(accepted={"d1": None}),
        ),
        (answer(200, {"messages": 3}), Found(trouble="sendgrid answered 200 to a look-up")),
        (answer(200, b"<html>"), Found(trouble="sendgrid answered 200 to a look-up")),
        (answer(500, {}), Found(trouble="sendgrid answered 500 to a look-up")),
        (
            answer(429, {}, retry_after="60"),
            Found(trouble="sendgrid answered 429 to a look-up", retry_after=60.0),
        ),
        (
            answer(429, {}, x_ratelimit_reset=RESET, date=DATE),
            Found(trouble="sendgrid answered 429 to a look-up", retry_after=12.0),
        ),
        (Failure("maybe", "it took too long"), Found(trouble="it took too long")),
    ],
    ids=["nothing", "other case", "nonsense among it", "no array", "a page", "500", "wait", "reset", "failure"],
)
def test_an_answer_to_a_look_up_tells_or_says_why_not(reply: Reply | Failure, found: Found) -> None:
    """An answer that makes no sense is no word that nothing was sent."""
    assert sendgrid().found(reply, doubt(person(1))) == found


@pytest.mark.parametrize("status", [401, 403])
def test_an_account_that_may_not_ask_is_told_so(status: int) -> None:
    """The sentence says what to change."""
    with pytest.raises(ProviderError, match="activity = false"):
        sendgrid().found(answer(status, {}), doubt(person(1)))
