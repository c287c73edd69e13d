"""Servers that mean no good: each visit ends soon, with one sentence, and nothing that is known is lost."""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from ipaddress import ip_address

import pytest
from tests.collect.feed.visiting import rss_document
from tests.fetch.loopback import answer
from tests.hostile.desk import DAY, HOUR, network

from msdigest.model.source import Validators

GOOD = rss_document("<item><title>Good news</title><guid>good</guid></item>")


@cache
def bomb(layers: int) -> bytes:
    """Pack 1 GiB of zeros (400 MiB for three layers), never held."""
    packer, block = zlib.compressobj(wbits=31), b"\0" * 2**20
    packed = b"".join((*(packer.compress(block) for _ in range(1024 if layers == 1 else 400)), packer.flush()))
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


def says(*pieces: bytes, every: float = 0.0):
    """Answer with ``pieces``, a pause after each, then hang up."""

    def behave(connection, server):
        server.head(connection)
        for piece in pieces:
            connection.sendall(piece)
            if every and server.over.wait(every):
                return

    return behave


# 7, 8


def test_packed_three_times(desk) -> None:
    """7: 400 MiB in a few hundred bytes are not unpacked at all."""
    packed = bomb(3)
    assert len(packed) < 5_000
    report = desk.visit(packed, content_encoding="gzip, gzip, gzip")

    assert report.status == "failed"
    assert "compressed more than once" in report.error


@pytest.mark.parametrize("headers", [{}, {"content_length": "1000"}], ids=["honest", "lying"])
def test_a_packed_gigabyte(new_desk, headers) -> None:
    """8: unpacking ends at ten million bytes, whatever the headers say."""
    packed = bomb(1)
    told = {"content_length": str(len(packed)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    desk = new_desk(says(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n" + head.encode() + b"\r\n" + packed))

    report = desk.visit()

    assert report.status == "failed"
    assert "larger than the limit of 10,485,760 bytes" in report.error or headers


@pytest.mark.parametrize(
    ("length", "words"),
    [(str(len(GOOD) + 1), "broke the connection"), ("999999999999", "broke the connection"), ("-5", "does not speak HTTP"), ("x", "does not speak HTTP")],
)  # fmt: skip
def test_a_length_that_lies(new_desk, length, words) -> None:
    """8: half an answer is none."""
    desk = new_desk(says(b"HTTP/1.1 200 OK\r\ncontent-length: " + length.encode() + b"\r\n\r\n" + GOOD))

    report = desk.visit()

    assert report.status == "failed"
    assert words in report.error
    assert desk.titles() == []


def test_a_length_that_is_too_short(new_desk) -> None:
    """8: what is beyond it is nobody's answer; the document ends in the middle then."""
    two = rss_document(
        "<item><title>Good news</title><guid>good</guid></item><item><title>Cut</title><guid>2</guid></item>"
    )
    length = str(two.index(b"Cut")).encode()
    desk = new_desk(says(b"HTTP/1.1 200 OK\r\ncontent-length: " + length + b"\r\n\r\n" + two))

    report = desk.visit()

    assert (report.status, desk.titles()) == ("ok", ["Good news"])
    assert "the last entry is held" in report.warnings[0]


# 9


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["headers", "body"])
def test_one_byte_now_and_then(new_desk, head) -> None:
    """9: a byte does not buy more time; the usual patience is 30 s."""
    drops = [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000]
    desk = new_desk(says(head, *drops, every=0.02), patience=0.5)

    report = desk.visit()

    assert report.status == "failed"
    assert "did not arrive in time" in report.error


def test_the_usual_patience(desk) -> None:
    """9: thirty seconds for everything."""
    del desk.app.__dict__["http"]

    assert desk.app.http._deadline == 30.0


# 10


INSIDE = {
    "loopback": ("http://127.0.0.1:{port}/", None),
    "loopback, short": ("http://127.1:{port}/", None),
    "loopback, a number": ("http://2130706433:{port}/", None),
    "loopback by name": ("http://localhost:{port}/", None),
    "loopback, version 6": ("http://[::1]:{port}/", None),
    "metadata": ("http://169.254.169.254/latest/meta-data", None),
    "mapped": ("http://[::ffff:10.0.0.1]/", None),
    "NAT64": ("http://[64:ff9b::7f00:1]:{port}/", None),
    "a name": ("http://inside.example:{port}/", ["127.0.0.1"]),
    "a name with two addresses": ("https://inside.example/", ["93.184.216.34", "10.0.0.1"]),
    "a name in NAT64": ("https://inside.example/", ["64:ff9b::a00:1"]),
}


@pytest.mark.parametrize(("location", "addresses"), INSIDE.values(), ids=INSIDE)
def test_redirects_inside(desk, serve, location, addresses) -> None:
    """10: they are refused where the connection is made, and not a byte is sent."""
    inside = serve({"/": answer(body=b"secret")})

    def resolver(host, port):
        return addresses if host == "inside.example" else ["127.0.0.1" if "localhost" in host else str(_read(host))]

    network(desk.app, allow_private=[f"127.0.0.1:{desk.server.port}"], resolver=resolver)
    report = desk.visit("", status="302 Found", location=location.format(port=inside.port))

    assert report.status == "failed"
    assert "is private or reserved" in report.error
    assert inside.accepted == 0


def _read(host):
    odd = {"127.1": "127.0.0.1", "2130706433": "127.0.0.1"}
    return ip_address(odd.get(host, host))


def test_a_name_that_leads_elsewhere_the_second_time(desk, serve) -> None:
    """10: a visit looks a name up once, and the next one does not go where it leads by then."""
    answers = [["127.0.0.1"], ["10.0.0.7"]]
    network(
        desk.app, allow_private=[f"127.0.0.1:{desk.server.port}"], resolver=lambda *_: answers.pop(0)
    )  # fmt: skip
    desk.source = desk.moved(url=f"http://blog.example:{desk.server.port}/feed")
    first = desk.visit(GOOD, connection="close")
    second = desk.visit(GOOD, connection="close")

    assert (first.status, second.status) == ("ok", "failed")
    assert "blog.example is 10.0.0.7, which is private or reserved" in second.error
    assert desk.titles() == ["Good news"]


# 11


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ({"/feed": "/feed"}, "in a circle"),
        ({"/feed": "/a", "/a": "/feed"}, "in a circle"),
        ({"/feed": "/1", **{f"/{n}": f"/{n + 1}" for n in range(1, 9)}}, "redirects more than 5 times"),
        ({"/feed": "file:///etc/passwd"}, "no http or https address"),
        ({"/feed": "gopher://127.0.0.1/"}, "no http or https address"),
        ({"/feed": "javascript:alert(1)"}, "no http or https address"),
        ({"/feed": "http://"}, "redirects"),
    ],
    ids=["itself", "there and back", "six hops", "file", "gopher", "script", "nowhere"],
)
def test_redirects_that_lead_nowhere(desk, pages, words) -> None:
    """11: five hops at most, to web pages only. (From https back to http: see the tests of the network.)"""
    desk.pages.update({path: answer("302 Found", location=there) for path, there in pages.items()})

    report = desk.visit()

    assert report.status == "failed"
    assert words in report.error
    assert len(desk.server.heads) <= 6


# 12, 13


LOGIN = (
    "<!DOCTYPE html><html><head><title>Log in</title>"
    '<link rel="alternate" type="application/rss+xml" href="/real/feed"></head><body><form>…</form></body></html>'
)
PAGES = {
    "a login page": (LOGIN, "200 OK", {}, "titled “Log in”; it points to {base}/real/feed"),
    "a page called a feed": (LOGIN, "200 OK", {"content_type": "application/rss+xml"}, "no feed but a page"),
    "a challenge": ("<html><title>Just a moment...</title>", "200 OK", {"cf_mitigated": "challenge"}, "Just a moment"),
    "a challenge that says so": ("<html><title>Just a moment...</title>", "403 Forbidden", {"cf_mitigated": "challenge"}, "403"),
    "plain text": ("there was an error", "200 OK", {}, "no feed but a page"),
    "JSON of another kind": ('{"error": "maintenance"}', "200 OK", {}, "JSON, but no JSON Feed"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "200 OK", {"content_type": "image/png"}, "no feed"),
    "nothing": ("", "200 OK", {}, "empty page"),
    "a byte order mark": (b"\xef\xbb\xbf", "200 OK", {}, "empty page"),
    "white space": (" \r\n\t ", "200 OK", {}, "empty page"),
    "nothing in UTF-16": (b"\xff\xfe", "200 OK", {}, "empty page"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "headers", "words"), PAGES.values(), ids=PAGES)
def test_what_is_no_feed(desk, body, status, headers, words) -> None:
    """12, 13: the editor is told what stands there and where the feed may be, and nothing that is known is lost."""
    desk.visit(GOOD, etag='"1"')
    report = desk.visit(body, status=status, after=HOUR, **headers)

    assert report.status == "failed"
    assert words.format(base=desk.server.url) in report.error
    assert "Traceback" not in report.error
    assert desk.titles() == ["Good news"]
    assert len(desk.living()) == 1
    assert desk.state().validators == Validators('"1"', None)
    assert desk.visit(GOOD, after=DAY).status in {"ok", "unchanged"}


@pytest.mark.parametrize("before", [b"\n", b" \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n", b"\n\xef\xbb\xbf"])
def test_what_stands_before_the_document(desk, before) -> None:
    """13: white space and byte order marks before ``<?xml`` make it no worse."""
    report = desk.visit(before + GOOD)

    assert (report.status, desk.titles()) == ("ok", ["Good news"])
