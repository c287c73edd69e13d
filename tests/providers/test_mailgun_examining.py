"""Mailgun's account: what is asked, and how answers are judged."""

from __future__ import annotations

import copy
import json

import pytest
from tests.providers.test_mailgun import OPTIONS, answer, call_of
from tests.sinks.mailgun import DOMAIN, service

from msdigest.ports import Failure, Verdict
from msdigest.providers.mailgun.sending import MailgunProvider

KEYED = OPTIONS | {"webhook_key": "signing-key"}


def asking(*, domain=DOMAIN, options=KEYED):
    ours = MailgunProvider(options, lambda _: Failure("no", "not called in these tests"))
    return {each.subject: each for each in ours.inquiries(domain=domain)}


def judged(subject, change=lambda _: None, **more):
    """Judge what the service answers after a ``change`` of it."""
    fake, inquiry = service(), asking(**more)[subject]
    fake.account = copy.deepcopy(fake.account)
    call = call_of(inquiry.request)
    change(fake.account[call.path])
    return list(inquiry.judge(answer(200, json.loads(fake.answer(call).body))))


def levels(verdicts):
    return [(each.subject, each.level) for each in verdicts]


def test_an_account_as_it_should_be() -> None:
    """All is good, and the names of the keys are known."""
    verdicts = [each for subject in asking() for each in judged(subject)]

    assert levels(verdicts) == [
        ("credentials", "good"), ("domain", "good"), ("dns", "good"), ("tracking", "good"), ("webhook", "good"),
    ]  # fmt: skip
    assert [each.selectors for each in verdicts if each.selectors] == [["pdk1", "pdk2"]]


@pytest.mark.parametrize(
    ("change", "level"),
    [
        pytest.param({"state": "unverified"}, "bad", id="not verified"),
        pytest.param({"state": "disabled"}, "bad", id="disabled"),
        pytest.param({"is_disabled": True}, "bad", id="disabled, told otherwise"),
        pytest.param({"type": "sandbox"}, "bad", id="sandbox"),
        pytest.param({"state": None}, "bad", id="nothing is told"),
    ],
)
def test_domains(change: dict[str, object], level: str) -> None:
    """A domain that cannot send is bad."""
    assert ("domain", level) in levels(judged("credentials", lambda said: said["domain"].update(change)))


@pytest.mark.parametrize(
    ("domain", "warned"),
    [(DOMAIN, False), ("example.org", False), (f"news.{DOMAIN}", False), ("example.net", True), ("ample.org", True)],
)
def test_senders_of_another_domain(domain: str, warned: bool) -> None:
    """What is signed for another name than it is sent from is told."""
    assert (("domain", "warning") in levels(judged("credentials", domain=domain))) is warned


def test_records_that_mailgun_does_not_find() -> None:
    """They are counted; the names of keys are known all the same."""
    (verdict,) = judged("credentials", lambda said: said["sending_dns_records"][0].update(valid="unknown"))[2:]

    assert (verdict.level, verdict.selectors) == ("warning", ["pdk1", "pdk2"])


@pytest.mark.parametrize("records", [None, [], {}, [None, 7]])
def test_records_that_are_not_told(records: object) -> None:
    """Then nothing is said of them."""
    found = judged("credentials", lambda said: said.update(sending_dns_records=records))

    assert levels(found) == [("credentials", "good"), ("domain", "good")]


@pytest.mark.parametrize("what", ["open", "click", "unsubscribe"])
def test_tracking_of_the_domain(what: str) -> None:
    """It is a warning: each message switches it off."""
    (verdict,) = judged("tracking", lambda said: said["tracking"][what].update(active=True))

    assert (verdict.level, what in verdict.sentence) == ("warning", True)


def test_tracking_that_is_not_told() -> None:
    """What is not told to be off may be on."""
    assert levels(judged("tracking", lambda said: said.update(tracking=None))) == [("tracking", "warning")]


@pytest.mark.parametrize(
    ("hooks", "level", "said"),
    [
        pytest.param({}, "warning", "no webhook of the domain", id="none"),
        pytest.param(None, "warning", "no webhook of the domain", id="nothing is told"),
        pytest.param({"delivered": {"urls": ["https://x.example/hooks/mailgun/"]}}, "warning", "accepted", id="some"),
        pytest.param(
            {"delivered": {"urls": ["https://x.example/other", "https://[bad", 7]}},
            "warning",
            "no webhook",
            id="others",
        ),
        pytest.param({"delivered": {"urls": None}, "accepted": None}, "warning", "no webhook", id="nonsense"),
    ],
)
def test_webhooks(hooks: object, level: str, said: str) -> None:
    """All that is told about delivery should lead here."""
    (verdict,) = judged("webhook", lambda answered: answered.update(webhooks=hooks))

    assert (verdict.level, said in verdict.sentence) == (level, True)


def test_a_webhook_without_a_key() -> None:
    """Its calls would all be refused."""
    assert levels(judged("webhook", options=OPTIONS)) == [("webhook", "bad")]


@pytest.mark.parametrize("subject", ["credentials", "tracking", "webhook"])
@pytest.mark.parametrize(
    ("reply", "level"),
    [
        pytest.param(answer(401, {"message": "Forbidden"}), "bad", id="401"),
        pytest.param(answer(403, {}), "bad", id="403"),
        pytest.param(answer(500, {}), "warning", id="500"),
        pytest.param(answer(200, b"<html>"), "warning", id="no JSON"),
        pytest.param(answer(200, [1]), "warning", id="an array"),
        pytest.param(Failure("no", "could not connect"), "warning", id="no answer"),
    ],
)
def test_answers_that_tell_nothing(subject: str, reply: object, level: str) -> None:
    """The key is refused, or nobody knows."""
    verdicts = list(asking()[subject].judge(reply))

    assert levels(verdicts) == [(subject, level)]
    assert OPTIONS["api_key"] not in str(verdicts)


def test_a_domain_that_the_account_has_not() -> None:
    """It is another name, or the other region."""
    assert levels(asking()["credentials"].judge(answer(404, {"message": "Domain not found"}))) == [("domain", "bad")]


def test_nonsense_in_every_place_is_survived() -> None:
    """Whatever stands where an object should."""
    for inquiry in asking().values():
        for nonsense in (None, 7, "x", [], [None]):
            told = dict.fromkeys(("domain", "sending_dns_records", "tracking", "webhooks"), nonsense)
            assert all(isinstance(each, Verdict) for each in inquiry.judge(answer(200, told)))
