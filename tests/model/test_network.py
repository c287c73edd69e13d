"""What may stand in ``[fetch] allow_private``."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from msdigest.model.network import parse_allowed


@pytest.mark.parametrize(
    ("text", "address", "port", "covered"),
    [
        ("127.0.0.0/8", "127.1.2.3", 8080, True),
        ("127.0.0.0/8", "128.0.0.1", 80, False),
        ("127.0.0.0/8", "::ffff:127.0.0.1", 80, True),
        ("127.0.0.0/8", "::1", 80, False),
        ("10.1.2.3", "10.1.2.3", 25, True),
        (" 10.1.2.3 ", "10.1.2.3", 25, True),
        ("10.1.2.3", "10.1.2.4", 25, False),
        ("127.0.0.1:8900", "127.0.0.1", 8900, True),
        ("127.0.0.1:8900", "127.0.0.1", 80, False),
        ("127.0.0.1:8900", "127.0.0.2", 8900, False),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:80", "::1", 81, False),
        ("::1", "::1", 81, True),
        ("[::1]", "::1", 81, True),
        ("fd00::/8", "fd12::1", 443, True),
    ],
)
def test_what_an_entry_covers(text, address, port, covered) -> None:
    """An entry covers its network on every port, or its address on one port."""
    assert parse_allowed(text).covers(ip_address(address), port) is covered


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("localhost", "no such address"),
        ("", "no such address"),
        ("10.1.2.3/8", "host bits are set"),
        ("10.0.0.0/8:80", "no such address"),
        ("127.0.0.1:0", "between 1 and 65535"),
        ("127.0.0.1:65536", "between 1 and 65535"),
        ("127.0.0.1:", "no such address"),
        ("010.0.0.1", "no such address"),
    ],
)
def test_what_is_no_entry(text, words) -> None:
    """A wrong entry is answered with a sentence that repeats it."""
    with pytest.raises(ValueError, match=words) as caught:
        parse_allowed(text)

    assert repr(text) in str(caught.value)
