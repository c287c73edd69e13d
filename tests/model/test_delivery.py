"""The account of an issue, and who is in a shipment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msdigest.model.delivery import AFTER_ACCEPTANCE, STATES, Account, Letter, Recipient, Shipment

ACCOUNT = Account(candidates=21, excluded=1, pending=2, in_flight=3, accepted=4, rejected=5, unknown=6)
LETTER = Letter(issue=7, sender="a@x.example", subject="S", list_id="l", html=[b"secret"], text=[b"secret"])
RECIPIENT = Recipient(
    subscriber="s1", delivery="d1", address="ada@x.example", name="Ada", leave_url="https://x.example/token",
    values={"greeting": "Hello Ada,"},
)  # fmt: skip


def test_an_account_is_closed_when_everybody_is_somewhere() -> None:
    """The parts add up to the candidates."""
    assert ACCOUNT.closed
    assert not replace(ACCOUNT, candidates=22).closed
    assert all(not replace(ACCOUNT, **{part: 0}).closed for part in ("excluded", "pending", "in_flight", "unknown"))


def test_each_state_is_told_once() -> None:
    """What comes after acceptance is the end of the row."""
    assert len(set(STATES)) == len(STATES) == 10
    assert STATES[-len(AFTER_ACCEPTANCE) :] == AFTER_ACCEPTANCE


def test_outcomes_come_in_the_order_of_the_recipients() -> None:
    """Letter by letter."""
    others = [replace(RECIPIENT, subscriber=f"s{number}") for number in (2, 3)]
    shipment = Shipment(attempt="a", parts=[(LETTER, [RECIPIENT]), (LETTER, others)])

    assert [recipient.subscriber for recipient in shipment.recipients] == ["s1", "s2", "s3"]


@pytest.mark.parametrize("told", [LETTER, RECIPIENT], ids=["letter", "recipient"])
def test_nothing_personal_is_told_by_accident(told) -> None:
    """Neither address nor name nor token nor a body stands in a log."""
    assert not any(word in repr(told) for word in ("ada@", "Ada", "token", "secret"))
