"""What holds for every provider: one outcome a recipient, nothing tried again on a guess, nobody's data anywhere else."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from hashlib import sha256

import pytest
from tests.contracts.providers import ACCOUNTS, HOSTILE, NOW, PATIENCE, SOON, WORDS, mutations, person, shipment
from tests.sinks.engine import ACTED, AMBIGUOUS, FAULTS, IDLE, full_pool
from tests.sinks.smtp import OPTIONS, SmtpSink

from msdigest.errors import ProviderError
from msdigest.fetch.client import HttpClient
from msdigest.model.delivery import Doubt, Found, Outcome
from msdigest.ports import Failure, Reply, Searchable
from msdigest.providers.fake import FakeProvider
from msdigest.providers.file import FileProvider
from msdigest.providers.smtp.sending import provider as smtp_provider

PEOPLE = [person(number) for number in range(1, 6)]
NONSENSE = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"<html>502</html>",
    b'"x"',
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"id": 5, "data": 7}',
    b"[null]",
    b"1e999",
)
STATES = {"accepted", "rejected", "unknown", "pending"}
MAYBE = {"pending", "unknown"}


@pytest.fixture(params=ACCOUNTS, ids=lambda each: each.name)
def account(request):
    """One provider of mail over HTTP."""
    return request.param


def sent(provider, parcel):
    """Hand a shipment over and return its outcomes."""
    return provider.parse(provider.carry(provider.build(parcel)), parcel)


def secrets_of(account):
    return [str(account.sink.OPTIONS[name]) for name in account.secrets]


def personal(people):
    return [word for each in people for word in (each.address, each.leave_url, each.leave_url.rpartition("/")[2])]


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
        assert {each.state for each in outcomes} <= STATES


def test_the_service_accepts_hostile_values_and_finds_no_fault_of_ours(account) -> None:
    """Names, addresses and sources' words in which anything stands: all are sent, once, with nothing left to fill in."""
    with account.open() as (provider, engine):
        outcomes = sent(provider, shipment(provider, *HOSTILE, words=WORDS, subject=f"On {WORDS}"))

    assert engine.service.faults == []
    assert {each.state for each in outcomes} == {"accepted"}
    assert {address.casefold() for address in engine.accepted} == {each.address.casefold() for each in HOSTILE}
    assert set(engine.accepted.values()) == {1}


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


def test_providers_without_http_give_one_outcome_each_in_order(other) -> None:
    """Everybody is accepted; where a message has a name, it is its own."""
    outcomes = sent(other, shipment(other, *PEOPLE))
    ids = [each.provider_id for each in outcomes]

    assert [each.state for each in outcomes] == ["accepted"] * len(PEOPLE)
    assert len(set(ids)) == len(PEOPLE) or set(ids) == {None}


def test_providers_without_http_take_hostile_values(other) -> None:
    """All of them, at once."""
    outcomes = sent(other, shipment(other, *HOSTILE, words=WORDS, subject=f"On {WORDS}"))

    assert [each.state for each in outcomes] == ["accepted"] * len(HOSTILE)


def test_providers_without_http_write_the_same_bytes(other) -> None:
    """As every other one; nobody stands in what is printed of it."""
    one, same = (other.build(shipment(other, *HOSTILE, words=WORDS)) for _ in range(2))

    assert one == same
    assert not [word for word in personal(HOSTILE) if word in repr(one)]


def test_providers_without_http_forget_nobody_when_they_fail(other) -> None:
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
