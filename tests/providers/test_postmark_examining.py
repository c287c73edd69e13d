"""Postmark: what can be found out about a server, and how answers are judged."""

from __future__ import annotations

import json

import pytest
from tests.sinks.postmark import OPTIONS

from msdigest.ports import Failure, Inquiry, Reply
from msdigest.providers.postmark.sending import provider

BASE = "https://api.postmarkapp.com"
ASKED = provider(OPTIONS | {"message_stream": "news/1"}, lambda _: Failure("no", "x")).inquiries(
    domain="mail.example.org"
)
SERVER, STREAM, WEBHOOK = ASKED


def judged(inquiry: Inquiry, document: object, status: int = 200) -> list[tuple[str, str]]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    reply = Reply(status=status, url=BASE, headers={}, body=body)
    return [(verdict.level, verdict.subject) for verdict in inquiry.judge(reply)]


def test_what_is_asked() -> None:
    """Nothing but questions, with the token in a header."""
    assert [(each.subject, each.request.method, each.request.url) for each in ASKED] == [
        ("credentials", "GET", f"{BASE}/server"),
        ("stream", "GET", f"{BASE}/message-streams/news%2F1"),
        ("webhook", "GET", f"{BASE}/webhooks?MessageStream=news%2F1"),
    ]
    assert {each.request.headers["X-Postmark-Server-Token"] for each in ASKED} == {OPTIONS["server_token"]}


@pytest.mark.parametrize(
    ("document", "credentials", "tracking"),
    [
        ({"TrackOpens": False, "TrackLinks": "None", "DeliveryType": "Live"}, "good", "good"),
        ({"TrackOpens": True, "TrackLinks": "None"}, "good", "bad"),
        ({"TrackOpens": False, "TrackLinks": "HtmlAndText"}, "good", "warning"),
        ({"Name": "it tells nothing of it"}, "good", "warning"),
        ({"TrackOpens": False, "TrackLinks": "None", "DeliveryType": "Sandbox"}, "bad", "good"),
    ],
)
def test_a_server_tells_of_tracking_and_not_of_domains(document: object, credentials: str, tracking: str) -> None:
    """What only another token could ask is said honestly."""
    assert judged(SERVER, document) == [(credentials, "credentials"), (tracking, "tracking"), ("warning", "domain")]


@pytest.mark.parametrize(
    ("document", "level"),
    [
        ({"ArchivedAt": None, "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"}}, "good"),
        ({"ArchivedAt": None, "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "None"}}, "good"),
        ({"ArchivedAt": None, "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Postmark"}}, "bad"),
        ({"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "postmark"}}, "bad"),
        ({"ID": "news/1"}, "warning"),
        ({"SubscriptionManagementConfiguration": {}}, "warning"),
        ({"ArchivedAt": "2026-01-01T00:00:00Z"}, "bad"),
    ],
)
def test_a_stream_must_leave_our_way_to_leave_alone(document: object, level: str) -> None:
    """By default one for broadcasts puts in its own; a stream that does not tell is not good."""
    assert judged(STREAM, document) == [(level, "stream")]


@pytest.mark.parametrize("status", [404, 422])
def test_a_stream_that_is_not_there(status: int) -> None:
    """The setting is wrong, not the token."""
    assert judged(STREAM, {"ErrorCode": 1226}, status) == [("bad", "stream")]


def hooked(url: object, **triggers: object) -> dict[str, object]:
    on = {name: {"Enabled": True} for name in ("Delivery", "Bounce", "SpamComplaint", "SubscriptionChange")}
    return {"Url": url, "Triggers": on | triggers}


HERE = "https://msdigest:secret-word@digest.example.org/hooks/postmark"


@pytest.mark.parametrize(
    ("hooks", "level"),
    [
        ([hooked(HERE)], "good"),
        ([hooked(HERE + "/")], "good"),
        ([hooked("https://other.example.org/"), hooked(HERE)], "good"),
        ([hooked(HERE, Bounce={"Enabled": False}), hooked(HERE, Delivery=None)], "good"),
        ([hooked(HERE, Bounce={"Enabled": False})], "warning"),
        ([hooked(HERE, Bounce=True)], "warning"),
        ([{"Url": HERE}], "warning"),
        ([hooked("https://digest.example.org/hooks/brevo")], "warning"),
        ([hooked("https://[/hooks/postmark")], "warning"),
        ([hooked(None), "x"], "warning"),
        ([], "warning"),
        ({}, "warning"),
    ],
)
def test_the_webhook_is_looked_for_by_its_path(hooks: object, level: str) -> None:
    """Its address holds a password, which nobody is told."""
    assert judged(WEBHOOK, {"Webhooks": hooks}) == [(level, "webhook")]
    reply = Reply(status=200, url=BASE, headers={}, body=json.dumps({"Webhooks": hooks}).encode())
    assert "secret-word" not in "".join(verdict.sentence for verdict in WEBHOOK.judge(reply))


@pytest.mark.parametrize("inquiry", ASKED, ids=lambda each: each.subject)
@pytest.mark.parametrize(
    ("status", "document", "level"),
    [
        (401, {"ErrorCode": 10}, "bad"),
        (403, b"", "bad"),
        (500, b"<html>", "warning"),
        (200, b"<html>", "warning"),
        (200, [], "warning"),
        (200, {}, "warning"),
    ],
)
def test_answers_that_tell_nothing(inquiry: Inquiry, status: int, document: object, level: str) -> None:
    """A refused token is bad; anything else is a reason to look again."""
    assert judged(inquiry, document, status) == [(level, inquiry.subject)]


@pytest.mark.parametrize("inquiry", ASKED, ids=lambda each: each.subject)
def test_a_failure_is_told_with_its_reason(inquiry: Inquiry) -> None:
    """The network is to blame, not the account."""
    (verdict,) = inquiry.judge(Failure("no", "could not connect"))

    assert (verdict.level, verdict.sentence) == ("warning", "postmark could not be asked: could not connect")
