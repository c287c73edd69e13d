"""SMTP: what goes over the wire, what a relay's answers mean for whom, and what is unknown when it breaks off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
from tests.providers.test_mailgun import person, shipment
from tests.sinks.smtp import CLOSE, RESET, SILENCE, SmtpSink

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome, Recipient, Shipment
from msdigest.ports import Failure, Reply
from msdigest.providers.smtp.connections import Pool, Relay
from msdigest.providers.smtp.handing import transparent
from msdigest.providers.smtp.sending import SmtpProvider, provider
from msdigest.render.mime import message

ONE_BY_ONE = ("SIZE 10485760",)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def sending(sink: SmtpSink, clock: Clock | None = None) -> Iterator[SmtpProvider]:
    ours = SmtpProvider(sink.options, Pool(Relay.read(sink.options), clock or Clock()))
    try:
        yield ours
    finally:
        ours.close()


def parcel_for(*people: Recipient, text: bytes = b"") -> Shipment:
    return shipment(
        *people,
        html=[b"<p>", "greeting", b"</p>\r\n"],
        text=[text, "greeting", b"\r\n"],
        coding="mime",
    )


THREE = parcel_for(person(1), person(2), person(3))


def hand(ours: SmtpProvider, parcel: Shipment = THREE) -> list[Outcome]:
    return ours.parse(ours.carry(ours.build(parcel)), parcel)


def states(outcomes: list[Outcome]) -> list[str]:
    return [each.state for each in outcomes]


def only_at(verb: str, count: int, what: str):
    """Answer as ever, but for the time ``count`` that ``verb`` comes."""
    return lambda came, _argument, times: what if (came, times) == (verb, count) else None


@pytest.mark.parametrize("features", [("PIPELINING", "SIZE 99999", "DSN"), ONE_BY_ONE, ()], ids=["all", "size", "none"])
def test_everybody_gets_their_own_message(features) -> None:
    """What arrives is what was made, whatever the relay can do."""
    with SmtpSink(features=features) as sink, sending(sink) as ours:
        outcomes = hand(ours)
    ((letter, people),) = THREE.parts

    assert [each.content for each in sink.taken] == [message(letter, each) for each in people]
    assert [(each.sender, each.recipient) for each in sink.taken] == [
        ("digest@mail.example.org", f"p{number}@example.org") for number in (1, 2, 3)
    ]
    assert outcomes == [Outcome("accepted", provider_id=f"{number:08X}") for number in range(3)]
    assert sink.connections == 1


def test_a_relay_that_can_is_asked_for_reports() -> None:
    """A report names the delivery; what would end a parameter is written in its code."""
    parcel = parcel_for(replace(person(1), address="a+b=c@example.org"))
    ((letter, (recipient,)),) = parcel.parts
    with SmtpSink() as sink, sending(sink) as ours:
        hand(ours, parcel)

    assert sink.taken[0].parameters == (
        f" SIZE={len(message(letter, recipient))} RET=HDRS ENVID=d1",
        " NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org",
    )


def test_commands_go_in_one_write_where_that_is_allowed() -> None:
    """Two round trips a message, not four: over the ocean that is twice as fast."""
    with SmtpSink() as sink, sending(sink) as ours:
        hand(ours)

    assert [write.split(b" ")[0] for write in sink.writes if write.startswith((b"MAIL", b"RCPT", b"DATA"))] == [
        b"MAIL"
    ] * 3
    assert all(write.endswith(b"DATA\r\n") for write in sink.writes if write.startswith(b"MAIL"))


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        (b".", b"."),
        (b".\r\n..\r\n.x\r\n", b".\r\n..\r\n.x\r\n"),
        (b"a\r\n.\r\nMAIL FROM:<x@y.example>\r\n", b"a\r\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        (b"a\n.\nMAIL FROM:<x@y.example>\r\n", b"a\r\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        (b"a\n.\r\nMAIL FROM:<x@y.example>\r\n", b"a\r\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        (b"a\r.\rMAIL FROM:<x@y.example>\r\n", b"a\r\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        (b"a\r\n.\rMAIL FROM:<x@y.example>\n", b"a\r\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        (b"a\r\r\n.\r\r\nb\r\n", b"a\r\n\r\n.\r\n\r\nb\r\n"),
    ],
)
def test_no_content_ends_a_message_or_begins_another(given: bytes, arrives: bytes) -> None:
    """Lines end with CR LF and nothing else: what a server would read as its own end is not there."""
    with SmtpSink() as sink, sending(sink) as ours:
        outcomes = hand(ours, parcel_for(person(1), text=given))
    written = b"".join(sink.writes)

    assert states(outcomes) == ["accepted"]
    assert arrives in sink.taken[0].content
    assert written.count(b"\r\n.\r\n") == 1
    assert written.count(b"\n") == written.count(b"\r") == written.count(b"\r\n")


def test_a_message_may_begin_with_a_dot() -> None:
    """The first line is a line as any other."""
    assert transparent(b".a\r\n.b") == b"..a\r\n..b\r\n.\r\n"
    assert transparent(b"") == b"\r\n.\r\n"


def test_connections_are_kept_between_batches() -> None:
    """One connection serves one batch after the other, and ends politely."""
    with SmtpSink() as sink:
        with sending(sink) as ours:
            hand(ours)
            hand(ours)

        assert (sink.connections, sum(sink.accepted.values())) == (1, 6)
        assert sink.verbs[-1] == "QUIT"


@pytest.mark.parametrize("rested", [0.0, 60.0], ids=["just now", "a while ago"])
def test_a_connection_that_the_relay_closed_is_replaced(rested: float) -> None:
    """Whoever comes next does not wait for it."""
    clock = Clock()
    with SmtpSink() as sink, sending(sink, clock) as ours:
        hand(ours)
        sink.hang_up()
        clock.now += rested

        assert states(hand(ours)) == ["accepted"] * 3
        assert sink.connections == 2


@pytest.mark.parametrize("said", ["421 4.3.2 tired of waiting", CLOSE])
def test_a_relay_that_will_take_no_more_here_is_called_again(said: str) -> None:
    """Some take so many messages over one connection; nobody has to wait for the next try because of it."""
    with SmtpSink(answer=only_at("MAIL", 3, said)) as sink, sending(sink) as ours:
        hand(ours)

        assert states(hand(ours)) == ["accepted"] * 3
        assert (sink.connections, max(sink.accepted.values())) == (2, 2)


def test_a_connection_that_rested_is_asked_first() -> None:
    """One that does not say yes is not used any more."""
    clock = Clock()
    with SmtpSink(answer=only_at("NOOP", 0, "500 what?")) as sink, sending(sink, clock) as ours:
        hand(ours)
        clock.now += 60.0

        assert states(hand(ours)) == ["accepted"] * 3
        assert sink.connections == 2


NO = "rejected"
P, A, U = "pending", "accepted", "unknown"


@pytest.mark.parametrize("features", [("PIPELINING",), ()], ids=["at once", "one by one"])
@pytest.mark.parametrize(
    ("verb", "said", "wanted", "connections"),
    [
        ("RCPT", "550 5.1.1 no such user", [A, NO, A], 1),
        ("RCPT", "450 4.2.0 greylisted", [A, P, A], 1),
        ("RCPT", "452 4.5.3 too many", [A, P, A], 1),
        ("RCPT", "530 5.7.0 authenticate first", [A, P, A], 1),
        ("RCPT", "421 4.7.0 too much", [A, P, P], 1),
        ("RCPT", CLOSE, [A, P, P], 1),
        ("RCPT", RESET, [A, P, P], 1),
        ("RCPT", "what?", [A, P, P], 1),
        ("MAIL", "451 4.3.0 later", [A, P, A], 1),
        ("MAIL", "552 5.3.4 too large", [A, NO, A], 1),
        ("MAIL", "550 5.4.5 quota of the day", [A, P, P], 1),
        ("MAIL", "421 4.3.2 shutting down", [A, P, P], 1),
        ("MAIL", CLOSE, [A, P, P], 1),
        ("DATA", "451 4.3.0 later", [A, P, A], 1),
        ("DATA", "554 5.5.0 no", [A, NO, A], 1),
        ("DATA", "250 which is no yes here", [A, P, A], 1),
        ("DATA", "421 4.3.2 shutting down", [A, P, P], 1),
        ("DATA", RESET, [A, P, P], 1),
        ("END", "452 4.3.1 no room", [A, P, A], 1),
        ("END", "421 4.3.2 shutting down", [A, P, P], 1),
        ("END", "554 5.7.1 looks like spam", [A, NO, A], 1),
        ("END", "354 which says nothing here", [A, U, A], 1),
        ("END", CLOSE, [A, U, P], 1),
        ("END", RESET, [A, U, P], 1),
        ("END", "25", [A, U, P], 1),
        ("END", "", [A, U, P], 1),
    ],
)
def test_each_answer_is_about_whom_it_is_about(features, verb, said, wanted, connections) -> None:
    """And nobody is mailed twice: what may be tried again was surely not taken."""
    with SmtpSink(features=features, answer=only_at(verb, 1, said)) as sink, sending(sink) as ours:
        outcomes = hand(ours)
    accepted = [f"p{number}@example.org" for number, state in enumerate(wanted, 1) if state == A]

    assert states(outcomes) == wanted
    assert sorted(sink.accepted) == accepted
    assert sink.connections == connections
    assert all(each.reason for each in outcomes if each.state != A)


@pytest.mark.parametrize("how", [CLOSE, RESET])
def test_a_message_that_was_taken_in_silence_is_never_tried_again(how: str) -> None:
    """The answer after the dot did not come: only the relay knows, so nobody guesses."""
    with SmtpSink(answer=only_at("END", 0, how), acts=True) as sink, sending(sink) as ours:
        outcomes = hand(ours)

    assert states(outcomes) == [U, P, P]
    assert dict(sink.accepted) == {"p1@example.org": 1}


@pytest.mark.parametrize("lenient", [False, True], ids=["refuses", "asks for content"])
def test_a_refusal_stands_even_if_the_connection_breaks_behind_it(lenient: bool) -> None:
    """Whoever was refused is; the others are tried again."""
    sink = SmtpSink(
        lenient=lenient, bad={"p2@example.org"}, answer=lambda verb, *_: CLOSE if verb in {"RSET", "NOBODY"} else None
    )
    with sink, sending(sink) as ours:
        outcomes = hand(ours)

    assert states(outcomes) == [A, NO, P]
    assert dict(sink.accepted) == {"p1@example.org": 1}


def test_a_relay_that_asks_for_content_for_nobody_gets_none() -> None:
    """With commands in one write it may have said yes to the last one; the next message is not taken for content."""
    with SmtpSink(lenient=True, bad={"p2@example.org"}) as sink, sending(sink) as ours:
        outcomes = hand(ours)

    assert states(outcomes) == [A, NO, A]
    assert (sink.connections, sink.verbs.count("NOBODY"), sink.verbs.count("RSET")) == (1, 1, 0)
    assert dict(sink.accepted) == {"p1@example.org": 1, "p3@example.org": 1}


def test_a_batch_ends_in_time() -> None:
    """A relay that falls silent after a message holds nobody up for ever; that message is unknown, the rest is not."""
    clock = Clock()

    def answer(verb: str, _argument: str, count: int) -> str | None:
        if (verb, count) == ("DATA", 1):
            clock.now += 44.9
        return SILENCE if (verb, count) == ("END", 1) else None

    with SmtpSink(answer=answer) as sink, sending(sink, clock) as ours:
        outcomes = hand(ours)

    assert states(outcomes) == [A, U, P]
    assert outcomes[1].reason == "smtp: no answer in time"


def test_content_is_not_begun_when_time_is_over() -> None:
    """What was not written is surely not sent."""
    clock = Clock()

    def answer(verb: str, _argument: str, count: int) -> str | None:
        if (verb, count) == ("DATA", 1):
            clock.now += 100.0
        return None

    with SmtpSink(answer=answer) as sink, sending(sink, clock) as ours:
        outcomes = hand(ours)

    assert states(outcomes) == [A, P, P]
    assert dict(sink.accepted) == {"p1@example.org": 1}


def test_no_message_is_begun_when_time_is_short() -> None:
    """What is not answered at the end is unknown, so it is not begun; a slow relay gets the rest later."""
    clock = Clock()

    def answer(verb: str, _argument: str, count: int) -> str | None:
        if (verb, count) == ("END", 1):
            clock.now += 31.0
        return None

    with SmtpSink(answer=answer) as sink, sending(sink, clock) as ours:
        assert states(hand(ours)) == [A, A, P]
        assert states(hand(ours)) == [A] * 3
        assert sink.connections == 1


def test_a_message_that_the_relay_has_no_room_for_is_not_begun() -> None:
    """It said so itself (SIZE)."""
    with SmtpSink(features=("SIZE 900",)) as sink, sending(sink) as ours:
        parcel = parcel_for(person(1), replace(person(2), values=person(2).values | {"greeting": "x" * 900}))
        outcomes = hand(ours, parcel)

    assert states(outcomes) == [A, NO]
    assert outcomes[1].reason == "smtp answered 552: the relay takes messages of 900 bytes"
    assert sink.verbs.count("MAIL") == 1


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("MAIL", "550 5.7.1 sender refused"),
        ("MAIL", "530 5.7.0 authenticate first"),
        ("MAIL", "553 5.1.8 not your domain"),
        ("RCPT", "530 5.7.0 authenticate first"),
        ("RCPT", "555 5.5.4 unknown parameter"),
        ("EHLO", "550 go away"),
        ("GREETING", "554 5.7.1 blocked"),
    ],
)
def test_refused_settings_are_an_error_and_no_outcome(verb: str, said: str) -> None:
    """Nobody is marked as rejected for what the operator has to mend."""
    with SmtpSink(answer=lambda came, *_: said if came == verb else None) as sink, sending(sink) as ours:
        with pytest.raises(ProviderError, match=rf"smtp answered {said[:3]}:{said[3:]}. Check \[providers.smtp\]"):
            hand(ours)

        assert not sink.accepted


def test_a_quota_that_is_spent_in_mid_batch_does_not_undo_what_was_taken() -> None:
    """The error comes with the next batch, which it stops before anybody."""

    def answer(verb: str, _argument: str, count: int) -> str | None:
        return "550 quota" if verb == "MAIL" and count else None

    with SmtpSink(answer=answer) as sink, sending(sink) as ours:
        outcomes = hand(ours)
        with pytest.raises(ProviderError, match="550"):
            hand(ours)

    assert states(outcomes) == [A, P, P]
    assert sum(sink.accepted.values()) == 1


def test_refusals_name_nobody() -> None:
    """What a relay says is kept; addresses, and the part before the @ that it repeats alone, are not."""
    words = "550-5.1.1 <p1@example.org>: not here\r\n550 5.1.1 Ada.Lovelace... user unknown \x1b[31m ada.LOVELACE@example.org"
    somebody = replace(person(1), address="ada.lovelace@example.org")
    with SmtpSink(answer=only_at("RCPT", 0, words)) as sink, sending(sink) as ours:
        (outcome,) = hand(ours, parcel_for(somebody))

    assert outcome.reason == (
        "smtp answered 550: 5.1.1 <[address]>: not here 5.1.1 [address]... user unknown [31m [address]"
    )


@pytest.mark.parametrize(
    "address",
    ["zoë@example.org", "a b@example.org", "a>SIZE=1@example.org", "a@b.example>\r\nRCPT TO:<c@d.example", "x"],
)
def test_addresses_that_cannot_be_said_are_refused_before(address: str) -> None:
    """No address ends the command that it stands in; the others get their mail."""
    parcel = parcel_for(replace(person(1), address=address), person(2))
    with SmtpSink() as sink, sending(sink) as ours:
        outcomes = hand(ours, parcel)

    assert states(outcomes) == [NO, A]
    assert address not in str(outcomes[0].reason)
    assert dict(sink.accepted) == {"p2@example.org": 1}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("250 2.0.0 Ok: queued as 4F3C2B1A", "4F3C2B1A"),
        ("250 OK id=1tB0xy-000000001-AbCd", "1tB0xy-000000001-AbCd"),
        ("250 2.0.0 OK  1700000000 x-20020a17 - gsmtp", "2.0.0 OK 1700000000 x-20020a17 - gsmtp"),
        ("250 taken for p1@example.org", "taken for [address]"),
        ("250", None),
        ("250 ", None),
    ],
)
def test_the_relays_own_name_of_a_message_is_kept(said: str, named: str | None) -> None:
    """So an operator finds it in the relay's log."""
    with SmtpSink(answer=only_at("END", 0, said)) as sink, sending(sink) as ours:
        assert hand(ours, parcel_for(person(1))) == [Outcome("accepted", provider_id=named)]


def test_the_same_shipment_gives_the_same_bytes() -> None:
    """What was sent can be built again."""
    with SmtpSink() as sink, sending(sink) as ours:
        assert ours.build(THREE) == ours.build(THREE)
        assert ours.build(THREE).url == f"smtp://127.0.0.1:{sink.port}"


def test_several_letters_go_in_one_batch() -> None:
    """Each person's own body, whoever they share the batch with."""
    one, other = parcel_for(person(1)), parcel_for(person(2), text=b"other")
    with SmtpSink() as sink, sending(sink) as ours:
        outcomes = hand(ours, Shipment(attempt="a", parts=[*one.parts, *other.parts]))

    assert states(outcomes) == [A, A]
    assert [b"other" in each.content for each in sink.taken] == [False, True]


def test_what_it_can_do() -> None:
    """Own messages, own answers; as many batches at once as there are connections."""
    ours = provider({"host": "relay.example", "connections": "7"}, lambda _: Failure("no", "HTTP is not spoken"))

    assert (ours.name, ours.caps.coding, ours.caps.substitutes, ours.caps.whole) == ("smtp", "mime", False, False)
    assert (ours.caps.parallel, ours.caps.max_recipients, ours.caps.max_bytes) == (7, 50, 10_000_000)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Failure("no", "no connection"), Outcome("pending", reason="no connection")),
        (Failure("maybe", "who knows"), Outcome("unknown", reason="who knows")),
    ],
)
def test_a_failure_is_everybodys(reply: Failure, outcome: Outcome) -> None:
    """As for every provider."""
    ours = provider({"host": "relay.example"}, lambda _: Failure("no", "HTTP is not spoken"))

    assert ours.parse(reply, THREE) == [outcome] * 3


def test_an_answer_travels_as_json_without_addresses() -> None:
    """So that reading it is pure, and printing it harmless."""
    with SmtpSink(bad={"p2@example.org"}) as sink, sending(sink) as ours:
        reply = ours.carry(ours.build(THREE))

    assert isinstance(reply, Reply)
    assert b"@" not in reply.body
    assert json.loads(reply.body)["d2"] == {
        "stage": "rcpt",
        "code": 550,
        "words": "5.1.1 <[address]>: no such user here",
    }


@pytest.mark.parametrize(
    ("verb", "count", "said", "status"),
    [
        ("END", 0, CLOSE, 599),
        ("END", 2, CLOSE, 599),
        ("RCPT", 0, RESET, 599),
        ("MAIL", 0, "421 4.3.2 shutting down", 599),
        ("MAIL", 1, "421 4.7.0 enough for this connection", 250),
        ("RCPT", 0, "450 4.2.0 greylisted", 250),
        ("END", 0, "451 4.3.0 later", 250),
    ],
)
def test_a_relay_in_trouble_is_told_apart(verb: str, count: int, said: str, status: int) -> None:
    """One that breaks off again and again is left alone, before it makes many unknown; one that says later is not."""
    with SmtpSink(answer=only_at(verb, count, said)) as sink, sending(sink) as ours:
        reply = ours.carry(ours.build(THREE))

    assert isinstance(reply, Reply)
    assert reply.status == status


def test_a_batch_of_nobody() -> None:
    """Nothing is said but hello."""
    parcel = parcel_for(replace(person(1), address="nobody"))
    with SmtpSink() as sink, sending(sink) as ours:
        assert states(hand(ours, parcel)) == [NO]
        assert states(hand(ours, parcel)) == [NO]
        assert "MAIL" not in sink.verbs


def test_batches_at_once_have_a_connection_each() -> None:
    """And afterwards both rest."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    together = Barrier(2)

    def answer(verb: str, _argument: str, count: int) -> str | None:
        if verb == "MAIL" and count < 2:
            together.wait(10)
        return None

    with SmtpSink(answer=answer) as sink, sending(sink) as ours, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: hand(ours), range(2)))
        hand(ours)

        assert sink.connections == 2
        assert set(sink.accepted.values()) == {3}


def test_order_is_kept() -> None:
    """Outcomes stand in the order of the recipients."""
    people = [person(number) for number in range(20)]
    with SmtpSink(bad={"p7@example.org"}) as sink, sending(sink) as ours:
        outcomes = hand(ours, parcel_for(*people))

    assert [number for number, each in enumerate(outcomes) if each.state == NO] == [7]
    assert all(one.recipient != other.recipient for one, other in pairwise(sink.taken))
