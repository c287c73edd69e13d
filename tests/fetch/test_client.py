"""Fetching from sources: bounded in time and size, conditional, polite."""

from __future__ import annotations

import gzip
import logging
import tracemalloc
import zlib
from threading import Event, Thread

import pytest
from tests.fetch.loopback import answer, reset

from msdigest.errors import (
    BlockedAddressError,
    EncodingError,
    TooLargeError,
    UnreachableError,
)
from msdigest.fetch.client import MAX_BYTES, HttpClient
from msdigest.model.source import Validators

SHORT = 0.3
NEWS = b"a new trial is recruiting"


def test_what_a_server_is_told(http, serve) -> None:
    """The request says who asks, wants gzip, and has no cookie and no referrer."""
    server = serve({"/feed": answer(body=NEWS, set_cookie="track=1"), "/go": answer("302 Found", location="/feed")})
    http.get(f"{server.url}/feed", accept="application/rss+xml")
    http.get(f"{server.url}/go")

    assert server.fields(0) == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "msdigest/0.1.0 (+https://digest.example; desk@example.org)",
        "accept": "application/rss+xml",
        "accept-encoding": "gzip",
        "connection": "keep-alive",
    }
    assert {"cookie", "referer", "authorization"}.isdisjoint(server.fields(-1))


def test_the_answer(http, serve) -> None:
    """Status, address without fragment, headers in lower case and joined, and the unpacked body."""
    packed = gzip.compress(NEWS)
    page = answer(body=packed, content_encoding="gzip", ETag='W/"\u00e9"').replace(
        b"content-length", b"Vary: a\r\nvary: b\r\nContent-Length"
    )
    server = serve({"/feed?x=1": page})

    reply = http.get(f"{server.url}/feed?x=1#top")

    assert (reply.status, reply.url, reply.body) == (200, f"{server.url}/feed?x=1", NEWS)
    assert (reply.headers["etag"], reply.headers["vary"]) == ('W/"\u00e9"', "a, b")
    assert reply.moved_to is None


@pytest.mark.parametrize(
    "status", ["404 Not Found", "410 Gone", "429 Too Many Requests", "500 Oops", "304 Not Modified"]
)
def test_any_status_is_an_answer(http, serve, status) -> None:
    """What a status means is the collector's business."""
    server = serve({"/": answer(status, retry_after="120", content_encoding="br")})

    reply = http.get(f"{server.url}/")

    assert (reply.status, reply.headers["retry-after"]) == (int(status[:3]), "120")


def test_validators_return_exactly_as_they_came(http, serve) -> None:
    """Quotes, W/, a wrong date and strange bytes: nothing is tidied up, and both are sent."""
    server = serve({"/": answer(body=NEWS, ETag='W/"a\u00e91"', Last_Modified="Thu, 1 jan 2026 0:00 CET")})
    first = http.get(f"{server.url}/").headers
    http.get(f"{server.url}/", validators=Validators(first["etag"], first["last-modified"]))

    assert server.fields()["if-none-match"] == 'W/"a\u00e91"'
    assert server.fields()["if-modified-since"] == "Thu, 1 jan 2026 0:00 CET"


def test_validators_go_to_their_own_page_only(http, serve) -> None:
    """A page that we are sent to has not given them."""
    server = serve({"/feed": answer("301 Moved", location="/other"), "/other": answer(body=NEWS)})
    http.get(f"{server.url}/feed", validators=Validators('"a"', "then"))

    assert "if-none-match" in server.fields(0)
    assert {"if-none-match", "if-modified-since"}.isdisjoint(server.fields(1))


def test_the_environment_is_not_asked(new_http, serve, monkeypatch) -> None:
    """A proxy named by the environment would go around the guard."""
    server = serve({"/": answer(body=NEWS)})
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert new_http().get(f"{server.url}/").body == NEWS


def test_waiting_for_the_host_is_not_the_servers_fault(new_http, serve) -> None:
    """Requests to one host come one after the other, and each has its own time."""
    release = Event()
    at_once, most = [0], [0]

    def behave(connection, server):
        while server.head(connection):
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            release.wait(10)
            at_once[0] -= 1
            connection.sendall(answer(body=NEWS))

    server = serve(behave)
    http, bodies = new_http(), []
    threads = [Thread(target=lambda: bodies.append(http.get(f"{server.url}/").body)) for _ in range(4)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join(10)

    assert bodies == [NEWS] * 4
    assert most == [1]
    assert server.accepted == 1


# Size


def zeros(size: int, layers: int = 1) -> bytes:
    """Gzip ``size`` zeros, ``layers`` times over, without ever holding them."""
    packer, block = zlib.compressobj(wbits=31), b"\0" * 2**20
    pieces = [packer.compress(block) for _ in range(size // len(block))]
    bomb = b"".join((*pieces, packer.flush()))
    for _ in range(layers - 1):
        bomb = gzip.compress(bomb)
    return bomb


@pytest.mark.parametrize(
    ("layers", "error"), [(1, TooLargeError), (3, EncodingError)], ids=["1 GiB of zeros", "packed three times"]
)
def test_a_bomb_does_not_go_off(http, serve, layers, error) -> None:
    """Memory stays near the limit, whatever would come out."""
    encoding = ", ".join(["gzip"] * layers)
    server = serve({"/": answer(body=zeros(2**30, layers), content_encoding=encoding)})
    tracemalloc.start()
    try:
        with pytest.raises(error):
            http.get(f"{server.url}/")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 4 * MAX_BYTES


def test_an_endless_body_is_cut_off(new_http, serve) -> None:
    """A server that never stops is left when the limit is reached."""

    def behave(connection, server):
        server.head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    server = serve(behave)

    with pytest.raises(TooLargeError, match="1,000,000 bytes"):
        new_http(max_bytes=1_000_000).get(f"{server.url}/")


# Servers that break


def says(*pieces: bytes, end=None):
    def behave(connection, server):
        server.head(connection)
        for piece in pieces:
            connection.sendall(piece)
        if end is not None:
            end(connection)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        lambda *_: None,
        lambda connection, _: reset(connection),
        says(),
        says(end=reset),
        says(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
        says(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", end=reset),
        says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n"),
        says(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + gzip.compress(NEWS)[:-4]),
        says(b"SSH-2.0-OpenSSH_9.2\r\nsecret\r\n"),
        says(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000),
    ],
    ids=["close at once", "reset at once", "close", "reset", "short body", "short body and reset", "short chunks",
         "short gzip", "no HTTP", "endless header"],
)  # fmt: skip
def test_broken_answers(http, serve, behave) -> None:
    """Half an answer is none, and the error has none of the server's words."""
    server = serve(behave)

    with pytest.raises(UnreachableError) as caught:
        http.get(f"{server.url}/feed")
    assert f"({server.url}/feed)" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://blog.example/", "blog.example/feed", "", "http://", "http://[x/", "unix:/run/x"],
)
def test_what_is_no_web_address(http, url) -> None:
    """Only http and https are spoken."""
    with pytest.raises(UnreachableError, match="no http or https address"):
        http.get(url)


# The client itself


def test_nothing_is_logged(http, serve, caplog) -> None:
    """httpx would write every address with its query."""
    server = serve({"/?key=hidden": answer(body=NEWS)})
    with caplog.at_level(logging.DEBUG):
        http.get(f"{server.url}/?key=hidden")

    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"allow_private": ["localhost"]}, "'localhost' is not understood"),
        ({"contact": "desk@example.org\r\nx: y"}, "plain ASCII"),
        ({"site_url": "https://caf\u00e9.example"}, "plain ASCII"),
    ],
)
def test_wrong_settings(options, words) -> None:
    """Settings that cannot work are refused at once."""
    settings = {"contact": "desk@example.org", "site_url": "https://digest.example", "version": "1", **options}
    with pytest.raises(ValueError, match=words):
        HttpClient(**settings)


def test_it_closes_its_connections(new_http, serve) -> None:
    """As a context manager it leaves nothing open."""
    closed = Event()

    def behave(connection, server):
        server.head(connection)
        connection.sendall(answer(body=NEWS))
        if connection.recv(1) == b"":
            closed.set()

    server = serve(behave)
    with new_http() as http:
        http.get(f"{server.url}/")
        assert not closed.is_set()

    assert closed.wait(10)


def test_a_blocked_address_is_a_fetch_error_with_its_url(new_http) -> None:
    """Callers see our errors only."""
    with pytest.raises(BlockedAddressError) as caught:
        new_http(allow_private=[]).get("http://169.254.169.254/latest/meta-data")

    assert caught.value.url == "http://169.254.169.254/latest/meta-data"
