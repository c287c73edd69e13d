"""Connections: to the address that was checked, for the name that was meant, within the time that is left."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from threading import Event

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.fetch.loopback import answer

from msdigest.errors import DeadlineError, RedirectError, UnreachableError
from msdigest.fetch.exchange import Stream

SHORT = 0.3
NEWS = b"a new trial is recruiting"


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


def test_no_time_at_all(new_http, serve) -> None:
    """An exchange that is over does not begin."""
    server = serve({"/": answer(body=NEWS)})

    with pytest.raises(DeadlineError):
        new_http(deadline=0).get(f"{server.url}/")
    assert server.accepted == 0


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


def test_what_the_pool_asks_a_connection() -> None:
    """Whether it was closed by the other side, and whether it is a TLS one."""
    ours, theirs = socket.socketpair()
    stream = Stream(ours)
    with theirs:
        assert stream.get_extra_info("is_readable") is False
    assert stream.get_extra_info("is_readable") is True
    stream.close()

    assert stream.get_extra_info("is_readable") is True
    assert stream.get_extra_info("ssl_object") is None
    assert stream.get_extra_info("anything") is None
