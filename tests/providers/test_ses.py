"""SES: what a call holds, how it is signed, and what its answers mean for each message."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from tests.sinks.service import Call
from tests.sinks.ses import OPTIONS, Message, SesService, message_id

from msdigest.errors import ProviderError
from msdigest.model.clock import FixedClock
from msdigest.model.delivery import Letter, Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply, Request
from msdigest.providers.ses.sending import SesProvider, provider

AT = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
WITHIN_A_MINUTE = timedelta(minutes=1)


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
    *people: Recipient, html: str = "", text: str = "", after: str = "", subject: str = "What is new", sender: str = ""
) -> Shipment:
    letter = Letter(
        issue=7,
        sender=sender or "MS Digest <digest@mail.example.org>",
        subject=subject,
        list_id="weekly.mail.example.org",
        html=[escaped(f"<p>{html}"), "greeting", escaped(f'{after}</p><a href="'), "leave_url", escaped('">Leave</a>')],
        text=[escaped(text), "greeting", escaped(f"{after}\n"), "leave_url", escaped("\n")],
        coding="json",
        headers={"List-Id": "<weekly.mail.example.org>"},
    )
    return Shipment(attempt="attempt1", parts=[(letter, list(people))])


def ses(send=lambda _: Failure("no", "not called in these tests"), **more: str | None) -> SesProvider:
    options = {name: value for name, value in (OPTIONS | more).items() if value is not None}
    return provider(options, send, clock=FixedClock(AT))


def handed_over(parcel: Shipment, service: SesService) -> Reply:
    """Sign a call and hand it to the service."""

    def send(request: Request) -> Reply:
        url = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()} | {"host": url.netloc}
        call = Call(method=request.method, path=url.path, headers=headers, body=request.body)
        answer = service.answer(call)
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(status=answer.status, url=request.url, headers=told, body=answer.body)

    ours = ses(send)
    return ours.carry(ours.build(parcel))


def sent(parcel: Shipment) -> list[Message]:
    """Hand a call to the service, and return what left it; it may have nothing to find fault with."""
    service = SesService()
    reply = handed_over(parcel, service)

    assert (reply.status, service.faults) == (200, []), reply.body
    return service.sent


def document(parcel: Shipment, **more: str | None) -> dict:
    return json.loads(ses(**more).build(parcel).body)


def test_a_call_holds_one_body_and_everybodys_values() -> None:
    """Variables stand in the bodies; each recipient's values stand beside their address, and nobody else's."""
    first, second = sent(shipment(person(1), person(2, greeting="Hello Bob,")))
    told = document(shipment(person(1), person(2)))

    assert "token" not in json.dumps(told["DefaultContent"])
    assert [each["Destination"] for each in told["BulkEmailEntries"]] == [
        {"ToAddresses": ["p1@example.org"]},
        {"ToAddresses": ["p2@example.org"]},
    ]
    assert first.html == '<p>Hello Ada,</p><a href="https://digest.example.org/leave/token1">Leave</a>'
    assert second.text == "Hello Bob,\nhttps://digest.example.org/leave/token2\n"


def test_tracking_is_off_and_leaving_takes_one_click() -> None:
    """Every call says so; the leave address is each recipient's own, and so are our marks."""
    (message,) = sent(shipment(person(1)))
    told = document(shipment(person(1)))

    assert told["ConfigurationOverrides"] == {
        "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    }
    assert message.headers == {
        "List-Id": "<weekly.mail.example.org>",
        "List-Unsubscribe": "<https://digest.example.org/leave/token1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert message.tags == {"issue": "issue-7", "attempt": "attempt1", "delivery": "d1"}


@pytest.mark.parametrize(("name", "told"), [("digests", "digests"), (None, None)])
def test_a_configuration_set_is_named_if_there_is_one(name: str | None, told: str | None) -> None:
    """Without one, the account's own settings count."""
    assert document(shipment(person(1)), configuration_set=name).get("ConfigurationSetName") == told


@pytest.mark.parametrize(
    ("hostile", "html", "text"),
    [
        ('Hello "Ada" \\n,', 'Hello "Ada" \\n,', 'Hello "Ada" \\n,'),
        ("Hello <b>&\r\nBcc: x,", "Hello &lt;b&gt;&amp; Bcc: x,", "Hello <b>& Bcc: x,"),
        ("{{h_leave_url}} {{{x}}} {y}", "&#123;{h_leave_url}} &#123;&#123;{x}}} {y}", "｛{h_leave_url}} ｛｛{x}}} {y}"),
        ("100 % %x% ${x}", "100 % %x% ${x}", "100 % %x% ${x}"),
        ("Grüße, 日本 🙂", "Grüße, 日本 🙂", "Grüße, 日本 🙂"),
        ("a\u2028b\x00c\ud800", "a bc", "a bc"),
    ],
    ids=["quotes", "markup and lines", "braces", "percent signs", "umlauts and emoji", "unsayable"],
)
def test_values_are_escaped_for_where_they_stand(hostile: str, html: str, text: str) -> None:
    """SES puts them in as they are: a hostile name is text in HTML, and one line in the text part."""
    (message,) = sent(shipment(person(1, greeting=hostile)))

    assert message.html.startswith(f"<p>{html}</p>")
    assert message.text.startswith(f"{text}\n")


@pytest.mark.parametrize(
    ("before", "after", "html", "text"),
    [
        ("{{leave_url}}", "", "&#123;{leave_url}}Hello Ada,", "｛{leave_url}}Hello Ada,"),
        ("{{{{x", "", "&#123;&#123;&#123;{xHello Ada,", "｛｛｛{xHello Ada,"),
        ("{{/if}} {{!-- x", "", "&#123;{/if}} &#123;{!-- xHello Ada,", "｛{/if}} ｛{!-- xHello Ada,"),
        ("{", "}", "&#123;Hello Ada,&#125;", "｛Hello Ada,｝"),
        ("{", "{", "&#123;Hello Ada,{", "｛Hello Ada,{"),
        ("x\\", "\\", "x&#92;Hello Ada,\\", "x＼Hello Ada,\\"),
        ("{a}\\{b}", "}}", "{a}\\{b}Hello Ada,&#125;}", "{a}\\{b}Hello Ada,｝}"),
        ("\\\\", "x", "\\&#92;Hello Ada,x", "\\＼Hello Ada,x"),
    ],
    ids=[
        "variable", "many braces", "block and comment", "braces around ours", "braces beside ours",
        "backslash before ours", "braces that mean nothing", "two backslashes",
    ],
)  # fmt: skip
def test_what_looks_like_a_variable_in_a_sources_words_stays_words(
    before: str, after: str, html: str, text: str
) -> None:
    """Nobody's data is put into somebody's blog post, and ours are not taken for anything else."""
    (message,) = sent(shipment(person(1), html=before, text=before, after=after))

    assert message.html.startswith(f"<p>{html}</p>")
    assert message.text.startswith(f"{text}\n")


def test_a_subject_has_no_variables() -> None:
    """A title of a source may stand in it."""
    (message,) = sent(shipment(person(1), subject='On "{{h_greeting}}" {x} é 🙂'))

    assert message.subject == 'On "｛{h_greeting}}" {x} é 🙂'


@pytest.mark.parametrize("name", ["Ada, Lovelace", "Zoë", "Ada\r\nBcc: x@example.org"])
def test_a_name_does_not_stand_beside_an_address(name: str) -> None:
    """It would come back in events, and its way to be written is a mailbox of its own."""
    (entry,) = document(shipment(person(1, name=name, greeting="Hello,")))["BulkEmailEntries"]

    assert entry["Destination"] == {"ToAddresses": ["p1@example.org"]}
    assert name not in json.dumps(entry, ensure_ascii=False)


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("MS Digest <digest@mail.example.org>", r"MS Digest <digest@mail\.example\.org>"),
        ("digest@mail.example.org", r"digest@mail\.example\.org"),
        ("Élé <digest@mail.example.org>", r"=\?utf-8\?\S+\?= <digest@mail\.example\.org>"),
        ("=?utf-8?b?w4lsw6k=?= <digest@mail.example.org>", r"=\?utf-8\?\S+\?= <digest@mail\.example\.org>"),
        ('"Digest, MS" <digest@mail.example.org>', r'"Digest, MS" <digest@mail\.example\.org>'),
    ],
    ids=["name", "no name", "umlauts", "encoded", "comma"],
)
def test_the_sender_is_told_in_ascii(sender: str, told: str) -> None:
    """SES takes nothing else."""
    assert re.fullmatch(told, document(shipment(person(1), sender=sender))["FromEmailAddress"])


def test_the_same_shipment_gives_the_same_bytes_at_any_time() -> None:
    """What depends on the time is no part of what is built: the signature comes when the call is made."""
    parcel, clock = shipment(person(1), person(2)), FixedClock(AT)
    ours = provider(OPTIONS, lambda _: Failure("no", ""), clock=clock)
    one = ours.build(parcel)
    clock.advance(timedelta(hours=1))

    assert ours.build(parcel) == one
    assert set(one.headers) == {"Content-Type"}


def test_a_call_is_signed_when_it_is_made() -> None:
    """By the clock that was handed in; its answer is handed back as it is."""
    calls, failure = [], Failure("no", "could not connect")
    ours = ses(lambda request: calls.append(request) or failure)
    request = ours.build(shipment(person(1)))

    assert ours.carry(request) is failure
    assert [(call.body, call.headers["X-Amz-Date"]) for call in calls] == [(request.body, "20261127T050000Z")]
    assert "SignedHeaders=content-type;host;x-amz-date" in calls[0].headers["Authorization"]


def test_without_a_clock_the_machines_is_taken() -> None:
    """As it is when nobody tests."""
    calls: list[Request] = []
    begun = datetime.now(UTC)
    SesProvider(OPTIONS, lambda request: calls.append(request) or Failure("no", "")).carry(
        Request(method="GET", url="https://h.example/")
    )
    signed = datetime.strptime(calls[0].headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    assert abs(signed - begun) < WITHIN_A_MINUTE


@pytest.mark.parametrize("wrong", [{"secret_key": "other"}, {"access_key": "OTHER"}, {"region": "us-east-1"}])
def test_another_key_does_not_prove_who_calls(wrong: dict[str, str]) -> None:
    """The service checks each signature by Amazon's own library."""
    service = SesService(options=OPTIONS | wrong)
    reply = handed_over(shipment(person(1)), service)

    assert (reply.status, service.sent) == (403, [])
    with pytest.raises(ProviderError):
        ses().parse(reply, shipment(person(1)))


def test_the_region_chooses_the_address() -> None:
    """An operator may point anywhere."""
    urls = [ses(**more).build(shipment(person(1))).url for more in ({}, {"base_url": "http://127.0.0.1:9"})]

    assert urls == [
        f"{base}/v2/email/outbound-bulk-emails"
        for base in ("https://email.eu-west-1.amazonaws.com", "http://127.0.0.1:9")
    ]


def test_several_letters_in_one_call_are_refused() -> None:
    """One call has one body."""
    one = shipment(person(1))

    with pytest.raises(ProviderError):
        ses().build(Shipment(attempt="a", parts=[*one.parts, *one.parts]))


def test_one_bad_address_is_refused_alone() -> None:
    """Everybody else is sent theirs, under a name of its own; the address is told to nobody."""
    service, parcel = SesService(bad={"p2@example.org"}), shipment(person(1), person(2), person(3))
    outcomes = ses().parse(handed_over(parcel, service), parcel)

    assert outcomes == [
        Outcome("accepted", provider_id=message_id(1)),
        Outcome("rejected", reason="ses answered INVALID_PARAMETER for this message: Illegal address: [address]"),
        Outcome("accepted", provider_id=message_id(2)),
    ]


def answer(status: int, told: object = None, **headers: str) -> Reply:
    body = told if isinstance(told, bytes) else b"" if told is None else json.dumps(told).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, url="https://email.eu-west-1.amazonaws.com", headers=names, body=body)


def results(*each: object) -> Reply:
    return answer(200, {"BulkEmailEntryResults": list(each)})


TAKEN = {"Status": "SUCCESS", "MessageId": "m1"}
QUOTA = "ACCOUNT_DAILY_QUOTA_EXCEEDED"


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (TAKEN, Outcome("accepted", provider_id="m1")),
        ({"Status": "SUCCESS"}, Outcome("accepted")),
        *(
            ({"Status": status, "Error": "no p1@x.org"}, Outcome("rejected", reason=f"ses answered {status} for this message: no [address]"))
            for status in ("MESSAGE_REJECTED", "INVALID_PARAMETER", "FAILED")
        ),
        *(
            ({"Status": status}, Outcome("pending", reason=f"ses answered {status} for this message: no reason given"))
            for status in (
                "TRANSIENT_FAILURE", "ACCOUNT_THROTTLED", "ACCOUNT_SUSPENDED", "ACCOUNT_SENDING_PAUSED",
                "CONFIGURATION_SET_NOT_FOUND", "CONFIGURATION_SET_SENDING_PAUSED", "INVALID_SENDING_POOL_NAME",
                "MAIL_FROM_DOMAIN_NOT_VERIFIED", "TEMPLATE_NOT_FOUND",
            )
        ),
        (
            {"Status": QUOTA, "Error": "Daily message quota exceeded."},
            Outcome("pending", reason=f"ses answered {QUOTA} for this message: Daily message quota exceeded.", retry_after=3600.0),
        ),
        (
            {"Status": "MESSAGE_REJECTED", "Error": "Email address is not verified: p1@x.org"},
            Outcome("pending", reason="ses answered MESSAGE_REJECTED for this message: Email address is not verified: [address]"),
        ),
        ({"Status": "OF_TOMORROW"}, Outcome("unknown", reason="ses answered OF_TOMORROW for this message: no reason given")),
        ({"Status": 3}, Outcome("unknown", reason="ses answered nothing for this message: no reason given")),
        ({}, Outcome("unknown", reason="ses answered nothing for this message: no reason given")),
        (3, Outcome("unknown", reason="ses answered nothing for this message: no reason given")),
    ],
)  # fmt: skip
def test_each_message_is_answered_for_itself(told: object, outcome: Outcome) -> None:
    """All fourteen statuses, and what is none of them."""
    assert ses().parse(results(TAKEN, told), shipment(person(1), person(2))) == [
        Outcome("accepted", provider_id="m1"),
        outcome,
    ]


def test_every_status_of_amazons_description_is_known() -> None:
    """A new one would be unknown, which settles nobody; here it is noticed."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("sesv2")
    statuses = model.shape_for("BulkEmailEntryResult").members["Status"].enum
    outcomes = ses().parse(results(TAKEN, *({"Status": each} for each in statuses)), shipment(*map(person, range(15))))

    assert len(statuses) == 14
    assert [each for each, outcome in zip(statuses, outcomes[1:], strict=True) if outcome.state == "unknown"] == []


def of_everybody(reply: Reply | Failure) -> Outcome:
    outcomes = ses().parse(reply, shipment(person(1), person(2)))

    assert outcomes == [outcomes[0]] * 2
    return outcomes[0]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (results(TAKEN), Outcome("unknown", reason="ses accepted without a word on each message")),
        (results(TAKEN, TAKEN, TAKEN), Outcome("unknown", reason="ses accepted without a word on each message")),
        (answer(200, {}), Outcome("unknown", reason="ses accepted without a word on each message")),
        (answer(200, b"<html>"), Outcome("unknown", reason="ses accepted without a word on each message")),
        (
            answer(400, {"message": "no p1@x.org"}, x_amzn_errortype="BadRequestException:http://internal/"),
            Outcome("rejected", reason="ses answered 400: BadRequestException no [address]"),
        ),
        (
            answer(400, {"__type": "com.amazonaws.sesv2#BadRequestException", "Message": "no"}),
            Outcome("rejected", reason="ses answered 400: BadRequestException no"),
        ),
        (answer(413), Outcome("rejected", reason="ses answered 413: no reason given")),
        (
            answer(429, {"message": "Rate exceeded"}, x_amzn_errortype="TooManyRequestsException", retry_after="4"),
            Outcome("pending", reason="ses answered 429: TooManyRequestsException Rate exceeded", retry_after=4.0),
        ),
        (
            answer(400, {"message": "Rate exceeded"}, x_amzn_errortype="ThrottlingException"),
            Outcome("pending", reason="ses answered 400: ThrottlingException Rate exceeded"),
        ),
        (
            answer(400, {"message": "quota"}, x_amzn_errortype="LimitExceededException"),
            Outcome("pending", reason="ses answered 400: LimitExceededException quota"),
        ),
        (answer(500, {"message": "oops"}), Outcome("unknown", reason="ses answered 500: oops")),
        (answer(503, b"<html>"), Outcome("unknown", reason="ses answered 503: no reason given")),
        (Failure("no", "could not connect"), Outcome("pending", reason="could not connect")),
        (Failure("maybe", "the connection broke"), Outcome("unknown", reason="the connection broke")),
    ],
)
def test_an_answer_to_the_whole_call_means_the_same_for_everybody(reply: Reply | Failure, outcome: Outcome) -> None:
    """What is ambiguous is unknown; Amazon says "too many" with two statuses."""
    assert of_everybody(reply) == outcome


@pytest.mark.parametrize(
    "reply",
    [
        answer(403, {"message": "no"}, x_amzn_errortype="InvalidSignatureException"),
        answer(403, {"message": "no"}, x_amzn_errortype="AccessDeniedException"),
        answer(404, {"message": "no"}, x_amzn_errortype="NotFoundException"),
        answer(400, {"message": "no"}, x_amzn_errortype="AccountSuspendedException"),
        answer(400, {"message": "no"}, x_amzn_errortype="SendingPausedException"),
        answer(400, {"message": "no"}, x_amzn_errortype="MailFromDomainNotVerifiedException"),
        answer(400, {"message": "Email address is not verified."}, x_amzn_errortype="MessageRejected"),
        results({"Status": "ACCOUNT_SUSPENDED"}, {"Status": "ACCOUNT_SUSPENDED"}),
        results({"Status": "CONFIGURATION_SET_NOT_FOUND"}, {"Status": "INVALID_PARAMETER"}),
        results(*[{"Status": "MESSAGE_REJECTED", "Error": "Email address is not verified."}] * 2),
    ],
    ids=[
        "signature", "rights", "configuration set", "suspended", "paused", "domain", "sandbox", "each suspended",
        "each for the set, or rejected", "each in the sandbox",
    ],
)  # fmt: skip
def test_refused_settings_are_an_error_and_no_outcome(reply: Reply) -> None:
    """Nobody was sent anything, and nobody is marked as rejected; the sentence holds no key."""
    with pytest.raises(ProviderError, match=r"\[providers.ses\]") as caught:
        ses().parse(reply, shipment(person(1), person(2)))

    assert OPTIONS["secret_key"] not in str(caught.value)


def test_it_is_not_asked_what_it_took() -> None:
    """It cannot be: webhooks decide."""
    assert (ses().caps.remembers, ses().caps.repeats, ses().caps.whole) == (None, None, False)


def test_a_full_call_is_read_in_its_order() -> None:
    """As many people as one call takes."""
    people = [person(number) for number in range(ses().caps.max_recipients)]
    messages = sent(replace(shipment(), parts=[(shipment().parts[0][0], people)]))

    assert [message.to for message in messages] == [each.address for each in people]
