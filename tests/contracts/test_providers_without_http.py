"""The contract of providers, as far as it fits those that do not speak HTTP: file, smtp and the fake."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext

import pytest
from tests.contracts.providers import HOSTILE, PEOPLE, WORDS, personal, sent, shipment
from tests.sinks.smtp import OPTIONS, SmtpSink

from msdigest.model.delivery import Outcome
from msdigest.ports import Failure
from msdigest.providers.fake import FakeProvider
from msdigest.providers.file import FileProvider
from msdigest.providers.smtp.sending import provider as smtp_provider


@contextmanager
def relayed(_folder):
    with (
        SmtpSink() as sink,
        closing(smtp_provider(OPTIONS | sink.options, lambda _: Failure("no", "not asked by HTTP"))) as provider,
    ):
        yield provider


OTHERS = {
    "file": lambda folder: nullcontext(FileProvider(folder)),
    "smtp": relayed,
    "fake": lambda _: nullcontext(FakeProvider()),
    "fake, whole messages": lambda _: nullcontext(FakeProvider(substitutes=False)),
}


@pytest.fixture(params=OTHERS.values(), ids=OTHERS)
def other(request, tmp_path):
    """A provider without HTTP."""
    with request.param(tmp_path / "outbox") as provider:
        yield provider


def test_they_give_one_outcome_each_in_order(other) -> None:
    """Everybody is accepted; where a message has a name, it is its own."""
    outcomes = sent(other, shipment(other, *PEOPLE))
    ids = [each.provider_id for each in outcomes]

    assert [each.state for each in outcomes] == ["accepted"] * len(PEOPLE)
    assert len(set(ids)) == len(PEOPLE) or set(ids) == {None}


def test_they_take_hostile_values(other) -> None:
    """All of them, at once."""
    outcomes = sent(other, shipment(other, *HOSTILE, words=WORDS, subject=f"On {WORDS}"))

    assert [each.state for each in outcomes] == ["accepted"] * len(HOSTILE)


def test_they_write_the_same_bytes(other) -> None:
    """As every other one; nobody stands in what is printed of it."""
    one, same = (other.build(shipment(other, *HOSTILE, words=WORDS)) for _ in range(2))

    assert one == same
    assert not [word for word in personal(HOSTILE) if word in repr(one)]


def test_they_forget_nobody_when_they_fail(other) -> None:
    """What was surely not sent is pending; an answer that is none marks nobody as having got it twice or never."""
    parcel = shipment(other, *PEOPLE)
    pending = [Outcome("pending", reason="it is not there")] * len(PEOPLE)

    assert other.parse(Failure("no", "it is not there"), parcel) == pending
    assert len(other.parse(Failure("maybe", "it broke off"), parcel)) == len(PEOPLE)


def test_in_doubt_nobody_is_tried_again_by_smtp() -> None:
    """A file that was written twice is one file; a message is not."""
    provider = smtp_provider({"host": "127.0.0.1", "security": "none"}, lambda _: Failure("no", "not asked by HTTP"))
    outcomes = provider.parse(Failure("maybe", "it broke off"), shipment(provider, *PEOPLE))

    assert {each.state for each in outcomes} == {"unknown"}
