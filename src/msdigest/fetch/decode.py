"""The body of an answer, unpacked with a limit on what comes out.

The size is limited while unpacking, never after: 260 bytes packed three times over become 400 MiB.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from msdigest.errors import EncodingError, TooLargeError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP_HEADER = 16 + zlib.MAX_WBITS


def decoded(chunks: Iterable[bytes], encoding: str, *, limit: int, url: str) -> Iterator[bytes]:
    """Yield the unpacked pieces of ``chunks``; ``encoding`` is the value of Content-Encoding, perhaps empty.

    limit: of both what arrives and what comes out, in bytes.
    Raises EncodingError, TooLargeError, and UnreachableError if the packed body ends too early; the
    encoding of an empty body does not matter.
    """
    unpacker: _Unpacker | None = None
    received = produced = 0
    for chunk in chunks:
        received += len(chunk)
        unpacker = unpacker or _unpacker(encoding, url)
        try:
            piece = unpacker.feed(chunk, limit - produced + 1)
        except zlib.error as error:
            raise EncodingError(url, "the answer's compression is damaged") from error
        produced += len(piece)
        if max(received, produced) > limit:
            message = f"the answer is larger than the limit of {limit:,} bytes"
            raise TooLargeError(url, message)
        yield piece
    if unpacker is not None and not unpacker.complete:
        raise UnreachableError(url, "the answer was cut short")


class _Unpacker(Protocol):
    @property
    def complete(self) -> bool: ...

    def feed(self, data: bytes, room: int) -> bytes: ...


class _Plain:
    complete = True

    def feed(self, data: bytes, room: int) -> bytes:
        return data[:room]


class _Gzip:
    """Gzip of any number of members; zeros between and after them are padding."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_HEADER)

    @property
    def complete(self) -> bool:
        return self._member.eof

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack ``data`` into at most ``room`` bytes; what would not fit is forgotten."""
        pieces = []
        while data and room:
            if self._member.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                self._member = zlib.decompressobj(_GZIP_HEADER)
            pieces.append(self._member.decompress(data, room))
            room -= len(pieces[-1])
            data = self._member.unused_data
        return b"".join(pieces)


def _unpacker(encoding: str, url: str) -> _Unpacker:
    layers = [layer for layer in (word.strip().lower() for word in encoding.split(",")) if layer]
    match [layer for layer in layers if layer != "identity"]:
        case []:
            return _Plain()
        case ["gzip" | "x-gzip"]:
            return _Gzip()
        case [_]:
            raise EncodingError(url, "the answer is compressed with something else than gzip")
        case _:
            raise EncodingError(url, "the answer is compressed more than once")
