"""Brevo: what can be found out about an account, and how answers are judged."""

from __future__ import annotations

import json

import pytest
from tests.sinks.brevo import OPTIONS

from msdigest.ports import Failure, Inquiry, Reply, Verdict
from msdigest.providers.brevo.sending import provider

BASE = "https://api.brevo.com/v3"
ASKED = provider(OPTIONS, lambda _: Failure("no", "x")).inquiries(domain="mail.example.org")
ACCOUNT, DOMAIN, DKIM, WEBHOOK = ASKED


def verdicts(inquiry: Inquiry, document: object, status: int = 200) -> list[Verdict]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(inquiry.judge(Reply(status=status, url=BASE, headers={}, body=body)))


def judged(inquiry: Inquiry, document: object, status: int = 200) -> list[tuple[str, str]]:
    return [(verdict.level, verdict.subject) for verdict in verdicts(inquiry, document, status)]


def test_what_is_asked() -> None:
    """Nothing but questions, with the key in a header."""
    assert [(each.subject, each.request.method, each.request.url) for each in ASKED] == [
        ("credentials", "GET", f"{BASE}/account"),
        ("domain", "GET", f"{BASE}/senders/domains"),
        ("DKIM", "GET", f"{BASE}/senders/domains/mail.example.org"),
        ("webhook", "GET", f"{BASE}/webhooks?type=transactional"),
    ]
    assert {each.request.headers["api-key"] for each in ASKED} == {OPTIONS["api_key"]}


@pytest.mark.parametrize(
    ("document", "level"),
    [
        ({"email": "owner@example.org", "relay": {"enabled": True}}, "good"),
        ({"email": "owner@example.org"}, "good"),
        ({"relay": {"enabled": False}}, "bad"),
        ({"relay": "x"}, "good"),
    ],
)
def test_an_account_tells_nothing_of_tracking(document: object, level: str) -> None:
    """That it cannot be asked is said honestly; nobody's address is repeated."""
    found = verdicts(ACCOUNT, document)

    assert [(each.level, each.subject) for each in found] == [(level, "credentials"), ("warning", "tracking")]
    assert "owner@example.org" not in "".join(each.sentence for each in found)


def listed(name: object = "mail.example.org", *, verified: object = True, authenticated: object = True) -> object:
    return {"id": 1, "domain_name": name, "verified": verified, "authenticated": authenticated, "ip": None}


@pytest.mark.parametrize(
    ("domains", "level"),
    [
        ([listed()], "good"),
        ([listed("other.example.org"), listed("Mail.Example.ORG")], "good"),
        ([listed(verified=False)], "bad"),
        ([listed(authenticated=False)], "bad"),
        ([listed(authenticated="yes")], "bad"),
        ([listed("example.org")], "bad"),
        ([listed(None), "x"], "bad"),
        ([], "bad"),
        ({}, "bad"),
    ],
)
def test_the_domain_must_be_verified_and_authenticated(domains: object, level: str) -> None:
    """That of the sender's address, not one above it."""
    assert judged(DOMAIN, {"domains": domains, "count": 0}) == [(level, "domain")]


@pytest.mark.parametrize(
    ("records", "level", "selectors"),
    [
        ({"dkim_record": {"host_name": "mail._domainkey.mail.example.org"}}, "good", ["mail"]),
        (
            {
                "dkim1Record": {"host_name": "brevo1._domainkey"},
                "dkim2Record": {"host_name": "brevo2._domainkey"},
                "dmarc_record": {"host_name": "_dmarc"},
            },
            "good",
            ["brevo1", "brevo2"],
        ),
        ({"brevo_code": {"host_name": "@"}, "dkim_record": "x"}, "warning", []),
        ({"dkim_record": {"host_name": None}}, "warning", []),
        ({}, "warning", []),
        ([], "warning", []),
    ],
)
def test_the_names_of_its_keys_are_told(records: object, level: str, selectors: list[str]) -> None:
    """So that the DNS can be asked for them."""
    (verdict,) = verdicts(DKIM, {"domain": "mail.example.org", "dns_records": records})

    assert (verdict.level, verdict.subject, list(verdict.selectors)) == (level, "DKIM", selectors)


def test_a_domain_that_is_not_there_has_no_keys() -> None:
    """The domain is wrong, not the key of the API."""
    assert judged(DKIM, {"code": "document_not_found", "message": "x"}, 404) == [("bad", "DKIM")]


ALL = ["delivered", "hardBounce", "softBounce", "blocked", "spam", "invalid", "unsubscribed"]
HERE = "https://user:secret-word@digest.example.org/hooks/brevo"


def hooked(url: object, events: object = ALL) -> dict[str, object]:
    return {"url": url, "events": events, "type": "transactional", "id": 1}


@pytest.mark.parametrize(
    ("hooks", "level"),
    [
        ([hooked(HERE)], "good"),
        ([hooked(HERE + "/", [*ALL, "request", "deferred"])], "good"),
        ([hooked("https://other.example.org/"), hooked(HERE, ALL[:3]), hooked(HERE, ALL[3:])], "good"),
        ([hooked(HERE, ALL[1:])], "warning"),
        ([hooked(HERE, None)], "warning"),
        ([hooked(HERE, [5])], "warning"),
        ([hooked("https://digest.example.org/hooks/postmark")], "warning"),
        ([hooked("https://[/hooks/brevo")], "warning"),
        ([hooked(None), "x"], "warning"),
        ([], "warning"),
        ({}, "warning"),
    ],
)
def test_the_webhook_is_looked_for_by_its_path(hooks: object, level: str) -> None:
    """Its address may hold a password, which nobody is told."""
    found = verdicts(WEBHOOK, {"webhooks": hooks})

    assert [(each.level, each.subject) for each in found] == [(level, "webhook")]
    assert "secret-word" not in found[0].sentence


def test_an_account_without_webhooks_answers_that_there_are_none() -> None:
    """It is no trouble, but nothing is heard."""
    (verdict,) = verdicts(WEBHOOK, {"code": "document_not_found", "message": "x"}, 404)

    assert (verdict.level, verdict.sentence[:10]) == ("warning", "no webhook")


@pytest.mark.parametrize("inquiry", ASKED, ids=lambda each: each.subject)
@pytest.mark.parametrize(
    ("status", "document", "level"),
    [
        (401, {"code": "unauthorized"}, "bad"),
        (403, b"", "bad"),
        (500, b"<html>", "warning"),
        (200, b"<html>", "warning"),
        (200, [], "warning"),
        (200, {}, "warning"),
    ],
)
def test_answers_that_tell_nothing(inquiry: Inquiry, status: int, document: object, level: str) -> None:
    """A refused key is bad; anything else is a reason to look again."""
    assert judged(inquiry, document, status) == [(level, inquiry.subject)]


@pytest.mark.parametrize("inquiry", ASKED, ids=lambda each: each.subject)
def test_a_failure_is_told_with_its_reason(inquiry: Inquiry) -> None:
    """The network is to blame, not the account."""
    (verdict,) = inquiry.judge(Failure("no", "could not connect"))

    assert (verdict.level, verdict.sentence) == ("warning", "brevo could not be asked: could not connect")
