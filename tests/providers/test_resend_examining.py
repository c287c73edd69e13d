"""Resend's account: what is asked, and how answers are judged."""

from __future__ import annotations

import copy

import pytest
from tests.providers.test_resend import OPTIONS, answer, call_of, error
from tests.sinks.resend import service

from msdigest.ports import Failure, Verdict
from msdigest.providers.resend.sending import ResendProvider

DOMAIN = "mail.example.org"


def asking(*, domain=DOMAIN, options=OPTIONS):
    ours = ResendProvider(options, lambda _: Failure("no", "not called in these tests"))
    return {each.subject: each for each in ours.inquiries(domain=domain)}


def judged(subject, change=lambda _: None, **more):
    """Judge what the service answers after a ``change`` of it."""
    fake, inquiry = service(), asking(**more)[subject]
    fake.account = copy.deepcopy(fake.account)
    call = call_of(inquiry.request)
    change(fake.account[call.path])
    return list(inquiry.judge(answer(200, fake.answer(call).document)))


def levels(verdicts):
    return [(each.subject, each.level) for each in verdicts]


def first(**changes):
    """Change the first of a list."""
    return lambda said: said["data"][0].update(changes)


def test_an_account_as_it_should_be() -> None:
    """All is good."""
    verdicts = [each for subject in asking() for each in judged(subject)]

    assert levels(verdicts) == [
        ("credentials", "good"), ("domain", "good"), ("tracking", "good"), ("webhook", "good"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "level"),
    [
        pytest.param(first(status="pending"), "bad", id="not verified"),
        pytest.param(first(status="partially_failed"), "bad", id="partly"),
        pytest.param(first(status=None), "bad", id="nothing is told"),
        pytest.param(first(capabilities={"sending": "disabled"}), "bad", id="sending is off"),
        pytest.param(first(capabilities=None), "good", id="an older answer"),
        pytest.param(first(name="example.org"), "bad", id="another domain"),
        pytest.param(lambda said: said.update(data=[]), "bad", id="no domain"),
        pytest.param(lambda said: said.update(data=[None, 7], has_more=True), "warning", id="more than one page"),
    ],
)
def test_domains(change, level: str) -> None:
    """The sender's domain has to be verified as it is."""
    assert levels(judged("credentials", change))[:2] == [("credentials", "good"), ("domain", level)]


@pytest.mark.parametrize(
    ("change", "level"),
    [
        pytest.param(first(open_tracking=True), "bad", id="opens"),
        pytest.param(first(click_tracking=True), "bad", id="clicks"),
        pytest.param(first(open_tracking=None), "warning", id="not told"),
    ],
)
def test_tracking(change, level: str) -> None:
    """It is bad: no message can switch it off."""
    assert levels(judged("credentials", change))[2:] == [("tracking", level)]


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        pytest.param(lambda said: said.update(data=[]), "warning", "no webhook", id="none"),
        pytest.param(first(endpoint="https://x.example/other"), "warning", "no webhook", id="another"),
        pytest.param(first(endpoint="https://[x"), "warning", "no webhook", id="no address"),
        pytest.param(first(endpoint=None), "warning", "no webhook", id="nothing is told"),
        pytest.param(first(status="disabled"), "warning", "is off", id="off"),
        pytest.param(first(events=["email.sent", 7]), "warning", "email.bounced", id="some events"),
        pytest.param(first(events=None), "warning", "email.sent", id="no events"),
        pytest.param(first(endpoint="https://y.example/hooks/resend/"), "good", "", id="another host"),
    ],
)
def test_webhooks(change, level: str, said: str) -> None:
    """All that is told about delivery should lead here."""
    (verdict,) = judged("webhook", change)

    assert (verdict.level, said in verdict.sentence) == (level, True)


def test_a_webhook_without_a_secret() -> None:
    """Its calls would all be refused."""
    assert levels(judged("webhook", options={"api_key": OPTIONS["api_key"]})) == [("webhook", "bad")]


@pytest.mark.parametrize("subject", ["credentials", "webhook"])
@pytest.mark.parametrize(
    ("reply", "level"),
    [
        pytest.param(error(401, "restricted_api_key"), "warning", id="may only send"),
        pytest.param(error(400, "validation_error", "API key is invalid"), "bad", id="400"),
        pytest.param(error(401, "missing_api_key"), "bad", id="401"),
        pytest.param(error(403, "invalid_api_key"), "bad", id="403"),
        pytest.param(error(500, "application_error"), "warning", id="500"),
        pytest.param(answer(200, b"<html>"), "warning", id="no JSON"),
        pytest.param(Failure("no", "could not connect"), "warning", id="no answer"),
    ],
)
def test_answers_that_tell_nothing(subject: str, reply: object, level: str) -> None:
    """The key is refused, or nobody knows."""
    verdicts = list(asking()[subject].judge(reply))

    assert levels(verdicts) == [(subject, level)]
    assert OPTIONS["api_key"] not in str(verdicts)


def test_nonsense_in_every_place_is_survived() -> None:
    """Whatever stands where a list should."""
    for inquiry in asking().values():
        for nonsense in (None, 7, "x", {}, [None, []]):
            assert all(isinstance(each, Verdict) for each in inquiry.judge(answer(200, {"data": nonsense})))
