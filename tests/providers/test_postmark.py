"""Postmark: what a call holds, what its answers mean, and how it is asked what it took."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.sinks.postmark import OPTIONS, address_of, our_faults, service
from tests.sinks.service import Call

from msdigest.errors import ProviderError
from msdigest.model.delivery import Doubt, Found, Letter, Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply, Request
from msdigest.providers.postmark.sending import PostmarkProvider, provider

BASE = "https://api.postmarkapp.com"
STARTED = datetime(2026, 11, 27, 5, tzinfo=UTC)


def person(number: int, *, greeting: str = "Hello Ada,", name: str = "Ada", address: str = "") -> Recipient:
    leave_url = f"https://digest.example.org/leave/token{number}"
    return Recipient(
        subscriber=f"{number:032x}",
        delivery=f"d{number}",
        address=address or f"p{number}@example.org",
        name=name,
        leave_url=leave_url,
        values={"greeting": greeting, "leave_url": leave_url},
    )


LETTER = Letter(
    issue=7,
    sender="MS Digest <digest@mail.example.org>",
    subject='What is "new"',
    list_id="weekly.mail.example.org",
    html=[b'<p class=\\"a\\">', "greeting", b'</p>\\n<a href=\\"', "leave_url", b'\\">Leave</a>'],
    text=[b"", "greeting", b"\\n", "leave_url", b"\\n"],
    coding="json",
    headers={"List-Id": "<weekly.mail.example.org>"},
)


def shipment(*people: Recipient, letter: Letter = LETTER) -> Shipment:
    return Shipment(attempt="attempt-1", parts=[(letter, list(people))])


def postmark(**more: str) -> PostmarkProvider:
    return provider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))


def messages_of(parcel: Shipment) -> list[dict[str, Any]]:
    return json.loads(postmark().build(parcel).body)


def headers_of(message: dict[str, Any]) -> dict[str, str]:
    return {header["Name"]: header["Value"] for header in message["Headers"]}


def test_a_call_holds_everybodys_own_message() -> None:
    """Each with its own bodies, in the order of the recipients, over all letters of the shipment."""
    other = replace(LETTER, subject="Second", html=[b"<p>", "greeting", b"</p>"])
    parcel = Shipment(attempt="attempt-1", parts=[(LETTER, [person(1), person(2)]), (other, [person(3)])])
    messages = messages_of(parcel)

    assert [address_of(message["To"]) for message in messages] == [f"p{n}@example.org" for n in (1, 2, 3)]
    assert [message["Subject"] for message in messages] == ['What is "new"', 'What is "new"', "Second"]
    assert messages[1]["HtmlBody"] == (
        '<p class="a">Hello Ada,</p>\n<a href="https://digest.example.org/leave/token2">Leave</a>'
    )
    assert messages[1]["TextBody"] == "Hello Ada,\nhttps://digest.example.org/leave/token2\n"
    assert messages[2]["HtmlBody"] == "<p>Hello Ada,</p>"


def test_tracking_is_off_and_leaving_takes_one_click() -> None:
    """Every message says so; the leave address is each recipient's own, and nothing names a topic."""
    (message,) = messages_of(shipment(person(1)))

    assert (message["TrackOpens"], message["TrackLinks"]) == (False, "None")
    assert headers_of(message) == {
        "List-Id": "<weekly.mail.example.org>",
        "List-Unsubscribe": "<https://digest.example.org/leave/token1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert (message["Tag"], message["Metadata"]) == ("issue-7", {"delivery": "d1", "attempt": "attempt-1"})
    assert message["MessageStream"] == "broadcast"


HOSTILE = ['"', "\\", '",{"To":"x', "{{x}}", "%recipient%", "{% x %}", "Zoë Müller", "🙂", "</p><script>"]


@pytest.mark.parametrize("word", HOSTILE)
def test_a_hostile_value_stays_a_value(word: str) -> None:
    """It is text in HTML, plain in the text, and no JSON."""
    messages = messages_of(shipment(person(1, greeting=f"Hello {word},"), person(2)))
    shown = word.replace("<", "&lt;").replace(">", "&gt;")

    assert len(messages) == 2
    assert f">Hello {shown},</p>" in messages[0]["HtmlBody"]
    assert messages[0]["TextBody"].startswith(f"Hello {word},\n")


def test_a_value_with_breaks_is_one_line() -> None:
    """Nobody adds a header or a paragraph by their name."""
    (message,) = messages_of(shipment(person(1, greeting="Hello\r\nBcc: x\u2028,")))

    assert message["TextBody"].startswith("Hello Bcc: x ,\n")


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("Ada", '"Ada" <p1@example.org>'),
        ("Zoë O’Hara-Müller, Dr.", '"Zoë O’Hara-Müller, Dr." <p1@example.org>'),
        ("", "p1@example.org"),
        ('Ada" <evil@example.com>, "', "p1@example.org"),
        ("Ada\r\nBcc: evil@example.com", "p1@example.org"),
        ("\u202eadA", "p1@example.org"),
        ("=?utf-8?q?x?=", "p1@example.org"),
        ("back\\slash", "p1@example.org"),
        ("a" * 65, "p1@example.org"),
    ],
)
def test_a_name_is_told_where_it_is_safe(name: str, to: str) -> None:
    """Anything unusual in it, and the address stands alone."""
    assert messages_of(shipment(person(1, name=name)))[0]["To"] == to


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("digest@mail.example.org", "digest@mail.example.org"),
        ("MS Digest <digest@mail.example.org>", '"MS Digest" <digest@mail.example.org>'),
        ('"Digest, weekly" <d@example.org>', '"Digest, weekly" <d@example.org>'),
        (r'"A \"B\" C" <d@example.org>', r'"A \"B\" C" <d@example.org>'),
        ("=?utf-8?q?Bl=C3=A4tter?= <d@example.org>", '"Blätter" <d@example.org>'),
    ],
)
def test_the_sender_is_told_in_plain_letters(sender: str, told: str) -> None:
    """Whatever is in its name stands in quotes."""
    assert messages_of(shipment(person(1), letter=replace(LETTER, sender=sender)))[0]["From"] == told


def test_the_same_shipment_gives_the_same_bytes() -> None:
    """A retry sends what was hashed before."""
    parcel = shipment(person(1), person(2, greeting="🙂"))

    assert postmark().build(parcel) == postmark().build(parcel)


def test_the_operator_names_the_address_the_token_and_the_stream() -> None:
    """The token stands in a header; without a stream it is the one for broadcasts."""
    request = postmark(base_url="http://127.0.0.1:9", message_stream="news").build(shipment(person(1)))
    bare = provider({"server_token": "t"}, lambda _: Failure("no", "x")).build(shipment(person(1)))

    assert (request.method, request.url) == ("POST", "http://127.0.0.1:9/email/batch")
    assert request.headers["X-Postmark-Server-Token"] == OPTIONS["server_token"]
    assert json.loads(request.body)[0]["MessageStream"] == "news"
    assert (bare.url, json.loads(bare.body)[0]["MessageStream"]) == (f"{BASE}/email/batch", "broadcast")


def test_the_call_is_made_by_what_was_handed_in() -> None:
    """And its answer is handed back as it is."""
    calls: list[Request] = []
    failure = Failure("no", "could not connect")
    ours = provider(OPTIONS, lambda request: calls.append(request) or failure)
    request = ours.build(shipment(person(1)))

    assert ours.carry(request) is failure
    assert calls == [request]


def answer(status: int, document: object, *, url: str = BASE, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status=status, url=url, headers=headers, body=body)


OK = {"ErrorCode": 0, "Message": "OK", "MessageID": "m-1", "To": "p1@example.org"}
TAKEN = Outcome("accepted", provider_id="m-1")


def coded(code: object, message: str = "so it is") -> dict[str, object]:
    return {"ErrorCode": code, "Message": message}


def because(state: str, code: int, words: str = "so it is") -> Outcome:
    return Outcome(state, reason=f"postmark answered with the error code {code}: {words}")


SPEECHLESS = Outcome("unknown", reason="postmark accepted without a word on this message")


@pytest.mark.parametrize(
    ("each", "outcome"),
    [
        (OK, TAKEN),
        ({"Message": "delivery may be delayed", "MessageID": "m-1"}, TAKEN),
        (coded(0), Outcome("accepted")),
        (coded(406, "Found inactive addresses: p2@example.org."), because("rejected", 406, "Found inactive addresses: [address]")),
        (coded(300, "Error parsing 'To': Illegal email address"), because("rejected", 300, "Error parsing 'To': Illegal email address")),
        (coded(411), because("rejected", 411)),
        (coded(9_999, ""), because("rejected", 9_999, "no reason given")),
        (coded(100), because("pending", 100)),
        (coded(429), because("pending", 429)),
        (coded(10), because("pending", 10)),
        (coded(300, "Invalid 'From' address"), because("pending", 300, "Invalid 'From' address")),
        (coded("406"), SPEECHLESS),
        (coded([]), SPEECHLESS),
        ({}, SPEECHLESS),
        ("OK", SPEECHLESS),
        (None, SPEECHLESS),
    ],
)  # fmt: skip
def test_each_message_is_answered_for_itself(each: object, outcome: Outcome) -> None:
    """What befalls one is not the other's; a refusal of the settings beside an accepted message is not the last word."""
    told = postmark().parse(answer(200, [OK, each]), shipment(person(1), person(2)))

    assert told == [TAKEN, outcome]


@pytest.mark.parametrize("code", [10, 400, 401, 402, 403, 405, 409, 410, 412, 413, 1235])
@pytest.mark.parametrize("beside", [coded(406), None])
def test_refused_settings_are_an_error_if_nobody_was_sent_anything(code: int, beside: dict[str, object] | None) -> None:
    """An account without credits must not mark anybody as rejected; the sentence holds no token."""
    told = [coded(code, "p1@example.org may not"), *([beside] if beside else [])]

    with pytest.raises(ProviderError, match=r"\[providers.postmark\]") as caught:
        postmark().parse(answer(200, told), shipment(*map(person, range(len(told)))))

    assert OPTIONS["server_token"] not in str(caught.value)
    assert "example.org" not in str(caught.value)


def test_an_unknown_message_beside_refused_settings_stays_unknown() -> None:
    """Where somebody may have been sent something, nothing is raised."""
    told = postmark().parse(answer(200, [None, coded(405)]), shipment(person(1), person(2)))

    assert told == [SPEECHLESS, because("pending", 405)]


def about_all(status: int, words: str = "no reason given") -> str:
    return f"postmark answered {status}: {words}"


WORDLESS = Outcome("unknown", reason="postmark accepted without a word on each message")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(200, b"not json"), WORDLESS),
        (answer(200, {"ErrorCode": 0}), WORDLESS),
        (answer(200, [OK]), WORDLESS),
        (answer(200, [OK, OK, OK]), WORDLESS),
        (answer(413, b""), Outcome("rejected", reason=about_all(413))),
        (answer(422, coded(300)), Outcome("rejected", reason=about_all(422, "so it is"))),
        (answer(422, {"ErrorCode": [], "Message": 5}), Outcome("rejected", reason=about_all(422))),
        (answer(429, {}, **{"retry-after": "30"}), Outcome("pending", reason=about_all(429), retry_after=30.0)),
        (answer(429, {}), Outcome("pending", reason=about_all(429))),
        (answer(503, coded(100)), because("pending", 100)),
        (answer(500, {}), Outcome("unknown", reason=about_all(500))),
        (answer(503, b"<html>"), Outcome("unknown", reason=about_all(503))),
        (answer(301, b""), Outcome("unknown", reason=about_all(301))),
        (Failure("no", "could not connect"), Outcome("pending", reason="could not connect")),
        (Failure("maybe", "the connection broke"), Outcome("unknown", reason="the connection broke")),
    ],
)
def test_an_answer_about_the_whole_call_is_everybodys(reply: Reply | Failure, outcome: Outcome) -> None:
    """What is ambiguous is unknown, and so is a success that says nothing on each."""
    assert postmark().parse(reply, shipment(person(1), person(2))) == [outcome, outcome]


@pytest.mark.parametrize(
    "reply",
    [*(answer(status, {}) for status in (401, 402, 403, 404)), answer(422, coded(10)), answer(422, coded(402))],
)
def test_a_call_that_is_refused_as_a_whole_for_its_settings_is_an_error(reply: Reply) -> None:
    """Nobody was sent anything, and nobody's address is the reason."""
    with pytest.raises(ProviderError, match=r"\[providers.postmark\]"):
        postmark().parse(reply, shipment(person(1)))


DOUBT = Doubt(issue=7, attempt="attempt-1", started_at=STARTED, recipients=[person(1), person(2)])


def listed(delivery: object, attempt: str = "attempt-1", number: object = "m-1") -> dict[str, object]:
    return {"MessageID": number, "Metadata": {"delivery": delivery, "attempt": attempt}}


def page(*messages: object, total: object = None) -> dict[str, object]:
    return {"TotalCount": len(messages) if total is None else total, "Messages": list(messages)}


@pytest.mark.parametrize(("asked", "offset"), [("", "0"), ("500", "500")])
def test_a_search_asks_for_the_attempt_and_for_nobody(asked: str, offset: str) -> None:
    """No address stands in a URL."""
    request = postmark().search(DOUBT, page=asked)

    assert (request.method, request.body) == ("GET", b"")
    assert request.url == (
        f"{BASE}/messages/outbound?count=500&offset={offset}&metadata_attempt=attempt-1&messagestream=broadcast"
    )


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (answer(200, page(listed("d1"))), Found(accepted={"d1": "m-1"})),
        (answer(200, page(listed("d1"), listed("d2", number=None))), Found(accepted={"d1": "m-1", "d2": None})),
        (answer(200, page()), Found()),
        (answer(200, page(listed("d1", "attempt-2"))), Found()),
        (answer(200, page(listed("somebody else"))), Found()),
        (answer(200, page(listed({}))), Found()),
        (answer(200, page(listed("d1"), total=2)), Found(accepted={"d1": "m-1"}, more="1")),
        (answer(200, page(listed("d1"), total=502), url=f"{BASE}?count=500&offset=500"), Found(accepted={"d1": "m-1"}, more="501")),
        (
            answer(200, page(listed("d1"), total=20_000), url=f"{BASE}?count=500&offset=9500"),
            Found(accepted={"d1": "m-1"}, trouble="postmark lists no more than 10000 messages"),
        ),
        (answer(200, page({"MessageID": "m-1"})), Found(trouble="postmark lists messages without their metadata")),
        (answer(200, page("m-1")), Found(trouble="postmark lists messages without their metadata")),
        (answer(200, page(total="2")), Found(trouble="postmark told nothing about messages")),
        (answer(200, {"Messages": {}, "TotalCount": 0}), Found(trouble="postmark told nothing about messages")),
        (answer(200, b"<html>"), Found(trouble="postmark told nothing about messages")),
        (answer(422, coded(600)), Found(trouble=about_all(422, "so it is"))),
        (answer(429, {}, **{"retry-after": "9"}), Found(trouble=about_all(429), retry_after=9.0)),
        (answer(500, {}), Found(trouble=about_all(500))),
        (Failure("no", "could not connect"), Found(trouble="could not connect")),
        (Failure("maybe", "the connection broke"), Found(trouble="the connection broke")),
    ],
)  # fmt: skip
def test_what_a_search_found(reply: Reply | Failure, found: Found) -> None:
    """Only messages that bear the attempt's mark count; an answer that cannot tell is trouble, not absence."""
    assert postmark().found(reply, DOUBT) == found


def test_a_search_that_is_refused_is_an_error() -> None:
    """The token has to be looked at."""
    with pytest.raises(ProviderError):
        postmark().found(answer(401, coded(10)), DOUBT)


def called(request: Request) -> Call:
    path, _, query = request.url.removeprefix(BASE).partition("?")
    fields = dict(pair.split("=") for pair in query.split("&")) if query else {}
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(method=request.method, path=path, query=fields, headers=headers, body=request.body)


def test_what_we_send_is_taken_and_found_again() -> None:
    """A service that does as the documentation says takes everybody but the inactive one, and finds no fault."""
    fake, ours = service(), postmark()
    fake.bad = {"p2@example.org"}
    parcel = shipment(person(1), person(2), person(3))
    told = fake.answer(called(ours.build(parcel)))
    outcomes = ours.parse(answer(told.status, told.document), parcel)
    search = ours.search(replace(DOUBT, recipients=parcel.recipients))
    found = ours.found(answer(200, fake.answer(called(search)).document), replace(DOUBT, recipients=parcel.recipients))

    assert [outcome.state for outcome in outcomes] == ["accepted", "rejected", "accepted"]
    assert told.accepted == ("p1@example.org", "p3@example.org")
    assert found.accepted == {"d1": outcomes[0].provider_id, "d3": outcomes[2].provider_id}
    assert (fake.faults, fake.asked) == ([], 1)


@pytest.mark.parametrize(
    ("spoilt", "fault"),
    [
        ({"TrackOpens": True}, "tracking is not switched off"),
        ({"TrackLinks": "HtmlOnly"}, "tracking is not switched off"),
        ({"Headers": []}, "leaving takes more than one click"),
        ({"Headers": []}, "there is no address to leave"),
        ({"Headers": []}, "there is no List-Id"),
        ({"Tag": "ms"}, "the tag is not the issue"),
        ({"Metadata": {"name": "Ada"}}, "the metadata is not ours"),
    ],
)
def test_the_sink_sees_our_own_mistakes(spoilt: dict[str, object], fault: str) -> None:
    """A message that Postmark would take may still be wrong for us."""
    (message,) = messages_of(shipment(person(1)))

    assert fault in our_faults(message | spoilt)
    assert our_faults(message) == []
