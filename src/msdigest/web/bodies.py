"""What a request brings along, read up to a size and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request


async def body_of(request: Request, *, most: int) -> bytes | None:
    """Return the request's body; None if it is larger than ``most`` bytes."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                return None
    except ClientDisconnect:
        return b""  # it asks for nothing, and nobody is there to read the answer
    return body
