"""What holds for every provider: one outcome a recipient, and nothing is tried again on a guess."""

from __future__ import annotations

import json

import pytest
from tests.contracts.providers import (
    ACCOUNTS,
    NONSENSE,
    PATIENCE,
    PEOPLE,
    SOON,
    mutations,
    personal,
    secrets_of,
    sent,
    shipment,
)
from tests.sinks.engine import ACTED, AMBIGUOUS, FAULTS, IDLE, full_pool

from msdigest.errors import ProviderError
from msdigest.fetch.client import HttpClient
from msdigest.model.delivery import Outcome
from msdigest.ports import Reply

STATES = {"accepted", "rejected", "unknown", "pending"}
MAYBE = {"pending", "unknown"}


@pytest.fixture(params=ACCOUNTS, ids=lambda each: each.name)
def account(request):
    """One provider of mail over HTTP."""
    return request.param


EXPECTED = {
    None: {"accepted"},
    IDLE: {"accepted"},
    "early_413": {"rejected"},
    # Whether all of a body was written before the connection broke is a race; nobody acted on it either way.
    "stops_reading": MAYBE,
    "closed_on_accept": MAYBE,
    "reset_in_body": MAYBE,
    "closed_at_reuse": MAYBE,
    "status_429": {"pending"},
    "status_503": {"unknown"},
}
BROKEN = [name for name in FAULTS if name != "status_401"]


@pytest.mark.parametrize("fault", [None, *BROKEN])
def test_a_broken_call_has_one_outcome_for_everybody(account, fault) -> None:
    """What may have been acted on is unknown, what surely was not is pending, and nobody is forgotten."""
    with account.open(plan={0: fault}.get) as (provider, engine):
        outcomes = sent(provider, shipment(provider, *PEOPLE))
    states = {each.state for each in outcomes}

    assert len(outcomes) == len(PEOPLE)
    assert len(states) == 1
    assert states <= EXPECTED.get(fault, {"unknown"})
    assert set(engine.accepted) == (
        {each.address for each in PEOPLE} if states == {"accepted"} or "acted" in str(fault) else set()
    )


def test_nothing_was_sent_where_nobody_listens(account) -> None:
    """Neither a closed port nor a pool without a free connection lets anything out."""
    with account.open(connections=1) as (_, engine):
        http = HttpClient(contact="e@example.org", site_url="https://example.org", version="0", connections=1)
        with http:
            closed = account.provider(lambda request: http.send(request, timeout=SOON), base_url=engine.closed_url)
            open_one = account.provider(lambda request: http.send(request, timeout=SOON), base_url=engine.base_url)
            outcomes = sent(closed, shipment(closed, *PEOPLE))
            with full_pool(http):
                outcomes += sent(open_one, shipment(open_one, *PEOPLE))

    assert {each.state for each in outcomes} == {"pending"}
    assert engine.sent_calls == 0


def test_it_says_when_to_come_back(account) -> None:
    """Too many requests: surely not sent, and the pause that was asked for is told."""
    with account.open(plan={0: "status_429"}.get) as (provider, _):
        outcomes = sent(provider, shipment(provider, *PEOPLE))

    assert [(each.state, each.retry_after) for each in outcomes] == [("pending", 7.0)] * len(PEOPLE)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_settings_are_an_error_without_the_secret(account, status) -> None:
    """A wrong key marks nobody as rejected; what to check is told, and no secret is."""
    provider = account.provider()
    parcel = shipment(provider, *PEOPLE)
    reply = Reply(status=status, url="https://api.example", headers={}, body=b'{"message": "p1@example.org may not"}')

    with pytest.raises(ProviderError, match=rf"\[providers\.{account.name}\]") as caught:
        provider.parse(reply, parcel)

    told = str(caught.value)
    assert not [word for word in (*secrets_of(account), *personal(PEOPLE)) if word in told]


def test_a_wrong_key_is_refused_by_the_service(account) -> None:
    """As the provider does it, not only as a status says."""
    with account.open() as (_, engine), HttpClient(contact="e@x.org", site_url="https://x.org", version="0") as http:
        wrong = dict.fromkeys(
            (name for name in account.secrets if name not in account.proofs and "webhook" not in name), "wrong-key"
        )
        provider = account.provider(
            lambda request: http.send(request, timeout=PATIENCE), base_url=engine.base_url, **wrong
        )

        with pytest.raises(ProviderError) as caught:
            sent(provider, shipment(provider, *PEOPLE))

    assert "wrong-key" not in str(caught.value)
    assert not engine.accepted


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: repr(body[:20]))
def test_an_answer_that_makes_no_sense_settles_nobody(account, body) -> None:
    """Whatever stands in it: a success says nothing about whom, a server's error nothing about what it did before."""
    provider = account.provider()
    parcel = shipment(provider, *PEOPLE)
    for status in (200, 201, 202, 204, 301, 500, 502, 503, 504, 520):
        outcomes = provider.parse(Reply(status=status, url="https://api.example", headers={}, body=body), parcel)
        states = {each.state for each in outcomes}

        assert len(outcomes) == len(PEOPLE)
        assert states == {"unknown"} or (account.wordless and status == 202 and states == {"accepted"})


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 418, 421, 422, 451, 499])
def test_every_refusal_is_an_outcome_for_everybody_or_refused_settings(account, status) -> None:
    """Nobody counts as having got it, and no other error comes out."""
    provider = account.provider()
    parcel = shipment(provider, *PEOPLE)
    for body in (*NONSENSE, json.dumps({"message": "no p1@example.org", "errors": [{"message": "no"}]}).encode()):
        try:
            outcomes = provider.parse(Reply(status=status, url="https://api.example", headers={}, body=body), parcel)
        except ProviderError as error:
            outcomes = [Outcome("pending", reason=str(error))] * len(PEOPLE)

        assert len(outcomes) == len(PEOPLE)
        assert {each.state for each in outcomes} <= STATES - {"accepted"}
        assert not [each for each in outcomes if "p1@" in (each.reason or "")]


def test_an_answer_with_one_wrong_value_settles_only_whom_it_names(account) -> None:
    """Each value of a genuine answer in turn is something that nobody promised."""
    with account.open() as (provider, _):
        parcel = shipment(provider, *PEOPLE)
        reply = provider.carry(provider.build(parcel))
    genuine = json.loads(reply.body or b"null")
    for document in mutations(genuine):
        body = json.dumps(document).encode()
        changed = Reply(status=reply.status, url=reply.url, headers=reply.headers, body=body)
        try:
            outcomes = provider.parse(changed, parcel)
        except ProviderError:
            continue

        assert len(outcomes) == len(PEOPLE)
        # Pending would be sent again, and everybody had got it.
        assert {each.state for each in outcomes} <= STATES - {"pending"}


def test_each_message_id_is_the_recipients_own_or_the_calls(account) -> None:
    """Outcomes come in the order of the recipients."""
    with account.open() as (provider, _):
        outcomes = sent(provider, shipment(provider, *PEOPLE))
        again = sent(provider, shipment(provider, *PEOPLE, attempt="b" * 32))

    assert [each.state for each in (*outcomes, *again)] == ["accepted"] * 2 * len(PEOPLE)
    assert len({each.provider_id for each in outcomes}) in {1, len(PEOPLE)}
    assert account.wordless or not {each.provider_id for each in outcomes} & {each.provider_id for each in again}


def test_one_bad_address_hurts_itself_or_is_found_by_halving(account) -> None:
    """Either it alone is rejected, or the whole call is and nobody got anything."""
    with account.open() as (provider, engine):
        engine.service.bad.add(PEOPLE[2].address)
        outcomes = sent(provider, shipment(provider, *PEOPLE))
    states = [each.state for each in outcomes]
    alone = ["accepted", "accepted", "rejected", "accepted", "accepted"]

    assert states == (["rejected"] * 5 if states[0] == "rejected" else alone)
    assert set(engine.accepted) == {
        each.address for each, state in zip(PEOPLE, states, strict=True) if state == "accepted"
    }
    assert not [each.reason for each in outcomes if PEOPLE[2].address in (each.reason or "")]


def test_what_it_takes_only_once_is_sent_once(account) -> None:
    """The very same call again, and a third time: one message each, and everybody is accepted again."""
    with account.open() as (provider, engine):
        parcel = shipment(provider, *PEOPLE)
        outcomes = [sent(provider, parcel) for _ in range(3)]
        times = {1} if provider.caps.repeats else {3}

        assert set(engine.accepted.values()) == times
        assert {each.state for some in outcomes for each in some} == {"accepted"}


def test_another_attempt_is_another_call(account) -> None:
    """To the same people with the same words: an editor decided to send it again."""
    with account.open() as (provider, engine):
        sent(provider, shipment(provider, *PEOPLE))
        outcomes = sent(provider, shipment(provider, *PEOPLE, attempt="b" * 32))

    assert {each.state for each in outcomes} == {"accepted"}
    assert set(engine.accepted.values()) == {2}


@pytest.mark.parametrize("name", [each.name for each in ACCOUNTS if each.provider().caps.repeats])
@pytest.mark.parametrize("fault", [name + ACTED for name in AMBIGUOUS])
def test_a_call_in_doubt_made_again_where_that_is_safe_is_sent_once(name, fault) -> None:
    """After any fault: everybody is accepted then, and got one message."""
    account = next(each for each in ACCOUNTS if each.name == name)
    with account.open(plan={0: fault}.get) as (provider, engine):
        parcel = shipment(provider, *PEOPLE)
        first, second = sent(provider, parcel), sent(provider, parcel)

    assert {each.state for each in first} == {"unknown"}
    assert {each.state for each in second} == {"accepted"}
    assert set(engine.accepted.values()) == {1}
