"""Bodies are unpacked within their limit, or refused."""

from __future__ import annotations

import gzip
import zlib

import pytest

from msdigest.errors import EncodingError, TooLargeError, UnreachableError
from msdigest.fetch.decode import decoded

URL = "https://blog.example/feed"
TEXT = b"relapse and recovery " * 500
PACKED = gzip.compress(TEXT)


def unpack(chunks, encoding="gzip", limit=10**6):
    return b"".join(decoded(chunks, encoding, limit=limit, url=URL))


@pytest.mark.parametrize(
    ("chunks", "encoding"),
    [
        ([TEXT], ""),
        ([TEXT], "identity"),
        ([PACKED], "gzip"),
        ([PACKED], "X-GZip"),
        ([PACKED], " identity , gzip"),
        ([PACKED[i : i + 1] for i in range(len(PACKED))], "gzip"),
        ([gzip.compress(TEXT[:99]), gzip.compress(TEXT[99:])], "gzip"),
        ([gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:])], "gzip"),
        ([PACKED + b"\0\0", b"\0"], "gzip"),
        ([b"", PACKED, b""], "gzip"),
    ],
    ids=["plain", "identity", "gzip", "old name", "with identity", "byte by byte", "two members", "glued members",
         "padding", "empty chunks"],
)  # fmt: skip
def test_what_is_accepted(chunks, encoding) -> None:
    """Plain and gzipped bodies come out whole."""
    assert unpack(chunks, encoding) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "br", "gzip, gzip"])
def test_an_empty_body_has_no_encoding(encoding) -> None:
    """A 304 may carry any Content-Encoding."""
    assert unpack([], encoding) == b""


@pytest.mark.parametrize(
    ("chunks", "encoding", "error", "words"),
    [
        ([PACKED], "br", EncodingError, "something else than gzip"),
        ([PACKED], "deflate", EncodingError, "something else than gzip"),
        ([gzip.compress(PACKED)], "gzip, gzip", EncodingError, "more than once"),
        ([PACKED], "gzip,br", EncodingError, "more than once"),
        ([TEXT], "gzip", EncodingError, "damaged"),
        ([PACKED[:-8] + b"\0" * 8], "gzip", EncodingError, "damaged"),
        ([PACKED + b"and more"], "gzip", EncodingError, "damaged"),
        ([PACKED[:50]], "gzip", UnreachableError, "cut short"),
        ([PACKED[:-1]], "gzip", UnreachableError, "cut short"),
        ([PACKED, PACKED[:20]], "gzip", UnreachableError, "cut short"),
    ],
    ids=["br", "deflate", "gzip twice", "gzip and br", "no gzip", "wrong checksum", "rubbish after it", "half",
         "last byte missing", "second member cut"],
)  # fmt: skip
def test_what_is_refused(chunks, encoding, error, words) -> None:
    """Whatever else a server does is an error, never half a text."""
    with pytest.raises(error, match=words):
        unpack(chunks, encoding)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_limit_is_exact(encoding) -> None:
    """As many bytes as the limit says are accepted, one more is not."""
    body = PACKED if encoding else TEXT

    assert unpack([body], encoding, limit=len(TEXT)) == TEXT
    with pytest.raises(TooLargeError, match=f"{len(TEXT) - 1:,} bytes"):
        unpack([body], encoding, limit=len(TEXT) - 1)


def test_packed_bytes_that_bring_nothing_are_limited_too() -> None:
    """Empty members without end do not keep us busy."""
    with pytest.raises(TooLargeError):
        unpack([gzip.compress(b"")] * 100, limit=1000)


def test_nothing_more_is_read_after_the_limit() -> None:
    """The rest of a bomb stays where it is."""
    read = []

    def chunks():
        packer = zlib.compressobj(wbits=31)
        for step in range(1000):
            read.append(step)
            yield packer.compress(b"\0" * 100_000)

    with pytest.raises(TooLargeError):
        unpack(chunks(), limit=1_000_000)

    assert len(read) < 1000
