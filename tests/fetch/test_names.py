"""The resolver: what only the real one meets."""

from __future__ import annotations

import time

import pytest
from tests.fetch.nameserver import Nameserver, free_port

from msdigest.errors import NamesError
from msdigest.fetch.names import Resolver

RECORDS = {"example.org": {"TXT": [f"{number}=" + "x" * 190 for number in range(20)]}}


def test_a_long_answer_is_asked_for_again() -> None:
    """What does not fit into a datagram comes whole, by TCP."""
    with Nameserver(RECORDS) as server:
        found = Resolver(server.address).texts("example.org")

    assert set(found) == set(RECORDS["example.org"]["TXT"])
    assert [way for way, *_ in server.asked] == ["udp", "tcp"]


def test_nothing_is_asked_twice() -> None:
    """Neither what there is nor what there is not."""
    with Nameserver(RECORDS) as server:
        resolver = Resolver(server.address)
        for name in ("example.org", "example.org", "nobody.example", "nobody.example"):
            try:
                resolver.texts(name)
            except NamesError:
                continue

    assert [name for way, name, _ in server.asked if way == "udp"] == ["example.org", "nobody.example"]


def test_a_server_that_says_nothing() -> None:
    """After its time it is given up."""
    began = time.monotonic()
    with Nameserver(RECORDS, mute=frozenset({"example.org"})) as server, pytest.raises(NamesError) as caught:
        Resolver(server.address, patience=0.05, lifetime=0.2).texts("example.org")

    assert caught.value.why == "failed"
    assert time.monotonic() - began < 3


def test_nobody_listens() -> None:
    """As if nothing was said."""
    with pytest.raises(NamesError) as caught:
        Resolver(("127.0.0.1", free_port()), patience=0.05, lifetime=0.2).texts("example.org")

    assert caught.value.why == "failed"


@pytest.mark.parametrize("name", ["a..example.org", f"{'x' * 64}.example.org", "x." * 140 + "org", "b\u00fccher..de"])
def test_what_is_no_name_does_not_exist(name) -> None:
    """It is not asked for."""
    with pytest.raises(NamesError) as caught:
        Resolver(("127.0.0.1", 9)).texts(name)

    assert caught.value.why == "unknown"


def test_nobody_is_waited_for_again_and_again() -> None:
    """After two questions in vain the others cost no time."""
    names = [f"n{number}.example" for number in range(50)]
    with Nameserver({}, mute=frozenset(names)) as server:
        resolver = Resolver(server.address, patience=0.02, lifetime=0.05)
        for name in names:
            with pytest.raises(NamesError):
                resolver.texts(name)

    assert {name for _, name, _ in server.asked} == {"n0.example", "n1.example"}


def test_a_pause_is_forgiven() -> None:
    """One answer, and it is patient again."""
    records = {"a.example": {"TXT": ["a"]}, "b.example": {"TXT": ["b"]}}
    with Nameserver(records, mute=frozenset({"x.example", "y.example"})) as server:
        resolver = Resolver(server.address, patience=0.02, lifetime=0.05)
        for name in ("x.example", "a.example", "y.example"):
            try:
                resolver.texts(name)
            except NamesError:
                continue

        assert resolver.texts("b.example") == ("b",)
