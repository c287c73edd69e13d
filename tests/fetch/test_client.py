"""Fetching from sources: bounded in time and size, conditional, polite."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import logging
import ssl
import tracemalloc
import zlib
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.fetch.loopback import answer, reset

from msdigest.errors import (
    BlockedAddressError,
    DeadlineError,
    EncodingError,
    RedirectError,
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


# Redirects


def hops(serve, *statuses):
    """A server whose page /0 leads to /1 and so on, to the news at the end."""
    pages = {f"/{n}": answer(f"{status} Moved", location=f"/{n + 1}") for n, status in enumerate(statuses)}
    return serve({**pages, f"/{len(statuses)}": answer(body=NEWS)})


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        ([301], True),
        ([308, 301], True),
        ([302], False),
        ([301, 302], False),
        ([307, 301], False),
        ([303], False),
        ([301] * 5, True),
        ([], False),
    ],
)
def test_redirects_are_followed(http, serve, statuses, moved) -> None:
    """The new address is told if every hop was for good."""
    server = hops(serve, *statuses)
    end = f"{server.url}/{len(statuses)}"

    reply = http.get(f"{server.url}/0")

    assert (reply.body, reply.url) == (NEWS, end)
    assert reply.moved_to == (end if moved else None)


def test_six_redirects_are_too_many(http, serve) -> None:
    """The sixth is not followed."""
    server = hops(serve, *[302] * 6)

    with pytest.raises(RedirectError, match="more than 5 times"):
        http.get(f"{server.url}/0")
    assert len(server.heads) == 6


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/", "in a circle"),
        ("#elsewhere", "in a circle"),
        ("file:///etc/passwd", "no http or https address"),
        ("ftp://blog.example/", "no http or https address"),
        ("gopher://127.0.0.1/", "no http or https address"),
        ("javascript:alert(1)", "no http or https address"),
        ("http://", "in a circle"),
        ("http://[bad/", "no http or https address"),
        ("http://blog.example:65536/", "no http or https address"),
        ("http://blog.example:0/", "no http or https address"),
        ("https://xn--./", "no http or https address"),
        ("https://xn--a.example/", "no http or https address"),
        ("http://\u00ad/", "no address"),
        ("//[::1", "no address"),
        ("http://blog.example/\x80" + "y" * 70_000, "no address"),
    ],
)
def test_redirects_that_are_not_followed(http, serve, location, words) -> None:
    """A redirect to anywhere but a web page is an error."""
    server = serve({"/": answer("302 Found", location=location)})

    with pytest.raises(RedirectError, match=words):
        http.get(f"{server.url}/")
    assert len(server.heads) == 1


def test_a_redirect_without_a_location_is_an_answer(http, serve) -> None:
    """There is nowhere to go."""
    server = serve({"/": answer("302 Found", b"see elsewhere")})

    assert http.get(f"{server.url}/").body == b"see elsewhere"


def test_a_password_stays_with_its_server(http, serve) -> None:
    """It is sent where the operator wrote it, not repeated, and not sent along."""
    elsewhere = serve({"/": answer(body=NEWS)}, host="127.0.0.2")
    server = serve({"/": answer("301 Moved", location=f"http://other:hidden@127.0.0.2:{elsewhere.port}/")})

    reply = http.get(f"http://desk:hidden@127.0.0.1:{server.port}/")

    assert server.fields()["authorization"].startswith("Basic ")
    assert "authorization" not in elsewhere.fields()
    assert "hidden" not in repr(reply)


# Time


def drip(piece: bytes, every: float = 0.05):
    """A server that answers with ``piece`` byte by byte and never comes to an end."""

    def behave(connection, server):
        server.head(connection)
        for byte in piece:
            connection.sendall(bytes([byte]))
            if server.over.wait(every):
                return
        server.over.wait(10)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        lambda _, server: server.over.wait(10),
        drip(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000),
        drip(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 1000, 0.01),
        drip(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000, 0.01),
        drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, 0.01),
    ],
    ids=["silence", "headers", "body", "chunks", "hints"],
)
def test_the_deadline_covers_every_wait(new_http, serve, behave) -> None:
    """A byte now and then does not prolong it."""
    server = serve(behave)

    with pytest.raises(DeadlineError):
        new_http(deadline=SHORT).get(f"{server.url}/")
    assert server.accepted == 1


def test_the_deadline_covers_the_lookup(new_http) -> None:
    """A resolver that hangs is left behind."""
    over = Event()
    http = new_http(deadline=SHORT, resolver=lambda *_: [str(over.wait(10))])

    with pytest.raises(DeadlineError):
        http.get("http://blog.example/")
    over.set()


def test_the_deadline_covers_the_handshake(new_http, serve) -> None:
    """A server that never says its part of TLS does not hold us."""
    server = serve(lambda _, server: server.over.wait(10))

    with pytest.raises(DeadlineError):
        new_http(deadline=SHORT).get(f"https://127.0.0.1:{server.port}/")


def test_the_deadline_covers_all_redirects_together(new_http, serve) -> None:
    """Each hop has what the ones before it left."""

    def behave(connection, server):
        while head := server.head(connection):
            server.over.wait(SHORT / 2)
            connection.sendall(answer("302 Found", location=f"/{len(server.heads)}") if head else b"")

    server = serve(behave)

    with pytest.raises(DeadlineError):
        new_http(deadline=SHORT).get(f"{server.url}/")
    assert len(server.heads) <= 3


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


def test_nobody_listens(http, closed_port) -> None:
    """A closed port is said to be one."""
    with pytest.raises(UnreachableError, match="Connection refused"):
        http.get(f"http://127.0.0.1:{closed_port}/")


def test_the_next_address_is_tried(new_http, serve) -> None:
    """A name with several addresses is reached if one of them answers."""
    server = serve({"/": answer(body=NEWS)})
    http = new_http(resolver=lambda *_: ["127.0.0.9", "127.0.0.1"])

    assert http.get(f"http://blog.example:{server.port}/").body == NEWS


@pytest.mark.parametrize(
    ("addresses", "words"),
    [([], "no address"), (OSError(-2, "Name or service not known"), "Name or service not known"),
     (UnicodeError("label too long"), "no valid host name")],
    ids=["nothing", "unknown", "too long"],
)  # fmt: skip
def test_a_name_that_leads_nowhere(new_http, addresses, words) -> None:
    """The resolver's word is passed on."""

    def resolver(host, port):
        if isinstance(addresses, Exception):
            raise addresses
        return addresses

    with pytest.raises(UnreachableError, match=words):
        new_http(resolver=resolver).get("http://blog.example/")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://blog.example/", "blog.example/feed", "", "http://", "http://[x/", "unix:/run/x"],
)
def test_what_is_no_web_address(http, url) -> None:
    """Only http and https are spoken."""
    with pytest.raises(UnreachableError, match="no http or https address"):
        http.get(url)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for feeds.example that signs itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "feeds.example")])
    builder = x509.CertificateBuilder(
        issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1,
        not_valid_before=dt.datetime(2000, 1, 1, tzinfo=dt.UTC), not_valid_after=dt.datetime(2100, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("feeds.example")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, *form))
    return file


@pytest.fixture
def secure(serve, certificate):
    """A server with that certificate; ``names`` collects what its visitors called it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    names = []
    context.sni_callback = lambda _, name, __: names.append(name)
    server = serve(
        {"/": answer(body=NEWS), "/down": answer("302 Found", location="http://feeds.example/")}, tls=context
    )
    server.names = names
    return server


def loopback(host, port):
    return ["127.0.0.1"]


def test_tls_is_for_the_name_not_for_the_address(new_http, secure, certificate) -> None:
    """The address was chosen by us, the certificate must still be the name's."""
    http = new_http(tls=ssl.create_default_context(cafile=certificate), resolver=loopback)

    assert http.get(f"https://feeds.example:{secure.port}/").body == NEWS
    assert secure.names == ["feeds.example"]
    with pytest.raises(UnreachableError, match="certificate is not accepted: Hostname mismatch"):
        http.get(f"https://other.example:{secure.port}/")
    with pytest.raises(RedirectError, match="from https back to http"):
        http.get(f"https://feeds.example:{secure.port}/down")


def test_an_unknown_authority_is_refused(new_http, secure) -> None:
    """Certificates are checked by default."""
    with pytest.raises(UnreachableError, match="certificate is not accepted: self"):
        new_http(resolver=loopback).get(f"https://feeds.example:{secure.port}/")
    assert secure.heads == []


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
    assert ipaddress.ip_address("169.254.169.254").is_link_local
