"""How tests ask the applications: without a network, or over loopback for a browser."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.types import ASGIApp

Ask = Callable[..., httpx.Response]


def asker(application: ASGIApp, base_url: str, *, raises: bool = True) -> Ask:
    """Return a function that asks ``application`` without a network: method, path, then what httpx takes."""

    async def ask(method: str, path: str, **more: object) -> httpx.Response:
        transport = httpx.ASGITransport(application, raise_app_exceptions=raises)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            return await client.request(method, path, **more)

    return lambda method, path, **more: asyncio.run(ask(method, path, **more))


@contextmanager
def serving(application: ASGIApp) -> Iterator[str]:
    """Serve ``application`` on a free port of loopback until the block ends; give its address."""
    # It listens before the server runs: whoever comes early waits in the queue, and nobody has to poll.
    with socket.create_server(("127.0.0.1", 0)) as door:
        config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive(), "the server did not stop"
