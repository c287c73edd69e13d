"""What every provider is handed: everybody's message, nobody's data anywhere else, and the same bytes each time."""

from __future__ import annotations

import pytest
from tests.contracts.providers import ACCOUNTS, HOSTILE, PEOPLE, WORDS, person, personal, secrets_of, sent, shipment


@pytest.fixture(params=ACCOUNTS, ids=lambda each: each.name)
def account(request):
    """One provider of mail over HTTP."""
    return request.param


def test_the_service_accepts_hostile_values_and_finds_no_fault_of_ours(account) -> None:
    """Names, addresses and sources' words in which anything stands: all are sent, once, with nothing left to fill in."""
    with account.open() as (provider, engine):
        outcomes = sent(provider, shipment(provider, *HOSTILE, words=WORDS, subject=f"On {WORDS}"))

    assert engine.service.faults == []
    assert {each.state for each in outcomes} == {"accepted"}
    assert {address.casefold() for address in engine.accepted} == {each.address.casefold() for each in HOSTILE}
    assert set(engine.accepted.values()) == {1}


def test_the_same_shipment_is_the_same_bytes_and_another_attempt_is_not(account) -> None:
    """What is made again under one key is the same call; the attempt and each delivery stand in it."""
    provider, other = account.provider(), account.provider()
    one = provider.build(shipment(provider, *HOSTILE, words=WORDS))
    same, next_one = (
        other.build(shipment(other, *HOSTILE, words=WORDS)),
        other.build(shipment(other, *HOSTILE, attempt="b" * 32)),
    )

    assert (one.method, one.url, one.body) == (same.method, same.url, same.body)
    assert one.body != next_one.body
    assert b"a" * 32 in one.body
    assert b"b" * 32 in next_one.body
    assert all(each.delivery.encode() in one.body for each in HOSTILE)


def test_a_call_within_the_limits_keeps_to_them(account) -> None:
    """As many people as one call takes fit into it with a body of usual size."""
    provider = account.provider()
    people = [person(number) for number in range(1, provider.caps.max_recipients + 1)]
    parcel = shipment(provider, *people, words="word " * 2_000)

    assert provider.caps.max_bytes <= 10_000_000
    assert len(provider.build(parcel).body) <= provider.caps.max_bytes or not provider.caps.substitutes


def test_nobody_stands_where_others_look(account) -> None:
    """Addresses, names and tokens stand in the body alone; neither there nor anywhere is the digest's name a tag."""
    provider = account.provider()
    request = provider.build(shipment(provider, *PEOPLE))
    outside = f"{request.url} {sorted(request.headers.items())} {request!r}"
    body = request.body.replace(b"<weekly.mail.example.org>", b"").replace(
        b"\\u003cweekly.mail.example.org\\u003e", b""
    )

    assert not [word for word in personal(PEOPLE) if word in outside]
    assert b"weekly" not in body
    assert b"issue-7" in body


def test_secrets_stand_in_the_headers_alone(account) -> None:
    """Neither in an address nor in a body, nor where a provider or a request is printed."""
    provider = account.provider()
    request = provider.build(shipment(provider, *PEOPLE))
    printed = f"{request.url} {request!r} {provider!r}"

    assert not [word for word in secrets_of(account) if word in printed or word.encode() in request.body]
