"""Brevo: what a call holds, what its answers mean, and how it is asked what it took."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.sinks.brevo import MOST_PARAMS, OPTIONS, filled, our_faults, service
from tests.sinks.service import Call

from msdigest.errors import ProviderError
from msdigest.model.delivery import Doubt, Found, Letter, Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply, Request
from msdigest.providers.brevo.sending import BrevoProvider, provider

BASE = "https://api.brevo.com"
STARTED = datetime(2026, 11, 27, 5, tzinfo=UTC)


def person(number: int, *, greeting: str = "Hello Ada,", address: str = "") -> Recipient:
    leave_url = f"https://digest.example.org/leave/token{number}"
    return Recipient(
        subscriber=f"{number:032x}",
        delivery=f"d{number}",
        address=address or f"p{number}@example.org",
        name="Ada",
        leave_url=leave_url,
        values={"greeting": greeting, "leave_url": leave_url},
    )


LETTER = Letter(
    issue=7,
    sender="MS Digest <digest@mail.example.org>",
    subject='What is "new"',
    list_id="weekly.mail.example.org",
    html=[b"<style>p{color:red}</style><p>", "greeting", b'</p>\n<a href="', "leave_url", b'">Leave</a>'],
    text=[b"", "greeting", b"\n", "leave_url", b"\n"],
    headers={"List-Id": "<weekly.mail.example.org>"},
)


def shipment(*people: Recipient, letter: Letter = LETTER, attempt: str = "attempt-1") -> Shipment:
    return Shipment(attempt=attempt, parts=[(letter, list(people))])


def brevo(**more: str) -> BrevoProvider:
    return provider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))


def mail_of(parcel: Shipment) -> dict[str, Any]:
    return json.loads(brevo().build(parcel).body)


def read_by(parcel: Shipment, number: int = 0) -> tuple[str, str]:
    """Return both bodies as one recipient gets them."""
    mail = mail_of(parcel)
    params = mail["messageVersions"][number]["params"]
    return filled(mail["htmlContent"], params), filled(mail["textContent"], params)


def test_a_call_holds_one_letter_and_everybodys_variables() -> None:
    """A slot has one variable for each body, an address only one; nobody reads another's address."""
    mail = mail_of(shipment(person(1), person(2)))

    assert mail["htmlContent"] == (
        "{% autoescape off %}<style>p{color:red}</style><p>{{params.h_greeting}}</p>\n"
        '<a href="{{params.leave_url}}">Leave</a>{% endautoescape %}'
    )
    assert mail["textContent"] == (
        "{% autoescape off %}{{params.t_greeting}}\n{{params.leave_url}}\n{% endautoescape %}"
    )
    assert [version["to"] for version in mail["messageVersions"]] == [
        [{"email": "p1@example.org", "contactPixelTrackingConsent": False}],
        [{"email": "p2@example.org", "contactPixelTrackingConsent": False}],
    ]
    assert mail["messageVersions"][1]["params"] == {
        "h_greeting": "Hello Ada,",
        "t_greeting": "Hello Ada,",
        "leave_url": "https://digest.example.org/leave/token2",
    }


def test_everybody_reads_their_own_letter() -> None:
    """As it was written, whatever Brevo does with templates."""
    parcel = shipment(person(1), person(2, greeting="Hello Grace,"))

    assert read_by(parcel, 1) == (
        '<style>p{color:red}</style><p>Hello Grace,</p>\n<a href="https://digest.example.org/leave/token2">Leave</a>',
        "Hello Grace,\nhttps://digest.example.org/leave/token2\n",
    )


def test_tracking_is_refused_and_leaving_takes_one_click() -> None:
    """The leave address is each recipient's own; a version says all headers, in case they replace the call's."""
    mail = mail_of(shipment(person(1)))

    assert mail["messageVersions"][0]["headers"] == {
        "List-Id": "<weekly.mail.example.org>",
        "List-Unsubscribe": "<https://digest.example.org/leave/token1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Mailin-custom": "delivery:d1|attempt:attempt-1",
    }
    assert mail["headers"]["List-Id"] == "<weekly.mail.example.org>"
    assert mail["tags"] == ["issue-7", "attempt-1"]


def test_the_key_against_repetition_is_a_uuid_of_the_attempt() -> None:
    """The same attempt has the same, another one another."""
    first, again, other = (
        mail_of(shipment(person(1), attempt=attempt))["headers"]["idempotencyKey"] for attempt in ("a", "a", "b")
    )

    assert first == again != other
    assert str(UUID(first)) == first
    assert brevo().caps.repeats == timedelta(minutes=25)


HOSTILE = {
    "quotes": '"',
    "backslash": "\\",
    "json": '",{"to":"x',
    "percent": "100% %x%",
    "markup": "</p><script>&",
    "umlauts": "Zoë Müller",
    "emoji": "🙂",
    "apostrophe": "O'Hara",
}


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_stays_a_value(word: str) -> None:
    """It is text in HTML, plain in the text, and no JSON."""
    html, text = read_by(shipment(person(1, greeting=f"Hello {word},"), person(2)))
    shown = word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert f"<p>Hello {shown},</p>" in html
    assert text.startswith(f"Hello {word},\n")


OPENED = {
    "variable": "{{params.leave_url}}",
    "contact": "{{ contact.EMAIL }}",
    "sum": "{{7*7}}",
    "tag": "{% autoescape on %}",
    "end": "{% endautoescape %}",
    "verbatim": "{% verbatim %}{{x}}{% endverbatim %}",
    "comment": "{# x #}",
    "three": "{{{x}}}",
    "four": "{{{{x}}}}",
    "at the end": "{",
}


@pytest.mark.parametrize("word", OPENED.values(), ids=OPENED)
def test_what_looks_like_a_template_in_a_value_stays_words(word: str) -> None:
    """Brevo reads values as templates once more; what it could read there is shown, not done."""
    html, text = read_by(shipment(person(1, greeting=word)))

    assert html.startswith(f"<style>p{{color:red}}</style><p>{shown_in_html(word)}</p>")
    assert text.startswith(shown_in_text(word) + "\n")


def shown_in_html(word: str) -> str:
    return replaced(word, "&#123;")


def shown_in_text(word: str) -> str:
    return replaced(word, "｛")


def replaced(word: str, brace: str) -> str:
    """Replace each brace after which a brace, a percent sign, a hash or nothing stands."""
    return "".join(
        brace if sign == "{" and (word[place + 1 : place + 2] in {"{", "%", "#", ""}) else sign
        for place, sign in enumerate(word)
    )


@pytest.mark.parametrize("word", OPENED.values(), ids=OPENED)
def test_what_looks_like_a_template_in_a_sources_words_stays_words(word: str) -> None:
    """Somebody's blog post cannot put a reader's data, or nothing, into everybody's mail."""
    letter = replace(
        LETTER,
        subject=f"On {word}",
        html=[f"<p>{word}".encode(), "greeting", f"{word}</p>".encode()],
        text=[f"{word}".encode(), "greeting", f"{word}".encode()],
    )
    html, text = read_by(shipment(person(1), letter=letter))
    at_the_end = f"{word}</p>"

    assert html == f"<p>{shown_in_html(word)}Hello Ada,{shown_in_html(at_the_end)}"
    assert text == f"{shown_in_text(word)}Hello Ada,{shown_in_text(word)}"
    assert mail_of(shipment(person(1), letter=letter))["subject"] == f"On {shown_in_text(word)}"


def test_a_value_cannot_open_something_with_what_follows_it() -> None:
    """Neither with a literal nor with another value."""
    letter = replace(LETTER, text=[b"{", "greeting", b"{x}} ", "greeting", b"", "greeting", b""])

    assert read_by(shipment(person(1, greeting="{"), letter=letter))[1] == "｛｛{x}} ｛｛"


def test_a_value_with_breaks_is_one_line() -> None:
    """Nobody adds a header or a paragraph by their name."""
    assert read_by(shipment(person(1, greeting="Hello\r\nBcc: x\u2028,")))[1].startswith("Hello Bcc: x ,\n")


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("digest@mail.example.org", {"email": "digest@mail.example.org"}),
        ("MS Digest <d@example.org>", {"name": "MS Digest", "email": "d@example.org"}),
        ('"Digest, weekly" <d@example.org>', {"name": "Digest, weekly", "email": "d@example.org"}),
        ("=?utf-8?q?Bl=C3=A4tter?= <d@example.org>", {"name": "Blätter", "email": "d@example.org"}),
    ],
)
def test_the_sender_is_told_in_plain_letters(sender: str, told: dict[str, str]) -> None:
    """Name and address apart."""
    assert mail_of(shipment(person(1), letter=replace(LETTER, sender=sender)))["sender"] == told


def test_the_same_shipment_gives_the_same_bytes() -> None:
    """A call that is made again under its key is the very same."""
    parcel = shipment(person(1), person(2, greeting="🙂"))

    assert brevo().build(parcel) == brevo().build(parcel)


def test_no_call_that_is_small_enough_has_too_many_variables() -> None:
    """Variables are a part of the body: within the size of a call they stay within their own limit."""
    caps = brevo().caps
    people = [person(n, greeting=f"Hello {n}, " + "ä" * 80) for n in range(caps.max_recipients)]
    body = brevo().build(shipment(*people)).body

    assert caps.max_bytes <= MOST_PARAMS
    assert len(body) <= caps.max_bytes


def test_several_letters_in_one_call_are_refused() -> None:
    """One call has one body."""
    part = (LETTER, [person(1)])

    with pytest.raises(ProviderError):
        brevo().build(Shipment(attempt="a", parts=[part, part]))


def test_the_operator_names_the_address_and_the_key() -> None:
    """The key stands in a header."""
    request = brevo(base_url="http://127.0.0.1:9").build(shipment(person(1)))

    assert (request.method, request.url) == ("POST", "http://127.0.0.1:9/v3/smtp/email")
    assert request.headers["api-key"] == OPTIONS["api_key"]
    assert brevo().build(shipment(person(1))).url == f"{BASE}/v3/smtp/email"


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
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, url=url, headers=names, body=body)


def refused(status: int, code: str, message: str = "so it is", **headers: str) -> Reply:
    return answer(status, {"code": code, "message": message}, **headers)


def because(state: str, status: int, words: str = "so it is", retry_after: float | None = None) -> Outcome:
    return Outcome(state, reason=f"brevo answered {status}: {words}", retry_after=retry_after)


SPEECHLESS = Outcome("unknown", reason="brevo accepted without a word")
AGAIN = Outcome("accepted", reason="brevo had taken this very call before")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(201, {"messageIds": ["<1@x>"]}), Outcome("accepted")),
        (answer(201, {"messageId": "<1@x>"}), Outcome("accepted")),
        (answer(202, {"messageIds": ["<1@x>"], "batchId": "b"}), Outcome("accepted")),
        (answer(201, {}), SPEECHLESS),
        (answer(201, b"not json"), SPEECHLESS),
        (answer(201, {"messageIds": []}), SPEECHLESS),
        (refused(400, "duplicate_parameter"), AGAIN),
        (refused(400, "duplicate_request", ""), AGAIN),
        (refused(400, "invalid_parameter", "p1@example.org is not valid in to"), because("rejected", 400, "[address] is not valid in to")),
        (answer(400, {"code": [], "message": 5}), because("rejected", 400, "no reason given")),
        (answer(413, b""), because("rejected", 413, "no reason given")),
        (answer(429, {}, retry_after="30"), because("pending", 429, "no reason given", 30.0)),
        (answer(429, {}, x_sib_ratelimit_reset="12"), because("pending", 429, "no reason given", 12.0)),
        (refused(429, "x", "sender limit", x_sib_ratelimit_reset="soon"), because("pending", 429, "sender limit")),
        (answer(500, {}), because("unknown", 500, "no reason given")),
        (answer(503, b"<html>"), because("unknown", 503, "no reason given")),
        (answer(200, {"messageIds": ["<1@x>"]}), because("unknown", 200, "no reason given")),
        (Failure("no", "could not connect"), Outcome("pending", reason="could not connect")),
        (Failure("maybe", "the connection broke"), Outcome("unknown", reason="the connection broke")),
    ],
)  # fmt: skip
def test_an_answer_means_the_same_for_everybody(reply: Reply | Failure, outcome: Outcome) -> None:
    """Brevo takes or refuses a call as a whole; what is ambiguous is unknown."""
    assert brevo().parse(reply, shipment(person(1), person(2))) == [outcome, outcome]


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ({"messageIds": ["<1@x>", "<2@x>"]}, ["1@x", "2@x"]),
        ({"messageIds": ["<1@x>", 5]}, ["1@x", None]),
        ({"messageIds": ["<1@x>"]}, [None, None]),
        ({"messageIds": "<1@x>"}, [None, None]),
    ],
)
def test_each_version_has_its_name(document: object, ids: list[str | None]) -> None:
    """In their order; where that is not sure, nobody has one."""
    told = brevo().parse(answer(201, document), shipment(person(1), person(2)))

    assert [outcome.provider_id for outcome in told] == ids
    assert {outcome.state for outcome in told} == {"accepted"}


def test_one_version_may_be_told_as_one_message() -> None:
    """Then there is no list."""
    assert brevo().parse(answer(201, {"messageId": "<1@x>"}), shipment(person(1))) == [
        Outcome("accepted", provider_id="1@x")
    ]


@pytest.mark.parametrize(
    "reply",
    [
        *(answer(status, {}) for status in (401, 402, 403, 404, 405)),
        refused(400, "not_enough_credits"),
        refused(400, "account_under_validation", "p1@example.org may not"),
        refused(400, "permission_denied", ""),
        refused(400, "unauthorized"),
        refused(400, "invalid_parameter", "valid sender email required"),
        refused(400, "missing_parameter", "Sender is missing"),
    ],
)
def test_refused_settings_are_an_error_and_no_outcome(reply: Reply) -> None:
    """A wrong key must not mark anybody as rejected; the sentence holds no key and no address."""
    with pytest.raises(ProviderError, match=r"\[providers.brevo\]") as caught:
        brevo().parse(reply, shipment(person(1)))

    assert OPTIONS["api_key"] not in str(caught.value)
    assert "example.org" not in str(caught.value)


DOUBT = Doubt(issue=7, attempt="attempt-1", started_at=STARTED, recipients=[person(1), person(2)])


def listed(email: object = "p1@example.org", tag: object = '["issue-7","attempt-1"]', **more: object) -> dict[str, Any]:
    return {"email": email, "tag": tag, "event": "requests", "messageId": "<1@x>", **more}


@pytest.mark.parametrize(("asked", "offset"), [("", "0"), ("1000", "1000")])
def test_a_search_asks_for_the_attempt_and_for_nobody(asked: str, offset: str) -> None:
    """No address stands in a URL."""
    request = brevo().search(DOUBT, page=asked)

    assert (request.method, request.body) == ("GET", b"")
    assert request.url == (
        f"{BASE}/v3/smtp/statistics/events?tags=attempt-1&event=requests&days=30&limit=1000&offset={offset}&sort=asc"
    )


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (answer(200, {"events": [listed()]}), Found(accepted={"d1": "1@x"})),
        (answer(200, {"events": [listed("P1@Example.org")]}), Found(accepted={"d1": "1@x"})),
        (answer(200, {"events": [listed(tag=None, tags=["issue-7", "attempt-1"])]}), Found(accepted={"d1": "1@x"})),
        (answer(200, {"events": [listed(tag="attempt-1", messageId=None)]}), Found(accepted={"d1": None})),
        (answer(200, {"events": [listed(tag="issue-7")]}), Found()),
        (answer(200, {"events": [listed("stranger@example.org"), listed(None)]}), Found()),
        (answer(200, {"events": []}), Found()),
        (answer(200, {}), Found()),
        (answer(200, {"events": [listed()] * 1_000}), Found(accepted={"d1": "1@x"}, more="1000")),
        (answer(200, {"events": [listed()] * 1_000}, url=f"{BASE}?offset=1000"), Found(accepted={"d1": "1@x"}, more="2000")),
        (answer(200, {"events": [listed(tag="")]}), Found(trouble="brevo lists messages without their tags")),
        (answer(200, {"events": ["x"]}), Found(trouble="brevo lists messages without their tags")),
        (answer(200, {"events": {}}), Found(trouble="brevo told nothing about messages")),
        (answer(200, []), Found(trouble="brevo told nothing about messages")),
        (answer(200, b"<html>"), Found(trouble="brevo told nothing about messages")),
        (refused(400, "invalid_parameter", "no sender"), Found(trouble="brevo answered 400: no sender")),
        (refused(400, "duplicate_parameter"), Found(trouble="brevo answered 400: so it is")),
        (refused(429, "x", retry_after="9"), Found(trouble="brevo answered 429: so it is", retry_after=9.0)),
        (answer(201, {}), Found(trouble="brevo answered 201: no reason given")),
        (answer(500, {}), Found(trouble="brevo answered 500: no reason given")),
        (Failure("no", "could not connect"), Found(trouble="could not connect")),
    ],
)  # fmt: skip
def test_what_a_search_found(reply: Reply | Failure, found: Found) -> None:
    """Only messages that bear the attempt's tag count; an answer that cannot tell is trouble, not absence."""
    assert brevo().found(reply, DOUBT) == found


def test_a_search_that_is_refused_is_an_error() -> None:
    """The key has to be looked at."""
    with pytest.raises(ProviderError):
        brevo().found(refused(401, "unauthorized"), DOUBT)


def called(request: Request) -> Call:
    path, _, query = request.url.removeprefix(BASE).partition("?")
    fields = dict(pair.split("=") for pair in query.split("&")) if query else {}
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(method=request.method, path=path, query=fields, headers=headers, body=request.body)


def heard(fake: Any, request: Request) -> Reply:
    told = fake.answer(called(request))
    return answer(told.status, told.document)


def test_what_we_send_is_taken_once_and_found_again() -> None:
    """A service that does as the documentation says takes the same call once, and finds no fault."""
    fake, ours = service(), brevo()
    parcel = shipment(person(1, greeting="Hello {{7*7}} <b>,"), person(2))
    first = ours.parse(heard(fake, ours.build(parcel)), parcel)
    again = ours.parse(heard(fake, ours.build(parcel)), parcel)
    found = ours.found(heard(fake, ours.search(DOUBT)), DOUBT)
    nothing = ours.found(heard(fake, ours.search(replace(DOUBT, attempt="a"))), replace(DOUBT, attempt="a"))

    assert [outcome.state for outcome in first + again] == ["accepted"] * 4
    assert [message["to"]["email"] for message in fake.messages] == ["p1@example.org", "p2@example.org"]
    assert found.accepted == {"d1": first[0].provider_id, "d2": first[1].provider_id}
    assert nothing == Found()
    assert fake.faults == []


def test_one_bad_address_refuses_the_whole_call() -> None:
    """Who of them it was, halves of the call tell."""
    fake, ours = service(), brevo()
    fake.bad = {"p2@example.org"}
    parcel = shipment(person(1), person(2))

    assert [each.state for each in ours.parse(heard(fake, ours.build(parcel)), parcel)] == ["rejected"] * 2
    assert fake.messages == []


MESSAGE = {
    "to": {"email": "p1@example.org", "contactPixelTrackingConsent": False},
    "alone": True,
    "subject": "new",
    "html": "<p>",
    "text": "p",
    "headers": {
        "List-Id": "<x>",
        "List-Unsubscribe": "<https://x.example/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Mailin-custom": "delivery:d|attempt:a",
    },
    "tags": ["issue-7", "a"],
}


@pytest.mark.parametrize(
    ("spoilt", "fault"),
    [
        ({"to": {"email": "p1@example.org"}}, "tracking is not refused"),
        ({"headers": {}}, "leaving takes more than one click"),
        ({"headers": {}}, "there is no address to leave"),
        ({"headers": {}}, "the marks are not ours"),
        ({"headers": {}}, "there is no List-Id"),
        ({"tags": ["ms"]}, "the tags are not the issue and the attempt"),
        ({"alone": False}, "somebody reads another's address"),
        ({"text": filled("{{params.x}}", {})}, "a variable has no value"),
    ],
)
def test_the_sink_sees_our_own_mistakes(spoilt: dict[str, Any], fault: str) -> None:
    """A message that Brevo would take may still be wrong for us."""
    assert fault in our_faults(MESSAGE | spoilt)
    assert our_faults(MESSAGE) == []


@pytest.mark.parametrize(
    ("template", "params", "read"),
    [
        ("{{params.x}}", {"x": "<b>"}, "&lt;b&gt;"),
        ("{% autoescape off %}{{ params.x }}{% endautoescape %}{{params.x}}", {"x": "<b>"}, "<b>&lt;b&gt;"),
        ("{{params.x}}", {"x": "{{params.y}}", "y": "secret"}, "secret"),
        ("{{contact.EMAIL}}{% if x %}{# c #}", {}, "(unknown)(unknown)(unknown)"),
    ],
)
def test_the_sink_reads_templates_as_brevo_does(template: str, params: dict[str, str], read: str) -> None:
    """Escaped unless it is told otherwise, and twice: a value that is not guarded would be done, not shown."""
    assert filled(template, params) == read
