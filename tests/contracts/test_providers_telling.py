"""What holds for every provider that tells something: by webhook, and of the operator's account."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from tests.contracts.accounts import GOOD
from tests.contracts.providers import ACCOUNTS, NOW, mutations

from msdigest.errors import ForgedError, HookError, ProviderError, StaleError, UnreadableError
from msdigest.ports import Failure, Posted, Reply

# Kind of a sink's hook → what it is in our words, and whether the address will never take mail.
KINDS = {
    "accepted": ("accepted", False),
    "deferred": ("deferred", False),
    "delivered": ("delivered", False),
    "bounced": ("bounced", True),
    "soft": ("bounced", False),
    "complained": ("complained", False),
    "unsubscribed": ("unsubscribed", False),
    "rejected": ("rejected", False),
}
NEEDED = ("delivered", "bounced", "soft", "complained")
AT = NOW - timedelta(minutes=2)
ADDRESS, DELIVERY, ATTEMPT = "p1@example.org", "delivery0001", "a" * 32


@pytest.fixture(params=ACCOUNTS, ids=lambda each: each.name)
def account(request):
    """One provider of mail over HTTP."""
    return request.param


def call(account, kind="delivered", *, now=NOW, **more):
    """Make a genuine call."""
    told = {"address": ADDRESS, "issue": 7, "delivery": DELIVERY, "attempt": ATTEMPT, "at": AT, "provider_id": "id-1"}
    headers, body = account.sink.hook(kind, **(told | more), now=now)
    return Posted(headers={name.lower(): value for name, value in headers.items()}, body=body)


def kinds_of(account):
    """Return the kinds that a provider tells of."""
    found = []
    for kind in (*KINDS, "opened"):
        try:
            call(account, kind)
        except KeyError:
            continue
        found.append(kind)
    return found


def test_genuine_calls_are_taken_and_told_in_our_words(account) -> None:
    """Each kind that the provider has: whom it is about, when it was, and our own marks where it echoes them."""
    provider, kinds = account.provider(), kinds_of(account)

    assert set(NEEDED) <= set(kinds)
    for kind in KINDS.keys() & kinds:
        (event,) = provider.hear(call(account, kind), now=NOW).events

        assert (event.kind, event.permanent) == KINDS[kind]
        assert event.address.casefold() == ADDRESS
        assert abs(event.at - AT) < timedelta(seconds=1)
        assert (event.issue or 7, event.delivery or DELIVERY, event.attempt or ATTEMPT) == (7, DELIVERY, ATTEMPT)
        assert event.delivery or event.provider_id


def test_whether_somebody_opened_a_mail_is_dropped_unread(account) -> None:
    """The call is genuine, so it is no error; nothing is told of it."""
    kinds = kinds_of(account)

    assert "opened" in kinds
    assert list(account.provider().hear(call(account, "opened"), now=NOW).events) == []


def test_no_event_shows_anybody(account) -> None:
    """Neither where it is printed, nor in its reason; the mark of a call names nobody either."""
    for kind in KINDS.keys() & set(kinds_of(account)):
        heard = account.provider().hear(call(account, kind), now=NOW)

        assert ADDRESS not in f"{heard!r} {[each.reason for each in heard.events]} {heard.once}"


def test_a_call_has_a_mark_of_its_own(account) -> None:
    """A repetition has the same one, another call another one."""
    provider = account.provider()
    first, same = (provider.hear(call(account), now=NOW).once for _ in range(2))
    other = provider.hear(call(account, delivery="delivery0002", address="p2@example.org"), now=NOW).once

    assert first == same != other
    assert first
    assert other


def test_who_has_another_key_proves_nothing(account) -> None:
    """Nor does anybody where no key is set: an empty one opens nothing."""
    genuine = call(account)
    for name in account.proofs:
        for instead in ("other-" + str(account.sink.OPTIONS[name])[6:], "other", None):
            if instead is None and name == "webhook_user":
                continue
            provider = account.provider(**{name: instead})

            with pytest.raises(ForgedError):
                provider.hear(genuine, now=NOW)


def test_a_call_without_its_proof_is_refused(account) -> None:
    """Each header that proves something, left out or wrong; and no headers at all."""
    provider, genuine = account.provider(), call(account)
    needed = [name for name in genuine.headers if name not in {"content-type", "user-agent"}]
    forged = [{other: value for other, value in genuine.headers.items() if other != name} for name in needed]
    forged += [
        {**genuine.headers, name: value}
        for name in needed
        for value in ("", "x", genuine.headers[name] + "x", "é" * 20)
    ]
    for headers in forged if account.signs_in_headers else ():
        with pytest.raises((ForgedError, StaleError)):
            provider.hear(replace(genuine, headers=headers), now=NOW)
    with pytest.raises(HookError):
        provider.hear(Posted(headers={}, body=b"{}"), now=NOW)


def test_bytes_that_were_changed_prove_nothing_where_the_proof_covers_them(account) -> None:
    """Another address in the same call."""
    genuine = call(account)
    changed = replace(genuine, body=genuine.body.replace(b"p1@", b"p9@"))
    if account.covers_body:
        with pytest.raises(ForgedError):
            account.provider().hear(changed, now=NOW)

    assert changed.body != genuine.body


@pytest.mark.parametrize("apart", [timedelta(days=3), timedelta(days=-1)])
def test_a_call_of_another_time_is_stale(account, apart) -> None:
    """Where a call tells when it was made: one that was kept, or made for later, is refused."""
    genuine = call(account)
    if not account.dated:
        assert account.provider().hear(genuine, now=NOW + apart).events
        return
    with pytest.raises(HookError) as caught:
        account.provider().hear(genuine, now=NOW + apart)

    assert isinstance(caught.value, StaleError)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'"x"', b"[" * 100_000, b"\xff\xfe", b"{", b"[[]]", b"[null]", b"NaN"]
)
def test_a_body_that_makes_no_sense_is_refused_or_tells_nothing(account, body) -> None:
    """With the proof of a genuine call beside it: no other error comes out."""
    try:
        heard = account.provider().hear(replace(call(account), body=body), now=NOW)
    except (ForgedError, UnreadableError):
        return

    assert not heard.events


def test_one_wrong_value_in_a_call_is_refused_or_tells_something_of_the_right_shape(account) -> None:
    """Each value in turn is something that nobody promised; where the proof covers the body, it is forged."""
    genuine = call(account, "bounced")
    for document in mutations(json.loads(genuine.body)):
        try:
            heard = account.provider().hear(replace(genuine, body=json.dumps(document).encode()), now=NOW)
        except HookError:
            continue

        for event in heard.events:
            assert event.kind in {kind for kind, _ in KINDS.values()}
            assert isinstance(event.address, str)
            assert event.at.tzinfo is not None
            assert all(isinstance(word, str) for word in (event.delivery, event.attempt, event.reason or ""))
            assert isinstance(event.issue, int)


def inquiries(account, **more):
    return account.provider(**more).inquiries(domain="mail.example.org")


def secrets_of(account):
    return [str(account.sink.OPTIONS[name]) for name in account.secrets]


def test_inquiries_ask_and_change_nothing(account) -> None:
    """They are read-only calls to the provider, with no secret where somebody looks."""
    asked = inquiries(account)

    assert asked
    assert {each.request.method for each in asked} == {"GET"}
    assert {each.request.body for each in asked} == {b""}
    assert not [
        word for word in secrets_of(account) for each in asked if word in each.request.url or word in repr(each)
    ]


REPLIES = [
    Failure("no", "no network"),
    Failure("maybe", "it broke"),
    *(
        Reply(status=status, url="https://api.example", headers={}, body=body)
        for status in (200, 204, 301, 400, 401, 403, 404, 429, 500, 503)
        for body in (b"", b"null", b"[]", b"{}", b'{"data": 5}', b"[null, 5]", b"<html>", b"[" * 100_000, b"\xff")
    ),
]


def test_inquiries_judge_whatever_comes(account) -> None:
    """No answer, a refusal, nonsense: each a sentence, none of them "good", and nothing is raised."""
    for each in inquiries(account):
        for reply in REPLIES:
            verdicts = each.judge(reply)
            refused = isinstance(reply, Failure) or reply.status >= 400

            assert verdicts
            assert not refused or "good" not in {verdict.level for verdict in verdicts}
            assert all(verdict.sentence and verdict.subject for verdict in verdicts)
            assert not [word for word in secrets_of(account) for verdict in verdicts if word in verdict.sentence]


def test_a_refused_key_is_bad(account) -> None:
    """At least one answer to a question that needs the key says so, with what to do."""
    replies = [
        Reply(status=status, url="https://api.example", headers={}, body=b'{"message": "no"}') for status in (401, 403)
    ]
    levels = {verdict.level for each in inquiries(account) for reply in replies for verdict in each.judge(reply)}

    assert "bad" in levels


def test_inquiries_find_a_good_account_good(account) -> None:
    """Each value of its answers in turn gone or something else raises nothing."""
    asked = inquiries(account)
    answers = [(each, GOOD[account.name][urlsplit(each.request.url).path]) for each in asked]
    levels = {verdict.level for each, document in answers for verdict in each.judge(answer(document))}

    assert "bad" not in levels
    assert "good" in levels
    for each, document in answers:
        for changed in mutations(document):
            assert each.judge(answer(changed))


def answer(document):
    return Reply(status=200, url="https://api.example", headers={}, body=json.dumps(document).encode())


def test_a_provider_without_a_webhook_key_hears_nobody(account) -> None:
    """It can send all the same."""
    provider = account.provider(**dict.fromkeys(account.proofs))

    with pytest.raises(ForgedError):
        provider.hear(call(account), now=NOW)
    with pytest.raises(ProviderError):
        provider.parse(Reply(status=401, url="", headers={}, body=b""), _nobody())


def _nobody():
    from msdigest.model.delivery import Shipment

    return Shipment(attempt="a", parts=[])
