"""SendGrid's account: what is asked, and what the answers say about it."""

from __future__ import annotations

import json

import pytest
from tests.sinks.sendgrid import OPTIONS

from msdigest.ports import Failure, Inquiry, Reply, Verdict
from msdigest.providers.sendgrid.sending import provider

KEY = OPTIONS["webhook_public_key"]
TOLD_ABOUT = ("processed", "deferred", "delivered", "bounce", "dropped", "spam_report", "unsubscribe")
HOOK = {
    "enabled": True,
    "url": "https://user:secret@digest.example.org/hooks/sendgrid",
    "public_key": KEY,
    "open": False,
    "click": False,
    **dict.fromkeys(TOLD_ABOUT, True),
}
DOMAIN = {
    "domain": "Mail.example.org",
    "valid": True,
    "dns": {
        "mail_cname": {"valid": True, "host": "em1.mail.example.org", "data": "u1.wl.sendgrid.net"},
        "dkim1": {"valid": True, "host": "s1._domainkey.mail.example.org", "data": "s1.domainkey.u1.wl.sendgrid.net"},
        "dkim2": {"valid": True, "host": "s2._domainkey.mail.example.org", "data": "s2.domainkey.u1.wl.sendgrid.net"},
    },
}


def inquiries() -> list[Inquiry]:
    return list(provider(OPTIONS, lambda _: Failure("no", "not called")).inquiries(domain="mail.example.org"))


def verdicts(path: str, reply: Reply | Failure) -> list[Verdict]:
    (inquiry,) = [each for each in inquiries() if path in each.request.url]
    return list(inquiry.judge(reply))


def answer(document: object, *, status: int = 200) -> Reply:
    return Reply(status=status, url="https://api.sendgrid.com", headers={}, body=json.dumps(document).encode())


def test_what_is_asked_changes_nothing() -> None:
    """Five questions, with the key where it belongs and no address of a person."""
    asked = [each.request for each in inquiries()]

    assert [(request.method, request.url.removeprefix("https://api.sendgrid.com/v3/")) for request in asked] == [
        ("GET", "scopes"),
        ("GET", "whitelabel/domains?domain=mail.example.org"),
        ("GET", "tracking_settings/open"),
        ("GET", "tracking_settings/click"),
        ("GET", "user/webhooks/event/settings/all"),
    ]
    assert all(request.headers["Authorization"] == f"Bearer {OPTIONS['api_key']}" for request in asked)


@pytest.mark.parametrize(
    ("path", "document", "level", "words"),
    [
        ("scopes", {"scopes": ["mail.send", "stats.read"]}, "good", "may send"),
        ("scopes", {"scopes": ["stats.read"]}, "bad", "mail.send"),
        ("scopes", {"scopes": 3}, "warning", "without telling"),
        ("domains", [DOMAIN], "good", "is authenticated"),
        ("domains", [DOMAIN | {"valid": False}], "bad", "DNS"),
        ("domains", [DOMAIN | {"domain": "example.org"}, 3], "bad", "not authenticated"),
        ("domains", [], "bad", "not authenticated"),
        ("domains", {}, "warning", "without telling"),
        ("settings/open", {"enabled": False}, "good", "does not track opens"),
        ("settings/open", {"enabled": True}, "warning", "tracks opens"),
        ("settings/click", {"enabled": False, "enable_text": False}, "good", "does not track links"),
        ("settings/click", {"enabled": True, "enable_text": False}, "warning", "tracks links"),
        ("settings/click", {"enabled": "no"}, "warning", "without telling"),
        ("webhooks", {"webhooks": [{}, HOOK]}, "good", "tells what becomes"),
        ("webhooks", {"webhooks": [HOOK | {"url": "https://digest.example.org/hooks/sendgrid/"}]}, "good", "tells"),
        ("webhooks", {"webhooks": [HOOK | {"deferred": False}]}, "warning", "deferred"),
        ("webhooks", {"webhooks": [HOOK | {"open": True}]}, "warning", "opens"),
        ("webhooks", {"webhooks": [HOOK | {"public_key": ""}]}, "bad", "not signed"),
        ("webhooks", {"webhooks": [HOOK | {"public_key": "AAAA"}]}, "bad", "another key"),
        ("webhooks", {"webhooks": [HOOK | {"enabled": False}]}, "warning", "no webhook"),
        ("webhooks", {"webhooks": [HOOK | {"url": "https://digest.example.org/"}]}, "warning", "no webhook"),
        ("webhooks", {"webhooks": [HOOK | {"url": "https://[/hooks/sendgrid"}, 3]}, "warning", "no webhook"),
        ("webhooks", {"webhooks": 3}, "warning", "without telling"),
    ],
)
def test_an_answer_is_judged(path: str, document: object, level: str, words: str) -> None:
    """One line each, that says what to do; nothing of the webhook's address but its path is told."""
    (verdict,) = verdicts(path, answer(document))

    assert (verdict.level, words in verdict.sentence) == (level, True), verdict.sentence
    assert "secret" not in verdict.sentence


@pytest.mark.parametrize("dns", [DOMAIN["dns"], list(DOMAIN["dns"]), 3, None, {"dkim1": 3}])
def test_the_selectors_are_told(dns: object) -> None:
    """As far as the answer tells any."""
    (verdict,) = verdicts("domains", answer([DOMAIN | {"dns": dns}]))

    assert verdict.selectors == (("s1", "s2") if dns == DOMAIN["dns"] else ())


@pytest.mark.parametrize("path", ["scopes", "domains", "settings/open", "settings/click", "webhooks"])
@pytest.mark.parametrize(
    ("reply", "level", "words"),
    [
        (Failure("no", "no connection"), "warning", "no connection"),
        (answer({}, status=401), "bad", "api_key"),
        (answer({}, status=500), "warning", "500"),
        (Reply(status=200, url="", headers={}, body=b"<html>"), "warning", "without telling"),
    ],
    ids=["failure", "401", "500", "a page"],
)
def test_no_answer_is_judged_as_what_it_is(path: str, reply: Reply | Failure, level: str, words: str) -> None:
    """A key that does not work is bad, everything else is a warning."""
    (verdict,) = verdicts(path, reply)

    assert (verdict.level, words in verdict.sentence) == (level, True), verdict.sentence
    assert OPTIONS["api_key"] not in verdict.sentence


def test_a_key_that_may_not_look_is_enough_to_send() -> None:
    """Only where it may not even tell what it may, it is bad."""
    refused = answer({}, status=403)

    assert [verdicts(path, refused)[0].level for path in ("scopes", "domains", "webhooks")] == [
        "bad",
        "warning",
        "warning",
    ]
