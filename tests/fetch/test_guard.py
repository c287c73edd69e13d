"""Private addresses are refused where the connection is made."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address

import pytest
from tests.fetch.loopback import answer

from msdigest.errors import BlockedAddressError, RedirectError, UnreachableError
from msdigest.fetch.exchange import Backend, RefusedAddress
from msdigest.fetch.guard import Guard, is_public
from msdigest.fetch.manners import Manners
from msdigest.model.network import parse_allowed


@pytest.mark.parametrize(
    "text",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
     "2002:808:808::1"],
)  # fmt: skip
def test_public_addresses(text) -> None:
    """The internet is public, also when it is seen through IPv6."""
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1",
        "fe80::1", "fe80::1%lo", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1",
        "2001:db8::1", "3fff::1", "2001::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(text) -> None:
    """Everything else is not, whatever the standard library thinks of it."""
    assert not is_public(ip_address(text))


PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.7"


@pytest.mark.parametrize(
    ("addresses", "port", "allowed", "named", "fine"),
    [
        ([PUBLIC], 443, [], None, True),
        ([PUBLIC], 80, [], None, True),
        ([PUBLIC], 8080, [], None, False),
        ([PUBLIC], 8080, [], ("blog.example", 8080), True),
        ([PUBLIC], 8080, [], ("blog.example", 8081), False),
        ([PUBLIC], 8080, [], ("other.example", 8080), False),
        ([PUBLIC], 8080, [f"{PUBLIC}:8080"], None, True),
        ([PRIVATE], 443, [], None, False),
        ([PRIVATE], 8080, [], ("blog.example", 8080), False),
        ([PRIVATE], 443, ["10.0.0.0/8"], None, True),
        ([PRIVATE], 8080, ["10.0.0.0/8"], None, True),
        ([PRIVATE], 8080, [f"{PRIVATE}:8080"], None, True),
        ([PRIVATE], 443, [f"{PRIVATE}:8080"], None, False),
        ([PUBLIC, PRIVATE], 443, [], None, False),
        ([PUBLIC, "::1"], 443, [], None, False),
        ([PUBLIC, PRIVATE], 443, ["10.0.0.0/8"], None, True),
        ([PUBLIC, PRIVATE], 8080, ["10.0.0.0/8"], None, False),
    ],
)
def test_the_rule(addresses, port, allowed, named, fine) -> None:
    """One address that may not be asked is enough to refuse the name."""
    guard = Guard([parse_allowed(text) for text in allowed], named)
    ask = [ip_address(text) for text in addresses]

    if fine:
        guard.rule("blog.example", port, ask)
    else:
        with pytest.raises(RefusedAddress, match=r"blog\.example"):
            guard.rule("blog.example", port, ask)


@pytest.mark.parametrize(
    ("host", "address", "named", "entry"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1:8911"),
        ("blog.example", "10.0.0.7", "blog.example is 10.0.0.7, which", "10.0.0.7:8911"),
        ("::1", "::1", "::1", "[::1]:8911"),
        ("[::1]", "::1", "[::1]", "[::1]:8911"),
        ("blog.example", "::ffff:10.0.0.7", "blog.example is ::ffff:a00:7, which", "10.0.0.7:8911"),
    ],
)
def test_the_way_out_is_told(host, address, named, entry) -> None:
    """An address is told once, with the line that would allow it, and that line does."""
    told = f'^{re.escape(named)} is private or reserved: list "{re.escape(entry)}" in .fetch. allow_private if'

    with pytest.raises(RefusedAddress, match=told):
        Guard([]).rule(host, 8911, [ip_address(address)])
    Guard([parse_allowed(entry)]).rule(host, 8911, [ip_address(address)])


# Every way to write this machine, and whether all resolvers know it as an address.
LOOPBACK = {
    "127.0.0.1": True, "127.0.0.1.": False, "127.1": True, "127.0.1": True, "2130706433": True, "017700000001": False,
    "0177.0.0.1": False, "0x7f.1": False, "0x7f000001": False, "0X7F.0.0.1": False, "127.0.0.001": False, "0": False,
    "0.0.0.0": True, "00000000": False, "localhost": True, "LOCALHOST": True, "localhost.": False,
    "LocalHost.LocalDomain": False, "127。0。0。1": True, "127．0．0．1": True, "127｡0｡0｡1": True, "１２７.0.0.1": False,
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ": False, "%6c%6f%63%61%6c%68%6f%73%74": False, "127%2e0%2e0%2e1": False, "127.0.0.1%00": False,
    "[::1]": True, "[0:0:0:0:0:0:0:1]": True, "[::]": True, "[::127.0.0.1]": True, "[::ffff:127.0.0.1]": True,
    "[::ffff:7f00:1]": True, "[::ffff:0:7f00:1]": True, "[64:ff9b::7f00:1]": True, "[64:ff9b::127.0.0.1]": True,
    "[64:ff9b:1::7f00:1]": True, "[2002:7f00:1::]": True, "[fe80::1]": True, "[fe80::1%25lo]": False,
    "[fe80::1%lo]": False, "user@127.0.0.1": True, "blog.example@127.0.0.1": True, "user:word@localhost": True,
    "user:word@[::1]": True, "blog.example\\@127.0.0.1": False, "blog.example#@127.0.0.1": False,
}  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_spelling_of_loopback_gets_through(new_http, serve, host) -> None:
    """However this machine is written, nothing is connected to and the password is not repeated."""
    server = serve({"/": answer(body=b"secret")})
    http = new_http(allow_private=[])
    url = f"http://{host}:{server.port}/"

    with pytest.raises((BlockedAddressError, UnreachableError)) as caught:
        http.get(url, manners=Manners(source_url=url))

    assert server.accepted == 0
    assert "word" not in str(caught.value)
    assert isinstance(caught.value, BlockedAddressError) or not LOOPBACK[host]


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_redirect_to_loopback_gets_through(new_http, serve, host) -> None:
    """However this machine is written, a server that we may ask cannot send us to another one on it."""
    inside = serve({"/": answer(body=b"secret")})
    location = f"http://{host}:{inside.port}/".encode().decode("latin-1")
    outside = serve({"/": answer("302 Found", location=location)})
    http = new_http(allow_private=[f"127.0.0.1:{outside.port}"])

    with pytest.raises((BlockedAddressError, UnreachableError, RedirectError)):
        http.get(f"{outside.url}/", manners=Manners(source_url=f"{outside.url}/"))

    assert (outside.accepted, inside.accepted) == (1, 0)


INSIDE = [
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.0.192", "198.18.0.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.0.0.0", "::", "::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1",
    "2002:a00:1::", "2002:a9fe:a9fe::1", "2001:0:a00:1::", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "ff0e::1", "2001:db8::1", "3fff::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_inside_is_reached(new_http, monkeypatch, address) -> None:
    """By its address, by a name, by a redirect, for a question with a body: no connection is tried."""
    tried = []
    monkeypatch.setattr("socket.create_connection", lambda *where, **_: tried.append(where))
    host = f"[{address}]" if ":" in address else address

    for url, resolved in ((f"http://{host}/", [address]), ("https://blog.example/", ["93.184.216.34", address])):
        http = new_http(allow_private=[], resolver=lambda *_, resolved=resolved: resolved)
        for ask in (http.get, partial(http.post, body=b"", content_type="text/plain")):
            with pytest.raises(BlockedAddressError, match="is private or reserved"):
                ask(url)
    assert tried == []


@pytest.mark.parametrize("zone", ["lo", "eth0", "1", "25lo"])
def test_a_zone_changes_nothing(new_http, zone) -> None:
    """The resolver may name the network card with an address."""
    http = new_http(allow_private=[], resolver=lambda *_: [f"fe80::1%{zone}"])

    with pytest.raises(BlockedAddressError):
        http.get("http://printer.example/")


@pytest.mark.parametrize(
    "url",
    ["unix:/run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/info", "unix:///run/docker.sock", "http:///run/x",
     "http://%2Frun%2Fdocker.sock/", "http:/127.0.0.1/", "http:127.0.0.1/", "//127.0.0.1/", "\\\\127.0.0.1\\"],
)  # fmt: skip
def test_no_file_is_a_server(http, url) -> None:
    """Sockets in files and addresses cut short are no web addresses, or names that nobody has."""
    with pytest.raises(UnreachableError):
        http.get(url)


def test_a_redirect_to_a_private_address_is_refused(new_http, serve) -> None:
    """The guard stands at every hop."""
    inside = serve({"/": answer(body=b"secret")}, host="127.0.0.2")
    outside = serve({"/": answer("302 Found", location=f"http://127.0.0.2:{inside.port}/")})
    http = new_http(allow_private=["127.0.0.1"])

    with pytest.raises(BlockedAddressError, match=r"127\.0\.0\.2 is private"):
        http.get(f"{outside.url}/")

    assert outside.accepted == 1
    assert inside.accepted == 0


def test_the_address_that_was_checked_is_the_one_that_is_used(new_http, serve) -> None:
    """A name that changes its answer between two lookups gains nothing by it."""
    inside = serve({"/": answer(body=b"secret")}, host="127.0.0.2")
    outside = serve({"/": answer(body=b"news", connection="close")}, port=inside.port)
    lookups = []

    def rebinding(host, port):
        lookups.append(host)
        return ["127.0.0.1" if len(lookups) == 1 else "127.0.0.2"]

    http = new_http(allow_private=["127.0.0.1"], resolver=rebinding)
    url = f"http://blog.example:{inside.port}/"

    assert http.get(url).body == b"news"
    assert lookups == ["blog.example"]
    assert outside.fields()["host"] == f"blog.example:{inside.port}"
    with pytest.raises(BlockedAddressError):
        http.get(url)
    assert inside.accepted == 0


@pytest.mark.parametrize("hop", ["/again", "//blog.example:{port}/again", "http://BLOG.example:{port}/again"])
def test_a_name_that_changes_between_two_hops(new_http, serve, hop) -> None:
    """A page that sends us to itself, under a name that leads elsewhere by then, is not followed there."""
    inside = serve({"/again": answer(body=b"secret")}, host="127.0.0.2")
    moved = answer("302 Found", location=hop.format(port=inside.port), connection="close")
    outside = serve({"/": moved}, port=inside.port)
    lookups = []

    def rebinding(host, port):
        lookups.append(host)
        return ["127.0.0.1" if len(lookups) == 1 else "127.0.0.2"]

    http = new_http(allow_private=["127.0.0.1"], resolver=rebinding)
    with pytest.raises(BlockedAddressError, match=r"blog\.example is 127\.0\.0\.2, which is private"):
        http.get(f"http://blog.example:{inside.port}/")

    assert lookups == ["blog.example"] * 2
    assert (outside.accepted, inside.accepted) == (1, 0)


def test_one_private_address_among_many_is_enough(new_http, serve) -> None:
    """A name with a public and a private address is refused before either is tried."""
    server = serve({"/": answer()})
    http = new_http(allow_private=[f"127.0.0.1:{server.port}"], resolver=lambda *_: ["127.0.0.1", "10.0.0.1"])

    with pytest.raises(BlockedAddressError, match=r"10\.0\.0\.1"):
        http.get(f"http://blog.example:{server.port}/")

    assert server.accepted == 0


def test_a_named_port_is_for_its_source_alone(http, serve) -> None:
    """Another source does not find the connection in the pool: it must pass the rule itself."""
    server = serve({"/": answer(body=b"news")})
    url = f"{server.url}/"

    for source_url in (url, url, None, None):
        assert http.get(url, manners=Manners(source_url=source_url)).body == b"news"
    assert [server.fields(number)["connection"] for number in range(4)] == [
        "close",
        "close",
        "keep-alive",
        "keep-alive",
    ]
    assert server.accepted == 3


def test_unix_sockets_are_refused() -> None:
    """No file on this machine is a server to us."""
    with pytest.raises(RefusedAddress, match="docker"):
        Backend().connect_unix_socket("/run/docker.sock")


def test_connections_are_made_for_an_exchange_only() -> None:
    """Without a rule there is no connection."""
    with pytest.raises(LookupError):
        Backend().connect_tcp("127.0.0.1", 80)
