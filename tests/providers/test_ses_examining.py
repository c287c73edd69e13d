"""SES's account: what is asked, and what the answers say about it."""

from __future__ import annotations

import json

import pytest
from tests.sinks.ses import OPTIONS, TOPIC

from msdigest.ports import Failure, Inquiry, Reply, Verdict
from msdigest.providers.ses.sending import provider

ACCOUNT = {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}
DKIM = {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": ["aaa", "bbb", "ccc"]}
IDENTITY = {"IdentityType": "DOMAIN", "VerifiedForSendingStatus": True, "DkimAttributes": DKIM}
KINDS = ["SEND", "DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"]
SNS = {"Name": "a", "Enabled": True, "MatchingEventTypes": KINDS, "SnsDestination": {"TopicArn": TOPIC}}
GOOD_SET, GOOD_TRACKING = ("good", "tells the topic"), ("good", "no events of opens")


def inquiries(**more: str | None) -> list[Inquiry]:
    options = {name: value for name, value in (OPTIONS | more).items() if value is not None}
    return list(provider(options, lambda _: Failure("no", "not called")).inquiries(domain="mail.example.org"))


def verdicts(subject: str, reply: Reply | Failure, **more: str | None) -> list[Verdict]:
    (inquiry,) = [each for each in inquiries(**more) if each.subject == subject]
    return list(inquiry.judge(reply))


def answer(document: object, *, status: int = 200, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, url="https://h.example", headers=names, body=json.dumps(document).encode())


def destinations(*each: object) -> dict[str, object]:
    return {"EventDestinations": list(each)}


def test_what_is_asked_changes_nothing() -> None:
    """Four questions, two without a configuration set; none is signed before it is carried."""
    base = "https://email.eu-west-1.amazonaws.com/v2/email/"
    asked = [each.request for each in inquiries(configuration_set="our set/x")]

    assert [(request.method, request.url.removeprefix(base)) for request in asked] == [
        ("GET", "account"),
        ("GET", "identities/mail.example.org"),
        ("GET", "configuration-sets/our%20set%2Fx"),
        ("GET", "configuration-sets/our%20set%2Fx/event-destinations"),
    ]
    assert [request.headers for request in asked] == [{}] * 4
    assert len(inquiries(configuration_set=None)) == 2


@pytest.mark.parametrize(
    ("subject", "document", "told"),
    [
        ("credentials", ACCOUNT, [("good", "may send")]),
        ("credentials", ACCOUNT | {"ProductionAccessEnabled": False}, [("bad", "sandbox")]),
        ("credentials", ACCOUNT | {"SendingEnabled": False}, [("bad", "may not send")]),
        ("credentials", ACCOUNT | {"EnforcementStatus": "SHUTDOWN"}, [("bad", "may not send")]),
        ("credentials", ACCOUNT | {"EnforcementStatus": "PROBATION"}, [("warning", "under review")]),
        ("domain", IDENTITY, [("good", "signs for mail.example.org")]),
        ("domain", IDENTITY | {"VerifiedForSendingStatus": False}, [("bad", "not verified")]),
        ("domain", IDENTITY | {"DkimAttributes": DKIM | {"Status": "PENDING"}}, [("bad", "DKIM")]),
        ("domain", IDENTITY | {"DkimAttributes": DKIM | {"SigningEnabled": False}}, [("bad", "DKIM")]),
        ("domain", IDENTITY | {"DkimAttributes": 3}, [("bad", "DKIM")]),
        ("configuration set", {"SendingOptions": {"SendingEnabled": True}}, [("good", "may be used")]),
        ("configuration set", {"ConfigurationSetName": "digests"}, [("good", "may be used")]),
        ("configuration set", {"SendingOptions": {"SendingEnabled": False}}, [("bad", "switched off")]),
        ("webhook", destinations(SNS), [GOOD_SET, GOOD_TRACKING]),
        ("webhook", destinations(SNS | {"MatchingEventTypes": KINDS[1:]}), [("warning", "SEND"), GOOD_TRACKING]),
        (
            "webhook",
            destinations(SNS, {"Enabled": True, "MatchingEventTypes": ["OPEN"], "CloudWatchDestination": {}}),
            [GOOD_SET, ("warning", "opens or clicks")],
        ),
        (
            "webhook",
            destinations(SNS | {"MatchingEventTypes": [*KINDS, "CLICK"]}),
            [GOOD_SET, ("warning", "opens or clicks")],
        ),
        ("webhook", destinations(SNS | {"Enabled": False}), [("warning", "no events"), GOOD_TRACKING]),
        (
            "webhook",
            destinations(SNS | {"SnsDestination": {"TopicArn": TOPIC + "2"}}),
            [("warning", "no events"), GOOD_TRACKING],
        ),
        (
            "webhook",
            destinations(3, SNS | {"SnsDestination": 3}, SNS | {"MatchingEventTypes": 3}),
            [("warning", "no events"), GOOD_TRACKING],
        ),
        ("webhook", {"EventDestinations": 3}, [("warning", "no events"), GOOD_TRACKING]),
    ],
)
def test_an_answer_is_judged(subject: str, document: object, told: list[tuple[str, str]]) -> None:
    """One line each, that says what to do."""
    found = verdicts(subject, answer(document))

    assert [(verdict.level, words in verdict.sentence) for verdict, (_, words) in zip(found, told, strict=True)] == [
        (level, True) for level, _ in told
    ], found


@pytest.mark.parametrize(
    ("tokens", "selectors"), [(["aaa", "bbb", "ccc"], ("aaa", "bbb", "ccc")), ([3, "a"], ("a",)), (3, ()), (None, ())]
)
def test_the_selectors_are_told(tokens: object, selectors: tuple[str, ...]) -> None:
    """As far as the answer tells any."""
    (verdict,) = verdicts("domain", answer(IDENTITY | {"DkimAttributes": DKIM | {"Tokens": tokens}}))

    assert verdict.selectors == selectors


def test_without_a_configuration_set_or_topic_nothing_tells_what_becomes_of_messages() -> None:
    """Both are said."""
    without_set = verdicts("credentials", answer(ACCOUNT), configuration_set=None)
    without_topic = verdicts("webhook", answer(destinations(SNS)), topic=None)

    assert [(each.subject, each.level) for each in without_set] == [("credentials", "good"), ("webhook", "warning")]
    assert without_topic[0].level == "warning"


@pytest.mark.parametrize("subject", ["credentials", "domain", "configuration set", "webhook"])
@pytest.mark.parametrize(
    ("reply", "level", "words"),
    [
        (Failure("no", "no connection"), "warning", "no connection"),
        (answer({}, status=403, x_amzn_errortype="InvalidSignatureException:http://x/"), "bad", "refuses the keys"),
        (answer({}, status=403, x_amzn_errortype="AccessDeniedException"), "warning", "may not read"),
        (answer({}, status=500), "warning", "500"),
        (answer([]), "warning", "without telling"),
        (Reply(status=200, url="", headers={}, body=b"<html>"), "warning", "without telling"),
    ],
    ids=["failure", "signature", "rights", "500", "an array", "a page"],
)
def test_no_answer_is_judged_as_what_it_is(subject: str, reply: Reply | Failure, level: str, words: str) -> None:
    """Keys that do not work are bad, everything else is a warning."""
    (verdict,) = verdicts(subject, reply)

    assert (verdict.level, words in verdict.sentence) == (level, True), verdict.sentence
    assert OPTIONS["secret_key"] not in verdict.sentence


@pytest.mark.parametrize(
    ("subject", "level"), [("domain", "warning"), ("configuration set", "bad"), ("credentials", "warning")]
)
def test_what_is_not_there_is_said(subject: str, level: str) -> None:
    """A domain may be covered by one above it; a configuration set may not."""
    assert [each.level for each in verdicts(subject, answer({"message": "none"}, status=404))] == [level]
