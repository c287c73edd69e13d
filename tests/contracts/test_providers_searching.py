"""What holds for every provider that can be asked what it took."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from tests.contracts.providers import (
    ACCOUNTS,
    NONSENSE,
    NOW,
    PEOPLE,
    mutations,
    person,
    personal,
    secrets_of,
    sent,
    shipment,
)
from tests.sinks.engine import ACTED

from msdigest.errors import ProviderError
from msdigest.model.delivery import Doubt, Found
from msdigest.ports import Failure, Reply, Searchable


def asked(provider, doubt):
    """Ask for page after page; return (accepted, trouble)."""
    accepted, page = {}, ""
    for _ in range(20):
        found = provider.found(provider.carry(provider.search(doubt, page=page)), doubt)
        accepted |= found.accepted
        page = found.more
        if not page or found.trouble:
            return accepted, found.trouble
    raise AssertionError("the search never ends")


# A provider may be told fewer names than there are attempts: this one shares the first two digits of its hash.
NEIGHBOUR = next(
    f"{number:032x}"
    for number in range(100_000)
    if sha256(f"{number:032x}".encode()).digest()[0] == sha256(b"a" * 32).digest()[0]
)


def doubt_about(people, attempt="a" * 32):
    return Doubt(issue=7, attempt=attempt, started_at=NOW, recipients=people)


@pytest.fixture(params=[each for each in ACCOUNTS if each.provider().caps.remembers], ids=lambda each: each.name)
def searched(request):
    """One provider that can be asked what it took."""
    return request.param


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda each: each.name)
def test_whoever_remembers_can_be_asked(account) -> None:
    """What a provider says of itself is what it can do."""
    provider = account.provider()

    assert isinstance(provider, Searchable) or provider.caps.remembers is None


def test_a_search_finds_what_was_accepted_and_nothing_else(searched) -> None:
    """Of this attempt, not of another one to the same people; it sends nothing."""
    strangers = [person(number) for number in range(11, 14)]
    with searched.open() as (provider, engine):
        sent(provider, shipment(provider, *PEOPLE))
        sent(provider, shipment(provider, *strangers, attempt="b" * 32))
        sends = engine.sent_calls
        accepted, trouble = asked(provider, doubt_about(PEOPLE))
        nothing = asked(provider, doubt_about(PEOPLE, NEIGHBOUR))
        others = asked(provider, doubt_about(PEOPLE, "b" * 32))

    assert (sorted(accepted), trouble) == (sorted(each.delivery for each in PEOPLE), None)
    assert nothing == ({}, None)
    # Where a call is taken as a whole, any message of it settles everybody in it.
    assert not others[0] or provider.caps.whole
    assert engine.sent_calls == sends
    assert engine.service.asked > 0


def test_a_search_after_a_fault_finds_only_what_was_acted_on(searched) -> None:
    """The answer was lost: whether something was sent is found out, not guessed."""
    for fault in ("read_then_close", "read_then_close acted", "garbage", "garbage acted"):
        with searched.open(plan={0: fault}.get) as (provider, _):
            sent(provider, shipment(provider, *PEOPLE))
            accepted, trouble = asked(provider, doubt_about(PEOPLE))

        assert trouble is None
        assert sorted(accepted) == (sorted(each.delivery for each in PEOPLE) if fault.endswith(ACTED) else [])


def test_a_search_names_nobody_where_others_look(searched) -> None:
    """No address, name or token stands in the address that is asked, and no secret does."""
    request = searched.provider().search(doubt_about(PEOPLE))
    seen = f"{request.url} {request!r}"

    assert not [word for word in (*personal(PEOPLE), *secrets_of(searched)) if word in seen]


def test_a_search_that_tells_nothing_settles_nobody(searched) -> None:
    """Failures, refusals and nonsense: trouble or nothing, never somebody accepted, and no other error."""
    provider = searched.provider()
    replies = [Failure("no", "no network"), Failure("maybe", "broke")]
    replies += [
        Reply(status=status, url="https://api.example", headers={}, body=body)
        for status in (200, 400, 401, 403, 404, 429, 500, 503)
        for body in NONSENSE
    ]
    for reply in replies:
        try:
            found = provider.found(reply, doubt_about(PEOPLE))
        except ProviderError as error:
            found = Found(trouble=str(error))

        assert not found.accepted
        assert found.trouble or reply.status == 200
        assert not [word for word in (*secrets_of(searched), *personal(PEOPLE)) if word in (found.trouble or "")]


def test_a_search_with_one_wrong_value_settles_only_whom_it_names(searched) -> None:
    """Each value of a genuine answer in turn is something that nobody promised."""
    with searched.open() as (provider, _):
        sent(provider, shipment(provider, *PEOPLE[:2]))
        reply = provider.carry(provider.search(doubt_about(PEOPLE[:2])))
        deliveries = {each.delivery for each in PEOPLE[:2]}
        for document in mutations(json.loads(reply.body)):
            found = provider.found(replace(reply, body=json.dumps(document).encode()), doubt_about(PEOPLE[:2]))

            assert set(found.accepted) <= deliveries
            assert all(name is None or isinstance(name, str) for name in found.accepted.values())
