"""Addresses are made whole, refused, or brought to one spelling."""

from __future__ import annotations

import pytest

from msdigest.markup.links import absolute, canonical_link

BASE = "https://blog.example/2021/10/post/"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://www.Example.org/Post/?utm_source=x&p=1#top", "example.org/Post?p=1"),
        ("http://example.org:80/post", "example.org/post"),
        ("https://example.org:8443/post/", "example.org:8443/post"),
        ("https://example.org/?replytocom=12&fbclid=z", "example.org"),
        ("https://example.org/?b=2&a=1", "example.org?b=2&a=1"),
        ("urn:uuid:1", "urn:uuid:1"),
        ("http://[", "http://["),
        ("http://example.org:x/", "http://example.org:x/"),
        ("", ""),
    ],
)
def test_canonical_link(url: str, canonical: str) -> None:
    """Spellings of one address become one."""
    assert canonical_link(url) == canonical


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("../x y", "https://blog.example/2021/10/x%20y"),
        ("?p=1", "https://blog.example/2021/10/post/?p=1"),
        ("HTTPS://x.example/", "HTTPS://x.example/"),
        ("ftp://x.example/", ""),
        ("file:///etc/passwd", ""),
        ("http://", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_absolute(url: str, seen: str) -> None:
    """An address is made whole, or refused."""
    assert absolute(url, BASE).lower() == seen.lower()
