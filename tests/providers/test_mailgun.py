"""Mailgun: what a call holds, and what its answers mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.sinks.mailgun import DOMAIN, KEY, MailgunService, parse, service
from tests.sinks.service import Call

from msdigest.errors import ProviderError
from msdigest.model.delivery import Coding, Doubt, Found, Letter, Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply, Request
from msdigest.providers.mailgun.sending import MailgunProvider
from msdigest.providers.mailgun.sending import provider as made

OPTIONS = {"domain": "mail.example.org", "api_key": KEY}


def person(number: int, *, greeting: str = "Hello Ada,") -> Recipient:
    leave_url = f"https://digest.example.org/leave/token{number}"
    return Recipient(
        subscriber=f"{number:032x}",
        delivery=f"d{number}",
        address=f"p{number}@example.org",
        name="Ada",
        leave_url=leave_url,
        values={"greeting": greeting, "leave_url": leave_url},
    )


def shipment(
    *people: Recipient,
    html: list[bytes | str] | None = None,
    text: list[bytes | str] | None = None,
    coding: Coding = "plain",
) -> Shipment:
    letter = Letter(
        issue=7,
        sender="MS Digest <digest@mail.example.org>",
        subject="What is new",
        list_id="weekly.mail.example.org",
        html=html or [b"<p>", "greeting", b'</p><a href="', "leave_url", b'">Leave</a>'],
        text=text or [b"", "greeting", b"\n", "leave_url", b"\n"],
        coding=coding,
        headers={"List-Id": "<weekly.mail.example.org>"},
    )
    return Shipment(attempt="attempt-1", parts=[(letter, list(people))])


def provider(**more: str) -> MailgunProvider:
    return MailgunProvider(OPTIONS | more, lambda _: Failure("no", "not called in these tests"))


def fields_of(parcel: Shipment) -> dict[str, list[str]]:
    request = provider().build(parcel)
    return parse(dict(request.headers), request.body)


def test_a_call_holds_one_body_and_everybodys_variables() -> None:
    """Bodies carry variables; each recipient's values stand beside their address."""
    fields = fields_of(shipment(person(1), person(2)))
    variables = json.loads(fields["recipient-variables"][0])

    assert fields["to"] == ["p1@example.org", "p2@example.org"]
    assert fields["html"] == ['<p>%recipient.h_greeting%</p><a href="%recipient.h_leave_url%">Leave</a>']
    assert fields["text"] == ["%recipient.t_greeting%\n%recipient.t_leave_url%\n"]
    assert variables["p2@example.org"]["h_greeting"] == "Hello Ada,"
    assert variables["p2@example.org"]["leave"] == "https://digest.example.org/leave/token2"


def test_tracking_is_off_and_leaving_takes_one_click() -> None:
    """Every call says so; the leave address is each recipient's own."""
    fields = fields_of(shipment(person(1)))

    assert [fields[name] for name in ("o:tracking", "o:tracking-clicks", "o:tracking-opens")] == [["no"]] * 3
    assert fields["h:List-Unsubscribe"] == ["<%recipient.leave%>"]
    assert fields["h:List-Unsubscribe-Post"] == ["List-Unsubscribe=One-Click"]
    assert fields["h:List-Id"] == ["<weekly.mail.example.org>"]
    assert fields["o:tag"] == ["issue-7", "share-3d"]


def test_values_are_escaped_for_where_they_stand() -> None:
    """A hostile name is text in HTML, and one line in the text part."""
    fields = fields_of(shipment(person(1, greeting="Hello <b>&\r\nBcc: x,")))
    variables = json.loads(fields["recipient-variables"][0])["p1@example.org"]

    assert variables["h_greeting"] == "Hello &lt;b&gt;&amp; Bcc: x,"
    assert variables["t_greeting"] == "Hello <b>& Bcc: x,"


@pytest.mark.parametrize("foreign", ["%recipient.leave%", "%unsubscribe_url%", "%recipient_email%", "%Recipient%"])
def test_variables_in_a_sources_words_stay_words(foreign: str) -> None:
    """What looks like a variable in somebody's blog post is not replaced by anybody's data."""
    fields = fields_of(
        shipment(
            person(1), html=[f"<p>{foreign} 100% of 50% %E2%80%9C</p>".encode()], text=[f"{foreign} 5%\n".encode()]
        )
    )

    assert foreign not in fields["html"][0]
    assert f"&#37;{foreign[1:]} 100% of 50% %E2%80%9C" in fields["html"][0]
    assert foreign not in fields["text"][0]


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example/?u=%recipient.x%recipient.leave%",
        "%recipient%recipient.h_leave_url%",
        "%a-recipient.x%%recipient.leave%",
        "%é-recipient.leave%",
    ],
)
def test_variables_that_share_a_sign_stay_words(foreign: str) -> None:
    """A source cannot have a reader's way to leave put into its own link."""
    fields = fields_of(
        shipment(person(1), html=[f'<a href="{foreign}">x</a>'.encode()], text=[f"{foreign}\n".encode()])
    )

    assert "%recipient" not in fields["html"][0]
    assert "%recipient" not in fields["text"][0]


def test_a_subject_has_no_variables_either() -> None:
    """A title of a source may stand in it."""
    parcel = shipment(person(1))
    letter = replace(parcel.parts[0][0], subject="On %recipient.leave%, 5% more")

    assert fields_of(replace(parcel, parts=[(letter, [person(1)])]))["subject"] == ["On ％recipient.leave%, 5% more"]


def test_bodies_are_bytes_and_stay_them() -> None:
    """UTF-8 in any script, as it was joined."""
    fields = fields_of(shipment(person(1), html=["<p>é 日本語</p>".encode()], text=["🙂\n".encode()]))

    assert (fields["html"], fields["text"]) == (["<p>é 日本語</p>"], ["🙂\n"])


def test_a_variable_cannot_be_finished_by_ours() -> None:
    """What ends just before one of our own variables does not borrow its sign."""
    fields = fields_of(shipment(person(1), html=[b"%recipient.leave", "greeting", b""], text=[b"x\n"]))

    assert fields["html"] == ["&#37;recipient.leave%recipient.h_greeting%"]


def test_the_call_is_made_by_what_was_handed_in() -> None:
    """And its answer is handed back as it is."""
    calls, failure = [], Failure("no", "could not connect")
    ours = MailgunProvider(OPTIONS, lambda request: calls.append(request) or failure)
    request = ours.build(shipment(person(1)))

    assert ours.carry(request) is failure
    assert calls == [request]


def test_the_same_shipment_gives_the_same_bytes() -> None:
    """A retry sends what was hashed before."""
    assert provider().build(shipment(person(1))).body == provider().build(shipment(person(1))).body


def test_the_region_chooses_the_address() -> None:
    """Europe has its own endpoint; an operator may point anywhere."""
    assert provider(region="eu").build(shipment(person(1))).url.startswith("https://api.eu.mailgun.net/v3/")
    assert provider(base_url="http://127.0.0.1:9").build(shipment(person(1))).url == (
        "http://127.0.0.1:9/v3/mail.example.org/messages"
    )


def answer(status: int, document: object, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status=status, url="https://api.mailgun.net", headers=headers, body=body)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(200, {"id": "<1@x>", "message": "Queued."}), Outcome("accepted", provider_id="1@x")),
        (answer(200, b"not json"), Outcome("unknown", reason="mailgun accepted without a word on what")),
        (answer(200, {"id": 7}), Outcome("unknown", reason="mailgun accepted without a word on what")),
        (
            answer(400, {"message": "to parameter is not a valid address: p1@example.org"}),
            Outcome("rejected", reason="mailgun answered 400: to parameter is not a valid address: [address]"),
        ),
        (
            answer(429, {"message": "slow down"}, **{"retry-after": "30"}),
            Outcome("pending", reason="mailgun answered 429: slow down", retry_after=30.0),
        ),
        (
            answer(429, {}, **{"retry-after": "99999999999999"}),
            Outcome("pending", reason="mailgun answered 429: no reason given"),
        ),
        (
            answer(429, {}, **{"retry-after": "²"}),
            Outcome("pending", reason="mailgun answered 429: no reason given"),
        ),
        (
            answer(429, {"message": "not allowed to send: limit exceeded, try again after 120 seconds"}),
            Outcome(
                "pending",
                reason="mailgun answered 429: not allowed to send: limit exceeded, try again after 120 seconds",
                retry_after=120.0,
            ),
        ),
        (answer(500, {}), Outcome("unknown", reason="mailgun answered 500: no reason given")),
        (answer(503, b"<html>"), Outcome("unknown", reason="mailgun answered 503: no reason given")),
        (Failure("no", "could not connect"), Outcome("pending", reason="could not connect")),
        (Failure("maybe", "the connection broke"), Outcome("unknown", reason="the connection broke")),
    ],
)
def test_an_answer_means_the_same_for_everybody(reply: Reply | Failure, outcome: Outcome) -> None:
    """Mailgun takes or refuses a call as a whole; what is ambiguous is unknown."""
    parcel = shipment(person(1), person(2))

    assert provider().parse(reply, parcel) == [outcome, outcome]


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_refused_settings_are_an_error_and_no_outcome(status: int) -> None:
    """A wrong key must not mark anybody as rejected; the sentence holds no key."""
    with pytest.raises(ProviderError, match=r"\[providers.mailgun\]") as caught:
        provider().parse(answer(status, {"message": "Forbidden"}), shipment(person(1)))

    assert KEY not in str(caught.value)


STARTED = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)


def doubt(*people: Recipient, attempt: str = "attempt-1") -> Doubt:
    return Doubt(issue=7, attempt=attempt, started_at=STARTED, recipients=people)


def call_of(request: Request) -> Call:
    url = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = dict(parse_qsl(url.query))
    return Call(method=request.method, path=url.path, query=query, headers=headers, body=request.body)


def asked(fake: MailgunService, request: Request) -> Reply:
    told = fake.answer(call_of(request))
    return Reply(status=told.status, url=request.url, headers={}, body=told.body)


def test_a_search_names_nobody() -> None:
    """It asks for a tag that few calls share, from shortly before the call on."""
    request = provider().search(doubt(person(1)))
    query = dict(parse_qsl(urlsplit(request.url).query))

    assert urlsplit(request.url).path == f"/v3/{DOMAIN}/events"
    assert query == {
        "begin": "1795755480",
        "ascending": "yes",
        "limit": "300",
        "event": "accepted",
        "tags": "share-3d",
    }
    assert "example.org" not in urlsplit(request.url).query


def test_one_event_settles_everybody() -> None:
    """Mailgun takes a call as a whole: whoever of it is still unknown was accepted."""
    fake, ours = service(), provider()
    asked(fake, ours.build(shipment(person(1), person(2), person(3))))
    found = ours.found(asked(fake, ours.search(doubt(person(2), person(3)))), doubt(person(2), person(3)))

    assert found == Found(accepted=dict.fromkeys(("d2", "d3"), f"20261127050000.1.{0:016X}@{DOMAIN}"))
    assert fake.faults == []


def test_what_was_never_taken_is_not_found() -> None:
    """Events of other calls with the same tag are read to their end, and tell nothing of this one."""
    fake, ours, pages = service(), provider(), []
    for number in range(3):
        crowd = [person(each) for each in range(200 * number, 200 * number + 200)]
        asked(fake, ours.build(replace(shipment(*crowd), attempt="attempt-1")))
    other, page = replace(doubt(person(1)), attempt=_same_share("attempt-1")), ""
    while not pages or page:
        found = ours.found(asked(fake, ours.search(other, page=page)), other)
        pages.append(page)
        page = found.more

    assert (found, len(pages), fake.asked) == (Found(), 3, 3)
    assert all("https" not in each for each in pages)


def _same_share(attempt: str) -> str:
    """Return another attempt with the same tag."""
    ours = provider()
    tag = ours.search(doubt(attempt=attempt)).url
    return next(each for each in map("other-{}".format, range(10_000)) if ours.search(doubt(attempt=each)).url == tag)


def event(**more: object) -> dict[str, object]:
    return {"event": "accepted", "user-variables": {"attempt": "attempt-1"}, **more}


NEXT = {"next": f"https://api.mailgun.net/v3/{DOMAIN}/events/W3siYSI6"}


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        pytest.param(answer(200, {"items": [], "paging": NEXT}), Found(), id="an empty page is the last"),
        pytest.param(answer(200, {"items": [7, {}], "paging": NEXT}), Found(more="W3siYSI6"), id="more"),
        pytest.param(
            answer(200, {"items": [{"user-variables": []}], "paging": {"next": "https://evil.example/a b"}}),
            Found(trouble="mailgun did not tell where its answer goes on"),
            id="no mark of a page",
        ),
        pytest.param(
            answer(200, {"items": [{}], "paging": {"next": "https://[evil/x"}}),
            Found(trouble="mailgun did not tell where its answer goes on"),
            id="no address",
        ),
        pytest.param(answer(200, {"items": [event()]}), Found(accepted={"d1": None}), id="found without an id"),
        pytest.param(
            answer(200, {"items": [event(message={"headers": {"message-id": "<1@x>"}})]}),
            Found(accepted={"d1": "1@x"}),
            id="found with an id",
        ),
        pytest.param(
            answer(200, b"<html>"),
            Found(trouble="mailgun answered a search with something else than events"),
            id="html",
        ),
        pytest.param(
            answer(429, {"message": "slow down"}, **{"retry-after": "9"}),
            Found(trouble="mailgun answered 429: slow down", retry_after=9.0),
            id="too often",
        ),
        pytest.param(answer(500, {}), Found(trouble="mailgun answered 500: no reason given"), id="broken"),
        pytest.param(Failure("maybe", "the connection broke"), Found(trouble="the connection broke"), id="no answer"),
    ],
)
def test_answers_to_a_search(reply: Reply | Failure, found: Found) -> None:
    """What tells nothing is told as trouble, and is no "not found"."""
    assert provider().found(reply, doubt(person(1))) == found


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_search_is_told(status: int) -> None:
    """A domain's sending key may do nothing else."""
    with pytest.raises(ProviderError, match="sending key"):
        provider().found(answer(status, {"message": "Forbidden"}), doubt(person(1)))


def test_the_next_page_is_asked_for_at_mailgun_only() -> None:
    """Of what an answer says about the next page, only the mark is used."""
    request = provider(base_url="http://127.0.0.1:9").search(doubt(person(1)), page="W3siYSI6")

    assert request.url == f"http://127.0.0.1:9/v3/{DOMAIN}/events/W3siYSI6"


HOSTILE = [
    pytest.param('Hello "Ada" \\ {{x}} ${y} {z},', id="quotes, braces, backslash"),
    pytest.param("Hello 100% %recipient.leave% %s %d,", id="percent signs"),
    pytest.param("Hello Ada\r\nBcc: x@example.org,", id="newline"),
    pytest.param("Hello Jürgen Ünal 日本語,", id="umlauts"),
    pytest.param("Hello 👩‍🔬 🙂,", id="emoji"),
]


@pytest.mark.parametrize("greeting", HOSTILE)
def test_hostile_values_stay_values(greeting: str) -> None:
    """Whatever somebody is called, the call is whole, and no other variable or header comes out of it."""
    fake = service()
    told = asked(fake, provider().build(shipment(person(1, greeting=greeting), person(2))))
    fields = fields_of(shipment(person(1, greeting=greeting), person(2)))
    variables = json.loads(fields["recipient-variables"][0])

    assert (told.status, fake.faults) == (200, [])
    assert variables["p1@example.org"]["t_greeting"] == " ".join(greeting.split())
    assert variables["p2@example.org"]["t_greeting"] == "Hello Ada,"


def test_one_bad_address_refuses_the_call() -> None:
    """Everybody is rejected then: the call is cut in two until the address is alone."""
    fake = service()
    fake.bad.add("p2@example.org")
    parcel = shipment(person(1), person(2))
    outcomes = provider().parse(asked(fake, provider().build(parcel)), parcel)

    assert [each.state for each in outcomes] == ["rejected", "rejected"]
    assert all("@" not in (each.reason or "") for each in outcomes)


def test_the_module_makes_its_provider() -> None:
    """As every provider's does."""
    assert made(OPTIONS, lambda _: Failure("no", "not called")).name == "mailgun"


def test_several_letters_in_one_call_are_refused() -> None:
    """One call has one body."""
    one = shipment(person(1))

    with pytest.raises(ProviderError):
        provider().build(Shipment(attempt="a", parts=[*one.parts, *one.parts]))
