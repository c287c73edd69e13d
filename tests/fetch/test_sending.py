"""Calls to the mail provider: what surely was not sent may be sent again, nothing else."""

from __future__ import annotations

import gzip
import logging
from threading import Event, Thread

import pytest
from tests.fetch.loopback import answer, reset

from msdigest.errors import ProviderError
from msdigest.ports import Failure, Reply, Request

SHORT = 0.3
LETTER = b"x" * 200_000
# More than the kernel takes on behalf of a server that does not read.
LONG_LETTER = b"x" * 16_000_000
PERSON = "ada@example.org"


def post(server, body=LETTER, url=None):
    url = f"{server.url}/v3/messages?to={PERSON}" if url is None else url
    return Request(
        method="POST",
        url=url,
        headers={"Authorization": "Basic c2VjcmV0", "Content-Type": "application/json"},
        body=body,
    )


def test_what_the_provider_gets_and_says(http, serve) -> None:
    """The bytes arrive as they are, the answer comes back whole; the connection is kept."""
    bodies = []

    def behave(connection, server):
        while head := server.head(connection):
            bodies.append(server.body(connection, head))
            connection.sendall(answer("202 Accepted", b'{"id": "1"}', X_Request="a"))

    server = serve(behave)
    first, second = http.send(post(server)), http.send(post(server, b""))

    assert isinstance(first, Reply)
    assert (first.status, first.body, first.headers["x-request"]) == (202, b'{"id": "1"}', "a")
    assert isinstance(second, Reply)
    assert bodies == [LETTER, b""]
    fields = server.fields(0)
    assert (fields["authorization"], fields["content-length"]) == ("Basic c2VjcmV0", "200000")
    assert (fields["accept-encoding"], fields["user-agent"][:9]) == ("identity", "msdigest/")
    assert server.accepted == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "400 Bad", "401 Who", "429 Slow", "500 Oops"])
def test_any_status_is_the_providers_word(http, serve, status) -> None:
    """Redirects are not followed, errors are not raised."""
    server = serve({f"/v3/messages?to={PERSON}": answer(status, b"why", location="http://[x", retry_after="7")})

    reply = http.send(post(server))

    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (int(status[:3]), b"why", "7")
    assert len(server.heads) == 1


def after_reading(*pieces: bytes, end=None):
    """A provider that reads the whole letter, says ``pieces`` and ends."""

    def behave(connection, server):
        server.body(connection, server.head(connection))
        for piece in pieces:
            connection.sendall(piece)
        if end == "reset":
            reset(connection)
        if end == "hang":
            server.over.wait(10)

    return behave


def stops_reading(connection, server):
    server.head(connection)
    server.over.wait(10)


def half_then_reset(connection, server):
    server.head(connection)
    connection.recv(1000)
    reset(connection)


def early_success(connection, server):
    server.head(connection)
    connection.sendall(answer("202 Accepted", b"{}"))
    server.over.wait(10)


ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 50\r\n\r\n"
FAULTS = {
    "reads all, then closes": (after_reading(), LETTER, "maybe", "broke the connection"),
    "reads all, then resets": (after_reading(end="reset"), LETTER, "maybe", "connection failed"),
    "reads all, then hangs": (after_reading(end="hang"), LETTER, "maybe", "in time"),
    "says 202 and half a body": (after_reading(ACCEPTED + b'{"id"'), LETTER, "maybe", "answered 202, then"),
    "says 202 and hangs": (after_reading(ACCEPTED, end="hang"), LETTER, "maybe", "answered 202, then: The whole answer did not arrive in time"),
    "says 202 and resets": (after_reading(ACCEPTED, end="reset"), LETTER, "maybe", ""),
    "says 202 and too much": (
        after_reading(b"HTTP/1.1 202 OK\r\n\r\n" + b"x" * (2**20 + 1)), LETTER, "maybe", "larger than the limit"),
    "says 202 in an unknown packing": (
        after_reading(answer("202 OK", b"x", content_encoding="br")), LETTER, "maybe", "answered 202, then"),
    "says no HTTP": (after_reading(f"{PERSON} is unknown\r\n\r\n".encode()), LETTER, "maybe", "does not speak HTTP"),
    "stops reading": (stops_reading, LONG_LETTER, "no", "in time"),
    "resets in the middle": (half_then_reset, LONG_LETTER, "no", "conn"),
}  # fmt: skip


@pytest.mark.parametrize(("behave", "body", "sent", "words"), FAULTS.values(), ids=FAULTS)
def test_failures(http, serve, behave, body, sent, words) -> None:
    """Only a body that was not written whole is surely not sent."""
    server = serve(behave)

    failure = http.send(post(server, body), timeout=SHORT if words.endswith("in time") else 10)

    assert isinstance(failure, Failure)
    assert failure.sent == sent
    assert words in failure.reason
    assert f"127.0.0.1:{server.port}" in failure.reason
    assert PERSON not in failure.reason
    assert "/v3" not in failure.reason


@pytest.mark.parametrize("behave", [lambda *_: None, lambda connection, _: reset(connection)])
def test_a_connection_that_is_closed_at_once(http, serve, behave) -> None:
    """The kernel may have taken the whole letter by then: nobody knows."""
    failure = http.send(post(serve(behave)))

    assert isinstance(failure, Failure)


def test_nobody_listens(http, closed_port) -> None:
    """A closed port got nothing."""
    failure = http.send(post(None, url=f"http://127.0.0.1:{closed_port}/v3?to={PERSON}"))

    assert failure == Failure("no", f"no connection could be made: Connection refused (http://127.0.0.1:{closed_port})")


def test_the_lookup_hangs(new_http) -> None:
    """A name that cannot be looked up in time got nothing."""
    over = Event()
    http = new_http(resolver=lambda *_: [str(over.wait(10))])
    failure = http.send(post(None, url="https://api.provider.example/v3"), timeout=SHORT)
    over.set()

    assert isinstance(failure, Failure)
    assert failure.sent == "no"


def test_the_pool_is_full(new_http, serve) -> None:
    """A call that found no free connection got nowhere."""
    arrived, release = Event(), Event()

    def behave(connection, server):
        server.body(connection, server.head(connection))
        arrived.set()
        release.wait(10)

    server = serve(behave)
    http = new_http(connections=1)
    first = Thread(target=http.send, args=(post(server),))
    first.start()
    assert arrived.wait(10)
    failure = http.send(post(server), timeout=SHORT)
    release.set()
    first.join(10)

    assert isinstance(failure, Failure)
    assert failure.sent == "no"


def test_a_header_that_cannot_be_sent(http, serve) -> None:
    """A line break in a key is no way to smuggle a header in."""
    server = serve({})
    request = Request(method="POST", url=f"{server.url}/", headers={"authorization": "a\r\nx: y"}, body=b"x")
    failure = http.send(request)

    assert isinstance(failure, Failure)
    assert failure.sent == "no"
    assert server.heads == []


def answers_early(status):
    """A provider that answers before it has read everything, and closes."""

    def behave(connection, server):
        server.head(connection)
        connection.sendall(answer(status, b"early", connection="close"))

    return behave


def test_an_early_refusal_is_heard(http, serve) -> None:
    """A provider may say no before it has read everything."""
    reply = http.send(post(serve(answers_early("413 Too Large")), LONG_LETTER))

    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (413, b"early")


def test_an_early_success_is_not_believed(http, serve) -> None:
    """Whoever accepts what it has not read may have done anything."""
    failure = http.send(post(serve(answers_early("202 Accepted")), LONG_LETTER))

    assert isinstance(failure, Failure)
    assert failure.sent == "maybe"
    assert "answered 202 before it had the whole request" in failure.reason


def test_a_refusal_whose_body_is_cut_is_a_refusal(http, serve) -> None:
    """Its status says enough."""
    reply = http.send(post(serve(after_reading(b"HTTP/1.1 400 Bad\r\ncontent-length: 50\r\n\r\nwhy"))))

    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (400, b"why")


def test_a_connection_that_was_closed_while_idle_is_not_used(http, serve) -> None:
    """The next call makes its own."""
    closed = Event()

    def behave(connection, server):
        server.body(connection, server.head(connection))
        connection.sendall(answer("202 Accepted", b"{}"))
        connection.close()
        closed.set()

    server = serve(behave)
    for _ in range(3):
        reply = http.send(post(server))
        assert isinstance(reply, Reply)
        assert closed.wait(10)
        closed.clear()

    assert server.accepted == 3


def test_a_connection_that_is_closed_at_the_moment_of_reuse(http, serve) -> None:
    """The server may have heard the second call before it closed."""

    def behave(connection, server):
        server.body(connection, server.head(connection))
        connection.sendall(answer("202 Accepted", b"{}"))
        server.body(connection, server.head(connection))

    server = serve(behave)
    first, second = http.send(post(server)), http.send(post(server))

    assert isinstance(first, Reply)
    assert isinstance(second, Failure)
    assert second.sent == "maybe"
    assert server.accepted == 1


def test_a_packed_answer_is_unpacked(http, serve) -> None:
    """Some servers pack whatever they are asked."""
    server = serve(after_reading(answer(body=gzip.compress(b"{}"), content_encoding="gzip")))
    reply = http.send(post(server))

    assert isinstance(reply, Reply)
    assert reply.body == b"{}"


@pytest.mark.parametrize(
    "url",
    [f"http://api.provider.example/v3?to={PERSON}", f"http://10.0.0.1/v3?to={PERSON}", "ftp://localhost/", "", "https://",
     f"http://localhost.provider.example/?to={PERSON}", "https://[x/", "https://xn--a./", "https://a:b/"],
)  # fmt: skip
def test_letters_are_not_sent_in_the_clear(new_http, url) -> None:
    """Plain http leaves this machine never; the sentence names the server only."""
    lookups = []
    http = new_http(resolver=lambda host, _: lookups.append(host) or ["127.0.0.1"])
    with pytest.raises(ProviderError, match="base_url") as caught:
        http.send(post(None, url=url))

    assert PERSON not in str(caught.value)
    assert lookups == []


def test_a_localhost_that_is_elsewhere_is_not_believed(new_http) -> None:
    """The resolver may be wrong about it."""
    http = new_http(resolver=lambda *_: ["10.0.0.1"])

    with pytest.raises(ProviderError, match=r"localhost is 10\.0\.0\.1, which is not on this machine"):
        http.send(post(None, url="http://localhost/v3"))


def test_loopback_needs_no_permission(new_http, serve) -> None:
    """The operator's own endpoint is trusted, on any port."""
    server = serve({"/v3": answer("202 Accepted", b"{}")})
    http = new_http(allow_private=[])

    for host in ("127.0.0.1", "localhost"):
        reply = http.send(post(server, url=f"http://{host}:{server.port}/v3"))
        assert isinstance(reply, Reply)


def test_nothing_is_logged(http, serve, caplog) -> None:
    """Neither the addresses of people nor the key."""
    server = serve({f"/v3/messages?to={PERSON}": answer("202 Accepted")})
    with caplog.at_level(logging.DEBUG):
        http.send(post(server))

    assert PERSON not in caplog.text
    assert "c2VjcmV0" not in caplog.text
