"""Bodies for providers that take one letter with placeholders, and forms for those that take no JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence


def with_placeholders(
    parts: Sequence[bytes | str], placeholder: Callable[[str], bytes], *, foreign: re.Pattern[bytes], instead: bytes
) -> bytes:
    """Join literals and our own placeholders.

    placeholder: name of a slot → how the provider is told to put a value there. foreign: what in a literal the provider
    would take for a placeholder, if it stood in somebody's blog post; ``instead`` is what readers see the same.
    """
    return b"".join(placeholder(part) if isinstance(part, str) else foreign.sub(instead, part) for part in parts)


def slots_of(parts: Sequence[bytes | str]) -> list[str]:
    """Return the names of the person's slots in a body, each once, in order."""
    return list(dict.fromkeys(str(name) for name in parts[1::2]))


def multipart(fields: Sequence[tuple[str, str | bytes]], boundary: str) -> bytes:
    """Write a form as ``multipart/form-data``."""
    # Encoded piece by piece: a text with one wide character would take four bytes for each of its characters.
    chunks = []
    for name, value in fields:
        chunks.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode())
        chunks += (value.encode() if isinstance(value, str) else value, b"\r\n")
    chunks.append(f"--{boundary}--\r\n".encode())
    return b"".join(chunks)
