"""SMTP: TLS that is verified, credentials that are never said in the clear, and relays that cannot be reached."""

from __future__ import annotations

import json
import socket

import pytest
from tests.providers.test_smtp import THREE, Clock, hand, only_at, sending, states
from tests.sinks.smtp import CLOSE, PASSWORD, RESET, SILENCE, USER, SmtpSink, certificate

from msdigest.errors import ProviderError
from msdigest.ports import Failure, Reply
from msdigest.providers.smtp.connections import Pool, Relay
from msdigest.providers.smtp.sending import provider
from msdigest.providers.smtp.talking import Talk


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A certificate for this machine that is trusted here."""
    context, file = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return context


def carried(options, parcel=THREE):
    ours = provider(options, lambda _: Failure("no", "HTTP is not spoken"))
    try:
        return ours.carry(ours.build(parcel))
    finally:
        ours.close()


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN"])
@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_credentials_are_said_within_tls(trusted, implicit: bool, mechanisms: str) -> None:
    """From the first byte, or as soon as the relay offers it."""
    with SmtpSink(tls=trusted, implicit=implicit, needs_login=True, mechanisms=mechanisms) as sink:
        with sending(sink) as ours:
            outcomes = [*hand(ours), *hand(ours)]

        assert states(outcomes) == ["accepted"] * 6
        assert (sink.connections, sink.verbs.count("AUTH")) == (1, 1)
        assert sink.verbs.count("EHLO") == (1 if implicit else 2)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_a_connection_within_tls_that_was_closed_is_replaced(trusted, implicit: bool) -> None:
    """Also there it is noticed before anything is said."""
    with SmtpSink(tls=trusted, implicit=implicit) as sink, sending(sink) as ours:
        hand(ours)
        sink.hang_up()

        assert states(hand(ours)) == ["accepted"] * 3
        assert sink.connections == 2


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize(
    ("name", "is_trusted", "reason"),
    [
        ("127.0.0.1", False, "its certificate is not trusted: self-signed certificate"),
        ("relay.example", True, "its certificate is not trusted: IP address mismatch, certificate is not valid for"),
    ],
)
def test_a_wrong_certificate_is_told_nothing(tmp_path, monkeypatch, implicit, name, is_trusted, reason) -> None:
    """No credentials and no message; the sentence says what is wrong."""
    context, file = certificate(tmp_path, name)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with SmtpSink(tls=context, implicit=implicit, needs_login=True) as sink:
        reply = carried(sink.options)

        assert isinstance(reply, Failure)
        assert reply.sent == "no"
        assert reason in reply.reason
        assert not {"AUTH", "MAIL"} & set(sink.verbs)


def test_without_tls_nothing_is_said() -> None:
    """A relay that offers none, or somebody in between who takes the offer out, gets no credentials."""
    with SmtpSink() as sink:
        reply = carried(sink.options | {"security": "starttls", "user": USER, "password": PASSWORD})

        assert reply == Failure(
            "no", f"smtp://127.0.0.1:{sink.port} offers no TLS (STARTTLS), and without it nothing is said"
        )
        assert sink.verbs == ["GREETING", "EHLO"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("454 4.7.0 TLS not available", "the relay asks to come back later: 454 4.7.0 TLS not available"),
        (CLOSE, "the relay closed the connection"),
        # What comes in the clear behind the answer could have been put there by anybody.
        ("220 go on\r\n250 AUTH PLAIN", "the relay spoke before TLS began"),
    ],
)
def test_a_tls_that_does_not_begin(trusted, said: str, wanted: str) -> None:
    """Nothing was sent; it is tried again later."""
    with SmtpSink(tls=trusted, needs_login=True, answer=only_at("STARTTLS", 0, said)) as sink:
        reply = carried(sink.options)

        assert isinstance(reply, Failure)
        assert (reply.sent, wanted in reply.reason) == ("no", True)
        assert "AUTH" not in sink.verbs


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"password": "wrong"}, "smtp answered 535: 5.7.8 wrong. Check"),
        ({"user": "", "password": ""}, "smtp answered 530: 5.7.0 Authentication required. Check"),
        ({"password": "pässword"}, "user and password can hold letters of ASCII only"),
    ],
)
def test_refused_credentials_are_an_error_of_the_settings(trusted, options, wanted: str) -> None:
    """It holds neither user nor password."""
    with SmtpSink(tls=trusted, needs_login=True) as sink:
        settings = sink.options | options
        ours = provider(settings, lambda _: Failure("no", "HTTP is not spoken"))
        with pytest.raises(ProviderError, match=wanted) as caught:
            hand(ours)
        ours.close()

    assert "[providers.smtp]" in str(caught.value)
    assert not [each for each in (USER, "wrong\x00", "pässword") if each in str(caught.value)]
    assert not sink.accepted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("454 4.7.0 come back", "the relay asks to come back later: 454 4.7.0 come back"),
        (CLOSE, "the relay closed the connection"),
        ("250 2.0.0 which says nothing here", "250"),
    ],
)
def test_credentials_that_could_not_be_checked_are_tried_again(trusted, said, wanted) -> None:
    """That says nothing of them."""
    with SmtpSink(tls=trusted, needs_login=True, answer=lambda verb, *_: said if verb == "AUTH" else None) as sink:
        reply = carried(sink.options)

        assert isinstance(reply, Failure)
        assert (reply.sent, wanted in reply.reason) == ("no", True)


def test_a_relay_that_knows_no_way_of_ours_is_named(trusted) -> None:
    """The operator has to choose another port, or another relay."""
    with SmtpSink(tls=trusted, needs_login=True, mechanisms="GSSAPI") as sink:
        reply = carried(sink.options)

    assert isinstance(reply, Reply)
    assert (reply.status, json.loads(reply.body)) == (504, "it offers no way of AUTH that msdigest knows")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"security": "none", "user": USER, "password": PASSWORD}, "never says a password without TLS"),
        ({"user": USER}, "user and password together"),
        ({"password": PASSWORD}, "user and password together"),
        ({"security": "ssl"}, "security is one of starttls, tls, none"),
    ],
)
def test_settings_that_must_not_be(options, wanted: str) -> None:
    """They are refused before anything is connected, without the password."""
    with pytest.raises(ProviderError, match=wanted) as caught:
        Relay.read({"host": "relay.example"} | options)

    assert PASSWORD not in str(caught.value)


def test_a_relay_is_never_printed_with_its_password() -> None:
    """Nor in any other way."""
    relay = Relay.read({"host": "2001:db8::1", "port": "25", "user": USER, "password": PASSWORD})

    assert PASSWORD not in repr(relay)
    assert str(relay) == "smtp://[2001:db8::1]:25"


class Elsewhere:
    """A connection that ended at ``peer``."""

    def __init__(self, peer: str) -> None:
        self.peer = peer

    def getpeername(self) -> tuple[str, int]:
        return self.peer, 25

    def settimeout(self, _: float) -> None:
        """Wait for nothing."""


@pytest.mark.parametrize("peer", ["192.0.2.7", "fe80::7%eth0", "10.0.0.1", "::ffff:192.0.2.7"])
def test_plain_text_is_for_this_machine_only(peer: str) -> None:
    """Whatever the name is: what counts is where the connection ended."""
    pool = Pool(Relay.read({"host": "localhost", "security": "none"}))
    talk = Talk(Elsewhere(peer), "mail.example.org", clock=Clock(), deadline=2_000.0)
    with pytest.raises(
        ProviderError, match=r"smtp://localhost:587 is not this machine: set \[providers.smtp\] security"
    ):
        pool._begin(talk)


class Reset:
    """A connection that was reset while it rested."""

    def settimeout(self, _: float) -> None:
        """Wait for nothing."""

    def recv(self, _: int) -> bytes:
        raise ConnectionResetError

    def close(self) -> None:
        """Nothing is left to close."""


def test_a_connection_that_was_reset_is_not_used() -> None:
    """Nor one that ended, nor one on which something was said."""
    talk = Talk(Reset(), "mail.example.org", clock=Clock(), deadline=2_000.0)

    assert not talk.idle()


def test_a_relay_that_speaks_no_tls_where_it_should() -> None:
    """A wrong port is told apart from a wrong certificate."""
    with SmtpSink() as sink:
        reply = carried(sink.options | {"security": "tls"})

        assert isinstance(reply, Failure)
        assert (reply.sent, "TLS failed: WRONG_VERSION_NUMBER" in reply.reason) == ("no", True)


def test_nobody_listens() -> None:
    """Nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert carried({"host": "127.0.0.1", "port": str(port), "security": "none"}) == Failure(
        "no", f"smtp://127.0.0.1:{port} cannot be reached: Connection refused"
    )


@pytest.mark.parametrize("host", ["relay.invalid", "a..b", "x" * 70 + ".example"])
def test_a_name_that_leads_nowhere(host: str) -> None:
    """Nothing was sent."""
    reply = carried({"host": host, "security": "none"})

    assert isinstance(reply, Failure)
    assert (reply.sent, reply.reason.startswith(f"smtp://{host}:587 cannot be reached: ")) == ("no", True)


@pytest.mark.parametrize("verb", ["GREETING", "EHLO"])
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (CLOSE, "the relay closed the connection"),
        (RESET, "Connection reset by peer"),
        ("HTTP/1.1 400 Bad Request", "the relay's answer is none of SMTP"),
        ("421 4.3.2 too many connections", "the relay asks to come back later: 421 4.3.2 too many connections"),
        ("\r\n".join(["220-x"] * 100 + ["220 x"]), "the relay's answer is none of SMTP"),
        ("220 " + "x" * 200_000, "the relay's answer is endless"),
        ("220-\x1b[31m\r\n520 hello", "the relay's answer is none of SMTP"),
    ],
)
def test_a_relay_that_does_not_get_as_far_as_a_message(verb: str, said: str, wanted: str) -> None:
    """Nothing was sent, and the next try begins anew."""
    with SmtpSink(answer=only_at(verb, 0, said)) as sink, sending(sink) as ours:
        reply = ours.carry(ours.build(THREE))

        assert isinstance(reply, Failure)
        assert (reply.sent, wanted in reply.reason) == ("no", True)
        assert states(hand(ours)) == ["accepted"] * 3


def test_a_relay_that_never_greets() -> None:
    """Whoever waits for it has a time."""
    clock = Clock()
    with SmtpSink(answer=lambda *_: SILENCE) as sink, sending(sink, clock) as ours:
        clock_then = clock.now

        class Late(Clock):
            """Nearly over when the connection stands."""

            asked = 0

            def __call__(self) -> float:
                self.asked += 1
                return clock_then + (44.95 if self.asked > 1 else 0.0)

        ours._pool.clock = Late()
        reply = ours.carry(ours.build(THREE))

    assert isinstance(reply, Failure)
    assert (reply.sent, "no answer in time" in reply.reason) == ("no", True)


def test_who_we_say_that_we_are() -> None:
    """The sender's domain: neither this machine's own name nor its address inside the house."""
    said = []
    with SmtpSink(answer=lambda verb, argument, _: said.append((verb, argument))) as sink, sending(sink) as ours:
        hand(ours)

    assert ("EHLO", "mail.example.org") in said


def test_leaving_a_relay_that_is_gone() -> None:
    """Is no trouble."""
    with SmtpSink() as sink:
        with sending(sink) as ours:
            hand(ours)
            sink.hang_up()

        assert "QUIT" not in sink.verbs


def test_an_error_of_ours_leaves_no_connection_behind() -> None:
    """What was begun half is not used again."""
    with SmtpSink() as sink, sending(sink) as ours:
        with pytest.raises(ZeroDivisionError), ours._pool.talking("mail.example.org", deadline=2_000.0):
            _ = 1 // 0

        assert states(hand(ours)) == ["accepted"] * 3
        assert sink.connections == 2


def levels(ours):
    (inquiry,) = ours.inquiries(domain="mail.example.org")
    return [(each.subject, each.level, each.sentence) for each in inquiry.judge(ours.carry(inquiry.request))]


def test_a_relay_as_it_should_be(trusted) -> None:
    """It is connected to, proven to and left again; nobody is written to."""
    with SmtpSink(tls=trusted, needs_login=True) as sink, sending(sink) as ours:
        found = levels(ours)

        assert [(subject, level) for subject, level, _ in found] == [("relay", "good")]
        assert "AUTH, DSN, ENHANCEDSTATUSCODES, PIPELINING, SIZE" in found[0][2]
        assert sink.verbs == ["GREETING", "EHLO", "STARTTLS", "EHLO", "AUTH", "NOOP", "QUIT"]


@pytest.mark.parametrize(
    ("features", "answer", "wanted", "words"),
    [
        (("SIZE 1000", "DSN"), None, ["good", "warning"], "1000 bytes"),
        (("SIZE 0", "PIPELINING"), None, ["good", "warning"], "DSN"),
        (("DSN", "SIZE"), None, ["good"], "DSN"),
        ((), None, ["good", "warning"], "no extension"),
        (("DSN",), ("NOOP", 0, "502 not here"), ["bad"], "NOOP"),
        (("DSN",), ("NOOP", 0, CLOSE), ["bad"], "NOOP"),
        (("DSN",), ("EHLO", 0, "550 not you@example.org"), ["bad"], "550: not [address]"),
        (("DSN",), ("GREETING", 0, CLOSE), ["bad"], "closed the connection"),
    ],
)
def test_what_is_wrong_with_a_relay(features, answer, wanted, words) -> None:
    """Each fault with what to look at."""
    more = {"answer": only_at(*answer)} if answer else {}
    with SmtpSink(features=features, **more) as sink, sending(sink) as ours:
        found = levels(ours)

    assert [level for _, level, _ in found] == wanted
    assert any(words in sentence for _, _, sentence in found)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": 250}', b'{"code": 250, "features": [], "size": 1}'])
def test_an_answer_that_makes_no_sense_is_no_good_one(body: bytes) -> None:
    """As for every provider."""
    (inquiry,) = provider({"host": "relay.example"}, lambda _: Failure("no", "HTTP is not spoken")).inquiries(
        domain="mail.example.org"
    )

    assert [each.level for each in inquiry.judge(Reply(status=250, url="smtp://x", headers={}, body=body))] == ["bad"]
